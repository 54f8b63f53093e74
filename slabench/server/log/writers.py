"""The writer of a line: the name that Ray, docker compose, kubectl, syslog or srun put before it, where
several processes share a file.

Only a name that is the same on every line of a process counts. A time, a level or the rest of another line is
none.
"""

from __future__ import annotations

import re
from functools import lru_cache

_DAYS = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTHS = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
# What differs from line to line, or is no name of a writer.
_PASSING = re.compile(
    rb"\x1b\[[0-9;]*m|<\d{1,3}>(?:1 )?"  # colours, syslog's priority
    rb"|(?<!\S)(?:" + _DAYS + rb" )?" + _MONTHS + rb" [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?"
    rb"|(?<!\S)\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?Z| ?[+-]\d\d:?\d\d)?\]?"
    rb"|(?<!\S)\[?\d\d:\d\d:\d\d(?:[.,]\d+)?\]?"
    rb"|\b(?:stdout|stderr)(?: [FP])?\b"
    rb"|(?<!\S)\[?(?:DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL)\]?:?(?!\S)"
)
_NAME = rb"[A-Za-z_\x80-\xff][\w.@/\x80-\xff-]{0,120}"
_ADDRESS = rb"(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?"
_FORMS = (
    # Ray
    re.compile(rb"\((" + _NAME + rb"(?::[\w.-]+|\([^()]*\)|\[[^\[\]]*\])* pid=\d{1,9}(?:, ip=[\w.:-]+)?)\)"),
    re.compile(rb"\[?(pod/[\w./-]+)\]?(?: \|)?"),  # kubectl logs --prefix
    re.compile(rb"(" + _NAME + rb")\s*[|:>,]?"),  # docker compose, or a plain name
    re.compile(rb"(\d{1,4}\|" + _NAME + rb")\s*\|"),  # pm2
    re.compile(rb"\[?(" + _ADDRESS + rb")\]?\s*[|:]?"),
    re.compile(rb"\[(" + _NAME + rb")\]:?"),
    # syslog's host and process, stern's pod and container
    re.compile(rb"(" + _NAME + rb" " + _NAME + rb"(?:\[\d{1,9}\])?):?"),
    re.compile(rb"(" + _NAME + rb"\[\d{1,9}\]):?"),
    re.compile(rb"\[?(\d{1,4}(?:,\d{1,4})?)\]?(?:< ?>)?:"),  # srun --label, mpirun --tag-output
)


@lru_cache(maxsize=4096)
def writer_of(before: bytes) -> str:
    """ "decode-1  | " -> "decode-1"; "" where there is no name of a process."""
    text = b" ".join(_PASSING.sub(b" ", before).split())
    if not text:
        return ""
    for form in _FORMS:
        name = form.fullmatch(text)
        if name is not None:
            return name[1].decode("utf-8", "replace")
    return ""
