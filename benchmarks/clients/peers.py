"""How each client is started, and how its own figures are read.

A client that cannot run is left out with the reason.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
TOKENIZER = ROOT / "fixtures" / "data" / "tokenizer"
DATA = ROOT / "fixtures" / "data" / "sharegpt_small.json"
OURS, FLOOR = "slabench", "floor (C)"
FIGURES = ("mean_ttft_ms", "mean_tpot_ms", "p99_itl_ms")
# --backend: the endpoint, and what vllm calls it
PATHS = {
    "sglang": "/generate",
    "sglang-oai": "/v1/completions",
    "sglang-oai-chat": "/v1/chat/completions",
}
_OF_VLLM = {"sglang-oai": "openai", "sglang-oai-chat": "openai-chat"}
VLLM = "vllm-0.33.0"


@dataclass(frozen=True, slots=True)
class Peer:
    """A client: words with {url}, {host}, {port}, {streams}, {tokens}, {input_len}, {output}; it prints or
    writes its figures.
    """

    name: str
    words: Sequence[str]
    path: Sequence[Path] = ()  # its PYTHONPATH
    version: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, url: str, streams: int, tokens: int, input_len: int, output: Path) -> list[str]:
        parts = urlsplit(url)
        known: dict[str, object] = {
            "url": url,
            "host": parts.hostname,
            "port": parts.port,
            "streams": streams,
            "tokens": tokens,
        }
        known |= {
            "input_len": input_len,
            "output": output,
            "output_dir": output.parent,
            "output_name": output.name,
        }
        return [word.format(**known) for word in self.words]

    def surroundings(self) -> dict[str, str]:
        """Ours, without what would change what it does; no hub, no proxy, no key."""
        dropped = ("OPENAI_API_KEY", "API_KEY", "PYTHONPATH", "PYTHONHOME", "SGLANG_IS_IN_CI")
        found = {key: value for key, value in os.environ.items() if key not in dropped}
        found |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "NO_PROXY": "*", "no_proxy": "*"}
        found |= {"TOKENIZERS_PARALLELISM": "false", **self.environment}
        if self.path:
            found["PYTHONPATH"] = os.pathsep.join(str(path.resolve()) for path in self.path)
        return found


def ours(workers: int = 0, backend: str = "sglang") -> Peer:
    words = [
        sys.executable,
        "-m",
        "benchmarks.clients.ours",
        "{url}",
        "{streams}",
        "{tokens}",
        "{input_len}",
        str(workers),
        backend,
        "{output}",
    ]
    inherited = [Path(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return Peer(OURS, words, path=[ROOT, *inherited])


def _bench_serving_words(python: str, module: str, backend: str) -> list[str]:
    words = [python, "-m", module, f"--backend={backend}", "--base-url={url}", "--dataset-name=random-ids"]
    words += ["--random-input-len={input_len}", "--random-output-len={tokens}", "--random-range-ratio=1.0"]
    words += ["--num-prompts={streams}", f"--model={TOKENIZER}", f"--tokenizer={TOKENIZER}", "--seed=1"]
    return [*words, "--warmup-requests=0", "--disable-tqdm", "--output-file={output}"]


def floor(build: Path, backend: str) -> Peer | str:
    """Compiled here; a sentence where there is no compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return "floor (C): there is no C compiler, so the floor is left out"
    target = build / "floor"
    done = subprocess.run(
        [compiler, "-O2", "-o", str(target), str(ROOT / "benchmarks" / "floor.c")],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        return f"floor (C): {compiler} refused it: {done.stderr[:300]}"
    return Peer(FLOOR, [str(target), "{host}", "{port}", "{streams}", "{tokens}", PATHS[backend]])


def reference(python: str | None, folder: Path | None, backend: str) -> Peer | str:
    """sglang.bench_serving 0.5.7: from a given Python, from .venv-client, or its one file in the peers'
    folder.
    """
    kept = folder / "sglang-0.5.7" if folder is not None else None
    default = ROOT / ".venv-client" / "bin" / "python"
    if python is not None and shutil.which(python) is None:
        return f"sglang.bench_serving 0.5.7: {python} is no program"
    if python is None and default.is_file():
        python = str(default)
    if python is not None:
        return Peer(
            "sglang.bench_serving 0.5.7",
            _bench_serving_words(python, "sglang.bench_serving", backend),
            version=_version(python),
        )
    if kept is not None and kept.is_dir():
        return Peer(
            "sglang.bench_serving 0.5.7",
            _bench_serving_words(sys.executable, "sglang.bench_serving", backend),
            path=_paths(kept),
        )
    return (
        "sglang.bench_serving 0.5.7: there is neither .venv-client (make .venv-client/.stamp) nor "
        "--peers=DIR with it"
    )


def newer(folder: Path | None, python: str | None, backend: str) -> list[Peer | str]:
    """sglang 0.5.23: its Python client, and its Rust client with one thread and with its default number."""
    kept = folder / "sglang-0.5.23" if folder is not None else None
    if kept is None or not kept.is_dir():
        return ["sglang 0.5.23: --peers=DIR names no folder with it (benchmarks/make_peers.py makes one)"]
    found: list[Peer | str] = [
        Peer(
            "sglang 0.5.23, Python",
            _bench_serving_words(python or sys.executable, "sglang.benchmark.serving", backend),
            path=_paths(kept),
        )
    ]
    modules = sorted((kept / "sglang" / "srt" / "rust_extensions").glob("_bench.cpython-*.so"))
    tag = f"cpython-3{sys.version_info.minor}"
    fitting = [module for module in modules if tag in module.name or python is not None]
    if not fitting:
        return [*found, f"sglang 0.5.23, Rust: no extension module for {tag} in {kept}"]
    words = [
        python or sys.executable,
        str(HERE / "rust_entry.py"),
        str(fitting[0]),
        *_bench_serving_words("", "", backend)[3:],
    ]
    # The tokenizer is read, the answers are not tokenized again: that is work after the load.
    return [*found, Peer("sglang 0.5.23, Rust", [*words, "--disable-retokenize"])]


def vllm(folder: Path | None, python: str | None, backend: str) -> Peer | str:
    """vllm bench serve, of which only the benchmark package is there."""
    kept = folder / VLLM if folder is not None else None
    if backend not in _OF_VLLM:
        return f"vllm bench serve: it has no client of {PATHS[backend]}"
    if kept is None or not kept.is_dir():
        return f"vllm bench serve: --peers=DIR names no folder with {VLLM} (make_peers.py --vllm makes one)"
    words = [python or sys.executable, str(HERE / "vllm_entry.py"), f"--backend={_OF_VLLM[backend]}"]
    words += ["--base-url={url}", f"--endpoint={PATHS[backend]}", "--model=m", f"--tokenizer={TOKENIZER}"]
    words += ["--dataset-name=random", "--random-input-len={input_len}", "--random-output-len={tokens}"]
    words += ["--num-prompts={streams}", "--ignore-eos", "--disable-tqdm", "--save-result", "--temperature=0"]
    words += ["--result-dir={output_dir}", "--result-filename={output_name}"]
    return Peer("vllm bench serve 0.33.0", words, path=_paths(kept))


def _paths(kept: Path) -> list[Path]:
    """The package, stand-ins for what it imports and does not use here, and carried packages."""
    return [path for path in (kept, kept.parent / "site", kept.parent / "stubs") if path.is_dir()]


def extra(given: str) -> Peer:
    """NAME=COMMAND with placeholders; it writes {output} with bench_serving's names, as vllm bench serve."""
    name, mark, command = given.partition("=")
    if not mark or ("{url}" not in command and "{port}" not in command):
        raise SystemExit(
            f"--peer={given!r} reads NAME=COMMAND with {{url}} (or {{host}} and {{port}}), {{streams}}, "
            f"{{tokens}}, {{output}}"
        )
    return Peer(name, shlex.split(command))


def _version(python: str) -> str:
    ask = "import importlib.metadata as m; print(m.version('sglang'))"
    done = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def read_figures(output: Path, printed: str) -> dict[str, Any]:
    """The last JSON object with the three figures, from its file or from what it printed.

    ValueError if there is none.
    """
    texts = [output.read_text(encoding="utf-8")] if output.is_file() else []
    for text in (*texts, printed):
        for line in reversed([text, *text.splitlines()]):
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict) and all(isinstance(row.get(key), (int, float)) for key in FIGURES):
                return row
    raise ValueError("it wrote no result with " + ", ".join(FIGURES))
