"""The ali tests' points come from the command line: --batch-sizes, --prefill-lens."""

from pathlib import Path

import pytest

from slabench.methods import ALI_BATCH_SIZES, ALI_PREFILL_LENS
from slabench.session.gate_quick import PREFILL_LENS, is_quick, point_id


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    options = metafunc.config.option
    if "batch_size" in metafunc.fixturenames:
        sizes = options.batch_sizes or ALI_BATCH_SIZES
        metafunc.parametrize("batch_size", sizes, ids=point_id("bs{}", options))
    if "prefill_len" in metafunc.fixturenames:
        lengths = options.prefill_lens or (PREFILL_LENS if is_quick(options) else ALI_PREFILL_LENS)
        metafunc.parametrize("prefill_len", lengths, ids=point_id("in{}", options))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The later form's saturation step takes long: without --saturation it is not part of the run, and not a
    skip.
    """
    return (
        True if collection_path.name == "test_saturation.py" and not config.getoption("saturation") else None
    )
