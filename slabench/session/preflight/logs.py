"""Is a deploy log the log of this server, and does it grow while the server works?"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from slabench.errors import ConfigError
from slabench.messages import Argument, Message
from slabench.server.log.log_window import Mark, mark, spans
from slabench.server.log.merge import Merged, samples
from slabench.server.log.start import named as start_line
from slabench.server.url import parse_url
from slabench.session.load import LoadOptions
from slabench.session.preflight.context import PreflightContext, Side
from slabench.session.preflight.own_requests import sent, short_prompt
from slabench.session.preflight.registry import Preflight, Result, Stage, Status, each_server, ok, stop, warn

PROMPT_TOKENS = 57  # a prefill of its own size is seen in the log as such
WAIT_S = 3.0  # a log may lag behind the answer
HEAD = 1 << 20  # bytes of a log in which its start is looked for


@Preflight(
    Stage.PROBE,
    needs="a prompt of 57 tokens, with as many tokens out as a Decode line takes; the deploy logs",
    stops="no line comes while the server answers, or the log's start names another model",
)
@each_server
def log(context: PreflightContext, side: Side) -> Iterator[Result]:
    if side.deployment.logs:
        try:
            yield from _log(context, side)
        except ConfigError as error:
            yield Result(Status.STOP, error.as_message())


def _log(context: PreflightContext, side: Side) -> Iterator[Result]:
    deployment, options = side.deployment, LoadOptions.of(context.settings)
    prompt = short_prompt(options, PROMPT_TOKENS)
    marks = mark(deployment.logs)
    tokens = (deployment.info.decode_log_interval or 40) + 8
    record = sent(deployment, options, prompt, tokens)
    if not record.ok:
        yield stop("log.no_answer", error=record.error_text or "no answer")
        return
    merged, silent = _lines_since(marks)
    arguments = _start(side)
    model = deployment.info.model_path
    if len(silent) == len(deployment.logs):
        yield stop("log.still", paths=silent, start=_described(side, arguments))
    elif arguments.get("model", model) != model:
        yield stop("log.other_model", paths=deployment.logs, logged=arguments["model"], model=model or "")
    elif silent:
        yield warn("log.partly", paths=silent, logs=len(deployment.logs))
    elif prompt.ids is not None and not any(new == PROMPT_TOKENS for _, new in merged.prefill_shapes):
        yield warn("log.other_lines", tokens=PROMPT_TOKENS)
    else:
        yield ok("log.grows", logs=len(deployment.logs))


def _lines_since(marks: Sequence[Mark]) -> tuple[Merged, list[str]]:
    """What the logs report since then, and those without a batch line."""
    deadline = time.monotonic() + WAIT_S
    while True:
        merged = Merged()
        list(samples(spans(marks).spans, merged))
        grown = {path for path, counts in merged.counts.items() if counts.prefill + counts.decode}
        silent = [each.path for each in marks if each.path not in grown]
        if not silent or time.monotonic() >= deadline:
            return merged, silent
        time.sleep(0.1)


def _start(side: Side) -> dict[str, str]:
    """The model and the port of the first log that has a start."""
    for path in side.deployment.logs:
        with open(path, "rb") as file:
            arguments = start_line(file.read(HEAD))
        if arguments:
            return arguments
    return {}


def _described(side: Side, arguments: dict[str, str]) -> Message | None:
    """How a log that does not grow began, where it shows that it is another server's."""
    shown: dict[str, Argument] = {"port": arguments.get("port", ""), "model": arguments.get("model", "")}
    ours = str(parse_url(side.deployment.url).port), side.deployment.info.model_path
    other = (arguments.get("port", ours[0]), arguments.get("model", ours[1])) != ours
    return Message("log.start", **shown) if arguments and other else None
