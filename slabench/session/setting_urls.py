"""Which servers the command line and the environment name."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from itertools import combinations

from slabench.errors import ConfigError
from slabench.messages import Message
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
            Message("option.url_empty"),
        )
    )
    real = [url for url in urls if not url.startswith(SIM)]
    for url in real:
        check_root("--base-url", url)
    for first, second in combinations(real, 2):
        if same_place(first, second):
            both = Message("part.url_twice", url=redact_url(first))
            if first != second:
                names = {"first": redact_url(first), "second": redact_url(second)}
                both = Message("part.server_twice", **names)
            raise ConfigError(Message("option.url_twice", both=both))
    _check_environment(options)
    launch = options.launch
    refuse(
        (
            launch is not None and not launch.strip(),
            Message("option.launch_no_text"),
        ),
        (
            launch is not None and urls and urls[0].startswith(SIM),
            Message("option.launch_and_sim", url=urls[0] if urls else ""),
        ),
    )
    return urls if urls or launch is None else (LAUNCH,)


def baseline_url(options: Namespace, urls: tuple[str, ...]) -> str | None:
    """The second server's address, `launch:` if it is to be started, None if there is none."""
    url, command = options.baseline_url, options.baseline_launch
    theirs = ("baseline_env", "baseline_deploy_log", "baseline_gpu_index")
    beside = [name for name in theirs if getattr(options, name)]
    alone = "".join(f"--{name.replace('_', '-')}" for name in beside[:1])
    sequential = command is not None and options.launch is not None and options.resume is None
    refuse(
        (
            options.one_after_the_other and not sequential,
            Message("option.sequential"),
        ),
        (
            url is None and command is None and beside,
            Message("option.second_server", alone=alone),
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
            Message("option.baseline_empty", named=named),
        ),
        (
            not urls,
            Message("option.baseline_alone", named=named),
        ),
        (
            options.baseline is not None,
            Message("option.baseline_both", named=named),
        ),
        (
            options.baseline_env and command is None,
            Message("option.baseline_env"),
        ),
        (
            command is not None and embedded,
            Message("option.baseline_launch_sim", url=url),
        ),
    )
    real = url is not None and not embedded and not urls[0].startswith(SIM) and options.launch is None
    refuse(
        (
            real and same_place(url, urls[0]),
            Message("option.same_server", url=redact_url(url or "")),
        )
    )
    return url or LAUNCH


def _check_environment(options: Namespace) -> None:
    for option, values in (("--env", options.env), ("--baseline-env", options.baseline_env)):
        wrong = [
            text for text in values or () if "=" not in text or not text.partition("=")[0].isidentifier()
        ]
        refuse((wrong, Message("option.env_form", option=option)))
    refuse(
        (
            options.env and options.launch is None,
            Message("option.env_launch"),
        )
    )
