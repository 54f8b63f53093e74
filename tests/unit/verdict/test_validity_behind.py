"""What flush, same_server and batch_fits say of several servers behind a router."""

from dataclasses import replace

import pytest

from slabench.records import ErrorKind, ServerEvidence
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.validity.context import Behind
from tests.unit.verdict.test_validity import answer, context, found_in

MINI_LB, GATEWAY = Behind("mini_lb", 3), Behind("gateway", 3)
ONE_OF_PD = Behind("none", 1, 0, whole=False)


def flushed(behind, ranks, **evidence):
    case = context(behind=behind, ranks=ranks)
    return found_in(
        replace(case, run=replace(case.run, server=ServerEvidence(**{"flush_status": 200, **evidence}))),
        "flush",
    )


@pytest.mark.parametrize(
    ("behind", "ranks", "evidence", "state", "said"),
    [
        (GATEWAY, 3, {"flush_workers": (3, 3)}, CheckStatus.OK, "all 3 servers flushed"),
        (
            GATEWAY,
            3,
            {"flush_status": 206, "flush_workers": (2, 3)},
            CheckStatus.INVALID,
            "HTTP 206 (2 of 3 servers flushed)",
        ),
        (GATEWAY, 3, {"flush_workers": (2, 3)}, CheckStatus.NOT_CHECKED, "a flush of 2 of 3 servers"),
        # it lists a third
        (GATEWAY, 3, {"flush_workers": (2, 2)}, CheckStatus.NOT_CHECKED, "a flush of 2 of 2 servers"),
        (GATEWAY, 3, {}, CheckStatus.NOT_CHECKED, "is not reported"),
        # dp 8 each
        (GATEWAY, 24, {"flush_workers": (3, 3)}, CheckStatus.NOT_CHECKED, "only the first of each server"),
        (GATEWAY, 24, {"flush_workers": (3, 3), "flush_lines": 24}, CheckStatus.OK, "of all 24 schedulers"),
        (MINI_LB, 3, {}, CheckStatus.NOT_CHECKED, "answers 200 whatever the servers answer"),
        (MINI_LB, 3, {"flush_lines": 3}, CheckStatus.OK, "of all 3 schedulers"),
        # one has no log here
        (MINI_LB, 3, {"flush_lines": 2}, CheckStatus.NOT_CHECKED, "answers 200 whatever the servers answer"),
        (MINI_LB, 3, {"flush_status": 404}, CheckStatus.INVALID, "HTTP 404"),
        (ONE_OF_PD, 1, {}, CheckStatus.NOT_CHECKED, "The status 200 is of one server"),
        (ONE_OF_PD, 1, {"flush_lines": 1}, CheckStatus.NOT_CHECKED, "The status 200 is of one server"),
        (Behind("gateway", 1), 1, {"flush_workers": (1, 1)}, CheckStatus.OK, "The server confirmed"),
    ],
)
def test_what_a_router_s_status_is_worth(behind, ranks, evidence, state, said):
    check = flushed(behind, ranks, **evidence)
    assert (check.state, said in check.text) == (state, True), check
    assert check.state is CheckStatus.OK or check.remedy


@pytest.mark.parametrize(
    ("behind", "state", "said"),
    [
        (Behind("gateway", 3), CheckStatus.OK, "The same 3 server processes"),
        (
            Behind("gateway", 3, 1),
            CheckStatus.NOT_CHECKED,
            "1 of 3 servers behind the router did not answer themselves",
        ),
        (
            ONE_OF_PD,
            CheckStatus.NOT_CHECKED,
            "the other servers of this prefill/decode deployment are not reported",
        ),
        (Behind(), CheckStatus.OK, "The same server process"),
    ],
)
def test_servers_that_nothing_is_known_of_are_not_watched(behind, state, said):
    check = found_in(context(behind=behind), "same_server")
    assert (check.state, said in check.text) == (state, True), check


def test_a_restart_is_seen_where_others_are_not_watched():
    case = context(behind=Behind("gateway", 3, 1), identity_after=(("random_seed", 8),))
    assert found_in(case, "same_server").state is CheckStatus.INVALID


def test_a_capacity_that_not_all_servers_report():
    check = found_in(context(batch_size=2, token_capacity=None, behind=ONE_OF_PD), "batch_fits")
    assert (check.state, "Not all of the servers" in check.text) == (CheckStatus.NOT_CHECKED, True)


@pytest.mark.parametrize(
    ("statuses", "named"), [((404, 404), True), ((501, 501), True), ((501, 503), False), ((503, None), False)]
)
def test_an_endpoint_that_a_gateway_does_not_serve(statuses, named):
    bad = [
        replace(answer(k, error=ErrorKind.HTTP_STATUS), status=status) for k, status in enumerate(statuses)
    ]
    check = found_in(context(*bad), "completed")
    assert (check.state, "use --backend=sglang-oai" in check.remedy) == (CheckStatus.INVALID, named)
