"""What a method advises to try next."""

MESSAGES = {
    "advice.tpot_exceeds": (
        "To bring TPOT from {observed:number} ms below the limit of {limit:g} ms, try a lower --request-rate "
        "(now {rate}) and --max-concurrency (now {concurrency})."
    ),
    "advice.tpot_alone": (
        "One request alone has a TPOT of {observed:number} ms, above the limit of {limit:g} ms: no lower "
        "load reaches it. Look at the server's settings, or at the limit."
    ),
    "advice.tpot_below": (
        "TPOT is {share_pct:.0f} % of the {limit:g} ms limit ({observed:number} ms): try more prompts "
        "(--num-prompts, now {prompts}), then a higher --request-rate and --max-concurrency."
    ),
    "advice.pool_full": (
        "TPOT is {share_pct:.0f} % of the {limit:g} ms limit ({observed:number} ms), but the server's KV "
        "pool was full: use a larger KV pool or more servers. More prompts (--num-prompts, now {prompts}) "
        "only make the run longer, and a higher rate or concurrency only adds queueing."
    ),
}
