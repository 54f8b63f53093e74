"""The ali tests' points come from the command line: --batch-sizes, --prefill-lens."""

import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "batch_size" in metafunc.fixturenames:
        metafunc.parametrize("batch_size", metafunc.config.getoption("batch_sizes"), ids="bs{}".format)
    if "prefill_len" in metafunc.fixturenames:
        metafunc.parametrize("prefill_len", metafunc.config.getoption("prefill_lens"), ids="in{}".format)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The later form's saturation step takes long: without --saturation it is not part of the run, and not a skip."""
    if not config.getoption("saturation"):
        items[:] = [item for item in items if item.get_closest_marker("saturation") is None]
