"""What no option's type can tell, checked once for pytest's options and for those of `python -m slabench`.

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
from slabench.server.secrets import redact_url
from slabench.verdict import validity

SHAREGPT = (
    "It is ShareGPT_V3_unfiltered_cleaned_split.json of the data set anon8231489123/ShareGPT_Vicuna_unfiltered on Hugging Face; "
    "nothing is downloaded here."
)


def check_dataset(path: str | None, name: str | None) -> None:
    """--dataset-path is a file, and --dataset-name does not need one that is not given."""
    if path is not None and not Path(path).is_file():
        seen = "is a folder" if Path(path).is_dir() else "does not exist"
        raise ConfigError(f"--dataset-path={path} {seen}; give the ShareGPT_V3 JSON file. {SHAREGPT}")
    if name in ("random", "sharegpt") and path is None:
        raise ConfigError(
            f"--dataset-name={name} needs --dataset-path=FILE, a ShareGPT_V3 JSON file. {SHAREGPT}"
        )


def check_allow(names: Collection[str]) -> None:
    """--allow names validity checks that there are."""
    checks = validity.names()
    unknown = set(names) - set(checks)
    if unknown:
        raise ConfigError(
            f"--allow={','.join(sorted(unknown))} names no validity check; there are {', '.join(checks)}."
        )


def check_folder(option: str, value: str | None) -> None:
    """A name that looks like a path must be a folder; a hub's name reads ORGANISATION/NAME."""
    if value is None:
        return
    looks_like_path = value.startswith((".", "/", "~")) or value.count("/") != 1
    if not value or (looks_like_path and not Path(value).expanduser().is_dir()):
        if value and not value.startswith((".", "/", "~")) and "/" not in value and option == "model":
            return  # a served model name such as `tiny`
        raise ConfigError(
            f"--{option}={value} is not a folder here; give the folder that holds the model's tokenizer files."
        )


_ENDPOINT = re.compile(
    r"/(v1(/.*)?|generate|(get_)?(server|model)_info|health(_generate)?|metrics|flush_cache)/?$"
)


_V1 = [name for name in BACKEND_NAMES if BACKENDS[name].path.startswith("/v1/")]


def check_root(option: str, url: str) -> None:
    """The server's root, to which every endpoint's path is added:

    OpenAI clients are given .../v1, and this one is not.
    """
    path = urlsplit(url).path
    endpoint = _ENDPOINT.search(path)
    if endpoint is None:
        return
    root = redact_url(url.partition("?")[0].rstrip("/").removesuffix(endpoint[0].rstrip("/")))
    chosen = (
        f", and --backend={' or '.join(_V1)} for its /v1 endpoints" if endpoint[1].startswith("v1") else ""
    )
    raise ConfigError(
        f"{option} ends with {endpoint[0]}, and endpoints are added to it: give the server's root, {option}={root}{chosen}."
    )


def check_writable(option: str, path: str) -> Path:
    """The file can be made where it is named."""
    target = Path(path)
    if target.is_dir() or not target.parent.is_dir():
        raise ConfigError(
            f"{option}={path} cannot be written: its folder must exist and it must not be a folder."
        )
    return target


def api_key(environment: Mapping[str, str], name: str) -> str | None:
    """The key that a variable holds; None if it is not there or empty."""
    key = environment.get(name)
    if key is not None and (not key.isascii() or not key.isprintable()):
        raise ConfigError(f"The API key in {name} has characters that no HTTP header can carry.")
    return key or None
