"""How long an example of a property test takes says nothing of the code on a machine that others use too: no limits on it."""

from hypothesis import HealthCheck, settings

settings.register_profile("slabench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("slabench")
