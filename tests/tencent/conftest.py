"""tencent's points: 128, 256 and 512 prompts, or the one of --num-prompts."""

import pytest

from slabench.methods import TENCENT_COUNTS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "num_prompts" in metafunc.fixturenames:
        given = metafunc.config.getoption("num_prompts")
        metafunc.parametrize("num_prompts", TENCENT_COUNTS if given is None else (given,), ids="np{}".format)
