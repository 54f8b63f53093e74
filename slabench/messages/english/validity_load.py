"""Checks of a load: its prompts, request rate, batch size and pace, and the times that the server reports."""

_BATCH = "Raise --decode-output-len, or use --batch-sizes that fit the server."
_WARM_UP = (
    "Warm the server up: leave --warmup-requests at its default (as many requests as are in flight) or raise "
    "it, and run the test again on the same server process."
)
_STOPPED = (
    "Look for compilation, a restart or a suspended machine in the server's log at that time, and run it "
    "again."
)

MESSAGES = {
    "random_tokens.none": (
        "The prompts are text, or nothing is known of the server that random ids would distort."
    ),
    "random_tokens.distorted": (
        "The prompts are random ids, which distort {distorted: and }: text gives other metrics."
    ),
    "random_tokens.distorted.remedy": (
        "Measure with --dataset-name=sharegpt or your own conversations too; compare runs of the same data "
        "set only."
    ),
    "random_tokens.speculative": "speculative decoding ({algorithm})",
    "random_tokens.experts": "expert routing ({architecture})",
    "prompt_length.none": "The server reports no prompt_tokens.",
    "prompt_length.none.remedy": "Use a server that reports meta_info.",
    "prompt_length.mixed": (
        "{silent} of {answers} answers report no prompt_tokens, the others do, so it is not known what the "
        "server read."
    ),
    "prompt_length.ids": "prompt_tokens equals the number of ids sent for all {answers} answers.",
    "prompt_length.other_ids": (
        "{other} of {answers} prompts have another length at the server (request {index}: {sent} ids sent, "
        "{read} read); none may."
    ),
    "prompt_length.other_ids.remedy": "The server may cut prompts (--allow-auto-truncate); turn that off.",
    "prompt_length.other_text": (
        "{other} of {answers} prompts have another length at the server (request {index}: {sent} tokens of "
        "text sent, {read} read); none may."
    ),
    "prompt_length.other_text.remedy": (
        "Pass the server's own tokenizer with --tokenizer=DIR; the server must not cut or wrap prompts."
    ),
    "prompt_length.drift": (
        "The server counts {read} prompt tokens{counted}{template} where the workload asked for {meant} "
        "({drift:+.1%}; more than {limit:.0%} is a finding)."
    ),
    "prompt_length.counted": ", as our tokenizer does for each of the {texts} texts",
    "prompt_length.template": ", and {added} more of its chat template in each,",
    "prompt_length.drift.remedy": (
        "Text that is decoded and encoded again changes its length; --prompt-form=ids sends exact ids."
    ),
    "prompt_length.other_tokenizer": (
        "The server counts {read} prompt tokens where the workload asked for {meant} ({drift:+.1%}, limit "
        "{limit:.0%})."
    ),
    "prompt_length.other_tokenizer.remedy": (
        "Pass the tokenizer of the model that the server runs (--tokenizer=DIR), or send exact ids with "
        "--prompt-form=ids."
    ),
    "prompt_length.varying_template": (
        "The server counts {least} to {most} tokens more a prompt than the message has: its chat template "
        "adds some, and how many is not known."
    ),
    "prompt_length.varying_template.remedy": "--backend=sglang and sglang-oai send prompts as they are.",
    "rate_reached.no_cap": "No limit on concurrency stands between the request rate and the server.",
    "rate_reached.at_once": "All requests were due at the same time.",
    "rate_reached.reached": (
        "The client sent {reached:.3g} requests/s; by the plan {offered:.3g} requests/s were due "
        "(--request-rate={rate:g}, n={requests})."
    ),
    "rate_reached.capped": (
        "The client sent {reached:.3g} requests/s; by the plan {offered:.3g} requests/s were due "
        "(--request-rate={rate:g}). --max-concurrency={cap} held the sent rate at {share:.0%} of the planned "
        "one (limit {limit:.0%}, n={requests}).{ttft}"
    ),
    "rate_reached.capped.remedy": (
        "Read the metrics as those of {cap} requests in flight (--max-concurrency), and judge ttft_due where "
        "waiting counts: --request-rate acts below {reached:.3g} alone."
    ),
    "rate_reached.ttft": (
        " TTFT is {sent_ms:,.1f} ms on average from when a request was sent, {due_ms:,.1f} ms from when it "
        "was due."
    ),
    "batch_fits.fits": "Batch size {size} needs {needed} of {capacity} tokens of KV cache.",
    "batch_fits.tokens": "Batch size {size} needs {needed} tokens of KV cache, the server has {capacity}.",
    "batch_fits.tokens.remedy": "{use}, or a server with a larger KV pool.",
    "batch_fits.running": "Batch size {size} is above the server's limit of {max_running} running requests.",
    "batch_fits.running.remedy": "{use}, or raise --max-running-requests.",
    "batch_fits.largest": "Use --batch-sizes up to {fits}",
    "batch_fits.shorter": "Use shorter prompts and answers",
    "batch_fits.unknown": "The server does not report its token capacity.",
    "batch_fits.unknown.remedy": "Check that server_info answers.",
    "batch_fits.unknown_of_several": "Not all of the servers that decode report their token capacity.",
    "batch_fits.unknown_of_several.remedy": (
        "Use a router that lists its servers, and run where they can be reached."
    ),
    "batch_reached.reached": "Batch size {size} was reached.",
    "batch_reached.in_log": (
        "Batch size {size} was reached on {lines} Decode lines of the log; the client observed at most "
        "{peak} requests decoding at once."
    ),
    "batch_reached.never": (
        "Batch size {size} was never reached: at most {peak} requests were decoding at once."
    ),
    "batch_reached.never.remedy": _BATCH,
    "batch_held.share": (
        "{held:.0f} of {tokens} tokens ({share:.0%}) were generated with all {size} requests decoding{log}; "
        "at least {limit:.0%} is required."
    ),
    "batch_held.share.remedy": _BATCH,
    "batch_held.lines": "; {at_size} of {lines} Decode lines of the log have that batch size",
    "batch_held.no_token": "No token arrived, so no batch was held.",
    "batch_held.no_token.remedy": "Look at the failed requests first.",
    "first_run.lost": (
        "{cause} (limit {limit:.0%}, a finding above {finding:.0%}) was spent on something that was done for "
        "the first time."
    ),
    "first_run.lost.remedy": _WARM_UP,
    "first_run.taken_in": (
        "{cause}. {taken_in_s:.1f} s of it went by before the server's own time of these answers began: it "
        "took the requests in, or something before it held them."
    ),
    "first_run.taken_in.remedy": (
        "That is part of the throughput; more or longer prompts (--prefill-prompts, --prefill-lens) make it "
        "a smaller part."
    ),
    "first_run.pause": "At the beginning {pause}: {share:.0%} of the run",
    "first_run.requests": (
        "{slower} of the first {requests} requests waited longer than any later one, {longest_ms:.0f} ms "
        "against at most {later_ms:.0f} ms: {share:.0%} of all waiting"
    ),
    "first_run.no_batch": "The run began as fast as it went on.",
    "first_run.never_full": "Batch size {size} was never reached, so its beginning is not compared.",
    "first_run.too_short": (
        "Fewer than {tokens} tokens a request in each half of the full batch: too few to compare."
    ),
    "first_run.waves": (
        "the first wave took {first_ms:.2f} ms a token and the {later} after it {later_ms:.2f} ms "
        "({slower:+.0%})"
    ),
    "first_run.halves": (
        "the full batch began with {first_ms:.2f} ms a token and ended with {later_ms:.2f} ms ({slower:+.0%})"
    ),
    "first_run.even": "The run began as fast as it went on: {compared:; }.",
    "first_run.slower": (
        "The run began more than {limit:.0%} slower than it went on: {compared:; }. Something was done for "
        "the first time."
    ),
    "first_run.slower.remedy": "Leave --warmup-requests at its default, or raise it.",
    "stall.pause": (
        "{in_flight} requests were in flight and nothing arrived for {lasted_s:.1f} s (after {after_s:.1f} "
        "s), where {expected_s:.2f} s are expected at the pace of the rest"
    ),
    "stall.server": "The whole server stopped: {pause}; limit {limit_s:g} s (--stall-limit).",
    "stall.server.remedy": _STOPPED,
    "stall.server_often": (
        "The whole server stopped for {share:.0%} of the run (limit {limit:.0%}); the longest time: {pause}."
    ),
    "stall.server_often.remedy": _STOPPED,
    "stall.answers": (
        "{stalled} of {answers} answers stalled for more than {limit_s:g} s (--stall-limit), the longest for "
        "{longest_s:.1f} s (request {index})."
    ),
    "stall.answers.remedy": (
        "Look for retractions, compilation or prefills in the log; --stall-limit=S allows longer stalls."
    ),
    "stall.none": "None of {answers} answers stalled for more than {limit_s:g} s.",
    "stall.no_gap": "No answer has two arrivals.",
    "stall.never_full": "Batch size {size} was never reached, so stalls within it are not defined.",
    "reported_times.none": "The answers report no times of their own.",
    "reported_times.none.remedy": "Start the server with --enable-metrics.",
    "reported_times.agree": "The times and counts that {answers} answers report agree with the client's.",
    "reported_times.impossible": (
        "{wrong} of {answers} answers report a time or count that is not possible (request {index}: "
        "{reason})."
    ),
    "reported_times.impossible.remedy": (
        "Do not use the server's own times and counts of this run; check that its clock is not set while it "
        "serves."
    ),
    "reported_times.negative": "{name} is {value:g}",
    "reported_times.too_long": "{name} is {value:g} s, the client measured {client_s:.3g} s",
}
