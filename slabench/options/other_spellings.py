"""Options as other clients spell them, and near misses of ours: pytest would only call them unrecognized.

Names are those of sglang.bench_serving 0.5.7 to 0.5.23, vLLM's `bench serve` and GuideLLM, and the short
forms that argparse takes there and pytest does not (--num-prompt).
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence

from slabench.loadgen.backends import BACKENDS
from slabench.loadgen.backends import NAMES as BACKEND_NAMES
from slabench.server.secrets import secret_name

# Another client's name: ours, with the same meaning and value.
SAME = {
    "numprompts": "num-prompts",
    "num-requests": "num-prompts",
    "max-requests": "num-prompts",
    "input-len": "random-input-len",
    "output-len": "random-output-len",
    "isl": "random-input-len",
    "osl": "random-output-len",
    "random-input": "random-input-len",
    "random-output": "random-output-len",
    "range-ratio": "random-range-ratio",
    "dataset": "dataset-path",
    "concurrency": "max-concurrency",
    "qps": "request-rate",
    "rate": "request-rate",
    "url": "base-url",
    "target": "base-url",
    "server-url": "base-url",
    "output-file": "bench-serving-jsonl",
    "result-file": "bench-serving-jsonl",
    "result-dir": "report-dir",
    "num-warmups": "warmup-requests",
    "num-warmup-requests": "warmup-requests",
    "warmup": "warmup-requests",
    "headers": "header",
    "extra-body": "extra-request-body",
    "tokenizer-path": "tokenizer",
    "model-path": "model",
    "random-seed": "seed",
    "log-file": "deploy-log",
    "deploy-logs": "deploy-log",
    "repeat": "repeats",
    "rounds": "repeats",
}
_PERCENTILES = (
    "every metric has mean, p50, p90, p95, p99, min, max and std in run.json; judge one with "
    "--slo='ttft.p99<=2000'"
)
_BACKENDS = " or ".join(f"--backend={name} ({BACKENDS[name].path})" for name in BACKEND_NAMES)
_FOLDER = "every run has its folder with run.json; --bench-serving-jsonl=FILE adds bench_serving's rows"
# Another client's name: what to write or to know instead.
INSTEAD = {
    **dict.fromkeys(("endpoint", "endpoint-type"), f"write {_BACKENDS}"),
    "percentile-metrics": _PERCENTILES,
    "metric-percentiles": _PERCENTILES,
    "save-result": _FOLDER,
    "save-detailed": "the run folder's requests.jsonl.gz has every request",
    "append-result": "--bench-serving-jsonl=FILE appends a row for every test",
    "result-filename": _FOLDER,
    "output-details": "the run folder's requests.jsonl.gz has every request",
    "burstiness": "arrivals are a Poisson process (burstiness 1), or --arrivals=constant",
    "ignore-eos": "every request asks for ignore_eos, since an answer must have the length asked for",
    "disable-ignore-eos": "every request asks for ignore_eos, since an answer must have the length asked for",
    "disable-stream": "TTFT and TPOT need a stream; every request asks for one",
    "disable-tqdm": "write --progress=off",
    "flush-cache": "the prefix cache is flushed before every test; --no-flush-cache leaves that out",
    "apply-chat-template": "write --backend=sglang-oai-chat, with which the server applies it",
    "tokenize-prompt": "write --prompt-form=ids",
    "served-model-name": "the server reports it; no option is needed",
    "temperature": 'write --extra-request-body=\'{"sampling_params": {"temperature": T}}\' (of /v1: '
    "'{\"temperature\": T}')",
    "top-p": 'write --extra-request-body=\'{"sampling_params": {"top_p": P}}\' (of /v1: \'{"top_p": P}\')',
    "top-k": 'write --extra-request-body=\'{"sampling_params": {"top_k": K}}\' (of /v1: \'{"top_k": K}\')',
    "min-p": 'write --extra-request-body=\'{"sampling_params": {"min_p": P}}\' (of /v1: \'{"min_p": P}\')',
    "lora-name": 'write --extra-request-body=\'{"lora_path": "NAME"}\'',
    "api-key": "put the key into the environment variable SLABENCH_API_KEY (--api-key-env names another)",
    "ready-check-timeout-sec": "--launch-timeout=S is how long a server that --launch starts may take",
    "insecure": "name the certificate authority with --ca-file=FILE",
    "max-seconds": "a test sends --num-prompts requests, however long they take",
    "duration": "a test sends --num-prompts requests, however long they take",
    "profile": "profile the server itself; a run that is profiled is no measurement",
    "slos": "write one --slo='tpot.mean<=50' for each objective",
}
NEAR = 0.8  # of difflib's ratio: --num-promts, --max-concurency


def hint(
    unknown: Sequence[str],
    ours: Collection[str],
    every: Sequence[str] = (),
    *,
    instead: Mapping[str, str] = INSTEAD,
) -> str | None:
    """A sentence on the first of a parser's unknown arguments that can be explained; None where none can.

    ours: the options' names without dashes. every: the whole command line, for values that stand by
    themselves. instead: nothing for a command that does not have the options which these sentences name.
    """
    host, port = _value("--host", every), _value("--port", every)
    for part in unknown:
        name, sign, value = part.removeprefix("--").partition("=")
        if not part.startswith("--") or not name:
            continue
        if name in ("host", "port") and "base-url" in ours:
            return (
                f"{part} is not an option here: write "
                f"--base-url=http://{host or '127.0.0.1'}:{port or '30000'}."
            )
        value = value if sign else _value(part, every)
        explanation = _explained(name.replace("_", "-").lower(), value, ours, instead)
        if explanation is not None:
            return f"--{name} is not an option here: {explanation}{'' if explanation.endswith('?') else '.'}"
    return None


def _explained(name: str, value: str, ours: Collection[str], instead: Mapping[str, str]) -> str | None:
    longer = [option for option in ours if len(name) > 3 and option.startswith(name)]
    own = name if name in ours else SAME.get(name, longer[0] if len(longer) == 1 else "")
    if secret_name(name) and name not in ours:
        return instead.get("api-key")
    if own == "header":
        return "write --header=NAME:VALUE, once for each"  # its value is a secret
    if own in ours:
        return f"write --{own}{f'={value}' if value else ''}"
    if name in instead:
        return instead[name]
    same = [other for other, option in SAME.items() if option in ours]
    near = longer[:3] or difflib.get_close_matches(name, [*ours, *same], n=1, cutoff=NEAR)
    near = list(dict.fromkeys(SAME.get(option, option) for option in near))
    return f"did you mean {' or '.join(f'--{option}' for option in near)}?" if near else None


def _value(option: str, every: Sequence[str]) -> str:
    """An option's value on the command line, joined to it or after it; empty where there is none."""
    for place, part in enumerate(every):
        if part.startswith(f"{option}="):
            return part.partition("=")[2]
        if part == option and place + 1 < len(every) and not every[place + 1].startswith("-"):
            return every[place + 1]
    return ""


def loose_limits(every: Sequence[str]) -> str | None:
    """`--goodput ttft:2000 tpot:50`, as bench_serving and vLLM take it: pytest takes the second one for a
    test's path.
    """
    for place, part in enumerate(every):
        if part != "--goodput" and not part.startswith("--goodput="):
            continue
        joined = [part.partition("=")[2]] if "=" in part else []
        rest = every[place + 1 :]
        while rest and not rest[0].startswith("-") and "/" not in rest[0] and ":" in rest[0]:
            joined, rest = [*joined, rest[0]], rest[1:]
        if len(joined) > 1:
            return f"--goodput reads its limits as one value: write --goodput={','.join(joined)}."
    return None
