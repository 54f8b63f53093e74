"""A server of the embedded model's answers and scores, without a connection."""

from __future__ import annotations

import json
from typing import Any, cast

from slabench.answer_records import Scored
from slabench.errors import NoAnswer
from slabench.server.http import Http, Response
from slabench.server.scoring import Scorer
from slabench.server.url import parse_url
from slabench.session.answers import score_both
from slabench.sim.model import FIRST_ID, WORDS, seed_of, with_logprobs, word


def prompts(count: int, length: int) -> list[list[int]]:
    return [[1000 * number + place for place in range(length)] for number in range(count)]


LARGEST = FIRST_ID + len(WORDS) - 1


class Model:
    """The embedded server's model behind an Http's post(). largest: an id that it names among the most
    probable ones, and the last of its vocabulary; whole: whether it gives as many as it is asked for.
    """

    def __init__(self, *, raised: int | None = None, largest: int = LARGEST, whole: bool = True) -> None:
        self.target = parse_url("http://127.0.0.1:1")
        self.raised, self.largest, self.whole = raised, largest, whole
        self.asked: list[dict[str, Any]] = []
        self.ends_at = ""  # the first request of a kind that it does not answer

    def post(self, path: str, body: dict[str, Any], *, timeout: float) -> Response:
        kind = "vocabulary" if body["stream"] else "score" if "logprob_start_len" in body else "answer"
        if kind == self.ends_at:
            raise NoAnswer("it has ended")
        self.asked.append(body)
        ids, count = body["input_ids"], body.get("top_logprobs_num", 0)
        assert count <= self.largest + 1, "this ends the server"
        seed = seed_of(ids)
        own = [FIRST_ID + word(seed, place) for place in range(body["sampling_params"]["max_new_tokens"])]
        meta: dict[str, Any] = {}
        with_logprobs(meta, ids, own, body.get("logprob_start_len", -1), count, raised=self.raised)
        if self.largest > LARGEST:
            for place in filter(None, meta.get("input_top_logprobs", ())):
                place.append([-30.0, self.largest, None])
        for place in meta.get("output_top_logprobs", ()):
            place.extend([-30.0, id, None] for id in range(LARGEST + 1, count))
            if not self.whole:
                place.pop()
        event = {"text": "", "output_ids": own, "meta_info": meta}
        data = json.dumps(event).encode()
        if body["stream"]:
            data = b"data: " + data + b"\n\ndata: [DONE]\n\n"
        return Response(200, {}, data, "http://127.0.0.1:1/generate")


def both(old: Model, new: Model) -> Scored:
    scored = score_both(*(Scorer(cast(Http, each), {}) for each in (old, new)), prompts(20, 3), 16)
    assert isinstance(scored, Scored), str(scored)
    return scored
