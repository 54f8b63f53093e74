"""Each check: a run that passes it, and the one thing broken that turns it red."""

from array import array
from dataclasses import replace

import pytest

from slabench.load_host import LoadHost
from slabench.messages import in_language
from slabench.metrics import bounded
from slabench.records import Calibration, ClientRecord, ErrorKind, ServerEvidence
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity import (
    CheckContext,
    LogEvidence,
    Margin,
    Registration,
    Stage,
    examine,
    names,
    registered,
    registry,
)
from slabench.verdict.validity.client import client_error
from slabench.verdict.validity.context import Behind, GpuEvidence, Served
from slabench.verdict.validity.streamed import Probe, Shown
from tests.unit.factories import MS, answer, run_of
from tools import make_validity_doc


def probed(*pairs, first_gap=10.0, later_gap=10.0, empty=False, failure=""):
    """The idle server's times to the first token, with 1 and with 64 tokens out."""
    shown = [
        (Shown(short, None, None, empty), Shown(long, first_gap, later_gap, empty)) for short, long in pairs
    ]
    return Probe(64, tuple(shown), failure)


def context(*records, flush_status=200, **more):
    run = replace(
        run_of(*(records or (answer(0), answer(1)))), server=ServerEvidence(flush_status=flush_status)
    )
    given = {
        "exact_prompt": True,
        "planned": len(run.requests),
        "identity_before": (("random_seed", 7),),
        "identity_after": (("random_seed", 7),),
        "probe": probed((20, 20)),
    } | more
    return CheckContext(run=run, **given)


def states(case, method="ali-decode", **more):
    return {check.name: check.state for check in examine(case, method, **more)}


def test_a_clean_run_is_clean():
    log = replace(
        LOG, prompt_tokens=100, sequences=1, batch_size=1, log_tpot=10.0, mean_tpot=10.0, full_tpot=10.0
    )
    whole = answer(0, server={"total_retractions": 0.0})
    more = {"log": log, "shared": (0,), "served": timed(ttft=99.0, e2el=129.0), "gpus": gpus()}
    clean = context(whole, batch_size=1, token_capacity=1000, max_running=4, **more)
    assert set(states(clean).values()) == {CheckStatus.OK}


def timed(ttft, e2el):
    """The server's own mean times, ms; the client's of context()'s answers are 100 and 130."""
    return Served(2, 208, {"server.ttft": ttft, "server.e2el": e2el, "server.tpot": (e2el - ttft) / 3})


def gpus(**more):
    """200 samples of the GPU that was throttled most."""
    fields = {"samples": 200, "worst": 2, "others": []} | more
    return GpuEvidence(4, "nvml", "processes", **fields)


# The log of two requests of 100 prompt tokens each.
LOG = LogEvidence(
    lines=9, rejected={}, outside=0, retractions=0, jit=0, restarts=0, prefill_lines=2, prompt_tokens=200,
    sequences=2, steady=8, graph_on=8, running_max=2,
)  # fmt: skip
FULL = {"batch_size": 1, "token_capacity": 9999}


def steady(ms_first, ms_second, count=200):
    """One answer whose first half takes so many ms a token, and its second half so many."""
    at, arrivals = 100.0, []
    for k in range(count):
        at += ms_first if k < count / 2 else ms_second
        arrivals.append((int(at), k + 1))
    return answer(0, arrivals=arrivals, output_len=count, end=int(at) + 1)


def logged(**more):
    return context(log=replace(LOG, **more))


def host(**more):
    """One that sent a load, with nothing wrong."""
    fields = {"name": "a", "node": "n", "workers": 1, "cores": 2, "files": 1024, "python": "3.11.7"}
    measured = {"requests": 1, "round_trip_ms": 0.2, "clock_error_ms": 0.1, "clock_drift_ms": 0.0}
    return LoadHost(**(fields | measured | more))


def hosted(*hosts, records=(), **more):
    case = context(*records, **more)
    return replace(case, run=replace(case.run, client=replace(case.run.client, hosts=hosts)))


def of_eight(index, **more):
    """An answer of 8 tokens."""
    return answer(index, arrivals=((110, 1), (120, 4), (140, 8)), output_len=8, **more)


BROKEN = {
    "completed": context(answer(0), answer(1, error=ErrorKind.HTTP_STATUS, error_text="HTTP 503")),
    "resent": context(answer(0, resent=True)),
    "random_tokens": context(distorted=("speculative decoding (EAGLE)",)),
    "finish_reason": context(answer(0, finish_reason="abort")),
    "output_length": context(answer(0, output_len=5)),
    "token_counts": context(answer(0, arrivals=((110, 2), (120, 1)), output_len=1)),
    "tpot_defined": context(answer(0), answer(1, arrivals=((140, 4),)), judged=("tpot.mean",)),
    "first_token": context(answer(0), answer(1, first_empty=True, first_ids=0, output_ids=4)),
    "stream_end": context(answer(0, end=4140)),
    "degenerate_answers": context(*(of_eight(k, content=(True, 7)) for k in range(4))),
    "streamed": context(probe=probed((20, 600), (20, 590))),
    "reported_times": context(answer(0, server={"e2e_latency": 999.0})),
    "request_ids": context(answer(0), answer(1, request_id="r0")),
    "prompt_length": context(answer(0, prompt_tokens=99)),
    "prefix_cache": context(answer(0, cached_tokens=2)),
    "flush": context(flush_status=400),
    "same_server": context(identity_after=(("random_seed", 8),)),
    "batch_fits": context(batch_size=2, token_capacity=207),
    "batch_reached": context(
        answer(0),
        answer(1, sent=200, arrivals=((300, 1), (400, 4)), end=401),
        batch_size=2,
        token_capacity=9999,
    ),
    # 1 of 8 tokens of the two was made while both were decoding
    "batch_held": context(
        answer(0, arrivals=((110, 1), (120, 2), (130, 3), (140, 4))),
        answer(1, arrivals=((135, 1), (145, 2), (155, 3), (165, 4)), end=166),
        batch_size=2,
        token_capacity=9999,
    ),
    "first_run": context(steady(20, 10), **FULL),
    "stall": context(answer(0, arrivals=((110, 1), (5111, 4)), end=5112), **FULL),
    "retraction": context(answer(0, server={"total_retractions": 1.0})),
    "queueing": logged(queued=1, queue_max=3),
    "graph": logged(graph_on=3, graph_off=5),
    "server_agrees": context(served=timed(ttft=99.0, e2el=210.0)),
    "gpu_throttled": context(gpus=gpus(throttled=3, reasons={"hw_thermal_slowdown": 3})),
    "gpu_shared": context(gpus=gpus(others=["4711 python3"])),
    "other_clients": logged(sequences=3, prompt_tokens=201),
    "client": replace(
        context(), run=replace(run_of(answer()), client=ClientRecord(1.0, 0.99, 0.1, 0.1, 0.1))
    ),
    "load_hosts": hosted(host(silent_s=2.5)),
    # decoding together for 2 ms, by two clocks that may be 3 ms apart
    "load_clock": hosted(
        host(clock_error_ms=1.5),
        host(name="b", clock_error_ms=1.5),
        records=(answer(0, host="a"), answer(1, arrivals=((138, 1), (150, 4)), end=151, host="b")),
        batch_size=2,
        token_capacity=9999,
    ),
    "client_error": replace(
        context(answer(0), answer(1)),
        run=replace(
            run_of(answer(0), answer(1)),
            client=ClientRecord(
                1.0, 0.1, 0.1, 0.1, 0.1, calibration=Calibration("measured", "", 16, 1.0, 5, 0.1, 3.0, 0.1)
            ),
        ),
        margins=(Margin("ttft.mean", 100.0, 129.0),),
    ),
    "one_read": context(answer(0, arrivals=((110, 1), (110, 4)))),
    "rate_reached": replace(
        context(),
        run=replace(
            run_of(answer(0), answer(1, due=10, sent=900, arrivals=((910, 1), (940, 4)), end=941)),
            plan={"kind": "open_loop", "request_rate": 100.0, "max_concurrency": 1},
        ),
    ),
}


NAMES = [check.name for check in registered() if check.stage < Stage.LOG and check.client != "other"]
ONLY_FINDINGS = (
    "first_run", "resent", "stream_end", "rate_reached", "reported_times", "random_tokens", "gpu_throttled",
    "gpu_shared", "degenerate_answers",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_each_check_can_fail(name):
    assert states(BROKEN[name])[name] is (
        CheckStatus.FINDING if name in ONLY_FINDINGS else CheckStatus.INVALID
    )


@pytest.mark.parametrize("name", NAMES)
def test_allow_makes_a_finding_of_it(name):
    assert states(BROKEN[name], allow=(name,))[name] is CheckStatus.FINDING


@pytest.mark.parametrize(
    ("again", "sent", "state"),
    [(0, 200, CheckStatus.OK), (2, 200, CheckStatus.OK), (3, 200, CheckStatus.FINDING)],
)
def test_a_request_in_a_hundred_may_be_sent_a_second_time(again, sent, state):
    found = found_in(context(*(answer(k, resent=k < again) for k in range(sent))), "resent")
    assert found.state is state
    assert (f"{again} of {sent} requests" in found.text) == (again > 0)
    assert ("--connections=per-request" in found.remedy) == (state is CheckStatus.FINDING)


def test_an_answer_without_a_count_has_an_unknown_length() -> None:
    missing = answer(0, completion_tokens=None)
    check = found_in(context(missing), "output_length")
    assert check.state is CheckStatus.INVALID
    assert "(request 0: an unknown number of 4 tokens)" in check.text


def test_a_reason_to_end_that_comes_late_and_repeats_the_count_is_the_stream_s_end_and_no_pause():
    """Counts 1 to 4, 10 ms apart, and the last one again 2.5 s later with [DONE]."""
    late = [
        answer(k, arrivals=((110, 1), (120, 2), (130, 3), (140, 4), (2640, 4)), end=2640) for k in range(3)
    ]
    found = states(context(*late, judged=("tpot.mean",), stall_limit_s=1.0), method="tencent")
    assert {name for name, state in found.items() if state is CheckStatus.FINDING} == {"stream_end"}
    assert CheckStatus.INVALID not in found.values()
    assert "2500" in found_in(context(*late), "stream_end").text


def test_every_check_is_broken_once_here():
    assert set(BROKEN) == set(NAMES)


@pytest.mark.parametrize(
    ("arrivals", "what"),
    [
        (((110, -1), (120, 4)), "positive"),
        (((110, 3), (120, 2), (130, 4)), "falls"),
        (((5, 1), (120, 4)), "before"),
        (((110, 1), (990, 4)), "a token arrived after [DONE]"),
    ],
)
def test_counts_that_cannot_be_trusted(arrivals, what):
    found = [
        check
        for check in examine(context(answer(0, arrivals=arrivals)), "tencent")
        if check.name == "token_counts"
    ]
    assert found[0].state is CheckStatus.INVALID
    assert what in found[0].text


def test_a_stream_that_comes_twice_cannot_be_trusted_and_a_role_and_a_usage_event_can():
    def repeated(times):
        counts = [1, 1, 2, 3, 4, *[4] * times]
        return answer(0, arrivals=tuple((110 + at, count) for at, count in enumerate(counts)))

    assert states(context(repeated(3)))["token_counts"] is CheckStatus.OK
    found = [check for check in examine(context(repeated(4)), "tencent") if check.name == "token_counts"]
    assert found[0].state is CheckStatus.INVALID
    assert "5 of 9 events repeat the count before them (limit 4)" in found[0].text


def test_a_server_that_falls_silent_about_itself_is_not_the_same():
    assert states(context(identity_after=None))["same_server"] is CheckStatus.INVALID
    assert (
        states(context(identity_before=None, identity_after=None))["same_server"] is CheckStatus.NOT_CHECKED
    )


def test_a_server_without_a_seed_is_judged_by_what_it_gives():
    seedless = (("random_seed", None), ("version", "0.5.7"), ("model_path", "/m"))
    assert (
        states(context(identity_before=seedless, identity_after=seedless))["same_server"]
        is CheckStatus.NOT_CHECKED
    )
    said = found_in(
        context(identity_before=seedless, identity_after=(*seedless[:2], ("model_path", "/n"))), "same_server"
    )
    assert said.state is CheckStatus.INVALID
    assert "model_path '/m', then '/n'" in said.text
    more = found_in(context(identity_before=seedless, identity_after=(*seedless, ("port", 1))), "same_server")
    assert more.state is CheckStatus.INVALID
    assert "(port None, then 1)" in more.text
    less = found_in(context(identity_before=seedless, identity_after=seedless[:2]), "same_server")
    assert "(model_path '/m', then None)" in less.text


def test_two_addresses_with_one_seed_may_be_one_process():
    said = found_in(context(twin="both report random_seed 7"), "same_server")
    assert (said.state, said.text) == (
        CheckStatus.FINDING,
        (
            "The server and the baseline server may be one process: both report random_seed 7, and nothing "
            "shows that they are two."
        ),
    )
    assert (
        states(context(twin="both report random_seed 7"), strict=True)["same_server"] is CheckStatus.INVALID
    )


@pytest.mark.parametrize(
    ("throughputs", "state"),
    [
        ((), CheckStatus.OK),
        ((((1.5,),), ((2.5,),)), CheckStatus.OK),  # the run lies between them
        (((), ()), CheckStatus.OK),
        ((((1.5,), (2.5,)), ((1.5,),)), CheckStatus.INVALID),
        ((((1.5,),), ((1.5, 0.25), (2.5, 0.25))), CheckStatus.INVALID),  # data parallel: one rank's differs
    ],
)
def test_a_server_without_work_has_one_state_however_often_it_is_asked(throughputs, state):
    said = found_in(context(throughputs=throughputs), "same_server")
    assert said.state is state
    if state is CheckStatus.INVALID:
        assert "and 2.5" in said.text


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("weight_version", CheckStatus.INVALID),
        ("model", CheckStatus.INVALID),
        ("system_fingerprint", CheckStatus.INVALID),
        ("header server", CheckStatus.INVALID),
        ("header via", CheckStatus.FINDING),
        ("header x-served-by", CheckStatus.FINDING),
    ],
)
def test_answers_of_two_origins(name, state):
    for other in ({name: "b"}, {}):
        case = context(answer(0, origin={name: "a", "x": "y"}), answer(1, origin={"x": "y", **other}))
        said = found_in(case, "same_server")
        assert said.state is state
        assert said.text.startswith(f"{name} is not the same in 2 answers ('a' in 1, ")
    assert (
        found_in(context(answer(0, origin={name: "a"}), answer(1, origin={name: "a"})), "same_server").state
        is CheckStatus.OK
    )


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        ("3da1a6b825d64c19887593597ca0439f", "0000a6b825d64c19887593597ca0439f", CheckStatus.OK),
        (
            "3da1a6b825d64c19887593597ca0439f",
            "chatcmpl-3da1a6b825d64c19887593597ca04390",
            CheckStatus.INVALID,
        ),
        ("3da1a6b825d64c19887593597ca0439f", "3da1a6b8-25d6-4c19-8875-93597ca0439f", CheckStatus.INVALID),
        ("r1", "r20", CheckStatus.OK),
        ("r1", "s2", CheckStatus.INVALID),
        ("cmpl-8fKq2", "cmpl-aa1zT", CheckStatus.OK),  # random letters: no kind is known of them
        ("cmpl-8fKq2", "17", CheckStatus.INVALID),
        ("1a2b3c4d", "12345678", CheckStatus.OK),  # a random text that looks like a number
        ("8fKq2xYz", "abcdefg9", CheckStatus.OK),
        ("1a2b3c4d", "1234567", CheckStatus.INVALID),
    ],
)
def test_ids_of_two_kinds_are_of_two_servers(first, second, state):
    case = context(answer(0, request_id=first), answer(1, request_id=second))
    assert states(case)["same_server"] is state


def test_last_event_must_agree_with_the_stream():
    assert (
        states(context(answer(0, completion_tokens=5, output_len=5)))["token_counts"] is CheckStatus.INVALID
    )


def test_a_short_data_set_is_said():
    assert states(context(answer(0), planned=3))["completed"] is CheckStatus.INVALID


def test_text_prompts_may_drift_but_it_is_said():
    assert (
        states(context(answer(0, prompt_tokens=102), exact_prompt=False))["prompt_length"]
        is CheckStatus.FINDING
    )
    assert (
        states(context(answer(0, prompt_tokens=101), exact_prompt=False))["prompt_length"] is CheckStatus.OK
    )
    assert (
        states(context(answer(0, prompt_tokens=110), exact_prompt=False))["prompt_length"]
        is CheckStatus.FINDING
    )


@pytest.mark.parametrize("seen", [126, 74])
def test_more_drift_than_tokenising_again_explains_is_another_tokenizer(seen):
    assert (
        states(context(answer(0, prompt_tokens=seen), exact_prompt=False))["prompt_length"]
        is CheckStatus.INVALID
    )


def test_running_cap_below_the_batch():
    found = examine(context(batch_size=2, token_capacity=9999, max_running=1), "ali-decode")
    assert any(
        "limit of 1 running request" in check.text for check in found if check.state is CheckStatus.INVALID
    )


@pytest.mark.parametrize(
    "name",
    [check.name for check in registered() if "tencent" in check.finding_for and check.stage < Stage.LOG],
)
def test_what_tencents_method_does_by_design_is_a_finding_unless_strict(name):
    case = replace(BROKEN[name], batch_size=None)
    assert states(case, "tencent")[name] is CheckStatus.FINDING
    assert states(case, "tencent", strict=True)[name] is CheckStatus.INVALID
    assert states(case, "tencent", strict=True, allow=(name,))[name] is CheckStatus.FINDING


def found_in(case, name, method="ali-decode", **more):
    return next(check for check in examine(case, method, **more) if check.name == name)


def test_what_is_allowed_says_so():
    assert found_in(BROKEN["flush"], "flush", allow=("flush",)).text.endswith(
        "it must be 200. Allowed by --allow."
    )


@pytest.mark.parametrize(
    ("meta", "says"),
    [
        ({"e2e_latency": 0.139}, None),
        ({"e2e_latency": 0.24}, None),  # within a tenth of a second
        ({"e2e_latency": 999.0}, "e2e_latency is 999 s, the client measured 0.14 s"),
        ({"queue_time": 5.0}, "queue_time is 5 s, the client measured 0.14 s"),
        ({"inference_time": 5.0}, "inference_time is 5 s, the client measured 0.14 s"),
        ({"e2e_latency": -0.5}, "e2e_latency is -0.5"),
        ({"queue_time": -1.0}, "queue_time is -1"),
        ({"total_retractions": -1.0}, "total_retractions is -1"),
        ({"num_retractions": -3.0}, "num_retractions is -3"),
        ({"decode_finished_ts": 1.8e9, "total_retractions": 0.0}, None),
    ],
)
def test_what_a_server_reports_of_itself_and_cannot_be_is_a_finding(meta, says):
    said = found_in(context(answer(0, server=meta)), "reported_times")
    assert said.state is (CheckStatus.OK if says is None else CheckStatus.FINDING)
    assert (
        says is None
        or f"1 of 1 answer reports a time or count that is not possible (request 0: {says})" in said.text
    )


@pytest.mark.parametrize("known", ["", "r7"])
def test_one_id_for_a_request_sent_twice_is_a_cache(known):
    said = found_in(context(probe=replace(probed((20, 25)), replayed=known)), "request_ids")
    assert said.state is (CheckStatus.INVALID if known else CheckStatus.OK)
    assert (f"with the same id ({known})" in said.text) is bool(known)


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        ((0, 0), CheckStatus.OK),
        ((-1, 0), CheckStatus.FINDING),
        ((-1, 1), CheckStatus.INVALID),
        ((2, -2), CheckStatus.INVALID),
    ],
)
def test_a_negative_number_of_retractions_takes_nothing_from_the_others(counts, state):
    case = context(*(answer(k, server={"total_retractions": float(count)}) for k, count in enumerate(counts)))
    assert states(case)["retraction"] is state
    # what was computed, and again
    seen = replace(LOG, prompt_tokens=200 + 104 * max(*counts, 0), sequences=2 + max(*counts, 0))
    assert states(replace(case, log=seen))["other_clients"] is CheckStatus.OK
    assert (
        states(replace(case, log=replace(seen, sequences=seen.sequences + 1)))["other_clients"]
        is CheckStatus.INVALID
    )


def test_a_text_s_own_count_has_to_be_the_server_s():
    """102 tokens there where 100 were meant: drift if our tokenizer says the same of the text, another text
    if it does not.
    """
    case = context(answer(0, prompt_tokens=102), exact_prompt=False)
    assert states(replace(case, counted=(102,)))["prompt_length"] is CheckStatus.FINDING
    assert states(replace(case, counted=(101,)))["prompt_length"] is CheckStatus.INVALID
    assert (
        "101 tokens of text sent, 102 read" in found_in(replace(case, counted=(101,)), "prompt_length").text
    )


def test_more_in_the_cache_than_this_run_put_there():
    """1 of 100 tokens is within 1 %, and still too much for a prompt that begins like no other of the run."""
    case = context(answer(0, cached_tokens=1))
    assert states(replace(case, shared=(1,)))["prefix_cache"] is CheckStatus.OK
    assert states(replace(case, shared=(0,)))["prefix_cache"] is CheckStatus.INVALID
    again = context(answer(0, cached_tokens=1, server={"total_retractions": 1.0}), shared=(0,))
    assert states(again)["prefix_cache"] is CheckStatus.OK  # its own tokens from before the retraction
    less_than_none = context(answer(0, cached_tokens=1, server={"total_retractions": -1.0}), shared=(0,))
    assert states(less_than_none)["prefix_cache"] is CheckStatus.INVALID


@pytest.mark.parametrize(
    ("lines", "ranks", "state"),
    [
        (None, 1, CheckStatus.OK),
        (1, 1, CheckStatus.OK),
        (0, 1, CheckStatus.FINDING),
        (8, 8, CheckStatus.OK),
        (7, 8, CheckStatus.INVALID),
        (None, 8, CheckStatus.NOT_CHECKED),
    ],
)
def test_a_flush_is_confirmed_by_every_rank(lines, ranks, state):
    case = context(ranks=ranks)
    evidence = ServerEvidence(flush_status=200, flush_lines=lines)
    assert states(replace(case, run=replace(case.run, server=evidence)))["flush"] is state


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        ({}, CheckStatus.OK),
        ({"prompt_tokens": 202}, CheckStatus.OK),  # 1 %
        ({"prompt_tokens": 203}, CheckStatus.INVALID),
        ({"sequences": 3}, CheckStatus.INVALID),
        ({"sequences": 3, "cut": 1}, CheckStatus.OK),  # the rest of a prompt that was cut
        ({"prompt_tokens": 150}, CheckStatus.NOT_CHECKED),  # another node's log is missing
        ({"prefill_lines": 0}, CheckStatus.NOT_CHECKED),
    ],
)
def test_other_clients_by_the_log(seen, state):
    assert states(logged(**seen))["other_clients"] is state


def test_what_a_retraction_computes_again_is_ours():
    again = context(
        answer(0, server={"total_retractions": 1.0}),
        answer(1),
        log=replace(LOG, sequences=3, prompt_tokens=303),
    )
    assert states(again)["other_clients"] is CheckStatus.OK
    assert (
        states(replace(again, page_size=16, log=replace(LOG, sequences=3, prompt_tokens=345)))[
            "other_clients"
        ]
        is CheckStatus.OK
    )


@pytest.mark.parametrize(
    ("served", "state"),
    [
        (Served(2, 208), CheckStatus.OK),
        (Served(4, 210), CheckStatus.FINDING),
        (Served(3, 230), CheckStatus.INVALID),
        (Served(1, 104), CheckStatus.NOT_CHECKED),
        (Served(0, 0), CheckStatus.NOT_CHECKED),  # of two requests: another server's counters
        (None, CheckStatus.NOT_CHECKED),
    ],
)
def test_other_clients_by_the_counters(served, state):
    assert states(context(served=served))["other_clients"] is state
    assert "--enable-metrics" in found_in(context(), "other_clients").remedy


@pytest.mark.parametrize(
    ("answers", "workers", "state"),
    [(8, 1, CheckStatus.INVALID), (7, 1, CheckStatus.NOT_CHECKED), (8, 2, CheckStatus.NOT_CHECKED)],
)
def test_counters_that_count_none_of_many_answers_are_of_another_server(answers, workers, state):
    records = [answer(k) for k in range(answers)]
    case = context(*records, served=Served(0, 0), behind=Behind(workers=workers))
    assert found_in(case, "other_clients").state is state


def test_what_is_not_counted_is_not_taken_for_0():
    """Retractions that the answers do not count; answers without counts beside the server's counters."""
    seen = replace(LOG, sequences=3, prompt_tokens=303, retractions=1)
    assert found_in(context(log=seen), "other_clients").state is CheckStatus.NOT_CHECKED
    counted = context(*(answer(k, server={"total_retractions": float(k)}) for k in range(2)), log=seen)
    assert found_in(counted, "other_clients").state is CheckStatus.OK
    # the log has none: then there was none
    assert found_in(logged(sequences=3), "other_clients").state is CheckStatus.INVALID
    lost = context(answer(0), answer(1, prompt_tokens=None, completion_tokens=None), served=Served(2, 208))
    assert found_in(lost, "other_clients").state is CheckStatus.NOT_CHECKED
    assert "1 of 2 answers has no token counts" in found_in(lost, "other_clients").text


def test_graphs():
    # dp-attention, while another rank prefills
    assert states(logged(graph_on=4, graph_off=4))["graph"] is CheckStatus.OK
    assert states(logged(graph_on=0, graph_off=0, graph_above=8))["graph"] is CheckStatus.FINDING
    assert states(replace(logged(graph_off=8), uses_graphs=False))["graph"] is CheckStatus.OK


def test_a_stall_of_a_batch_point_is_one_of_the_full_batch():
    """The first answer waits 6 s for the second's prefill: by design. The same pause later is none."""
    early = (
        answer(0, arrivals=((110, 1), (6110, 2), (6120, 3), (6130, 4)), end=6131),
        answer(1, arrivals=((6105, 1), (6115, 2), (6125, 3), (6135, 4)), end=6136),
    )
    assert states(context(*early, batch_size=2, token_capacity=9999))["stall"] is CheckStatus.OK
    assert states(context(*early), "serving")["stall"] is CheckStatus.FINDING
    assert states(context(*early, stall_limit_s=7.0), "ali-prefill")["stall"] is CheckStatus.OK


def test_the_log_can_say_that_a_batch_was_reached():
    log = replace(LOG, batch_size=2, lines=10, at_size=1)
    assert states(replace(BROKEN["batch_reached"], log=log))["batch_reached"] is CheckStatus.OK
    assert (
        states(replace(BROKEN["batch_reached"], log=replace(log, at_size=0)))["batch_reached"]
        is CheckStatus.INVALID
    )


def test_the_log_can_say_that_a_batch_was_held():
    case = BROKEN["batch_held"]
    log = replace(LOG, batch_size=2, lines=10, at_size=5)
    assert states(replace(case, log=log))["batch_held"] is CheckStatus.OK
    assert states(replace(case, log=replace(log, at_size=4)))["batch_held"] is CheckStatus.INVALID


def test_a_half_that_was_read_at_one_moment_has_no_time_to_compare():
    arrivals = [(100 + 10 * k, k + 1) for k in range(100)] + [(2200, k + 1) for k in range(100, 200)]
    found = states(context(answer(0, arrivals=arrivals, output_len=200, end=2201), **FULL))
    assert found["first_run"] is CheckStatus.OK


def waves(*ms, count=80):
    """Answers after one another, each of count tokens that take so many ms each."""
    made, at = [], 100
    for index, step in enumerate(ms):
        arrivals = [(at + int(step * k), k + 1) for k in range(count)]
        made.append(answer(index, sent=at - 10, arrivals=arrivals, output_len=count, end=arrivals[-1][0] + 1))
        at = arrivals[-1][0] + 20
    return context(*made, **FULL)


def test_a_first_wave_that_is_slower_than_the_rest_is_a_first_run_effect():
    """Within the wave nothing changes: the halves are alike, and only the waves tell."""
    found = found_in(waves(13, 10, 10), "first_run")
    assert found.state is CheckStatus.FINDING
    assert (
        "the first wave took 13.00 ms a token and the 2 after it 10.00 ms (+30 %). Something was done"
        in found.text
    )
    assert "began with" not in found.text
    alike = found_in(waves(11, 10, 10), "first_run")
    assert alike.state is CheckStatus.OK
    assert "the 2 after it 10.00 ms (+10 %); the full batch began with 11.00 ms a token" in alike.text
    # what comes later is slower: no beginning's business
    assert found_in(waves(10, 13, 13), "first_run").state is CheckStatus.OK
    # too few tokens to compare
    assert found_in(waves(20, 10, 10, count=30), "first_run").state is CheckStatus.OK


def test_a_steady_batch_has_no_first_run_effect():
    assert states(context(steady(10, 11), **FULL))["first_run"] is CheckStatus.OK
    # too few tokens to compare
    assert states(context(steady(20, 10, count=60), **FULL))["first_run"] is CheckStatus.OK


def test_the_largest_batch_that_fits_is_named():
    """104 tokens a request: 3 fit into 330, 2 may run."""
    assert (
        "--batch-sizes up to 3," in found_in(context(batch_size=4, token_capacity=330), "batch_fits").remedy
    )
    assert (
        "--batch-sizes up to 2,"
        in found_in(context(batch_size=4, token_capacity=330, max_running=2), "batch_fits").remedy
    )
    assert "shorter prompts" in found_in(context(batch_size=1, token_capacity=100), "batch_fits").remedy


def test_requests_sent_late():
    late = ClientRecord(
        wall_s=10.0, cpu_s=0.1, loop_lag_max_ms=0.1, loop_lag_p99_ms=0.1, send_lag_max_ms=99.0
    )
    for lag, state in ((99.0, CheckStatus.OK), (500.0, CheckStatus.FINDING), (1500.0, CheckStatus.INVALID)):
        run = replace(run_of(answer()), client=replace(late, send_lag_max_ms=lag))
        assert states(replace(context(), run=run))["client"] is state, lag


def test_a_dead_load_process_is_invalid_and_lateness_is_said():
    seen = ClientRecord(10.0, 0.1, 0.1, 0.1, 3.0, send_lag_mean_ms=1.25, send_lag_p99_ms=2.5)
    run = replace(run_of(answer()), client=seen)
    assert (
        "Requests were sent 1.25 ms late on average, 2.50 ms at p99, 3.00 ms at most"
        in found_in(replace(context(), run=run), "client").text
    )
    dead = replace(
        run, client=replace(seen, failure="1 of 2 load processes ended with status -9 before the run did.")
    )
    check = found_in(replace(context(), run=dead), "client")
    assert (check.state, check.text) == (CheckStatus.INVALID, dead.client.failure)


def test_every_check_has_one_name_and_stands_in_its_stage_s_order():
    assert len(set(names())) == len(names())
    assert names()[:5] == ("completed", "resent", "finish_reason", "output_length", "token_counts")
    assert [check.stage for check in registered()] == sorted(check.stage for check in registered())
    assert {"curve_gpus", "capacity_agrees", "every_repeat"} <= set(names())


def test_a_check_that_registers_itself_is_made_allowed_and_in_the_documentation(monkeypatch):
    """Nothing else has to name it."""
    monkeypatch.setattr(registry, "REGISTERED", [*registry.REGISTERED])

    @Registration(
        Stage.PACE,
        evidence="arrivals",
        invalid="it is slow",
        why="slow is slow",
        finding_for=("tencent",),
        probe=True,
    )
    def slow(case):
        return Check("slow", CheckStatus.INVALID, "It is slow.")

    assert states(context())["slow"] is CheckStatus.INVALID
    assert states(context(), "tencent")["slow"] is CheckStatus.FINDING
    assert states(context(), probe=True)["slow"] is CheckStatus.INVALID and "flush" not in states(
        context(), probe=True
    )
    assert "slow" in names()
    assert "| `slow` | arrivals | it is slow | slow is slow | |" in make_validity_doc.checks()
    assert "| `tencent` | `slow` | |" in make_validity_doc.findings()


def test_a_probe_of_the_capacity_search_is_held_to_its_answers_and_the_client():
    assert list(states(context(), probe=True)) == [
        "completed", "finish_reason", "output_length", "token_counts", "tpot_defined", "request_ids",
        "prompt_length", "client", "one_read",
    ]  # fmt: skip


def test_missing_evidence_is_not_checked_and_strict_makes_it_invalid():
    case = context(answer(0, prompt_tokens=None, cached_tokens=None), flush_status=None, identity_before=None)
    found = states(case)
    for name in ("prompt_length", "prefix_cache", "flush", "same_server", "retraction", "other_clients"):
        assert found[name] is CheckStatus.NOT_CHECKED, name
    assert states(case, strict=True)["flush"] is CheckStatus.INVALID


@pytest.mark.parametrize(
    ("step_ms", "state"),
    [
        (None, CheckStatus.OK),
        (0.1, CheckStatus.OK),
        (-0.1, CheckStatus.OK),
        (0.101, CheckStatus.INVALID),
        (-3.25, CheckStatus.INVALID),
    ],
)
def test_a_time_of_day_that_was_set_during_the_load_spoils_its_times(step_ms, state):
    seen = ClientRecord(10.0, 0.1, 0.1, 0.1, 0.1, clock_step_ms=step_ms)
    check = found_in(replace(context(), run=replace(run_of(answer()), client=seen)), "client")
    assert check.state is state
    assert state is CheckStatus.OK or f"was set by {step_ms:+.3f} ms" in check.text


def test_a_late_event_loop_spoils_short_streams_only():
    slow = ClientRecord(1.0, 0.1, 9.0, 9.0, 0.1)
    # 30 ms between first and last token
    short = replace(context(), run=replace(run_of(answer()), client=slow))
    long = replace(
        context(), run=replace(run_of(answer(arrivals=((110, 1), (1110, 4)), end=1111)), client=slow)
    )
    assert states(short)["client"] is CheckStatus.INVALID
    assert states(long)["client"] is CheckStatus.OK


def test_answers_that_came_in_one_read_tell_no_time_between_tokens():
    one_read = replace(
        context(),
        run=replace(
            run_of(answer(arrivals=((110, 1), (110, 4)))), client=ClientRecord(1.0, 0.1, 0.1, 0.1, 0.1)
        ),
    )
    (found,) = [check for check in examine(one_read, "tencent") if check.name == "one_read"]
    assert found.state is CheckStatus.INVALID
    assert found.text.startswith("1 of 1 answer arrived in one read, 0 more in a few")


def test_lateness_is_held_against_what_is_judged():
    """Answers of two tokens, 10 ms apart, whose first comes after 31 ms:

    0.6 ms late at p99 is 12 % of one, 2 % of the other.
    """
    records = [answer(k, sent=0, arrivals=((31, 1), (41, 2)), end=41, output_len=2) for k in range(4)]
    late = replace(run_of().client, loop_lateness_ms=0.03, loop_lag_p99_ms=0.6)

    def said(*judged, **client):
        case = context(*records, judged=judged)
        return found_in(replace(case, run=replace(case.run, client=replace(late, **client))), "client")

    assert said("tpot.mean").message.id == "client.late_at_p99"  # 12 % at p99, 0.6 % on average
    assert said("tpot.mean", loop_lateness_ms=0.11).state is CheckStatus.INVALID  # 2.2 % on average
    for judged in (("tpot.p99",), ("tpot.mean", "itl.p99"), ("gap_max",)):
        assert said(*judged).state is CheckStatus.INVALID, judged
    assert said().state is CheckStatus.INVALID  # nothing is known of what is judged
    assert said("goodput.share").state is CheckStatus.INVALID
    for judged in (
        "ttft.mean",
        "classic.ttft.mean",
        "e2el.mean",
        "ttft_due.mean",
        "ttft.p99",
        "qpm",
        "total_throughput",
    ):
        assert said(judged).state is CheckStatus.OK, judged
    assert "0.03 ms late on average, where the mean TTFT is 31.0 ms" in said("ttft.mean").text
    assert said("ttft.mean", loop_lateness_ms=0.63).state is CheckStatus.INVALID  # 2 % of 31 ms are 0.62
    assert said("e2el.mean", loop_lateness_ms=0.63).state is CheckStatus.OK  # and of 41 ms 0.82
    assert said("ttft.mean", "e2el.mean", loop_lateness_ms=0.63).state is CheckStatus.INVALID
    assert said("ttft.mean", loop_lag_p99_ms=9.0).state is CheckStatus.OK  # a mean knows no p99
    assert said("ttft.p99", loop_lag_p99_ms=9.0).message.id == "client.late_for_percentile"
    assert said("qpm", loop_lateness_ms=9.0, loop_lag_p99_ms=9.0).state is CheckStatus.OK


def test_a_client_that_is_late_now_and_then_spoils_percentiles_not_the_mean():
    """One second of stream: 6 % at p99, 0.1 % on average."""
    streams = run_of(answer(arrivals=((110, 1), (1110, 4)), end=1111))
    seldom = ClientRecord(1.0, 0.1, 30.0, 30.0, 0.1, loop_lateness_ms=0.5)
    often = replace(seldom, loop_lateness_ms=15.0)
    found = {
        name: states(replace(context(), run=replace(streams, client=client)))["client"]
        for name, client in (("seldom", seldom), ("often", often))
    }
    assert found == {"seldom": CheckStatus.FINDING, "often": CheckStatus.INVALID}


def froze(*stalls_ms, records, judged, **client):
    seen = replace(run_of().client, stalls_ms=stalls_ms, **client)
    case = context(*records, judged=judged)
    return found_in(replace(case, run=replace(case.run, client=seen)), "client")


def test_a_freeze_over_the_first_tokens_is_no_matter_of_the_average():
    """32 s of stream, 0.2 s late on average; but all eight answers began while the client stood still for 3.6
    s.
    """
    records = [
        answer(
            k, sent=10, arrivals=((4000, 1), (33_000, 600)), output_len=600, completion_tokens=600, end=33_000
        )
        for k in range(8)
    ]
    asleep = {"records": records, "loop_lateness_ms": 199.0, "loop_lag_p99_ms": 2.0}
    found = froze((413, 3587), **asleep, judged=("tpot.mean",))
    assert found.state is CheckStatus.INVALID
    assert (
        "(longest 3587 ms, after 0.4 s) while tokens arrived; tpot.mean may be off by 12.4 % (limit 2 %)"
        in found.text
    )
    assert froze((413, 3587), **asleep, judged=("tpot.p50", "qpm")).state is CheckStatus.INVALID
    # its end was on time
    assert froze((413, 3587), **asleep, judged=("total_throughput",)).state is CheckStatus.OK
    assert froze((30_000, 3587), **asleep, judged=("total_throughput",)).state is CheckStatus.INVALID
    assert (
        froze((10_000, 3587), **asleep, judged=("tpot.mean", "ttft.mean")).state is CheckStatus.OK
    )  # in the middle of all answers
    assert froze((3500, 501), **asleep, judged=("tpot.mean",)).state is CheckStatus.OK  # 1.7 %
    # and 12.5 % of TTFT
    assert froze((3500, 501), **asleep, judged=("tpot.mean", "ttft.mean")).state is CheckStatus.INVALID


def lossy(judged, *, segments=3, first_ms=110, last_ms=140, more=()):
    """The first of the answers has so many segments out of order, and was read at these times."""
    times = {"first_read_ns": first_ms * MS, "last_read_ns": last_ms * MS}
    first = replace(answer(), out_of_order=segments, **times)
    return found_in(context(first, answer(1, out_of_order=0), *more, judged=judged), "client")


def test_tokens_that_waited_for_a_lost_segment():
    """Two answers of TTFT 100, TPOT 10 and E2EL 130 ms: the mean is off by half of what one of them is."""
    found = lossy(("ttft.mean", "qpm"), first_ms=115)
    assert (found.state, found.remedy) == (
        CheckStatus.INVALID,
        "Look for lost packets between the load host and the server.",
    )
    assert found.text == (
        "3 segments of 1 answer (6 events) came while one sent before was missing, with a time of arrival "
        "before the data could be read; ttft.mean may be off by 2.5 % (limit 2 %)."
    )
    assert lossy(("ttft.mean",), first_ms=113).state is CheckStatus.OK
    assert lossy(("e2el.mean",), first_ms=115).state is CheckStatus.OK
    assert lossy(("tpot.mean",), first_ms=112).state is CheckStatus.INVALID  # 2 of 30 ms, half of it
    assert lossy(("itl.mean",)).state is CheckStatus.OK


def test_metrics_whose_error_by_lost_segments_is_not_known():
    """The times of the first and the last token are right; what becomes of single gaps is not known."""
    found = lossy(("itl.p99",))  # 3 segments of 6 events
    assert found.state is CheckStatus.INVALID
    assert found.text.endswith(
        "the error of itl.p99 is not known, and these are 50.00 % of the events (limit 0.5 %)."
    )
    many = [answer(k, out_of_order=0) for k in range(2, 202)]  # 606 events of 202 answers
    for judged in ("itl.p99", "classic.itl.median", "full_batch.tpot"):
        assert lossy((judged,), segments=3, more=many).state is CheckStatus.FINDING, judged
        assert lossy((judged, "ttft.mean"), segments=4, more=many).state is CheckStatus.INVALID, judged
    # One segment can be what decides these.
    for judged in ("gap_max", "itl.max", "itl.min", "classic.itl.max", "ttft.std", "tpot.std", "e2el.std"):
        found = lossy((judged,), segments=1, more=many)
        assert (found.state, found.message.id) == (CheckStatus.INVALID, "client.out_of_order_extreme"), judged
        assert judged in found.text
    assert lossy(("itl.p99", "gap_max"), segments=1, more=many).state is CheckStatus.INVALID
    assert lossy(("e2el.max", "accept_length"), more=many).state is CheckStatus.OK


@pytest.mark.parametrize("judged", ["goodput.share", "goodput.request_throughput"])
def test_goodput_is_of_requests_and_not_of_segments(judged):
    """Of 50 answers the first k have one of 200 segments each, and 1000 events: below 0.5 % of these."""
    long = {"arrivals": tuple((110 + at, 1 + at) for at in range(1000)), "output_len": 1000, "end": 1200}
    records = [answer(k, **long) for k in range(50)]

    def said(affected, last_ms=1109):
        read = {"first_read_ns": 400 * MS, "last_read_ns": last_ms * MS}
        some = [replace(record, out_of_order=1, **read) for record in records[:affected]]
        rest = [replace(record, out_of_order=0) for record in records[affected:]]
        return found_in(context(*some, *rest, judged=(judged,)), "client")

    assert said(50).state is said(2).state is CheckStatus.INVALID
    assert "4.00 % of the requests may be affected (limit 2.0 %)" in said(2).text
    assert said(1).state is CheckStatus.FINDING
    # the rate is over the duration, which ends with the last token
    rate = judged.endswith("throughput")
    assert said(1, last_ms=1150).state is (CheckStatus.INVALID if rate else CheckStatus.FINDING)


@pytest.mark.parametrize(("judged", "most"), [("tpot.mean", 4), ("tpot.p99", 1)])
def test_tpot_that_is_known_within_bounds_has_no_error_bound(judged, most):
    texts = array("q", range(110 * MS, 160 * MS, MS))
    ends = {"arrivals": (), "completion_tokens": 50, "output_len": 50, "first_piece": "a"}
    uncounted = replace(answer(**ends), text_ns=texts, first_text_ns=texts[0], last_text_ns=texts[-1])
    records = [replace(uncounted, index=k, out_of_order=0) for k in range(200)]
    assert bounded.ends(uncounted) is not None

    def said(affected):
        waited = {"out_of_order": 1, "first_read_ns": 400 * MS, "last_read_ns": 400 * MS}
        some = [replace(record, **waited) for record in records[:affected]]
        return found_in(context(*some, *records[affected:], judged=(judged,)), "client").state

    assert said(most) is CheckStatus.FINDING
    assert said(most + 1) is CheckStatus.INVALID


def test_a_kernel_that_does_not_count_segments_out_of_order_is_named():
    words = "it is not known whether segments came out of order"
    for judged in (("tpot.mean",), ("qpm",)):  # each has an OK of its own
        half = found_in(context(answer(), answer(1, out_of_order=0), judged=judged), "client")
        assert half.state is CheckStatus.OK
        assert half.text.endswith(f"Of 1 of 2 answers {words} (lost packets): the kernel does not report it.")
        with in_language("zh"):
            assert "内核没有上报" in half.text
        known = context(*(answer(k, out_of_order=0) for k in range(2)), judged=judged)
        assert words not in found_in(known, "client").text


def test_one_token_answers_are_late_as_well():
    """They have no time between tokens, and were taken for measured by a client that looked at nothing."""
    records = [
        answer(k, sent=10, arrivals=((1010, 1),), output_len=1, completion_tokens=1, end=1011)
        for k in range(4)
    ]
    judged = ("input_throughput",)
    found = froze((900, 120), records=records, judged=judged)
    assert (found.state, "ttft.mean may be off by 11.0 %" in found.text) == (CheckStatus.INVALID, True)
    assert froze((1000, 15), records=records, judged=judged).state is CheckStatus.OK
    late = froze(records=records, judged=judged, loop_lateness_ms=21.0)
    assert (late.state, "21.00 ms late on average, where the mean TTFT is 1000.0 ms" in late.text) == (
        CheckStatus.INVALID,
        True,
    )
    assert froze(records=records, judged=judged, loop_lateness_ms=19.0).state is CheckStatus.OK


def test_answers_that_arrive_in_one_piece_have_no_pace():
    """A proxy that buffers: a TPOT of 0 ms would hold every objective."""
    whole = [answer(k, arrivals=((150, 1), (150, 2), (150, 4)), end=150) for k in range(2)]
    assert states(context(*whole))["one_read"] is CheckStatus.INVALID
    # a third of the mean would be 0 ms
    assert states(context(whole[0], answer(1), answer(2)))["one_read"] is CheckStatus.INVALID
    assert states(context(whole[0], *(answer(k) for k in range(1, 60))))["one_read"] is CheckStatus.OK


def test_answers_in_one_event_leave_the_mean_to_the_others():
    """14 of 16 answers came as one event after five seconds, and the mean TPOT was that of the other two."""
    some = [answer(0), *(answer(k, arrivals=((5000, 4),), end=5001) for k in range(1, 8))]
    text = (
        "7 of 8 answers of more than one token have no TPOT (first: request 1): no token followed their "
        "first event, and the mean"
    )
    for judged, state in (
        (("tpot.p50",), CheckStatus.INVALID),
        (("classic.tpot.mean",), CheckStatus.INVALID),
        (("gap_max",), CheckStatus.INVALID),
        (("itl.mean",), CheckStatus.INVALID),
        (("classic.itl.p99",), CheckStatus.INVALID),
        (("e2el.mean", "ttft.p99"), CheckStatus.FINDING),
        (("qpm",), CheckStatus.FINDING),
    ):
        found = found_in(context(*some, judged=judged), "tpot_defined")
        assert (found.state, found.text) == (state, f"{text} covers only the other 1.")
    alike = context(
        *(answer(k, arrivals=((120, 1),), output_len=1, completion_tokens=1) for k in range(2)),
        judged=("ttft.mean",),
    )
    assert states(alike)["tpot_defined"] is CheckStatus.OK  # an answer of one token has no TPOT to miss


def test_what_some_answers_say_and_others_do_not():
    """A count that is there for one of sixteen proves nothing of the rest."""
    whole = answer(0, server={"total_retractions": 0.0})
    for name, silent in (
        ("prompt_length", answer(1, prompt_tokens=None)),
        ("prefix_cache", answer(1, cached_tokens=None)),
        ("retraction", answer(1)),
        ("request_ids", answer(1, request_id=None)),
        (
            "token_counts",
            replace(
                answer(1), arrival_ns=array("q"), arrival_tokens=array("q"), last_text_ns=answer(1).end_ns
            ),
        ),
    ):
        found = found_in(context(whole, silent), name)
        assert found.state is CheckStatus.INVALID, name
        assert found.text.startswith("1 of 2 answers "), found.text
        assert found_in(context(silent), name).state is CheckStatus.NOT_CHECKED, name
        assert found_in(context(silent), name, strict=True).state is CheckStatus.INVALID, name


def test_v1_leaves_out_cached_tokens_where_nothing_was_cached():
    """sglang's usage_processor.py: no prompt_tokens_details for a count of 0."""
    case = context(answer(0, cached_tokens=1), answer(1, cached_tokens=None))
    assert states(case)["prefix_cache"] is CheckStatus.INVALID
    for backend in ("sglang-oai", "sglang-oai-chat"):
        assert (
            states(replace(case, run=replace(case.run, plan={"backend": backend})))["prefix_cache"]
            is CheckStatus.OK
        )


def test_one_answer_without_counts_hides_no_nonsense_in_the_others():
    """It made the check say for all that nothing is counted."""
    summed = replace(
        answer(0), arrival_ns=array("q"), arrival_tokens=array("q"), last_text_ns=answer(0).end_ns
    )
    found = found_in(
        context(summed, answer(1, arrivals=((110, 1), (120, 900), (130, 3), (140, 4)))), "token_counts"
    )
    assert found.state is CheckStatus.INVALID
    assert "request 1 are not usable: the count falls" in found.text


def gathered(events=40, reads=4, first=900, step=5, index=0):
    """An answer of 1 s from sent to last, its events in a few reads that are step ms apart."""
    a_read = events // reads
    arrivals = [(first + step * (k // a_read), k + 1) for k in range(events)]
    return answer(index, sent=0, arrivals=arrivals, output_len=events, end=arrivals[-1][0] + 1)


def test_an_answer_that_a_proxy_gathered_has_no_pace():
    found = found_in(context(gathered()), "one_read")
    assert found.state is CheckStatus.INVALID
    assert found.text.startswith(
        "0 of 1 answer arrived in one read, 1 more in a few reads at their end; at most 2 %"
    )
    one_of = [gathered(), *(answer(k) for k in range(1, 60))]
    assert states(context(*one_of))["one_read"] is CheckStatus.OK
    assert states(context(*one_of[:40]))["one_read"] is CheckStatus.INVALID  # 2.5 %


@pytest.mark.parametrize(
    "arrivals",
    [
        [(900 + 2 * k, k + 1) for k in range(40)],  # a queue, and then 2 ms a token
        [(100 + 20 * (k // 4), k + 1) for k in range(40)],  # a proxy that joins four events, all along
        # a queue, and half of the events in pairs
        [(900 + 2 * (k - k % 2 * (k < 20)), k + 1) for k in range(40)],
        [(900 + 2 * k, 8 * k + 8) for k in range(40)],  # a queue, and eight tokens an event
        [(240 + 5 * (k // 10), k + 1) for k in range(40)],  # so long a busy machine may have held it up
    ],
    ids=["queue", "joined", "queue-and-half-joined", "many-tokens-an-event", "soon"],
)
def test_a_queue_or_a_proxy_that_joins_a_few_events_gathers_nothing(arrivals):
    assert (
        states(context(answer(0, sent=0, arrivals=arrivals, output_len=arrivals[-1][1], end=2000)))[
            "one_read"
        ]
        is CheckStatus.OK
    )


def test_counts_at_the_streams_end_alone_are_not_checked_not_wrong():
    summed = replace(
        answer(0), arrival_ns=array("q"), arrival_tokens=array("q"), last_text_ns=answer(0).end_ns
    )
    assert states(context(summed))["token_counts"] is CheckStatus.NOT_CHECKED
    assert states(context(summed), "serving")["completed"] is CheckStatus.OK


def chat(*prompt_tokens, counted=(100, 90)):
    run = context(
        answer(0, prompt_tokens=prompt_tokens[0]), answer(1, prompt_tokens=prompt_tokens[1], input_len=90)
    )
    run = replace(
        run, run=replace(run.run, plan={"backend": "sglang-oai-chat"}), exact_prompt=False, counted=counted
    )
    (found,) = [check for check in examine(run, "tencent") if check.name == "prompt_length"]
    return found


def test_a_chat_template_s_tokens_are_not_the_prompt_s():
    """The same text stands around every message. Another number each is not known to be that; fewer is a cut
    prompt.
    """
    found = chat(112, 102)
    assert found.state is CheckStatus.OK
    assert (
        "counts 190 prompt tokens, as our tokenizer does for each of the 2 texts, and 12 more of its chat "
        "template" in found.text
    )
    assert chat(100, 90).state is CheckStatus.OK
    varying = chat(112, 103)
    assert varying.state is CheckStatus.NOT_CHECKED
    assert "12 to 13 tokens more a prompt" in varying.text
    assert chat(112, 60).state is CheckStatus.INVALID  # a template adds, and never takes away
    assert chat(99, 90).state is CheckStatus.INVALID


def test_only_chat_has_a_template():
    run = context(answer(0, prompt_tokens=112), exact_prompt=False, counted=(100,))
    assert states(run)["prompt_length"] is CheckStatus.INVALID


BAR = Calibration("measured", "", 16, 20.0, 101, tpot_error_pct=0.5, ttft_error_ms=-2.0, p99_itl_error_ms=1.0)
LONG = tuple((110 + 20 * k, k + 1) for k in range(101))  # as long as the calibration's answers


def calibrated(*margins, bar=BAR, arrivals=LONG):
    """One answer; margins are (metric, observed, limit)."""
    case = context(answer(0, arrivals=arrivals, output_len=len(arrivals), end=arrivals[-1][0] + 1))
    client = replace(case.run.client, calibration=bar)
    return replace(
        case, run=replace(case.run, client=client), margins=[Margin(*margin) for margin in margins]
    )


def test_the_client_s_error_is_held_against_a_tenth_of_the_margin():
    """TPOT 40 ms: 0.5 % is 0.2 ms, a tenth of 2 ms. TTFT: 2 ms, a tenth of 20 ms; its sign does not matter.

    Gaps: 1 of 10 ms.
    """
    for metric, figure, distance in (
        ("tpot.mean", 40.0, 2.0),
        ("ttft.mean", 100.0, 20.0),
        ("itl.p99", 30.0, 10.0),
    ):
        for side in (1, -1):
            assert (
                client_error(calibrated((metric, figure, figure + side * distance * 1.01))).state
                is CheckStatus.OK
            )
            found = client_error(calibrated((metric, figure, figure + side * distance * 0.99)))
            assert found.state is CheckStatus.INVALID and metric in found.text and found.remedy
    assert (
        client_error(calibrated(("tpot.mean", 40.0, 60.0), ("ttft.mean", 100.0, 110.0))).state
        is CheckStatus.INVALID
    )
    # the same arrivals as ttft's
    assert client_error(calibrated(("classic.ttft.mean", 100.0, 110.0))).state is CheckStatus.INVALID
    # no time that the client stamps
    assert client_error(calibrated(("qpm", 10.0, 10.01))).state is CheckStatus.OK
    # no margin at all
    assert client_error(calibrated(("tpot.mean", 50.0, 50.0))).state is CheckStatus.INVALID
    assert (
        client_error(calibrated(("tpot.mean", 50.0, 50.0), bar=replace(BAR, tpot_error_pct=0.0))).state
        is CheckStatus.OK
    )


def test_ends_weigh_more_in_shorter_answers():
    """51 tokens are half the calibration's 100 steps:

    0.2 ms become 0.4 ms, so 2.02 ms of margin is too little.
    """
    short = calibrated(("tpot.mean", 40.0, 42.02), arrivals=LONG[:51])
    assert client_error(short).state is CheckStatus.INVALID
    assert client_error(calibrated(("tpot.mean", 40.0, 44.04), arrivals=LONG[:51])).state is CheckStatus.OK


def test_an_error_that_is_not_known_is_not_checked():
    for state, says in (("ceiling", "too slow"), ("failed", "broke"), ("off", "--calibrate=off")):
        found = client_error(calibrated(("tpot.mean", 40.0, 41.0), bar=Calibration(state, says)))
        assert found.state is CheckStatus.NOT_CHECKED and says in found.text and found.remedy
    # 50 against 40 tokens/s
    beyond = client_error(calibrated(("tpot.mean", 40.0, 41.0), bar=replace(BAR, streams=1, itl_ms=25.0)))
    assert beyond.state is CheckStatus.NOT_CHECKED and "more than the 40" in beyond.text
    assert "client_error" not in states(context())  # not asked for
    assert (
        states(calibrated(bar=Calibration("off", "--calibrate=off")), strict=True)["client_error"]
        is CheckStatus.INVALID
    )


def test_the_client_s_error_invalidates_for_every_method_and_can_be_allowed():
    case = calibrated(("tpot.mean", 40.0, 41.0))
    for method in ("ali-decode", "tencent", "serving"):
        assert states(case, method)["client_error"] is CheckStatus.INVALID
    assert states(case, allow=("client_error",))["client_error"] is CheckStatus.FINDING


@pytest.mark.parametrize(
    ("status", "words"),
    [(400, "stop other clients"), (401, "admin key"), (404, "Nothing answers /flush_cache"), (500, "log")],
)
def test_a_refused_flush_has_a_remedy_of_its_own_and_names_the_way_without(status, words):
    found = found_in(context(flush_status=status), "flush")
    assert words in found.remedy and "--no-flush-cache" in found.remedy


def test_a_cache_that_was_not_flushed_says_why_in_its_first_line():
    cached = [answer(k, cached_tokens=8) for k in range(2)]
    by_option = found_in(context(*cached, flush_status=None), "prefix_cache")
    assert by_option.text.endswith("at most 1 % may: it was not flushed (--no-flush-cache).")
    assert by_option.remedy.startswith("Leave out --no-flush-cache. Flush the cache")
    refused = found_in(context(*cached, flush_status=400), "prefix_cache")
    assert refused.text.endswith("at most 1 % may: its flush before the run was answered with HTTP 400.")
    assert found_in(context(*cached), "prefix_cache").text.endswith("at most 1 % may.")
    assert "--no-flush-cache" not in found_in(context(*cached), "prefix_cache").remedy


@pytest.mark.parametrize(
    ("ttft", "e2el", "message", "state"),
    [
        (99.0, 129.0, "ok", CheckStatus.OK),
        (149.0, 179.0, "ok", CheckStatus.OK),  # within 50 ms
        (151.0, 175.0, "shorter", CheckStatus.INVALID),
        (149.0, 181.0, "shorter", CheckStatus.INVALID),
        (90.0, 139.0, "ok", CheckStatus.OK),  # decoding took 30 ms here and 49 ms there
        (80.0, 130.5, "decoding_differs", CheckStatus.FINDING),  # 50.5 ms there
        (48.0, 129.0, "shorter", CheckStatus.INVALID),  # 81 ms there
        (51.0, 129.0, "decoding_differs", CheckStatus.FINDING),  # 78 ms there
        (99.0, 108.0, "decoding_differs", CheckStatus.FINDING),  # 9 ms there
        (50.0, 79.0, "ok", CheckStatus.OK),  # 50 ms late: a burst's way through the HTTP loop
    ],
)
def test_the_server_s_clock(ttft, e2el, message, state):
    check = found_in(context(served=timed(ttft, e2el)), "server_agrees")
    assert (check.message.id, check.state) == (f"server_agrees.{message}", state)


def test_first_tokens_that_come_late_are_a_finding():
    held = context(answer(0, arrivals=((1000, 1), (1030, 4)), end=1031), served=timed(400.0, 430.0))
    check = found_in(held, "server_agrees")
    assert (check.message.id, check.state) == ("server_agrees.ttft_longer", CheckStatus.FINDING)
    assert check.message.arguments["late"] == pytest.approx(590.0)


@pytest.mark.parametrize("clock", [{}, {"server.ttft": 99.0}])
def test_the_server_s_clock_over_other_requests_is_no_witness(clock):
    check = found_in(context(served=Served(3, 300, clock)), "server_agrees")
    assert (check.message.id, check.state) == ("server_agrees.other_requests", CheckStatus.NOT_CHECKED)


@pytest.mark.parametrize(
    ("throttled", "reasons", "state", "text"),
    [
        (0, {"gpu_idle": 1}, CheckStatus.OK, "power limit in 0 % of"),
        (0, {"sw_power_cap": 150}, CheckStatus.OK, "power limit in 75 % of"),
        (2, {"hw_slowdown": 2}, CheckStatus.OK, "power limit in 0 % of"),
        (3, {"hw_slowdown": 3, "sw_power_cap": 200}, CheckStatus.FINDING, "(hw_slowdown 2 %)"),
        (
            150,
            {"sw_thermal_slowdown": 150, "hw_power_brake_slowdown": 100},
            CheckStatus.FINDING,
            "GPU 2 was slowed by heat, its board or its power supply in 75 % of n=200 samples "
            "(sw_thermal_slowdown 75 %, hw_power_brake_slowdown 50 %)",
        ),
    ],
)
def test_a_gpu_that_was_slowed(throttled, reasons, state, text):
    case = context(gpus=gpus(throttled=throttled, reasons=reasons))
    check = found_in(case, "gpu_throttled")
    assert check.state is state and text in check.text
    strict = CheckStatus.INVALID if state is CheckStatus.FINDING else state
    assert states(case, strict=True)["gpu_throttled"] is strict


def test_gpus_that_report_too_little_are_no_witnesses_and_strict_does_not_ask_for_them():
    assert not {"gpu_throttled", "gpu_shared"} & states(context()).keys()
    silent = context(gpus=gpus(samples=0, others=None))
    assert not {"gpu_throttled", "gpu_shared"} & states(silent, strict=True).keys()


def test_other_processes_on_the_gpus():
    check = found_in(context(gpus=gpus(others=["4711 python3", "4712"])), "gpu_shared")
    assert "4711 python3, 4712" in check.text and "--gpu-index" in check.remedy
