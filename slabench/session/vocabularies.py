"""Every token's log-probability at a few places: asked of both servers, or of one for a later run.

vocabulary.npz of a run folder, once a run, where answers are stored and one server was measured:
test            the test after which it was asked for
ids, lengths    the token ids before the places, one after the other, and how many of them each place has
values          float32 (places, ids below a size): the log-probabilities; nan where the server has no number
"""

from __future__ import annotations

import io
import zipfile
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from slabench.answer_records import Answer, Score, Scored, Vocabulary
from slabench.errors import NoAnswer, ServerError
from slabench.messages import Message
from slabench.output_file import write_whole
from slabench.server.parallel import in_parallel
from slabench.server.scoring import Scorer
from slabench.verdict.same_answers import NEW_ALONE

FILE = "vocabulary.npz"
PLACES = 16  # each in another answer
AT_ONCE = 2  # 152,000 tokens are 5 MB of JSON
MOST_IDS = 1 << 20  # more than any model has: a server that names a larger one is wrong

Place = tuple[int, ...]  # the ids before it


def places_of(answers: Sequence[Answer]) -> list[Place]:
    """Of answers spread over all of them a prompt with the answer's beginning, with more of it from place to
    place.
    """
    count = min(PLACES, len(answers))
    chosen = [answers[number * len(answers) // count] for number in range(count)]
    return [
        (*answer.prompt, *answer.ids[: len(answer.ids) * number // count])
        for number, answer in enumerate(chosen)
    ]


def vocabulary_of(old: Scorer, new: Scorer, scored: Scored) -> Vocabulary | Message:
    """Of all ids up to the largest that both servers have named themselves: a larger one may be unknown to
    one of them. A message: a server does not give them. NoAnswer: it may have ended.
    """
    of_old = _largest_id(scored.old, [*scored.old_by_old, *scored.new_by_old])
    size, places = 1 + min(of_old, _largest_id(scored.new, scored.old_by_new)), places_of(scored.old)
    by_old = _rows(old, places, size)
    if isinstance(by_old, Message):
        return by_old
    by_new = _rows(new, places, size)
    return Message(NEW_ALONE, why=by_new) if isinstance(by_new, Message) else Vocabulary(by_old, by_new)


def keep_vocabulary(
    folder: Path, test_id: str, server: Scorer, answers: Sequence[Answer], scores: Sequence[Score]
) -> None:
    """The server's own, unless the folder has it; without one where the server does not give it. OSError if
    it cannot be written. NoAnswer: the server may have ended.
    """
    if (folder / FILE).exists():
        return
    places = places_of(answers)
    rows = _rows(server, places, 1 + _largest_id(answers, scores))
    if not isinstance(rows, Message):
        _Kept(test_id, places, rows).write(folder)


def against_the_stored(folder: Path, test_id: str, new: Scorer, scored: Scored) -> Vocabulary | Message:
    """vocabulary_of() with what the old server's run has stored: at its places, up to the largest id that the
    new server has named too.
    """
    kept = _Kept.read(folder)
    if kept is None:
        return Message("vocabulary.not_stored")
    if kept.test != test_id:
        return Message("vocabulary.at_first_test", test=kept.test)
    size = min(len(kept.rows[0]), 1 + _largest_id(scored.new, scored.old_by_new))
    rows = _rows(new, kept.places, size)
    if isinstance(rows, Message):
        return Message(NEW_ALONE, why=rows)
    return Vocabulary([_as_if_asked_for(size, row) for row in kept.rows], rows)


def _rows(server: Scorer, places: Sequence[Place], size: int) -> list[array[float]] | Message:
    """A message: it does not give them. NoAnswer: it may have ended."""
    if size > MOST_IDS:
        return Message("vocabulary.no_such_id", token=size - 1)
    try:
        return in_parallel(lambda ids: server.vocabulary(ids, size), places, AT_ONCE)
    except NoAnswer:
        raise
    except ServerError as error:
        return error.as_message()


def _largest_id(answers: Sequence[Answer], scores: Sequence[Score]) -> int:
    """That one server chose, or found among the most probable ones."""
    chosen = (id for answer in answers for id in answer.ids)
    return max(chain(chosen, (id for score in scores for place in score.top for _, id in place)))


def _as_if_asked_for(size: int, row: array[float]) -> array[float]:
    """Of a server that was asked for as many as the row has: it gives the `size` most probable ones, and the
    others count as the least of these (Scorer.vocabulary).
    """
    import numpy as np

    values = np.asarray(row)
    known = values[~np.isnan(values)]
    if size < len(row) and len(known) > size:
        least = np.partition(known, len(known) - size)[len(known) - size]
        values = np.where(values < least, least, values)
    return _row(values[:size].tobytes())


def _row(data: bytes) -> array[float]:
    row = array("f")
    row.frombytes(data)
    return row


@dataclass(frozen=True, slots=True)
class _Kept:
    test: str
    places: Sequence[Place]
    rows: Sequence[array[float]]

    def write(self, folder: Path) -> None:
        import numpy as np

        data = io.BytesIO()
        np.savez_compressed(
            data,
            test=np.array(self.test),
            ids=np.array([id for place in self.places for id in place], dtype=np.int64),
            lengths=np.array([len(place) for place in self.places], dtype=np.int64),
            values=np.stack([np.asarray(row) for row in self.rows]),
        )
        write_whole(folder / FILE, data.getvalue())

    @classmethod
    def read(cls, folder: Path) -> _Kept | None:
        """None: there is none that can be read."""
        import numpy as np

        try:
            data = io.BytesIO((folder / FILE).read_bytes())
            with np.load(data, allow_pickle=False) as file:
                test, ids, lengths, values = (file[name] for name in ("test", "ids", "lengths", "values"))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        if values.ndim != 2 or values.dtype != np.float32 or len(values) != len(lengths) or not values.size:
            return None
        return cls(
            str(test), list(_split(ids.tolist(), lengths.tolist())), [_row(v.tobytes()) for v in values]
        )


def _split(ids: Sequence[int], lengths: Iterable[int]) -> Iterable[Place]:
    end = 0
    for length in lengths:
        start, end = end, end + length
        yield tuple(ids[start:end])
