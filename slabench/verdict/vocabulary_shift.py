"""Is one token of the whole vocabulary more or less probable than it was, wherever it stands?

Answers show the tokens that come up. A logit that is wrong for one of 150,000 moves that token by as much at
every place, so both servers are asked for all log-probabilities at a few places, and the changes of each
token are averaged over them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slabench.answer_records import Vocabulary
from slabench.messages import Message
from slabench.verdict.answer_estimate import Estimate, mean_of
from slabench.verdict.statistics import LEVEL

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# nats: what is masked, or has no number, counts as this. It is the same where both servers mask a token, and
# far from every other value where one does. No server would choose a token of exp(-100) in any time.
MASKED = -100.0


def vocabulary_shift(vocabulary: Vocabulary | Message) -> Estimate | None:
    """Of the token whose log-probability changes most on average over the places, in either direction.

    Its interval is as wide as that of all tokens together has to be (Bonferroni): the largest of 150,000 is
    picked, and by chance alone some token's mean is 5 standard errors from 0. None: nothing to compare.
    """
    import numpy as np

    if not isinstance(vocabulary, Vocabulary):
        return None
    pairs = zip(vocabulary.old, vocabulary.new, strict=True)
    rows = [row for old, new in pairs if (row := _changes(np.asarray(old), np.asarray(new))) is not None]
    if len(rows) < 2:  # without a spread the largest change says nothing
        return None
    changes = np.stack(rows)
    means = changes.mean(axis=0, dtype=np.float64)
    token = int(np.abs(means).argmax())
    level = 1 - (1 - LEVEL) / len(means)
    mean = mean_of("answers.vocabulary_shift", [float(value) for value in changes[:, token]], level)
    return None if mean is None else mean.of_token(token)


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
