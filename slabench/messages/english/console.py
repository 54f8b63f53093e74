"""What stands around a test's line on the console, in summary.md and in the page."""

MESSAGES = {
    "console.reasons": "reasons: {reasons}",
    "console.not_judged": "not judged: {reasons}",
    "console.codes": "{codes}",  # joined as the language joins
    "console.accept_length": ("accept length {tokens:.2f} tokens a step and request (speculative decoding)"),
    "console.rule_holds": "ok: {text}",
    "console.rule_violated": "no: {text}",
    "console.check_invalid": "invalid {check}: {text}",
    "console.check_finding": "finding {check}: {text}",
    "console.check_not_checked": "not checked {check}: {text}",
    "console.with_remedy": "{text} {remedy}",
    "console.note": "note: {text}",
    "console.differs": "differs from the baseline: {difference}",
    "console.inconclusive_beside": "INCONCLUSIVE: {text}",
    "console.inconclusive": "INCONCLUSIVE: {text}; {remedy}",
    "console.client_error": (
        "client error: TPOT {tpot_pct:+.3f} %, TTFT {ttft_ms:+.2f} ms, p99 ITL {p99_ms:+.2f} ms (null "
        "server, {streams} streams, a token each every {itl_ms:g} ms; {made})"
    ),
    "console.client_error_kept": "kept from {utc}",
    "console.client_error_measured": "measured {utc}",
    "console.findings": "PASSED with findings, listed above: {tests:; }.",
    "console.test_findings": "{test} ({checks})",
    "console.two_definitions": (
        "The blocks above have bench_serving's definitions, this table slabench's own (docs/metrics.md)."
    ),
    "console.not_run": "Planned and not run: {tests}.",
    "console.verdict": "Verdict of the run: {verdict}",
    "console.run_folder": "Run folder: {path}",
    "console.report": "Report: {path}",
    "console.all_deselected": (
        "Every live test was deselected (-k, -m; {deselected} in all): there is no verdict."
    ),
    "console.folder_again": (
        "The run folder was removed during the run and was made again; the records of requests in it are "
        "lost."
    ),
    "console.no_step_summary": (
        "--github: the environment has no GITHUB_STEP_SUMMARY, so the job's page has no summary."
    ),
    "console.crashed": "slabench crashed in {test}",
    "console.test_error": "an error of the test itself in {test}",
}
