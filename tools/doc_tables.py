"""Tables of the documentation that are made from declarations, and their place in a page that is otherwise
written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """rows: cells as Markdown has them (cell())."""
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join(
        [*lines, *(f"|{'|'.join(f' {each} ' if each else ' ' for each in row)}|" for row in rows)]
    )


def spliced(page: str, maker: str, made: str) -> str:
    """The page with this text between its two comments, `<!-- made by MAKER -->` and `<!-- end -->`.

    ValueError: it has none.
    """
    begin = f"<!-- made by {maker} -->"
    parts = re.fullmatch(rf"(.*{re.escape(begin)}\n).*?(\n<!-- end -->.*)", page, re.DOTALL)
    if parts is None:
        raise ValueError(f"the page has no {begin} with <!-- end --> after it")
    return f"{parts[1]}{made}{parts[2]}"
