"""What must not appear in any output: API keys, passwords and tokens in a server's answers, command lines and URLs.

The rule for a named value: its name holds key, token, password or secret (any case; "tokenizer" and its kin are taken out of the
name first) and the value has text in it. Numbers, booleans, nulls and texts that are plain numbers survive, so
max_total_num_tokens, token_capacity and skip_tokenizer_init stay, api_key and ssl_keyfile_password go.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

REDACTED = "***"

_SECRET = re.compile(r"key|token|password|passwd|secret|credential|authorization", re.I)
_TOKENIZER = re.compile(r"(?:de)?tokeniz(?:er|e|ation)", re.I)
_PLAIN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|true|false|none|null|", re.I)
_URL_USER = re.compile(r"(?<=://)[^/\s@'\"]+@")
_QUOTED = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
_NAME = r"[\w.-]*(?:key|token|password|passwd|secret|credential)[\w.-]*"
# --name VALUE, --name=VALUE, NAME=VALUE, "name": VALUE: the ways a secret stands in a command line, an environment or a JSON text
_NAMED = re.compile(rf"(--{_NAME}(?:=|\s+)|\b{_NAME}=|([\"']){_NAME}\2\s*:\s*)({_QUOTED}|[^\s,}}\]]+)", re.I)
_BEARER = re.compile(r"\b((?:Bearer|Basic)\s+)([\w.+/=~*-]+)", re.I)


def secret_name(name: str) -> bool:
    """True if a value of that name is to be kept from every output."""
    return _SECRET.search(_TOKENIZER.sub("", name)) is not None


def _harmless(value: object) -> bool:
    if isinstance(value, str):
        return _PLAIN.fullmatch(value) is not None
    if isinstance(value, Mapping):
        return all(_harmless(v) for v in value.values())
    if isinstance(value, Sequence):
        return all(_harmless(v) for v in value)
    return True


def scrub_text(text: str, mask: Callable[[str], str] = lambda secret: REDACTED) -> str:
    """A command line or another free text with the secrets in it replaced by ***, or by what mask makes of each."""

    def cover(found: re.Match[str]) -> str:
        head, value = found.group(1), found.group(3)
        if not secret_name(head) or _harmless(value.strip("\"')")) or value.startswith("--"):
            return found.group(0)
        quote = value[0] if value[0] in "\"'" else ""
        return f"{head}{quote}{mask(value[len(quote) : len(value) - len(quote)])}{quote}"

    def bearer(found: re.Match[str]) -> str:
        return f"{found.group(1)}{mask(found.group(2))}"

    return _URL_USER.sub(lambda found: f"{mask(found[0][:-1])}@", _BEARER.sub(bearer, _NAMED.sub(cover, text)))


# Every secret that scrub_text knows stands behind one of these; a log's batch lines have none of them.
_MARKS = (b"=", b"://", b'":', b"':", b"earer", b"asic", b"--")


def cover_in_file(path: str, known: Sequence[str] = ()) -> None:
    """Secrets in a log become as many stars, in place: the rest keeps its bytes where they are, also while a server writes on.

    A line that is not whole yet is left for the next time. known: values to be covered wherever they stand. OSError where it fails.
    """
    with open(path, "r+b") as file:
        begin = 0
        for line in file:
            if not line.endswith(b"\n"):
                break
            text = line
            for value in known:
                text = text.replace(value.encode(), b"*" * len(value.encode()))
            if any(mark in text for mark in _MARKS):
                text = scrub_text(text.decode("latin-1"), lambda secret: "*" * len(secret)).encode("latin-1")
            if text != line:
                os.pwrite(file.fileno(), text, begin)
            begin += len(line)


def scrub_command(words: Sequence[str]) -> list[str]:
    """The words of a command line without the secrets: the one after a secret option, and those inside a word."""
    out: list[str] = []
    cover_next = False
    for word in words:
        if cover_next and not word.startswith("--"):
            out.append(word if _harmless(word) else REDACTED)
            cover_next = False
            continue
        cover_next = word.startswith("--") and "=" not in word and secret_name(word)
        out.append(scrub_text(word))
    return out


def scrub(value: Any) -> Any:
    """A JSON value without its secrets: such keys are left out whole, texts are scrubbed."""
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, Mapping):
        return {str(k): scrub(v) for k, v in value.items() if not secret_name(str(k)) or _harmless(v)}
    if isinstance(value, Sequence):
        if value and all(isinstance(item, str) for item in value):
            return scrub_command(value)
        return [scrub(item) for item in value]
    return value


def redact_url(url: str) -> str:
    """The URL as it may be printed: user name, password and query values are covered."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return _URL_USER.sub(f"{REDACTED}@", url)
    netloc = f"{REDACTED}@{parts.netloc.rpartition('@')[2]}" if "@" in parts.netloc else parts.netloc
    query = re.sub(r"=[^&]*", f"={REDACTED}", parts.query)
    return urlunsplit((parts.scheme, netloc, parts.path, query, ""))
