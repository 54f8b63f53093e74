"""Checks of another client's loads: of the run that it drove, and of a result row that it left."""

MESSAGES = {
    "completed.client_failure": "{failure}",
    "completed.client_failure.remedy": "Run it by hand with the same options to see its output.",
    "completed.counted": (
        "{client} counts {counted} of {requests} requests as completed; all must succeed.{example}"
    ),
    "completed.no_count": "an unknown number",
    "completed.no_number": "an unknown number of",
    "completed.no_text": (
        "{silent} of {requests} answers brought no text (first: request {index}); {client} counts an error "
        "inside the stream as such a success."
    ),
    "completed.no_text.remedy": "Use --client=slabench, which tells an error from an empty text.",
    "completed.row_failed": (
        "{completed} of {requests} requests are counted as completed; all must succeed.{example}"
    ),
    "completed.row_no_text": (
        "{silent} of {answers} answers brought no text, which is how an error inside a stream looks in a "
        "result row."
    ),
    "completed.row_little_text": (
        "The texts of the answers are {text:g} tokens for {counted:g} counted (at least {limit:.0%} is "
        "expected): some may have brought no text."
    ),
    "completed.row_number_unknown": (
        "{completed} requests completed; the result row does not report how many were sent."
    ),
    "completed.row_number_unknown.remedy": "Keep the requests with --output-details.",
    "output_length.as_requested": "{client} stores the requested length where a server sends no counts.",
    "output_length.row_empty": (
        "{empty} of {answers} answers have no tokens; all must have the requested number."
    ),
    "output_length.row_unknown": (
        "The result row does not report both the tokens that were requested and those that were generated."
    ),
    "output_length.row_other": (
        "{tokens:g} tokens were generated where {requested} were requested ({answers} requests of "
        "{length:g})."
    ),
    "output_length.row_other.remedy": "Check that the server honours max_new_tokens and ignore_eos.",
    "output_length.row_range": "{least} to {most}",
    "output_length.row_as_requested": (
        "As many tokens are reported as were requested; with backend {backend} a result row has those "
        "whether they were generated or not."
    ),
    "output_length.row_requested": "As many tokens were generated as were requested.",
    "prompt_length.not_planned": (
        "{client} sent other prompts than planned (request {index}: {sent} tokens, planned {planned})."
    ),
    "prompt_length.not_planned.remedy": "Use the data set, tokenizer and version of this run.",
    "prompt_length.planned": (
        "{client} reports the prompts that were planned; it does not keep the server's prompt_tokens."
    ),
    "prompt_length.row_few": "{sent:g} prompt tokens were sent where at least {requested} were requested.",
    "prompt_length.row_few.remedy": "Check that prompts are not cut at the context length.",
    "prompt_length.row_requested": (
        "A result row has the prompt lengths that were requested, not those that the server counted."
    ),
    "batch_reached.never_in_a_second": (
        "Batch size {size} was never reached: at most {peak:g} requests were in flight in one second."
    ),
    "batch_reached.never_in_a_second.remedy": (
        "Raise --decode-output-len, or use --batch-sizes that fit the server."
    ),
    "batch_reached.unknown": (
        "{client} does not report when a request began, so it is not known how many ran at once."
    ),
    "row_figures.agree": "The metrics of the result row agree with each other.",
    "row_figures.contradiction": "The metrics of the result row contradict each other: {reason}.",
    "row_figures.contradiction.remedy": "Pass the file as the client wrote it.",
    "row_figures.alike": "all {requests:g} requests have the same {metric}, to the last digit",
    "row_figures.duration": "the duration is {duration:g} s",
    "row_figures.rate": "{rate} is {reported:g}, but its counts over {duration:g} s give {computed:g}",
    "row_figures.order": "{high} {more:g} is below {low} {less:g}",
    "row_figures.twice": "Rows {first} and {second} of this load are the same run, which would count twice.",
    "row_figures.twice.remedy": "Leave one of them out.",
}
