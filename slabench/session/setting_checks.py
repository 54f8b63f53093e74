"""Options that contradict each other, or that nothing can be measured with."""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slabench.history import PREFIX
from slabench.loadgen.backends import BACKENDS
from slabench.messages import Message
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
            Message("option.warmup_below", warmup=warmup),
        ),
        (
            sends_text(options) and options.prompt_form == "ids",
            Message("option.sends_text", sender=sender),
        ),
        (
            options.require_baseline and options.baseline is None,
            Message("option.require_baseline"),
        ),
        (
            options.repeats == "auto"
            and not (options.baseline or options.baseline_url or options.baseline_launch),
            Message("option.auto_nothing"),
        ),
        (
            options.repeats == "auto" and (options.baseline or "").startswith(PREFIX),
            Message("option.auto_history", baseline=options.baseline),
        ),
        (
            options.time_budget is not None and not until_decided(options),
            Message("option.budget_auto"),
        ),
        (
            options.time_budget is not None and options.one_after_the_other,
            Message("option.budget_sequential"),
        ),
        (
            until_decided(options) and warmup == 0,
            Message("option.auto_cold"),
        ),
    )
    refuse(
        (
            options.accuracy_floor is not None and options.accuracy_file is None,
            Message("option.accuracy_floor"),
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
            Message("option.same_baseline", baseline=options.baseline),
        ),
        (
            options.history_version is not None and options.history is None,
            Message("option.history_version"),
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
            Message("option.capacity_alone", alone=alone),
        ),
        (
            grid is not None and span is not None,
            Message("option.capacity_two"),
        ),
        (
            search and options.client == "bench_serving",
            Message("option.capacity_client"),
        ),
        (
            search and (options.baseline_url is not None or options.baseline_launch is not None),
            Message("option.capacity_server"),
        ),
        (
            search and options.capacity_load == "concurrency" and fractions,
            Message("option.capacity_whole", option=option, text=text),
        ),
        (
            search and options.num_prompts is not None and options.num_prompts < top,
            Message("option.capacity_prompts", num_prompts=options.num_prompts, top=top, option=option),
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
            Message("option.cluster_hosts", others=asked[:-1]),
        ),
        (
            hosts and not command,
            Message("option.hosts_command", hosts=hosts),
        ),
        (
            command and not hosts,
            Message("option.command_hosts"),
        ),
        (parts is None, Message("option.command_quote", command=command)),
        (
            command and parts is not None and not any("{host}" in part for part in parts),
            Message("option.command_host", command=command),
        ),
        (
            twice,
            Message("option.host_twice", host=twice[0] if twice else ""),
        ),
        (
            options.load_python and not asked,
            Message("option.load_python"),
        ),
        (
            asked and options.client == "bench_serving",
            Message("option.hosts_client", option=asked[0] if asked else ""),
        ),
    )


def check_reference_client(options: Namespace, headers: Mapping[str, str], body: Mapping[str, Any]) -> None:
    """What sglang.bench_serving 0.5.7 cannot send."""
    reference = options.client == "bench_serving"
    refuse(
        (
            reference and headers,
            Message("option.client_header"),
        ),
        (
            reference and "sampling_params" in body,
            Message("option.client_sampling"),
        ),
    )
