"""Runs in the environment of the reference client: sglang 0.5.7's own functions, one JSON object a line in,
one a line out.

{"outputs": [...], "duration": S} -> the fields of its BenchmarkMetrics, or {"raised": NAME}. {"stream":
[[SECONDS, LINE], ...], "start": S, "asked": N} -> the RequestFuncOutput that its /generate client makes of
it.
"""

import argparse
import asyncio
import dataclasses
import json
import sys
import warnings

from sglang import bench_serving

stdout, sys.stdout = sys.stdout, sys.stderr
warnings.simplefilter("ignore")


class Words:
    """A tokenizer whose tokens are words."""

    def encode(self, text, add_special_tokens=True):
        return text.split()


def figures(job):
    outputs, rows = [], []
    for one in job["outputs"]:
        outputs.append(bench_serving.RequestFuncOutput(**one))
        rows.append(bench_serving.DatasetRow(prompt="", prompt_len=one["prompt_len"], output_len=1))
    try:
        metrics, _ = bench_serving.calculate_metrics(rows, outputs, job["duration"], Words(), "sglang")
    except IndexError as error:
        return {"raised": type(error).__name__}
    return {name: float(value) for name, value in dataclasses.asdict(metrics).items()}


class Clock:
    """time.perf_counter() as the script says it."""

    now = 0.0

    def perf_counter(self):
        return self.now


class Session:
    """An aiohttp session whose one answer is the script."""

    def __init__(self, clock, lines):
        self.clock, self.lines, self.status, self.content = clock, lines, 200, self

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        return False

    def post(self, **given):
        return self

    async def __aiter__(self):
        for at, line in self.lines:
            self.clock.now = at
            yield line.encode() + b"\n"


def stream(job):
    clock = Clock()
    clock.now = job["start"]
    bench_serving.time = clock
    bench_serving.args = argparse.Namespace(
        disable_ignore_eos=False, disable_stream=False, return_logprob=False, return_routed_experts=False
    )
    bench_serving._create_bench_client_session = lambda: Session(clock, job["stream"])
    asked = bench_serving.RequestFuncInput(
        prompt="",
        api_url="",
        prompt_len=1,
        output_len=job["asked"],
        model="",
        lora_name="",
        image_data=None,
        extra_request_body={},
    )
    output = asyncio.run(bench_serving.async_request_sglang_generate(asked))
    return dataclasses.asdict(output)


for line in sys.stdin:
    job = json.loads(line)
    print(json.dumps(stream(job) if "stream" in job else figures(job)), file=stdout, flush=True)
