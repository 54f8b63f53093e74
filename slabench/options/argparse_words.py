"""argparse's own words in the language that is asked for: pytest's options are read by it as ours are."""

from __future__ import annotations

import argparse

from slabench.messages import Message, asked_language, in_language
from slabench.messages.english import argparse as english

_IDS = {text: id for id, text in english.MESSAGES.items()}


def translate_argparse() -> None:
    """argparse looks its sentences up by `_`, which is gettext's: without a compiled catalogue, English.

    Nothing where English is asked for.
    """
    if asked_language() != "en":
        vars(argparse)["_"] = _translated


def _translated(text: str) -> str:
    if text not in _IDS:
        return text
    with in_language(asked_language()):
        return str(Message(_IDS[text]))
