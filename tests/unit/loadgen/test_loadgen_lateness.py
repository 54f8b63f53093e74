"""How late the load process stamps on average, from samples of its event loop; worked by hand."""

from array import array
from types import SimpleNamespace

import pytest

from slabench.loadgen.driver import LoadDriver

MS = 1_000_000


@pytest.mark.parametrize(
    ("lags_ms", "expected_ms"),
    [
        ([0, 0, 0, 0], 0.0),
        # one sample of 2 ms in ten, 20 ms apart: 2 * (20 + 1) over 200 + 2
        ([2] + [0] * 9, 42 / 202),
        # a freeze of a second is worked off for a second: 1000 * (20 + 500) over 80 + 1000
        ([0, 0, 0, 1000], 520_000 / 1080),
    ],
)
def test_the_lateness_of_an_arrival_at_a_random_moment(lags_ms, expected_ms):
    driver = SimpleNamespace(lag_ns=array("q", [lag * MS for lag in lags_ms]))
    assert LoadDriver.lateness_ns(driver) == pytest.approx(expected_ms * MS)


def test_no_sample_is_no_lateness():
    assert LoadDriver.lateness_ns(SimpleNamespace(lag_ns=array("q"))) is None
