"""The versions of a bisection, and the command that starts one."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from slabench.errors import ConfigError, system_words
from slabench.messages import Message

VERSION = "{version}"


def read_versions(listed: Sequence[str] | None, file: str | None) -> tuple[str, ...]:
    """ConfigError unless exactly one of --versions and --versions-file names some."""
    if (listed is None) == (file is None):
        raise ConfigError(Message("command.no_versions"))
    if file is None:
        return tuple(listed or ())
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            Message("command.versions_unreadable", file=file, why=system_words(error))
        ) from error
    return tuple(line.strip() for line in lines if line.strip())


def check_versions(versions: Sequence[str]) -> None:
    if len(versions) < 2:
        raise ConfigError(Message("command.few_versions", versions=", ".join(versions) or "none"))
    twice = [version for place, version in enumerate(versions) if version in versions[:place]]
    if twice:
        raise ConfigError(Message("command.version_twice", version=twice[0]))


def as_launched(option: str, command: str, version: str) -> str:
    """The command line with {version} replaced within its words, so that no version is more than a word's
    part.

    ConfigError without {version}, or where it cannot be split into words.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(Message("command.not_words", option=option, why=error)) from error
    if not any(VERSION in word for word in words):
        raise ConfigError(Message("command.no_version_in", option=option, field=VERSION))
    return shlex.join(word.replace(VERSION, version) for word in words)
