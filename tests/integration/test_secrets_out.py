"""A server that repeats its key everywhere, and commands with secrets in them: no file and no console of a
run shows them.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.conftest import REPO, Suite, environment

ECHO = str(REPO / "tests" / "data" / "server" / "echo.py")
KEY = "sk-Planted/9+Zq7xTe5bNmW2"
PLANTED = ("planted-password", "planted-signature", "planted-admin-key", "planted-numeric-99", "12345678901")


def forms(secret: str) -> set[bytes]:
    """What no output may contain, in lower case: every 10 successive characters of it, and its other
    encodings.
    """
    raw = secret.encode()
    texts = (secret, quote(secret, safe=""), raw.hex())
    found = {text[k : k + 10] for text in texts for k in range(len(text) - 9)}
    found.add("".join(f"\\u{ord(letter):04x}" for letter in secret))
    for before in (b"", b"u", b"u:"):
        core = base64.b64encode(before + raw).decode()[4:-4]
        found |= {core, core.replace("+", "-").replace("/", "_")}
    return {form.lower().encode() for form in found}


def leaks(secrets: tuple[str, ...], *texts: str, under: Path) -> list[str]:
    wanted = set[bytes]().union(*map(forms, secrets))
    places = {f"text {k}": text.encode() for k, text in enumerate(texts)}
    for path in under.rglob("*"):
        if path.is_file() and not path.is_symlink():
            raw = path.read_bytes()
            places[str(path)] = (
                gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" and path.suffix == ".gz" else raw
            )
    return [f"{form!r} in {name}" for name, text in places.items() for form in wanted if form in text.lower()]


@contextmanager
def echo(mode: str) -> Iterator[str]:
    words = [sys.executable, ECHO, "--mode", mode]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


@pytest.fixture
def keyed(suite: Suite, tmp_path: Path) -> Suite:
    (tmp_path / "tmp").mkdir()
    suite.environment |= {"SLABENCH_API_KEY": KEY, "TMPDIR": str(tmp_path / "tmp"), "COLUMNS": "200"}
    suite.environment["GITHUB_STEP_SUMMARY"] = str(tmp_path / "step.md")
    return suite


LIVE = ("tests/tencent/test_sla.py", "--github", "--connections=per-request")


@pytest.mark.parametrize("mode", ["errors", "text", "missing", "refused"])
def test_what_a_server_repeats_stands_nowhere(keyed: Suite, tmp_path: Path, mode: str) -> None:
    files = (f"--bench-serving-jsonl={tmp_path / 'rows.jsonl'}", f"--save-baseline={tmp_path / 'base.json'}")
    with echo(mode) as url:
        done = keyed(*LIVE, *files, f"--base-url={url}", *(("--prompt-form=ids",) if mode == "text" else ()))
    assert done.status in ((0, 1, 6) if mode == "text" else (6,)), done.output
    assert leaks((KEY, *PLANTED), done.output, under=tmp_path) == []
    assert "***" in done.output
    if mode in ("errors", "text"):
        assert done.folder is not None
        with gzip.open(done.folder / "requests.jsonl.gz", "rt") as file:
            rows = [json.loads(line) for line in file]
        assert any("***" in json.dumps(row) for row in rows)  # the records hold what the server sent
    for line in done.output.splitlines():
        assert "\x1b" not in line and "##[" not in line and "##vso" not in line, line
        assert not re.match(r"\s*::(?!error file|error title|notice file)", line), line


def test_commands_and_environments_with_secrets(keyed: Suite, tmp_path: Path) -> None:
    command = (
        f"HF_ENDPOINT=https://hf.example {sys.executable} {ECHO} --port {{port}} --mode text --api-key {KEY}"
    )
    planted = ("planted-proxy-pw", "planted-db-pass", "planted-hub-token")
    env = (
        "--env=HTTPS_PROXY=http://u:planted-proxy-pw@proxy:3128",
        "--env=DB_PASS=planted-db-pass",
        "--env=HF_TOKEN=planted-hub-token",
    )
    # a CI's: pytest-metadata puts it into the page
    keyed.environment["GIT_URL"] = "https://me:planted-git-pw@git.example/x"
    planted = (*planted, "planted-git-pw")
    done = keyed(*LIVE, f"--launch={command}", *env)
    assert done.status in (0, 1, 6), done.output
    assert leaks((KEY, *PLANTED[:-1], *planted), done.output, under=tmp_path) == []
    assert done.run["options"]["launch"].startswith("HF_ENDPOINT=https://hf.example ")
    assert (done.folder / "server.log").read_bytes().count(b"server_args=ServerArgs(api_key='*") == 1  # type: ignore[operator]


def test_what_pytest_writes_of_our_objects(keyed: Suite, tmp_path: Path) -> None:
    """--debug and --setup-show write every fixture's value, --showlocals those of the test that failed."""
    keyed.environment["SLABENCH_BASELINE_KEY"] = f"{KEY}-of-the-old-one"
    options = (
        f"--debug={tmp_path / 'debug.log'}",
        "--setup-show",
        "--showlocals",
        "--tb=long",
        "--slo=tpot.mean<=0.001",
    )
    urls = (
        "--base-url=sim:",
        "--baseline-url=sim:",
        "--repeats=2",
        "--baseline-api-key-env=SLABENCH_BASELINE_KEY",
    )
    done = keyed(*LIVE, *options, *urls)
    assert done.status == 1, done.output
    assert "Deployment(" in (tmp_path / "debug.log").read_text()
    assert leaks((KEY,), done.output, under=tmp_path) == []


def test_nothing_is_left_after_kill_9(keyed: Suite, tmp_path: Path) -> None:
    """In the middle of a load: the launched server's log, the job of the load processes, the documents."""
    command = f"{sys.executable} {ECHO} --port {{port}} --mode hold --api-key {KEY}"
    run = keyed.start(*LIVE, f"--launch={command}")
    try:
        deadline = time.monotonic() + 60
        log = tmp_path / "reports" / "latest" / "server.log"
        requests = 0  # of the load
        while time.monotonic() < deadline and requests < 3:
            time.sleep(0.05)
            if log.exists():
                requests = log.read_bytes().partition(b"POST /flush_cache")[2].count(b"POST /generate")
        assert requests == 3
        begun = list((tmp_path / "tmp").rglob("*"))
    finally:
        os.kill(run.pid, signal.SIGKILL)
        output = run.stdout.read() if run.stdout is not None else ""
        run.wait()
        if run.stdout is not None:
            run.stdout.close()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and b"planted" in log.read_bytes().lower():
        time.sleep(0.1)
    assert leaks((KEY,), output, under=tmp_path) == [], begun
