"""Options of what would run, instead of a run."""

from __future__ import annotations

from slabench.options.types import Option

PLAN: tuple[Option, ...] = (
    Option(
        "plan",
        "--plan",
        None,
        "all live",
        "send nothing; show what would run: requests, tokens, time, what each test asserts. Time is that of "
        "a profile of the embedded server (--plan=r1-fp8-tp8), of --baseline, or of a short probe at the "
        "server (--plan=probe, which sends some requests)",
        str,
        metavar="PROFILE|probe",
        alone="",
    ),
    Option(
        "plan",
        "--plan-json",
        None,
        "all live",
        "write the plan to this file, too",
        str,
        metavar="FILE",
    ),
)
