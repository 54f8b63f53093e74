"""--launches: what it cannot be combined with, and when it has evidence enough."""

from __future__ import annotations

from argparse import Namespace

from slabench.messages import Message
from slabench.options.checks import refuse
from slabench.session.setting_checks import SIM
from slabench.verdict.launch_spread import LEAST_OWN, LEAST_STORED

REPEATS = 3  # of each test in a launch, without --repeats


def check_launches(options: Namespace, urls: tuple[str, ...]) -> None:
    """ConfigError with the sentence of the first check that fails. urls: of the servers under test."""
    launches, old = options.launches, options.baseline_url is not None or options.baseline_launch is not None
    if launches is None:
        return
    text = f"--launches={launches}"
    started = options.launch is not None or (len(urls) == 1 and urls[0].startswith(SIM))
    old_started = options.baseline_url is None or options.baseline_url.startswith(SIM)
    others = {
        "--one-after-the-other": options.one_after_the_other,
        "--resume": options.resume is not None,
        "--baseline": options.baseline is not None,
        "--find-capacity": options.find_capacity,
        "--repeats=auto": options.repeats == "auto",
        "--accuracy-file": options.accuracy_file is not None,
        "--time-budget": options.time_budget is not None,
    }
    beside = next((name for name, on in others.items() if on), "")
    few = old and launches < LEAST_OWN
    refuse(
        (launches == 1, Message("option.launches_one", text=text)),
        (
            not started or not old_started,
            Message("option.launches_started", text=text, launches=launches),
        ),
        (beside, Message("option.launches_beside", text=text, beside=beside)),
        (
            few and options.launch_spread is None,
            Message("option.launches_few", text=text, least_own=LEAST_OWN, least_stored=LEAST_STORED),
        ),
        (
            few and options.repeats == 1,
            Message("option.launches_repeats", text=text),
        ),
    )
