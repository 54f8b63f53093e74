"""The ali tests' points come from the command line: --batch-sizes, --prefill-lens."""

from pathlib import Path

import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "batch_size" in metafunc.fixturenames:
        metafunc.parametrize("batch_size", metafunc.config.getoption("batch_sizes"), ids="bs{}".format)
    if "prefill_len" in metafunc.fixturenames:
        metafunc.parametrize("prefill_len", metafunc.config.getoption("prefill_lens"), ids="in{}".format)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The later form's saturation step takes long: without --saturation it is not part of the run, and not a
    skip.
    """
    return (
        True if collection_path.name == "test_saturation.py" and not config.getoption("saturation") else None
    )
