"""SGLang 0.5.7's scheduler as a pure discrete-event model: no clock, no socket, random numbers only from the
generator that is passed in.

Source: srt/managers/scheduler.py, schedule_policy.py (PrefillAdder) and schedule_batch.py of the 0.5.7 wheel.
Modelled: first come first served, running cap, chunked prefill that stalls decode, admission by new-token
ratio, the "batch is full" flag, retraction to the end of the queue, prefix cache and flush. Not modelled:
overlap of scheduling with the forward, mixed chunks, data parallelism, priorities, speculative decoding.
"""

from __future__ import annotations

import random
from collections import deque

import numpy as np

from slabench.sim.cache import Ids, Pool
from slabench.sim.cost import Forwards
from slabench.sim.forward import MAX_PREFILL_TOKENS, Limits, Request, Retraction, Step

CLIP_MAX_NEW_TOKENS = 4096
# Share of their remaining tokens that is reserved for running requests; it falls with every decode step.
INIT_RATIO = 0.7
MIN_RATIO = INIT_RATIO * 0.14
RATIO_DECAY = (INIT_RATIO - MIN_RATIO) / 600
RETRACT_DECODE_STEPS = 20


class Scheduler:
    """add(), then step() until it returns None; the caller lets a step's seconds pass before it uses it."""

    def __init__(self, limits: Limits, cost: Forwards, dice: random.Random | None = None) -> None:
        self.limits, self.cost, self.dice = limits, cost, dice
        self.pool = Pool(limits.pool_tokens)
        self.waiting: deque[Request] = deque()
        self.running: list[Request] = []
        self.chunked: Request | None = None
        self.full = False
        self.ratio = INIT_RATIO
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
            self._release(request)
        elif request in self.running:
            self.running.remove(request)
            self._leave_batch(request)
            self.full = False

    @property
    def idle(self) -> bool:
        return not self.waiting and not self.running and self.chunked is None

    def flush(self) -> bool:
        """False, and nothing done, while anything runs or waits."""
        if not self.idle:
            return False
        self.pool.flush()
        self.ratio = INIT_RATIO
        return True

    def step(self) -> Step | None:
        """The next forward, None when there is nothing to do."""
        if self.idle:
            self.ratio = INIT_RATIO
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
            budget.spend(new, request if new == extend else None)
            if budget.rem_total <= 0 or budget.available <= budget.now_offset:
                self.full = True
                break
            if budget.rem_input <= 0 or budget.rem_chunk <= 0:
                break
        if not batch:
            return None
        parts = [(before, new) for _, before, new in batch]
        step = self._step("prefill", self.cost.prefill_s(parts, self.dice))
        step.new_seq, step.cached_tokens = len(batch), cached
        step.new_tokens = sum(new for _, new in parts)
        for request, _, _ in batch:
            if request is not self.chunked:
                self._prefill_done(request, step)
        return step

    def _step(self, kind: str, seconds: float) -> Step:
        running, queue = len(self.running), len(self.waiting)
        return Step(kind, seconds, running=running, queue=queue, used=self.pool.used)

    def _known(self, request: Request) -> Ids | None:
        """The tokens that a request's KV is made from: its prompt, and its output before a retraction."""
        if request.ids is None or not request.output:
            return request.ids
        return np.concatenate([request.ids, np.array(request.output, dtype=request.ids.dtype)])

    def _continue_chunk(self, budget: _Budget) -> tuple[Request, int, int]:
        request = self.chunked
        assert request is not None
        room = min(budget.rem_chunk, int(budget.rem_total))
        before = request.prefilled
        new = min(request.total - before, room if room > 0 else budget.rem_chunk)
        self._fill(request, new)
        whole = request.prefilled == request.total
        self.chunked = None if whole else request
        budget.spend(new, request if whole else None)
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
            self.ratio = max(self.ratio - RATIO_DECAY, MIN_RATIO)
        running = self.running
        taken = self.pool.take(len(running))
        assert taken, "one request alone fits: admission saw to it"
        self._context += len(running)
        longest = max(request.total for request in running) if self.cost.by_length else 0
        seconds = self.cost.decode_s(len(running), self._context, self.dice, longest)
        step = self._step("decode", seconds)
        step.retraction, step.graph = retraction, self.cost.graph(len(running))
        step.emitted = list(running)
        for request in running:
            request.private += 1
            request.produced += 1
            if request.produced >= request.max_new:
                step.finished.append(request)
        if step.finished:
            self.running = [request for request in running if request.produced < request.max_new]
            for request in step.finished:
                self._leave_batch(request, keep=True)
            # The scheduler notices at its next decode preparation that the batch has shrunk; a step's
            # difference in admission.
            self.full = False
        return step

    def _make_room(self) -> Retraction | None:
        """Retract, fewest produced first, until one more step fits; at least one request stays."""
        if self.pool.free + self.pool.evictable >= len(self.running):
            return None
        order = sorted(
            self.running, key=lambda request: (request.produced, -request.prompt_len), reverse=True
        )
        before, ratio = self.pool.free, self.ratio
        gone: list[Request] = []
        while len(order) > 1 and (not gone or self.pool.free + self.pool.evictable < len(order)):
            request = order.pop()
            gone.append(request)
            self._leave_batch(request)
        self.running = [request for request in self.running if request not in gone]
        produced = sum(request.produced for request in order)
        wanted = sum(request.max_new for request in order)
        self.ratio = min(1.0, (produced + RETRACT_DECODE_STEPS * len(order)) / (wanted + 1))
        for request in gone:
            request.retractions += 1
            self.waiting.append(request)  # behind everything that waits
        self.full = False
        return Retraction(len(gone), self.pool.free + self.pool.evictable - before, ratio, self.ratio)

    def _leave_batch(self, request: Request, *, keep: bool = False) -> None:
        self._context -= request.total - 1
        self._release(request, keep=keep)

    def _release(self, request: Request, *, keep: bool = False) -> None:
        """keep: a finished request's tokens stay in the cache. A retracted one's tokens are freed, and its
        prompt can be evicted.
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
        self.rem_input, self.rem_chunk = MAX_PREFILL_TOKENS, limits.chunked_prefill
        self.available = self.pool.free + self.pool.evictable
        self.total_offset = sum(
            min(request.left, CLIP_MAX_NEW_TOKENS) * scheduler.ratio for request in scheduler.running
        )
        self.now_offset = 0

    @property
    def rem_total(self) -> float:
        return self.available - self.total_offset

    def spend(self, extend: int, admitted: Request | None) -> None:
        """extend: tokens to compute now; admitted: the request whose prompt is whole with them."""
        max_new = min(admitted.max_new, CLIP_MAX_NEW_TOKENS) if admitted is not None else 0
        self.total_offset += extend + max_new
        self.now_offset += extend
        self.rem_input -= extend
        self.rem_chunk -= extend
