"""The load processes of several hosts: started, asked who they are, given one plan."""

from __future__ import annotations

import itertools
import math
import os
import selectors
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from slabench.errors import InvalidRun, system_words
from slabench.loadgen.hello import Hello
from slabench.loadgen.job import write_job
from slabench.loadgen.options import ClientOptions, Target
from slabench.loadgen.own_limits import too_few_files
from slabench.loadgen.plan import Plan
from slabench.loadgen.prepared import PreparedRequest
from slabench.loadgen.remote_worker import Dealer, RemoteWorker
from slabench.loadgen.transports.base import LoadHosts, Transport
from slabench.loadgen.transports.command import CommandTransport
from slabench.messages import Argument, Message
from slabench.server.secrets import scrub_text

START_S = 60.0  # for a host to start a load process
MOST_AHEAD = 8  # requests that a load process holds beyond its slots


class HostRefused(InvalidRun):
    """A host cannot send a load; nothing was sent."""

    def __init__(self, id: str, /, **arguments: Argument) -> None:
        super().__init__(Message(id, **arguments))


def wait_for_hello(workers: Sequence[RemoteWorker], timeout_s: float = START_S) -> None:
    """HostRefused with the host's own complaint where one does not start, or has another client."""
    deadline = time.monotonic() + timeout_s
    with selectors.DefaultSelector() as selector:
        for worker in workers:
            selector.register(worker.channel, selectors.EVENT_READ, worker)
        while waiting := [worker for worker in workers if worker.hello is None]:
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            for key, _ in ready:
                for frame in key.data.read():
                    key.data.took(frame)
                if key.data.ended:
                    _refuse_dead(key.data)
                if key.data.hello is not None:
                    selector.unregister(key.fileobj)
            if not ready and time.monotonic() >= deadline:
                raise HostRefused("load_hosts.silent", host=waiting[0].host, seconds=timeout_s)
    for worker in workers:
        assert worker.hello is not None
        if worker.hello.differs(Hello.ours()):
            raise _other_client(worker.host, worker.hello)


def _refuse_dead(worker: RemoteWorker) -> None:
    worker.end()
    how = scrub_text(worker.channel.ended_how())
    raise HostRefused("load_hosts.not_started", host=worker.host, how=how)


def _other_client(host: str, hello: Hello) -> HostRefused:
    ours = Hello.ours().client
    return HostRefused("load_hosts.other_client", host=host, theirs=hello.client, ours=ours)


def transport_of(place: LoadHosts) -> Transport:
    if place.cluster:
        from slabench.loadgen.transports.ray import RayTransport  # needs the extra slabench[ray]

        return RayTransport(place)
    return CommandTransport(place)


class RemotePool:
    """The load processes of several hosts, and what they have in common: one plan."""

    def __init__(self, place: LoadHosts) -> None:
        self.place = place
        self.transport = transport_of(place)
        self.workers: dict[str, list[RemoteWorker]] = {host: [] for host in self.transport.hosts}
        self.hosts = len(self.workers)

    def take_job(
        self,
        target: Target,
        requests: Sequence[PreparedRequest],
        plan: Plan,
        options: ClientOptions,
        count: int,
    ) -> list[RemoteWorker]:
        workers = self._started(count)
        for worker in workers:
            assert worker.hello is not None, "it was waited for"
            refused = too_few_files(plan, count, most=worker.hello.files)
            if refused is not None:
                raise HostRefused("load_hosts.files", host=worker.host, problem=refused)
        with tempfile.TemporaryFile() as file:  # without a name: it holds an API key
            write_job(Path(f"/dev/fd/{file.fileno()}"), target, requests, plan, options, count)
            job = os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)
        dealer = Dealer(plan)
        ahead = min(MOST_AHEAD, math.ceil((plan.cap or 0) / count / 2))
        for number, worker in enumerate(workers):
            worker.take_remote_job(job, number, dealer, ahead)
        return workers

    def hellos(self) -> dict[str, Hello]:
        """What each host reports of itself; HostRefused where one cannot send a load."""
        workers = self._started(self.hosts)
        return {worker.host: worker.hello for worker in workers if worker.hello is not None}

    def _started(self, count: int) -> list[RemoteWorker]:
        """count processes, in turns over the hosts; all of them have reported."""
        for host, at_host in self.workers.items():
            for worker in at_host:
                if not worker.channel.running():
                    worker.end()
            self.workers[host] = [worker for worker in at_host if worker.channel.running()]
        places = list(itertools.islice(itertools.cycle(self.workers), count))
        chosen, new = [], []
        for number, host in enumerate(places):
            at_host, place = self.workers[host], places[:number].count(host)
            if place == len(at_host):
                at_host.append(self._start(host))
                new.append(at_host[-1])
            chosen.append(at_host[place])
        wait_for_hello(new)
        return chosen

    def _start(self, host: str) -> RemoteWorker:
        try:
            return RemoteWorker(self.transport.start(host))
        except OSError as error:
            raise HostRefused("load_hosts.not_started", host=host, how=system_words(error)) from error

    def close(self) -> None:
        for worker in itertools.chain(*self.workers.values()):
            worker.end()
        self.transport.close()
