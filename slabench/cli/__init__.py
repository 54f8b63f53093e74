"""`slabench COMMAND`, in a clone `python -m slabench COMMAND`: one file a command."""

import sys
from pathlib import Path

PROG = "slabench" if Path(sys.argv[0]).name == "slabench" else "python -m slabench"  # as it was called
