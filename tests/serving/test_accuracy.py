"""Right answers, with --accuracy-file only: its questions, asked after the loads at their concurrency."""

from __future__ import annotations

from argparse import Namespace

import pytest

from slabench.methods import SERVING
from slabench.session.accuracy import AskQuestions
from slabench.session.run_load import from_options


@pytest.mark.after_loads
def test_accuracy(ask_questions: AskQuestions, options: Namespace) -> None:
    ask_questions(from_options(SERVING, options).max_concurrency or 1)
