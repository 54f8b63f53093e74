"""A pytest plugin for the runs of the matrix: a refused flush is tried for half a second instead of half a
minute.
"""

from slabench.server import control

assert control.flush.__kwdefaults__ is not None
control.flush.__kwdefaults__["busy_s"] = 0.5
