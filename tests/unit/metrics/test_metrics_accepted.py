"""The accept length: where it is read, and that nothing is made up."""

import pytest

from slabench.metrics.accepted import accept_length
from slabench.report.bench_serving_block import bench_serving_block


@pytest.mark.parametrize(
    ("info", "logged", "found"),
    [
        ({"internal_states": [{"avg_spec_accept_length": 3.55}]}, [], 3.55),
        ({"internal_states": {"avg_spec_accept_length": 3.55}}, [2.0], 3.55),
        ({"internal_states": [{"avg_spec_accept_length": 3}, {"avg_spec_accept_length": 4}]}, [], 3.5),
        ({"avg_spec_accept_length": 3.55, "internal_states": [{}]}, [], 3.55),
        ({"internal_states": [{}]}, [2.0, None, 3.0], 2.5),
        (None, [1.5], 1.5),
        ({"internal_states": [{"avg_spec_accept_length": 0}]}, [], None),
        ({"internal_states": [{"avg_spec_accept_length": True}, None, 7]}, [None], None),
        ({"internal_states": "x", "avg_spec_accept_length": "3"}, [float("nan")], None),
        (None, [], None),
    ],
)
def test_where_it_is_read(info, logged, found):
    assert accept_length(info, logged) == ({} if found is None else {"accept_length": found})


def test_the_block_has_its_line_where_the_server_speculates():
    assert "Accept length:                           3.55" in bench_serving_block({}, {"accept_length": 3.55})
    assert "Accept length" not in bench_serving_block({}, {})
