"""Finds out what is at a base URL: a server, or a router and then the servers behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slabench.errors import ConfigError, ServerError
from slabench.messages import Message
from slabench.server.http import Http, Response
from slabench.server.info import Role
from slabench.server.roles import Roles, Router, merged, read
from slabench.server.url import parse_url

WORKER_TIMEOUT_S = 3.0
INFO_PATHS = ("/server_info", "/get_server_info")
_ONLY_SGLANG = Message("part.only_sglang")
_IN_EVERY_INFO = {"tp_size", "version", "max_total_num_tokens", "internal_states"}  # at least one of them
# a gateway's worker_type; `regular` is a unified server
_ROLES = {"prefill": Role.PREFILL, "decode": Role.DECODE}
_REFUSED = {
    401: Message("part.needs_key"),
    403: Message("part.needs_key"),
    503: Message("part.starting"),
}


def identify(
    url: str,
    headers: Mapping[str, str] | None = None,
    *,
    timeout: float = 10.0,
    ca_file: str | None = None,
    like: Roles | None = None,
    on_answer: Callable[[], None] | None = None,
) -> Roles:
    """Ask the server or router at url what it is. ServerError if it does not answer or is not SGLang.

    like: what it was before; then only what can have changed is requested. on_answer: called when its
    server_info has come.
    """
    client = Http(url, headers, timeout=timeout, ca_file=ca_file)
    answer = _first(client, INFO_PATHS)
    info = answer.json() if answer.status == 200 else {}
    if on_answer is not None:
        on_answer()
    if isinstance(info, dict) and merged(info):
        return read(info, _model(client))
    listed = _listed(client) if like is None or like.router is Router.GATEWAY else []
    if listed:
        silent = {worker.where for worker in like.workers if not worker.asked} if like is not None else set()
        # A worker that answered before is waited for: a busy server describes itself slowly, and its silence
        # would look like a restart.
        workers = _workers(client, listed, silent, WORKER_TIMEOUT_S if like is None else timeout)
        return read({"router": Router.GATEWAY.value, "workers": workers}, _model(client))
    if answer.status != 200:
        raise ServerError(
            Message(
                "reach.no_info",
                url=client.target.shown,
                status=answer.status,
                paths=INFO_PATHS,
                kind=answer.kind(),
                only_sglang=_ONLY_SGLANG,
            )
        )
    if not isinstance(info, dict) or not (_IN_EVERY_INFO & info.keys()):
        raise ServerError(Message("reach.other_json", url=answer.url, only_sglang=_ONLY_SGLANG))
    model = _model(client)
    return read(info if like is not None else {**info, **_loads(client)}, model)


def _model(client: Http) -> Mapping[str, Any]:
    answer = client.first_of(("/model_info", "/get_model_info"))
    body = answer.json() if answer.status == 200 else None
    return body if isinstance(body, dict) else {}


def _first(client: Http, paths: Sequence[str]) -> Response:
    """As client.first_of(). ServerError if the server does not answer, requires a key or is not ready."""
    answer = client.first_of(paths)
    if answer.status in _REFUSED:
        raise ServerError(
            Message("reach.refused", url=answer.url, status=answer.status, why=_REFUSED[answer.status])
        )
    return answer


def _quiet(client: Http, path: str) -> Mapping[str, Any]:
    """The JSON object at path; empty where there is none. For what a server need not have."""
    try:
        answer = client.get(path)
        body = answer.json() if answer.status == 200 else None
    except ServerError:
        return {}
    return body if isinstance(body, dict) else {}


def _loads(client: Http) -> dict[str, Any]:
    """The accelerator and how many a data-parallel rank has (0.5.18 and later); empty where that is not
    reported.
    """
    page = _quiet(client, "/v1/loads")
    if "num_accelerators" not in page:
        return {}
    loads = page.get("loads")
    ranks = [
        {"dp_rank": load.get("dp_rank")}
        for load in (loads if isinstance(loads, list) else ())
        if isinstance(load, dict)
    ]
    named = {name: page.get(name) for name in ("accelerator", "num_accelerators")}
    return {"loads": {**named, "loads": ranks}}


def _listed(client: Http) -> list[Mapping[str, Any]]:
    """The workers of a Rust gateway, one entry per server: with --dp-aware it lists each data-parallel rank
    as URL@RANK.
    """
    workers = _quiet(client, "/workers").get("workers")
    by_url: dict[str, Mapping[str, Any]] = {}
    for worker in workers if isinstance(workers, list) else ():
        if isinstance(worker, dict) and isinstance(worker.get("url"), str):
            head, mark, rank = worker["url"].rpartition("@")
            url = head if mark and rank.isdigit() else worker["url"]
            by_url.setdefault(url, {**worker, "url": url})
    return list(by_url.values())


def _workers(
    client: Http, listed: Sequence[Mapping[str, Any]], silent: set[str], timeout: float
) -> list[dict[str, Any]]:
    """Each worker asked itself, all at once; the gateway's labels for one that does not answer or is in
    silent.
    """

    def ask(worker: Mapping[str, Any]) -> dict[str, Any]:
        labels = _typed(worker.get("metadata") or worker.get("labels"))
        where = _address(worker["url"])
        info = {} if where in silent else _ask(client, worker["url"], labels, timeout)
        role = _role(worker.get("worker_type")).value
        return {"role": role, "where": where, "asked": bool(info), "info": info or labels}

    with ThreadPoolExecutor(max_workers=min(16, len(listed))) as pool:
        return list(pool.map(ask, listed))


def _role(kind: Any) -> Role:
    """Of `prefill`, or of {"Prefill": {...}} as older releases have it."""
    name = next(iter(kind), "") if isinstance(kind, Mapping) else kind
    return _ROLES.get(str(name).lower(), Role.UNIFIED)


def _ask(client: Http, url: str, labels: Mapping[str, Any], timeout: float) -> Mapping[str, Any]:
    """A worker's own server_info; empty if it cannot be had.

    Without our headers: an API key is only for the address that it was given for. A loopback address is one
    of the gateway's own machine, so the labels have to agree with what answers at that address here.
    """
    try:
        if parse_url(url).loopback and not client.target.loopback:
            return {}
        worker = Http(url, timeout=timeout)
        info = next(filter(None, (_quiet(worker, path) for path in INFO_PATHS)), {})
    except ConfigError:  # no URL for HTTP, such as grpc://
        return {}
    names = [name for name in ("model_path", "tp_size", "version") if name in labels]
    same = all(info.get(name) in (None, labels[name]) for name in names)
    return {**info, **_loads(worker)} if same and "tp_size" in info else {}


_LABELS: dict[str, Any] = {"true": True, "false": False, "null": None, "none": None}


def _typed(labels: Any) -> dict[str, Any]:
    """A gateway's labels are all texts: "8" is 8, "true" is True, "null" is None."""
    texts = labels.items() if isinstance(labels, Mapping) else ()
    return {
        str(name): int(text) if text.isdecimal() else _LABELS.get(text.lower(), text)
        for name, text in texts
        if isinstance(text, str)
    }


def _address(url: str) -> str:
    """HOST:PORT without a user name or password, which no output may show."""
    return url.rpartition("://")[2].rpartition("@")[2].partition("/")[0]
