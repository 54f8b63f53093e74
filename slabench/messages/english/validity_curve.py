"""What the checks of the decode curve say."""

from slabench.messages.english.validity_log import NO_LINES

MORE_SAMPLES = "Start the server with a smaller --decode-log-interval, or raise --decode-output-len."

MESSAGES = {
    "curve_lines.none": (
        "The deploy log contains no Decode line of this session's decode tests; there must be at least one."
    ),
    "curve_lines.none.remedy": NO_LINES,
    "curve_lines.counts": (
        "{lines} Decode lines of this session's decode tests{copies}, {rejected} rejected, {outside} from "
        "another time."
    ),
    "curve_lines.copies": ", {copies} copies of other ranks counted once",
    "curve_lines.ok": "{counts}",
    "curve_lines.several": "{counts} {engines} servers write to the deploy log at the same time.",
    "curve_lines.several.remedy": "{one_log}",
    "curve_lines.mixed": (
        "{counts} More than one server may write to the deploy log at the same time, as the tokens on its "
        "lines show."
    ),
    "curve_lines.mixed.remedy": "{one_log}",
    "curve_lines.one_log": (
        "Pass only the log of the server at --base-url; of several servers behind a router, check that all "
        "have the same load."
    ),
    "curve_lines.rejected": "{counts}{reasons}",
    "curve_lines.rejected.remedy": (
        "Check that only one server writes to the log, and that nothing delays or splits its lines."
    ),
    "curve_lines.reasons": " Rejected: {reasons}.",
    "curve_samples.missing": (
        "Batch size {sizes} was never reached: the log contains no Decode line with that many running "
        "requests."
    ),
    "curve_samples.missing.remedy": MORE_SAMPLES,
    "curve_samples.missing_of_several": (
        "Batch size {sizes} was never reached: the log contains no Decode line with that many running "
        "requests. A router need not distribute a batch evenly over {servers} servers."
    ),
    "curve_samples.missing_of_several.remedy": (
        "Measure one decode server's curve, or use round-robin routing."
    ),
    "curve_samples.weak": (
        "Too few lines, of which none is clean ({sizes}): each covers something else than decoding at this "
        "batch size, and fewer than {least} lines give no 95 % interval of their median."
    ),
    "curve_samples.weak_size": "batch size {size}: {lines}",
    "curve_samples.weak.remedy": f"{MORE_SAMPLES} --prompts-per-batch adds waves.",
    "curve_samples.counts": "The method requires {wanted} samples per batch size; there are {counts:; }.",
    "curve_samples.of_size": "batch size {size}: {samples}, {clean} of them clean",
    "curve_samples.few": "{counts}",
    "curve_samples.few.remedy": f"{MORE_SAMPLES} --prompts-per-batch adds waves.",
    "curve_samples.ok": "{counts}",
    "curve_points.invalid": "{texts:sentences}",
    "curve_points.measured": (
        "The decode tests of batch size {sizes} were INVALID, and their lines are in the curve."
    ),
    "curve_points.refused": (
        "The decode tests of batch size {sizes} were refused before load, so the curve ends without them."
    ),
    "curve_points.invalid.remedy": "See the reasons of these tests before using the numbers.",
    "curve_points.ok": "No decode test before the curve was INVALID.",
    "curve_agrees.more_tokens": (
        "At batch size {size} the clean Decode lines stand for {tokens:.0f} tokens, but the client received "
        "{received:.0f}."
    ),
    "curve_agrees.differs": (
        "At batch size {size} the log reports {log_ms:number} ms a token ({off:+.1%}, limit {limit:.0%}, "
        "n={samples} {lines}), but the client measured {client_ms:number} ms for the same batch."
    ),
    "curve_agrees.clean_lines": "clean lines",
    "curve_agrees.disturbed_lines": "lines, none of them clean",
    "curve_agrees.not_seen": (
        "No decode test has its full batch both in the log and at the client, so nothing shows that the log "
        "is this server's."
    ),
    "curve_agrees.not_seen.remedy": "Raise --decode-output-len, or lower --decode-log-interval.",
    "curve_agrees.median_differs": (
        "The median of the clean lines differs from the client's full-batch TPOT by more than the limit "
        "({sizes}), but their mean agrees."
    ),
    "curve_agrees.median_differs.remedy": (
        "The machine's speed varies: measure longer, or remove other load from it."
    ),
    "curve_agrees.median": "batch size {size}: {off:+.1%}",
    "curve_agrees.ok": "Log and client agree on the full batch in {tests} decode tests.",
    "curve_clean.differs": (
        "The median of all lines differs from that of the clean ones by more than {limit:.0%}: "
        "{sizes}.{left_out}"
    ),
    "curve_clean.differs.remedy": "Use the clean median; longer outputs give more clean lines.",
    "curve_clean.of_size": "{running} running {share:+.0%}",
    "curve_clean.none": "No tested batch size has a clean line to compare with.{left_out}",
    "curve_clean.none.remedy": "Start the server with a smaller --decode-log-interval.",
    "curve_clean.ok": "All lines and the clean ones agree within {limit:.0%}.{left_out}",
    "curve_clean.left_out": " Left out of the clean curve: {causes}.",
    "curve_gpus.contradiction": "The size of the deployment is contradictory: {contradictions:; }.",
    "curve_gpus.contradiction.remedy": (
        "Correct --decode-gpu-num, and pass the log of every node with --deploy-log."
    ),
    "curve_gpus.option": "--decode-gpu-num is {option} GPUs, but server_info reports {reported} ({source})",
    "curve_gpus.rank": (
        "the log contains lines of rank {tag}{rank}, but server_info reports {size_name} {size}"
    ),
    "curve_gpus.missing_ranks": (
        "{missing} of {ranks} data-parallel ranks have no Decode line in the logs (first DP{first}; log "
        "files: {files})"
    ),
    "curve_gpus.no_rank": (
        "server_info reports dp {ranks}, but no line of the log names a data-parallel rank"
    ),
    "curve_gpus.files": "{servers} servers decode, but --deploy-log names fewer files ({files})",
    "curve_gpus.divide": (
        "{gpus} GPUs do not divide into {ranks} data-parallel ranks{stages} of the log, so the curve has no "
        "metric per GPU"
    ),
    "curve_gpus.stages": " of several pipeline stages",
    "curve_gpus.unknown": "The number of GPUs is unknown, so the curve has no metric per GPU.",
    "curve_gpus.unknown.remedy": "Pass --decode-gpu-num.",
    "curve_gpus.ok": "GPUs per Decode line: {gpus:g}; schedulers: {ranks}.",
}
