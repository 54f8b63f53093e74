"""The hosts that send the load: whether each can start a load process, of the same client."""

from __future__ import annotations

from collections.abc import Iterator

from slabench.errors import system_words
from slabench.loadgen.pools import worker_pool
from slabench.loadgen.remote_pool import HostRefused, RemotePool
from slabench.messages import remedy_of
from slabench.session.load import LoadOptions
from slabench.session.preflight.context import PreflightContext
from slabench.session.preflight.registry import Preflight, Result, Stage, Status, ok, stop


@Preflight(
    Stage.SERVER,
    needs="--load-command and --load-hosts, or --load-cluster",
    stops="a load host cannot start a load process, or has another slabench or Python",
)
def load_hosts(context: PreflightContext) -> Iterator[Result]:
    place = LoadOptions.of(context.settings).place
    if place is None:
        return
    try:
        with worker_pool(place) as pool:
            assert isinstance(pool, RemotePool), "it is not this machine"
            hellos = pool.hellos()
    except HostRefused as error:
        message = error.as_message()
        yield Result(Status.STOP, message, remedy_of(message) or "")
    except OSError as error:
        yield stop("load_hosts.no_cluster", why=system_words(error))
    else:
        yield ok("load_hosts.there", hosts=[f"{host} ({hello.node})" for host, hello in hellos.items()])
