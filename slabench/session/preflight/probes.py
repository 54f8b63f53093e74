"""A few requests of the doctor's own: does the server do what a load relies on?"""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.records import ServerEvidence
from slabench.server.control import requests_there, workers_flushed
from slabench.server.scrape import counters
from slabench.session.evidence import behind
from slabench.session.load import LoadOptions, flushed, send
from slabench.session.preflight.context import PreflightContext, Side
from slabench.session.preflight.own_requests import quick, sent, short_prompt
from slabench.session.preflight.registry import (
    Preflight,
    Result,
    Stage,
    Status,
    each_server,
    of_check,
    ok,
    stop,
    warn,
)
from slabench.session.stream_probe import ShortPrompt, probe
from slabench.units import NS_PER_S
from slabench.verdict.validity.policy import settle
from slabench.verdict.validity.server import confirmed
from slabench.verdict.validity.streamed import by_probe
from slabench.workloads.model import Prompt

FLUSH_S = 3.0  # the doctor does not wait for other clients to end
CLOCK_S = 2.0  # a Date header counts whole seconds
# One of each kind that tokenizers differ in: words, digits and signs, another script, white space, an emoji.
TEXTS = (
    "The quick brown fox jumps over the lazy dog, and nothing else happens in this sentence.",
    "def f(x): return {'a': [1, 22, 333], \"b\": x ** 2.50}  # 1,234,567.89",
    "大规模语言模型的推理性能测试需要真实的数据。",
    "  two  spaces\n\n\tand a tab, naïve café, emoji 🙂🚀 end",
)


@Preflight(
    Stage.PROBE,
    needs="/get_load or /v1/loads",
    stops="a warning: requests of other clients run or wait at the server",
)
@each_server
def idle(context: PreflightContext, side: Side) -> Iterator[Result]:
    running = requests_there(side.deployment.http)
    if running is not None:
        yield warn("idle.busy", running=running) if running else ok("idle.none")


@Preflight(
    Stage.PROBE,
    needs="/metrics",
    stops="a warning: without it, and without a log, another client's requests are not noticed",
)
@each_server
def metrics(context: PreflightContext, side: Side) -> Iterator[Result]:
    deployment = side.deployment
    if deployment.logs:
        yield ok("metrics.log")
    elif counters(deployment.url, deployment.headers, ca_file=deployment.ca_file) is None:
        yield warn("metrics.off")
    else:
        yield ok("metrics.on")


@Preflight(
    Stage.PROBE,
    needs="the Date header of an answer, this machine's clocks",
    stops="a warning: the server's clock and this machine's differ by more than 2 s",
)
@each_server
def clock(context: PreflightContext, side: Side) -> Iterator[Result]:
    resolution_ns = time.get_clock_info("perf_counter").resolution * NS_PER_S
    client, begin = side.deployment.http, time.time()
    date = client.first_of(("/model_info", "/get_model_info")).headers.get("date")
    middle = (begin + time.time()) / 2
    try:
        ahead = None if date is None else parsedate_to_datetime(date).timestamp() - middle
    except ValueError:
        ahead = None
    if ahead is None:
        yield ok("clock.unknown", resolution_ns=resolution_ns)
    elif abs(ahead) > CLOCK_S:
        yield warn("clock.differs", ahead_s=ahead, limit_s=CLOCK_S)
    else:
        yield ok("clock.agrees", limit_s=CLOCK_S, resolution_ns=resolution_ns)


@Preflight(
    Stage.PROBE,
    needs="four texts and a prompt of ids, a token out each; the tokenizer",
    stops="prompts are text, and the server counts them otherwise; a warning where prompts are ids",
)
@each_server
def tokenizer(context: PreflightContext, side: Side) -> Iterator[Result]:
    assert context.campaign is not None, "the servers have answered"
    source, text = context.campaign.tokenizer, context.settings.prompt_form == "text"
    options = LoadOptions.of(context.settings)
    try:
        ours = source.required() if text else source.optional()
    except ConfigError as error:
        if not side.baseline:  # there is one for both
            yield Result(Status.STOP, error.as_message())
        return
    if ours is None:
        yield warn("tokenizer.none")
        return
    counts: list[tuple[int, int]] = []  # ours, the server's
    for probe_text in TEXTS:
        record = sent(side.deployment, options, Prompt(probe_text, None, 1, 1), 1)
        if not record.ok:
            yield stop("tokenizer.failed", error=record.error_text or "no answer")
            return
        if record.prompt_tokens is not None:
            counts.append((len(ours.encode(probe_text)), record.prompt_tokens))
    if not counts:
        yield warn("tokenizer.uncounted")
        return
    # A chat template adds as many tokens to each.
    added = {server - own for own, server in counts}
    template = min(added) if options.backend == "sglang-oai-chat" else 0
    wrong = [pair for pair in counts if pair[1] - pair[0] != template]
    own, server = max(wrong, key=lambda pair: abs(pair[1] - pair[0]), default=(0, 0))
    arguments = {"wrong": len(wrong), "texts": len(counts), "own": own, "server": server}
    if wrong and text:
        yield stop("tokenizer.differs", **arguments)
    elif wrong:
        yield warn("tokenizer.differs", **arguments)
    else:
        yield ok("tokenizer.agrees", texts=len(counts), tokens=sum(own for own, _ in counts))


@Preflight(
    Stage.PROBE,
    needs="a short prompt with 1 and with 64 tokens out",
    stops="answers are held back until they are complete, or fail",
)
@each_server
def stream(context: PreflightContext, side: Side) -> Iterator[Result]:
    options = LoadOptions.of(context.settings)
    prompt = short_prompt(options)
    whole = Prompt(prompt.text, None if prompt.ids is None else array("i", prompt.ids), 64, 64)

    def send_short(prompt: ShortPrompt, tokens: int) -> Any:
        return send(side.deployment, quick(options), [prompt], output_len=tokens)

    probed = probe(whole, send_short)
    result = of_check(by_probe(probed))
    yield replace(result, status=Status.STOP) if probed.failure else result


@Preflight(
    Stage.PROBE,
    needs="POST /flush_cache, the deploy logs",
    stops="the flush is refused, or a rank does not confirm it (--allow=flush measures all the same)",
)
@each_server
def flush(context: PreflightContext, side: Side) -> Iterator[Result]:
    """The last of all: the cache is then as it was before the doctor's own prompts, or emptier."""
    deployment, options = side.deployment, context.settings.options
    if options.no_flush_cache:
        yield warn("flush_works.not_asked")
        return
    if running := requests_there(side.deployment.http):
        # Before 0.5.5 a flush beside running requests could end the server (sglang pull request 12107).
        yield (warn if "flush" in options.allow else stop)("flush_works.busy", running=running)
        return
    status, text, lines = flushed(deployment, busy_s=FLUSH_S)
    roles, workers = deployment.roles, workers_flushed(text)
    evidence = ServerEvidence(flush_status=status, flush_text=text, flush_workers=workers, flush_lines=lines)
    check = settle(
        confirmed(evidence, roles.schedulers, behind(roles)),
        "",
        allow=options.allow,
        strict=options.strict_validity,
    )
    remedy = check.remedy_message
    if status in (206, 400):
        running = requests_there(side.deployment.http)
        if running is not None:
            busy = Message("flush_works.running", running=running)
            remedy = busy if running else Message("flush_works.idle")
    yield replace(of_check(check), remedy=remedy)
