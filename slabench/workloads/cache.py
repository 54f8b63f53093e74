"""The data set, read once a session, and prepared prompts on disk, so that the next session does not tokenize
again.

A cache that is damaged or cannot be written is not an error: prompts are made anew.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from slabench.workloads.cache_file import Made, decode, encode
from slabench.workloads.dataset import Conversations, read_conversations
from slabench.workloads.tokenizer import identity, vocab_size

FORMAT = 2  # of the files' names: another format is another file


def cache_folder() -> Path:
    """$SLABENCH_CACHE, else slabench in $XDG_CACHE_HOME or ~/.cache."""
    own = os.environ.get("SLABENCH_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slabench"


class DatasetStore:
    """One a session."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = cache_folder() if folder is None else folder
        self._found: dict[str, Conversations] = {}
        self._sha256: dict[str, str] = {}

    # the data set

    def conversations(self, path: str) -> Sequence[tuple[str, str]]:
        """The first two turns of every conversation that has two, in the file's order."""
        return self._read_once(path).turns

    def left_out(self, path: str) -> str | None:
        """A sentence on the entries of the file that are broken, None if none is; remembered on disk for a
        file's contents.
        """
        name = f"left-out-{FORMAT}-{self.sha256(path)}.txt"
        known = self._read(name) if path not in self._found else None
        if known is None:
            known = (self._read_once(path).note or "").encode()
            self._write(name, known)
        return known.decode("utf-8", "replace") or None

    def _read_once(self, path: str) -> Conversations:
        if path not in self._found:
            self._found[path] = read_conversations(path)
        return self._found[path]

    def sha256(self, path: str) -> str:
        """Of the file's contents; remembered on disk as long as size and modification time stay."""
        if path not in self._sha256:
            now = os.stat(path)
            key = json.dumps([os.path.realpath(path), now.st_size, now.st_mtime_ns])
            name = f"sha256-{hashlib.sha256(key.encode()).hexdigest()[:32]}.txt"
            known = self._read(name)
            text = known.decode("ascii", "replace") if known is not None else ""
            if len(text) != 64 or not text.isalnum():
                with open(path, "rb") as file:
                    text = hashlib.file_digest(file, "sha256").hexdigest()
                self._write(name, text.encode())
            self._sha256[path] = text
        return self._sha256[path]

    # the vocabulary

    def vocabulary(self, folder: str, tokenizer: Callable[[], Any]) -> int:
        """vocab_size() of the tokenizer in a folder, remembered on disk as long as its files stay: loading
        one takes a second.
        """
        if not Path(folder).is_dir():
            return vocab_size(tokenizer())  # a hub's name may stand for other files tomorrow
        name = f"vocabulary-{identity(folder)[:32]}.txt"
        known = self._read(name) or b""
        if not known.isdigit() or not int(known):
            known = b"%d" % vocab_size(tokenizer())
            self._write(name, known)
        return int(known)

    # prepared prompts

    def load(self, recipe: Mapping[str, Any], count: int) -> Made | None:
        """The first count prompts of what save() kept for this recipe;

        None if there is nothing whole, or not that much.
        """
        try:
            with open(self.folder / _name(recipe), "rb") as file:
                data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            return decode(recipe, data).first(count)
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return None

    def save(self, recipe: Mapping[str, Any], made: Made) -> None:
        self._write(_name(recipe), encode(recipe, made))

    def _read(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except OSError:
            return None

    def _write(self, name: str, data: bytes) -> None:
        """Whole or not at all: another session may read at the same time."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
                file.write(data)
            os.replace(file.name, self.folder / name)
        except OSError:
            return


def _name(recipe: Mapping[str, Any]) -> str:
    text = json.dumps([FORMAT, recipe], sort_keys=True)
    return f"prompts-{hashlib.sha256(text.encode()).hexdigest()[:32]}.bin"
