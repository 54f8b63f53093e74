"""`python -m slabench COMMAND ...`; the console script `slabench` is the same."""

from __future__ import annotations

import sys

from slabench.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
