"""Did one and the same server process answer? By server_info, asked several times, and by what the answers
say of their origin."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity.context import CheckContext, ok, unreported
from slabench.verdict.validity.paces import two_paces
from slabench.verdict.validity.registry import ONE_SERVER, Registration, Stage

ONE = "Measure one server process that stays up, without a balancer in front of several."
SPREAD = "See how the requests are spread over servers or ranks, and whether one of them does other work."
_REACHABLE = "Run slabench where the addresses that the router lists at GET /workers can be reached."
# What the ways to the server may add in other words from answer to answer: several nodes of one proxy.
OF_THE_WAY = ("header via", "header x-served-by")
_HEX, _UUID, _NUMBER = "[0-9a-f]{32}", "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[0-9]+"
_ID = re.compile(
    rf"(?P<prefix>[A-Za-z_]*[-_:]?)(?:(?P<hex>{_HEX})|(?P<uuid>{_UUID})|(?P<number>{_NUMBER}))", re.ASCII
)


@Registration(
    Stage.ORIGIN,
    evidence="`meta_info.id`, or `id` of `/v1`",
    invalid="an answer has the id of another one, or no id where others have one",
    why="it came out of a gateway's cache, and nobody computed it",
    probe=True,
)
def request_ids(subject: CheckContext) -> Check:
    ids = [
        record.request_id for record in subject.run.requests if record.ok and record.request_id is not None
    ]
    silent, answers = unreported(subject, lambda record: record.request_id)
    if not ids:
        return Check(
            "request_ids",
            CheckStatus.NOT_CHECKED,
            "The answers have no ids.",
            "Use a server that reports meta_info.",
        )
    if silent:
        text = f"{silent} of {answers} answers have no id, the others do: nobody can say who answered."
        return Check("request_ids", CheckStatus.INVALID, text, ONE_SERVER)
    again = len(ids) - len(set(ids))
    if again:
        ((one, _),) = Counter(ids).most_common(1)
        text = f"{again} of {answers} answers have the id of another one ({one}): they were not computed."
        return Check(
            "request_ids",
            CheckStatus.INVALID,
            text,
            "Measure the server itself, without a gateway that caches answers.",
        )
    return ok("request_ids", f"Each of {answers} answers has an id of its own.")


@Registration(
    Stage.SERVER,
    evidence="server_info of every server, answers",
    invalid=(
        "another server process answered before or after the run than at the start (asked nine times before and nine "
        "times after, eight of them at once; what is compared is the seed, the model, the layout and the arguments that "
        "speed hangs on), or one that said who it is no longer does; or the answers are not of one origin: "
        "`weight_version`, `model`, `system_fingerprint`, the header `server`, or the kind of their ids; or what was "
        "asked at one moment had two `last_gen_throughput`, and the same two again; or answers "
        "came at two paces at one time, one more than 2.5 "
        "times slower in events and in tokens (several ranks or servers: a finding). Servers behind a router that cannot "
        "be asked: not checked. Another `via` or `x-served-by` is a finding, and so is a baseline server with the same "
        "`random_seed` of which nothing shows that it is another process"
    ),
    why=(
        "a balancer's answer is one server's. Without `random_seed` what else server_info gives is compared, and what is "
        "equal is not checked: a restart with the same arguments does not show"
    ),
    client="any",
    unreported=True,
)
def same_server(subject: CheckContext) -> Check:
    """One and the same server process answered from the session's start to this run's end; one that falls
    silent proves nothing.
    """
    found = [_mixed(subject), _differs(subject), _two_states(subject) or _two_paces(subject)]
    odd = [one for one in found if one is not None]
    return (
        min(odd, key=lambda one: one.state is not CheckStatus.INVALID, default=None)
        or _unknown(subject)
        or _alike(subject)
    )


def _differs(subject: CheckContext) -> Check | None:
    """The server says that it is another one, or nothing any more."""
    before, after = subject.identity_before, subject.identity_after
    if before is None or before == after:
        return None
    if after is None:
        text = "The server said who it is at the start, and no longer does: nobody can say that this is the same one."
        return Check(
            "same_server",
            CheckStatus.INVALID,
            text,
            "See that server_info answers before and after every run.",
        )
    was, now = dict(before), dict(after)
    names = [
        name for name in (*was, *(name for name in now if name not in was)) if was.get(name) != now.get(name)
    ]
    told = "; ".join(f"{name} {was.get(name)!r}, then {now.get(name)!r}" for name in names)
    text = f"Another server process answered after the run than before it ({told}): a restart, or more than one behind the URL."
    return Check("same_server", CheckStatus.INVALID, text, ONE)


def _unknown(subject: CheckContext) -> Check | None:
    """Nothing differs, and not all of it was seen."""
    before, behind = subject.identity_before, subject.behind
    if before is None:
        return Check(
            "same_server",
            CheckStatus.NOT_CHECKED,
            "The server did not say who it is before and after.",
            "See that server_info answers.",
        )
    if not behind.whole:
        text = "The same server answered before and after; the other servers of this prefill/decode deployment are not reported."
        return Check("same_server", CheckStatus.NOT_CHECKED, text, _REACHABLE)
    if behind.unasked:
        some = f"{behind.unasked} of {behind.workers} servers behind the router did not answer themselves"
        return Check(
            "same_server",
            CheckStatus.NOT_CHECKED,
            f"{some}: whether one of them was restarted is not known.",
            _REACHABLE,
        )
    if not any(name.endswith("random_seed") and value is not None for name, value in before):
        text = (
            "server_info gives no random_seed. What else it gives is the same before and after the run, as it would be after a "
            "restart with the same arguments."
        )
        return Check(
            "same_server", CheckStatus.NOT_CHECKED, text, "Use a server whose server_info has random_seed."
        )
    return None


def _alike(subject: CheckContext) -> Check:
    if subject.twin:
        text = f"The server and the baseline server may be one process: {subject.twin}, and nothing shows that they are two."
        remedy = "Start both without --random-seed: each draws its own then. Give each server's own address."
        return Check("same_server", CheckStatus.FINDING, text, remedy)
    workers = subject.behind.workers
    if workers > 1:
        return ok("same_server", f"The same {workers} server processes answered before and after.")
    return ok("same_server", "The same server process answered before and after.")


def _two_states(subject: CheckContext) -> Check | None:
    """A server without work has one last_gen_throughput, however often it is asked."""
    for answers in subject.throughputs:
        if len(answers) > 1:
            one, other = (", ".join(f"{value:g}" for value in state) for state in answers[:2])
            text = f"What answers at this address reported {one} and {other} as its last_gen_throughput at the same moment"
            return Check("same_server", CheckStatus.INVALID, f"{text}: more than one server answered.", ONE)
    return None


def _two_paces(subject: CheckContext) -> Check | None:
    found = two_paces(subject.run.requests)
    if found is None:
        return None
    text = (
        f"{found.fast} answers came with {found.fast_ms:.1f} ms between two events and {found.slow} with {found.slow_ms:.1f} ms, "
        "at the same time; a server makes all that it makes at one time at one pace"
    )
    if subject.ranks > 1 or subject.behind.several:
        return Check(
            "same_server",
            CheckStatus.FINDING,
            f"{text}, and the servers or ranks here were not alike.",
            SPREAD,
        )
    return Check(
        "same_server",
        CheckStatus.INVALID,
        f"{text}: more than one server answered, or some answers were held back.",
        ONE,
    )


def _mixed(subject: CheckContext) -> Check | None:
    """Answers that name different origins: another weight version, model, fingerprint or Server header, or
    another kind of id.
    """
    done = [record for record in subject.run.requests if record.ok]
    names = dict.fromkeys(name for record in done for name in record.origin)
    found: CheckStatus | None = None
    text = ""
    for name in names:
        counts = Counter(record.origin.get(name, "none") for record in done)
        if len(counts) > 1 and found is not CheckStatus.INVALID:
            found = CheckStatus.FINDING if name in OF_THE_WAY else CheckStatus.INVALID
            said = ", ".join(f"{value!r} in {count}" for value, count in counts.most_common(3))
            text = f"{name} is not the same in {len(done)} answers ({said})"
    kinds = id_kinds([record.request_id for record in done if record.request_id is not None])
    if len(kinds) > 1 and found is not CheckStatus.INVALID:
        found = CheckStatus.INVALID
        said = ", ".join(f"{kind} in {count}" for kind, count in kinds.most_common(3))
        text = f"The ids of {len(done)} answers are not of one kind ({said})"
    if found is None:
        return None
    more = (
        "more than one server answered" if found is CheckStatus.INVALID else "they came by more than one way"
    )
    return Check("same_server", found, f"{text}: {more}.", ONE)


def id_kinds(request_ids: Sequence[str]) -> Counter[str]:
    """How many ids are of which kind. A random text may look like a number: ids as long as one of no form are
    of its kind.
    """
    kinds = [(id_kind(one), len(one)) for one in request_ids]
    others = {length for kind, length in kinds if kind == "other"}
    return Counter("other" if length in others else kind for kind, length in kinds)


def id_kind(request_id: str) -> str:
    """`chatcmpl-uuid`, `hex`, `number` ...; `other` for what has no such form: ids of random letters are all
    of one kind.
    """
    match = _ID.fullmatch(request_id)
    if match is None or match.lastgroup is None:
        return "other"
    return f"{match['prefix']}{match.lastgroup}"
