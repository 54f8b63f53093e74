"""argparse with an example in every --help, and a hint for an option that is unknown."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from slabench.cli import PROG
from slabench.messages import Message, asked_language, in_language
from slabench.options.other_spellings import hint


class Parser(argparse.ArgumentParser):
    """Of one command. description: a module's docstring; examples: what follows `slabench `, one a line."""

    def __init__(self, *, description: str | None = None, examples: Sequence[str] = (), **more: Any) -> None:
        lines = "".join(f"\n  {PROG} {example}" for example in examples)
        super().__init__(
            description=(description or "").replace("`", ""),
            epilog=f"example{'s' if len(examples) > 1 else ''}:{lines}" if lines else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **more,
        )

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str], namespace: Any = None
    ) -> argparse.Namespace:
        options: argparse.Namespace
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            known = self._option_string_actions  # those of its groups too; argparse has no public list
            names = [name.removeprefix("--") for name in known if name.startswith("--")]
            # without values, which can be secrets
            listed = " ".join(word.partition("=")[0] for word in unknown if word.startswith("-"))
            left = Message("option.unrecognized", options=listed or unknown[0])
            with in_language(asked_language(args)):
                self.error(str(hint(unknown, names, args, instead={}) or left))
        return options
