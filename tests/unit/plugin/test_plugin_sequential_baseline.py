"""--one-after-the-other: the command that measures the old server, made of the one that was given."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from slabench.plugin.sequential_baseline import command


def made(*given: str, **options: Any) -> list[str]:
    known = {
        "baseline_launch": "old --port {port}",
        "baseline_env": None,
        "baseline_deploy_log": (),
        "baseline_gpu_index": (),
        "api_key_env": "K",
        "baseline_api_key_env": None,
        "keep_answers": "no",
    } | options
    quick = bool(known.pop("quick", False))
    settings: Any = SimpleNamespace(options=Namespace(**known), repeats=3, quick=quick)
    return command(given, settings, Path("run/baseline"))


def test_the_old_server_takes_the_new_one_s_place_and_the_rest_stays() -> None:
    found = made(
        "tests/ali", "--launch=new --port {port}", "--baseline-launch", "old --port {port}", "--env", "A=1",
        "--slo=tpot.mean<=50",
        "--one-after-the-other", "--repeats=3", "--github", "--save-baseline=x.json",
        "--report-dir", "reports",
        "-k", "bs8", "-q", "--gpu-index=0,1", "--baseline-gpu-index=2,3",
        "--baseline-api-key-env=K",
        baseline_api_key_env="K", baseline_env=["A=2", "B=3"],
        baseline_deploy_log=("old.log",), baseline_gpu_index=(2, 3),
    )  # fmt: skip
    assert found == [
        "tests/ali", "--slo=tpot.mean<=50", "-k", "bs8", "-q",
        "--launch=old --port {port}", "--env=A=2", "--env=B=3", "--deploy-log=old.log", "--gpu-index=2,3",
        "--keep-answers=ids", "--api-key-env=K", "--report-dir=run/baseline", "--repeats=3",
    ]  # fmt: skip


def test_a_prefix_of_an_option_is_another_option() -> None:
    assert made("tests/ali", "--launch-timeout=60", "--baseline-launch=x")[:2] == [
        "tests/ali",
        "--launch-timeout=60",
    ]


def test_a_quick_gate_is_one_at_both_servers_and_a_full_one_at_neither() -> None:
    """Without a second server the old one's run would take the full form by itself."""
    assert "--gate=quick" in made("tests/ali", "--baseline-launch=x", quick=True)
    assert "--gate" not in " ".join(made("tests/ali", "--gate=full", "--baseline-launch=x"))
