"""Tables and lists of the pages. Whatever a server or a user wrote is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from slabench.verdict.outcome import Outcome


def table(
    head: Sequence[object], rows: Iterable[Sequence[object]], text: frozenset[int] = frozenset({0, 1})
) -> str:
    """Cells are escaped; text: the columns that hold words."""

    def cells(tag: str, row: Sequence[object]) -> str:
        return "".join(
            f"<{tag}{_class(k in text, str(cell))}>{escape(str(cell))}</{tag}>" for k, cell in enumerate(row)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    header = f"<thead><tr>{cells('th', head)}</tr></thead>"
    return f'<div class="wide"><table>{header}<tbody>{body}</tbody></table></div>'


def _class(text: bool, content: str) -> str:
    word = content.partition(" ")[0]  # `PASSED NOTHING_JUDGED`
    names = [*(["text"] if text else []), *(["word", word] if word in list(Outcome) else [])]
    return f' class="{" ".join(names)}"' if names else ""


def listed(items: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>" if items else ""
