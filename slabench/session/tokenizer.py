"""The session's tokenizer: found by the options or the server's answers, loaded once."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.server.info import ServerInfo
from slabench.session.settings import sends_text
from slabench.workloads.tokenizer import load_tokenizer


class TokenizerSource:
    """info: what the server answers, once it was asked."""

    def __init__(self, options: Namespace, info: Callable[[], ServerInfo | None]) -> None:
        self.options, self.info = options, info
        self._loaded: Any = None

    def folder(self) -> str | None:
        """--tokenizer, --model, or the server's own folder if it is readable here; None: not known."""
        for named in (self.options.tokenizer, self.options.model):
            if named is not None and Path(named).expanduser().is_dir():
                return str(Path(named).expanduser())
            if named is not None and "/" in named:
                return str(named)
        info = self.info()
        reported = () if info is None else (info.tokenizer_path, info.model_path)
        # Path.is_dir() raises for a name that no file system takes
        return next((path for path in reported if path is not None and os.path.isdir(path)), None)

    def load(self) -> Any:
        """The transformers tokenizer; None if no folder is known, ConfigError if it cannot be loaded."""
        folder = self.folder() if self._loaded is None else None
        if folder is not None:
            options = self.options
            self._loaded = load_tokenizer(
                folder, trust_remote_code=options.trust_remote_code, allow_download=options.allow_download
            )
        return self._loaded

    def required(self) -> Any:
        """The tokenizer, for prompts that cannot be made without one."""
        tokenizer = self.load()
        if tokenizer is None:
            more = Message("part.stop" if sends_text(self.options) else "part.or_ids")
            raise ConfigError(Message("option.no_tokenizer", more=more))
        return tokenizer

    def optional(self) -> Any:
        """The tokenizer; None where there is none that can be loaded."""
        try:
            return self.load()
        except ConfigError:
            return None

    def count(self, text: str) -> int | None:
        """Tokens of a text; None without a tokenizer."""
        tokenizer = self.optional()
        return None if tokenizer is None else len(tokenizer.encode(text, add_special_tokens=False))
