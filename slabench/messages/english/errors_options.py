"""Options of the command line that are refused."""

MESSAGES = {
    "option.client_missing": (
        "--client=bench_serving needs a Python with sglang, and {path} does not exist; {remedy}."
    ),
    "option.client_broken": "{path} cannot be run ({why}); {remedy}.",
    "option.client_without_sglang": "{path} has no sglang.bench_serving ({why}); {remedy}.",
    "option.client_sends_text": "--client=bench_serving sends text; leave out --prompt-form=ids.",
    "option.client_arrivals": (
        "--client=bench_serving spaces requests by a Poisson process only; leave out --arrivals=constant."
    ),
    "option.client_remote_code": (
        "bench_serving would run the code that {tokenizer}/{name} names; --trust-remote-code permits it"
        ", --client=slabench does not run it."
    ),
    "option.body_sampling": (
        "--extra-request-body has sampling_params, which --backend={backend} does not read: write its "
        "keys at the top, such as '{{\"temperature\": 0.7}}'."
    ),
    "option.body_top": (
        "--extra-request-body has {keys} at the top, where {path} does not read them: write '{{"
        '"sampling_params": {written}}}\'.'
    ),
    "option.url_user": "--base-url holds a user name; put an API key into SLABENCH_API_KEY instead.",
    "option.dataset_missing": "--dataset-path={path} {why}; give the ShareGPT_V3 JSON file. {sharegpt}",
    "option.dataset_needed": (
        "--dataset-name={name} needs --dataset-path=FILE, a ShareGPT_V3 JSON file. {sharegpt}"
    ),
    "option.allow_unknown": "--allow={unknown:,} names no validity check.{hint} In all there are {checks}.",
    "option.allow_diff_unknown": (
        "--allow-diff={unknown:,} names nothing that is compared.{hint} Name {sections}, or one of "
        "their keys such as model.dtype."
    ),
    "option.no_folder": (
        "--{option}={value} is not a folder here; give the folder that holds the model's tokenizer files."
    ),
    "option.no_root": (
        "{option} ends with {endpoint}, and endpoints are added to it: give the server's root, {option}"
        "={root}{backend}."
    ),
    "option.unwritable": (
        "{option}={path} cannot be written: its folder must exist and it must not be a folder."
    ),
    "option.api_key": "The API key in {name} has characters that no HTTP header can carry.",
    "option.value": "{text!r} cannot be taken ({why}); give {what}.",
    "option.no_live_test": "No live test is selected: name tests/ali, tests/serving or tests/tencent.",
    "option.launches_xdist": "--launches measures in one process, each launch after the other; leave out -n.",
    "option.resume_xdist": "--resume={resume} continues a run in this process; leave -n out.",
    "option.workers_at_one": (
        "-n {count} would let {count} workers drive {servers} at once, and each would measure the "
        "others' load; leave -n out (or use -n 0) for live tests, or name as many servers: "
        "--base-url=A --base-url=B -n 2."
    ),
    "option.several_servers": (
        "{urls} servers are named by --base-url, and one process measures one; -n {urls} spreads the "
        "tests over them. To compare two servers, name the old one with --baseline-url."
    ),
    "option.baseline_xdist": (
        "A baseline server is measured in turns with the new one, in one process; leave -n out."
    ),
    "option.quick_xdist": (
        "--gate=quick sets its lengths by what one server takes, in one process; leave -n out."
    ),
    "option.budget_xdist": "--time-budget is kept by one process; leave -n out.",
    "option.launch_xdist": "--launch starts one server; leave -n out.",
    "option.logs_of_servers": (
        "{urls} servers have {logs} logs in --deploy-log; give one for each server, in the order of "
        "--base-url."
    ),
    "option.another_server": "--base-url={different} is another server than {first}: {remedy}",
    "option.one_process": "{names: and } {remedy}",
    "option.another_deployment": (
        "{url} is another deployment than {name} ({differ:; }): tests are spread over servers that are "
        "the same. To compare two servers, name the old one with --baseline-url."
    ),
    "option.value_not_joined": (
        "{problem}: an option's value must be joined to it with =, and the test path comes first. "
        "Write: {command}"
    ),
    "option.no_test_named": (
        "A server is named and no test: name the tests first, such as pytest tests/tencent "
        "--base-url=URL (or tests/ali, tests/serving)."
    ),
    "option.loop_on_fail": (
        "-f (--looponfail of pytest-xdist) would run failing tests again until they pass. {remedy}"
    ),
    "option.runs_again": "{cause} would run a live test again. {remedy}",
    "option.header_form": (
        "--header reads NAME:VALUE, such as --header='X-Tenant: a'; this one has no name before a colon."
    ),
    "option.header_value": (
        "--header={name}: its value is empty, or has characters that no HTTP header can carry."
    ),
    "option.header_own": (
        "--header={name} is set by slabench itself, since it says how a request is sent; leave it out."
    ),
    "option.header_twice": "--header names {name} twice; give each header once.",
    "option.header_key": (
        "--header=Authorization and the API key in {variable} both identify the client; leave one of "
        "them out."
    ),
    "option.body_no_json": (
        "--extra-request-body is no JSON ({why}); write an object, such as --extra-request-body='{{"
        '"temperature": 0.7}}\'.'
    ),
    "option.body_no_object": (
        "--extra-request-body is {kind}; write a JSON object, such as '{{\"temperature\": 0.7}}'."
    ),
    "option.body_deep": "--extra-request-body is nested deeper than {most} levels.",
    "option.body_sampling_no_object": "--extra-request-body: sampling_params is no JSON object.",
    "option.body_own": (
        "--extra-request-body sets {place}{key}, which the test sets itself: {why}. Leave it out."
    ),
    "option.ca_file": "The CA file {ca_file} cannot be used ({why}). Give a readable PEM file.",
    "option.launch_words": "The command of --launch cannot be split into words ({why}). Check its quotes.",
    "option.launch_empty": (
        "--launch has no command. An example: --launch='python -m sglang.launch_server --model-path "
        "DIR --port {{port}}'."
    ),
    "option.launch_port": (
        "The command of --launch has --port {number!r}. Give a number from 1 to 65535, or {{port}}."
    ),
    "option.launch_not_started": (
        "The command of --launch cannot be started: {command!r} ({why}). Check its first word."
    ),
    "option.url_malformed": "{shown!r} is not a URL ({why}). {want}",
    "option.url_scheme": "{shown!r} does not begin with http:// or https://. {want}",
    "option.url_host": "{shown!r} has no host. {want}",
    "option.url_query": "{shown!r} has a query or a fragment, and a base URL has none. {want}",
    "option.no_base_url": "A live test needs --base-url.",
    "option.plan_profile": "--plan={text}: {why} Or --plan=probe, which asks the server.",
    "option.plan_null": "--plan={text}: the null server has no model of a server's time; name another.",
    "option.plan_needs_server": (
        "{test_id} asks a server that is up: name it with --base-url=URL (and --baseline-url=URL), not "
        "with --launch. Without one, --plan=PROFILE has the time of a model (docs/sim.md)."
    ),
    "option.plan_no_load": "{test_id}: no test of this run sends a load, so there is nothing to ask.",
    "option.warmup_below": "--warmup-requests={warmup} is below 0; use 0 for none.",
    "option.sends_text": "{sender} sends text; leave out --prompt-form=ids.",
    "option.require_baseline": "--require-baseline needs --baseline=FILE to look into.",
    "option.auto_nothing": (
        "--repeats=auto adds repeats until a comparison is decided, and nothing is compared: name the "
        "old server with --baseline-url=URL or a file with --baseline=FILE, or give --repeats=K."
    ),
    "option.auto_history": (
        "--repeats=auto adds repeats until a comparison is decided, and beside the runs of {baseline} "
        "this run is one sample whatever its repeats: give --repeats=K, or leave it out."
    ),
    "option.budget_auto": (
        "--time-budget chooses how many pairs are added until a comparison is decided: name the old "
        "server with --baseline-url=URL or a file with --baseline=FILE and --repeats=auto, and leave "
        "out --repeats=K."
    ),
    "option.budget_sequential": (
        "--time-budget is of two servers that are measured in turns, and --one-after-the-other "
        "measures the old one before the new one is there; leave one of them out."
    ),
    "option.auto_cold": (
        "--warmup-requests=0 makes the first pair a cold one, and --repeats=auto counts it: leave it "
        "out, or give --repeats=K."
    ),
    "option.accuracy_floor": (
        "--accuracy-floor is what the answers to the questions of --accuracy-file=FILE are held to; "
        "name the file."
    ),
    "option.not_asked": (
        "No test of this run asks the questions of --accuracy-file={file}, and nothing is held to "
        "--accuracy-floor; add tests/serving/test_accuracy.py, or a test that asks for the fixture "
        "ask_questions."
    ),
    "option.same_baseline": (
        "--baseline and --save-baseline name the same file, {baseline}: a regression would become the "
        "next baseline. Save to another file, and replace the old one when the run is accepted."
    ),
    "option.history_version": "--history-version names a version in a history; it needs --history=FILE.",
    "option.capacity_alone": "{alone} is what --find-capacity measures; add --find-capacity.",
    "option.capacity_two": (
        "--capacity-grid names the loads to measure, and --capacity-range a range of them; give one of "
        "the two."
    ),
    "option.capacity_client": (
        "--find-capacity needs our own client, which can end a probe whose outcome is certain; leave "
        "out --client=bench_serving."
    ),
    "option.capacity_server": (
        "--find-capacity searches one server's limit, and --baseline-url or --baseline-launch names a "
        "second one; search each by itself, and compare the run folders."
    ),
    "option.capacity_whole": (
        "--capacity-{option}={text} counts requests in flight: give whole numbers, or --capacity-load=rate."
    ),
    "option.capacity_prompts": (
        "--num-prompts={num_prompts} is below {top:g}, the highest load of --capacity-{option}: the "
        "last run would never have as many in flight. Leave it out, or lower the range."
    ),
    "option.cluster_hosts": "--load-cluster takes its hosts from Ray; leave out {others: and }.",
    "option.hosts_command": (
        "--load-hosts={hosts:,} needs --load-command, which starts a command at one of them: "
        "--load-command='ssh {{host}}'."
    ),
    "option.command_hosts": (
        "--load-command starts load processes at hosts, and none is named: add --load-hosts=A,B."
    ),
    "option.command_quote": "--load-command={command} has a quote without an end.",
    "option.command_host": (
        "--load-command={command} has no {{host}}, so every host would be the same one: write 'ssh {{"
        "host}}', 'kubectl exec -i {{host}} --' or 'srun --overlap -w {{host}}'."
    ),
    "option.host_twice": "--load-hosts names {host} twice; --load-workers=N starts several there.",
    "option.load_python": (
        "--load-python is the Python of load hosts, and none is named: add --load-hosts or --load-cluster."
    ),
    "option.hosts_client": "{option} needs our own client; leave out --client=bench_serving.",
    "option.client_header": (
        "--client=bench_serving cannot send --header: the 0.5.7 client has no such option; leave one "
        "of them out."
    ),
    "option.client_sampling": (
        "--client=bench_serving replaces sampling_params as a whole, and with it the lengths that the "
        "test asks for: send them over /v1 (--backend=sglang-oai), where they are keys at the top, or "
        "leave out --client=bench_serving."
    ),
    "option.launches_one": "{text} is a run like any other; leave it out.",
    "option.launches_started": (
        "{text} starts each server {launches} times, and a server that runs already is one launch: "
        "give --launch=CMD, and --baseline-launch=CMD for the old one."
    ),
    "option.launches_beside": "{text} cannot be combined with {beside}; leave one of them out.",
    "option.launches_few": (
        "{text} shows too little of how launches of one version differ: own launches alone decide from "
        "--launches={least_own} on. With a stored spread fewer do: measure it once with --launches="
        "{least_stored} of the accepted version alone, {slabench} baseline launches RUN -o FILE, and "
        "give --launch-spread=FILE."
    ),
    "option.launches_repeats": (
        "{text} with --repeats=1 has no spread within a launch; measure 2 pairs a launch or more."
    ),
    "option.url_empty": (
        "--base-url (or SLABENCH_BASE_URL) is empty; give a URL such as http://127.0.0.1:30000, or "
        "sim: (embedded server)."
    ),
    "option.url_twice": "--base-url names {both}; two workers at one server would disturb each other.",
    "option.launch_no_text": "--launch is empty; give the command that starts the server.",
    "option.launch_and_sim": (
        "--launch starts a server, and --base-url={url} is the embedded one; leave one of them out."
    ),
    "option.sequential": (
        "--one-after-the-other starts the old server, measures it, ends it, and does the same with the "
        "new one: it needs --baseline-launch=CMD and --launch=CMD, and cannot be resumed."
    ),
    "option.second_server": (
        "{alone} belongs to a second server; name it with --baseline-url=URL or --baseline-launch=CMD."
    ),
    "option.baseline_empty": "{named} is empty; give the server that the new one is compared with.",
    "option.baseline_alone": (
        "{named} is the old server; name the new one with --base-url=URL or --launch=CMD."
    ),
    "option.baseline_both": "{named} and --baseline both name what to compare with; leave one of them out.",
    "option.baseline_env": (
        "--baseline-env is the environment of a server that slabench starts; it needs --baseline-launch=CMD."
    ),
    "option.baseline_launch_sim": (
        "--baseline-launch starts a server, and --baseline-url={url} is the embedded one; leave one out."
    ),
    "option.same_server": (
        "--base-url and --baseline-url name the same server, {url}: it would be compared with itself."
    ),
    "option.env_form": "{option} reads NAME=VALUE, such as {option}=CUDA_VISIBLE_DEVICES=0,1.",
    "option.env_launch": "--env is the environment of a server that slabench starts; it needs --launch=CMD.",
    "option.at_server": "{option}={url}: {why}",
    "option.server_words": (
        "The command that starts a server cannot be split into words ({why}). Check its quotes."
    ),
    "option.no_tokenizer": (
        "The prompts need a tokenizer, and the folder that the server names is not readable here: give "
        "--tokenizer=DIR (or --model=DIR){more}"
    ),
    "option.vocabulary": "--vocab-size={vocabulary} leaves no ids to draw prompts from; give the model's.",
    "option.sharegpt_output": "--sharegpt-output-len={length} is below the minimum of {least}.",
    "option.idle": "No test of this run reads {options}.",
    "option.idle_one": "{name} ({applies})",
    "option.no_url": (
        "Live tests need a server: give --base-url=URL (or SLABENCH_BASE_URL), --launch=CMD, or "
        "--base-url=sim: for the embedded one. They are not skipped without it."
    ),
    "option.unrecognized": "unrecognized arguments: {options}",
}
