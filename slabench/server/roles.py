"""The servers of a deployment and what each does: unified, prefill, decode, and the router that answers for
them.

What a router reports differs. sglang's mini_lb hands over every worker's server_info; the Rust gateways
(sglang-router, smg) list their workers at GET /workers; another forwards one worker's server_info, and only
disaggregation_mode shows that it is one of several. Whatever is not reported is None here, never a guess:
figures per GPU hang on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any

from slabench.records import GpuCounts
from slabench.server.info import Gpus, Role, ServerInfo, identity_of, read_info
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
    def gpus(self) -> int | None:
        """None where the router's labels leave open how many GPUs there are."""
        return self.info.gpus.count if self.asked or _sized(self.info) else None


def _sized(info: ServerInfo) -> bool:
    return None not in (info.tp, info.pp, info.dp) and (info.dp == 1 or info.enable_dp_attention is not None)


@dataclass(frozen=True, slots=True)
class Roles:
    """A deployment.

    info is what its servers have in common, with the capacity of those that decode, all together.
    """

    workers: tuple[Worker, ...]
    router: Router
    info: ServerInfo
    raw: Mapping[str, Any]  # what read() made this from, without secrets

    @property
    def disaggregated(self) -> bool:
        return any(one.role is not Role.UNIFIED for one in self.workers)

    @property
    def whole(self) -> bool:
        """False: a worker of a disaggregated deployment answered alone, and how many others there are is not
        known.
        """
        return self.router is not Router.NONE or not self.disaggregated

    @property
    def several(self) -> bool:
        """More than one server is behind --base-url, as far as that is known."""
        return len(self.workers) > 1 or self.disaggregated

    @property
    def schedulers(self) -> int:
        """Data-parallel ranks of all workers: as many caches are there to be flushed."""
        return sum(one.info.dp or 1 for one in self.workers)

    @property
    def unasked(self) -> int:
        """Workers that could not be asked themselves: a restart of theirs is not seen."""
        return sum(not one.asked for one in self.workers)

    def of(self, role: Role) -> tuple[Worker, ...]:
        return tuple(one for one in self.workers if one.role is role)

    def decoding(self) -> tuple[Worker, ...]:
        """Those whose batches and KV pools the answers' tokens come from."""
        return self.of(Role.DECODE) if self.disaggregated else self.workers

    def as_list(self) -> list[dict[str, Any]]:
        """run.json's `roles`: each server with what it reports of itself."""
        return [
            {
                "role": one.role.value,
                "where": one.where,
                "asked": one.asked,
                "version": one.info.version,
                "gpus": one.gpus,
                "token_capacity": one.info.token_capacity,
                "max_running_requests": one.info.max_running_requests,
            }
            for one in self.workers
        ]

    def gpus(self, prefill: int | None, decode: int | None) -> GpuCounts:
        """How many prefill and how many decode. prefill, decode: what --prefill-gpu-num and --decode-gpu-num
        say, which counts.
        """
        if self.disaggregated:
            prefill = prefill or (_summed(self.of(Role.PREFILL)) if self.whole else None)
            decode = decode or (_summed(self.of(Role.DECODE)) if self.whole else None)
        elif prefill is None or decode is None or prefill == decode:
            return GpuCounts.alike(prefill or decode or _summed(self.workers))
        # Two numbers that differ are two sets of GPUs, whatever the answer that a router forwards says of its
        # own.
        return GpuCounts(prefill, decode, None if prefill is None or decode is None else prefill + decode)

    def told_gpus(self, prefill: int | None, decode: int | None) -> str:
        """The GPUs in words, with where each number is from, and the option to give where one is not known."""
        found = self.gpus(prefill, decode)
        if not self.disaggregated and found.prefill == found.decode:
            if found.total is None:
                return f"number of GPUs not known, so no figure per GPU: give {DECODE_OPTION}"
            given = DECODE_OPTION if decode else PREFILL_OPTION
            return f"{found.total} GPU ({given if prefill or decode else _layouts(self.workers)})"
        sides = (
            (found.prefill, prefill, Role.PREFILL, PREFILL_OPTION, "input"),
            (found.decode, decode, Role.DECODE, DECODE_OPTION, "output"),
        )
        return "; ".join(
            f"{count} {role.value} GPU ({option if given else _layouts(self.of(role))})"
            if count is not None
            else f"number of {role.value} GPUs not known{self._known_of(role)}, so no {what} tok/s per GPU: give {option}"
            for count, given, role, option, what in sides
        )

    def _known_of(self, role: Role) -> str:
        """What is known of a role's servers where their GPUs are not all known."""
        seen = self.of(role)
        if not seen:
            return ""
        if self.whole:
            silent = sum(one.gpus is None for one in seen)
            return f" ({silent} of {len(seen)} {role.value} servers do not report theirs)"
        return (
            f" (one {role.value} server of {_layouts(seen)} answered, how many there are it does not report)"
        )


def _summed(workers: Sequence[Worker]) -> int | None:
    return _sum(one.gpus for one in workers)


def _sum(values: Iterable[int | None]) -> int | None:
    """None if one is not known, or if there are none."""
    known = list(values)
    return sum(one for one in known if one is not None) if known and None not in known else None


def agreed(values: Iterable[Any]) -> Any:
    """What all servers have; None where they differ."""
    known = list(values)
    return known[0] if known and all(value == known[0] for value in known) else None


def _layouts(workers: Sequence[Worker]) -> str:
    """`tp 8 x pp 1 of server_info`; of several servers `2 servers: tp 8 x pp 1 of server_info`."""
    kinds: dict[str, int] = {}
    for one in workers:
        kinds[one.info.gpus.source] = kinds.get(one.info.gpus.source, 0) + 1
    if len(workers) == 1:
        return next(iter(kinds))
    return "; ".join(f"{count} server{'s' if count > 1 else ''}: {source}" for source, count in kinds.items())


def read(raw: Mapping[str, Any], model: Mapping[str, Any]) -> Roles:
    """A deployment from one server's server_info, from mini_lb's merged one, or from what identify() made of
    a list of workers."""
    if isinstance(raw.get("workers"), list):
        listed = [one for one in raw["workers"] if isinstance(one, Mapping)]
        router = Router.MINI_LB if raw.get("router") == Router.MINI_LB.value else Router.GATEWAY
        return _together(router, [_listed(one, model) for one in listed], model)
    if merged(raw):
        sides = ((role, raw.get(role.value)) for role in (Role.PREFILL, Role.DECODE))
        made = [
            _described(role, one, model) for role, told in sides if isinstance(told, list) for one in told
        ]
        return _together(Router.MINI_LB, made, model)
    info = read_info(raw, model)
    return Roles((Worker(info.role, info),), Router.NONE, _of_one(info), info.raw)


def _of_one(info: ServerInfo) -> ServerInfo:
    """A prefill or decode server that answers alone has others beside it: what they hold together is not
    known.
    """
    if info.role is Role.UNIFIED:
        return info
    info = replace(info, token_capacity=None, max_running_requests=None)
    if info.role is Role.DECODE:
        return info
    unknown = Gpus(None, None, "a prefill server answered, and none that decodes")
    return replace(
        info,
        gpus=unknown,
        dp=None,
        pp=None,
        disable_cuda_graph=None,
        cuda_graph_bs=None,
        cuda_graph_max_bs=None,
    )


def merged(info: Mapping[str, Any]) -> bool:
    """Whether this is mini_lb's server_info: a list of prefill and a list of decode servers."""
    return any(isinstance(info.get(role.value), list) for role in (Role.PREFILL, Role.DECODE))


def _described(role: Role, told: Any, model: Mapping[str, Any]) -> Worker:
    info = told if isinstance(told, Mapping) else {}
    read_ = read_info(info, model)
    return Worker(role, replace(read_, role=role), _address(info), asked=bool(info))


def _listed(one: Mapping[str, Any], model: Mapping[str, Any]) -> Worker:
    """One entry of the raw form below."""
    role = next((role for role in Role if role.value == one.get("role")), Role.UNIFIED)
    info = one.get("info")
    read_ = read_info(info if isinstance(info, Mapping) else {}, model)
    return Worker(
        role, replace(read_, role=role), str(one.get("where") or ""), asked=one.get("asked") is True
    )


def _address(info: Mapping[str, Any]) -> str:
    return f"{info['host']}:{info['port']}" if "host" in info and "port" in info else ""


def _together(router: Router, workers: Sequence[Worker], model: Mapping[str, Any]) -> Roles:
    """Workers in an order that a router cannot change, the raw form that read() reads again, and what they
    have in common."""
    order = sorted(workers, key=lambda one: ([*Role].index(one.role), one.where))
    raw = {
        "router": router.value,
        "workers": [
            {"role": one.role.value, "where": one.where, "asked": one.asked, "info": dict(one.info.raw)}
            for one in order
        ],
    }
    found = Roles(tuple(order), router, read_info({}, model), raw)
    return replace(found, info=_common(found, model))


def _common(roles: Roles, model: Mapping[str, Any]) -> ServerInfo:
    """Fields that all workers agree on; sizes and arguments of those that decode; what they can hold, all
    together.
    """
    every, decode = [one.info for one in roles.workers], [one.info for one in roles.decoding()]
    if not every or not decode:
        return replace(read_info({}, model), raw=roles.raw)
    shared: dict[str, Any] = {}
    for one in fields(ServerInfo):
        asked = (
            every
            if one.name in ("model_path", "tokenizer_path", "served_model_name", "random_seed")
            else decode
        )
        shared[one.name] = agreed(getattr(info, one.name) for info in asked)
    versions = list(dict.fromkeys(str(info.version) for info in every if info.version is not None))
    per_rank = [info.token_capacity_per_rank for info in decode]
    each = {info.gpus.per_scheduler for info in decode}
    total = _summed(roles.decoding()) if roles.whole else None
    return ServerInfo(
        **shared
        | {
            "role": Role.UNIFIED if not roles.disaggregated else Role.DECODE,
            "version": " and ".join(versions) or None,
            "reference": all(info.reference for info in every),
            "dp": sum(info.dp or 1 for info in decode),
            "gpus": Gpus(total, each.pop() if len(each) == 1 else None, _layouts(roles.decoding())),
            "token_capacity_per_rank": tuple(n for one in per_rank for n in one or ())
            if None not in per_rank
            else None,
            "token_capacity": _sum(info.token_capacity for info in decode),
            "max_running_requests": _sum(info.max_running_requests for info in decode),
            "simulated": next((info.simulated for info in every if info.simulated is not None), None),
            "raw": roles.raw,
        }
    )


def throughputs(raw: Mapping[str, Any]) -> tuple[float, ...]:
    """What each scheduler of the deployment computed last; it stays as it is while nothing runs."""
    roles = read(raw, {})
    return tuple(value for one in roles.workers for value in throughputs_of(one.info.raw))


def identity(raw: Mapping[str, Any] | None) -> tuple[tuple[str, Any], ...] | None:
    """What the deployment's processes keep and others may not have, by name; None if none of them reports its
    seed.

    Two that are equal show no difference, and no more; a restart event in the deploy log is the surer sign.
    """
    if raw is None:
        return None
    roles = read(raw, {})
    if roles.router is Router.NONE:
        return identity_of(raw)
    found: list[tuple[str, Any]] = [("servers", len(roles.workers))]
    known = False
    for place, one in enumerate(roles.workers, 1):
        name = f"{one.role.value} server {place}{f' ({one.where})' if one.where else ''}"
        told = identity_of(one.info.raw) if one.asked else None
        known = known or told is not None
        found += [(f"{name}: {key}", value) for key, value in told or ()] or [(name, "not asked")]
    return tuple(found) if known else None
