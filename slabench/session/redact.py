"""The command line's secrets: registered before anything can print them, and left out of what run.json keeps
of it.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any


def know_secrets(given: Namespace, environment: Mapping[str, str]) -> None:
    """Every secret that the options and the environment hold; the very first thing that is done with them."""
    from slabench.server.secrets import know, know_command, know_environment, know_header, know_url

    know_environment(environment)
    know(*(environment.get(name) for name in (given.api_key_env, given.baseline_api_key_env) if name))
    urls = [given.base_url] if isinstance(given.base_url, str) else list(given.base_url or ())
    for url in (*urls, given.baseline_url, environment.get("SLABENCH_BASE_URL")):
        know_url(url or "")
    for command in (given.launch, given.baseline_launch):
        know_command(command or "")
    for assignment in (*(given.env or ()), *(given.baseline_env or ())):
        know_command([assignment])
    for header in given.header or ():
        know_header(header.partition(":")[2].strip())


def redact_options(options: dict[str, Any]) -> dict[str, Any]:
    """Our options by name, values as plain types; URLs without credentials, commands without secrets."""
    from slabench.option_table import OPTIONS
    from slabench.server.secrets import REDACTED, redact_url, scrub_text

    def redact(text: str) -> str:
        return scrub_text(redact_url(text) if text.startswith(("http://", "https://")) else text)

    found: dict[str, Any] = {}
    for option in OPTIONS:
        value = options.get(option.dest)
        if option.dest == "header":
            value = [f"{header.partition(':')[0]}: {REDACTED}" for header in value or ()]
        if isinstance(value, tuple | list):
            found[option.dest] = [redact(one) if isinstance(one, str) else one for one in value]
        else:
            found[option.dest] = (
                redact(value) if isinstance(value, str) else "inf" if value == float("inf") else value
            )
    return found


def redact_command(command: list[str]) -> list[str]:
    from slabench.server.secrets import scrub_command

    return ["pytest", *scrub_command(command)]
