"""English after the number 1: templates are written for several, `{requests} requests were`."""

from __future__ import annotations

import re

_NOUNS = (
    "answers|baselines|bytes|characters|checks|cores|conversations|copies|days|degrees|differences|"
    "engines|entries|events|files|findings|gaps|gates|groups|ids|instances|launches|levels|lines|links|loads|logs|metrics|"
    "pairs|parts|percentiles|points|ports|positions|probes|processes|prompts|questions|ranks|readings|repeats|requests|"
    "retractions|rows|runs|samples|schedulers|seconds|segments|sequences|servers|sides|sizes|starts|steps|streams|"
    "tests|texts|times|tokens|versions|waves|workers|compilations"
)
_BEFORE = (
    "accepted|batch|broken|clean|complete|conversation|data-parallel|Decode|decode|different|earlier|finished|"
    "further|kernel|live|local|log|measured|more|other|prompt|random|running|server|such|valid|warm-up|whole"
)
_VERBS = {
    "were": "was", "are": "is", "have": "has", "do": "does", "need": "needs", "report": "reports",
    "count": "counts", "begin": "begins", "share": "shares", "repeat": "repeats", "write": "writes",
    "decode": "decodes", "remain": "remains", "differ": "differs", "give": "gives", "stand": "stands",
    "arrive": "arrives", "hold": "holds",
}  # fmt: skip
_ALONE = r"(?<![\w.,:/+\-])1"
_COUNTED = re.compile(rf"{_ALONE} ((?:(?:{_BEFORE}) )*)({_NOUNS})(?![\w/])( (?:{'|'.join(_VERBS)})\b)?")
_AMONG = re.compile(rf"{_ALONE} (of [\d,]+ (?:(?:{_BEFORE}) )*(?:{_NOUNS})) ({'|'.join(_VERBS)})\b")


def singular(text: str) -> str:
    """`1 requests were` -> `1 request was`, `1 of 4 requests were` -> `1 of 4 requests was`."""
    if "1 " not in text:
        return text
    return _AMONG.sub(_verb_of_one, _COUNTED.sub(_one, text))


def _one(match: re.Match[str]) -> str:
    before, noun, verb = match[1], match[2], (match[3] or "").strip()
    return f"1 {before}{_of_one(noun)}" + (f" {_VERBS[verb]}" if verb else "")


def _verb_of_one(match: re.Match[str]) -> str:
    return f"1 {match[1]} {_VERBS[match[2]]}"


def _of_one(noun: str) -> str:
    if noun.endswith("ies"):
        return f"{noun.removesuffix('ies')}y"
    return noun.removesuffix("es") if noun.endswith(("sses", "ches")) else noun.removesuffix("s")
