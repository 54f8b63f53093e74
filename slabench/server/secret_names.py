"""Which names are those of secrets: `api_key` and `ssl_keyfile_password`, not `tokenizer` or `max_tokens`.

A word of the name is one of WORDS, and the value has text in it. Booleans, nulls and empty texts are no
secrets, and numbers are none unless the name can only be a secret's: max_total_num_tokens, token_capacity
and skip_tokenizer_init stay readable, api_key and ssl_keyfile_password do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

WORDS = frozenset(
    "key keys token tokens password passwd passphrase pass pwd secret secrets credential credentials "
    "authorization auth sig signature cookie bearer jwt".split()
)
ENDS = ("key", "token", "password", "passwd", "secret", "passphrase")  # run together: apikey, authtoken
# last word: where a secret is, and no secret itself
_PLACES = frozenset("file path dir folder sock".split())
_COUNTED = frozenset(("key", "keys", "token", "tokens"))  # may be a count or an index
_QUALIFIED = frozenset(
    "api admin auth access hf hub bearer session refresh security secret private github gitlab sas".split()
)
_SPLIT = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PLAIN = re.compile(r"true|false|none|null|", re.I)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.I)


def words_of(name: str) -> list[str]:
    """`X-Amz-Signature`, `AWSAccessKeyId`, `--api_key` -> their words in lower case."""
    return [word.lower() for word in _SPLIT.split(name) if word]


def is_secret_word(word: str) -> bool:
    return word in WORDS or word.endswith(ENDS)


def secret_name(name: str) -> bool:
    """True if a value of that name is kept out of every output."""
    words = words_of(name)
    return bool(words) and words[-1] not in _PLACES and any(map(is_secret_word, words))


def surely_secret(name: str) -> bool:
    """True if even a number of that name is a secret: `--api-key 1234`, not `num_key_value_heads` and not
    `max_tokens`.
    """
    *before, last = words_of(name) or [""]
    if last in _COUNTED:
        return any(word in _QUALIFIED for word in before)
    return is_secret_word(last)


def harmless(value: object, name: str = "") -> bool:
    """Whether a value of that name has nothing in it that could be a secret."""
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) is not None:
            return True
        return not surely_secret(name) and _NUMBER.fullmatch(value) is not None
    if isinstance(value, Mapping):
        return all(harmless(part, name) for part in value.values())
    if isinstance(value, Sequence):
        return all(harmless(part, name) for part in value)
    return value is None or isinstance(value, bool) or not surely_secret(name)
