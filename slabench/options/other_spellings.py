"""Options as other clients spell them, and near misses of ours: pytest would only call them unrecognized.

Names are those of sglang.bench_serving 0.5.7 to 0.5.23, vLLM's `bench serve` and GuideLLM, and the short
forms that argparse takes there and pytest does not (--num-prompt).
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence

from slabench.loadgen.backends import BACKENDS
from slabench.loadgen.backends import NAMES as BACKEND_NAMES
from slabench.messages import Message
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
_PERCENTILES = Message("spelling.percentiles")
_FOLDER, _RECORDS = Message("spelling.folder"), Message("spelling.records")
_IGNORE_EOS, _DURATION = Message("spelling.ignore_eos"), Message("spelling.duration")
_BACKEND = Message(
    "spelling.backend", backends=[f"--backend={name} ({BACKENDS[name].path})" for name in BACKEND_NAMES]
)
# Another client's name, or the first word of several (`gsp-*`): what to write or to know instead.
INSTEAD: Mapping[str, Message] = {
    **dict.fromkeys(("endpoint", "endpoint-type"), _BACKEND),
    **dict.fromkeys(("percentile-metrics", "metric-percentiles"), _PERCENTILES),
    **dict.fromkeys(("save-result", "result-filename"), _FOLDER),
    **dict.fromkeys(("save-detailed", "output-details"), _RECORDS),
    "append-result": Message("spelling.append"),
    "burstiness": Message("spelling.burstiness"),
    **dict.fromkeys(("ignore-eos", "disable-ignore-eos"), _IGNORE_EOS),
    **dict.fromkeys(("disable-stream", "no-stream"), Message("spelling.stream")),
    "disable-tqdm": Message("spelling.progress"),
    "flush-cache": Message("spelling.flush"),
    "apply-chat-template": Message("spelling.chat"),
    "tokenize-prompt": Message("spelling.ids"),
    "served-model-name": Message("spelling.served_name"),
    "temperature": Message("spelling.sampling", key="temperature", value="T"),
    "top-p": Message("spelling.sampling", key="top_p", value="P"),
    "top-k": Message("spelling.sampling", key="top_k", value="K"),
    "min-p": Message("spelling.sampling", key="min_p", value="P"),
    **{
        f"{name}-penalty": Message("spelling.sampling", key=f"{name}_penalty", value="P")
        for name in ("repetition", "frequency", "presence")
    },
    **dict.fromkeys(("lora-name", "lora-*"), Message("spelling.lora")),
    "api-key": Message("spelling.api_key"),
    "ready-check-timeout-sec": Message("spelling.ready"),
    "insecure": Message("spelling.insecure"),
    **dict.fromkeys(("max-seconds", "duration"), _DURATION),
    **dict.fromkeys(("profile", "profile-*"), Message("spelling.profile")),
    **dict.fromkeys(("tag", "metadata"), Message("spelling.tag")),
    "pd-separated": Message("spelling.pd"),
    "gsp-*": Message("spelling.gsp"),
    "ramp-*": Message("spelling.ramp"),
    "rust-*": Message("spelling.rust"),
    "slos": Message("spelling.slos"),
}
NEAR = 0.8  # of difflib's ratio: --num-promts, --max-concurency


def hint(
    unknown: Sequence[str],
    ours: Collection[str],
    every: Sequence[str] = (),
    *,
    instead: Mapping[str, Message] = INSTEAD,
) -> Message | None:
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
            place = {"host": host or "127.0.0.1", "port": port or "30000"}
            return Message("spelling.host_port", part=part, **place)
        value = value if sign else _value(part, every)
        spelled = name.replace("_", "-").lower()
        explanation = _explained(spelled, value, ours, instead)
        if explanation is not None:
            return Message("spelling.not_here", name=name, explanation=explanation)
        if near := _near(spelled, ours):
            return Message("spelling.meant", name=name, names=near)
    return None


def _explained(
    name: str, value: str, ours: Collection[str], instead: Mapping[str, Message]
) -> Message | None:
    longer = _longer(name, ours)
    own = name if name in ours else SAME.get(name, longer[0] if len(longer) == 1 else "")
    if secret_name(name) and name not in ours:
        return instead.get("api-key")
    if own == "header":
        return Message("spelling.header")  # its value is a secret
    if own in ours:
        return Message("spelling.write", words=f"--{own}{f'={value}' if value else ''}")
    return instead.get(name) or instead.get(f"{name.partition('-')[0]}-*")


def _near(name: str, ours: Collection[str]) -> list[str]:
    """Options that may be meant, with their dashes."""
    if secret_name(name):
        return []
    same = [other for other, option in SAME.items() if option in ours]
    near = _longer(name, ours)[:3] or difflib.get_close_matches(name, [*ours, *same], n=1, cutoff=NEAR)
    return list(dict.fromkeys(f"--{SAME.get(option, option)}" for option in near))


def _longer(name: str, ours: Collection[str]) -> list[str]:
    return [option for option in ours if len(name) > 3 and option.startswith(name)]


def _value(option: str, every: Sequence[str]) -> str:
    """An option's value on the command line, joined to it or after it; empty where there is none."""
    for place, part in enumerate(every):
        if part.startswith(f"{option}="):
            return part.partition("=")[2]
        if part == option and place + 1 < len(every) and not every[place + 1].startswith("-"):
            return every[place + 1]
    return ""


def loose_limits(every: Sequence[str]) -> Message | None:
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
            return Message("spelling.goodput", limits=joined)
    return None
