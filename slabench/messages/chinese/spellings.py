"""其他客户端的选项写法，以及与我们的选项相近的写法。"""

MESSAGES = {
    "spelling.not_here": "这里没有选项 --{name}：{explanation}。",
    "spelling.meant": "这里没有选项 --{name}：您要的是不是 {names: 或 }？",
    "spelling.host_port": "这里没有选项 {part}：请写 --base-url=http://{host}:{port}。",
    "spelling.goodput": "--goodput 的各个限值是一个值：请写 --goodput={limits:,}。",
    "spelling.write": "请写 {words}",
    "spelling.header": "请写 --header=NAME:VALUE，每个头一次",
    "spelling.backend": "请写 {backends: 或 }",
    "spelling.percentiles": (
        "run.json 中每个指标都有 mean、p50、p90、p95、p99、min、max 和 std；要判定其中一个，请用 "
        "--slo='ttft.p95<=2000'"
    ),
    "spelling.folder": (
        "每次运行都有含 run.json 的文件夹；--bench-serving-jsonl=FILE 会追加 bench_serving 的行"
    ),
    "spelling.records": "运行文件夹中的 requests.jsonl.gz 有每个请求",
    "spelling.append": "--bench-serving-jsonl=FILE 为每个测试追加一行",
    "spelling.burstiness": "到达是 Poisson 过程（burstiness 为 1），或用 --arrivals=constant",
    "spelling.ignore_eos": "每个请求都带 ignore_eos，因为响应的长度必须与要求一致",
    "spelling.stream": "TTFT 和 TPOT 需要流式响应；每个请求都要求流式",
    "spelling.progress": "请写 --progress=off",
    "spelling.flush": "每个测试之前都会清空前缀缓存；--no-flush-cache 可略去",
    "spelling.chat": "请写 --backend=sglang-oai-chat，由服务应用模板",
    "spelling.ids": "请写 --prompt-form=ids",
    "spelling.served_name": "由服务上报；不需要选项",
    "spelling.sampling": (
        '请写 --extra-request-body=\'{{"sampling_params": {{"{key}": {value}}}}}\'（/v1 写 \'{{"{key}'
        "\": {value}}}'）"
    ),
    "spelling.lora": '请写 --extra-request-body=\'{{"lora_path": "NAME"}}\'',
    "spelling.api_key": "请把 key 放入环境变量 SLABENCH_API_KEY（--api-key-env 可指定另一个变量）",
    "spelling.ready": "--launch-timeout=S 是 --launch 启动的服务可用的时间",
    "spelling.insecure": "请用 --ca-file=FILE 给出证书颁发机构",
    "spelling.duration": "一个测试发送 --num-prompts 个请求，不论花多长时间",
    "spelling.profile": "请对服务本身做性能剖析；被剖析的运行不是测量",
    "spelling.tag": (
        "run.json 中有命令行和服务，--bench-serving-jsonl 的行以测试 id 为 tag；--history-version=NAME 为 "
        "--history=FILE 中的本次运行命名"
    ),
    "spelling.pd": "由 prefill 和 decode 服务组成的部署由其路由器的上报识别",
    "spelling.gsp": (
        "这里没有数据集 generated-shared-prefix，因为由前缀缓存应答的运行是 INVALID；请写 --dataset-name=random"
    ),
    "spelling.ramp": "一个测试期间速率不变；--find-capacity 会寻找仍满足目标的最高速率",
    "spelling.rust": "这里的客户端按负载需要增加进程；--load-workers=N 可指定其数量",
    "spelling.slos": "每个目标各写一个 --slo='tpot.mean<=50'",
}
