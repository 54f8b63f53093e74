"""The versions of a bisection, and the command that starts one."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from slabench.errors import ConfigError, system_words

VERSION = "{version}"


def read_versions(listed: Sequence[str] | None, file: str | None) -> tuple[str, ...]:
    """ConfigError unless exactly one of --versions and --versions-file names some."""
    if (listed is None) == (file is None):
        raise ConfigError(
            "A bisection needs --versions=A,B,C or --versions-file=FILE, the oldest first; give one of the "
            "two."
        )
    if file is None:
        return tuple(listed or ())
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"--versions-file={file} cannot be read ({system_words(error)}); give a file with a version a "
            "line."
        ) from error
    return tuple(line.strip() for line in lines if line.strip())


def check_versions(versions: Sequence[str]) -> None:
    if len(versions) < 2:
        raise ConfigError(
            f"A bisection needs two versions or more, the oldest first, and got "
            f"{', '.join(versions) or 'none'}: there is nothing to compare."
        )
    twice = [version for place, version in enumerate(versions) if version in versions[:place]]
    if twice:
        raise ConfigError(f"{twice[0]} is named twice among the versions; name each once, the oldest first.")


def as_launched(option: str, command: str, version: str) -> str:
    """The command line with {version} replaced within its words, so that no version is more than a word's
    part.

    ConfigError without {version}, or where it cannot be split into words.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"{option} cannot be split into words ({error}). Check its quotes.") from error
    if not any(VERSION in word for word in words):
        raise ConfigError(
            f"{option} has no {VERSION} in it, so it would start the same server for every version; put "
            f"{VERSION} where the version or image stands."
        )
    return shlex.join(word.replace(VERSION, version) for word in words)
