"""The pytest plugin: `-p slabench.plugin`, or `pytest_plugins = ("slabench.plugin",)` in a conftest.py.

Only this package imports pytest. Its parts are plugins of their own, registered after those of the
environment: their hooks and options are laid over pytest-html's, pytest-base-url's and others'. `-p` is read
before the environment's plugins are loaded, so that the parts of a plugin named there wait for the first hook
after it; a conftest.py comes later by itself.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

PARTS = (
    "slabench.plugin.options",
    "slabench.plugin.suites",
    "slabench.plugin.order",
    "slabench.plugin.traceback_lines",
    "slabench.plugin.recorder",
    "slabench.plugin.reporting",
    "slabench.plugin.preflight",
    "slabench.plugin.html",
    "slabench.plugin.fixtures",
    "slabench.plugin.plan",
    "slabench.plugin.gate_tests",
)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Called when this plugin is registered."""
    config = pluginmanager.get_plugin("pytestconfig")
    known = getattr(config, "known_args_namespace", None)
    if config is None or known is None or __name__ in known.plugins:
        return
    _register(config)
    _explain_unknown(config, parser)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser
) -> Generator[None, None, None]:
    """Not called where a conftest.py registers this plugin: that happens within it."""
    _register(early_config)
    yield
    # with the options of the repository's own conftest.py among the known ones
    _explain_unknown(early_config, parser)


def _register(config: pytest.Config) -> None:
    for part in PARTS:
        config.pluginmanager.import_plugin(part)


def _explain_unknown(config: pytest.Config, parser: pytest.Parser) -> None:
    from slabench.options.argparse_words import translate_argparse
    from slabench.plugin.options import explain_unknown

    translate_argparse()
    explain_unknown(parser, [str(part) for part in config.invocation_params.args])
