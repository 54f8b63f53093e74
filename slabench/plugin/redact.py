"""What run.json keeps of the command line: everything but its secrets."""

from __future__ import annotations

from typing import Any


def redact_options(options: dict[str, Any]) -> dict[str, Any]:
    """Our options by name, values as plain types; URLs without credentials, commands without secrets."""
    from slabench.plugin.option_table import OPTIONS
    from slabench.server.secrets import redact_url, scrub_text

    def redact(text: str) -> str:
        return redact_url(text) if "://" in text else scrub_text(text)

    found: dict[str, Any] = {}
    for option in OPTIONS:
        value = options.get(option.dest)
        if isinstance(value, tuple | list):
            found[option.dest] = [redact(one) if isinstance(one, str) else one for one in value]
        else:
            found[option.dest] = redact(value) if isinstance(value, str) else "inf" if value == float("inf") else value
    return found


def redact_command(command: list[str]) -> list[str]:
    from slabench.server.secrets import scrub_command

    return ["pytest", *scrub_command(command)]
