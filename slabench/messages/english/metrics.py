"""What a time to the first token is made of, and how many requests ran and were queued meanwhile."""

MESSAGES = {
    "ttft.sentences": "{sentences:sentences}",
    "ttft.parts": (
        "TTFT mean {ttft:number} ms: {queue:number} ms queued at the server, as it reports of each request, "
        "{prefill:number} ms in prefill, {outside:number} ms outside the server."
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
    "ttft.ran": (
        "At the moments of the deploy log's {lines} Decode lines at most {ran} requests ran, and none was "
        "queued."
    ),
    "ttft.queued": (
        "At the moments of the deploy log's {lines} Decode lines at most {ran} requests ran; on "
        "{queued_lines} of them up to {queued} were queued."
    ),
    "ttft.by_client": (
        "At the client at most {ran:.0f} requests decoded at once, and up to {queued:.0f} waited for their "
        "first token."
    ),
}
