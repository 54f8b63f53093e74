"""Did one and the same server process answer? From server_info, asked several times, and from the answers'
origin.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from slabench.messages import Message
from slabench.verdict.outcome import Check, CheckStatus, check, finding, invalid, not_checked, ok
from slabench.verdict.validity.context import CheckContext, unreported
from slabench.verdict.validity.paces import two_paces
from slabench.verdict.validity.registry import ONE_SERVER, Registration, Stage

# Several nodes of one proxy add different values of these.
OF_THE_WAY = ("header via", "header x-served-by")
_HEX, _UUID, _NUMBER = "[0-9a-f]{32}", "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[0-9]+"
_ID = re.compile(
    rf"(?P<prefix>[A-Za-z_]*[-_:]?)(?:(?P<hex>{_HEX})|(?P<uuid>{_UUID})|(?P<number>{_NUMBER}))", re.ASCII
)


@Registration(
    Stage.ORIGIN,
    evidence="`meta_info.id`, or `id` of `/v1`",
    invalid=(
        "an answer has the id of another one, or no id where others have one; or one short request, sent "
        "twice before a server's first load, was answered with one id"
    ),
    why="it came from a gateway's cache and was not computed",
    probe=True,
)
def request_ids(context: CheckContext) -> Check:
    ids = [
        record.request_id for record in context.run.requests if record.ok and record.request_id is not None
    ]
    without, answers = unreported(context, lambda record: record.request_id)
    if context.probe is not None and context.probe.replayed:
        return invalid("request_ids.replayed", id=context.probe.replayed)
    if not ids:
        return not_checked("request_ids.none")
    if without:
        return invalid("request_ids.partly", remedy=ONE_SERVER, without=without, answers=answers)
    repeated = len(ids) - len(set(ids))
    if repeated:
        ((common, _),) = Counter(ids).most_common(1)
        return invalid("request_ids.repeated", repeated=repeated, answers=answers, id=common)
    return ok("request_ids.unique", answers=answers)


@Registration(
    Stage.SERVER,
    evidence="server_info of every server, answers",
    invalid=(
        "another server process answered before or after the run than at the start (asked nine times before "
        "and nine times after, eight of them at once; compared are the seed, the model, the layout and the "
        "arguments that speed depends on), or one that reported its identity no longer does; or the answers "
        "are not of one origin: `weight_version`, `model`, `system_fingerprint`, the header `server`, or "
        "the kind of their ids; or what was asked at one moment had two `last_gen_throughput`, and the same "
        "two again; or answers arrived at two paces at one time, one more than 2.5 times slower in events "
        "and in tokens (several ranks or servers: a finding). Servers behind a router that cannot be asked: "
        "not checked. Another `via` or `x-served-by` is a finding, and so is a baseline server with the "
        "same `random_seed` of which nothing shows that it is another process"
    ),
    why=(
        "a load balancer's answer is one server's. Without `random_seed` the other values of server_info "
        "are compared, and equal ones are not checked: a restart with the same arguments does not change "
        "them"
    ),
    client="any",
    unreported=True,
)
def same_server(context: CheckContext) -> Check:
    """One and the same server process answered from the session's start to this run's end; one that stops
    reporting proves nothing.
    """
    results = [_mixed(context), _differs(context), _two_states(context) or _two_paces(context)]
    odd = [result for result in results if result is not None]
    worst = min(odd, key=lambda result: result.state is not CheckStatus.INVALID, default=None)
    return worst or _unchanged(context)


def _differs(context: CheckContext) -> Check | None:
    """The server reports another identity, or none any more."""
    before, after = context.identity_before, context.identity_after
    if before is None or before == after:
        return None
    if after is None:
        return invalid("same_server.stopped")
    was, now = dict(before), dict(after)
    differences = tuple(
        Message("same_server.difference", name=name, before=repr(was.get(name)), after=repr(now.get(name)))
        for name in dict.fromkeys((*was, *now))
        if was.get(name) != now.get(name)
    )
    return invalid("same_server.differs", differences=differences)


def _unchanged(context: CheckContext) -> Check:
    """Nothing differs; a part may not be known."""
    before, behind = context.identity_before, context.behind
    if before is None:
        return not_checked("same_server.unknown")
    if not behind.whole:
        return not_checked("same_server.other_servers")
    if behind.unasked:
        return not_checked("same_server.unreachable", unasked=behind.unasked, workers=behind.workers)
    if not any(name.endswith("random_seed") and value is not None for name, value in before):
        return not_checked("same_server.no_seed")
    if context.twin:
        return finding("same_server.twin", twin=context.twin)
    if behind.workers > 1:
        return ok("same_server.workers", workers=behind.workers)
    return ok("same_server.ok")


def _two_states(context: CheckContext) -> Check | None:
    """A server without work has one last_gen_throughput, however often it is asked."""
    for answers in context.throughputs:
        if len(answers) > 1:
            first, second = (tuple(f"{value:g}" for value in state) for state in answers[:2])
            return invalid("same_server.two_states", first=first, second=second)
    return None


def _two_paces(context: CheckContext) -> Check | None:
    paces = two_paces(context.run.requests)
    if paces is None:
        return None
    several = context.ranks > 1 or context.behind.several
    return check(
        CheckStatus.FINDING if several else CheckStatus.INVALID,
        "same_server.two_paces",
        fast=paces.fast,
        fast_ms=paces.fast_ms,
        slow=paces.slow,
        slow_ms=paces.slow_ms,
        cause=Message("same_server.uneven" if several else "same_server.more_than_one_pace"),
        remedy=Message("same_server.uneven_remedy" if several else "same_server.one_process"),
    )


def _mixed(context: CheckContext) -> Check | None:
    """Answers of different origins: another weight version, model, fingerprint or Server header, or another
    kind of id.
    """
    done = [record for record in context.run.requests if record.ok]
    odd: list[Check] = []
    for name in dict.fromkeys(name for record in done for name in record.origin):
        counts = Counter(record.origin.get(name, "none") for record in done)
        if len(counts) > 1:
            way = name in OF_THE_WAY
            values = _values([(repr(value), count) for value, count in counts.most_common(3)])
            odd.append(
                check(
                    CheckStatus.FINDING if way else CheckStatus.INVALID,
                    "same_server.mixed",
                    name=name,
                    answers=len(done),
                    values=values,
                    cause=Message("same_server.several_ways" if way else "same_server.more_than_one"),
                )
            )
    kinds = id_kinds([record.request_id for record in done if record.request_id is not None])
    if len(kinds) > 1:
        odd.append(invalid("same_server.mixed_ids", answers=len(done), values=_values(kinds.most_common(3))))
    return min(odd, key=lambda result: result.state is not CheckStatus.INVALID, default=None)


def _values(counts: Sequence[tuple[str, int]]) -> tuple[Message, ...]:
    return tuple(Message("same_server.value_count", value=value, count=count) for value, count in counts)


def id_kinds(request_ids: Sequence[str]) -> Counter[str]:
    """How many ids are of which kind. A random text may look like a number: ids as long as one of no form are
    of its kind.
    """
    kinds = [(id_kind(request_id), len(request_id)) for request_id in request_ids]
    others = {length for kind, length in kinds if kind == "other"}
    return Counter("other" if length in others else kind for kind, length in kinds)


def id_kind(request_id: str) -> str:
    """`chatcmpl-uuid`, `hex`, `number` ...; `other` without such a form: all ids of random letters are one
    kind.
    """
    match = _ID.fullmatch(request_id)
    return "other" if match is None or match.lastgroup is None else f"{match['prefix']}{match.lastgroup}"
