"""Servers that cannot be reached, started or asked."""

MESSAGES = {
    "reach.not_ready": (
        "{url} was not ready after {deadline_s:g} s: {obstacle} Check the server's log, or allow more "
        "time with --launch-timeout."
    ),
    "reach.no_json": "{url} answered {status} with {what}. {check_url}",
    "reach.redirects": (
        "{url} answered {status} and redirects to {location}. Redirects are not followed: give the "
        "final address."
    ),
    "reach.too_long": "{url} sent more than {mib} MiB. {check_url}",
    "reach.no_info": "{url} answered {status} to {paths: and } with {kind}. {only_sglang}",
    "reach.other_json": "{url} answered with JSON that is no server_info of SGLang. {only_sglang}",
    "reach.refused": "{url} answered {status}: {why}",
    "reach.launched_ended": (
        "The launched server {how} {status} before it was ready. Its command: {command}\n{log_end}"
    ),
    "reach.launched_not_ready": "{why}{no_port}\n{end}",
    "reach.no_port": (
        "No port from {first} to {last} of 127.0.0.1 is free for the server that is to be launched; give the "
        "command one: --port 31000."
    ),
    "reach.port_taken": (
        "Another process listens at {url}, and it would be measured instead of the launched server. "
        "Stop it, or give the command another port: --port {{port}} takes a free one."
    ),
    "reach.scoring_no_output": "{url}: an answer without output_token_logprobs for its output_ids.",
    "reach.scoring_no_vocabulary": (
        "{url}: an answer without output_top_logprobs of as many ids as top_logprobs_num asks for."
    ),
    "reach.scoring_other_input": "{url}: input_token_logprobs are not those of the tokens sent.",
    "reach.scoring_status": "{url} answers {status}: {excerpt}.",
    "reach.plan_request": (
        "{test_id}: a request of {length} tokens failed ({why}); see to the server first ({slabench} "
        "doctor asks it more)."
    ),
    "reach.launched_gone": "The {name} that was launched has ended; the end of its log is in {path}.",
    "reach.baseline_server": "The baseline server ({option}): {why}",
    "reach.one_process": (
        "--base-url={new} and --baseline-url={old} lead to one server process (random_seed "
        "{random_seed}): load on one shows at the other. Give the old server's own address."
    ),
}
