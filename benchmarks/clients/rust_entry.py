"""sglang 0.5.23's Rust client without the package around it: MODULE.so, then its own command line."""

from __future__ import annotations

import importlib.util
import sys

NAME = "sglang.srt.rust_extensions._bench"

if __name__ == "__main__":
    spec = importlib.util.spec_from_file_location(NAME, sys.argv[1])
    if spec is None or spec.loader is None:
        sys.exit(f"{sys.argv[1]} is no extension module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module
    spec.loader.exec_module(module)
    module.run_argv(["sglang-bench", *sys.argv[2:]])
