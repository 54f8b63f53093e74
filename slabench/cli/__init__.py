"""`slabench COMMAND`, in a clone `python -m slabench COMMAND`: one file a command."""

import shlex

from slabench.program import slabench_program

PROG = shlex.join(slabench_program())
