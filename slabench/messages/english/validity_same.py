"""Whether two servers give the same answers, and whether answers are answers at all."""

MESSAGES = {
    "same_answers.same": (
        "Both servers find the same {answers} answers of up to {tokens} tokens equally probable: "
        "{estimates:; }. {difference}"
    ),
    "same_answers.other": (
        "The new server does not give the old one's answers: {estimates:; } ({answers} answers of up to "
        "{tokens} tokens, scored by both). {difference}"
    ),
    "same_answers.other.remedy": (
        "Look for what computes something else: weights, quantisation, a kernel, the cache. docs/answers.md "
        "has what harmless changes show and what harmful ones do; --answers=gate makes this FAILED."
    ),
    "same_answers.unscored": "The two servers' answers are not compared: {why}",
    "same_answers.unscored.remedy": (
        "Both servers need /generate with return_logprob; --answers=off does not ask for answers."
    ),
    "same_answers.no_numbers": "Neither server gives a number for a token of the {answers} answers.",
    "same_answers.no_numbers.remedy": "Look at both servers' weights: their logits are no numbers.",
    "same_answers.no_prompts": "The load has no prompts of two tokens or more as ids.",
    "answers.estimate": "{metric:metric} {value:number}{ends} (limit {op} {limit}, n={n})",
    "answers.ends": ", {low:number} to {high:number}",
    "answers.no_difference": "Their own answers to the same {answers} prompts are identical.",
    "answers.difference": (
        "Their own answers to the same prompts: {same} of {answers} are identical, the others differ after "
        "{median:number} tokens (median); answer {answer} first, at token {place}: {old}, now {new}. That is "
        "shown, and not judged."
    ),
}
