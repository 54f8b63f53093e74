"""Two clients side by side: what a difference between them comes from."""

_SHARED = (
    "{alike} of {prompts} prompts share up to {tokens} tokens of their beginning with another one (as the "
    "server counts them: their texts have up to {longest})"
)
_CACHED = "If they are not prefilled together, the prefix cache answers that part and the run is INVALID"
MESSAGES = {
    "crosscheck.alike_random_ids": (
        f"{_SHARED}, as random-ids of a small vocabulary can. {_CACHED}: use --dataset-path=FILE for texts "
        "that differ."
    ),
    "crosscheck.alike_texts": (
        f"{_SHARED}, as texts of this data set can. {_CACHED}: use another --seed to draw others."
    ),
    "crosscheck.few_prompts": (
        "--num-prompts={wanted} is more than the {prompts} prompts that {path} gives; ask for fewer, or give "
        "a larger data set."
    ),
    # what a row's difference is
    "crosscheck.definition": "definition ({why})",
    "crosscheck.client": "bench_serving's client ({why})",
    "crosscheck.equal": "equal",
    "crosscheck.noise": "noise",
    "crosscheck.missing": "not reported by both clients",
    "crosscheck.one_round": "one round has no noise to compare with",
    "crosscheck.no_noise": "the rounds have no noise to compare with",
    "crosscheck.legend": (
        "definition: ours against bench_serving's formula on the same records. client: that formula on our "
        "client's records against the metrics of bench_serving's own client."
    ),
    # bench_serving's definitions, and what its client adds
    "crosscheck.tpot": "it ends at [DONE] and divides by n - 1",
    "crosscheck.ttft": "it begins before the connection is opened",
    "crosscheck.itl": "it counts events with text only",
    "crosscheck.e2el": "it begins before the connection is opened and ends at [DONE]",
    "crosscheck.duration": "it ends with the answer to GET /get_server_info",
    "crosscheck.rate": "its duration contains GET /get_server_info",
    "crosscheck.total": "its duration contains GET /get_server_info, its input is the intended one",
    "crosscheck.peak": "it counts requests that touch a second",
    "crosscheck.parsing": "it parses the whole text so far at every event",
    "crosscheck.connecting": (
        "it opens a connection for every request and parses the whole text so far at every event"
    ),
    "crosscheck.same_peak": "the same over-count",
    "crosscheck.invalid": "INVALID: round {number} by {name}: {check}: {text} {remedy}{cause}",
    "crosscheck.cause": " {text}",
    "crosscheck.round": "round {number} of {rounds}: {name}: TPOT {tpot} ms",
    "crosscheck.head": "slabench and {name} in turns, {rounds} runs each: {load}",
    "crosscheck.load": "{prompts} prompts ({dataset}) {lengths}, request rate {rate}, concurrency {cap}",
    "crosscheck.lengths": "of {low}{input} tokens, {low}{output} out",
    "crosscheck.low": "{ratio:g} x length to ",
    "crosscheck.own_lengths": "with the conversations' own lengths",
    "crosscheck.not_limited": "not limited",
}
