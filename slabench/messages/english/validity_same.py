"""Whether two servers give the same answers, and whether answers are answers at all."""

MESSAGES = {
    "same_answers.same": (
        "Both servers find the same {answers} answers of up to {tokens} tokens equally probable: "
        "{estimates:; }. {vocabulary}{difference}"
    ),
    "same_answers.other": (
        "The new server does not give the old one's answers: {estimates:; } ({answers} answers of up to "
        "{tokens} tokens, scored by both). {vocabulary}{difference}"
    ),
    "same_answers.other.remedy": (
        "Look for what computes something else: weights, quantisation, a kernel, the cache. docs/answers.md "
        "has what harmless changes show and what harmful ones do; --answers=gate makes this FAILED."
    ),
    "same_answers.unscored": "The two servers' answers are not compared: {why}",
    "same_answers.unscored.remedy": (
        "It takes /generate with return_logprob at both servers, and one server that does prefill and "
        "decode; --answers=off does not ask for answers."
    ),
    "same_answers.no_numbers": "Neither server gives a number for a token of the {answers} answers.",
    "same_answers.no_numbers.remedy": "Look at both servers' weights: their logits are no numbers.",
    "same_answers.not_stored": "The baseline server's run has no answers to this test's prompts.",
    "same_answers.disaggregated": (
        "Prefill and decode servers are not asked for log-probabilities: some versions of SGLang end when "
        "they are (sglang issues 26286 and 30894)."
    ),
    "same_answers.eagle3": (
        "SGLang before 0.5.12 ends when it is asked for log-probabilities while EAGLE3 runs with the overlap "
        "scheduler (sglang issue 17349)."
    ),
    "same_answers.not_kept": "No answers of this server are stored: {why}",
    "same_answers.no_prompts": "The load has no prompts of two tokens or more as ids.",
    "degenerate_answers.few": (
        "{answers} answers have {tokens} tokens or more; of fewer than {least} nothing is concluded."
    ),
    "degenerate_answers.unknown": "Of {answers} answers neither all ids nor the whole text is known.",
    "degenerate_answers.unknown.remedy": (
        "A server that streams pieces (--stream-output, --incremental-streaming-output) sends each id once, "
        "and only the last event is read whole."
    ),
    "degenerate_answers.so": (
        "{one_token} of {answers} answers are one token again and again or no text, and {alike} of "
        "{different} are the same for different prompts (limit {limit:.0%} each)."
    ),
    "degenerate_answers.so.remedy": (
        "Look at the server's answers: kernels that return NaN, weights that were not loaded or a broken "
        "cache answer so, and fast. "
        "--answers=gate makes this FAILED."
    ),
    "degenerate_answers.not_so": (
        "{one_token} of {answers} answers are one token again and again or no text, {alike} of {different} "
        "are the same for different prompts (limit {limit:.0%} each)."
    ),
    "answers.estimate": "{metric:metric} {value:number}{ends}{token} (limit {op} {limit}, n={n})",
    "answers.ends": ", {low:number} to {high:number}",
    "answers.token_more": ": token {token} is more probable than it was",
    "answers.token_less": ": token {token} is less probable than it was",
    "answers.no_vocabulary": "The whole vocabulary was not compared: {why} ",
    "vocabulary.not_stored": "the old server's run has not stored its own.",
    "vocabulary.at_first_test": "that was done after {test}, once a run.",
    "vocabulary.no_numbers": "there are fewer than 8 places at which both servers give numbers.",
    "vocabulary.no_such_id": "a server names token {token}, which no vocabulary has.",
    "vocabulary.new_alone": "the old server gives every token's log-probability, the new one does not: {why}",
    "answers.no_difference": "Their own answers to the same {answers} prompts are identical.",
    "answers.difference": (
        "Their own answers to the same prompts: {same} of {answers} are identical, the others differ after "
        "{median:number} tokens (median); answer {answer} first, at token {place}: {old}, now {new}. That is "
        "shown, and not judged."
    ),
}
