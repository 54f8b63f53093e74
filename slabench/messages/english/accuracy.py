"""Answers to questions whose answers are known (--accuracy-file)."""

MESSAGES = {
    "accuracy.asking": "Asking {questions} questions, {concurrency} at once at most.",
    "accuracy.interrupted": "interrupted: {signal} while {questions} questions were asked; no answer is kept",
    "accuracy.floor_holds": (
        "accuracy {share:.1%} >= {floor:.1%} (95 % bounds {low:.1%} and {high:.1%}, n={n})"
    ),
    "accuracy.below_floor": (
        "accuracy {share:.1%} < {floor:.1%} (95 % bounds {low:.1%} and {high:.1%}, n={n})"
    ),
    "accuracy.floor_inconclusive": (
        "INCONCLUSIVE: accuracy {share:.1%} may be below {floor:.1%} (95 % bounds {low:.1%} and {high:.1%}, "
        "n={n}); {remedy}"
    ),
    "accuracy.questions_decide": "about {questions:,} questions would probably decide",
    "accuracy.no_number": "so close to the limit no number of questions would decide",
    "accuracy.within": (
        "accuracy {share:.1%} is within {points:g} points of baseline {baseline:.1%} (change {change:+.1f} "
        "points, interval {low:+.1f} to {high:+.1f} at one-sided levels of {level_pct:g} %; {lost} questions "
        "lost, {gained} gained, n={n})"
    ),
    "accuracy.worse": (
        "accuracy {share:.1%} is worse by more than {points:g} points than baseline {baseline:.1%} (change "
        "{change:+.1f} points, interval {low:+.1f} to {high:+.1f} at one-sided levels of {level_pct:g} %; "
        "{lost} questions lost, {gained} gained, n={n})"
    ),
    "accuracy.inconclusive": (
        "INCONCLUSIVE: accuracy {share:.1%} may be worse by more than {points:g} points than baseline "
        "{baseline:.1%} (change {change:+.1f} points, interval {low:+.1f} to {high:+.1f} at one-sided levels "
        "of {level_pct:g} %; {lost} questions lost, {gained} gained, n={n}); {remedy}"
    ),
    "accuracy.other_questions": "{baseline} has answers to other questions: its --accuracy-file was another",
    "accuracy.no_pairs": "no question was answered both here and in {baseline}",
    "accuracy.give_floor": (
        "The share of right answers was held to nothing: --accuracy-floor=SHARE is a floor for it, and with "
        "--baseline-url=URL or --baseline=FILE old and new answers are compared."
    ),
    "accuracy.cut": (
        "{cut} of {questions} answers were cut at max_tokens; a key max_tokens in the file's lines lets them "
        "be longer."
    ),
    "accuracy.headline": "accuracy {share:.1%} of {n}",
    "accuracy.line": (
        "{file}: {right} of {n} answers right ({share:.1%}; 95 % bounds {low:.1%} and {high:.1%}), "
        "{concurrency} at once"
    ),
    "accuracy.old_line": "{file}: {right} of {n} answers of the baseline server right ({share:.1%})",
    "accuracy.wrong": "wrong: line {line} wants {wanted!r}, the answer begins {answer!r}",
    "accuracy.remedy_floor": (
        "Look at the wrong answers: the model, its quantization or a kernel has changed, or --accuracy-file "
        "grades too strictly."
    ),
    "answered.ok": "All {questions} questions have an answer.",
    "answered.failed": (
        "{errors} of {questions} questions have no answer, the first by the {side} server to line {line}: "
        "{error}"
    ),
    "answered.failed.remedy": (
        "Find the cause in the server's log; --allow=answered grades the questions that have an answer."
    ),
}
