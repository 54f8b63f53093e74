"""SGLang's server arguments, by which two deployments are compared: which, and what a difference is worth."""

from __future__ import annotations

import re
from typing import Any

# An argument that server_info reports as null. JSON's null is what files of before have for such an argument
# and for one that was not reported, so it stands for what is not recorded.
NULL = "null"
# Arguments that change speed, of which every file has a record.
SPEED_ARGS = (
    "attention_backend chunked_prefill_size cuda_graph_max_bs disable_cuda_graph disable_overlap_schedule "
    "disable_radix_cache disaggregation_mode enable_mixed_chunk enable_torch_compile "
    "enable_two_batch_overlap "
    "max_prefill_tokens max_running_requests moe_a2a_backend moe_runner_backend num_continuous_decode_steps "
    "page_size sampling_backend schedule_conservativeness schedule_policy speculative_algorithm "
    "speculative_num_draft_tokens speculative_num_steps stream_interval"
).split()
WEIGHTS = ("quantization", "dtype", "kv_cache_dtype", "load_format")
DRAFT_MODEL = "speculative_draft_model_path"
MODEL_ARGS = (
    *WEIGHTS,
    *("json_model_override_args", "revision", "modelopt_quant", "torchao_config"),
    *(DRAFT_MODEL, "speculative_draft_model_quantization"),
)
# Another algorithm, whatever the version: it has other answers or other steps.
ALGORITHM = frozenset(
    "speculative_algorithm speculative_num_steps speculative_eagle_topk speculative_num_draft_tokens "
    "speculative_token_map enable_double_sparsity enable_hisparse enable_lora enable_fp32_lm_head "
    "enable_deterministic_inference dllm_algorithm disaggregation_mode".split()
)
# By how a name begins or ends, so that the arguments of a version to come are compared too.
_COMPARED = re.compile(
    "^(attention|attn|batch|chunked|cpu|cuda|decode|deepep|disable|disaggregation|dllm|ds|elastic|enable"
    "|enforce|ep|eplb|flashinfer|fp4|fp8|hicache|hisparse|hybrid|incremental|init_expert|kt|linear"
    "|load_balance|lora|mamba|max|model_impl|moe|nsa|num|offload|page|piecewise|pp|prefill|radix"
    "|record_nolora|rl|schedule|scheduler|speculative|stream|swa|tbo|torch|triton)(_|$)|_backend$"
)
# They name things or show them (ports, paths, logs, metrics), or are drawn anew at each launch; the KV pool's
# size, which has a record of its own, follows from them; or another one has it, the
# layout of the hardware among them.
_HARMLESS = re.compile(
    "metric|trac(e|ing)|logg|nvtx|profile|stats|report|_ssl|nan_detection|debug"
    "|_(paths?|ports?|dir|folder|file|device|extra_config)$"
    "|^(decode_log_interval|max_total_tokens|max_total_num_tokens|max_req_input_len|max_mamba_cache_size)$"
    "|^(piecewise_cuda_graph_tokens|pp_size|ep_size|attn_dp_size|enable_dp_attention)$"
)
# What a server takes from another argument unless it is given: of the two the other one is the difference.
_FOLLOWS = {
    "cuda_graph_bs": "cuda_graph_max_bs",
    "piecewise_cuda_graph_max_tokens": "chunked_prefill_size",
}
_OFF: tuple[Any, ...] = (NULL, False, "", "none", "{}", [], {})
_UNDECIDED = (NULL, "auto")  # a version may report what it chose instead


def of_server(name: str) -> bool:
    """Whether deployments are compared by this argument of server_info, one of the model's apart."""
    return name not in MODEL_ARGS and (
        name in SPEED_ARGS or (_COMPARED.search(name) is not None and _HARMLESS.search(name) is None)
    )


def follows(key: str) -> str | None:
    """The key of the argument that a server takes this one from unless it is given."""
    role, dot, name = key.rpartition(".")
    return f"{role}{dot}{_FOLLOWS[name]}" if name in _FOLLOWS else None


def is_argument(section: str, key: str) -> bool:
    """Whether a key of a fingerprint's section is one; it may begin with a role: `prefill.page_size`."""
    name = key.rpartition(".")[2]
    return name in MODEL_ARGS if section == "model" else section == "server" and of_server(name)


def is_set(section: str, key: str, value: Any) -> bool:
    """Whether an argument that only one of two sides records changes something there.

    A default that is no switch, such as a number, does not: what the other side's version did is not known.
    """
    name = key.rpartition(".")[2]
    return _is_on(value) and (value is True or section == "model" or name in ALGORITHM or name in SPEED_ARGS)


def _is_on(value: Any) -> bool:
    return not _one_of(value, _OFF) and value != "auto"


def weigh(
    section: str, key: str, old: Any, new: Any, *, recorded: tuple[bool, bool], same_version: bool
) -> bool | None:
    """What an argument with two values means: True: the sides are not comparable; False: it stands beside the
    verdict; None: nothing.

    old, new: None where a side does not record it; recorded: whether each side records all arguments that its
    server reports. Two versions do not have the same arguments, and one may report what it chose where
    another has null: that is no other deployment, unless the algorithm or the model is another one.
    """
    name = key.rpartition(".")[2]
    essential = section == "model" or name in ALGORITHM
    if old is None and not recorded[0]:
        return None
    if old is None or new is None:
        value = new if old is None else old
        chosen = same_version and all(recorded) and isinstance(value, str) and _is_on(value)
        if not chosen and not is_set(section, key, value):
            return None
        return same_version or essential or not recorded[1]
    if same_version:
        return True
    if _one_of(old, _OFF) and _one_of(new, _OFF):
        return None
    if essential:
        return True
    return name in SPEED_ARGS and not (_one_of(old, _UNDECIDED) or _one_of(new, _UNDECIDED))


def _one_of(value: Any, values: tuple[Any, ...]) -> bool:
    """Of the same type too: 0 is not False."""
    return any(type(value) is type(each) and value == each for each in values)
