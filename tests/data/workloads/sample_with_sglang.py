"""Runs in the environment of the reference client: sglang 0.5.7's own samplers, on the arguments given as JSON on stdin."""

import json
import random
import sys

import numpy as np
from sglang.bench_serving import get_tokenizer, sample_random_requests, sample_sharegpt_requests

job = json.load(sys.stdin)
tokenizer = get_tokenizer(job["tokenizer"])
stdout, sys.stdout = sys.stdout, sys.stderr  # the samplers print
random.seed(job["seed"])
np.random.seed(job["seed"])
if job["name"] == "sharegpt":
    rows = sample_sharegpt_requests(job["dataset"], job["count"], tokenizer, fixed_output_len=job["fixed_output_len"])
else:
    from_dataset = job["name"] == "random"
    rows = sample_random_requests(
        job["input_len"],
        job["output_len"],
        job["count"],
        job["ratio"],
        tokenizer,
        job["dataset"],
        random_sample=from_dataset,
    )
gaps = [np.random.exponential(1.0 / job["rate"]) for _ in rows]
json.dump({"rows": [(row.prompt, row.prompt_len, row.output_len) for row in rows], "gaps": gaps}, stdout)
