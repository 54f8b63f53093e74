"""Which known name a mistyped one may stand for."""

from __future__ import annotations

from collections.abc import Iterable

from slabench.messages import Message

NEAR = 0.6  # of difflib's ratio, its default: ant50 for ant-50, complete for completed


def did_you_mean(name: str, known: Iterable[str], *, cutoff: float = NEAR) -> Message | str:
    """` Did you mean ant-50?`, to follow a sentence; empty where no known name is close."""
    import difflib  # for a mistake alone

    names = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=cutoff)
    return Message("part.meant", names=(names[near[0]],)) if near else ""
