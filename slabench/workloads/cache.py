"""The data set, read once a session, and prepared prompts on disk, so that the next session does not tokenize
again.

A damaged cache, or one that cannot be written, is not an error: the prompts are made again.

A file of prompts is mapped, not read: a line with checksum and length of the head, then the head as JSON (the
recipe, how many prompts were asked for, each one's sizes), then texts and ids.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import mmap
import os
import tempfile
import zlib
from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slabench.workloads.dataset import Conversations, read_conversations
from slabench.workloads.model import Prompt
from slabench.workloads.tokenizer import identity, vocab_size

FORMAT = 2  # part of the files' names: another format is another file


def cache_folder() -> Path:
    """$SLABENCH_CACHE, else slabench in $XDG_CACHE_HOME or ~/.cache."""
    own = os.environ.get("SLABENCH_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slabench"


@dataclass(frozen=True, slots=True)
class PromptSet:
    """The prompts of a recipe. own_ids: each prompt's ids by our own tokenizer (of a text: encoded again)."""

    prompts: Sequence[Prompt]
    own_ids: Sequence[Sequence[int]]
    asked: int  # how many were asked for; if fewer came, there are no more

    def first(self, count: int) -> PromptSet | None:
        """The first count prompts: a longer workload begins with the shorter one.

        None if there may be more than these.
        """
        if count > self.asked and len(self.prompts) == self.asked:
            return None
        return PromptSet(self.prompts[:count], self.own_ids[:count], count)


def encode(recipe: Mapping[str, Any], prompt_set: PromptSet) -> bytes:
    rows, blob = [], bytearray()
    for prompt, own_ids in zip(prompt_set.prompts, prompt_set.own_ids, strict=True):
        text = b"" if prompt.text is None else prompt.text.encode()
        ids = array("i", own_ids).tobytes()
        rows.append((prompt.text is not None, len(text), len(ids), prompt.input_len, prompt.output_len))
        blob += text + ids
    head = json.dumps({"recipe": dict(recipe), "asked": prompt_set.asked, "rows": rows}).encode()
    rest = b"".join((head, blob))
    return b"%d %d\n%b" % (zlib.crc32(rest), len(head), rest)


def decode(recipe: Mapping[str, Any], data: memoryview) -> PromptSet:
    """own_ids are views into data.

    ValueError, KeyError, TypeError, IndexError for what encode() did not write for this recipe.
    """
    line = bytes(data[:40]).split(b"\n", 1)[0]
    rest = data[len(line) + 1 :]
    checksum, length = map(int, line.split(b" "))
    if zlib.crc32(rest) != checksum:
        raise ValueError("the file is damaged")
    head, blob = json.loads(bytes(rest[:length])), rest[length:]
    if head["recipe"] != dict(recipe):
        raise ValueError("the file belongs to another recipe")
    prompts: list[Prompt] = []
    own: list[Sequence[int]] = []
    edges = [0, *itertools.accumulate(size for row in head["rows"] for size in row[1:3])]
    places = zip(edges[::2], edges[1::2], edges[2::2], strict=False)  # edges has one more than twice the rows
    for (is_text, _, _, input_len, output_len), (begin, middle, end) in zip(
        head["rows"], places, strict=True
    ):
        ids = blob[middle:end].cast("i")
        text = str(blob[begin:middle], "utf-8") if is_text else None
        prompts.append(Prompt(text, None if is_text else array("i", ids), input_len, output_len))
        own.append(ids)
    return PromptSet(prompts, own, head["asked"])


class DatasetStore:
    """One a session."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = cache_folder() if folder is None else folder
        self._conversations: dict[str, Conversations] = {}
        self._sha256: dict[str, str] = {}

    # the data set

    def conversations(self, path: str) -> Sequence[tuple[str, str]]:
        """The first two turns of every conversation that has two, in the file's order."""
        return self._read_once(path).turns

    def left_out(self, path: str) -> str | None:
        """A sentence on the entries of the file that are broken, None if none is; kept on disk for a file's
        contents.
        """
        note = self._remembered(
            f"left-out-{FORMAT}-{self.sha256(path)}.txt",
            lambda _: path not in self._conversations,
            lambda: (self._read_once(path).note or "").encode(),
        )
        return note.decode("utf-8", "replace") or None

    def _read_once(self, path: str) -> Conversations:
        if path not in self._conversations:
            self._conversations[path] = read_conversations(path)
        return self._conversations[path]

    def sha256(self, path: str) -> str:
        """Of the file's contents; kept on disk as long as size and modification time stay."""

        def digest() -> bytes:
            with open(path, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest().encode()

        if path not in self._sha256:
            now = os.stat(path)
            key = json.dumps([os.path.realpath(path), now.st_size, now.st_mtime_ns])
            name = f"sha256-{hashlib.sha256(key.encode()).hexdigest()[:32]}.txt"
            stored = self._remembered(name, lambda text: len(text) == 64 and text.isalnum(), digest)
            self._sha256[path] = stored.decode()
        return self._sha256[path]

    # the vocabulary

    def vocabulary(self, folder: str, tokenizer: Callable[[], Any]) -> int:
        """vocab_size() of the tokenizer in a folder, kept on disk as long as its files stay: loading it takes
        a second.
        """
        if not Path(folder).is_dir():
            return vocab_size(tokenizer())  # a hub's name may stand for other files tomorrow
        vocabulary = self._remembered(
            f"vocabulary-{identity(folder)[:32]}.txt",
            lambda text: text.isdigit() and int(text) > 0,
            lambda: b"%d" % vocab_size(tokenizer()),
        )
        return int(vocabulary)

    # prepared prompts

    def load(self, recipe: Mapping[str, Any], count: int) -> PromptSet | None:
        """The first count prompts that save() stored for this recipe; None if there are not so many, or the
        file is damaged.
        """
        try:
            with open(self.folder / _name(recipe), "rb") as file:
                data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            return decode(recipe, data).first(count)
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return None

    def save(self, recipe: Mapping[str, Any], prompt_set: PromptSet) -> None:
        self._write(_name(recipe), encode(recipe, prompt_set))

    def _remembered(self, name: str, valid: Callable[[bytes], bool], make: Callable[[], bytes]) -> bytes:
        """A stored value if it is valid, else a new one, which is stored."""
        with suppress(OSError):
            stored = (self.folder / name).read_bytes()
            if valid(stored):
                return stored
        value = make()
        self._write(name, value)
        return value

    def _write(self, name: str, data: bytes) -> None:
        """Whole or not at all: another session may read at the same time."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
                file.write(data)
            os.replace(file.name, self.folder / name)


def _name(recipe: Mapping[str, Any]) -> str:
    text = json.dumps([FORMAT, recipe], sort_keys=True)
    return f"prompts-{hashlib.sha256(text.encode()).hexdigest()[:32]}.bin"
