"""Options as other clients spell them, and near misses of ours."""

MESSAGES = {
    "spelling.not_here": "--{name} is not an option here: {explanation}.",
    "spelling.meant": "--{name} is not an option here: did you mean {names: or }?",
    "spelling.host_port": "{part} is not an option here: write --base-url=http://{host}:{port}.",
    "spelling.goodput": "--goodput reads its limits as one value: write --goodput={limits:,}.",
    "spelling.write": "write {words}",
    "spelling.header": "write --header=NAME:VALUE, once for each",
    "spelling.backend": "write {backends: or }",
    "spelling.percentiles": (
        "every metric has mean, p50, p90, p95, p99, min, max and std in run.json; judge one with "
        "--slo='ttft.p95<=2000'"
    ),
    "spelling.folder": (
        "every run has its folder with run.json; --bench-serving-jsonl=FILE adds bench_serving's rows"
    ),
    "spelling.records": "the run folder's requests.jsonl.gz has every request",
    "spelling.append": "--bench-serving-jsonl=FILE appends a row for every test",
    "spelling.burstiness": "arrivals are a Poisson process (burstiness 1), or --arrivals=constant",
    "spelling.ignore_eos": (
        "every request asks for ignore_eos, since an answer must have the length asked for"
    ),
    "spelling.stream": "TTFT and TPOT need a stream; every request asks for one",
    "spelling.progress": "write --progress=off",
    "spelling.flush": "the prefix cache is flushed before every test; --no-flush-cache leaves that out",
    "spelling.chat": "write --backend=sglang-oai-chat, with which the server applies it",
    "spelling.ids": "write --prompt-form=ids",
    "spelling.served_name": "the server reports it; no option is needed",
    "spelling.sampling": (
        'write --extra-request-body=\'{{"sampling_params": {{"{key}": {value}}}}}\' (of /v1: \'{{"'
        "{key}\": {value}}}')"
    ),
    "spelling.lora": 'write --extra-request-body=\'{{"lora_path": "NAME"}}\'',
    "spelling.api_key": (
        "put the key into the environment variable SLABENCH_API_KEY (--api-key-env names another)"
    ),
    "spelling.ready": "--launch-timeout=S is how long a server that --launch starts may take",
    "spelling.insecure": "name the certificate authority with --ca-file=FILE",
    "spelling.duration": "a test sends --num-prompts requests, however long they take",
    "spelling.profile": "profile the server itself; a run that is profiled is no measurement",
    "spelling.tag": (
        "run.json has the command line and the server, and a row of --bench-serving-jsonl has the test's id "
        "as its tag; --history-version=NAME names the run in --history=FILE"
    ),
    "spelling.pd": "a deployment of prefill and decode servers is known by what its router reports",
    "spelling.gsp": (
        "generated-shared-prefix is no data set here, since a prefix cache that answers makes a run INVALID; "
        "write --dataset-name=random"
    ),
    "spelling.ramp": "a test keeps its rate; --find-capacity looks for the highest that holds",
    "spelling.rust": "the client here takes more processes as a load needs them; --load-workers=N sets them",
    "spelling.slos": "write one --slo='tpot.mean<=50' for each objective",
}
