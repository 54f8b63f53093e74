"""The Chinese pages have what the English ones have: commands, code, tables, links and figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slabench.messages import Message, in_language

REPO = Path(__file__).resolve().parents[2]
PAGES = {"README.md": "README.zh-CN.md", "docs/methods.md": "docs/zh/methods.md"}
TEST = re.compile(r"\w+\.py::\S+")
NUMBER = re.compile(r"\d[\d,.]*\d|\d")


def text_of(page: str) -> str:
    return (REPO / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[list[str]]:
    """Fenced blocks without comments; of an output its tests or its numbers alone: words are translated."""
    made = []
    for block in re.findall(r"^```\n(.*?)^```$", text_of(page), re.M | re.S):
        tests = TEST.findall(block)
        lines = [re.sub(r" +# .*", "", line) for line in block.splitlines()]
        made.append(re.findall(r"[\d.]*\d", block) if "[###" in block else tests or lines)
    return made


def prose(page: str) -> str:
    return re.sub(r"^```\n.*?^```$", "", text_of(page), flags=re.M | re.S)


def code(page: str) -> set[str]:
    """Inline code, in whichever lines it is broken."""
    return {" ".join(each.split()) for each in re.findall(r"`([^`]+)`", prose(page))}


def links(page: str) -> set[str]:
    """Where they lead, from the repository's root; the way to the page in the other language is left out."""
    folder = (REPO / page).parent
    targets = {target for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)) if "://" not in target}
    found = {str((folder / target).resolve().relative_to(REPO)) for target in targets}
    return found - {*PAGES, *PAGES.values()}


def tables(page: str) -> list[int]:
    """Cells of each row."""
    return [line.count("|") for line in text_of(page).splitlines() if line.startswith("|")]


@pytest.mark.parametrize("english", PAGES)
def test_both_languages_have_the_same_commands_tables_links_and_figures(english: str) -> None:
    chinese = PAGES[english]
    assert blocks(english) == blocks(chinese)
    assert code(english) == code(chinese)
    assert tables(english) == tables(chinese)
    assert links(english) == links(chinese)
    numbers = [set(NUMBER.findall(prose(page))) for page in (english, chinese)]
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("page", [*PAGES, *PAGES.values()])
def test_each_page_leads_to_the_other_language_and_every_link_exists(page: str) -> None:
    other = PAGES.get(page) or next(english for english, chinese in PAGES.items() if chinese == page)
    folder = (REPO / page).parent
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)) if "://" not in target]
    assert REPO / other in {(folder / target).resolve() for target in targets}
    assert [target for target in targets if not (folder / target.partition("#")[0]).exists()] == []


@pytest.mark.parametrize(("page", "language"), [("README.md", "en"), ("README.zh-CN.md", "zh")])
def test_the_live_view_is_shown_as_it_is_written(page: str, language: str) -> None:
    parts = (Message("live.tpot_running"), "tpot.mean<=50")
    messages = (
        Message("live.head", number=2, tests=3, name="test_decode_tpot[bs8]"),
        Message("live.running", running=8),
        Message("live.output", speed=661.0),
        Message("live.tpot", tpot=11.02, parts=parts),
        Message("live.left", duration="2 s"),
        Message("live.log", running=8, queued=0),
    )
    with in_language(language):
        missing = [str(message) for message in messages if str(message) not in text_of(page)]
    assert missing == []
