"""What a time to the first token is made of, and how many requests ran and were queued meanwhile."""

MESSAGES = {
    "ttft.sentences": "{sentences:sentences}",
    "ttft.parts": (
        "TTFT mean {ttft:number} ms: {queue:number} ms queued at the server, {prefill:number} ms in prefill, "
        "{outside:number} ms outside the server."
    ),
    "ttft.tokenizer": "Tokenizing takes {tokenizer:number} ms of the prefill part ({share:.0%}).",
    "ttft.retracted": (
        "Retracted requests are left out of the parts ({retracted}): the server restarts their queue time."
    ),
    "ttft.all_retracted": (
        "TTFT mean {ttft:number} ms; it cannot be split, since all {retracted} requests were retracted and "
        "the server restarts their queue time."
    ),
    "ttft.not_reported": (
        "TTFT mean {ttft:number} ms; the server does not report queue time: start it with --enable-metrics."
    ),
    "ttft.server_queue": (
        "TTFT mean {ttft:number} ms; by the server's /metrics {queue:number} ms of it queued (its answers "
        "report a queue time of 0, which is no measurement)."
    ),
    "ttft.ran": "At most {ran} requests ran at once; none was queued in {lines} Decode lines (deploy log).",
    "ttft.queued": (
        "At most {ran} requests ran at once; up to {queued} were queued, in {queued_lines} of {lines} Decode "
        "lines (deploy log)."
    ),
    "ttft.by_client": (
        "At most {ran:.0f} requests decoded at once; up to {queued:.0f} waited for their first token."
    ),
}
