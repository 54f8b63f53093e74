"""Answers as token ids with their log-probabilities: asked for, and scored by another server than gave them.

POST /generate of SGLang. `return_logprob` gives the log-probability of each token; with `logprob_start_len`
those of a prompt's tokens too, from there on. So a server that is sent a prompt together with an answer says
how probable it finds each of the answer's tokens after the ones before (teacher forcing). Its decoding is not
used then: only what it computes of a prompt.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slabench import server_json
from slabench.answer_records import Answer, Score, Token
from slabench.errors import ServerError
from slabench.messages import Message
from slabench.server.http import Http, Response
from slabench.server.secrets import scrub_text

TOP = 20  # most probable tokens that are asked for at each place
TIMEOUT_S = 300.0
LAST = 0  # what 0.5.7 calls the vocabulary's last id among input_token_logprobs


@dataclass(frozen=True, slots=True)
class Scorer:
    """One server. body: further keys of each request, such as lora_path."""

    client: Http
    body: Mapping[str, Any]

    def answer(self, prompt: Sequence[int], tokens: int) -> Answer:
        """Of so many tokens, the most probable ones. ServerError if it comes otherwise."""
        meta, event = self._ask({"input_ids": list(prompt)}, tokens, {})
        known = _tokens(meta.get("output_token_logprobs"))
        ids = event.get("output_ids")
        named = tuple(token for _, token in known)
        if not known or (isinstance(ids, list) and tuple(ids[-len(named) :]) != named):
            raise ServerError(Message("reach.scoring_no_output", url=self._shown))
        text = event.get("text")
        return Answer(
            tuple(prompt), named, tuple(value for value, _ in known), text if isinstance(text, str) else ""
        )

    def score(self, answer: Answer) -> Score:
        """ServerError if other tokens come back than were sent."""
        start = len(answer.prompt) - 1  # the token there has no log-probability, the next one has
        ids = [*answer.prompt, *answer.ids]
        meta, _ = self._ask({"input_ids": ids}, 1, {"logprob_start_len": start, "top_logprobs_num": TOP})
        count = len(answer.ids)
        known, top = _tokens(meta.get("input_token_logprobs"))[-count:], meta.get("input_top_logprobs")
        others = [
            token for (_, token), sent in zip(known, answer.ids, strict=False) if token not in (sent, LAST)
        ]
        if others or len(known) < count or not isinstance(top, list) or len(top) < count:
            raise ServerError(Message("reach.scoring_other_input", url=self._shown))
        return Score(
            tuple(value for value, _ in known), tuple(tuple(_tokens(place)) for place in top[-count:])
        )

    def vocabulary(self, ids: Sequence[int], size: int) -> array[float]:
        """Of the token after these: the log-probability of every id below size as float32, nan where the
        server has no log-probability. ServerError if it does not give them.

        They are asked for as the `size` most probable tokens. token_ids_logprob would name them, but ends
        SGLang from 0.5.12 on as soon as it shares a batch with any other request (sglang issue 34719). So a
        size below the vocabulary's leaves out the least probable tokens at each place: such an id has the
        smallest value that came. size: never more than the vocabulary's, which would end the server too.

        They come as a stream: for 152,000 ids 0.5.7 takes 0.3 s to answer with an event and 1.2 s with a
        whole answer, each of whose values it visits in Python.
        """
        meta, _ = self._ask({"input_ids": list(ids)}, 1, {"top_logprobs_num": size, "stream": True})
        try:
            (place,) = meta.get("output_top_logprobs", ())
            values, known, _ = zip(*place, strict=True)
            if len(set(known)) != size or len(known) != size or min(known) < 0:
                raise ValueError(known)
            # one of more than 1 is none: the largest is 0, but for rounding
            numbers = [value if value is not None and value <= 1 else math.nan for value in values]
            least = min((value for value in numbers if not math.isnan(value)), default=math.nan)
            row = array("f", [least]) * size
            for id, value in zip(known, numbers, strict=True):
                if id < size:
                    row[id] = value
            return row
        except (TypeError, ValueError, OverflowError) as error:  # of another form
            raise ServerError(Message("reach.scoring_no_vocabulary", url=self._shown)) from error

    @property
    def _shown(self) -> str:
        return f"{self.client.target.shown}/generate"

    def _ask(
        self, content: Mapping[str, Any], tokens: int, more: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """(meta_info, the whole answer). Of a stream the longest event, whose values are not checked yet."""
        sampling = {"temperature": 0.0, "max_new_tokens": tokens, "ignore_eos": True}
        own = {"sampling_params": sampling, "stream": False, "return_logprob": True}
        asked, read = {**self.body, **content, **own, **more}, server_json.read
        answer = self.client.post("/generate", asked, timeout=TIMEOUT_S)
        if asked["stream"]:
            longest = max(answer.body.split(b"\n\n"), key=len).removeprefix(b"data:")
            answer, read = replace(answer, body=longest), server_json.parse
        event = answer.json(read) if answer.status == 200 else None
        meta = event.get("meta_info") if isinstance(event, dict) else None
        if not isinstance(event, dict) or not isinstance(meta, dict):
            raise ServerError(
                Message(
                    "reach.scoring_status", url=answer.url, status=answer.status, excerpt=_excerpt(answer)
                )
            )
        return meta, event


def _excerpt(answer: Response) -> str:
    return scrub_text(" ".join(answer.text[:1000].split()))[:200]


def _tokens(values: object) -> list[Token]:
    """Of meta_info's [log-probability, id, text]; nan for what is no number: a server writes null for nan."""
    if not isinstance(values, list):
        return []
    triples = [value for value in values if isinstance(value, list) and len(value) >= 2]
    return [(_number(value[0]), value[1]) for value in triples if type(value[1]) is int]


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else math.nan
