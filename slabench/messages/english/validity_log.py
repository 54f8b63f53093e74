"""What the checks of one run's deploy log say."""

NO_LINES = (
    "Check that --deploy-log is the log that this server writes, and that it can be read here while it grows."
)
LOWER_INTERVAL = "Start the server with a smaller --decode-log-interval, or raise --decode-output-len."

MESSAGES = {
    "log_lines.none": "The deploy log contains no batch line of this run; there must be at least one.",
    "log_lines.none.remedy": NO_LINES,
    "log_lines.left_out": "{parts:; }; they were left out of {lines} Decode lines.",
    "log_lines.left_out.remedy": (
        "Check that only one server writes to the log, and that nothing delays or splits its lines."
    ),
    "log_lines.rejected": "{rejected} batch lines of the log could not be read ({reasons})",
    "log_lines.outside": "{outside} lines have timestamps outside this run",
    "log_lines.no_decode": "The deploy log contains no Decode line of this run.",
    "log_lines.no_decode.remedy": (
        f"Check that --deploy-log is the log that this server writes. {LOWER_INTERVAL}"
    ),
    "log_lines.ok": "The deploy log contains {lines} Decode lines of this run; none was rejected.",
    "log_retraction.retracted": (
        "The deploy log reports {retractions} retractions during this run: the KV pool was full."
    ),
    "log_retraction.retracted.remedy": "Lower the concurrency, or give the server a larger KV pool.",
    "log_retraction.none": "The deploy log reports no retraction.",
    "log_disturbed.disturbed": "The deploy log reports {events: and } during this run; there must be none.",
    "log_disturbed.disturbed.remedy": (
        "Run the test again: what was compiled is cached now. A longer warm-up (--warmup-requests) compiles "
        "it first."
    ),
    "log_disturbed.compilations": "{jit} kernel compilations",
    "log_disturbed.starts": "{restarts} server starts",
    "log_disturbed.none": "The deploy log reports no compilation and no restart.",
    "log_agrees.no_clean_line": (
        "The deploy log contains no clean Decode line at batch size {batch_size}, so its TPOT cannot be "
        "compared."
    ),
    "log_agrees.no_clean_line.remedy": LOWER_INTERVAL,
    "log_agrees.no_client_tpot": "The client's TPOT is not defined, so the log's cannot be compared with it.",
    "log_agrees.no_client_tpot.remedy": "Raise --decode-output-len.",
    "log_agrees.more_running": (
        "A Decode line of this run has {running} running requests, but the client had at most {batch_size} "
        "in flight."
    ),
    "log_agrees.more_tokens": (
        "The clean Decode lines of this run stand for {tokens:.0f} tokens, but the client received "
        "{received:.0f}."
    ),
    "log_agrees.agrees": "{comparison}.",
    "log_agrees.same_batch": (
        "{comparison}. Both measured the same batch, so the likely cause is the client, the network, or a "
        "log of another server."
    ),
    "log_agrees.same_batch.remedy": (
        "See the client's lag in the check client, measure without a proxy, and check that --deploy-log "
        "is this server's."
    ),
    "log_agrees.differs": "{comparison}. {cause}",
    "log_agrees.differs.remedy": (
        "Use full_batch.tpot or the decode curve for this batch size; raise --decode-output-len to enlarge "
        "the full-batch share."
    ),
    "log_agrees.comparison": (
        "The log reports {log_tpot:number} ms a token at batch size {batch_size} (n={samples} clean lines), "
        "the client's mean TPOT is {mean_tpot:number} ms ({mean_off:+.1%}), {full}"
    ),
    "log_agrees.full": "in its full-batch window {full_tpot:number} ms ({full_off:+.1%}{share})",
    "log_agrees.full_share": ", over {share:.0%} of the run",
    "log_agrees.never_full": "and the batch was never full at the client",
    "log_agrees.waves": (
        "The likely cause is waves: at the client the requests were never all decoded at the same time."
    ),
    "log_agrees.prefill_stalls": (
        "The likely cause is prefill stalls: each answer's TPOT contains the prefills of the requests that "
        "came after it."
    ),
    "log_agrees.first_prefill_stalls": (
        "The likely cause is prefill stalls: the first answers' TPOT contains the prefills of the others."
    ),
    "log_agrees.smaller_batch": (
        "The likely cause is waves: a part of each answer was decoded in a smaller batch."
    ),
    "log_agrees.mostly_smaller_batch": (
        "The likely cause is waves: most of each answer was decoded in a smaller batch."
    ),
    "remedy.one_writer": (
        "Check that --deploy-log is the log of the server at --base-url, that only this server writes to "
        "it, and that no other client uses the server."
    ),
}
