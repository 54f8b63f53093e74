"""What of the questions asked makes two runs' answers comparable."""

from __future__ import annotations

import json

from slabench.session.accuracy_entry import Graded
from slabench.session.settings import Settings
from slabench.verdict.baseline_file import identity
from slabench.workloads.questions import QuestionFile
from tests.unit.plugin.test_plugin_options import given


def test_what_is_sent_beside_the_questions_is_compared_and_no_secret_is_kept() -> None:
    """As of every other test: a gateway's header or a sampling parameter can change the answers."""
    body = '{"sampling_params": {"top_k": 3}}'
    settings = Settings.of(given(base_url=["sim:"], header=["X-Tenant: hush"], extra_request_body=body), {})
    plain = Settings.of(given(base_url=["sim:"]), {})
    sides = [Graded(made, QuestionFile("q", "0", ()), 8, []) for made in (settings, plain)]
    with_them, without = (identity(side.workload, side.plan) for side in sides)
    assert with_them["headers"] == ["x-tenant"]
    assert with_them["extra_request_body"] == json.loads(body)
    assert not {"headers", "extra_request_body"} & set(without)
    assert "hush" not in json.dumps(with_them)
