"""Makes the folder that bench_client's --peers names: other clients without their server stacks, to be
carried to a machine without a network. Needs the network itself, and pip.

    python -m benchmarks.make_peers .peers [--python-version 3.12]

- sglang-0.5.7: bench_serving.py alone, in an empty package: it imports nothing else of its package here;
- sglang-0.5.23: its benchmark package and the Rust client's extension module, in an empty package, with a
  stand-in for a constant whose module would import torch;
- vllm-0.33.0, with --vllm: its benchmark package, for benchmarks/clients/vllm_entry.py (the wheel is 340 MB);
- site: the packages both import (no numpy, tokenizers, transformers: see --whole), for the given Python on
  x86_64 Linux;
- stubs: a `datasets` module that refuses to load anything: random prompts need none.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

VLLM = "vllm-0.33.0"
PLATFORMS = (
    "manylinux_2_34_x86_64",
    "manylinux_2_28_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
    "any",
)
NEEDED = ("uvloop", "aiohttp", "pybase64", "orjson", "msgspec", "requests", "tqdm", "psutil", "pyzmq")
WHOLE = ("numpy", "pillow", "transformers==4.57.1", "huggingface-hub<1.0")
STUB = '''"""Stands in for Hugging Face's datasets: nothing here loads one."""


def load_dataset(*given, **named):
    raise RuntimeError("no data set is loaded here")
'''
BOOTSTRAP = '''"""Stands in for a module that imports torch: the one name the client takes from it."""

FAKE_BOOTSTRAP_HOST = "2.2.2.2"
'''


def pip(*words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words], check=True
    )


def wheel(name: str, python: str, folder: Path) -> Path:
    """One wheel, without what it depends on."""
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    pip(
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--python-version",
        python,
        *platforms,
        "--dest",
        str(folder),
        name,
    )
    return next(folder.glob(f"{name.partition('==')[0]}-{name.partition('==')[2]}-*.whl"))


def unpack(source: Path, target: Path, wanted: Sequence[str]) -> None:
    """Members that begin like one of wanted, and an empty __init__.py in every package above them."""
    with zipfile.ZipFile(source) as file:
        for member in file.namelist():
            if member.startswith(tuple(wanted)) and not member.endswith("/"):
                path = target / member
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.read(member))
    for folder in {parent for path in target.rglob("*.*") for parent in _above(path, target)}:
        init = folder / "__init__.py"
        if not init.is_file():
            init.write_text("")


def _above(path: Path, target: Path) -> Iterator[Path]:
    while path.parent != target:
        path = path.parent
        yield path


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python-version", default=f"{sys.version_info.major}.{sys.version_info.minor}")
    parser.add_argument(
        "--whole", action="store_true", help="also numpy, pillow, transformers and tokenizers (200 MB)"
    )
    parser.add_argument("--vllm", action="store_true", help="also vllm bench serve")
    given = parser.parse_args(argv)
    folder, python = given.folder, given.python_version
    with tempfile.TemporaryDirectory() as downloads:
        old, new = folder / "sglang-0.5.7", folder / "sglang-0.5.23"
        for path in (old, new, folder / "site", folder / "stubs"):
            shutil.rmtree(path, ignore_errors=True)
        unpack(wheel("sglang==0.5.7", python, Path(downloads)), old, ["sglang/bench_serving.py"])
        found = wheel("sglang==0.5.23", python, Path(downloads))
        unpack(
            found,
            new,
            ["sglang/benchmark/", "sglang/srt/utils/network.py", "sglang/srt/rust_extensions/_bench"],
        )
        if given.vllm:
            shutil.rmtree(folder / VLLM, ignore_errors=True)
            source = wheel(VLLM.replace("-", "=="), python, Path(downloads))
            unpack(source, folder / VLLM, ["vllm/benchmarks/"])
        stand_in = new / "sglang" / "srt" / "disaggregation" / "utils.py"
        stand_in.parent.mkdir(parents=True)
        (stand_in.parent / "__init__.py").write_text("")
        stand_in.write_text(BOOTSTRAP)
        (folder / "stubs").mkdir()
        (folder / "stubs" / "datasets.py").write_text(STUB)
        platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
        names = [*NEEDED, *(WHOLE if given.whole else ())]
        pip(
            "install",
            "--only-binary=:all:",
            "--python-version",
            python,
            *platforms,
            "--target",
            str(folder / "site"),
            *names,
        )
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {size / 2**20:.0f} MiB for Python {python}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
