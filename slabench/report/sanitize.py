"""Text of servers, logs, data sets and users, made harmless where it enters the document, for every output.

A terminal obeys escape sequences, a CI obeys lines that begin with `::` and `##[...]` or `##vso[...]`
anywhere in a line (GitHub's runner and Azure's), a table ends at a line's end, and a text can hold a secret
that this process knows. HTML and Markdown escape what is special to them themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from slabench.server.secrets import cover

_BLANKS = re.compile("[\t\n\v\f\r\x85\u2028\u2029]+")
# C0 and C1 controls, and the marks that turn the direction of the text around them.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_COMMANDS = re.compile(r"^(\s*:)(?=:)|#(?=#\w*\[)")
_SURROGATES = re.compile("[\ud800-\udfff]")  # no encoding can write them


def plain(text: str) -> str:
    """One line without control characters and known secrets; an escape sequence is shown as \\x1b[31m."""
    text = _SURROGATES.sub("\ufffd", _BLANKS.sub(" ", cover(text)))
    text = _CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
    return _COMMANDS.sub(lambda match: f"{match[0]} ", text)


def plain_lines(text: str) -> str:
    """The same line for line; no line but the first can begin with anything of its own."""
    return "\n  | ".join(plain(line) for line in text.splitlines())


def plain_values(value: Any) -> Any:
    """A JSON value with plain texts in it, keys too."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {plain(str(key)): plain_values(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(each) for each in value]
    return value
