"""How launches of one version differ, beside a verdict."""

MESSAGES = {
    "launches.one": (
        "ONE_LAUNCH: one server process a side was compared{metrics}, and the next launch of the same "
        "version may be faster or slower, which no repeat shows{unused}. Measure their spread "
        "once: --launches=8, then {slabench} baseline launches RUN -o FILE, and give --launch-spread=FILE."
    ),
    "launches.of": " for {metrics}",
    "launches.unused": " ({why})",
    "launches.stored": (
        "How launches of one version differ is in the intervals: the spread of {launches} launches in "
        "{source}, with {freedom} degrees of freedom."
    ),
    "launches.own": (
        "{launches} launches a side are compared by their means: how launches differ is in the intervals."
    ),
    "launches.no_spread": "{file} has no spread of launches of this test",
    "launches.differs": (
        "the spread of launches in {file} is of another deployment or workload: {differences:; }"
    ),
    "launches.not_measured": "launch {number} did not measure this test",
    "launches.invalid": "launch {number}: {line}",
    "launches.repeats": "launch {number} has another number of repeats of this test",
    "launches.too_few": (
        "{launches} launches a side are too few to decide alone, which takes {least}, and there is no stored "
        "spread of launches: {why}"
    ),
    "launches.row": "Launch {number}: {new}{old}.",
    "launches.server": "started {utc}, ready after {ready_s:.0f} s{seed}{caches}{clocks}",
    "launches.unstarted": "not started by slabench",
    "launches.baseline": "; baseline server {server}",
    "launches.seed": ", random_seed {seed}",
    "launches.caches_cold": ", caches of compiled kernels cold",
    "launches.caches_warm": ", caches of compiled kernels warm",
    "launches.clocks": ", GPU clocks {clocks:, } MHz",
}
