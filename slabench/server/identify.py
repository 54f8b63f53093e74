"""Asks who answers at a base URL: a server, or a router and then the servers behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slabench.errors import ConfigError, ServerError
from slabench.server.http import Http, Response
from slabench.server.info import Role
from slabench.server.roles import Roles, Router, merged, read
from slabench.server.url import parse_url

WORKER_TIMEOUT_S = 3.0
_OURS = (
    "slabench measures SGLang servers: check that --base-url is the address of an SGLang server or of an SGLang router, not of "
    "another engine."
)
# one of these is in every server_info
_SAYS = {"tp_size", "version", "max_total_num_tokens", "internal_states"}
# a gateway's worker_type; `regular` is a unified server
_ROLES = {"prefill": Role.PREFILL, "decode": Role.DECODE}


def identify(
    url: str,
    headers: Mapping[str, str] | None = None,
    *,
    timeout: float = 10.0,
    ca_file: str | None = None,
    like: Roles | None = None,
    on_answer: Callable[[], None] | None = None,
) -> Roles:
    """Ask the server or router at url what it is. ServerError if nothing answers, or if what answers is no
    SGLang.

    like: what it was before; then only what can have changed is asked for. on_answer: called when its
    server_info has come.
    """
    client = Http(url, headers, timeout=timeout, ca_file=ca_file)
    answer = _first(client, ("/server_info", "/get_server_info"))
    described = answer.json() if answer.status == 200 else {}
    if on_answer is not None:
        on_answer()
    if isinstance(described, dict) and merged(described):
        return read(described, _model(client))
    listed = _listed(client) if like is None or like.router is Router.GATEWAY else []
    if listed:
        silent = {one.where for one in like.workers if not one.asked} if like is not None else set()
        # One that answered before is waited for: a busy server is slow to describe itself, and its silence
        # would be a restart's.
        workers = _workers(client, listed, silent, WORKER_TIMEOUT_S if like is None else timeout)
        return read({"router": Router.GATEWAY.value, "workers": workers}, _model(client))
    if answer.status != 200:
        text = f"{client.target.shown} answered {answer.status} to /server_info and /get_server_info, with {answer.kind()}. {_OURS}"
        raise ServerError(text.replace(",.", "."))
    if not isinstance(described, dict) or not (_SAYS & described.keys()):
        raise ServerError(f"{answer.url} answered JSON that is no server_info of SGLang. {_OURS}")
    model = _model(client)
    return read(described if like is not None else {**described, **_loads(client)}, model)


def _model(client: Http) -> Mapping[str, Any]:
    for path in ("/model_info", "/get_model_info"):
        answer = client.get(path)
        if answer.status == 200:
            body = answer.json()
            return body if isinstance(body, dict) else {}
    return {}


def _first(client: Http, paths: Sequence[str]) -> Response:
    """The first of several names of one endpoint that answers 200, else the last: newer servers warn at old
    names, older ones have no new. ServerError if what is there does not answer, wants a key or is not
    ready."""
    answer: Response | None = None
    for path in paths:
        answer = client.get(path)
        if answer.status == 200:
            return answer
        if answer.status in (401, 403):
            raise ServerError(
                f"{answer.url} answered {answer.status}: it wants an API key. Put it into SLABENCH_API_KEY."
            )
        if answer.status == 503:
            raise ServerError(
                f"{answer.url} answered 503: the server is starting or stopping. Wait until it is ready."
            )
    assert answer is not None
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
    told = _quiet(client, "/v1/loads")
    if "num_accelerators" not in told:
        return {}
    loads = told.get("loads")
    ranks = (
        [{"dp_rank": one.get("dp_rank")} for one in loads if isinstance(one, dict)]
        if isinstance(loads, list)
        else []
    )
    return {
        "loads": {
            "accelerator": told.get("accelerator"),
            "num_accelerators": told["num_accelerators"],
            "loads": ranks,
        }
    }


def _listed(client: Http) -> list[Mapping[str, Any]]:
    """The workers of a Rust gateway, one entry a server: with --dp-aware it lists each data-parallel rank as
    URL@RANK.
    """
    told = _quiet(client, "/workers").get("workers")
    found: dict[str, Mapping[str, Any]] = {}
    for one in told if isinstance(told, list) else ():
        if isinstance(one, dict) and isinstance(one.get("url"), str):
            head, mark, rank = one["url"].rpartition("@")
            where = head if mark and rank.isdigit() else one["url"]
            found.setdefault(where, {**one, "url": where})
    return list(found.values())


def _workers(
    client: Http, listed: Sequence[Mapping[str, Any]], silent: set[str], timeout: float
) -> list[dict[str, Any]]:
    """Each worker asked itself, all at once; what the gateway's labels say of one that does not answer, or is
    in silent.
    """

    def ask(one: Mapping[str, Any]) -> dict[str, Any]:
        labels = _typed(one.get("metadata") or one.get("labels"))
        where = _address(one["url"])
        info = {} if where in silent else _ask(client, one["url"], labels, timeout)
        return {
            "role": _role(one.get("worker_type")).value,
            "where": where,
            "asked": bool(info),
            "info": info or labels,
        }

    with ThreadPoolExecutor(max_workers=min(16, len(listed))) as pool:
        return list(pool.map(ask, listed))


def _role(kind: Any) -> Role:
    """By `prefill`, or by the {"Prefill": {...}} of older releases."""
    name = next(iter(kind), "") if isinstance(kind, Mapping) else kind
    return _ROLES.get(str(name).lower(), Role.UNIFIED)


def _ask(client: Http, url: str, labels: Mapping[str, Any], timeout: float) -> Mapping[str, Any]:
    """A worker's own server_info; empty if it cannot be had.

    Without our headers: an API key is for the address that it was given for. A loopback address is the
    gateway's own machine's, and its labels tell whether what answers here is the worker that the gateway
    means.
    """
    try:
        if parse_url(url).loopback and not client.target.loopback:
            return {}
        worker = Http(url, timeout=timeout)
        info = _quiet(worker, "/server_info") or _quiet(worker, "/get_server_info")
    except ConfigError:  # no URL that can be asked, such as grpc://
        return {}
    same = all(
        info.get(name) in (None, labels[name])
        for name in ("model_path", "tp_size", "version")
        if name in labels
    )
    return {**info, **_loads(worker)} if same and "tp_size" in info else {}


def _typed(labels: Any) -> dict[str, Any]:
    """A gateway's labels are all texts: "8" is 8, "true" is True, "null" says nothing."""
    words = {"true": True, "false": False, "null": None, "none": None}
    return {
        str(name): words[value.lower()]
        if value.lower() in words
        else int(value)
        if value.isdecimal()
        else value
        for name, value in (labels.items() if isinstance(labels, Mapping) else ())
        if isinstance(value, str)
    }


def _address(url: str) -> str:
    """HOST:PORT without a user name or password, which no output may show."""
    return url.rpartition("://")[2].rpartition("@")[2].partition("/")[0]
