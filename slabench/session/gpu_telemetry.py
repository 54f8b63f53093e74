"""--gpu-telemetry: the GPUs of the server under load, read by one process for the session."""

from __future__ import annotations

import importlib.util
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass

from slabench.gpu_records import GpuTelemetry
from slabench.messages import Argument
from slabench.messages.message import Sentence
from slabench.server.gpu.owners import Wanted, choose, is_local, listener, strangers, tree, visible_devices
from slabench.server.gpu.process import Course, SamplerProcess
from slabench.server.gpu.reading import SourceError
from slabench.server.secrets import scrub_text
from slabench.server.url import parse_url
from slabench.session.deployment import Deployment
from slabench.session.servers import Servers

AUTO, OFF, NVML = "auto", "off", "nvml"


@dataclass(frozen=True, slots=True)
class Watched:
    """What a load's readings gave. note: why there is nothing, or less than all; empty otherwise."""

    gpus: GpuTelemetry | None = None
    note: str = ""


class Telemetry:
    """The sampler of a session: started before the first load whose GPUs it can read."""

    def __init__(self, options: Namespace) -> None:
        self._how: str = options.gpu_telemetry
        self._named: tuple[int, ...] = tuple(options.gpu_index)
        self._named_of_old: tuple[int, ...] = tuple(options.baseline_gpu_index)
        self._sampler: SamplerProcess | None = None
        self._broken = ""  # why there is none

    def watch(self, servers: Servers, deployment: Deployment) -> Callable[[], Watched]:
        """Read its GPUs until what is returned is called, which returns what was read. The readings of a load
        that was broken off are forgotten with the next.
        """
        where = self._where(deployment)
        if where and not self._broken:
            try:
                if self._sampler is None:
                    self._sampler = SamplerProcess(where)
                self._sampler.begin()
            except SourceError as error:
                self._break(error)
        return lambda: self._end(servers, deployment) if where else Watched()

    def _where(self, deployment: Deployment) -> str:
        """`nvml` or an exporter's URL; empty for none."""
        if self._how != AUTO:
            return "" if self._how == OFF else self._how
        gpu = not deployment.simulated and deployment.info.device in (None, "cuda")
        there = gpu and importlib.util.find_spec("pynvml") is not None
        return NVML if there and is_local(parse_url(deployment.url).host) else ""

    def _break(self, error: SourceError) -> None:
        self._broken = scrub_text(str(error))
        self.close()

    def _end(self, servers: Servers, deployment: Deployment) -> Watched:
        """Without a GPU auto has nothing to report."""
        course = None
        if self._sampler is not None:
            try:
                course = self._sampler.end()
            except SourceError as error:
                self._break(error)
        if course is not None:
            named = self._named_of_old if deployment is servers.baseline else self._named
            return _of_server(course, self._how, named, servers, deployment)
        return Watched() if self._how == AUTO else Watched(note=_note("gpu.not_read", why=self._broken))

    def close(self) -> None:
        if self._sampler is not None:
            self._sampler.close()
            self._sampler = None


def _of_server(
    course: Course, how: str, named: tuple[int, ...], servers: Servers, deployment: Deployment
) -> Watched:
    roots = {id(each): _root(each, servers) for each in (servers.new, servers.baseline) if each is not None}
    root = roots.get(id(deployment))
    trees = {key: tree(pid) for key, pid in roots.items() if pid is not None}
    own = trees.get(id(deployment), frozenset())
    wanted = Wanted(
        named,
        own,
        None if root is None else visible_devices(root),
        deployment.gpus.total,
        servers.baseline is None,
    )
    choice = choose(course.gpus, wanted)
    if choice.why:
        found = [gpu.index for gpu in course.gpus if gpu.in_use]
        return Watched(note=_note(choice.why, in_use=found or "-", count=wanted.count or "?"))
    pids = {pid for gpu in choice.gpus for pid in gpu.processes or ()}
    known = strangers(choice.gpus, frozenset().union(*trees.values())) if own & pids else None
    source = NVML if how == AUTO else "dcgm"
    missed = _note("gpu.readings_failed", failed=course.failed, why=course.why) if course.failed else ""
    return Watched(GpuTelemetry(source, tuple(choice.gpus), choice.by, known), missed)


def _root(server: Deployment, servers: Servers) -> int | None:
    """The process that a server's others descend from; None where it is not on this machine."""
    launched = servers.launched if server is servers.new else servers.launched_baseline
    if launched is not None:
        return launched.supervisor_pid
    url = parse_url(server.url)
    return listener(url.port) if is_local(url.host) else None


def _note(id: str, /, **arguments: Argument) -> Sentence:
    return Sentence.of(id, **arguments)
