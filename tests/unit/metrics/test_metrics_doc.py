"""The pages that are made from tables are as their makers would make them now."""

import re
from pathlib import Path

import pytest

from slabench.metrics.definitions import LEAST, METRICS
from slabench.verdict.sla import parse
from tools import make_metrics_doc, make_options_doc, make_validity_doc
from tools.doc_tables import spliced

DOCS = Path(__file__).resolve().parents[3] / "docs"


PAGES = {
    **make_metrics_doc.pages(),
    **make_validity_doc.pages(),
    DOCS / "options.md": make_options_doc.text(),
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_page_is_up_to_date(page):
    assert page.read_text(encoding="utf-8") == PAGES[page], "run the makers in tools/"


def test_a_page_without_the_place_for_a_table_is_an_error():
    page = "a\n<!-- made by tools/x.py -->\nold\n<!-- end -->\nb\n"
    assert spliced(page, "tools/x.py", "new") == page.replace("old", "new")
    with pytest.raises(ValueError, match=r"made by tools/y\.py"):
        spliced(page, "tools/y.py", "new")


def test_every_metric_is_on_the_page_and_every_name_and_objective_on_it_is_a_metric():
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in METRICS if name != "curve")
    _, _, names = page.partition("## What others call it\n")
    called = re.findall(r"^\| `([a-z0-9_.]+)` \|", names.partition("\n## ")[0], re.M)
    assert len(called) > 15 and set(called) <= set(METRICS)
    objectives = re.findall(r"--slo='([^']+)'", page)
    assert len(objectives) > 6 and all(parse(text) for text in objectives)


def test_the_page_names_the_fewest_samples_of_each_percentile():
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    assert ", ".join(f"{least} samples ({name})" for name, least in LEAST.items()) in page
