"""The pages that are made from tables are as their makers would make them now."""

from pathlib import Path

import pytest

from slabench.metrics.definitions import METRICS
from tools import make_metrics_doc, make_options_doc

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.mark.parametrize(("name", "maker"), [("metrics", make_metrics_doc), ("options", make_options_doc)])
def test_the_page_is_up_to_date(name, maker):
    assert (DOCS / f"{name}.md").read_text(encoding="utf-8") == maker.text(), f"run python tools/{maker.__name__[6:]}.py"


def test_every_figure_is_on_the_page_and_every_name_is_a_figure():
    page = make_metrics_doc.text()
    assert all(f"`{name}`" in page for name in METRICS if name != "curve")
    assert set(make_metrics_doc.NAMES) <= set(METRICS)
