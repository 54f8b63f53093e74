"""requirements.txt goes into an environment that holds sglang 0.5.7's own pins, and changes none of them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
CLIENT = REPO / ".venv-client" / "bin" / "python"
SERVER = REPO / ".venv-sglang" / "bin" / "python"


def installed(python: Path) -> dict[str, str]:
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=json"], capture_output=True, text=True, check=True
    )
    return {item["name"].lower().replace("_", "-"): item["version"] for item in json.loads(listed.stdout)}


@pytest.mark.sglang
@pytest.mark.parametrize("python", [CLIENT, SERVER], ids=["client", "server"])
def test_nothing_that_is_there_is_changed(python: Path, tmp_path: Path) -> None:
    there = installed(python)
    assert there["sglang"] == "0.5.7"
    plan = tmp_path / "plan.json"
    command = [
        python,
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--quiet",
        "--report",
        plan,
        "-r",
        REPO / "requirements.txt",
    ]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    wanted = [item["metadata"] for item in json.loads(plan.read_text())["install"]]
    new = {item["name"].lower().replace("_", "-"): item["version"] for item in wanted}
    assert "pytest" in new  # the plan is a real one: this environment lacks the suite's own needs
    assert not {name: (there[name], new[name]) for name in new if name in there}
    assert "torch" not in new
