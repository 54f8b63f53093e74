"""What must not appear in any output: API keys, passwords and tokens in a server's answers, command lines and
URLs.

Two things are covered: the values that this process knows (known_secrets.py), wherever they stand, and what
stands where secrets stand (here). The rule for a named value: a word of its name is one of _WORDS
("tokenizer" is another word) and the value has text in it. Booleans, nulls and empty texts survive, and
numbers do unless the name can only be a secret's, so max_total_num_tokens, token_capacity and
skip_tokenizer_init stay, api_key and ssl_keyfile_password go.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from slabench.server.known_secrets import KNOWN, REDACTED, Mask, know, know_credentials, know_header

_WORDS = frozenset(
    "key keys token tokens password passwd passphrase pass pwd secret secrets credential credentials authorization auth sig "
    "signature cookie bearer jwt".split()
)
_ENDS = ("key", "token", "password", "passwd", "secret", "passphrase")  # run together: apikey, authtoken
# last word: it says where a secret is, and is none
_PLACE_WORDS = frozenset("file path dir folder sock".split())
_COUNTED = frozenset(("key", "keys", "token", "tokens"))  # may be a count or an index
_QUALIFIED = frozenset(
    "api admin auth access hf hub bearer session refresh security secret private github gitlab sas".split()
)
_SPLIT = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PLAIN = re.compile(r"true|false|none|null|", re.I)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.I)

# Who a URL names before its host; a proxy's address may have no scheme: user:password@host:port.
_URL_USER = re.compile(
    r"(?<=://)[^/\s'\"]{1,1000}@|(?<![\w./:@%+~-])[\w.%+~-]{1,200}:[^\s/@:'\"]{1,200}@(?=[\w.-]{1,200}:\d)"
)
# Lengths are bounded: a server's text of a million letters must not cost a million squared.
_QUOTED = r""""(?:[^"\\]|\\.){0,4000}"|'(?:[^'\\]|\\.){0,4000}'"""
_NAME = r"[\w.-]{0,64}(?:key|token|pass|pwd|secret|credential|auth|sig|cookie|bearer|jwt)[\w.-]{0,64}"
# ?name=VALUE&name=VALUE: a value ends where the next setting begins.
_QUERY = re.compile(rf"((?<=[?&]){_NAME}=)({_QUOTED}|[^\s,}}\]&#\"']+)", re.I)
# --name VALUE, --name=VALUE, NAME=VALUE, "name": VALUE: the ways a secret stands in a command line, an
# environment or a JSON text
_NAMED = re.compile(
    rf"((?<!-)--{_NAME}(?:=|\s+)|(?<![\w.?&-]){_NAME}=|(\\{{0,8}}[\"']){_NAME}\2\s{{0,9}}:\s{{0,9}})({_QUOTED}|[^\s,}}\]]+)",
    re.I,
)
# Name: VALUE, as headers, YAML and sentences have it; the value of a header can have a scheme before it.
_COLON = re.compile(
    rf"((?<![\w.-])({_NAME})\s?:\s{{0,9}}(?:(?:Bearer|Basic|Token|Digest)\s+)?)({_QUOTED}|[^\s,;}}\]\"']+)",
    re.I,
)
_BEARER = re.compile(r"\b((?:Bearer|Basic)\s+)([\w.+/=~*:-]+)", re.I)
_HEADER_OPTION = re.compile(r"(--header[=\s]+[\"']?[\w-]+:\s*)([^\"'\n]+)")
_NO_SECRET = frozenset(
    "realm error auth token scheme authentication authorization key".split()
)  # after "Bearer": words of a sentence


def words_of(name: str) -> list[str]:
    """`X-Amz-Signature`, `AWSAccessKeyId`, `--api_key` -> their words in lower case."""
    return [one.lower() for one in _SPLIT.split(name) if one]


def secret_name(name: str) -> bool:
    """True if a value of that name is to be kept from every output."""
    words = words_of(name)
    if not words or words[-1] in _PLACE_WORDS:
        return False
    return any(one in _WORDS or one.endswith(_ENDS) for one in words)


def _surely(name: str) -> bool:
    """True if even a number of that name is a secret: `--api-key 1234`, not `num_key_value_heads` and not
    `max_tokens`.
    """
    words = words_of(name)
    last = words[-1] if words else ""
    if last in _COUNTED:
        return any(one in _QUALIFIED for one in words[:-1])
    return last in _WORDS or last.endswith(_ENDS)


def _harmless(value: object, name: str = "") -> bool:
    if isinstance(value, str):
        return _PLAIN.fullmatch(value) is not None or (
            not _surely(name) and _NUMBER.fullmatch(value) is not None
        )
    if isinstance(value, Mapping):
        return all(_harmless(one, name) for one in value.values())
    if isinstance(value, Sequence):
        return all(_harmless(one, name) for one in value)
    return value is None or isinstance(value, bool) or not _surely(name)


def scrub_text(text: str, mask: Mask = lambda secret: REDACTED) -> str:
    """A command line or another free text with the secrets in it replaced by ***, or by what mask makes of
    each."""

    def cover(head: str, name: str, value: str) -> str | None:
        """The whole with the value masked; None where it is no secret."""
        quote = value[0] if value[0] in "\"'" and value[-1:] == value[0] and len(value) > 1 else ""
        inner = value[len(quote) : len(value) - len(quote)]
        if (
            not secret_name(name)
            or _harmless(inner.strip("\\\"')"), name)
            or value.startswith("--")
            or not inner.strip("*")
        ):
            return None
        return f"{head}{quote}{mask(inner)}{quote}"

    def named(found: re.Match[str]) -> str:
        covered = cover(found[1], found[1].rstrip("= \t\r\n:\"'\\").lstrip("\"'\\"), found[found.re.groups])
        return found[0] if covered is None else covered

    def colon(found: re.Match[str]) -> str:
        words = words_of(found[2])
        lone = len(words) == 1 and words[0] not in ("authorization", "password", "passwd", "cookie", "apikey")
        if words[-1] not in _WORDS and not words[-1].endswith(_ENDS):  # KeyError: no such file
            return found[0]
        if lone and len(found[3]) < 16:  # "unexpected token: x" is a sentence
            return found[0]
        covered = cover(found[1], found[2], found[3])
        return found[0] if covered is None else covered

    def bearer(found: re.Match[str]) -> str:
        if re.split("[=:.]", found[2])[0].lower() in _NO_SECRET or not found[2].strip("*"):
            return found[0]
        return f"{found[1]}{mask(found[2])}"

    def url(found: re.Match[str]) -> str:
        return found[0] if found[0] == f"{REDACTED}@" else f"{mask(found[0][:-1])}@"

    text = KNOWN.cover(text, mask)
    if "--header" in text:
        text = _HEADER_OPTION.sub(lambda found: found[1] + mask(found[2]), text)
    text = _BEARER.sub(bearer, _COLON.sub(colon, _NAMED.sub(named, _QUERY.sub(named, text))))
    return _URL_USER.sub(url, text) if "@" in text else text


def cover(text: str) -> str:
    """For every text that goes out, our own sentences too: known secrets, and whoever a URL names before its
    host.
    """
    text = KNOWN.cover(text)
    return _URL_USER.sub(f"{REDACTED}@", text) if "@" in text else text


def know_text(text: str) -> None:
    """Register the secrets that a command line, an environment or a server's description shows by their
    place."""

    def remember(secret: str) -> str:
        know(secret.strip("\\\"')"))
        return REDACTED

    scrub_text(text.replace("--api-key-env", "--name"), remember)  # the name of a variable is no secret
    for found in _URL_USER.finditer(text):
        know_credentials(*found[0][:-1].split(":", 1))


def know_command(command: str | Sequence[str]) -> None:
    """Register the secrets of a command line with the environment before it."""
    try:
        words = shlex.split(command) if isinstance(command, str) else list(command)
    except ValueError:
        words = str(command).split()
    name = ""
    for word in words:
        if name and not word.startswith("--") and not _harmless(word, name):
            know(word)
        name = word if word.startswith("--") and "=" not in word and secret_name(word) else ""
        variable, sign, value = word.partition("=")
        if sign and "?" not in variable and secret_name(variable) and not _harmless(value, variable):
            know(value)
        know_text(word)


def know_environment(environment: Mapping[str, str]) -> None:
    """Register what the variables hold that are named as secrets, and the passwords of URLs in the others."""
    for name, value in environment.items():
        if secret_name(name) and not _harmless(value, name) and len(value) >= 8 and not value.startswith("/"):
            know(value)
        if "@" in value:
            for found in _URL_USER.finditer(value):
                know_credentials(*found[0][:-1].split(":", 1))


def know_url(url: str) -> None:
    """Register a URL's user name, password and query values."""
    try:
        parts = urlsplit(url)
    except ValueError:
        know_text(url)
        return
    if "@" in parts.netloc:
        know_credentials(*parts.netloc.rpartition("@")[0].split(":", 1))
    for pair in parts.query.split("&"):
        name, sign, value = pair.partition("=")
        sim = parts.scheme == "sim"  # it has settings, no address
        if sign and (
            (not sim and len(value) >= 16) or (secret_name(name) and not (sim and _harmless(value, name)))
        ):
            know(unquote(value))


# Every secret that scrub_text knows stands behind one of these; a log's batch lines have none of them.
_MARKS = re.compile(
    rb"key|pass|pwd|secret|credential|auth|sig|cookie|bearer|jwt|basic|@|://|--|token[\w-]{0,64}['\"\\]*\s*[=:]\s*['\"\\]*[^\s\d]",
    re.I,
)


def cover_in_file(path: str, begin: int = 0, *, whole: bool = False) -> int:
    """Secrets in a log become as many stars, in place: the rest keeps its bytes where they are, also while a
    server writes on.

    From the byte begin on; returns where the next call goes on. A line that is not whole yet is left for that
    one, unless whole is True: the server has ended. OSError where it fails.
    """
    with open(path, "r+b") as file:
        file.seek(begin)
        for line in file:
            if not line.endswith(b"\n") and not whole:
                break
            cover = scrub_text if _MARKS.search(line) else KNOWN.cover
            text = cover(line.decode("latin-1"), lambda secret: "*" * len(secret)).encode("latin-1")
            if text != line:
                os.pwrite(file.fileno(), text, begin)
            begin += len(line)
    return begin


def scrub_command(words: Sequence[str]) -> list[str]:
    """The words of a command line without the secrets: the one after a secret option, and those inside a
    word.
    """
    out: list[str] = []
    name = ""
    for word in words:
        if name and not word.startswith("--"):
            header = re.match(r"[\w-]+:\s*", word) if name == "--header" else None
            out.append(
                KNOWN.cover(word) if _harmless(word, name) else f"{header[0] if header else ''}{REDACTED}"
            )
            name = ""
            continue
        name = (
            word
            if word.startswith("--") and "=" not in word and (secret_name(word) or word == "--header")
            else ""
        )
        out.append(scrub_text(word))
    return out


def scrub(value: Any) -> Any:
    """A JSON value without its secrets: such keys are left out whole, texts are scrubbed."""
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, Mapping):
        return {
            KNOWN.cover(str(k)): scrub(v)
            for k, v in value.items()
            if not secret_name(str(k)) or _harmless(v, str(k))
        }
    if isinstance(value, Sequence):
        if value and all(isinstance(item, str) for item in value):
            return scrub_command(value)
        return [scrub(item) for item in value]
    return value


def know_description(value: Any) -> None:
    """Register what a server's description names as secrets: it may repeat them elsewhere, in its log for
    one.
    """
    if isinstance(value, str):
        if "@" in value or "://" in value or "--" in value:
            know_text(value)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            if (
                isinstance(one, str)
                and secret_name(str(name))
                and not _harmless(one, str(name))
                and _surely(str(name))
            ):
                know(one)
            know_description(one)
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        for one in value:
            know_description(one)


def redact_url(url: str) -> str:
    """The URL as it may be printed: user name, password and query values are covered."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return KNOWN.cover(_URL_USER.sub(f"{REDACTED}@", url))
    netloc = f"{REDACTED}@{parts.netloc.rpartition('@')[2]}" if "@" in parts.netloc else parts.netloc
    query = re.sub(r"=[^&]*", f"={REDACTED}", parts.query)
    return KNOWN.cover(urlunsplit((parts.scheme, netloc, parts.path, query, "")))


__all__ = [
    "KNOWN",
    "REDACTED",
    "cover",
    "cover_in_file",
    "know",
    "know_command",
    "know_credentials",
    "know_description",
    "know_environment",
    "know_header",
    "know_text",
    "know_url",
    "redact_url",
    "scrub",
    "scrub_command",
    "scrub_text",
    "secret_name",
]
