"""Labels of a run that is not a published form, and what is noted of its prompts and its warm-up."""

MESSAGES = {
    "methods.differs": "{key} {own} instead of {published}",
    "methods.no_limit": "no limit",
    "methods.one_of": "{others} or {last}",
    "methods.reduced": "REDUCED: {differences:; }",
    "label.not_judged": (
        "NOT_JUDGED: in a quick gate the method's own objectives{rules} and floors, which --gate=full judges"
    ),
    "label.not_judged_rules": " ({rules})",
    "label.own_slo": "OWN_SLO: {rules:; }",
    "label.rule_instead": "{rule} instead of {own}",
    "label.bench_serving": "BENCH_SERVING: {client} drove the load{judged}",
    "label.classic_rules": "; objectives are judged by its own metrics: {renamed}",
    "label.renamed": "{ours} by {classic}",
    "label.repeated": "REPEATED: a plugin ran this test {attempts} times; the worst outcome counts",
    "prompts.too_few": "The data set has {prompts} of {wanted} prompts.",
    "prompts.random_ids": (
        "Prompts are random token ids below {vocabulary}{unknown}; --dataset-path gives texts, as published."
    ),
    "prompts.unknown_vocabulary": (
        ", because the vocabulary is not known here (--tokenizer or --vocab-size)"
    ),
    "entry.broken": "number {number}, {why}",
    "entry.no_json": "a line that is not a JSON object",
    "entry.no_object": "not in ShareGPT's form: a JSON {kind}, not an object",
    "entry.no_conversations": "not in ShareGPT's form: it has neither conversations nor messages",
    "entry.no_list": "not in ShareGPT's form: its {key} are a JSON {kind}, not a list",
    "entry.no_turn": "not in ShareGPT's form: a turn is a JSON {kind}, not an object",
    "entry.lacks": "not in ShareGPT's form: a turn's '{key}' is missing",
    "entry.no_text": "not in ShareGPT's form: a turn's {key} is not a text",
    "entry.half_character": "a text holds half of a character",
    "prompts.one_broken": (
        "1 broken entry was left out of the data set (the first: {first}); {left} conversations remain."
    ),
    "prompts.broken": (
        "{broken} broken entries were left out of the data set (the first: {first}); {left} conversations "
        "remain."
    ),
    "warmup.failed": "{failed} of {requests} warm-up requests failed.",
    "session.no_verdict": "no_verdict: the test ended without calling judge()",
    "session.interrupted": "interrupted: {signal} {kept}",
    "session.kept": "after {done} of {requests} requests{load}; their records are kept{again}",
    "session.again": ", and --resume measures all loads of this test again",
    "session.all_kept": (
        "after {loads} whole loads, while the servers were asked for answers; all records are kept{again}"
    ),
    "session.of_load": " of {load}",
    "session.bench_serving_interrupted": (
        "interrupted: {signal} while sglang.bench_serving ran; it keeps nothing of a load before its end"
    ),
}
