"""A question asked, and what came back: a whole answer, since no time is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slabench.errors import ServerError
from slabench.loadgen.backends import BACKENDS
from slabench.request_extras import merged
from slabench.server.http import Http
from slabench.server.secrets import scrub_text
from slabench.session.deployment import Deployment
from slabench.session.load import LoadOptions
from slabench.workloads.questions import Question

NATIVE, COMPLETIONS, CHAT = "sglang", "sglang-oai", "sglang-oai-chat"  # values of --backend
MAX_ERROR = 200  # characters


@dataclass(frozen=True, slots=True)
class Answer:
    """text is None where there is none, and error says why. cut: max_tokens ended it."""

    text: str | None
    error: str = ""
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks one server, at temperature 0. timeout_s: of a whole answer."""

    deployment: Deployment
    options: LoadOptions
    timeout_s: float

    def __call__(self, question: Question) -> Answer:
        name, body = self.request(question)
        server = self.deployment
        client = Http(server.url, server.headers, timeout=self.timeout_s, ca_file=server.ca_file)
        try:
            answer = client.post(BACKENDS[name].path, body)
            if answer.status != 200:
                return Answer(None, _short(f"status {answer.status}, {answer.text}"))
            return _read(name, answer.json())
        except ServerError as error:
            return Answer(None, _short(str(error)))

    def request(self, question: Question) -> tuple[str, dict[str, Any]]:
        """(backend, body). messages are for the chat endpoint; a prompt goes to /generate, or to
        /v1/completions where --backend names an endpoint of /v1.
        """
        stop = {"stop": list(question.stop)} if question.stop else {}
        name = CHAT if not isinstance(question.content, str) else COMPLETIONS
        if isinstance(question.content, str) and self.options.backend == NATIVE:
            name = NATIVE
        extra = self.options.body if name == self.options.backend else {}
        if name == NATIVE:
            sampling = {"temperature": 0.0, "max_new_tokens": question.max_tokens, **stop}
            body = merged({"text": question.content, "stream": False}, extra)
            return name, merged(body, {"sampling_params": sampling})
        asked: Mapping[str, Any] = (
            {"messages": list(question.content)} if name == CHAT else {"prompt": question.content}
        )
        most = "max_completion_tokens" if name == CHAT else "max_tokens"
        own = {"model": self.deployment.model_name, most: question.max_tokens, "stream": False, **stop}
        return name, {**merged({**asked, **own}, extra), "temperature": 0.0}


def _read(name: str, document: Any) -> Answer:
    """Of an answer with status 200."""
    try:
        if name == NATIVE:
            text, reason = document["text"], document["meta_info"]["finish_reason"]
            kind = reason["type"] if isinstance(reason, dict) else reason
        else:
            choice = document["choices"][0]
            text, kind = (
                choice["message"]["content"] if name == CHAT else choice["text"],
                choice["finish_reason"],
            )
    except (KeyError, IndexError, TypeError):
        return Answer(None, _short(f"no answer in {document!r}"))
    if kind == "abort":
        return Answer(None, _short(f"the server aborted it: {reason if name == NATIVE else choice!r}"))
    if text is None:  # all of it was reasoning, which a server can put beside the answer
        text = ""
    if not isinstance(text, str):
        return Answer(None, _short(f"the answer is no text: {text!r}"))
    return Answer(text, cut=kind == "length")


def _short(text: str) -> str:
    return scrub_text(" ".join(text.split()))[:MAX_ERROR]
