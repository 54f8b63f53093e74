"""The check of the client's clock against the server's own."""

MESSAGES = {
    "server_agrees.no_metrics": "The server's own times are not known: it serves no /metrics with counts.",
    "server_agrees.no_metrics.remedy": "Start the server with --enable-metrics.",
    "server_agrees.other_requests": (
        "The server's /metrics counted {counted:number} requests while this run sent {sent}: its mean times "
        "are not of the same requests."
    ),
    "server_agrees.decoding_time": "decoding time",
    "server_agrees.pair": "{metric:metric} {client:number} ms, {server:number} ms by the server",
    "server_agrees.ok": "Client and server agree: {pairs:; } (n={n}).",
    "server_agrees.shorter": (
        "The client's {metrics: and } is shorter than the server's own: {pairs:; } (n={n}). A client sees no "
        "token before it is made."
    ),
    "server_agrees.shorter.remedy": (
        "Look for a proxy that holds first tokens back, another server behind the address, or a clock that "
        "was set; measure the server directly."
    ),
    "server_agrees.decoding_differs": (
        "The client's decoding time and the server's own differ by more than {limit:.0%}: {pairs:; } (n={n})."
    ),
    "server_agrees.decoding_differs.remedy": (
        "Something between server and client delays tokens: measure on the server's machine, without a proxy."
    ),
    "server_agrees.ttft_longer": (
        "TTFT is {late:number} ms longer than by the server's own clock, which starts when its tokenizer has "
        "the request: {pairs:; } (n={n})."
    ),
    "server_agrees.ttft_longer.remedy": (
        "A burst of long prompts waits in the server's HTTP process; else look for a slow network or a proxy "
        "that buffers."
    ),
}
