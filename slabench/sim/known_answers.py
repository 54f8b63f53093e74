"""`sim:demo?answers=FILE&right=0.9`: replies of the embedded server to questions with known answers.

The file is that of --accuracy-file, read here by itself. A line's pattern stands for its answer without its
\\b. A share of the lines is answered wrong, always the same ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

WRONG = "no"


class KnownAnswers:
    """OSError, or ValueError for what is no file of questions."""

    def __init__(self, path: str, right: float) -> None:
        self._replies: dict[str, str] = {}
        with open(path, encoding="utf-8") as file:
            questions = [json.loads(line) for line in file if line.strip()]
        for k, question in enumerate(questions):
            answer = str(question.get("answer") or question["pattern"].replace("\\b", ""))
            is_right = int((k + 1) * right) > int(k * right)
            self._replies[_key(question)] = answer if is_right else WRONG

    def reply(self, asked: Mapping[str, Any]) -> str | None:
        """asked: a request's JSON. None: it is no question of the file."""
        return self._replies.get(_key(asked))


def _key(asked: Mapping[str, Any]) -> str:
    messages = asked.get("messages")
    return json.dumps(messages) if messages else str(asked.get("prompt") or asked.get("text"))
