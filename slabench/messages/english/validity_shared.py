"""What the registry and the policy of the validity checks say, and remedies of several checks."""

MESSAGES = {
    "check.allowed": "{check} Allowed by --allow.",
    # a test's loads: the check of the worst, and which load that is
    "load.check": "{load}{more}: {check}",
    "load.repeat": "repeat {repeat} of {repeats}",
    "load.at_most": "repeat {repeat} of at most {repeats}",
    "load.pair": "pair {repeat} of at most {repeats}",
    "load.baseline_pair": "baseline server, pair {repeat} of at most {repeats}",
    "load.row": "row {row} of {rows}",
    "load.new": "new server",
    "load.baseline": "baseline server",
    "load.baseline_repeat": "baseline server, repeat {repeat} of {repeats}",
    "load.more": " (and {more} more of {loads} loads)",
    # what another client, or a result row of it, does not report
    "reported.row": "The result row",
    "client.unreported": "{source} does not report how busy the client was itself.",
    "finish_reason.unreported": "{source} does not report why an answer ended.",
    "flush.unreported": "{source} does not report whether the cache was flushed before the run.",
    "prefix_cache.unreported": "{source} does not report how many prompt tokens were cached.",
    "retraction.unreported": "{source} does not report how often requests were retracted.",
    "same_server.unreported": "{source} does not report which process answered.",
    "token_counts.unreported": "{source} does not report the token counts along a stream.",
    "log_agrees.without_log": "There is no deploy log to compare the client's TPOT with.",
    # remedies
    "remedy.use_own_client": "Use --client=slabench, which records it.",
    "remedy.measure_again": "Measure it with slabench, which records it.",
    "remedy.give_log": (
        "Pass the server's log with --deploy-log=FILE, or let slabench start the server with --launch=CMD."
    ),
    "remedy.one_server": "Measure one server at a time, without a proxy that answers requests itself.",
    "remedy.server_log": "Look at the server's log; no verdict is possible while requests fail.",
}
