"""The reference client as it is: sglang.bench_serving in a process of its own environment, and what its
output file tells.

It is not imported and not changed. It draws its prompts itself, from the same recipe; that they are ours is
checked by their lengths here and by its own code in the tests. It must not reach out by itself: it would
fetch a data set from a hub when its path is no JSON file, so it runs with the hub offline.
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
from slabench.loadgen.backends.base import PromptLike
from slabench.loadgen.options import Target
from slabench.loadgen.plan import Plan
from slabench.places import CLONE
from slabench.records import ReportedRequest, ReportedRun
from slabench.server.secrets import scrub, scrub_text
from slabench.units import NS_PER_S
from slabench.workloads.model import SHAREGPT, WorkloadSpec

VERSION = "0.5.7"  # the one whose code the tests compare with
MAX_ERROR = 500
_PR_SET_PDEATHSIG = 1
_ASK = "import importlib.metadata as m, importlib.util as u; assert u.find_spec('sglang.bench_serving'); print(m.version('sglang'))"


@dataclass(frozen=True, slots=True)
class Reference:
    """A Python that has sglang.bench_serving."""

    python: str
    version: str

    @property
    def name(self) -> str:
        return f"sglang.bench_serving {self.version}"


@dataclass(frozen=True, slots=True)
class Told:
    """What one run of it gave. began: when its process was started, not when its first request was."""

    run: ReportedRun
    row: Mapping[str, Any]  # its result row without the server's info and the answers' texts
    began_ns: int
    began_unix: float
    wall_s: float  # of its process


def default_python() -> Path:
    """Where `make .venv-client/.stamp` puts it in a clone, and where one looks for it elsewhere."""
    return (CLONE or Path()) / ".venv-client" / "bin" / "python"


@functools.cache
def find(python: str | None) -> Reference:
    """The given Python or the default one; ConfigError in one sentence if bench_serving is not there."""
    path = os.path.abspath(python or default_python())  # it is started in another folder
    remedy = "give --bench-serving-python=FILE of an environment that has sglang"
    if CLONE is not None:
        remedy = f"make .venv-client/.stamp installs it, or {remedy}"
    if not Path(path).is_file():
        raise ConfigError(
            f"sglang.bench_serving runs in a Python that has it, and {path} does not exist; {remedy}."
        )
    try:
        done = subprocess.run([path, "-c", _ASK], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"{path} cannot be run ({system_words(error)}); {remedy}.") from error
    if done.returncode != 0:
        raise ConfigError(f"{path} has no sglang.bench_serving ({_last_line(done.stderr)}); {remedy}.")
    return Reference(path, done.stdout.split()[0])


def check_recipe(spec: WorkloadSpec, plan: Plan, tokenizer: str, *, trust_remote_code: bool) -> None:
    """ConfigError for what it cannot do, or would do behind our back."""
    if spec.prompt_form != "text":
        raise ConfigError("--client=bench_serving sends text; leave out --prompt-form=ids.")
    if plan.arrivals == "constant":
        raise ConfigError(
            "--client=bench_serving spaces requests by a Poisson process only; leave out --arrivals=constant."
        )
    if trust_remote_code or not Path(tokenizer).is_dir():
        return
    for name in ("tokenizer_config.json", "config.json"):
        try:
            told = json.loads((Path(tokenizer) / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(told, dict) and "auto_map" in told:
            raise ConfigError(
                f"bench_serving would run the code that {tokenizer}/{name} names; --trust-remote-code permits it, "
                "--client=slabench needs none."
            )


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
    """Its command line. Warm-up and flush are ours: it does not look at the answer to its own flush."""
    if os.path.exists(tokenizer):  # a folder, and it runs in another one; else a hub's name
        tokenizer = os.path.abspath(tokenizer)
    found = [
        reference.python,
        "-m",
        "sglang.bench_serving",
        f"--backend={backend}",
        f"--base-url={target.base_url.rstrip('/')}",
    ]
    found += [
        f"--dataset-name={spec.dataset_name}",
        f"--num-prompts={spec.num_prompts}",
        f"--seed={spec.seed}",
    ]
    if spec.dataset_path is not None:
        found.append(f"--dataset-path={os.path.abspath(spec.dataset_path)}")
    if spec.dataset_name == SHAREGPT:
        found += (
            [] if spec.sharegpt_output_len is None else [f"--sharegpt-output-len={spec.sharegpt_output_len}"]
        )
    else:
        found += [f"--random-input-len={spec.input_len}", f"--random-output-len={spec.output_len}"]
        found.append(f"--random-range-ratio={spec.range_ratio!r}")
    found += [f"--model={tokenizer}", f"--served-model-name={model}", f"--tokenizer={tokenizer}"]
    found.append(f"--request-rate={'inf' if math.isinf(plan.request_rate) else repr(plan.request_rate)}")
    found += [f"--extra-request-body={json.dumps(body)}"] if body else []
    found += [] if plan.cap is None else [f"--max-concurrency={plan.cap}"]
    return [*found, "--warmup-requests=0", "--disable-tqdm", f"--output-file={output}", "--output-details"]


def environment(given: Mapping[str, str], target: Target, *, allow_download: bool) -> dict[str, str]:
    """Ours without keys and paths that would change what it does.

    A key goes to the server only if it is this run's.
    """
    dropped = ("OPENAI_API_KEY", "API_KEY", "SGLANG_IS_IN_CI", "PYTHONPATH", "PYTHONHOME")
    found = {key: value for key, value in given.items() if key not in dropped}
    found |= {"NO_PROXY": "*", "no_proxy": "*", "TOKENIZERS_PARALLELISM": "false"}
    if not allow_download:
        found |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    key = target.headers.get("Authorization", "").removeprefix("Bearer ")
    if key:
        found["OPENAI_API_KEY"] = key
    if target.ca_file is not None:
        found |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), os.path.abspath(target.ca_file))
    return found


def run_bench_serving(
    reference: Reference,
    target: Target,
    spec: WorkloadSpec,
    plan: Plan,
    prompts: Sequence[PromptLike],
    *,
    backend: str,
    tokenizer: str,
    model: str,
    allow_download: bool = False,
    body: Mapping[str, Any] | None = None,
) -> Told:
    """Run it to its end. A crash of it, or an output that is none, is a ToldRun with a failure, never an
    exception.

    prompts: ours of the same recipe; what was asked for is taken from them. Ctrl-C ends it and goes on as
    KeyboardInterrupt.
    """
    with tempfile.TemporaryDirectory(prefix="slabench-") as folder:
        output = Path(folder) / "out.jsonl"
        words = command(
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
                words, environment(os.environ, target, allow_download=allow_download), folder, errors.fileno()
            )
            errors.seek(0)
            said = errors.read()[-65536:].decode("utf-8", "replace")
        wall_s = (time.perf_counter_ns() - began_ns) / NS_PER_S
        try:
            text = output.read_text(encoding="utf-8")
        except OSError:
            text = ""
    run, row = read_output(text, prompts, reference.name, status=status, said=said)
    return Told(run, row, began_ns, began_unix, wall_s)


def _run(words: Sequence[str], env: Mapping[str, str], folder: str, errors: int) -> int:
    """Its exit status. A process group of its own, so that it ends by our word; it does not outlive us
    either.
    """
    process = subprocess.Popen(
        words,
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
    text: str, prompts: Sequence[PromptLike], client: str, *, status: int, said: str = ""
) -> tuple[ReportedRun, dict[str, Any]]:
    """One JSON line -> what it tells of every request, and the row without texts and server info."""
    planned = len(prompts)
    if status != 0:
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        return ReportedRun(
            client, planned, failure=f"{client} {how} and gave no result: {_last_line(said)}"
        ), {}
    try:
        (line,) = text.splitlines()
        row = server_json.parse(line)
        requests = _requests(row, prompts)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        return ReportedRun(
            client,
            planned,
            failure=f"{client} ended with status 0, and its output cannot be read ({error!r}).",
        ), {}
    figures = {key: number for key, value in row.items() if (number := server_json.finite(value)) is not None}
    texts = ("server_info", "generated_texts")
    kept = {key: scrub(value) if key == "errors" else value for key, value in row.items() if key not in texts}
    return ReportedRun(client, planned, requests, figures), kept


def _requests(row: Mapping[str, Any], prompts: Sequence[PromptLike]) -> list[ReportedRequest]:
    columns = ("input_lens", "output_lens", "ttfts", "itls", "generated_texts", "errors")
    lists = [row[name] for name in columns]
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
            zip(prompts, *lists, strict=True)
        )
    ]


def _last_line(text: str) -> str:
    """What a traceback ends with."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return scrub_text(lines[-1][:4000])[:MAX_ERROR] if lines else "it said nothing"
