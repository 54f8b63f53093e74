"""Run the unmodified reference client, sglang.bench_serving, in a process of its own Python; read its output
file.

It is neither imported nor changed. It draws its prompts itself, from the same recipe; that they are ours is
checked by their lengths here and by its own code in the tests. It would fetch a data set from a hub if the
path is not a JSON file, so it runs with the hub offline.
"""

from __future__ import annotations

import ctypes
import functools
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slabench import server_json
from slabench.errors import ConfigError, system_words
from slabench.loadgen.options import Target
from slabench.loadgen.plan import Plan
from slabench.messages import Message
from slabench.places import CLONE
from slabench.reported_records import ReportedRequest, ReportedRun
from slabench.server.secrets import scrub, scrub_text
from slabench.units import NS_PER_S
from slabench.workloads.model import SHAREGPT, Prompt, WorkloadSpec

VERSION = "0.5.7"  # the one whose code the tests compare with
MAX_ERROR = 500
_PR_SET_PDEATHSIG = 1
_PRINT_VERSION = (
    "import importlib.metadata as m, importlib.util as u; assert u.find_spec('sglang.bench_serving'); "
    "print(m.version('sglang'))"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A Python with sglang.bench_serving."""

    python: str
    version: str

    @property
    def name(self) -> str:
        return f"sglang.bench_serving {self.version}"


@dataclass(frozen=True, slots=True)
class BenchServingResult:
    """What one run reported. began: when its process was started, not when its first request was sent."""

    run: ReportedRun
    row: Mapping[str, Any]  # its result row without the server's info and the answers' texts
    began_ns: int
    began_unix: float
    wall_s: float  # of its process


def default_python() -> Path:
    """Where `make .venv-client/.stamp` installs it in a clone; elsewhere below the current folder."""
    return (CLONE or Path()) / ".venv-client" / "bin" / "python"


@functools.cache
def find(python: str | None) -> Reference:
    """The Python named, or the default one; ConfigError if it has no bench_serving."""
    path = os.path.abspath(python or default_python())  # it is started in another folder
    remedy = Message("part.client_python")
    if CLONE is not None:
        remedy = Message("part.client_make", remedy=remedy)
    if not Path(path).is_file():
        raise ConfigError(Message("option.client_missing", path=path, remedy=remedy))
    try:
        done = subprocess.run(
            [path, ("-c"), _PRINT_VERSION], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(
            Message("option.client_broken", path=path, why=system_words(error), remedy=remedy)
        ) from error
    if done.returncode != 0:
        raise ConfigError(
            Message("option.client_without_sglang", path=path, why=_last_line(done.stderr), remedy=remedy)
        )
    return Reference(path, done.stdout.split()[0])


def check_recipe(spec: WorkloadSpec, plan: Plan, tokenizer: str, *, trust_remote_code: bool) -> None:
    """ConfigError for what it cannot do, or would do without being asked."""
    if spec.prompt_form != "text":
        raise ConfigError(Message("option.client_sends_text"))
    if plan.arrivals == "constant":
        raise ConfigError(Message("option.client_arrivals"))
    if trust_remote_code or not Path(tokenizer).is_dir():
        return
    for name in ("tokenizer_config.json", "config.json"):
        try:
            config = json.loads((Path(tokenizer) / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(config, dict) and "auto_map" in config:
            raise ConfigError(Message("option.client_remote_code", tokenizer=tokenizer, name=name))


def command(
    reference: Reference,
    target: Target,
    spec: WorkloadSpec,
    plan: Plan,
    *,
    backend: str,
    tokenizer: str,
    model: str,
    output: Path,
    body: Mapping[str, Any] | None = None,
) -> list[str]:
    """Its command line. Warm-up and flush are ours: it does not check whether its own flush succeeded."""
    if os.path.exists(tokenizer):  # a folder, and it runs in another one; else a hub's name
        tokenizer = os.path.abspath(tokenizer)
    options: dict[str, object] = {
        "backend": backend,
        "base-url": target.base_url.rstrip("/"),
        "dataset-name": spec.dataset_name,
        "num-prompts": spec.num_prompts,
        "seed": spec.seed,
        "dataset-path": None if spec.dataset_path is None else os.path.abspath(spec.dataset_path),
        "sharegpt-output-len": spec.sharegpt_output_len if spec.dataset_name == SHAREGPT else None,
    }
    if spec.dataset_name != SHAREGPT:
        options |= {
            "random-input-len": spec.input_len,
            "random-output-len": spec.output_len,
            "random-range-ratio": repr(spec.range_ratio),
        }
    options |= {
        "model": tokenizer,
        "served-model-name": model,
        "tokenizer": tokenizer,
        "request-rate": "inf" if math.isinf(plan.request_rate) else repr(plan.request_rate),
        "extra-request-body": json.dumps(body) if body else None,
        "max-concurrency": plan.cap,
        "warmup-requests": 0,
        "output-file": output,
    }
    words = [f"--{name}={value}" for name, value in options.items() if value is not None]
    return [reference.python, "-m", "sglang.bench_serving", *words, "--disable-tqdm", "--output-details"]


def environment(ours: Mapping[str, str], target: Target, *, allow_download: bool) -> dict[str, str]:
    """Ours without keys and paths that would change what it does. It sends the API key of this run only."""
    dropped = ("OPENAI_API_KEY", "API_KEY", "SGLANG_IS_IN_CI", "PYTHONPATH", "PYTHONHOME")
    theirs = {key: value for key, value in ours.items() if key not in dropped}
    theirs |= {"NO_PROXY": "*", "no_proxy": "*", "TOKENIZERS_PARALLELISM": "false"}
    if not allow_download:
        theirs |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    key = target.headers.get("Authorization", "").removeprefix("Bearer ")
    if key:
        theirs["OPENAI_API_KEY"] = key
    if target.ca_file is not None:
        theirs |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), os.path.abspath(target.ca_file))
    return theirs


def run_bench_serving(
    reference: Reference,
    target: Target,
    spec: WorkloadSpec,
    plan: Plan,
    prompts: Sequence[Prompt],
    *,
    backend: str,
    tokenizer: str,
    model: str,
    allow_download: bool = False,
    body: Mapping[str, Any] | None = None,
) -> BenchServingResult:
    """Run it to its end. A crash, or a missing or broken output file, is a ReportedRun with a failure.

    prompts: ours of the same recipe, whose lengths its own are compared with. Ctrl-C ends it and raises
    KeyboardInterrupt.
    """
    with tempfile.TemporaryDirectory(prefix="slabench-") as folder:
        output = Path(folder) / "out.jsonl"
        line = command(
            reference,
            target,
            spec,
            plan,
            backend=backend,
            tokenizer=tokenizer,
            model=model,
            output=output,
            body=body,
        )
        began_ns, began_unix = time.perf_counter_ns(), time.time()
        with (Path(folder) / "stderr").open("w+b") as errors:
            status = _run(
                line, environment(os.environ, target, allow_download=allow_download), folder, errors.fileno()
            )
            errors.seek(0)
            stderr = errors.read()[-65536:].decode("utf-8", "replace")
        wall_s = (time.perf_counter_ns() - began_ns) / NS_PER_S
        text = output.read_text(encoding="utf-8") if output.is_file() else ""
    run, row = read_output(text, prompts, reference.name, status=status, stderr=stderr)
    return BenchServingResult(run, row, began_ns, began_unix, wall_s)


def _run(line: Sequence[str], env: Mapping[str, str], folder: str, errors: int) -> int:
    """Its exit status. It has a process group of its own, so that we end it, and it ends with our process."""
    process = subprocess.Popen(
        line,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        preexec_fn=_die_with_parent,
    )
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _die_with_parent() -> None:
    os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def read_output(
    text: str, prompts: Sequence[Prompt], client: str, *, status: int, stderr: str = ""
) -> tuple[ReportedRun, dict[str, Any]]:
    """One JSON line -> what it reports of every request, and the row without texts and server info."""
    planned = len(prompts)
    if status != 0:
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        failure = f"{client} {how} and gave no result: {_last_line(stderr)}"
        return ReportedRun(client, planned, failure=failure), {}
    try:
        (line,) = text.splitlines()
        row = server_json.parse(line)
        requests = _requests(row, prompts)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        failure = f"{client} ended with status 0, but its output file cannot be read ({error!r})."
        return ReportedRun(client, planned, failure=failure), {}
    metrics = {key: number for key, value in row.items() if (number := server_json.finite(value)) is not None}
    dropped = ("server_info", "generated_texts")
    kept = {
        key: scrub(value) if key == ("errors") else value for key, value in row.items() if key not in dropped
    }
    return ReportedRun(client, planned, requests, metrics), kept


def _requests(row: Mapping[str, Any], prompts: Sequence[Prompt]) -> list[ReportedRequest]:
    columns = [
        row[name] for name in ("input_lens", "output_lens", "ttfts", "itls", "generated_texts", "errors")
    ]
    return [
        ReportedRequest(
            index=index,
            input_len=prompt.input_len,
            output_len=prompt.output_len,
            reported_input_len=int(input_len),
            reported_output_len=int(output_len),
            ttft_s=float(ttft),
            itl_s=tuple(map(float, itl)),
            has_text=bool(text),
            error=_last_line(error) if error else "",
        )
        for index, (prompt, input_len, output_len, ttft, itl, text, error) in enumerate(
            zip(prompts, *columns, strict=True)
        )
    ]


def _last_line(text: str) -> str:
    """The error at the end of a traceback."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return scrub_text(lines[-1][:4000])[:MAX_ERROR] if lines else "it wrote no error"
