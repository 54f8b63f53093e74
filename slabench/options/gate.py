"""Options of how much a run measures: the gate's form and its time; with --plan nothing."""

from __future__ import annotations

from slabench.options.types import Option, time_span

GATE: tuple[Option, ...] = (
    Option(
        "gate",
        "--gate",
        None,
        "ali, tencent",
        "quick: few points with short answers, which are compared and not judged by the methods' objectives; "
        "full: the methods as published (default: quick with --baseline-url or --baseline-launch and without "
        "--launches, else full)",
        str,
        choices=("quick", "full"),
        metavar="FORM",
    ),
    Option(
        "gate",
        "--time-budget",
        None,
        "all live",
        "how long the gate may take once the servers are up, as 45m, 90s or 1h30m: tests and the most pairs "
        "are chosen by a plan, and no load begins when it is over",
        time_span,
        metavar="TIME",
    ),
)

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
