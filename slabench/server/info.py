"""One server's own description of itself, read from every SGLang since 0.4.3. A field it does not give is
None.

identify.py asks for it; roles.py puts several servers behind a router together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from slabench.server.secrets import know_description, scrub
from slabench.server_json import MOST_COUNT

REFERENCE_VERSION = "0.5.7"
# Arguments that change speed; those that only name things (paths, ports, logging) are left out.
SPEED_ARGS = (
    "attention_backend",
    "chunked_prefill_size",
    "cuda_graph_max_bs",
    "disable_cuda_graph",
    "disable_overlap_schedule",
    "disable_radix_cache",
    "disaggregation_mode",
    "enable_mixed_chunk",
    "enable_torch_compile",
    "enable_two_batch_overlap",
    "max_prefill_tokens",
    "max_running_requests",
    "moe_a2a_backend",
    "moe_runner_backend",
    "num_continuous_decode_steps",
    "page_size",
    "sampling_backend",
    "schedule_conservativeness",
    "schedule_policy",
    "speculative_algorithm",
    "speculative_num_draft_tokens",
    "speculative_num_steps",
    "stream_interval",
)
MOST_RANKS = 1_000_000


class Role(Enum):
    """What a server of a deployment does. A router holds no GPU and is no worker."""

    UNIFIED = "unified"
    PREFILL = "prefill"
    DECODE = "decode"


@dataclass(frozen=True, slots=True)
class Gpus:
    """How many accelerators a deployment spans, how many share one scheduler, and the sentence that says
    where it comes from."""

    count: int | None
    per_scheduler: int | None  # what one decode line of the log speaks of: all GPUs of one data-parallel rank
    source: str


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """server_info and model_info in our words. Capacities are in tokens; None: the server does not say."""

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
    nnodes: int | None
    enable_dp_attention: bool | None
    gpus: Gpus
    accelerator: str | None  # its name, from /v1/loads of 0.5.18 and later
    token_capacity_per_rank: tuple[int, ...] | None  # one entry per data-parallel rank that spoke
    token_capacity: int | None  # of all ranks
    # of all ranks; None also where the server was given none and reports none
    max_running_requests: int | None
    max_running_requests_per_dp: int | None  # as the schedulers apply it, 0.5.8 and later
    context_length: int | None  # as given at the start; None: the model's own
    max_req_input_len: int | None
    chunked_prefill_size: int | None
    page_size: int | None
    disable_radix_cache: bool | None
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
    """A size. What no deployment has (server_json.MOST_COUNT) is not one."""
    return (
        value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST_COUNT else None
    )


def _size(value: Any) -> int | None:
    """A number of GPUs, ranks or nodes: at least 1."""
    found = _int(value)
    return found if found is not None and 0 < found <= MOST_RANKS else None


def _str(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _bool(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _states(info: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """internal_states: a list per data-parallel rank from 0.4.6, one object before."""
    states = info.get("internal_states")
    if isinstance(states, Mapping):
        return [states]
    return [state for state in states if isinstance(state, Mapping)] if isinstance(states, list) else []


def _ranks(pick: Callable[[str], Any]) -> tuple[int | None, bool | None]:
    """(data-parallel ranks, whether they are attention groups inside tp).

    From 0.5.22 dp_size counts replicas alone and the groups are attn_dp_size; there one of the two is always
    1 (num_dp_ranks_of in srt/runtime_context.py of 0.5.23). Before, dp_size was both, and enable_dp_attention
    said which.
    """
    groups = _size(pick("attn_dp_size"))
    if groups is not None and groups > 1:
        return groups, True
    return _size(pick("dp_size")), _bool(pick("enable_dp_attention"))


def _gpus(pick: Callable[[str], Any], device: str | None, dp: int | None, attention: bool | None) -> Gpus:
    """tp x pp with dp-attention (the data-parallel ranks lie inside tp), tp x pp x dp without; nodes never
    multiply.
    """
    tp, pp = _size(pick("tp_size")), _size(pick("pp_size"))
    if device == "cpu":
        return Gpus(1, 1, "device cpu: the machine counts as one device")
    if tp is None:
        return _gpus_by_loads(pick("loads"))
    stages, ranks = pp or 1, dp or 1
    if attention:
        inside = tp * stages // ranks if tp % ranks == 0 else None
        return Gpus(
            tp * stages,
            inside,
            f"tp {tp} x pp {stages} of server_info (dp {ranks} lies inside tp: dp-attention)",
        )
    if ranks == 1:
        return Gpus(tp * stages, tp * stages, f"tp {tp} x pp {stages} of server_info")
    return Gpus(tp * stages * ranks, tp * stages, f"tp {tp} x pp {stages} x dp {ranks} of server_info")


def _gpus_by_loads(loads: Any) -> Gpus:
    """/v1/loads gives the accelerators of one data-parallel rank, and an entry for each rank."""
    each = _size(loads.get("num_accelerators")) if isinstance(loads, Mapping) else None
    ranks = loads.get("loads") if isinstance(loads, Mapping) else None
    if each is None or not isinstance(ranks, list) or not ranks:
        return Gpus(None, None, "server_info gives no tp_size")
    return Gpus(each * len(ranks), each, f"{each} a data-parallel rank x {len(ranks)} ranks of /v1/loads")


def _capacity(
    info: Mapping[str, Any], states: Sequence[Mapping[str, Any]], ranks: int
) -> tuple[tuple[int, ...] | None, int | None]:
    """Tokens of KV per data-parallel rank, and of all of them.

    One number stands for every rank where only one is told.
    """
    told: list[int] = []
    for state in states:
        memory = state.get("memory_usage")
        tokens = _int(memory.get("token_capacity")) if isinstance(memory, Mapping) else None
        if tokens is not None:
            told.append(tokens)
    if not told:
        top = _int(info.get("max_total_num_tokens"))
        if top is None:
            return None, None
        told = [top]
    total = sum(told) if len(told) >= ranks else told[0] * ranks if len(told) == 1 else None
    return tuple(told), total


def _running_cap(given: int | None, per_dp: int | None, ranks: int, attention: bool | None) -> int | None:
    """Requests that all ranks run at once. --max-running-requests is shared out to attention groups; each
    replica has all of it.
    """
    if per_dp is not None:
        return per_dp * ranks
    if given is None:
        return None
    return given // ranks * ranks if attention else given * ranks


def _raw(info: Mapping[str, Any]) -> Mapping[str, Any]:
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


def read_info(info: Mapping[str, Any], model: Mapping[str, Any]) -> ServerInfo:
    """server_info and model_info as decoded JSON -> ServerInfo. Pure; unknown or missing fields are None,
    never a guess.
    """
    states = _states(info)

    def pick(key: str) -> Any:
        """The resolved value where the schedulers tell one: server_info's own arguments can be null."""
        if info.get(key) is not None:
            return info[key]
        return next((state[key] for state in states if state.get(key) is not None), None)

    dp, attention = _ranks(pick)
    device, ranks = _str(pick("device")), dp or 1
    per_rank, total = _capacity(info, states, ranks)
    limits = [
        limit
        for state in states
        if (limit := _int(state.get("effective_max_running_requests_per_dp"))) is not None
    ]
    per_dp = min(limits) if limits else None
    version, simulated = _str(info.get("version")), info.get("slabench_sim")
    if isinstance(simulated, Mapping):
        simulated = simulated.get("profile", "unnamed")
    names, sizes, loads = model.get("architectures"), pick("cuda_graph_bs"), info.get("loads")
    mode = _str(pick("disaggregation_mode"))
    return ServerInfo(
        role=Role(mode) if mode in ("prefill", "decode") else Role.UNIFIED,
        version=version,
        reference=version == REFERENCE_VERSION,
        model_path=_str(info.get("model_path")) or _str(model.get("model_path")),
        tokenizer_path=_str(info.get("tokenizer_path")) or _str(model.get("tokenizer_path")),
        served_model_name=_str(info.get("served_model_name")),
        model_type=_str(model.get("model_type")),
        architectures=tuple(str(name) for name in names) if isinstance(names, list) else None,
        quantization=_str(pick("quantization")),
        dtype=_str(pick("dtype")),
        load_format=_str(pick("load_format")),
        kv_cache_dtype=_str(pick("kv_cache_dtype")),
        device=device,
        tp=_size(pick("tp_size")),
        dp=dp,
        pp=_size(pick("pp_size")),
        ep=_size(pick("ep_size")),
        nnodes=_size(pick("nnodes")),
        enable_dp_attention=attention,
        gpus=_gpus(pick, device, dp, attention),
        accelerator=_str(loads.get("accelerator")) if isinstance(loads, Mapping) else None,
        token_capacity_per_rank=per_rank,
        token_capacity=total,
        max_running_requests=_running_cap(_int(pick("max_running_requests")), per_dp, ranks, attention),
        max_running_requests_per_dp=per_dp,
        context_length=_int(pick("context_length")),
        max_req_input_len=_int(pick("max_req_input_len")),
        chunked_prefill_size=_int(pick("chunked_prefill_size")),
        page_size=_int(pick("page_size")),
        disable_radix_cache=_bool(pick("disable_radix_cache")),
        stream_interval=_int(pick("stream_interval")),
        decode_log_interval=_int(pick("decode_log_interval")),
        disable_cuda_graph=_bool(pick("disable_cuda_graph")),
        cuda_graph_max_bs=_int(pick("cuda_graph_max_bs")),
        cuda_graph_bs=tuple(s for s in sizes if isinstance(s, int)) if isinstance(sizes, list) else None,
        speculative_algorithm=_str(pick("speculative_algorithm")),
        random_seed=_int(info.get("random_seed")),
        simulated=None if simulated is None else str(simulated),
        raw=_raw(info),
    )


# What one server process keeps. The seed is drawn anew at each launch unless it was set by hand; the others
# catch a restart with other arguments, and another server behind the same address.
_KEPT = (
    "random_seed",
    "version",
    "model_path",
    "served_model_name",
    "dtype",
    "quantization",
    "device",
    "tp",
    "dp",
    "pp",
    "token_capacity_per_rank",
    "max_running_requests_per_dp",
)
# The same, as server_info itself has it: what tells two processes with one --random-seed apart, and other
# arguments.
_KEPT_RAW = (
    "port",
    "nccl_port",
    "startup_time",
    "launch_command",
    "weight_version",
    "tokenizer_path",
    "kv_cache_dtype",
    "load_format",
    "context_length",
    "lora_paths",
    *SPEED_ARGS,
)


def identity_of(info: Mapping[str, Any]) -> tuple[tuple[str, Any], ...] | None:
    """One server's server_info -> what this process keeps and another may not have, by name. None if it
    reports none of it.

    Two that are equal without a seed may still be a process and its restart.
    """
    told = read_info(info, {})
    found = [(name, getattr(told, name)) for name in _KEPT] + [
        (name, info[name]) for name in _KEPT_RAW if name in info
    ]
    return tuple(found) if any(value is not None for _, value in found) else None


def throughputs(info: Mapping[str, Any]) -> tuple[float, ...]:
    """The throughput that each scheduler computed last: a number of many digits that stays as it is while
    nothing runs.
    """
    return tuple(state["last_gen_throughput"] for state in _states(info) if "last_gen_throughput" in state)


def incremental(info: Mapping[str, Any]) -> bool | None:
    """Whether events have their own text and ids only (--stream-output, --incremental-streaming-output).

    None: not said.
    """
    names = ("incremental_streaming_output", "stream_output")
    said = [info[name] for name in names if isinstance(info.get(name), bool)]
    return any(said) if said and not str(info.get("version")).startswith("0.5.2") else None
