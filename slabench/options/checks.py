"""What no option's type can check, checked once for pytest's options and for those of `python -m slabench`.

Each raises ConfigError, one sentence that names the option, before anything is measured.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from slabench.errors import ConfigError
from slabench.loadgen.backends import BACKENDS
from slabench.loadgen.backends import NAMES as BACKEND_NAMES
from slabench.messages import Message
from slabench.near import did_you_mean
from slabench.server.secrets import redact_url
from slabench.verdict import validity
from slabench.verdict.differences import SECTIONS

SHAREGPT = Message("part.sharegpt")


def refuse(*cases: tuple[object, Message]) -> None:
    """ConfigError with the sentence of the first case whose condition holds."""
    for condition, sentence in cases:
        if condition:
            raise ConfigError(sentence)


def check_dataset(path: str | None, name: str | None) -> None:
    """--dataset-path is a file, and --dataset-name does not need one that is missing."""
    why = Message("part.is_folder" if path is not None and Path(path).is_dir() else "part.missing")
    refuse(
        (
            path is not None and not Path(path).is_file(),
            Message("option.dataset_missing", path=path, why=why, sharegpt=SHAREGPT),
        ),
        (
            name in ("random", "sharegpt") and path is None,
            Message("option.dataset_needed", name=name, sharegpt=SHAREGPT),
        ),
    )


def check_allow(names: Collection[str]) -> None:
    """--allow names validity checks that exist."""
    checks = validity.names()
    unknown = sorted(set(names) - set(checks))
    hint = did_you_mean(unknown[0], checks) if unknown else ""
    refuse((unknown, Message("option.allow_unknown", unknown=unknown, hint=hint, checks=tuple(checks))))


def check_allow_diff(names: Collection[str]) -> None:
    """--allow-diff names a section of what is compared, or a key of one."""
    unknown = [name for name in names if name.partition(".")[0] not in SECTIONS]
    hint = did_you_mean(unknown[0].partition(".")[0], SECTIONS) if unknown else ""
    refuse(
        (
            unknown,
            Message("option.allow_diff_unknown", unknown=unknown, hint=hint, sections=tuple(SECTIONS)),
        )
    )


def check_folder(option: str, value: str | None) -> None:
    """A name that looks like a path must be a folder; a hub's name reads ORGANISATION/NAME."""
    if value is None or (Path(value or ".").expanduser().is_dir() and value):
        return
    begins_as_path = value.startswith((".", "/", "~"))
    hub_name = value.count("/") == 1 and not begins_as_path
    served_name = option == "model" and value and "/" not in value and not begins_as_path  # such as `tiny`
    refuse(
        (
            not hub_name and not served_name,
            Message("option.no_folder", option=option, value=value),
        )
    )


_ENDPOINT = re.compile(
    r"/(v1(/.*)?|generate|(get_)?(server|model)_info|health(_generate)?|metrics|flush_cache)/?$"
)

_V1 = [name for name in BACKEND_NAMES if BACKENDS[name].path.startswith("/v1/")]


def check_root(option: str, url: str) -> None:
    """The server's root, to which every endpoint's path is added: other clients are given .../v1."""
    endpoint = _ENDPOINT.search(urlsplit(url).path)
    if endpoint is None:
        return
    root = redact_url(url.partition("?")[0].rstrip("/").removesuffix(endpoint[0].rstrip("/")))
    openai = Message("part.v1_backend", names=_V1) if endpoint[1].startswith("v1") else None
    raise ConfigError(
        Message("option.no_root", option=option, endpoint=endpoint[0], root=root, backend=openai)
    )


def check_writable(option: str, path: str) -> Path:
    """The file can be made where it is named."""
    target = Path(path)
    refuse(
        (
            target.is_dir() or not target.parent.is_dir(),
            Message("option.unwritable", option=option, path=path),
        )
    )
    return target


def api_key(environment: Mapping[str, str], name: str) -> str | None:
    """The key that a variable holds; None if it is not set or empty."""
    key = environment.get(name) or None
    refuse(
        (
            key is not None and not (key.isascii() and key.isprintable()),
            Message("option.api_key", name=name),
        )
    )
    return key
