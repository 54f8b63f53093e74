"""How a workload is sent: plan, HTTP and event stream without sockets, client, and the process that the load
runs in.
"""

from slabench.loadgen.options import ClientOptions, Target
from slabench.loadgen.plan import Plan
from slabench.loadgen.prepared import PreparedRequest, prepare_requests
from slabench.loadgen.run import LoadInterrupted, LoadResult, Progress, run_load

__all__ = [
    "ClientOptions",
    "LoadInterrupted",
    "LoadResult",
    "Plan",
    "PreparedRequest",
    "Progress",
    "Target",
    "prepare_requests",
    "run_load",
]
