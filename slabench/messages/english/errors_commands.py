"""What a command refuses: baseline, bisect, compare, history, report, run."""

MESSAGES = {
    "command.state_of_another": (
        "--state={state} is of another bisection, with other versions, suites or options; repeat its "
        "command to continue it, or name another file."
    ),
    "command.state_unreadable": "--state={path} cannot be read as a bisection ({why}); name another file.",
    "command.state_other_file": (
        "--state={path} holds no bisection and is not overwritten; name another file."
    ),
    "command.state_malformed": "--state={path} is not a bisection's ({why}); name another file.",
    "command.state_unwritable": (
        "--state={path} cannot be written ({why}); name a file in a folder that exists."
    ),
    "command.suite_refused": "The suite refused the options:\n{tail}",
    "command.suite_crashed": "The suite crashed; its output is in {console}:\n{tail}",
    "command.suite_no_run": (
        "The suite wrote no run (exit status {status}); its output is in {console}:\n{tail}"
    ),
    "command.suite_not_started": "The suite could not be started ({why}).",
    "command.suite_signal": "The suite was ended by a signal ({status}); its output is in {output}.",
    "command.no_versions": (
        "A bisection needs --versions=A,B,C or --versions-file=FILE, the oldest first; give one of the two."
    ),
    "command.versions_unreadable": (
        "--versions-file={file} cannot be read ({why}); give a file with a version a line."
    ),
    "command.few_versions": (
        "A bisection needs two versions or more, the oldest first, and got {versions}: there is "
        "nothing to compare."
    ),
    "command.version_twice": "{version} is named twice among the versions; name each once, the oldest first.",
    "command.not_words": "{option} cannot be split into words ({why}). Check its quotes.",
    "command.no_version_in": (
        "{option} has no {field} in it, so it would start the same server for every version; put "
        "{field} where the version or image stands."
    ),
    "command.baseline_unknown": "baseline has no command {word!r}.{hint} There are {names}.",
    "command.nothing_there": (
        "There is no file or folder {name}; name the folder of a run, such as reports/latest, or a "
        "baseline file."
    ),
    "command.baseline_output": (
        "baseline {command} writes the file that -o names; without it nothing is written: {meant}"
    ),
    "command.baseline_save_one": (
        "baseline save reads one run, and {count} were named; baseline merge joins several."
    ),
    "command.baseline_output_is": "-o {output} is {what}, and -o names the baseline file to write{order}.",
    "command.baseline_list_file": "{folder} is a file; {prog} show {folder} shows it, list takes a folder.",
    "command.baseline_list_missing": "{folder} is not a folder; name the folder that holds your baselines.",
    "command.baseline_show_folder": "{file} is a folder, and show takes a baseline file; {prog} {use}.",
    "command.baseline_not_a_part": (
        "-o {target} exists and is not among the parts, so its samples would be lost; name it as a "
        "part too, or another file with -o."
    ),
    "command.launches_no_run": (
        "{name} is no run folder; baseline launches reads runs, each of a launch of its own."
    ),
    "command.launches_resumed": "{run} was continued by --resume: it may be of two launches. Leave it out.",
    "command.launches_unknown": (
        "{name} does not show which launch it is of: its server reports no random_seed and was not "
        "started by slabench. Measure with --launch=CMD."
    ),
    "command.launches_same": (
        "{name} and {known} are of one server process (random_seed {random_seed}), so of one launch; "
        "name runs of separate launches."
    ),
    "command.parts_differ": (
        "{name} is not of the same deployment and workload as {first}: {lines:; }. Merge what is alike."
    ),
    "command.parts_twice": "{name} and {before} hold {same}: merged, it would count twice.",
    "command.bisect_own_option": "{option} is no option of a bisection; leave it out.",
    "command.bisect_stray": "{word!r} belongs to no option of slabench; join a value to its option with =.",
    "command.bisect_state": (
        "A bisection takes hours, and needs --state=FILE to be continued by after a crash."
    ),
    "command.bisect_launch": (
        "A bisection starts each version by --launch=CMD, such as --launch='docker run --rm --gpus=all "
        "--network=host {field} ... --port {{port}}'."
    ),
    "command.bisect_reference": (
        "{reference} names what versions are compared with, and --baseline-launch and "
        "--one-after-the-other are about the oldest in its place; leave one of them out."
    ),
    "command.compare_same": "{old} and {new} {how}: it would be compared with itself.",
    "command.compare_two": "compare needs two runs or more, the old one first: {prog} compare OLD NEW",
    "command.compare_tolerance": "--tolerance={tolerance:g} is not above 0.",
    "command.history_few": (
        "{path} has {runs} runs of {version} of one test, server and workload, and what a further run "
        "would give is predicted from {least} or more; it holds {held}. Append more with --history="
        "{path}."
    ),
    "command.report_output": "{runs} runs on one page: name the file to write with --output=FILE.",
    "command.report_other_file": (
        "{target} exists and is no page of slabench; name the file to write with --output=FILE."
    ),
    "command.suites_first": (
        "Name the suites first: {prog} {command} tencent --base-url=URL; there are {names}."
    ),
    "command.no_suite": (
        "{word!r} is no suite.{hint} There are {names}, and their files. Tests of your own are run by "
        "pytest: pytest {word} -p slabench.plugin --base-url=URL."
    ),
    "command.sub_run_refused": "{who} could not be measured:\n{tail}",
    "command.sub_run_unmeasured": "{who} was not measured (exit status {status}):\n{tail}",
    "command.unknown": "There is no command {word!r}.{hint} There are {commands}.",
    "command.interrupted": "slabench {command} was interrupted.{continued}",
    "command.continues": " The same command continues it.",
    "command.crashed": (
        "slabench {command} crashed ({error}): this is an error of slabench, not of your server; "
        "please report it with the lines above."
    ),
}
