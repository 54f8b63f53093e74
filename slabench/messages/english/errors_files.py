"""Files that cannot be read, written or used."""

MESSAGES = {
    "file.output_unwritable": "-o {target} cannot be written ({why}); name a file in a folder that exists.",
    "file.unwritable": "{path} cannot be written ({why}).",
    "file.history_none_accepted": (
        "--baseline={prefix}{path} has no accepted version; it holds {held}. Accept one: {program} "
        "history accept {path} VERSION."
    ),
    "file.history_few": (
        "--baseline={prefix}{path} has {runs} of the accepted version {version} of one test, server "
        "and workload above its acceptance, and the spread from run to run needs {least}; append more "
        "with --history={path}, and accept {version} again."
    ),
    "file.history_unreadable": "{named} cannot be read as a history ({why}); --history=FILE makes one.",
    "file.history_line": (
        "{named}, line {number} is no line of a history ({why}); name a file that --history=FILE made."
    ),
    "file.history_no_file": "{option}={path} is no file to append to; name a file in a folder that exists.",
    "file.history_unwritable": "{option}={path} cannot be written; name a file that can be.",
    "file.history_other_kind": (
        "{option}={path} holds runs of {theirs}, and this is one of {mine}: its figures mean something "
        "else. Name another file."
    ),
    "file.history_schema": "its schema is {schema!r}, and a history's is {wanted}",
    "file.history_values": "{name} has {key}={values!r:.60}, which are not values of runs",
    "file.not_overwritten": (
        "{option}={path} exists and holds {held}, which is not overwritten; name another file."
    ),
    "file.no_rows": "{option}={path} exists and holds no {rows}, so none are appended; name another file.",
    "file.cannot_be_written": "{named} cannot be written ({why}); give a file in a folder that exists.",
    "file.resume_server": (
        "--resume={path}: another server answers than the kept tests were measured on ({lines:; }). "
        "Start that server again, or start a new run."
    ),
    "file.resume_log": (
        "--resume={path}: the decode curve needs bytes {begin} to {end} of the deploy log {log}, which "
        "the kept decode tests wrote, and it {problem}. Restore it under that name, or start a new run."
    ),
    "file.report_dir": "--report-dir={report_dir} cannot be written ({why}); name another folder.",
    "file.still_running": (
        "The run {path} is still running: another process writes to it. Wait for its end, or end it."
    ),
    "file.no_run": "{option}{path} has no run.json, so it is no run; {ask}.",
    "file.run_malformed": "{option}{path}: its run.json is not a run's ({why}); {ask}.",
    "file.run_unreadable": "{option}{path}: its run.json cannot be read ({why}); {ask}.",
    "file.resume_options": (
        "--resume={path} continues a run with the options of its first start: {options}. Start a new run."
    ),
    "file.resume_unwritable": "{file} cannot be written ({why}), so the run cannot be continued.",
    "file.stored_unreadable": "{name} cannot be read ({why}); {wanted}.",
    "file.stored_no_json": "{name}, line {number} is no JSON ({why}); {wanted}.",
    "file.stored_no_row": "{name}, {where} is no row of sglang.bench_serving; {wanted}.",
    "file.stored_rate": "{name}, {where}: request_rate={rate!r:.60} is no rate; {wanted}.",
    "file.stored_empty": "{name} has no row in it; {wanted}.",
    "file.launch_log": "The log of the launched server cannot be written: {path} ({why}).",
    "file.log_unreadable": (
        "The deploy log {path} cannot be read ({why}). Give the file that the server's output goes to."
    ),
    "file.log_packed": "The deploy log {path} is {what}. Unpack it first: {command} {path}",
    "file.log_utf32": (
        "The deploy log {path} is UTF-32. Convert it first: iconv -f UTF-32 -t UTF-8 {path} > server.log"
    ),
    "file.log_zstd": (
        "The deploy log {path} is packed by zstd, which this Python cannot read. Unpack it first: zstd "
        "-d {path} (or install the package zstandard)."
    ),
    "file.log_end": "The deploy log {path} cannot be read to its end ({why}). Is the file whole?",
    "file.log_window": "The deploy log {path} cannot be read ({why}). {remedy}",
    "file.log_missing": "--{option}={path} does not exist; give the file that the server's output goes to.",
    "file.log_gzip": (
        "--{option}={path} is packed by gzip; give the file that the server's output goes to now."
    ),
    "file.no_spread": (
        "--launch-spread={path} holds no spread of launches; {slabench} baseline launches RUN RUN ... -o "
        "FILE makes one, from 8 launches on."
    ),
    "file.baseline_missing": "{named} does not exist; {remedy}.",
    "file.baseline_unreadable": "{named} cannot be read as a baseline ({why}); {remedy}.",
    "file.baseline_wrong": "{named}{wrong}; {remedy}.",
    "file.dataset_no_json": "--dataset-path={path} cannot be read as JSON ({why}); {expected}.",
    "file.dataset_empty": "--dataset-path={path} is empty; {expected}.",
    "file.dataset_none_usable": (
        "--dataset-path={path}: none of its {entries} entries can be used (the first: {first}); {expected}."
    ),
    "file.dataset_no_list": "--dataset-path={path} holds a JSON {kind}, not a list; {expected}.",
    "file.dataset_empty_list": "--dataset-path={path} holds an empty list; {expected}.",
    "file.dataset_no_turns": (
        "--dataset-path={path} has no conversation with two turns: no prompt can be made."
    ),
    "file.questions_missing": (
        "{named} does not exist; name a file with a question a line, or {smoke} for the small one that ships."
    ),
    "file.questions_unreadable": "{named} cannot be read ({why}).",
    "file.questions_line": "{named}, line {number}: {why}.",
    "file.questions_none": "{named} has no question in it; it is a JSON object a line.",
    "file.tokenizer_missing": "The tokenizer folder {folder} does not exist; give --tokenizer=DIR.",
    "file.tokenizer_broken": "The tokenizer {folder} cannot be loaded ({why}); {remedy}.",
}
