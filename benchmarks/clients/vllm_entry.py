"""vllm bench serve from its benchmark package alone: what that imports of the rest of vllm, which needs
torch, are stand-ins. A tokenizer and a parser are real; anything else is a name without content.
"""

from __future__ import annotations

import argparse
import gc
import importlib.abc
import importlib.machinery
import logging
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from transformers import AutoTokenizer


def tokenizer(name: str, **_: Any) -> Any:
    return AutoTokenizer.from_pretrained(name)  # type: ignore[no-untyped-call]


def freeze_heap() -> None:
    gc.collect()
    gc.freeze()


KNOWN: Mapping[str, Any] = {
    "FlexibleArgumentParser": argparse.ArgumentParser,
    "get_tokenizer": tokenizer,
    "freeze_gc_heap": freeze_heap,
    "init_logger": logging.getLogger,
    "is_mistral_tokenizer": lambda _: False,
    "join_host_port": lambda host, port: f"{host}:{port}",
}


class StandIn(ModuleType):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__ = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return KNOWN.get(name) or type(name, (), {"__init__": lambda *_, **__: None})


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """For modules of vllm that are not here."""

    def find_spec(self, name: str, *_: Any) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name.startswith("vllm.") else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


def main(argv: Sequence[str]) -> None:
    sys.meta_path.append(StandIns())
    from vllm.benchmarks import serve  # type: ignore[import-not-found]

    parser = argparse.ArgumentParser()
    serve.add_cli_args(parser)
    serve.main(parser.parse_args(argv))


if __name__ == "__main__":
    main(sys.argv[1:])
