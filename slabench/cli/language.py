"""--lang of a command that writes for readers."""

from __future__ import annotations

import argparse
import os

from slabench.messages import LANGUAGES, of_locale


def add_language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lang",
        choices=LANGUAGES,
        default=of_locale(os.environ),
        help="language of the output (default: zh in a Chinese locale, else en)",
    )
