"""The options as values, checked once before anything is measured."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from slabench import request_extras
from slabench.errors import ConfigError
from slabench.history import PREFIX
from slabench.loadgen.backends import BACKENDS
from slabench.messages import Message
from slabench.options.checks import api_key, check_writable
from slabench.output_file import check_rows
from slabench.session import setting_checks
from slabench.session.redact import know_secrets
from slabench.session.setting_checks import SIM as SIM
from slabench.session.setting_checks import sends_text as sends_text
from slabench.session.setting_checks import until_decided
from slabench.session.setting_launches import REPEATS as LAUNCH_REPEATS
from slabench.session.setting_launches import check_launches
from slabench.session.setting_urls import base_urls, baseline_url
from slabench.verdict import baseline_file, sla
from slabench.verdict.baseline import Baseline
from slabench.verdict.looks import DEFAULT_LOOKS, Looks
from slabench.verdict.request_limits import check_goodput, parse_goodput
from slabench.verdict.sla import Slo
from slabench.workloads.questions import QuestionFile, read_questions

# Of the old side that is measured first and ended, and how many prompts are made ahead where pairs are added
# until the comparison is decided: docs/gate-statistics.md has the table that it was chosen from.
DEFAULT_PAIRS = 5


@dataclass(frozen=True, slots=True)
class Settings:
    """Parsed options. options: the namespace itself, for the plain ones that need no check.

    What can hold a secret is in no repr: pytest --debug, --showlocals and a test that prints a fixture write
    those.
    """

    options: Namespace = field(repr=False)
    base_urls: tuple[str, ...] = field(repr=False)
    slos: tuple[Slo, ...]
    baseline: Baseline | None
    api_key: str | None = field(repr=False)
    save_baseline: Path | None
    bench_serving_jsonl: Path | None
    resume: str | None = None
    baseline_url: str | None = field(default=None, repr=False)  # launch: for --baseline-launch
    baseline_api_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # beside the API key's
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)  # merged into every request
    history: Path | None = None
    launch_spread: Baseline | None = None  # a file with how launches of an accepted version differ
    most_pairs: int | None = None  # of --repeats=auto, where --time-budget allows no more
    goodput: Mapping[str, float] = field(default_factory=dict)  # limits in ms that each request is held to
    questions: QuestionFile | None = None  # of --accuracy-file

    @property
    def live(self) -> bool:
        """A server is named, so live tests can run."""
        return bool(self.base_urls)

    @property
    def tolerance(self) -> float:
        return float(self.options.tolerance) / 100

    @property
    def repeats(self) -> int:
        """Loads of each test, on each of both servers in an A/B run; the probable number with looks."""
        if self.looks is not None:
            return DEFAULT_PAIRS
        return int(self.options.repeats or (1 if self.options.launches is None else LAUNCH_REPEATS))

    @property
    def launches(self) -> int:
        """Starts of each server, in each of which every test is measured."""
        return int(self.options.launches or 1)

    @property
    def most_repeats(self) -> int:
        return self.repeats if self.looks is None else self.looks.last

    @property
    def looks(self) -> Looks | None:
        """Where repeats are added until the comparison is decided; None: their number is fixed."""
        if not until_decided(self.options):
            return None
        return DEFAULT_LOOKS if self.most_pairs is None else replace(DEFAULT_LOOKS, last=self.most_pairs)

    @property
    def gate(self) -> str | None:
        """The option that makes this run a gate, in which a test without any objective is INVALID."""
        options = self.options
        asked = {
            "--baseline": options.baseline is not None,
            "--baseline-url": options.baseline_url is not None,
            "--baseline-launch": options.baseline_launch is not None,
            "--strict-validity": options.strict_validity,
        }
        return next((name for name, on in asked.items() if on), None)

    @property
    def quick(self) -> bool:
        """Whether the methods' tests run in their short forms (gate_quick.py).

        Of several launches they do where it is asked for: the spread that they are held against is of the
        full ones unless it was.
        """
        options = self.options
        two = options.baseline_url is not None or options.baseline_launch is not None
        return bool(options.gate == "quick" or (options.gate is None and two and options.launches is None))

    @property
    def dataset_name(self) -> str:
        """The published way where a data set is named; prompts made from ids otherwise."""
        return str(self.options.dataset_name or ("random" if self.options.dataset_path else "random-ids"))

    @property
    def prompt_form(self) -> str:
        if self.options.prompt_form:
            return str(self.options.prompt_form)
        return "text" if self.options.dataset_path or sends_text(self.options) else "ids"

    @classmethod
    def of(cls, options: Namespace, environment: Mapping[str, str], *, worker: bool = False) -> Settings:
        """Check what can be checked without a server; ConfigError in one sentence otherwise.

        worker: an xdist worker's, whose controller has checked the files that are written.
        """
        know_secrets(options, environment)
        urls = base_urls(options, environment)
        setting_checks.check(options)
        check_launches(options, urls)
        key = api_key(environment, options.api_key_env)
        old_key = api_key(environment, options.baseline_api_key_env or options.api_key_env)
        limits = parse_goodput(options.goodput or ())
        headers, body = _extras(options, key or old_key)
        slos = sla.merge(sla.preset(options.slo_preset), tuple(sla.parse(text) for text in options.slo or ()))
        check_goodput(slos, limits)
        for slo in slos:
            retokenized = slo.metric.endswith("_retokenized")
            if retokenized and not options.retokenize and options.client == "slabench":
                raise ConfigError(Message("slo.retokenize", slo=str(slo)))
        return cls(
            options=options,
            base_urls=urls,
            slos=slos,
            goodput=limits,
            headers=headers,
            body=body,
            questions=None if options.accuracy_file is None else read_questions(options.accuracy_file),
            baseline=_baseline(options),
            launch_spread=_launch_spread(options),
            api_key=key,
            save_baseline=_writable("--save-baseline", options.save_baseline, worker=worker),
            bench_serving_jsonl=_writable(
                "--bench-serving-jsonl", options.bench_serving_jsonl, worker=worker
            ),
            history=_history(options, urls, worker=worker),
            resume=options.resume,
            baseline_url=baseline_url(options, urls),
            baseline_api_key=old_key,
        )


def _extras(options: Namespace, key: str | None) -> tuple[dict[str, str], dict[str, Any]]:
    """(headers, body) of --header and --extra-request-body; what the client or the endpoint cannot send is
    refused.
    """
    headers = request_extras.parse_headers(options.header or ())
    body = request_extras.parse_body(options.extra_request_body)
    request_extras.check_authorization(headers, key, options.api_key_env)
    BACKENDS[options.backend].check_extra_body(body)
    setting_checks.check_reference_client(options, headers, body)
    return headers, body


def _baseline(options: Namespace) -> Baseline | None:
    name = options.baseline
    if name is None:
        return None
    if name.startswith(PREFIX):
        from slabench.history.baseline import load  # with run.json's types: not for a collection

        return load(name.removeprefix(PREFIX), int(options.repeats or 1))
    return baseline_file.load(name)


def _launch_spread(options: Namespace) -> Baseline | None:
    if options.launch_spread is None:
        return None
    file = baseline_file.load(options.launch_spread, option="--launch-spread=")
    if not any(test.launches.spread.sd for test in file.tests.values()):
        raise ConfigError(Message("file.no_spread", path=options.launch_spread))
    return file


def _history(options: Namespace, urls: Sequence[str], *, worker: bool) -> Path | None:
    if options.history is None:
        return None
    if not worker:
        from slabench.history.file import check_appendable

        embedded = True if any(url.startswith(SIM) for url in urls) else None
        check_appendable("--history", options.history, simulated=embedded)
    return Path(options.history)


def _writable(option: str, path: str | None, *, worker: bool) -> Path | None:
    """What is there already can be added to: checked before anything is measured."""
    if path is None or worker:
        return None if path is None else Path(path)
    target = check_writable(option, path)
    if option == "--bench-serving-jsonl":
        check_rows(option, path)
    elif target.is_file():
        baseline_file.load(path, option=f"{option}=")
    return target
