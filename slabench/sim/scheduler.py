"""SGLang 0.5.7's scheduler as a pure discrete-event model: no clock, no socket, no dice but those handed in.

Source: srt/managers/scheduler.py, schedule_policy.py (PrefillAdder) and schedule_batch.py of the 0.5.7 wheel.
Modelled: first come first served, running cap, chunked prefill that stalls decode, admission by new-token
ratio, the "batch is full" mark, retraction to the end of the queue, prefix cache and flush. Not modelled:
overlap of scheduling with the forward, mixed chunks, data parallelism, priorities, speculative decoding.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from slabench.sim.cache import Entry, Ids, Pool
from slabench.sim.cost import Cost

CLIP_MAX_NEW_TOKENS = 4096
INIT_RATIO = 0.7
MIN_RATIO_FACTOR = 0.14
RATIO_DECAY_STEPS = 600
RETRACT_DECODE_STEPS = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server was started with."""

    pool_tokens: int
    max_running: int
    chunked_prefill: int = 8192
    max_prefill: int = 16384
    conservativeness: float = 1.0


@dataclass(slots=True, eq=False)
class Request:
    """ids None: a prompt of which only the length matters (virtual time)."""

    key: int
    prompt_len: int
    max_new: int
    ids: Ids | None = None
    produced: int = 0
    cached: int = 0  # tokens of its prompt that the prefix cache had, the first time
    retractions: int = 0
    prefilled: int = 0  # tokens of prompt and produced that have KV
    private: int = 0  # tokens it holds beside entries
    entry: Entry | None = None  # its own prompt in the cache
    parent: Entry | None = None  # whose beginning it shares
    output: list[int] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.prompt_len + self.produced

    @property
    def left(self) -> int:
        return self.max_new - self.produced


@dataclass(frozen=True, slots=True)
class Retraction:
    requests: int
    gained: int
    ratio_before: float
    ratio_after: float


@dataclass(slots=True)
class Step:
    """One forward: how long it takes, who has a new token when it ends, who is finished then, and what the
    log says of it.
    """

    kind: str  # prefill | decode
    seconds: float
    emitted: list[Request] = field(default_factory=list)
    finished: list[Request] = field(default_factory=list)
    new_seq: int = 0
    new_tokens: int = 0
    cached_tokens: int = 0
    running: int = 0
    queue: int = 0
    used: int = 0
    retraction: Retraction | None = None
    graph: bool = True  # decode: it ran from a captured CUDA graph


class Scheduler:
    """add(), then step() until it returns None; the caller lets a step's seconds pass before it acts on it."""

    def __init__(self, limits: Limits, cost: Cost, dice: random.Random | None = None) -> None:
        self.limits, self.cost, self.dice = limits, cost, dice
        self.pool = Pool(limits.pool_tokens)
        self.waiting: deque[Request] = deque()
        self.running: list[Request] = []
        self.chunked: Request | None = None
        self.full = False
        self.init_ratio = min(INIT_RATIO * limits.conservativeness, 1.0)
        self.min_ratio = min(self.init_ratio * MIN_RATIO_FACTOR, 1.0)
        self.decay = (self.init_ratio - self.min_ratio) / RATIO_DECAY_STEPS
        self.ratio = self.init_ratio
        self._context = 0  # tokens with KV of the running batch

    # from outside

    def add(self, request: Request) -> None:
        self.waiting.append(request)

    def abort(self, request: Request) -> None:
        """The client has gone."""
        if request in self.waiting:
            self.waiting.remove(request)
        elif request is self.chunked:
            self.chunked = None
            self._release(request, keep=False)
        elif request in self.running:
            self.running.remove(request)
            self._context -= request.total - 1
            self._release(request, keep=False)
            self.full = False

    @property
    def idle(self) -> bool:
        return not self.waiting and not self.running and self.chunked is None

    def flush(self) -> bool:
        """False, and nothing done, while anything runs or waits."""
        if not self.idle:
            return False
        self.pool.flush()
        self.ratio = self.init_ratio
        return True

    def step(self) -> Step | None:
        """The next forward, None when there is nothing to do."""
        if self.idle:
            self.ratio = self.init_ratio
            self.full = False
            return None
        return self._prefill() or self._decode()

    # prefill

    def _prefill(self) -> Step | None:
        if (self.full or not self.waiting) and self.chunked is None:
            return None
        if len(self.running) >= self.limits.max_running and self.chunked is None:
            self.full = True
            return None
        budget = _Budget(self)
        batch: list[tuple[Request, int, int]] = []  # request, tokens before, new tokens
        cached = 0
        if self.chunked is not None:
            batch.append(self._continue_chunk(budget))
        while self.waiting:
            if len(batch) + len(self.running) >= self.limits.max_running:
                self.full = True
                break
            request = self.waiting[0]
            parent, matched = self.pool.match(self._known(request))
            extend = request.total - matched
            needed = extend + min(max(request.left, 0), CLIP_MAX_NEW_TOKENS)
            if needed >= budget.rem_total:
                self.full = True
                break
            if (extend >= budget.rem_input and batch) or min(extend, budget.rem_chunk) <= 0:
                break
            if parent is not None and matched:
                # What it shares can no longer be evicted for it: the room is looked at once more with that
                # held.
                evictable = self.pool.evictable
                self.pool.lock(parent)
                held = evictable - self.pool.evictable
                if needed >= budget.rem_total - held:
                    self.pool.unlock(parent)
                    self.full = True
                    break
                budget.available -= held
                request.parent = parent
            self.waiting.popleft()
            if not request.retractions:
                request.cached = matched
            cached += matched
            request.prefilled = matched
            new = min(extend, budget.rem_chunk)
            batch.append((request, matched, new))
            self._fill(request, new)
            if new < extend:
                self.chunked = request
                budget.spend(new, 0)
            else:
                budget.spend(new, min(request.max_new, CLIP_MAX_NEW_TOKENS))
            if budget.state_full:
                self.full = True
                break
            if budget.rem_input <= 0 or budget.rem_chunk <= 0:
                break
        if not batch:
            return None
        step = Step("prefill", self.cost.prefill_s(((before, new) for _, before, new in batch), self.dice))
        step.new_seq, step.cached_tokens = len(batch), cached
        step.new_tokens = sum(new for _, _, new in batch)
        step.running, step.queue, step.used = len(self.running), len(self.waiting), self.pool.used
        for request, _, _ in batch:
            if request is not self.chunked:
                self._prefill_done(request, step)
        return step

    def _known(self, request: Request) -> Ids | None:
        """What a request's KV would be made from: its prompt, and what it had produced before a retraction."""
        if request.ids is None or not request.output:
            return request.ids
        return np.concatenate([request.ids, np.array(request.output, dtype=request.ids.dtype)])

    def _continue_chunk(self, budget: _Budget) -> tuple[Request, int, int]:
        request = self.chunked
        assert request is not None
        room = min(budget.rem_chunk, int(budget.rem_total))
        if room <= 0:
            room = budget.rem_chunk
        before = request.prefilled
        new = min(request.total - before, room)
        self._fill(request, new)
        if request.prefilled == request.total:
            self.chunked = None
            budget.spend(new, min(request.max_new, CLIP_MAX_NEW_TOKENS))
        else:
            budget.spend(new, 0)
        return request, before, new

    def _fill(self, request: Request, tokens: int) -> None:
        if not self.pool.take(tokens):
            raise AssertionError("admission let in more than the pool holds")
        request.private += tokens
        request.prefilled += tokens

    def _prefill_done(self, request: Request, step: Step) -> None:
        """Its prompt is in the cache from now on, for others too; the forward has made one token."""
        request.entry = self.pool.insert(self._known(request), request.private)
        request.private = 0
        request.produced += 1
        step.emitted.append(request)
        if request.produced >= request.max_new:
            step.finished.append(request)
            self._release(request, keep=True)
            self.full = False
        else:
            self.running.append(request)
            self._context += request.total - 1

    # decode

    def _decode(self) -> Step | None:
        if not self.running:
            return None
        retraction = self._make_room()
        if retraction is None:
            self.ratio = max(self.ratio - self.decay, self.min_ratio)
        running = self.running
        taken = self.pool.take(len(running))
        assert taken, "one request alone fits: admission saw to it"
        self._context += len(running)
        longest = max(request.total for request in running) if self.cost.by_length else 0
        seconds = self.cost.decode_s(len(running), self._context, self.dice, longest)
        step = Step("decode", seconds, retraction=retraction, graph=self.cost.graph(len(running)))
        step.running, step.queue, step.used = len(running), len(self.waiting), self.pool.used
        step.emitted = list(running)
        for request in running:
            request.private += 1
            request.produced += 1
            if request.produced >= request.max_new:
                step.finished.append(request)
        if step.finished:
            self.running = [request for request in running if request.produced < request.max_new]
            for request in step.finished:
                self._context -= request.total - 1
                self._release(request, keep=True)
            # The scheduler notices at its next decode preparation that the batch has shrunk; a step's
            # difference in admission.
            self.full = False
        return step

    def _make_room(self) -> Retraction | None:
        """Retract, fewest produced first, until one more step fits; at least one request stays."""
        if self.pool.free + self.pool.evictable >= len(self.running):
            return None
        order = sorted(self.running, key=lambda one: (one.produced, -one.prompt_len), reverse=True)
        before, ratio = self.pool.free, self.ratio
        gone: list[Request] = []
        while len(order) > 1 and (not gone or self.pool.free + self.pool.evictable < len(order)):
            request = order.pop()
            gone.append(request)
            self._context -= request.total - 1
            self._release(request, keep=False)
            self.pool.take(0)
        self.running = [one for one in self.running if one not in gone]
        produced = sum(one.produced for one in order)
        wanted = sum(one.max_new for one in order)
        self.ratio = min(1.0, (produced + RETRACT_DECODE_STEPS * len(order)) / (wanted + 1))
        for request in gone:
            request.retractions += 1
            self.waiting.append(request)  # behind everything that waits
        self.full = False
        return Retraction(len(gone), self.pool.free + self.pool.evictable - before, ratio, self.ratio)

    def _release(self, request: Request, *, keep: bool) -> None:
        """A finished request's tokens stay in the cache, a retracted one's own tokens do not; its prompt can
        be evicted then.
        """
        entry = request.entry
        if entry is not None and keep:
            entry.owned += request.private
            if request.ids is not None and request.output:
                entry.ids = np.concatenate(
                    [request.ids, np.array(request.output[: request.produced - 1], dtype=request.ids.dtype)]
                )
        else:
            self.pool.give(request.private)
        request.private = 0
        if entry is not None:
            self.pool.unlock(entry)
        if request.parent is not None:
            self.pool.unlock(request.parent)
        request.entry = request.parent = None
        request.prefilled = 0


class _Budget:
    """PrefillAdder's counters."""

    def __init__(self, scheduler: Scheduler) -> None:
        limits = scheduler.limits
        self.pool = scheduler.pool
        self.rem_input, self.rem_chunk = limits.max_prefill, limits.chunked_prefill
        self.available = self.pool.free + self.pool.evictable
        self.total_offset = sum(
            min(one.left, CLIP_MAX_NEW_TOKENS) * scheduler.ratio for one in scheduler.running
        )
        self.now_offset = 0

    @property
    def rem_total(self) -> float:
        return self.available - self.total_offset

    @property
    def state_full(self) -> bool:
        return self.rem_total <= 0 or self.available - self.now_offset <= 0

    def spend(self, extend: int, max_new: int) -> None:
        self.total_offset += extend + max_new
        self.now_offset += extend
        self.rem_input -= extend
        self.rem_chunk -= extend
