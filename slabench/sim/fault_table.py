"""What can be wrong with a server, by name: `sim:demo?fault=stream_error&fault_index=2`.

Names are combined with commas. Requests are counted from 0 in the order in which they arrive. The first
fault_skip of them, and all before the first cache flush (a client's probe and warm-up), are left alone;
fault_index or fault_share choose among the rest. fault_skip=0 leaves none alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# In place of the answer to /generate or /v1.
ANSWERS: Mapping[str, str] = {
    "busy": "503 with a sentence",
    "rate_limit": "429 with Retry-After",
    "page": "502 with a proxy's HTML page",
    "page_ok": "200 with an HTML page",
    "redirect": "307 to another address",
    "empty": "200, an event stream of no bytes",
    "vllm_stream": "200, events in the form of vLLM's /generate",
    "reset_before": "the connection is reset before a byte of the answer",
    "silence": "no byte is ever sent",
    "taken": "the request is taken, and 50 ms later its connection is closed",
}
# On the other paths.
CONTROL: Mapping[str, str] = {
    "info_missing": "server_info is 404",
    "info_error": "server_info is 500",
    "info_lost": "server_info is 500 from the first measured request on",
    "info_slow": "server_info takes fault_s seconds",
    "info_thin": "server_info reports neither running cap nor token capacity",
    "info_boasts": "server_info reports ten times the token capacity",
    "decode_restart": "with mini_lb: a decode server has another seed from the first measured request on",
    "info_huge": "every number of server_info has 400 digits, and the model's path 100,000 characters",
    "info_deep": "server_info is nested 5,000 deep",
    "flush_refused": "the cache flush is 400 and its body says that the cache was flushed",
    "flush_missing": "the cache flush is 404",
    "vllm": "paths that SGLang alone has are 404, as vLLM answers them",
    "portal": "every GET is 200 with a login page",
    "moved": "every GET is 301 to another address",
    "restart": "another random_seed from the first measured request on, as after a restart",
    "freeze": "the whole process stops for fault_s seconds when the request that is hit arrives",
    "no_seed": "server_info has no random_seed",
    "renamed": "no random_seed, and another version and model_path from the first measured request on",
    "other_lines": "after each Decode line of the log comes one of a server that is 1.5 times as fast",
    "late_clock": "/metrics has every time 1.1 times as long as it was",
    "no_metrics": "/metrics is 404, as without --enable-metrics",
    "fixed_seed": "random_seed is 7, as of servers that were started with one",
    "dies": "the process ends with the cache flush",
}
# What happens to the events of a stream; fault_events.py and fault_streams.py do it.
STREAMS: Mapping[str, str] = {
    "stream_error": "after fault_tokens events an error event",
    "reset": "after fault_tokens events a reset",
    "drop": "after fault_tokens events the connection is closed",
    "cut": "after fault_tokens events the body ends, without [DONE]",
    "no_tokens": "[DONE] and nothing before it",
    "stall": "after fault_tokens events silence",
    "stop": "after fault_tokens events the answer ends with finish_reason stop",
    "abort": "after fault_tokens events the answer ends with finish_reason abort",
    "short": "after fault_tokens events the answer ends with finish_reason length",
    "longer": "fault_tokens more tokens than asked for",
    "truncated": "prompt_tokens is half of what was sent",
    "cached": "cached_tokens is half of the prompt",
    "malformed": "event fault_tokens is no JSON",
    "malformed_last": "the last event is no JSON",
    "count_falls": "event fault_tokens counts 1 token",
    "count_jumps": "event fault_tokens counts 9 tokens more than there are",
    "count_nan": "event fault_tokens counts NaN tokens",
    "done_early": "[DONE] comes after fault_tokens events, and the others after it",
    "duplicate": "every event comes twice",
    "out_of_order": "events change places in pairs",
    "single_event": "all tokens come in one event, when the last is made",
    "buffered": "all events leave when the last is made, fault_tokens at a time",
    "one_id": "every answer has the same meta_info.id, as from a cache",
    "few_ids": "output_ids hold fault_tokens ids at most, and the count goes on",
    "few_words": "no output_ids, and the text has fault_tokens words at most, and the count goes on",
    "behind": "events hold the first token's output until the last one, which has all, and count on",
    "apart": "counts come in events without output, the output fault_s later in events without counts",
    "early_count": "an empty event that counts 1 token leaves as soon as the request is there",
    "early_id": "as early_count, and that event names an id",
    "lump": "all but the last fault_tokens tokens come in the first event",
    "replayed": "all events leave when the last is made, one every millisecond",
    "late_done": "[DONE] comes fault_s after the last token",
    "odd_times": "meta_info reports an e2e_latency of 999 s and -1 retractions",
    "error_beside": "event fault_tokens has an error beside its meta_info",
    "error_object": "after event fault_tokens nine events without a count, and an error in the form of /v1",
    "error_named": "after event fault_tokens an event named error",
    "huge_number": "prompt_tokens of the last event has 400 digits",
    "deep_json": "the last event is nested 5,000 deep",
    "silent_meta": "meta_info reports neither prompt_tokens nor cached_tokens nor retractions",
    "uncounted": "/v1: counts come at the stream's end alone",
}
# What it computes. All answers are hit, those of a client's warm-up too.
ANSWERED: Mapping[str, str] = {
    "token_zero": "every token that is decoded has id 0 and the text !; what is read is scored rightly",
    "other_model": "another model answers, and scores what it reads",
    "one_logit": "the logit of id 7, which no answer has, is 2 too large",
}
# No faults: what a correct server or a proxy in front of it may do.
VARIATIONS: Mapping[str, str] = {
    "pause": "after fault_tokens events nothing for fault_s seconds, then all that was held back",
    "chunks": "bytes leave in pieces of 7, across events and HTTP chunks",
    "deltas": "an event has the text and ids of its own tokens only (--stream-output)",
    "empty_text": "the first fault_tokens events have an empty text",
    "no_ids": "events have no output_ids, as before 0.5",
    "late_reason": "the finish_reason comes fault_s after the last token, in an event that repeats the count",
    "loose_json": "JSON with white space, each line of it on a line of data, and counts such as 60.0",
    "cr_lines": "lines end with CR alone, with a comment and an id before each event",
    "stays_open": "after [DONE] the body does not end",
    "pings": "comments between the events",
    "mini_lb": "server_info is mini_lb's merged one, of a prefill and two decode servers of this layout",
    "one_of_pd": "server_info is a decode server's alone, as a router hands it on",
    "closes_idle": "the connection is closed after each answer, without announcement",
}
FAULTS: Mapping[str, str] = {**ANSWERS, **CONTROL, **STREAMS, **ANSWERED, **VARIATIONS}


@dataclass(frozen=True, slots=True)
class Choice:
    """The faults of a server, and the requests that they hit."""

    names: frozenset[str]
    index: int  # the one request that is hit; -1: as share says
    share: float
    tokens: int
    seconds: float
    skip: int

    def hits(self, number: int) -> bool:
        """number: of the request, from 0, skipped ones included. A share of 0.5 hits every second one."""
        k = number - self.skip
        if k < 0:
            return False
        return k == self.index if self.index >= 0 else int((k + 1) * self.share) > int(k * self.share)
