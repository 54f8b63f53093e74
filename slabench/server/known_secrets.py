"""The secrets that this process knows (API keys, passwords of URLs, header values), covered in every text.

A server may repeat what it was sent: whole, in part, percent-encoded, escaped for JSON or HTML, as base64 or
hexadecimal, in any case. Each of these is covered in every text that leaves the process. Secrets are
registered as soon as they are known (`know`), and every output uses the same object (`KNOWN`), so that an
output need not know where a text came from.
"""

from __future__ import annotations

import base64
import contextlib
import html
import json
import re
from collections.abc import Callable, Iterable
from urllib.parse import quote, quote_plus, unquote

REDACTED = "***"
Mask = Callable[[str], str]

# A value this long is covered wherever it stands. A shorter one ("a", "1234", "admin") would destroy the text
# around it, so it is covered only where a secret is named or sent.
ANYWHERE = 8
ANYWHERE_MIXED = 6  # with a digit or a sign in it, so that it is no word of a language
PART = 8  # a piece of a secret of PART_OF characters or more is covered from this length on
PART_OF = 10
# what is looked up first, at every (PART - _PIECE + 1)th place: a piece of PART characters holds one of them
_PIECE = 5
_STEP = PART - _PIECE + 1
_PLACES = (
    r"\b(?:(?:bearer|basic|password)\s+"
    r"|(?:authorization|(?:api[-_ ]?)?key|token|password|passwd|secret)[\\\"']*\s*[:=]\s*)[\\\"']*"
)
# Words that documents are made of: a key such as "interrupted" must not take the reports apart.
_OWN = (
    "total_throughput output_throughput input_throughput completed interrupted request_throughput "
    "tests/tencent/test_sla.py tests/ali/test_decode.py tests/serving/test_custom.py inconclusive "
    "not_checked "
    "max_concurrent_requests full_batch duration requests.jsonl.gz bench_serving slabench localhost "
    "127.0.0.1 "
    "concurrency goodput_throughput simulated sglang.bench_serving total_output_retokenized http://127.0.0.1 "
    "https://localhost max_output_tokens_per_s authorization not_comparable"
)


def _encoded(value: str) -> set[str]:
    """The value as other encodings write it; of base64 the part that does not depend on its neighbours."""
    raw = value.encode("utf-8", "surrogatepass")
    forms = {value, quote(value), quote_plus(value), quote(quote(value, safe=""), safe="")}
    forms |= {quote(value, safe=""), html.escape(value), html.escape(value, quote=False)}
    forms |= {raw.hex(), raw.hex(" "), raw.hex(":")}
    escaped = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
    escaped |= {form.replace("/", r"\/") for form in escaped}
    forms |= escaped | {json.dumps(form)[1:-1] for form in escaped}
    forms |= {"".join(f"{mark}{byte:02x}" for byte in raw) for mark in ("%", r"\x", r"\u00")}
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw).decode("ascii").rstrip("=")
        # The first characters depend on what comes before, the last one on what follows.
        core = text[(0, 2, 3)[before] : len(text) - (1 if (before + len(raw)) % 3 else 0)]
        forms |= {core, core.translate(str.maketrans("+/", "-_"))}
    return {form.lower() for form in forms if len(form) >= ANYWHERE_MIXED}


def _pieces(variants: Iterable[str], length: int) -> set[str]:
    return {text[k : k + length] for text in variants for k in range(len(text) - length + 1)}


class KnownSecrets:
    """Values and their encoded forms: add() as they become known, cover() for every text that goes out."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._variants: tuple[str, ...] = ()  # lower case, the longest first
        # a number is covered where it is not a part of a longer number
        self._digits: re.Pattern[str] | None = None
        self._placed: re.Pattern[str] | None = None
        self._firsts: frozenset[str] = frozenset()
        self._parts: frozenset[str] = frozenset()

    @property
    def values(self) -> tuple[str, ...]:
        """The registered values, for a process that has to cover them as well."""
        return tuple(sorted(self._values))

    def add(self, *values: str | None) -> None:
        """Register secrets; None, blanks and what is covered already are left out."""
        new = {value.strip() for value in values if value is not None} - self._values
        new = {value for value in new if value.strip("*")}
        if new:
            self._values |= new
            self._build()

    def clear(self) -> None:
        """Forget all: for tests, which are many sessions in one process."""
        self._values.clear()
        self._build()

    def _build(self) -> None:
        everywhere = {value for value in self._values if _covered_anywhere(value)}
        numbers = {value for value in everywhere if value.isdecimal()}
        text = everywhere - numbers
        variants = set[str]().union(*map(_encoded, text), *(_encoded(value) - {value} for value in numbers))
        known = [variant for variant in variants if variant not in _OWN]
        self._variants = tuple(sorted(known, key=len, reverse=True))
        self._digits = _any_of(numbers, r"(?<![\d.])(?:{})(?![\d.])")
        self._placed = _any_of(self._values - everywhere, rf"({_PLACES})(?:{{}})(?![\w])")
        long = {value.lower() for value in text if len(value) >= PART_OF}
        # base64 and hexadecimal
        codes = {variant for variant in variants if len(variant) >= 2 * PART and variant.isalnum()}
        parts = {piece for piece in _pieces(long | codes, PART) if piece not in _OWN}
        self._parts, self._firsts = frozenset(parts), frozenset(_pieces(parts, _PIECE))

    def cover(self, text: str, mask: Mask = lambda secret: REDACTED) -> str:
        """The text with every secret in it replaced by what mask makes of it."""
        if not self._values:
            return text
        spans = self._spans(text)
        if spans:
            pieces, at = [], 0
            for begin, end in spans:
                pieces += [text[at:begin], mask(text[begin:end])]
                at = end
            text = "".join([*pieces, text[at:]])
        if self._placed is not None:
            text = self._placed.sub(lambda match: match[1] + mask(match[0][len(match[1]) :]), text)
        return text

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Where secrets and pieces of them are, in order, adjacent ones joined."""
        lower = text.lower()
        if len(lower) != len(text):  # a few letters of other alphabets have two in lower case
            lower = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
        spans = []
        for variant in self._variants:
            at = lower.find(variant)
            while at >= 0:
                spans.append((at, at + len(variant)))
                at = lower.find(variant, at + len(variant))
        if self._digits is not None:
            spans += [match.span() for match in self._digits.finditer(text)]
        if self._parts:
            firsts, parts = self._firsts, self._parts
            for at in range(0, len(lower) - _PIECE + 1, _STEP):
                if lower[at : at + _PIECE] in firsts:
                    begins = range(max(0, at - _STEP + 1), at + 1)
                    spans += [
                        (begin, begin + PART) for begin in begins if lower[begin : begin + PART] in parts
                    ]
        joined: list[tuple[int, int]] = []
        for begin, end in sorted(spans):
            if joined and begin <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((begin, end))
        return joined


def _covered_anywhere(value: str) -> bool:
    if value.lower() in _OWN:
        return False
    return len(value) >= ANYWHERE or (len(value) >= ANYWHERE_MIXED and not value.isalpha())


def _any_of(values: set[str], frame: str) -> re.Pattern[str] | None:
    if not values:
        return None
    return re.compile(frame.format("|".join(map(re.escape, sorted(values, key=len, reverse=True)))), re.I)


KNOWN = KnownSecrets()  # of this process


def know(*values: str | None) -> None:
    """Register secrets of this process: from here on no output shows them."""
    KNOWN.add(*values)


def know_header(value: str) -> None:
    """A request header's value: all of it, the part after a scheme ("Bearer K"), the password of "Basic", a
    cookie's values.
    """
    know(value)
    scheme, _, rest = value.strip().partition(" ")
    if rest and scheme.isalpha():
        know(rest)
        if scheme.lower() == "basic":
            with contextlib.suppress(ValueError, UnicodeDecodeError):
                know_credentials(*base64.b64decode(rest, validate=True).decode("utf-8").split(":", 1))
    for part in value.split(";"):
        _, sign, cookie = part.strip().partition("=")
        if sign and len(cookie) >= ANYWHERE_MIXED:
            know(cookie)


def know_credentials(user: str, password: str = "") -> None:
    """A user name and password, as URLs and "Authorization: Basic" carry them.

    A name without a password is a token.
    """
    user, password = unquote(user), unquote(password)
    if user or password:
        know(password or user, base64.b64encode(f"{user}:{password}".encode()).decode("ascii"))
    if len(user) >= 20:  # a token in the place of the name
        know(user)
