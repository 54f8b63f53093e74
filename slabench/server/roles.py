"""The servers of a deployment and the role of each: unified, prefill, decode, and the router in front of
them.

What a router reports differs. sglang's mini_lb hands over every worker's server_info; the Rust gateways
(sglang-router, smg) list their workers at GET /workers; another forwards one worker's server_info, and only
disaggregation_mode shows that it is one of several. Whatever is not reported is None here, never a guess:
metrics per GPU depend on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any

from slabench.messages import Message
from slabench.records import GpuCounts
from slabench.server.info import Gpus, Raw, Role, ServerInfo, identity_of, read_info
from slabench.server.info import throughputs as throughputs_of

PREFILL_OPTION, DECODE_OPTION = "--prefill-gpu-num", "--decode-gpu-num"


class Router(Enum):
    """What answered at --base-url."""

    NONE = "none"  # a server itself, or a router that forwards one worker's answer and lists nothing
    MINI_LB = "mini_lb"
    GATEWAY = "gateway"  # it answers GET /workers


@dataclass(frozen=True, slots=True)
class Worker:
    """One server of the deployment. asked: it described itself; False: only the router did, by the labels of
    its list.
    """

    role: Role
    info: ServerInfo
    where: str = ""  # the address that the router has for it
    asked: bool = True

    @property
    def name(self) -> dict[str, Any]:
        return {"role": self.role.value, "where": self.where, "asked": self.asked}

    @property
    def gpus(self) -> int | None:
        """None where the router's labels do not determine the number of GPUs."""
        info = self.info
        sized = None not in (info.tp, info.pp, info.dp)
        sized = sized and (info.dp == 1 or info.enable_dp_attention is not None)
        return info.gpus.count if self.asked or sized else None


@dataclass(frozen=True, slots=True)
class Roles:
    """A deployment.

    info: what its servers have in common, with the capacity of those that decode, all together.
    """

    workers: tuple[Worker, ...]
    router: Router
    info: ServerInfo
    raw: Raw  # what read() made this from, without secrets

    @property
    def disaggregated(self) -> bool:
        return any(worker.role is not Role.UNIFIED for worker in self.workers)

    @property
    def whole(self) -> bool:
        """False: one worker of a disaggregated deployment answered for itself, and how many others there are
        is not known.
        """
        return self.router is not Router.NONE or not self.disaggregated

    @property
    def schedulers(self) -> int:
        """Data-parallel ranks of all workers: each has a cache to be flushed."""
        return sum(worker.info.dp or 1 for worker in self.workers)

    @property
    def unasked(self) -> int:
        """Workers that could not be asked themselves: a restart of theirs is not visible."""
        return sum(not worker.asked for worker in self.workers)

    def of(self, role: Role) -> tuple[Worker, ...]:
        return tuple(worker for worker in self.workers if worker.role is role)

    def decoding(self) -> tuple[Worker, ...]:
        """Those whose batches and KV pools the answers' tokens come from."""
        return self.of(Role.DECODE) if self.disaggregated else self.workers

    def as_list(self) -> list[dict[str, Any]]:
        """run.json's `roles`: each server with what it reports of itself."""
        shown = ("version", "token_capacity", "max_running_requests")
        return [
            {**worker.name, "gpus": worker.gpus, **{key: getattr(worker.info, key) for key in shown}}
            for worker in self.workers
        ]

    def gpus(self, prefill: int | None, decode: int | None) -> GpuCounts:
        """How many prefill and how many decode. prefill, decode: the values of --prefill-gpu-num and
        --decode-gpu-num, which have precedence.
        """
        if self.disaggregated:
            prefill = prefill or (_gpus_of(self.of(Role.PREFILL)) if self.whole else None)
            decode = decode or (_gpus_of(self.of(Role.DECODE)) if self.whole else None)
        elif prefill is None or decode is None or prefill == decode:
            return GpuCounts.alike(prefill or decode or _gpus_of(self.workers))
        # Two different numbers are two sets of GPUs, whatever one worker's forwarded answer reports.
        return GpuCounts(prefill, decode, _sum((prefill, decode)))

    def describe_gpus(self, prefill: int | None, decode: int | None) -> Message:
        """The GPUs in words, with the source of each number, and the option to give where one is unknown."""
        counts = self.gpus(prefill, decode)
        if not self.disaggregated and counts.prefill == counts.decode:
            if counts.total is None:
                return Message("gpus.unknown", option=DECODE_OPTION)
            option = DECODE_OPTION if decode else PREFILL_OPTION
            source = option if prefill or decode else _layouts(self.workers)
            return Message("gpus.all", gpus=counts.total, source=source)
        both = (
            self._describe_side(Role.PREFILL, counts.prefill, PREFILL_OPTION if prefill else None),
            self._describe_side(Role.DECODE, counts.decode, DECODE_OPTION if decode else None),
        )
        return Message("gpus.sides", sides=both)

    def _describe_side(self, role: Role, count: int | None, by_option: str | None) -> Message:
        if count is not None:
            source = by_option or _layouts(self.of(role))
            return Message("gpus.of_role", gpus=count, role=role.value, source=source)
        option = PREFILL_OPTION if role is Role.PREFILL else DECODE_OPTION
        known = self._known_of(role)
        return Message(f"gpus.unknown_{role.value}", known=known, option=option)

    def _known_of(self, role: Role) -> Message | str:
        """What is known of a role's servers where their GPUs are not all known."""
        workers = self.of(role)
        if not workers:
            return ""
        if self.whole:
            silent = sum(worker.gpus is None for worker in workers)
            return Message("gpus.silent", silent=silent, servers=len(workers), role=role.value)
        return Message("gpus.one_of_role", role=role.value, layouts=_layouts(workers))


def _gpus_of(workers: Sequence[Worker]) -> int | None:
    return _sum(worker.gpus for worker in workers)


def _sum(values: Iterable[int | None]) -> int | None:
    """None if one is not known, or if there are none."""
    counts = list(values)
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def agreed(values: Iterable[Any]) -> Any:
    """The value that all servers have; None where they differ."""
    known = list(values)
    return known[0] if known and all(value == known[0] for value in known) else None


def _layouts(workers: Sequence[Worker]) -> Message:
    """`tp 8 x pp 1 of server_info`; of several servers `2 servers: tp 8 x pp 1 of server_info`."""
    kinds = Counter(worker.info.gpus.source for worker in workers)
    if len(workers) == 1:
        return next(iter(kinds))
    each = [Message("gpus.servers", servers=count, source=source) for source, count in kinds.items()]
    return Message("gpus.sides", sides=each)


def read(raw: Raw, model: Raw) -> Roles:
    """A deployment from one server's server_info, from mini_lb's merged one, or from what identify() made of
    a list of workers.
    """
    if isinstance(raw.get("workers"), list):
        entries = [entry for entry in raw["workers"] if isinstance(entry, Mapping)]
        router = Router.MINI_LB if raw.get("router") == Router.MINI_LB.value else Router.GATEWAY
        return _together(router, [_listed(entry, model) for entry in entries], model)
    if merged(raw):
        sides = ((role, raw.get(role.value)) for role in (Role.PREFILL, Role.DECODE))
        infos = [(role, info) for role, side in sides if isinstance(side, list) for info in side]
        return _together(Router.MINI_LB, [_described(role, info, model) for role, info in infos], model)
    info = read_info(raw, model)
    return Roles((Worker(info.role, info),), Router.NONE, _of_one(info), info.raw)


def _of_one(info: ServerInfo) -> ServerInfo:
    """A prefill or decode server that answers for itself has others beside it: what they hold together is not
    known.
    """
    if info.role is Role.UNIFIED:
        return info
    info = replace(info, token_capacity=None, max_running_requests=None)
    if info.role is Role.DECODE:
        return info
    unknown = Gpus(None, None, Message("gpus.none_decodes"))
    graphs: dict[str, Any] = dict.fromkeys(("disable_cuda_graph", "cuda_graph_bs", "cuda_graph_max_bs"))
    return replace(info, gpus=unknown, dp=None, pp=None, **graphs)


def merged(info: Raw) -> bool:
    """Whether this is mini_lb's server_info: a list of prefill and a list of decode servers."""
    return any(isinstance(info.get(role.value), list) for role in (Role.PREFILL, Role.DECODE))


def _described(role: Role, raw: Any, model: Raw) -> Worker:
    """One server of mini_lb's answer."""
    raw = raw if isinstance(raw, Mapping) else {}
    where = f"{raw['host']}:{raw['port']}" if "host" in raw and "port" in raw else ""
    return Worker(role, replace(read_info(raw, model), role=role), where, asked=bool(raw))


def _listed(entry: Raw, model: Raw) -> Worker:
    """One entry of the raw form that _together() makes."""
    role = next((role for role in Role if role.value == entry.get("role")), Role.UNIFIED)
    raw = entry.get("info")
    info = read_info(raw if isinstance(raw, Mapping) else {}, model)
    where = str(entry.get("where") or "")
    return Worker(role, replace(info, role=role), where, asked=entry.get("asked") is True)


def _together(router: Router, workers: Sequence[Worker], model: Raw) -> Roles:
    """Workers in an order that a router cannot change, the raw form that read() reads again, and what they
    have in common.
    """
    order = sorted(workers, key=lambda worker: ([*Role].index(worker.role), worker.where))
    entries = [{**worker.name, "info": dict(worker.info.raw)} for worker in order]
    raw = {"router": router.value, "workers": entries}
    roles = Roles(tuple(order), router, read_info({}, model), raw)
    return replace(roles, info=_common(roles, model))


_OF_EVERY_SERVER = ("model_path", "tokenizer_path", "served_model_name", "random_seed")


def _common(roles: Roles, model: Raw) -> ServerInfo:
    """Fields in which all workers agree; sizes and arguments of those that decode; their capacity, all
    together.
    """
    decoding = roles.decoding()
    every, decode = [worker.info for worker in roles.workers], [worker.info for worker in decoding]
    if not every or not decode:
        return replace(read_info({}, model), raw=roles.raw)
    shared: dict[str, Any] = {
        name: agreed(getattr(info, name) for info in (every if name in _OF_EVERY_SERVER else decode))
        for name in (field.name for field in fields(ServerInfo))
    }
    versions = dict.fromkeys(str(info.version) for info in every if info.version is not None)
    per_rank = [info.token_capacity_per_rank or () for info in decode]
    total = _gpus_of(decoding) if roles.whole else None
    shared |= {
        "role": Role.DECODE if roles.disaggregated else Role.UNIFIED,
        "version": " and ".join(versions) or None,
        "reference": all(info.reference for info in every),
        "dp": sum(info.dp or 1 for info in decode),
        "gpus": Gpus(total, agreed(info.gpus.per_scheduler for info in decode), _layouts(decoding)),
        "token_capacity_per_rank": sum(per_rank, ()) if all(per_rank) else None,
        "token_capacity": _sum(info.token_capacity for info in decode),
        "max_running_requests": _sum(info.max_running_requests for info in decode),
        "simulated": next((info.simulated for info in every if info.simulated is not None), None),
        "raw": roles.raw,
    }
    return ServerInfo(**shared)


def throughputs(raw: Raw) -> tuple[float, ...]:
    """What each scheduler of the deployment computed last; it changes only while requests run."""
    workers = read(raw, {}).workers
    return tuple(value for worker in workers for value in throughputs_of(worker.info.raw))


def identity(raw: Raw | None) -> tuple[tuple[str, Any], ...] | None:
    """What the deployment's processes keep and others may not have, by name; None if none of them reports its
    seed.

    Equal identities show no difference, and prove nothing; a restart event in the deploy log is the surer
    sign.
    """
    if raw is None:
        return None
    roles = read(raw, {})
    if roles.router is Router.NONE:
        return identity_of(raw)
    pairs: list[tuple[str, Any]] = [("servers", len(roles.workers))]
    known = False
    for place, worker in enumerate(roles.workers, 1):
        name = f"{worker.role.value} server {place}{f' ({worker.where})' if worker.where else ''}"
        own = identity_of(worker.info.raw) if worker.asked else None
        known = known or own is not None
        pairs += [(f"{name}: {key}", value) for key, value in own or ()] or [(name, "not asked")]
    return tuple(pairs) if known else None
