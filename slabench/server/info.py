"""One server's own description of itself, read from every SGLang since 0.4.3. A field that it does not
report is None.

identify.py asks for it; roles.py combines several servers behind a router.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from slabench.messages import Message
from slabench.server.secrets import know_description, scrub
from slabench.server_arguments import SPEED_ARGS
from slabench.server_json import MOST_COUNT

Raw = Mapping[str, Any]  # decoded JSON
Pick = Callable[[str], Any]  # a key of server_info -> its value
REFERENCE_VERSION = "0.5.7"
MOST_RANKS = 1_000_000


class Role(Enum):
    """What a server of a deployment does. A router has no GPU and is no worker."""

    UNIFIED = "unified"
    PREFILL = "prefill"
    DECODE = "decode"


@dataclass(frozen=True, slots=True)
class Gpus:
    """How many accelerators a deployment has, how many share one scheduler, and where that is reported."""

    count: int | None
    per_scheduler: int | None  # behind one Decode line of the log: all GPUs of one data-parallel rank
    source: Message


SIMULATED_BY = "slabench_sim"  # the embedded server's key in server_info


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """server_info and model_info with one name per fact. Capacities are in tokens; None: not reported."""

    role: Role
    version: str | None
    reference: bool  # True for the environment the published figures and the sglang comparisons are pinned to
    model_path: str | None
    tokenizer_path: str | None
    served_model_name: str | None
    model_type: str | None
    architectures: tuple[str, ...] | None
    quantization: str | None
    dtype: str | None
    load_format: str | None
    kv_cache_dtype: str | None
    device: str | None
    tp: int | None
    dp: int | None  # data-parallel ranks, each a scheduler: replicas, or attention groups inside tp
    pp: int | None
    ep: int | None
    enable_dp_attention: bool | None
    gpus: Gpus
    accelerator: str | None  # its name, from /v1/loads of 0.5.18 and later
    token_capacity_per_rank: tuple[int, ...] | None  # one entry per data-parallel rank that answered
    token_capacity: int | None  # of all ranks
    max_running_requests: int | None  # of all ranks; None also where no limit was set and none is reported
    max_running_requests_per_dp: int | None  # as the schedulers apply it, 0.5.8 and later
    context_length: int | None  # as set at the start; None: the model's own
    chunked_prefill_size: int | None
    page_size: int | None
    stream_interval: int | None
    decode_log_interval: int | None
    disable_cuda_graph: bool | None
    cuda_graph_max_bs: int | None
    cuda_graph_bs: tuple[int, ...] | None
    speculative_algorithm: str | None
    random_seed: int | None
    simulated: str | None  # the embedded server's profile; None for a real server
    # server_info without secrets; a rank's state only where it differs from the top
    raw: Mapping[str, Any] = field(repr=False)


def _int(value: Any) -> int | None:
    """A size; None for a number beyond any deployment (server_json.MOST_COUNT)."""
    return value if type(value) is int and abs(value) <= MOST_COUNT else None


def _size(value: Any) -> int | None:
    """A number of GPUs, ranks or nodes: at least 1."""
    return value if type(value) is int and 0 < value <= MOST_RANKS else None


def _str(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _bool(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


# Fields that server_info has by the same name.
_BY_NAME: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("quantization", "dtype", "load_format", "kv_cache_dtype"), _str),
    **dict.fromkeys(("device", "speculative_algorithm"), _str),
    **dict.fromkeys(("page_size", "stream_interval", "decode_log_interval", "cuda_graph_max_bs"), _int),
    **dict.fromkeys(("context_length", "chunked_prefill_size"), _int),
    "disable_cuda_graph": _bool,
}


def _states(info: Raw) -> list[Raw]:
    """internal_states: a list per data-parallel rank from 0.4.6, one object before."""
    states = info.get("internal_states")
    states = states if isinstance(states, list) else [states]
    return [state for state in states if isinstance(state, Mapping)]


def _ranks(pick: Pick) -> tuple[int | None, bool | None]:
    """(data-parallel ranks, whether they are attention groups inside tp).

    From 0.5.22 dp_size counts replicas alone and the groups are attn_dp_size; there one of the two is always
    1 (num_dp_ranks_of in srt/runtime_context.py of 0.5.23). Before, dp_size was both, and enable_dp_attention
    decided which.
    """
    groups = _size(pick("attn_dp_size"))
    if groups is not None and groups > 1:
        return groups, True
    return _size(pick("dp_size")), _bool(pick("enable_dp_attention"))


def _gpus(pick: Pick, device: str | None, dp: int | None, attention: bool | None) -> Gpus:
    """tp x pp with dp-attention (the data-parallel ranks lie inside tp), tp x pp x dp without; nodes never
    multiply.
    """
    tp, pp = _size(pick("tp_size")), _size(pick("pp_size"))
    if device == "cpu":
        return Gpus(1, 1, Message("gpus.cpu"))
    if tp is None:
        return _gpus_by_loads(pick("loads"))
    stages, ranks = pp or 1, dp or 1
    total, layout = tp * stages, f"tp {tp} x pp {stages}"
    if attention:
        inside = total // ranks if tp % ranks == 0 else None
        return Gpus(total, inside, Message("gpus.dp_attention", layout=layout, dp=ranks))
    if ranks > 1:
        layout += f" x dp {ranks}"
    return Gpus(total * ranks, total, Message("gpus.layout", layout=layout))


def _gpus_by_loads(loads: Any) -> Gpus:
    """/v1/loads reports the accelerators of one data-parallel rank, and an entry for each rank."""
    loads = loads if isinstance(loads, Mapping) else {}
    each, ranks = _size(loads.get("num_accelerators")), loads.get("loads")
    if each is None or not isinstance(ranks, list) or not ranks:
        return Gpus(None, None, Message("gpus.no_tp"))
    return Gpus(each * len(ranks), each, Message("gpus.by_loads", each=each, ranks=len(ranks)))


def _capacity(info: Raw, states: Sequence[Raw], ranks: int) -> tuple[tuple[int, ...] | None, int | None]:
    """Tokens of KV per data-parallel rank, and of all of them.

    One number counts for every rank where only one is reported.
    """
    memory = [state["memory_usage"] for state in states if isinstance(state.get("memory_usage"), Mapping)]
    reported = [_int(usage.get("token_capacity")) for usage in memory]
    tokens = [capacity for capacity in reported if capacity is not None]
    top = _int(info.get("max_total_num_tokens"))
    if not tokens and top is not None:
        tokens = [top]
    if len(tokens) == 1:
        return tuple(tokens), tokens[0] * max(ranks, 1)
    return tuple(tokens) or None, sum(tokens) if tokens and len(tokens) >= ranks else None


def _running_cap(limit: int | None, per_dp: int | None, ranks: int, attention: bool | None) -> int | None:
    """Requests that all ranks run at once. --max-running-requests is divided among attention groups; each
    replica has all of it.
    """
    if per_dp is not None:
        return per_dp * ranks
    if limit is None:
        return None
    return limit // ranks * ranks if attention else limit * ranks


def _raw(info: Raw) -> Raw:
    """Every rank's state repeats the server's arguments; only what differs is kept, so that a run document
    stays small.
    """
    slim = dict(info)
    if isinstance(info.get("internal_states"), list):
        slim["internal_states"] = [
            {k: v for k, v in state.items() if k not in info or info[k] != v}
            if isinstance(state, Mapping)
            else state
            for state in info["internal_states"]
        ]
    know_description(slim)  # the server may repeat its secrets elsewhere: in its log, in an error
    scrubbed: dict[str, Any] = scrub(slim)
    return scrubbed


def read_info(info: Raw, model: Raw) -> ServerInfo:
    """server_info and model_info as decoded JSON -> ServerInfo. Pure; unknown or missing fields are None,
    never a guess.
    """
    states = _states(info)

    def pick(key: str) -> Any:
        """The schedulers' resolved value where server_info's own argument is null."""
        if info.get(key) is not None:
            return info[key]
        return next((state[key] for state in states if state.get(key) is not None), None)

    dp, attention = _ranks(pick)
    device, ranks = _str(pick("device")), dp or 1
    per_rank, total = _capacity(info, states, ranks)
    limits = [_int(state.get("effective_max_running_requests_per_dp")) for state in states]
    per_dp = min((limit for limit in limits if limit is not None), default=None)
    version, simulated = _str(info.get("version")), info.get(SIMULATED_BY)
    if isinstance(simulated, Mapping):
        simulated = simulated.get("profile", "unnamed")
    names, sizes, loads = model.get("architectures"), pick("cuda_graph_bs"), info.get("loads")
    mode = pick("disaggregation_mode")
    by_name = {name: convert(pick(name)) for name, convert in _BY_NAME.items()}
    return ServerInfo(
        **by_name,
        role=Role(mode) if mode in ("prefill", "decode") else Role.UNIFIED,
        version=version,
        reference=version == REFERENCE_VERSION,
        model_path=_str(info.get("model_path")) or _str(model.get("model_path")),
        tokenizer_path=_str(info.get("tokenizer_path")) or _str(model.get("tokenizer_path")),
        served_model_name=_str(info.get("served_model_name")),
        model_type=_str(model.get("model_type")),
        architectures=tuple(str(name) for name in names) if isinstance(names, list) else None,
        tp=_size(pick("tp_size")),
        dp=dp,
        pp=_size(pick("pp_size")),
        ep=_size(pick("ep_size")),
        enable_dp_attention=attention,
        gpus=_gpus(pick, device, dp, attention),
        accelerator=_str(loads.get("accelerator")) if isinstance(loads, Mapping) else None,
        token_capacity_per_rank=per_rank,
        token_capacity=total,
        max_running_requests=_running_cap(_int(pick("max_running_requests")), per_dp, ranks, attention),
        max_running_requests_per_dp=per_dp,
        cuda_graph_bs=tuple(s for s in sizes if isinstance(s, int)) if isinstance(sizes, list) else None,
        random_seed=_int(info.get("random_seed")),
        simulated=None if simulated is None else str(simulated),
        raw=_raw(info),
    )


# What one server process keeps. The seed is drawn anew at each launch unless it was set by hand; the others
# show a restart with other arguments, and another server behind the same address.
_KEPT = (
    "random_seed version model_path served_model_name dtype quantization device tp dp pp "
    "token_capacity_per_rank max_running_requests_per_dp"
).split()
# The same, by server_info's own names: what differs between two processes with one --random-seed, and other
# arguments.
_KEPT_RAW = (
    *"port nccl_port startup_time launch_command weight_version tokenizer_path kv_cache_dtype".split(),
    *"load_format context_length lora_paths".split(),
    *SPEED_ARGS,
)


def identity_of(info: Raw) -> tuple[tuple[str, Any], ...] | None:
    """One server's server_info -> what this process keeps and another may not have, by name. None if it
    reports none of it.

    Two that are equal without a seed may be a process and its restart.
    """
    known = read_info(info, {})
    pairs = [(name, getattr(known, name)) for name in _KEPT]
    pairs += [(name, info[name]) for name in _KEPT_RAW if name in info]
    return tuple(pairs) if any(value is not None for _, value in pairs) else None


def throughputs(info: Raw) -> tuple[float, ...]:
    """The throughput that each scheduler computed last: many digits, and constant while nothing runs."""
    return tuple(state["last_gen_throughput"] for state in _states(info) if "last_gen_throughput" in state)


def incremental(info: Raw) -> bool | None:
    """Whether events have only their own text and ids (--stream-output, --incremental-streaming-output)."""
    flags = [info.get(name) for name in ("incremental_streaming_output", "stream_output")]
    known = [flag for flag in flags if isinstance(flag, bool)]
    return any(known) if known and not str(info.get("version")).startswith("0.5.2") else None
