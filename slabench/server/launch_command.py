"""The command line of `--launch`: its port, its words, and where its server will listen."""

from __future__ import annotations

import contextlib
import itertools
import random
import re
import shlex
import socket
from collections.abc import Mapping, Sequence

from slabench.errors import ConfigError, ServerError
from slabench.messages import Message

DEFAULT_PORT = 30000  # sglang's own
# Below those that the kernel gives to connections, from 32,768 on, and so 10,000 more, which sglang 0.5.12
# takes for gRPC: it refuses to start where that is above 65,535.
PORTS = range(20_001, 22_768)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


def free_port() -> int:
    """A loopback TCP port that is free now, one of PORTS. ServerError if none of a hundred was."""
    for port in random.SystemRandom().sample(PORTS, 100):
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise ServerError(Message("reach.no_port", first=PORTS.start, last=PORTS.stop - 1))


def split_command(command: str | Sequence[str], port: int | None = None) -> tuple[dict[str, str], list[str]]:
    """ "FOO=1 python -m x --port {port}" -> ({"FOO": "1"}, words). No shell is involved. ConfigError if there
    is no command.

    {port} is replaced by port, or by a free one.
    """
    try:
        words = shlex.split(command) if isinstance(command, str) else list(command)
    except ValueError as error:
        raise ConfigError(Message("option.launch_words", why=error)) from error
    if any("{port}" in word for word in words):
        number = str(free_port() if port is None else port)
        words = [word.replace("{port}", number) for word in words]
    environment: dict[str, str] = {}
    while words and _ASSIGNMENT.match(words[0]):
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    if not words:
        raise ConfigError(Message("option.launch_empty"))
    return environment, words


def command_url(words: Sequence[str], port: int = DEFAULT_PORT) -> str:
    """Where the server of a command line will listen, from its --host, --port and TLS options, with sglang's
    defaults. port: where there is no --port.
    """
    options: dict[str, str] = {}  # the last --name VALUE or --name=VALUE counts
    for word, following in itertools.zip_longest(words, words[1:], fillvalue=""):
        name, sign, value = word.partition("=")
        options[name] = value if sign else following
    number = options.get("--port") or str(port)
    if not number.isdigit() or not 0 < int(number) < 65536:
        raise ConfigError(Message("option.launch_port", number=number))
    host = options.get("--host") or "127.0.0.1"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    scheme = "https" if options.get("--ssl-certfile") else "http"
    return f"{scheme}://[{host}]:{number}" if ":" in host else f"{scheme}://{host}:{number}"


def names_no_port(command: str | Sequence[str]) -> bool:
    """Whether a command has neither {port} nor --port: its server is expected at DEFAULT_PORT."""
    words = split_command(command)[1]
    text = command if isinstance(command, str) else " ".join(command)
    return "{port}" not in text and not any(word.partition("=")[0] == "--port" for word in words)


def takes_port_by_place(words: Sequence[str], environment: Mapping[str, str], port: str) -> bool:
    """Whether a script takes the port as `serve.sh {port}`, or `PORT={port} serve.sh`: then its server is not
    at sglang's default. A long option's value (`--nccl-port {port}`) is another port.
    """
    placed = (word == port and not before.startswith("--") for before, word in itertools.pairwise(words))
    return environment.get("PORT") == port or any(placed)
