"""Did one and the same server process answer? By server_info, asked several times, and by what the answers say of their origin."""

from __future__ import annotations

import re
from collections import Counter

from slabench.verdict.validity.subject import Subject, ok
from slabench.verdict.words import Check, State

ONE = "Measure one server process that stays up, without a balancer in front of several."
_REACHABLE = "Run slabench where the addresses that the router lists at GET /workers can be reached."
# What the ways to the server may add in other words from answer to answer: several nodes of one proxy.
OF_THE_WAY = ("header via", "header x-served-by")
_HEX, _UUID, _NUMBER = "[0-9a-f]{32}", "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[0-9]+"
_ID = re.compile(rf"(?P<prefix>[A-Za-z_]*[-_:]?)(?:(?P<hex>{_HEX})|(?P<uuid>{_UUID})|(?P<number>{_NUMBER}))", re.ASCII)


def same_server(subject: Subject) -> Check:
    """One and the same server process answered from the session's start to this run's end; one that falls silent proves nothing."""
    before, after = subject.identity_before, subject.identity_after
    mixed = _mixed(subject)
    if mixed is not None and mixed.state is State.INVALID:
        return mixed
    if before is None:
        return mixed or Check(
            "same_server", State.NOT_CHECKED, "The server did not say who it is before and after.", "See that server_info answers."
        )
    if after is None:
        text = "The server said who it is at the start, and no longer does: nobody can say that this is the same one."
        return Check("same_server", State.INVALID, text, "See that server_info answers before and after every run.")
    if before != after:
        told = "; ".join(
            f"{name} {was!r}, then {now!r}" for (name, was), (_, now) in zip(before, after, strict=False) if was != now
        )
        text = f"Another server process answered after the run than before it ({told}): a restart, or more than one behind the URL."
        return Check("same_server", State.INVALID, text, ONE)
    if mixed is not None:
        return mixed
    behind = subject.behind
    if not behind.whole:
        text = "The same server answered before and after; the other servers of this prefill/decode deployment are not reported."
        return Check("same_server", State.NOT_CHECKED, text, _REACHABLE)
    if behind.unasked:
        some = f"{behind.unasked} of {behind.workers} servers behind the router did not answer themselves"
        return Check("same_server", State.NOT_CHECKED, f"{some}: whether one of them was restarted is not known.", _REACHABLE)
    if not any(name.endswith("random_seed") and value is not None for name, value in before):
        text = (
            "server_info gives no random_seed. What else it gives is the same before and after the run, as it would be after a "
            "restart with the same arguments."
        )
        return Check("same_server", State.NOT_CHECKED, text, "Use a server whose server_info has random_seed.")
    if behind.workers > 1:
        return ok("same_server", f"The same {behind.workers} server processes answered before and after.")
    return ok("same_server", "The same server process answered before and after.")


def _mixed(subject: Subject) -> Check | None:
    """Answers that name different origins: another weight version, model, fingerprint or Server header, or another kind of id."""
    done = [record for record in subject.run.requests if record.ok]
    names = dict.fromkeys(name for record in done for name in record.origin)
    found: State | None = None
    text = ""
    for name in names:
        counts = Counter(record.origin.get(name, "none") for record in done)
        if len(counts) > 1 and found is not State.INVALID:
            found = State.FINDING if name in OF_THE_WAY else State.INVALID
            said = ", ".join(f"{value!r} in {count}" for value, count in counts.most_common(3))
            text = f"{name} is not the same in {len(done)} answers ({said})"
    kinds = Counter(id_kind(record.request_id) for record in done if record.request_id is not None)
    if len(kinds) > 1 and found is not State.INVALID:
        found = State.INVALID
        said = ", ".join(f"{kind} in {count}" for kind, count in kinds.most_common(3))
        text = f"The ids of {len(done)} answers are not of one kind ({said})"
    if found is None:
        return None
    more = "more than one server answered" if found is State.INVALID else "they came by more than one way"
    return Check("same_server", found, f"{text}: {more}.", ONE)


def id_kind(request_id: str) -> str:
    """`chatcmpl-uuid`, `hex`, `number` ...; `other` for what has no such form: ids of random letters are all of one kind."""
    match = _ID.fullmatch(request_id)
    if match is None or match.lastgroup is None:
        return "other"
    return f"{match['prefix']}{match.lastgroup}"
