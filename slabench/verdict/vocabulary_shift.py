"""Is one token of the whole vocabulary more or less probable than it was, wherever it stands?

Answers show the tokens that come up. A logit that is wrong for one of 150,000 moves that token by as much at
every place, so both servers are asked for all log-probabilities at a few places, and the changes of each
token are averaged over them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from slabench.answer_records import Vocabulary
from slabench.messages import Message
from slabench.verdict.answer_estimate import LIMITS, Estimate, mean_of
from slabench.verdict.statistics import LEVEL, quantile

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

METRIC = "answers.vocabulary_shift"
LEAST_PLACES = 8  # with fewer the interval of the largest of 150,000 means is wider than any change
# nats: what is masked, or has no number, counts as this. It is the same where both servers mask a token, and
# far from every other value where one does. No server would choose a token of exp(-100) in any time.
MASKED = -100.0


def vocabulary_shift(vocabulary: Vocabulary | Message) -> Estimate | None:
    """Of the token whose log-probability changes most on average over the places, in either direction; of one
    whose whole interval is beyond the limit, if there is any.

    The interval is as wide as that of all tokens together has to be (Bonferroni): of 150,000 some token's
    mean is 5 standard errors from 0 by chance alone. None: there are fewer than LEAST_PLACES to compare.
    """
    import numpy as np

    if not isinstance(vocabulary, Vocabulary):
        return None
    pairs = zip(vocabulary.old, vocabulary.new, strict=True)
    rows = [row for old, new in pairs if (row := _changes(np.asarray(old), np.asarray(new))) is not None]
    if len(rows) < LEAST_PLACES:
        return None
    changes = np.stack(rows)
    level = 1 - (1 - LEVEL) / changes.shape[1]
    sizes = np.abs(changes.mean(axis=0))
    errors = changes.std(axis=0, ddof=1) / math.sqrt(len(rows))
    surely = sizes - quantile(len(rows) - 1, level) * errors
    beyond = surely.max() > LIMITS[METRIC].limit
    token = int((surely if beyond else sizes).argmax())
    mean = mean_of(METRIC, [float(value) for value in changes[:, token]], level)
    return None if mean is None else mean.of_token(token)


def lost_places(vocabulary: Vocabulary | Message) -> list[bool]:
    """Of each place at which the old server has numbers: whether the new one has none."""
    import numpy as np

    if not isinstance(vocabulary, Vocabulary):
        return []
    known = [
        [bool((np.asarray(row) > MASKED).any()) for row in rows] for rows in (vocabulary.old, vocabulary.new)
    ]
    return [not new for old, new in zip(*known, strict=True) if old]


def _changes(old: npt.NDArray[np.float32], new: npt.NDArray[np.float32]) -> npt.NDArray[np.float64] | None:
    """Of each id at one place, relative to their median: what all tokens have in common is the
    normalisation, not a change of one. None: there is no id for which both servers have a number.
    """
    import numpy as np

    before, after = (np.where(each > MASKED, each, MASKED).astype(np.float64) for each in (old, new))
    both = (before > MASKED) & (after > MASKED)
    if not both.any():
        return None
    changes = after - before
    return np.where((before > MASKED) | (after > MASKED), changes - np.median(changes[both]), 0.0)
