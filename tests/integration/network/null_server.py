"""The null server at an address that is not loopback: ADDRESS PORT PROFILE LOG."""

import sys

from slabench.sim import null
from slabench.sim.__main__ import encoder
from slabench.sim.log import DeployLog
from slabench.sim.profiles import NullProfile, read_profile

address, port, name, path = sys.argv[1:]
profile = read_profile(name)
assert isinstance(profile, NullProfile)
with open(path, "a", encoding="utf-8") as log:
    null.serve(profile, address, [int(port)], DeployLog(log, profile), encoder(None), None)
