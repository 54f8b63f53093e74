"""The options as values, checked once in pytest_configure: what is wrong with them is said before anything is
measured.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slabench import request_extras
from slabench.errors import ConfigError
from slabench.loadgen.backends import BACKENDS
from slabench.option_checks import (
    api_key,
    check_allow,
    check_dataset,
    check_folder,
    check_root,
    check_writable,
)
from slabench.output_file import check_rows
from slabench.server.secrets import redact_url
from slabench.server.url import same_place
from slabench.session.redact import know_secrets
from slabench.verdict import baseline_file, sla
from slabench.verdict.differences import SECTIONS
from slabench.verdict.request_limits import check_goodput, parse_goodput
from slabench.verdict.sla import Slo

SIM = "sim:"
DEFAULT_PAIRS = 5  # of an A/B run: docs/gate-an-upgrade.md has the table that it was chosen from


@dataclass(frozen=True, slots=True)
class Settings:
    """Parsed options. given: the namespace itself, for the plain ones that need no check.

    What can hold a secret is in no repr: pytest --debug, --showlocals and a test that prints a fixture write
    those.
    """

    given: Namespace = field(repr=False)
    base_urls: tuple[str, ...] = field(repr=False)
    slos: tuple[Slo, ...]
    baseline: baseline_file.Baseline | None
    api_key: str | None = field(repr=False)
    save_baseline: Path | None
    bench_serving_jsonl: Path | None
    resume: str | None = None
    baseline_url: str | None = field(default=None, repr=False)  # launch: for --baseline-launch
    baseline_api_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # beside the API key's
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)  # merged into every request
    goodput: Mapping[str, float] = field(default_factory=dict)  # limits in ms that each request is held to

    @property
    def live(self) -> bool:
        """A server is named, so live tests can run."""
        return bool(self.base_urls)

    @property
    def tolerance(self) -> float:
        return float(self.given.tolerance) / 100

    @property
    def repeats(self) -> int:
        """Loads of each test; on each of both servers in an A/B run."""
        return int(self.given.repeats or (DEFAULT_PAIRS if self.baseline_url is not None else 1))

    @property
    def gate(self) -> str | None:
        """The option that makes this run a gate, in which a test that nothing judges is INVALID."""
        given = self.given
        named = {
            "--baseline": given.baseline,
            "--baseline-url": given.baseline_url,
            "--baseline-launch": given.baseline_launch,
        }
        asked = [name for name, value in named.items() if value is not None]
        return (*asked, *(["--strict-validity"] if given.strict_validity else []), None)[0]

    @property
    def dataset_name(self) -> str:
        """The published way where a data set is given; prompts made from ids otherwise."""
        return str(self.given.dataset_name or ("random" if self.given.dataset_path else "random-ids"))

    @property
    def prompt_form(self) -> str:
        if self.given.prompt_form:
            return str(self.given.prompt_form)
        return "text" if self.given.dataset_path or sends_text(self.given) else "ids"

    @classmethod
    def of(cls, given: Namespace, environment: Mapping[str, str], *, worker: bool = False) -> Settings:
        """Check what can be checked without a server; ConfigError in one sentence otherwise."""
        know_secrets(given, environment)
        urls = _urls(given, environment)
        if given.warmup_requests != "batch" and given.warmup_requests < 0:
            raise ConfigError(f"--warmup-requests={given.warmup_requests} is below 0; use 0 for none.")
        check_dataset(given.dataset_path, given.dataset_name)
        if sends_text(given) and given.prompt_form == "ids":
            what = (
                "--client=bench_serving" if given.client == "bench_serving" else f"--backend={given.backend}"
            )
            raise ConfigError(f"{what} sends text; leave out --prompt-form=ids.")
        for option in ("model", "tokenizer"):
            check_folder(option, getattr(given, option))
        check_allow(given.allow)
        if given.require_baseline and given.baseline is None:
            raise ConfigError("--require-baseline needs --baseline=FILE to look into.")
        _check_baselines(given)
        _check_capacity(given)
        key, limits = api_key(environment, given.api_key_env), parse_goodput(given.goodput or ())
        headers, body = _extras(
            given, key, api_key(environment, given.baseline_api_key_env or given.api_key_env)
        )
        slos = sla.merge(sla.preset(given.slo_preset), tuple(sla.parse(text) for text in given.slo or ()))
        check_goodput(slos, limits)
        _check_retokenized(slos, given)
        return cls(
            given=given,
            base_urls=urls,
            slos=slos,
            goodput=limits,
            headers=headers,
            body=body,
            baseline=baseline_file.load(given.baseline) if given.baseline is not None else None,
            api_key=key,
            save_baseline=None
            if given.save_baseline is None
            else _writable("--save-baseline", given.save_baseline, worker=worker),
            bench_serving_jsonl=None
            if given.bench_serving_jsonl is None
            else _writable("--bench-serving-jsonl", given.bench_serving_jsonl, worker=worker),
            resume=given.resume,
            baseline_url=_baseline_url(given, urls),
            baseline_api_key=api_key(environment, given.baseline_api_key_env or given.api_key_env),
        )


def _extras(given: Namespace, *keys: str | None) -> tuple[dict[str, str], dict[str, Any]]:
    """(headers, body) of --header and --extra-request-body; what the reference client cannot send is refused."""
    headers, body = (
        request_extras.parse_headers(given.header or ()),
        request_extras.parse_body(given.extra_request_body),
    )
    request_extras.check_authorization(
        headers, next((key for key in keys if key is not None), None), given.api_key_env
    )
    BACKENDS[given.backend].check_extra_body(body)
    if given.client == "bench_serving" and headers:
        raise ConfigError(
            "--client=bench_serving cannot send --header: the 0.5.7 client has no such option; leave one of them out."
        )
    if given.client == "bench_serving" and "sampling_params" in body:
        raise ConfigError(
            "--client=bench_serving replaces sampling_params as a whole, and the lengths asked for with it: send them over /v1 "
            "(--backend=sglang-oai), where they stand at the top, or leave out --client=bench_serving."
        )
    return headers, body


def _check_retokenized(slos: tuple[Slo, ...], given: Namespace) -> None:
    for one in slos:
        if one.metric.endswith("_retokenized") and not given.retokenize and given.client == "slabench":
            raise ConfigError(f"--slo={one} counts the answers' tokens again, which needs --retokenize.")


def sends_text(given: Namespace) -> bool:
    """Clients and endpoints that take no ids: then prompts are text whatever the data set."""
    return bool(given.client == "bench_serving" or not BACKENDS[given.backend].takes_ids)


def _urls(given: Namespace, environment: Mapping[str, str]) -> tuple[str, ...]:
    named: Any = given.base_url
    if isinstance(named, str):  # pytest-base-url's own option
        named = [named]
    if not named and "SLABENCH_BASE_URL" in environment:
        named = [environment["SLABENCH_BASE_URL"]]
    urls = tuple(named or ())
    if any(not url.strip() for url in urls):
        raise ConfigError(
            "--base-url (or SLABENCH_BASE_URL) is empty; give a URL such as http://127.0.0.1:30000, or sim: (embedded server)."
        )
    real = [url for url in urls if not url.startswith(SIM)]
    for url in real:
        check_root("--base-url", url)
    for place, url in enumerate(real):
        for other in real[:place]:
            if same_place(other, url):
                named = (
                    f"{redact_url(url)} twice"
                    if other == url
                    else f"one server twice, {redact_url(other)} and {redact_url(url)}"
                )
                raise ConfigError(
                    f"--base-url names {named}; two workers at one server would disturb each other."
                )
    _check_environment(given)
    if given.launch is not None:
        if not given.launch.strip():
            raise ConfigError("--launch is empty; give the command that starts the server.")
        if urls and urls[0].startswith(SIM):
            raise ConfigError(
                f"--launch starts a server, and --base-url={urls[0]} is the embedded one; leave one of them out."
            )
        return urls or ("launch:",)
    return urls


def _check_environment(given: Namespace) -> None:
    for option, values in (("--env", given.env), ("--baseline-env", given.baseline_env)):
        for value in values or ():
            if not value.partition("=")[0].isidentifier() or "=" not in value:
                raise ConfigError(f"{option} reads NAME=VALUE, such as {option}=CUDA_VISIBLE_DEVICES=0,1.")
    if given.env and given.launch is None:
        raise ConfigError("--env is the environment of a server that slabench starts; it needs --launch=CMD.")


def _baseline_url(given: Namespace, urls: tuple[str, ...]) -> str | None:
    """The second server's address, `launch:` if it is to be started, None if there is none."""
    url, command = given.baseline_url, given.baseline_launch
    lonely = [
        f"--{name.replace('_', '-')}"
        for name in ("baseline_env", "baseline_deploy_log")
        if getattr(given, name)
    ]
    if given.one_after_the_other and (command is None or given.launch is None or given.resume is not None):
        raise ConfigError(
            "--one-after-the-other starts the old server, measures it, ends it, and does the same with the new one: it needs "
            "--baseline-launch=CMD and --launch=CMD, and cannot be resumed."
        )
    if url is None and command is None:
        if lonely:
            raise ConfigError(
                f"{lonely[0]} belongs to a second server; name it with --baseline-url=URL or --baseline-launch=CMD."
            )
        return None
    named = "--baseline-url" if url is not None else "--baseline-launch"
    if url is not None and not url.startswith(SIM):
        check_root(named, url)
    if not (command if url is None else url).strip():
        raise ConfigError(f"{named} is empty; give the server that the new one is compared with.")
    if not urls:
        raise ConfigError(f"{named} is the old server; name the new one with --base-url=URL or --launch=CMD.")
    if given.baseline is not None:
        raise ConfigError(f"{named} and --baseline both say what to compare with; leave one of them out.")
    if given.baseline_env and command is None:
        raise ConfigError(
            "--baseline-env is the environment of a server that slabench starts; it needs --baseline-launch=CMD."
        )
    if command is not None and (url or "").startswith(SIM):
        raise ConfigError(
            f"--baseline-launch starts a server, and --baseline-url={url} is the embedded one; leave one out."
        )
    embedded = any(one.startswith(SIM) for one in (url or "", urls[0]))
    if url is not None and not embedded and given.launch is None and same_place(url, urls[0]):
        raise ConfigError(
            f"--base-url and --baseline-url name the same server, {redact_url(url)}: it would be compared with itself."
        )
    return url or "launch:"


def _check_baselines(given: Namespace) -> None:
    """A gate must not overwrite what it is measured by; a difference that nothing is named by would allow
    nothing.
    """
    both = given.baseline is not None and given.save_baseline is not None
    if both and Path(given.baseline).resolve() == Path(given.save_baseline).resolve():
        raise ConfigError(
            f"--baseline and --save-baseline name the same file, {given.baseline}: a regression would become the next baseline. "
            "Save to another file, and replace the old one when the run is accepted."
        )
    unknown = [name for name in given.allow_diff if name.partition(".")[0] not in SECTIONS]
    if unknown:
        raise ConfigError(
            f"--allow-diff={','.join(unknown)} names nothing that is compared; name {', '.join(SECTIONS)}, or one of "
            "their keys such as model.dtype."
        )


def _check_capacity(given: Namespace) -> None:
    """The search drives its own loads: what fixes a load, or cannot be stopped, cannot be combined with it."""
    if not given.find_capacity:
        for option in ("capacity_range", "capacity_grid"):
            if getattr(given, option) is not None:
                raise ConfigError(
                    f"--{option.replace('_', '-')} is what --find-capacity measures; give that as well."
                )
        return
    if given.capacity_grid is not None and given.capacity_range is not None:
        raise ConfigError(
            "--capacity-grid names the loads to measure, and --capacity-range a range of them; give one of the two."
        )
    if given.client == "bench_serving":
        raise ConfigError(
            "--find-capacity needs our own client, which can end a probe whose verdict is certain; leave out "
            "--client=bench_serving."
        )
    if given.baseline_url is not None or given.baseline_launch is not None:
        raise ConfigError(
            "--find-capacity searches one server's limit, and --baseline-url or --baseline-launch names a second one; search each "
            "by itself, and compare the run folders."
        )
    option, named = ("grid", given.capacity_grid) if given.capacity_grid else ("range", given.capacity_range)
    if given.capacity_load == "concurrency" and any(load != int(load) for load in named or ()):
        text = ",".join(f"{load:g}" for load in named)
        raise ConfigError(
            f"--capacity-{option}={text} are requests in flight: give whole numbers, or --capacity-load=rate."
        )
    top = 0 if given.capacity_load == "rate" else max(named or (256,))
    if given.num_prompts is not None and given.num_prompts < top:
        raise ConfigError(
            f"--num-prompts={given.num_prompts} is below {top:g}, the highest load of --capacity-{option}: the last run would "
            "never have as many in flight. Leave it out, or lower the range."
        )


def _writable(option: str, path: str, *, worker: bool) -> Path:
    """What is there already can be added to: found out now, and not when all is measured."""
    if worker:
        return Path(path)
    target = check_writable(option, path)
    if option == "--bench-serving-jsonl":
        check_rows(option, path)
    elif target.is_file():
        baseline_file.load(path, option=f"{option}=")
    return target
