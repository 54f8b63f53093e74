"""docs/options.md from the option table in slabench/options: `python tools/make_options_doc.py`
writes it.
"""

from __future__ import annotations

import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO))

from slabench.options.table import OPTIONS  # noqa: E402
from slabench.options.types import Option  # noqa: E402

HEAD = """# Options

Write the test path first and join values with `=`: `pytest tests/tencent --base-url=http://host:8000 --model=/models/r1`. A folder
given as a separate word would be taken for a test path by pytest, and is refused. `SLABENCH_BASE_URL` stands in for `--base-url`.

This file is made by `python tools/make_options_doc.py`.
"""


def default(option: Option) -> str:
    return "off" if option.parse is None else option.shown_default or "-"


def text() -> str:
    lines = [HEAD]
    for group in dict.fromkeys(option.group for option in OPTIONS):
        lines += [
            f"\n## {group[0].upper()}{group[1:]}\n",
            "| option | default | applies to | what |",
            "|---|---|---|---|",
        ]
        for option in (one for one in OPTIONS if one.group == group):
            metavar = "|".join(option.choices) or option.metavar
            name = option.name if option.parse is None else f"{option.name}={metavar}"
            name = name.replace("|", "\\|")
            lines.append(
                f"| `{name}` | {default(option)} | {option.applies} | {option.help}{' (repeatable)' if option.append else ''} |"
            )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (REPO / "docs" / "options.md").write_text(text(), encoding="utf-8")
