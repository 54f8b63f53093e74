"""Options that contradict each other, or that nothing can be measured with."""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slabench.history import PREFIX
from slabench.loadgen.backends import BACKENDS
from slabench.options.checks import check_allow, check_allow_diff, check_dataset, check_folder, refuse

SIM = "sim:"


def sends_text(options: Namespace) -> bool:
    """Clients and endpoints that take no ids: then prompts are text whatever the data set."""
    return bool(options.client == "bench_serving" or not BACKENDS[options.backend].takes_ids)


def until_decided(options: Namespace) -> bool:
    """Whether repeats are added until the comparison is decided: by default where there is an old server."""
    old = options.baseline_url is not None or options.baseline_launch is not None
    return options.repeats == "auto" or (options.repeats is None and old and options.launches is None)


def check(options: Namespace) -> None:
    """ConfigError with the sentence of the first check that fails."""
    warmup, client = options.warmup_requests, "--client=bench_serving"
    sender = client if options.client == "bench_serving" else f"--backend={options.backend}"
    refuse(
        (
            warmup != "batch" and warmup < 0,
            f"--warmup-requests={warmup} is below 0; use 0 for none.",
        ),
        (
            sends_text(options) and options.prompt_form == "ids",
            f"{sender} sends text; leave out --prompt-form=ids.",
        ),
        (
            options.require_baseline and options.baseline is None,
            "--require-baseline needs --baseline=FILE to look into.",
        ),
        (
            options.repeats == "auto"
            and not (options.baseline or options.baseline_url or options.baseline_launch),
            "--repeats=auto adds repeats until a comparison is decided, and nothing is compared: name the "
            "old server with --baseline-url=URL or a file with --baseline=FILE, or give --repeats=K.",
        ),
        (
            options.repeats == "auto" and (options.baseline or "").startswith(PREFIX),
            "--repeats=auto adds repeats until a comparison is decided, and beside the runs of "
            f"{options.baseline} this run is one sample whatever its repeats: give --repeats=K, or leave it "
            "out.",
        ),
        (
            options.time_budget is not None and not until_decided(options),
            "--time-budget chooses how many pairs are added until a comparison is decided: name the old "
            "server with --baseline-url=URL or a file with --baseline=FILE and --repeats=auto, and leave out "
            "--repeats=K.",
        ),
        (
            options.time_budget is not None and options.one_after_the_other,
            "--time-budget is of two servers that are measured in turns, and --one-after-the-other measures "
            "the old one before the new one is there; leave one of them out.",
        ),
        (
            until_decided(options) and warmup == 0,
            "--warmup-requests=0 makes the first pair a cold one, and --repeats=auto counts it: leave it "
            "out, or give --repeats=K.",
        ),
    )
    refuse(
        (
            options.accuracy_floor is not None and options.accuracy_file is None,
            "--accuracy-floor is what the answers to the questions of --accuracy-file=FILE are held to; name "
            "the file.",
        )
    )
    check_dataset(options.dataset_path, options.dataset_name)
    check_folder("model", options.model)
    check_folder("tokenizer", options.tokenizer)
    check_allow(options.allow)
    _check_baselines(options)
    _check_capacity(options)
    _check_load_hosts(options)


def _check_baselines(options: Namespace) -> None:
    """A gate must not overwrite what it is measured by, and --allow-diff must name something."""
    paths = [Path(path).resolve() for path in (options.baseline, options.save_baseline) if path is not None]
    refuse(
        (
            len(paths) == 2 and paths[0] == paths[1],
            f"--baseline and --save-baseline name the same file, {options.baseline}: a regression would "
            "become the next baseline. Save to another file, and replace the old one when the run is "
            "accepted.",
        ),
        (
            options.history_version is not None and options.history is None,
            "--history-version names a version in a history; it needs --history=FILE.",
        ),
    )
    check_allow_diff(options.allow_diff)


def _check_capacity(options: Namespace) -> None:
    """The search sets its own loads: what fixes a load, or cannot be stopped, cannot be combined with it."""
    search, span, grid = options.find_capacity, options.capacity_range, options.capacity_grid
    option, loads = ("grid", grid) if grid else ("range", span)
    text = ",".join(f"{load:g}" for load in loads or ())
    fractions = [load for load in loads or () if load != int(load)]
    top = 0 if options.capacity_load == "rate" else max(loads or (256,))
    alone = "--capacity-range" if span is not None else "--capacity-grid"
    refuse(
        (
            not search and (span is not None or grid is not None),
            f"{alone} is what --find-capacity measures; add --find-capacity.",
        ),
        (
            grid is not None and span is not None,
            "--capacity-grid names the loads to measure, and --capacity-range a range of them; give one of "
            "the two.",
        ),
        (
            search and options.client == "bench_serving",
            "--find-capacity needs our own client, which can end a probe whose outcome is certain; leave out "
            "--client=bench_serving.",
        ),
        (
            search and (options.baseline_url is not None or options.baseline_launch is not None),
            "--find-capacity searches one server's limit, and --baseline-url or --baseline-launch names a "
            "second one; search each by itself, and compare the run folders.",
        ),
        (
            search and options.capacity_load == "concurrency" and fractions,
            f"--capacity-{option}={text} are requests in flight: give whole numbers, or "
            "--capacity-load=rate.",
        ),
        (
            search and options.num_prompts is not None and options.num_prompts < top,
            f"--num-prompts={options.num_prompts} is below {top:g}, the highest load of "
            f"--capacity-{option}: the last run would never have as many in flight. Leave it out, or lower "
            "the range.",
        ),
    )


def _check_load_hosts(options: Namespace) -> None:
    """Hosts and how they are reached belong together; one way at a time."""
    hosts, command, cluster = options.load_hosts, options.load_command, options.load_cluster
    asked = [
        name
        for name, value in (("--load-hosts", hosts), ("--load-command", command), ("--load-cluster", cluster))
        if value
    ]
    twice = [host for place, host in enumerate(hosts) if host in hosts[:place]]
    try:
        parts = shlex.split(command or "")
    except ValueError:
        parts = None
    refuse(
        (
            cluster and len(asked) > 1,
            f"--load-cluster takes its hosts from Ray; leave out {' and '.join(asked[:-1])}.",
        ),
        (
            hosts and not command,
            f"--load-hosts={','.join(hosts)} needs --load-command, which starts a command at one of them: "
            "--load-command='ssh {host}'.",
        ),
        (
            command and not hosts,
            "--load-command starts load processes at hosts, and none is named: add --load-hosts=A,B.",
        ),
        (parts is None, f"--load-command={command} has a quote without an end."),
        (
            command and parts is not None and not any("{host}" in part for part in parts),
            f"--load-command={command} has no {{host}}, so every host would be the same one: write "
            "'ssh {host}', 'kubectl exec -i {host} --' or 'srun --overlap -w {host}'.",
        ),
        (
            twice,
            f"--load-hosts names {twice[0] if twice else ''} twice; --load-workers=N starts several there.",
        ),
        (
            options.load_python and not asked,
            "--load-python is the Python of load hosts, and none is named: add --load-hosts or "
            "--load-cluster.",
        ),
        (
            asked and options.client == "bench_serving",
            f"{asked[0] if asked else ''} needs our own client; leave out --client=bench_serving.",
        ),
    )


def check_reference_client(options: Namespace, headers: Mapping[str, str], body: Mapping[str, Any]) -> None:
    """What sglang.bench_serving 0.5.7 cannot send."""
    reference = options.client == "bench_serving"
    refuse(
        (
            reference and headers,
            "--client=bench_serving cannot send --header: the 0.5.7 client has no such option; leave one of "
            "them out.",
        ),
        (
            reference and "sampling_params" in body,
            "--client=bench_serving replaces sampling_params as a whole, and with it the lengths that the "
            "test asks for: send them over /v1 (--backend=sglang-oai), where they are keys at the top, or "
            "leave out --client=bench_serving.",
        ),
    )
