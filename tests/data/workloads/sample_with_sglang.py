"""Runs in the environment of the reference client: sglang 0.5.7's own samplers and request generator, one
answer a job.

A list of jobs as JSON on stdin, a list of answers on stdout. The gaps are what its get_request sleeps between
two requests.
"""

import asyncio
import json
import random
import sys

import numpy as np
from sglang import bench_serving


async def sleeps(rows, rate):
    """Every duration that get_request sleeps, without sleeping."""
    found = []

    async def sleep(seconds):
        found.append(seconds)

    real, bench_serving.asyncio.sleep = asyncio.sleep, sleep
    try:
        async for _ in bench_serving.get_request(rows, rate):
            pass
    finally:
        bench_serving.asyncio.sleep = real
    return found


def answer(job):
    tokenizer = bench_serving.get_tokenizer(job["tokenizer"])
    random.seed(job["seed"])
    np.random.seed(job["seed"])
    if job["name"] == "sharegpt":
        rows = bench_serving.sample_sharegpt_requests(
            job["dataset"], job["count"], tokenizer, fixed_output_len=job["fixed_output_len"]
        )
    else:
        rows = bench_serving.sample_random_requests(
            job["input_len"],
            job["output_len"],
            job["count"],
            job["ratio"],
            tokenizer,
            job["dataset"],
            random_sample=job["name"] == "random",
        )
    gaps = asyncio.run(sleeps(rows, job["rate"]))
    return {"rows": [(row.prompt, row.prompt_len, row.output_len) for row in rows], "gaps": gaps}


stdout, sys.stdout = sys.stdout, sys.stderr  # the samplers print
json.dump([answer(job) for job in json.load(sys.stdin)], stdout)
