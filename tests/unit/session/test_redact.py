"""Every place where an option or a variable holds a secret makes it known, so that no output shows it."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import pytest

from slabench.report.sanitize import plain
from slabench.session.redact import know_secrets

SECRET = "Hush9/Zq7xT-quiet"
NOTHING: dict[str, Any] = {
    "api_key_env": None,
    "baseline_api_key_env": None,
    "base_url": None,
    "baseline_url": None,
    "launch": None,
    "baseline_launch": None,
    "load_command": None,
    "env": None,
    "baseline_env": None,
    "header": None,
    "gpu_telemetry": "auto",
}


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        ({}, {"HF_TOKEN": SECRET}),
        ({}, {"GIT_URL": "https://me:Hush9%2FZq7xT-quiet@git.example/x"}),
        ({"api_key_env": "PLAIN"}, {"PLAIN": SECRET}),
        ({"baseline_api_key_env": "PLAIN"}, {"PLAIN": SECRET}),
        ({"base_url": ["http://h:1", "http://me:Hush9%2FZq7xT-quiet@h:2"]}, {}),
        ({"base_url": "http://h:1?sig=Hush9%2FZq7xT-quiet"}, {}),
        ({"baseline_url": "http://me:Hush9%2FZq7xT-quiet@h:2"}, {}),
        ({}, {"SLABENCH_BASE_URL": "http://h:1?sig=Hush9%2FZq7xT-quiet"}),
        ({"launch": f"python -m x --api-key {SECRET}"}, {}),
        ({"baseline_launch": f"API_KEY={SECRET} python -m x"}, {}),
        ({"load_command": f"kubectl --token {SECRET} exec -i {{host}} --"}, {}),
        ({"env": [f"DB_PASS={SECRET}"]}, {}),
        ({"baseline_env": [f"DB_PASS={SECRET}"]}, {}),
        ({"header": [f"X-Org: {SECRET}"]}, {}),
        ({"gpu_telemetry": "http://me:Hush9%2FZq7xT-quiet@h:9400"}, {}),
    ],
)
def test_a_secret_of_each_place_is_known(options: dict[str, Any], environment: dict[str, str]) -> None:
    text = f"the server says {SECRET}"
    know_secrets(Namespace(**NOTHING), {})
    assert plain(text) == text
    know_secrets(Namespace(**NOTHING | options), environment)
    assert plain(text) == "the server says ***"
