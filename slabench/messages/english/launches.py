"""How launches of one version differ, beside a verdict."""

MESSAGES = {
    "launches.one": (
        "ONE_LAUNCH: one server process a side was compared{metrics}, and the next launch of the same "
        "version may be faster or slower, which no repeat shows{unused}. Of equal servers 3 % are FAILED (5 "
        "pairs, 2 % allowed) if launches differ by 1 % (sd), 16 % if by 2 %. Measure their spread once: "
        "8 runs with --launch=CMD, slabench baseline launches RUN ... -o FILE, then --launch-spread=FILE."
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
}
