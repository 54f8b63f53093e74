"""The command line's secrets: registered before anything can print them, and left out of run.json."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from slabench.options.table import OPTIONS
from slabench.server import secrets


def know_secrets(options: Namespace, environment: Mapping[str, str]) -> None:
    """Every secret that the options and the environment hold; the very first thing that is done with them."""
    secrets.know_environment(environment)
    names = (options.api_key_env, options.baseline_api_key_env)
    secrets.know(*(environment.get(name) for name in names if name))
    urls = [options.base_url] if isinstance(options.base_url, str) else list(options.base_url or ())
    for url in (*urls, options.baseline_url, options.gpu_telemetry, environment.get("SLABENCH_BASE_URL")):
        secrets.know_url(url or "")
    assignments = (*(options.env or ()), *(options.baseline_env or ()))
    commands = (options.launch, options.baseline_launch, options.load_command)
    for command in (*commands, *([text] for text in assignments)):
        secrets.know_command(command or "")
    for header in options.header or ():
        secrets.know_header(header.partition(":")[2].strip())


def redact_options(values: Mapping[str, Any]) -> dict[str, Any]:
    """Our options by name, values as plain types; URLs without credentials, commands without secrets."""
    redacted = {option.dest: _redacted(values.get(option.dest)) for option in OPTIONS}
    headers = (header.partition(":")[0] for header in values.get("header") or ())
    return redacted | {"header": [f"{name}: {secrets.REDACTED}" for name in headers]}


def _redacted(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_redacted(part) for part in value]
    if isinstance(value, str):
        url = value.startswith(("http://", "https://"))
        return secrets.scrub_text(secrets.redact_url(value) if url else value)
    return "inf" if value == float("inf") else value


def redact_command(command: list[str]) -> list[str]:
    return ["pytest", *secrets.scrub_command(command)]
