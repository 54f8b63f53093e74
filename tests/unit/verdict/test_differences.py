"""What two servers' arguments are worth when their deployments are compared: by what real servers report, by
what files of before have.
"""

from __future__ import annotations

import ast
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from slabench.cli.baseline_parts import refuse_others
from slabench.errors import ConfigError
from slabench.history.baseline import of_version
from slabench.history.file import History
from slabench.history.series import series
from slabench.server.fingerprint import fingerprint
from slabench.server.roles import read
from slabench.verdict.baseline import Baseline, BaselineTest
from slabench.verdict.baseline_file import add_to
from slabench.verdict.baseline_merge import merge
from slabench.verdict.comparison import Comparison, compare
from slabench.verdict.differences import differences, of_versions, unrecorded
from tests.unit.history.lines import ID, WORK, run_line

Print = dict[str, dict[str, Any]]
DATA = Path(__file__).parents[2] / "data" / "server"
STORED = Path(__file__).parents[1] / "run_document" / "stored"
RAW = re.sub(
    rb"\r\n[0-9a-f]+\r\n", b"", (DATA / "get_server_info.http").read_bytes().partition(b"\r\n\r\n")[2]
)
REAL = json.JSONDecoder().raw_decode(RAW[RAW.index(b"{") :].decode())[0]  # of 0.5.7
ABSENT = object()


def of(info: dict[str, Any], **changed: Any) -> Print:
    """The fingerprint of a server that reports this."""
    known = {name: value for name, value in {**info, **changed}.items() if value is not ABSENT}
    return fingerprint(read(known, {"architectures": ["Q"], "model_type": "q"}), "H20")


def newer() -> dict[str, Any]:
    """What the real 0.5.12 was started with, by its log, where 0.5.7 was started with the same."""
    with gzip.open(DATA / "real-0.5.12-h200-qwen3-30b-a3b-dummy.log.gz", "rt", encoding="utf-8") as log:
        found = re.search(r"server_args=(ServerArgs\(.*\))", log.read())
    assert found is not None
    call = ast.parse(found.group(1), mode="eval").body
    assert isinstance(call, ast.Call)
    args = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}
    given = (
        "model_path tokenizer_path served_model_name device max_running_requests chunked_prefill_size "
        "cuda_graph_max_bs cuda_graph_bs disable_cuda_graph disable_overlap_schedule attention_backend "
        "piecewise_cuda_graph_max_tokens"
    ).split()
    capacity = {"max_total_num_tokens": REAL["max_total_num_tokens"]}
    return {**args, **{name: REAL[name] for name in given}, **capacity, "version": "0.5.12"}


def before(**server: Any) -> Print:
    """Of a run of before: null for what was null or not reported, and a fixed choice of arguments."""
    run = json.loads((STORED / "run-1-2026-11-26.json").read_text(encoding="utf-8"))
    stored: Print = run["server"]["fingerprint"]
    return {**stored, "server": {**stored["server"], **server}}


def now(**changed: Any) -> Print:
    """A server of today that is the one of before()."""
    server = {name: value for name, value in before()["server"].items() if name != "token_capacity"}
    info = {
        **server,
        **before()["model"],
        "model_path": before()["model"]["name"],
        "tp_size": 1,
        "dp_size": 1,
    }
    info |= {"json_model_override_args": "{}", "pp_size": 1, "ep_size": 1, "enable_dp_attention": False}
    info |= {"max_total_num_tokens": before()["server"]["token_capacity"], "device": "cuda"} | changed
    known = read(info, {key: before()["model"][key] for key in ("architectures", "model_type")})
    return fingerprint(known, before()["hardware"]["gpu"])


def keys(old: Print, new: Print) -> list[str]:
    return [difference.key for difference in differences(old, new)]


def named(old: Print, new: Print) -> list[str]:
    return [str(message).partition(":")[0] for message in of_versions(old, new)]


def compared(old: Print, new: Print, **more: Any) -> Comparison:
    """With a new server that is twice as fast."""
    test = BaselineTest.read({"workload": WORK, "figures": {"tpot.mean": 40.0}})
    baseline = Baseline("b.json", "b", old, {ID: test})
    return compare(baseline, ID, {"tpot.mean": [20.0]}, {"tpot": 128}, new, WORK, tolerance=0.05, **more)


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("server", "speculative_algorithm", "EAGLE"),
        ("server", "speculative_num_steps", 3),
        ("server", "speculative_eagle_topk", 4),
        ("server", "attention_backend", "fa3"),
        ("server", "decode_attention_backend", "fa3"),
        ("server", "prefill_attention_backend", "fa3"),
        ("server", "fp8_gemm_runner_backend", "triton"),
        ("server", "disable_overlap_schedule", False),
        ("server", "disable_custom_all_reduce", True),
        ("server", "enable_double_sparsity", True),
        ("server", "enable_deterministic_inference", True),
        ("server", "enable_piecewise_cuda_graph", True),
        ("server", "enable_single_batch_overlap", True),
        ("server", "enable_eplb", True),
        ("server", "enable_hierarchical_cache", True),
        ("server", "enable_lora", True),
        ("server", "enable_of_a_version_to_come", True),
        ("model", "quantization", "fp8"),
        ("model", "kv_cache_dtype", "fp8_e4m3"),
        ("model", "revision", "0123abcd"),
        ("model", "json_model_override_args", '{"num_hidden_layers": 2}'),
        ("model", "speculative_draft_model_path", "/models/draft"),
        ("model", "speculative_draft_model_quantization", "fp8"),
    ],
)
def test_an_argument_of_one_version_is_compared_in_both_directions(
    section: str, name: str, value: Any
) -> None:
    """Whether the other side has it null, as the real 0.5.7, or does not report it."""
    on = of(REAL, **{name: value})
    for off in (of(REAL), *([of(REAL, **{name: ABSENT})] if value else [])):
        assert keys(off, on) == keys(on, off) == [f"{section}.{name}"]
        assert compared(off, on).state == compared(on, off).state == "NOT_COMPARABLE"
        assert compared(off, on, allow=[f"{section}.{name}"]).state == "compared"


def test_what_a_launch_has_of_its_own_is_not_compared() -> None:
    own = {
        "port": 4, "nccl_port": 5, "random_seed": 6, "enable_metrics": False, "log_level": "debug",
        "served_model_name": "other", "download_dir": "/d", "api_key": "k", "enable_trace": True,
        "disaggregation_bootstrap_port": 9, "decode_log_interval": 1, "startup_time": 2.0,
        "launch_command": "python -m sglang.launch_server", "model_path": "/elsewhere/tiny-qwen3",
        "speculative_draft_model_path": None, "json_model_override_args": " {} ",
    }  # fmt: skip
    assert keys(of(REAL), of(REAL, **own)) == []
    assert of(REAL)["server"]["arguments"] == 172
    assert keys(of(REAL), of(REAL, ep_size=2, enable_dp_attention=True)) == [
        "hardware.ep",
        "hardware.dp_attention",
    ]
    drafts = [of(REAL, speculative_draft_model_path=path) for path in ("/a/draft", "/b/draft/")]
    assert keys(*drafts) == []


def test_an_upgrade_is_compared_and_names_what_the_versions_choose() -> None:
    """0.5.12 has 64 arguments that 0.5.7 does not have, lacks 20, and has other defaults."""
    old, new = of(REAL), of(newer())
    assert keys(old, new) == keys(new, old) == []
    assert named(old, new) == [
        "server.nsa_prefill_backend",
        "server.nsa_decode_backend",
        "server.mamba_ssm_dtype",
        "server.hicache_storage_prefetch_policy",
        "server.record_nolora_graph",
    ]
    comparison = compared(old, new, strict=True)
    assert (comparison.state, comparison.reasons) == ("compared", ("SINGLE_RUN", "ONE_LAUNCH"))
    (note,) = comparison.notes
    assert "so they were not compared: server.nsa_prefill_backend: 'null', 'flashmla_sparse' in the" in str(
        note
    )
    assert unrecorded(old, new) == unrecorded(new, old) == []


@pytest.mark.parametrize(
    ("was", "value", "refused", "noted"),
    [
        ({"attention_backend": None}, {"attention_backend": "fa3"}, [], ["server.attention_backend"]),
        ({"attention_backend": "fa3"}, {"attention_backend": "triton"}, ["server.attention_backend"], []),
        ({"sampling_backend": None}, {"sampling_backend": "flashinfer"}, [], ["server.sampling_backend"]),
        ({"moe_runner_backend": "auto"}, {"moe_runner_backend": "marlin"}, [], ["server.moe_runner_backend"]),
        ({"moe_a2a_backend": None}, {"moe_a2a_backend": "none"}, [], []),
        ({"max_running_requests": None}, {"max_running_requests": 48}, [], ["server.max_running_requests"]),
        ({"enable_eplb": False}, {"enable_eplb": ABSENT}, [], []),
        ({"enable_eplb": True}, {"enable_eplb": ABSENT}, [], ["server.enable_eplb"]),
        ({"hicache_io_backend": "kernel"}, {"hicache_io_backend": ABSENT}, [], []),
        ({"ep_num_redundant_experts": 32}, {"ep_num_redundant_experts": ABSENT}, [], []),
        ({}, {"speculative_algorithm": "EAGLE"}, ["server.speculative_algorithm"], []),
        ({"speculative_algorithm": ABSENT}, {"speculative_algorithm": "NGRAM"},
         ["server.speculative_algorithm"], []),
        ({"enable_double_sparsity": True}, {"enable_double_sparsity": ABSENT},
         ["server.enable_double_sparsity"], []),
        ({}, {"quantization": "fp8"}, ["model.quantization"], []),
        ({}, {"json_model_override_args": '{"a": 1}'}, ["model.json_model_override_args"], []),
        ({"torchao_config": ""}, {"torchao_config": ABSENT}, [], []),
    ],
)  # fmt: skip
def test_between_two_versions_it_depends_on_the_argument(
    was: dict[str, Any], value: dict[str, Any], refused: list[str], noted: list[str]
) -> None:
    old, new = of(REAL, **was), of({**REAL, **was}, **value, version="0.5.12")
    assert keys(old, new) == keys(new, old) == refused
    assert named(old, new) == named(new, old) == noted


def test_what_follows_from_an_argument_is_no_further_difference() -> None:
    sizes = {"cuda_graph_max_bs": 4, "cuda_graph_bs": [1, 2, 4], "chunked_prefill_size": 32}
    changed = of(REAL, **sizes, piecewise_cuda_graph_max_tokens=32)
    assert keys(of(REAL), changed) == ["server.chunked_prefill_size", "server.cuda_graph_max_bs"]
    assert keys(of(REAL), of(REAL, cuda_graph_bs=[1, 8])) == ["server.cuda_graph_bs"]


def test_a_build_of_the_same_version_may_have_further_arguments() -> None:
    """A patch that adds a number or a switch that is off is no other deployment; what it turns on is."""
    patched = of(REAL, max_of_a_patch=4, enable_of_a_patch=False)
    assert keys(of(REAL), patched) == keys(patched, of(REAL)) == []
    assert keys(of(REAL), of(REAL, moe_of_a_patch="fast")) == ["server.moe_of_a_patch"]


def test_two_servers_of_one_role_that_differ() -> None:
    """Absent, null and a value are three states of one argument."""
    infos = [{**REAL, "speculative_algorithm": value} for value in (None, "EAGLE")]
    infos.append({name: value for name, value in REAL.items() if name != "speculative_algorithm"})
    roles = read({"decode": infos, "prefill": [REAL]}, {})
    assert fingerprint(roles)["server"]["decode.speculative_algorithm"] == (
        "'null' (1 of 3); 'EAGLE' (1 of 3); not known (1 of 3)"
    )
    assert fingerprint(roles)["server"]["prefill.speculative_algorithm"] == "null"
    assert "prefill.enable_of_another" not in fingerprint(roles)["server"]


# -- files of before


def test_a_null_of_before_is_not_recorded() -> None:
    """Neither the same nor a difference: it may have been reported as null, or not at all."""
    assert keys(before(), now()) == keys(now(), before()) == []
    lacking = ["model.json_model_override_args", "server.arguments"]
    assert unrecorded(before(), now()) == lacking
    on = now(speculative_algorithm="EAGLE", quantization="fp8", enable_eplb=True)
    assert keys(before(), on) == []
    assert unrecorded(before(), on) == [
        "model.quantization",
        "model.json_model_override_args",
        "server.speculative_algorithm",
        "server.enable_eplb",
        "server.arguments",
    ]
    comparison = compared(before(), on)
    assert (comparison.state, comparison.reasons[-1]) == ("compared", "UNTOLD")
    assert any("does not record model.quantization" in str(note) for note in comparison.notes)
    assert compared(before(), on, strict=True).state == "NOT_COMPARABLE"
    assert unrecorded(before(), on, allow=["server", "model"]) == []


def test_two_files_of_before() -> None:
    eagle = before(speculative_algorithm="EAGLE")
    assert keys(eagle, before()) == ["server.speculative_algorithm"]
    assert (keys(before(), eagle), unrecorded(before(), eagle)) == ([], ["server.speculative_algorithm"])
    assert unrecorded(before(), before()) == []


@pytest.mark.parametrize("name", ["baseline-1.json", "baseline-2.json"])
def test_each_earlier_baseline_is_read_without_its_arguments(name: str) -> None:
    old = json.loads((STORED / name).read_text(encoding="utf-8"))["fingerprint"]
    known = old["server"] | {"attention_backend": "fa3", "arguments": 181}
    assert keys(old, {**old, "server": known}) == []
    assert unrecorded(old, {**old, "server": known}) == ["server.attention_backend", "server.arguments"]


def test_a_side_that_records_no_argument_is_named_as_a_whole() -> None:
    by_hand: Print = {**now(), "server": {}}
    assert unrecorded(by_hand, now()) == ["server"]


# -- one baseline or history of several runs


OFF, EAGLE = now(speculative_algorithm=None), now(speculative_algorithm="EAGLE")


def document(printed: Print, test: str = ID, source: str = "a") -> dict[str, Any]:
    entry = {"workload": WORK, "figures": {"tpot.mean": 40.0}, "samples": {"tpot.mean": [40.0]}}
    return {"schema": "slabench.baseline/2", "source": source, "fingerprint": printed, "tests": {test: entry}}


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        (OFF, EAGLE, True),
        (EAGLE, OFF, True),
        (before(), EAGLE, True),
        (EAGLE, before(), True),
        (before(), OFF, False),
        (OFF, before(), False),
        (before(), now(enable_eplb=True), True),
        (now(enable_eplb=True), before(), True),
        (now(hicache_ratio=2.0), before(), False),
        ({**OFF, "server": {}}, OFF, False),
    ],
)
def test_whichever_comes_first(first: Print, second: Print, refused: bool, tmp_path: Path) -> None:
    """merge, a file that is saved to again, and a history agree."""
    assert first["hardware"]["gpu"] == second["hardware"]["gpu"]
    versions = {"version": "0.5.12"}
    first, second = ({**side, "server": {**side["server"], **versions}} for side in (first, second))
    parts = [("a", document(first)), ("b", document(second, source="b"))]
    if refused:
        with pytest.raises(ConfigError, match=r"server\.(speculative_algorithm|enable_eplb): "):
            refuse_others(parts)
    else:
        refuse_others(parts)
    path = tmp_path / "b.json"
    path.write_text(json.dumps(document(first, "another test")), encoding="utf-8")
    assert add_to(str(path), document(second), option="-o ")[1] == (["another test"] if refused else [])
    if "speculative_algorithm" in first["server"]:
        runs = tuple(run_line(k, fingerprint=side) for k, side in enumerate((first, second)))
        assert len(of_version(History("h", runs, {}), "0.5.7")) == (1 if refused else 2)


def test_a_baseline_with_a_part_of_before_does_not_record_all() -> None:
    complete = merge([("a", document(OFF)), ("b", document(now()))])["fingerprint"]
    assert unrecorded(complete, OFF) == []
    for parts in ([OFF, before()], [before(), OFF]):
        merged = merge([(str(k), document(part)) for k, part in enumerate(parts)])["fingerprint"]
        assert "server.arguments" in unrecorded(merged, OFF)


def test_a_saved_file_that_keeps_tests_of_before_does_not_record_all(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_text(json.dumps(document(before(), "another test")), encoding="utf-8")
    kept, removed = add_to(str(path), document(OFF), option="-o ")
    assert (removed, list(kept["tests"])) == ([], ["another test", ID])
    assert unrecorded(kept["fingerprint"], OFF) == ["server.arguments"]
    assert keys(kept["fingerprint"], EAGLE) == ["server.speculative_algorithm"]
    path.write_text(json.dumps(document(before())), encoding="utf-8")
    assert unrecorded(add_to(str(path), document(OFF), option="-o ")[0]["fingerprint"], OFF) == []


def test_one_series_goes_on_from_the_runs_of_before() -> None:
    sides = [before(), OFF, before(version="0.5.13"), now(enable_eplb=True), EAGLE]
    runs = tuple(run_line(k, fingerprint=side) for k, side in enumerate(sides))
    lengths = [len(found.values) for found in series(History("h", runs, {})) if found.metric == "tpot.mean"]
    assert lengths == [4, 1]
