"""Which server a log's start names, in both forms of its line."""

from __future__ import annotations

import pytest

from slabench.server.log.start import named

BEFORE = b"[2026-11-01 10:00:00] server_args=ServerArgs(model_path='/m/%s', tokenizer_path='/t', grpc=False, "
BEFORE += b"disaggregation_bootstrap_port=8998, nccl_port=4, host='0.0.0.0', port=%d, tp_size=8)\n"
DICT = b"[2026-11-01 10:00:00] server_args={'model_path': '/m/v3', 'bootstrap_port': 8998, 'port': 30001}\n"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (BEFORE % (b"r1", 30000), {"model": "/m/r1", "port": "30000"}),
        (DICT, {"model": "/m/v3", "port": "30001"}),
        (BEFORE % (b"r1", 30000) + b"more\n" + DICT, {"model": "/m/v3", "port": "30001"}),  # the last start
        (BEFORE % (b"caf\xc3\xa9", 1), {"model": "/m/café", "port": "1"}),
        (BEFORE[:60], {}),
        (b"no start at port=30000\n", {}),
        (b"", {}),
    ],
)
def test_the_last_start_is_named(text: bytes, names: dict[str, str]) -> None:
    assert named(text) == names
