"""How long an example of a property test takes says nothing of the code on a machine that others use too: no
limits on it.

A test is a session of its own: what another one registered as a secret is forgotten before it. Outputs are
English wherever the tests run.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from slabench.server.known_secrets import KNOWN

settings.register_profile("slabench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("slabench")
os.environ["LC_ALL"] = "C.UTF-8"


@pytest.fixture(autouse=True)
def no_known_secrets() -> Iterator[None]:
    before = KNOWN.values
    KNOWN.clear()
    yield
    KNOWN.clear()
    KNOWN.add(*before)
