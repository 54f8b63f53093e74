"""What must not appear in any output: API keys, passwords and tokens in a server's answers, command lines and
URLs.

Two things are covered: the values that this process knows (known_secrets.py), wherever they stand, and, here,
the values in places of secrets: behind a secret's name (secret_names.py), in a header, before a URL's host.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from slabench.server.known_secrets import KNOWN, REDACTED, Mask, know, know_credentials, know_header
from slabench.server.secret_names import harmless, is_secret_word, secret_name, surely_secret, words_of

# The user of a URL, before its host; a proxy's address may have no scheme: user:password@host:port.
_URL_USER = re.compile(
    r"(?<=://)[^/\s'\"]{1,1000}@|(?<![\w./:@%+~-])[\w.%+~-]{1,200}:[^\s/@:'\"]{1,200}@(?=[\w.-]{1,200}:\d)"
)
# Lengths are bounded: a server's text of a million letters must not cost a million squared.
_QUOTED = r""""(?:[^"\\]|\\.){0,4000}"|'(?:[^'\\]|\\.){0,4000}'"""
_NAME = r"[\w.-]{0,64}(?:key|token|pass|pwd|secret|credential|auth|sig|cookie|bearer|jwt)[\w.-]{0,64}"
# ?name=VALUE&name=VALUE: a value ends where the next setting begins.
_QUERY = re.compile(rf"((?<=[?&]){_NAME}=)({_QUOTED}|[^\s,}}\]&#\"']+)", re.I)
# --name VALUE, --name=VALUE, NAME=VALUE, "name": VALUE: how a command line, an environment and a JSON text
# have a secret
_NAMED = re.compile(
    rf"((?<!-)--{_NAME}(?:=|\s+)|(?<![\w.?&-]){_NAME}="
    rf"|(\\{{0,8}}[\"']){_NAME}\2\s{{0,9}}:\s{{0,9}})({_QUOTED}|[^\s,}}\]]+)",
    re.I,
)
# Name: VALUE, as headers, YAML and sentences have it; the value of a header can have a scheme before it.
_COLON = re.compile(
    rf"((?<![\w.-])({_NAME})\s?:\s{{0,9}}(?:(?:Bearer|Basic|Token|Digest)\s+)?)({_QUOTED}|[^\s,;}}\]\"']+)",
    re.I,
)
_BEARER = re.compile(r"\b((?:Bearer|Basic)\s+)([\w.+/=~*:-]+)", re.I)
_HEADER_OPTION = re.compile(r"(--header[=\s]+[\"']?[\w-]+:\s*)([^\"'\n]+)")
# after "Bearer": words of a sentence
_NO_SECRET = frozenset("realm error auth token scheme authentication authorization key".split())


def scrub_text(text: str, mask: Mask = lambda secret: REDACTED) -> str:
    """A command line or another free text with each secret in it replaced by ***, or by what mask returns."""

    def cover(head: str, name: str, value: str) -> str:
        """The whole, with the value masked if it is a secret."""
        quote = value[0] if value[0] in "\"'" and value[-1:] == value[0] and len(value) > 1 else ""
        inner = value[len(quote) : len(value) - len(quote)]
        no_secret = value.startswith("--") or not inner.strip("*") or not secret_name(name)
        if no_secret or harmless(inner.strip("\\\"')"), name):
            return head + value
        return f"{head}{quote}{mask(inner)}{quote}"

    def named(match: re.Match[str]) -> str:
        return cover(match[1], match[1].strip("= \t\r\n:\"'\\"), match[match.re.groups])

    def colon(match: re.Match[str]) -> str:
        words = words_of(match[2])
        if not is_secret_word(words[-1]):  # KeyError: no such file
            return match[0]
        alone = len(words) == 1 and words[0] not in (
            "authorization",
            "password",
            "passwd",
            "cookie",
            "apikey",
        )
        if alone and len(match[3]) < 16:  # "unexpected token: x" is a sentence
            return match[0]
        return cover(match[1], match[2], match[3])

    def bearer(match: re.Match[str]) -> str:
        if re.split("[=:.]", match[2])[0].lower() in _NO_SECRET or not match[2].strip("*"):
            return match[0]
        return f"{match[1]}{mask(match[2])}"

    def url(match: re.Match[str]) -> str:
        return match[0] if match[0] == f"{REDACTED}@" else f"{mask(match[0][:-1])}@"

    text = KNOWN.cover(text, mask)
    if "--header" in text:
        text = _HEADER_OPTION.sub(lambda match: match[1] + mask(match[2]), text)
    text = _BEARER.sub(bearer, _COLON.sub(colon, _NAMED.sub(named, _QUERY.sub(named, text))))
    return _URL_USER.sub(url, text) if "@" in text else text


def cover(text: str) -> str:
    """For every text that goes out, our own sentences too: known secrets, and the users of URLs."""
    text = KNOWN.cover(text)
    return _URL_USER.sub(f"{REDACTED}@", text) if "@" in text else text


def know_text(text: str) -> None:
    """Register the secrets that a command line, an environment or a server's description shows by their
    place.
    """

    def remember(secret: str) -> str:
        know(secret.strip("\\\"')"))
        return REDACTED

    scrub_text(text.replace("--api-key-env", "--name"), remember)  # the name of a variable is no secret
    _know_users(text)


def _know_users(text: str) -> None:
    for user in _URL_USER.finditer(text):
        know_credentials(*user[0][:-1].split(":", 1))


def know_command(command: str | Sequence[str]) -> None:
    """Register the secrets of a command line with the environment before it."""
    try:
        words = shlex.split(command) if isinstance(command, str) else list(command)
    except ValueError:
        words = str(command).split()
    name = ""
    for word in words:
        if name and not word.startswith("--") and not harmless(word, name):
            know(word)
        name = word if word.startswith("--") and "=" not in word and secret_name(word) else ""
        variable, sign, value = word.partition("=")
        if sign and "?" not in variable and secret_name(variable) and not harmless(value, variable):
            know(value)
        know_text(word)


def know_environment(environment: Mapping[str, str]) -> None:
    """Register the variables that are named as secrets, and the passwords of URLs in the others."""
    for name, value in environment.items():
        if secret_name(name) and not harmless(value, name) and len(value) >= 8 and not value.startswith("/"):
            know(value)
        _know_users(value)


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
            (not sim and len(value) >= 16) or (secret_name(name) and not (sim and harmless(value, name)))
        ):
            know(unquote(value))


# Every secret that scrub_text finds follows one of these; a log's batch lines have none of them.
_MARKS = re.compile(
    rb"key|pass|pwd|secret|credential|auth|sig|cookie|bearer|jwt|basic|@|://|--"
    rb"|token[\w-]{0,64}['\"\\]*\s*[=:]\s*['\"\\]*[^\s\d]",
    re.I,
)


def cover_in_file(path: str, begin: int = 0, *, whole: bool = False) -> int:
    """Secrets in a log become as many stars, in place: no other byte moves, also while a server writes on.

    From the byte begin on; returns where the next call continues. An incomplete line is left for that one,
    unless whole is True: the server has ended. OSError where it fails.
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
            hidden = f"{header[0] if header else ''}{REDACTED}"
            out.append(KNOWN.cover(word) if harmless(word, name) else hidden)
            name = ""
        else:
            option = word.startswith("--") and "=" not in word
            name = word if option and (secret_name(word) or word == "--header") else ""
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
            if not secret_name(str(k)) or harmless(v, str(k))
        }
    if isinstance(value, Sequence):
        if value and all(isinstance(item, str) for item in value):
            return scrub_command(value)
        return [scrub(item) for item in value]
    return value


def know_description(value: Any) -> None:
    """Register what a server's description names as secrets: it may repeat them elsewhere, for example in its
    log.
    """
    if isinstance(value, str):
        if "@" in value or "://" in value or "--" in value:
            know_text(value)
    elif isinstance(value, Mapping):
        for name, part in value.items():
            if isinstance(part, str) and surely_secret(str(name)) and not harmless(part, str(name)):
                know(part)
            know_description(part)
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        for part in value:
            know_description(part)


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
