"""Which servers the command line and the environment name."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from itertools import combinations

from slabench.errors import ConfigError
from slabench.options.checks import check_root, refuse
from slabench.server.secrets import redact_url
from slabench.server.url import same_place
from slabench.session.setting_checks import SIM

LAUNCH = "launch:"  # in a URL's place, where the command shows the address


def base_urls(options: Namespace, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The servers under test; one that is to be started is `launch:`, and empty means that none is named."""
    named = (
        [options.base_url] if isinstance(options.base_url, str) else options.base_url
    )  # a str: pytest-base-url's
    urls = tuple(named or (environment[name] for name in ("SLABENCH_BASE_URL",) if name in environment))
    refuse(
        (
            any(not url.strip() for url in urls),
            "--base-url (or SLABENCH_BASE_URL) is empty; give a URL such as http://127.0.0.1:30000, or sim: "
            "(embedded server).",
        )
    )
    real = [url for url in urls if not url.startswith(SIM)]
    for url in real:
        check_root("--base-url", url)
    for first, second in combinations(real, 2):
        if same_place(first, second):
            both = f"{redact_url(first)} twice"
            if first != second:
                both = f"one server twice, {redact_url(first)} and {redact_url(second)}"
            raise ConfigError(f"--base-url names {both}; two workers at one server would disturb each other.")
    _check_environment(options)
    launch = options.launch
    refuse(
        (
            launch is not None and not launch.strip(),
            "--launch is empty; give the command that starts the server.",
        ),
        (
            launch is not None and urls and urls[0].startswith(SIM),
            f"--launch starts a server, and --base-url={urls[0] if urls else ''} is the embedded one; leave "
            "one of them out.",
        ),
    )
    return urls if urls or launch is None else (LAUNCH,)


def baseline_url(options: Namespace, urls: tuple[str, ...]) -> str | None:
    """The second server's address, `launch:` if it is to be started, None if there is none."""
    url, command = options.baseline_url, options.baseline_launch
    beside = [name for name in ("baseline_env", "baseline_deploy_log") if getattr(options, name)]
    alone = "".join(f"--{name.replace('_', '-')}" for name in beside[:1])
    sequential = command is not None and options.launch is not None and options.resume is None
    refuse(
        (
            options.one_after_the_other and not sequential,
            "--one-after-the-other starts the old server, measures it, ends it, and does the same with the "
            "new one: it needs --baseline-launch=CMD and --launch=CMD, and cannot be resumed.",
        ),
        (
            url is None and command is None and beside,
            f"{alone} belongs to a second server; name it with --baseline-url=URL or --baseline-launch=CMD.",
        ),
    )
    if url is None and command is None:
        return None
    named = "--baseline-url" if url is not None else "--baseline-launch"
    embedded = (url or "").startswith(SIM)
    if url is not None and not embedded:
        check_root(named, url)
    refuse(
        (
            not (command if url is None else url).strip(),
            f"{named} is empty; give the server that the new one is compared with.",
        ),
        (
            not urls,
            f"{named} is the old server; name the new one with --base-url=URL or --launch=CMD.",
        ),
        (
            options.baseline is not None,
            f"{named} and --baseline both name what to compare with; leave one of them out.",
        ),
        (
            options.baseline_env and command is None,
            "--baseline-env is the environment of a server that slabench starts; it needs "
            "--baseline-launch=CMD.",
        ),
        (
            command is not None and embedded,
            f"--baseline-launch starts a server, and --baseline-url={url} is the embedded one; leave one "
            "out.",
        ),
    )
    real = url is not None and not embedded and not urls[0].startswith(SIM) and options.launch is None
    refuse(
        (
            real and same_place(url, urls[0]),
            f"--base-url and --baseline-url name the same server, {redact_url(url or '')}: it would be "
            "compared with itself.",
        )
    )
    return url or LAUNCH


def _check_environment(options: Namespace) -> None:
    for option, values in (("--env", options.env), ("--baseline-env", options.baseline_env)):
        wrong = [
            text for text in values or () if "=" not in text or not text.partition("=")[0].isidentifier()
        ]
        refuse((wrong, f"{option} reads NAME=VALUE, such as {option}=CUDA_VISIBLE_DEVICES=0,1."))
    refuse(
        (
            options.env and options.launch is None,
            "--env is the environment of a server that slabench starts; it needs --launch=CMD.",
        )
    )
