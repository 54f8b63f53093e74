"""The model's tokenizer, through transformers; imported only when one is needed."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from slabench.errors import ConfigError
from slabench.messages import Message

FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "config.json",
)

AT_ONCE = 64  # texts: for each the library holds some ten times the memory of its ids


def load_tokenizer(folder: str, *, trust_remote_code: bool = False, allow_download: bool = False) -> Any:
    """AutoTokenizer from a folder, or by name from the local copy of a hub. ConfigError if there is none."""
    if not allow_download and not os.path.exists(folder) and folder.startswith(("/", ".", "~")):
        raise ConfigError(Message("file.tokenizer_missing", folder=folder))
    # On import it warns that there is no PyTorch, which is intended; below a red verdict that would read like
    # the cause.
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    import transformers
    from transformers import logging

    read: Any = transformers.AutoTokenizer
    quieten: Any = logging.set_verbosity_error
    before = logging.get_verbosity()
    quieten()  # its advice about sequence lengths is for models that it runs itself
    try:
        return read.from_pretrained(
            folder, trust_remote_code=trust_remote_code, local_files_only=not allow_download
        )
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        remedy = Message("part.give_tokenizer")
        if "trust_remote_code" in str(error):
            remedy = Message("part.remote_code")
        elif not allow_download and not os.path.isdir(folder):
            remedy = Message("part.tokenizer_or_download")
        raise ConfigError(
            Message("file.tokenizer_broken", folder=folder, why=shortened(first), remedy=remedy)
        ) from error
    finally:
        logging.set_verbosity(before)


def shortened(text: str, limit: int = 200) -> str:
    """A library's message, at most limit characters: whole sentences if possible, else whole words and three
    dots.
    """
    if len(text) <= limit:
        return text
    end = text.rfind(". ", 0, limit)
    if end > 0:
        return text[:end]
    head = text[: limit - 4]
    return f"{(head.rpartition(' ')[0] or head).rstrip(' ,;:')} ..."


def encoded(tokenizer: Any, texts: Sequence[str]) -> Iterator[list[int]]:
    """tokenizer.encode() of each text. Fast tokenizers take many at once, and use all cores."""
    if not getattr(tokenizer, "is_fast", False):  # a model's own class may have another encode()
        yield from map(tokenizer.encode, texts)
        return
    for begin in range(0, len(texts), AT_ONCE):
        many = list(texts[begin : begin + AT_ONCE])
        yield from tokenizer(many, return_attention_mask=False, return_token_type_ids=False, verbose=False)[
            "input_ids"
        ]


def vocab_size(tokenizer: Any) -> int:
    """Ids below it are in the vocabulary: the tokenizer's size, or the one in the model's config if that is
    smaller.
    """
    size = len(tokenizer)
    config = Path(str(tokenizer.name_or_path)) / "config.json"
    try:
        stated = json.loads(config.read_text(encoding="utf-8")).get("vocab_size")
    except (OSError, ValueError, AttributeError):
        return size
    return min(size, stated) if isinstance(stated, int) and stated > 0 else size


def identity(folder: str) -> str:
    """Equal for equal tokenizers: a hash of the folder's files (of a hub's, the name) and the libraries'
    versions.
    """
    versions = [importlib.metadata.version(name) for name in ("transformers", "tokenizers")]
    digest = hashlib.sha256(json.dumps(versions).encode())
    files = [Path(folder) / name for name in FILES if (Path(folder) / name).is_file()]
    if not files:
        digest.update(folder.encode())
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
