"""A decode curve without its server's log is known before any load: what it needs, how to leave it out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from slabench.errors import ConfigError
from slabench.session.settings import SIM, Settings

CURVE = "judge_curve"  # the fixture of a test that reads the server's log


def missing_logs(items: Sequence[pytest.Item], settings: Settings) -> str | None:
    """The sentence on a curve that cannot have its lines; None if there is none.

    ConfigError with it where the run is a gate: its load would take hours, and its outcome would be INVALID.
    """
    options, other = settings.options, settings.baseline_url
    sides = (
        (settings.base_urls[0], options.launch, options.deploy_log, "--deploy-log=FILE"),
        (other or SIM, options.baseline_launch, options.baseline_deploy_log, "--baseline-deploy-log=FILE"),
    )
    missing = [option for url, launch, log, option in sides if not (url.startswith(SIM) or launch or log)]
    curve = next((item.nodeid for item in items if CURVE in getattr(item, "fixturenames", ())), None)
    if curve is None or not missing:
        return None
    sentence = (
        f"{curve} is made from the server's log, and none is given: add {' and '.join(missing)} (one file "
        f"per node, comma separated), or leave the test out with --deselect={curve}."
    )
    if settings.gate is not None:
        raise ConfigError(f"{sentence} Under {settings.gate} it would be INVALID, so no load was sent.")
    return f"{sentence} It will be INVALID."
