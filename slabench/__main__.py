"""`python -m slabench COMMAND ...`"""

from __future__ import annotations

import sys

from slabench.cli.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
