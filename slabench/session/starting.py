"""Starting a server: the embedded one by its profile, or any by a command with its environment."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.places import TOKENIZER
from slabench.request_extras import parse_headers
from slabench.session.setting_checks import SIM
from slabench.session.setting_urls import LAUNCH

if TYPE_CHECKING:
    from slabench.server.launch import Launched
    from slabench.session.settings import Settings


@dataclass(frozen=True, slots=True)
class Start:
    """What is to be started. option: the one that names the URL, for errors about it."""

    option: str
    # sim:PROFILE, launch: (the command shows the address), or where the command's server will listen
    url: str = field(repr=False)
    command: str | None = field(repr=False)
    environment: Sequence[str] = field(repr=False)  # NAME=VALUE


def bearer(key: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


def start(options: Namespace, server: Start, log: str, key: str | None) -> Launched:
    """A server that is ready for requests. ConfigError or ServerError: then nothing is left running."""
    from slabench.server.launch import launch

    url = server.url
    if url.startswith(SIM):
        from slabench.sim.profiles import UnknownProfile, read_profile

        profile = url.removeprefix(SIM) or "demo"
        try:
            read_profile(profile)
        except UnknownProfile as error:
            raise ConfigError(
                Message("option.at_server", option=server.option, url=url, why=error)
            ) from error
        # The profile goes through argv, never through a shell.
        words = [sys.executable, "-P", "-m", "slabench.sim", "--profile", profile, "--port", "{port}"]
        return launch([*words, "--log", "-", "--tokenizer", str(TOKENIZER)], log, ready_timeout=60.0)
    assert server.command is not None, "there is a command where the URL is not the embedded server's"
    return launch(
        with_environment(server.command, server.environment),
        log,
        base_url=None if url == LAUNCH else url,
        ready_timeout=options.launch_timeout,
        headers={**bearer(key), **parse_headers(options.header or ())},
        ca_file=options.ca_file,
    )


def without_port(settings: Settings) -> Iterator[Message]:
    """A sentence for each command to start whose server's port is not known from it."""
    from slabench.server.launch_command import DEFAULT_PORT, names_no_port

    options = settings.options
    sides = (
        ("--launch", settings.base_urls[0], options.launch),
        ("--baseline-launch", settings.baseline_url, options.baseline_launch),
    )
    for option, url, command in sides:
        if command is not None and url == LAUNCH and names_no_port(command):
            yield Message("launch.no_port", option=option, port=DEFAULT_PORT, limit_s=options.launch_timeout)


def with_environment(command: str, environment: Sequence[str]) -> Sequence[str] | str:
    """The command with NAME=VALUE words before it, as launch() reads them; in no shell, and in no output."""
    if not environment:
        return command
    try:
        return [*environment, *shlex.split(command)]
    except ValueError as error:
        raise ConfigError(Message("option.server_words", why=error)) from error
