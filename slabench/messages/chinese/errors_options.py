"""被拒绝的命令行选项。"""

MESSAGES = {
    "option.client_missing": "--client=bench_serving 需要装有 sglang 的 Python，而 {path} 不存在；{remedy}。",
    "option.client_broken": "{path} 无法运行（{why}）；{remedy}。",
    "option.client_without_sglang": "{path} 没有 sglang.bench_serving（{why}）；{remedy}。",
    "option.client_sends_text": "--client=bench_serving 发送文本；请去掉 --prompt-form=ids。",
    "option.client_arrivals": (
        "--client=bench_serving 只按 Poisson 过程发送请求；请去掉 --arrivals=constant。"
    ),
    "option.client_remote_code": (
        "bench_serving 会运行 {tokenizer}/{name} 指定的代码；--trust-remote-code 允许这样做，"
        "--client=slabench 不会运行它。"
    ),
    "option.body_sampling": (
        "--extra-request-body 含有 sampling_params，而 --backend={backend} 不读取它：请把其中的键写在最"
        "外层，例如 '{{\"temperature\": 0.7}}'。"
    ),
    "option.body_top": (
        "--extra-request-body 的最外层含有 {keys}，而 {path} 不在那里读取它们：请写成 '{{"
        '"sampling_params": {written}}}\'。'
    ),
    "option.url_user": "--base-url 中含有用户名；请把 API key 放入 SLABENCH_API_KEY。",
    "option.dataset_missing": "--dataset-path={path} {why}；请给出 ShareGPT_V3 的 JSON 文件。{sharegpt}",
    "option.dataset_needed": (
        "--dataset-name={name} 需要 --dataset-path=FILE，即 ShareGPT_V3 的 JSON 文件。{sharegpt}"
    ),
    "option.allow_unknown": "--allow={unknown:,} 不是有效性检查的名称。{hint}全部检查：{checks}。",
    "option.allow_diff_unknown": (
        "--allow-diff={unknown:,} 不是参与比较的内容。{hint}请写 {sections}，或其中的键，例如 model.dtype。"
    ),
    "option.no_folder": "--{option}={value} 在本机不是文件夹；请给出存放模型 tokenizer 文件的文件夹。",
    "option.no_root": (
        "{option} 以 {endpoint} 结尾，而各接口路径会加在它后面：请给出服务的根地址 {option}={root}{backend}。"
    ),
    "option.unwritable": "{option}={path} 无法写入：它所在的文件夹必须存在，且它本身不能是文件夹。",
    "option.api_key": "{name} 中的 API key 含有 HTTP 头不能携带的字符。",
    "option.value": "{text!r} 不可用（{why}）；应为：{what}。",
    "option.no_live_test": "没有选中任何需要服务的测试：请写 tests/ali、tests/serving 或 tests/tencent。",
    "option.launches_xdist": "--launches 在一个进程中依次测量各次启动；请去掉 -n。",
    "option.resume_xdist": "--resume={resume} 在本进程中继续一次运行；请去掉 -n。",
    "option.workers_at_one": (
        "-n {count} 会让 {count} 个 worker 同时对{servers}施压，各自测到的都含有其他 worker 的负载；"
        "对需要服务的测试请去掉 -n（或用 -n 0），或给出同样多的服务：--base-url=A --base-url=B -n 2。"
    ),
    "option.several_servers": (
        "--base-url 给出了 {urls} 个服务，而一个进程只测量一个；-n {urls} 可把测试分布到它们上面。要比"
        "较两个服务，请用 --baseline-url 给出旧的那个。"
    ),
    "option.baseline_xdist": "基线服务与新服务在一个进程中交替测量；请去掉 -n。",
    "option.quick_xdist": "--gate=quick 按一个服务所需的时间设定长度，在一个进程中进行；请去掉 -n。",
    "option.budget_xdist": "--time-budget 由一个进程掌握；请去掉 -n。",
    "option.launch_xdist": "--launch 启动一个服务；请去掉 -n。",
    "option.logs_of_servers": (
        "有 {urls} 个服务，而 --deploy-log 给出了 {logs} 个日志；请按 --base-url 的顺序为每个服务给出一个。"
    ),
    "option.another_server": "--base-url={different} 与 {first} 不是同一种服务：{remedy}",
    "option.one_process": "{names:和} {remedy}",
    "option.another_deployment": (
        "{url} 与 {name} 的部署不同（{differ:；}）：测试只能分布在相同的服务上。要比较两个服务，请用 "
        "--baseline-url 给出旧的那个。"
    ),
    "option.value_not_joined": (
        "{problem}：选项的值必须用 = 与选项连在一起，且测试路径写在最前面。请写：{command}"
    ),
    "option.no_test_named": (
        "给出了服务，但没有给出测试：请先写测试，例如 pytest tests/tencent --base-url=URL（或 tests/ali"
        "、tests/serving）。"
    ),
    "option.loop_on_fail": "-f（pytest-xdist 的 --looponfail）会反复运行失败的测试直到通过。{remedy}",
    "option.runs_again": "{cause} 会再次运行需要服务的测试。{remedy}",
    "option.header_form": (
        "--header 的形式是 NAME:VALUE，例如 --header='X-Tenant: a'；这一个在冒号前没有名称。"
    ),
    "option.header_value": "--header={name}：它的值为空，或含有 HTTP 头不能携带的字符。",
    "option.header_own": "--header={name} 由 slabench 自己设置，它说明请求如何发送；请去掉它。",
    "option.header_twice": "--header 两次给出 {name}；每个头只给一次。",
    "option.header_key": (
        "--header=Authorization 和 {variable} 中的 API key 都用于标识客户端；请去掉其中之一。"
    ),
    "option.body_no_json": (
        "--extra-request-body 不是 JSON（{why}）；请写一个对象，例如 --extra-request-body='{{"
        '"temperature": 0.7}}\'。'
    ),
    "option.body_no_object": (
        "--extra-request-body 是{kind}；请写一个 JSON 对象，例如 '{{\"temperature\": 0.7}}'。"
    ),
    "option.body_deep": "--extra-request-body 的嵌套超过 {most} 层。",
    "option.body_sampling_no_object": "--extra-request-body：sampling_params 不是 JSON 对象。",
    "option.body_own": "--extra-request-body 设置了 {place}{key}，而它由测试自己设置：{why}。请去掉它。",
    "option.ca_file": "CA 文件 {ca_file} 无法使用（{why}）。请给出可读的 PEM 文件。",
    "option.launch_words": "--launch 的命令无法拆分为单词（{why}）。请检查其中的引号。",
    "option.launch_empty": (
        "--launch 没有命令。例如：--launch='python -m sglang.launch_server --model-path DIR --port {{"
        "port}}'。"
    ),
    "option.launch_port": "--launch 的命令中有 --port {number!r}。请给出 1 到 65535 之间的数，或 {{port}}。",
    "option.launch_not_started": "--launch 的命令无法启动：{command!r}（{why}）。请检查它的第一个词。",
    "option.url_malformed": "{shown!r} 不是 URL（{why}）。{want}",
    "option.url_scheme": "{shown!r} 不以 http:// 或 https:// 开头。{want}",
    "option.url_host": "{shown!r} 没有主机名。{want}",
    "option.url_query": "{shown!r} 带有查询参数或片段，而基础 URL 不能有。{want}",
    "option.no_base_url": "需要服务的测试必须有 --base-url。",
    "option.plan_profile": "--plan={text}：{why}或用 --plan=probe 询问服务。",
    "option.plan_null": "--plan={text}：空服务没有服务耗时的模型；请换一个。",
    "option.plan_needs_server": (
        "{test_id} 需要正在运行的服务：请用 --base-url=URL（以及 --baseline-url=URL）给出，而不是用 "
        "--launch。没有服务时，--plan=PROFILE 按模型给出时间（docs/sim.md）。"
    ),
    "option.plan_no_load": "{test_id}：本次运行的测试都不施压，因此没有可询问的。",
    "option.warmup_below": "--warmup-requests={warmup} 小于 0；用 0 表示不预热。",
    "option.sends_text": "{sender} 发送文本；请去掉 --prompt-form=ids。",
    "option.require_baseline": "--require-baseline 需要 --baseline=FILE 才能查找基线。",
    "option.auto_nothing": (
        "--repeats=auto 会不断增加轮次，直到比较有结论，而现在没有可比较的：请用 --baseline-url=URL 给"
        "出旧服务，或用 --baseline=FILE 给出文件，或改用 --repeats=K。"
    ),
    "option.auto_history": (
        "--repeats=auto 会不断增加轮次，直到比较有结论，而与 {baseline} 的各次运行比较时，本次运行无论"
        "多少轮都只算一个样本：请改用 --repeats=K，或去掉它。"
    ),
    "option.budget_auto": (
        "--time-budget 决定在比较有结论之前可以增加多少对：请用 --baseline-url=URL 给出旧服务，或用 "
        "--baseline=FILE 给出文件并加 --repeats=auto，且不要用 --repeats=K。"
    ),
    "option.budget_sequential": (
        "--time-budget 针对交替测量的两个服务，而 --one-after-the-other 在新服务出现之前先测旧服务；请"
        "去掉其中之一。"
    ),
    "option.auto_cold": (
        "--warmup-requests=0 会使第一对没有预热，而 --repeats=auto 会把它计入：请去掉它，或改用 --repeats=K。"
    ),
    "option.accuracy_floor": (
        "--accuracy-floor 是 --accuracy-file=FILE 中问题的答案要达到的下限；请给出该文件。"
    ),
    "option.not_asked": (
        "本次运行没有测试提出 --accuracy-file={file} 中的问题，--accuracy-floor 也就不约束任何结果；请加上 "
        "tests/serving/test_accuracy.py，或一个使用 fixture ask_questions 的测试。"
    ),
    "option.same_baseline": (
        "--baseline 和 --save-baseline 是同一个文件 {baseline}：性能回归会成为下一个基线。请保存到另一"
        "个文件，接受该运行之后再替换旧文件。"
    ),
    "option.history_version": "--history-version 给出历史中的版本；它需要 --history=FILE。",
    "option.capacity_alone": "{alone} 只用于 --find-capacity；请加上 --find-capacity。",
    "option.capacity_two": (
        "--capacity-grid 给出要测的各个负载，--capacity-range 给出负载的范围；请只用其中之一。"
    ),
    "option.capacity_client": (
        "--find-capacity 需要自带的客户端，它能提前结束结果已定的探测；请去掉 --client=bench_serving。"
    ),
    "option.capacity_server": (
        "--find-capacity 查找一个服务的极限，而 --baseline-url 或 --baseline-launch 给出了第二个；请分"
        "别查找，再比较两次运行的文件夹。"
    ),
    "option.capacity_whole": (
        "--capacity-{option}={text} 是在途请求数：请给出整数，或用 --capacity-load=rate。"
    ),
    "option.capacity_prompts": (
        "--num-prompts={num_prompts} 小于 --capacity-{option} 的最高负载 {top:g}：最后一次探测永远达不"
        "到那么多在途请求。请去掉它，或缩小范围。"
    ),
    "option.cluster_hosts": "--load-cluster 的主机来自 Ray；请去掉 {others:和}。",
    "option.hosts_command": (
        "--load-hosts={hosts:,} 需要 --load-command，即在某台主机上启动命令的方式：--load-command='ssh "
        "{{host}}'。"
    ),
    "option.command_hosts": "--load-command 在各主机上启动施压进程，而没有给出主机：请加 --load-hosts=A,B。",
    "option.command_quote": "--load-command={command} 有未闭合的引号。",
    "option.command_host": (
        "--load-command={command} 中没有 {{host}}，所有主机都会是同一台：请写 'ssh {{host}}'、'kubectl "
        "exec -i {{host}} --' 或 'srun --overlap -w {{host}}'。"
    ),
    "option.host_twice": "--load-hosts 两次给出 {host}；--load-workers=N 可在一台主机上启动多个进程。",
    "option.load_python": (
        "--load-python 是施压主机上的 Python，而没有给出主机：请加 --load-hosts 或 --load-cluster。"
    ),
    "option.hosts_client": "{option} 需要自带的客户端；请去掉 --client=bench_serving。",
    "option.client_header": (
        "--client=bench_serving 无法发送 --header：0.5.7 的客户端没有这个选项；请去掉其中之一。"
    ),
    "option.client_sampling": (
        "--client=bench_serving 会整个替换 sampling_params，测试要求的长度也随之丢失：请经 /v1 发送（"
        "--backend=sglang-oai），那里它们是最外层的键，或去掉 --client=bench_serving。"
    ),
    "option.launches_one": "{text} 与普通的运行没有区别；请去掉它。",
    "option.launches_started": (
        "{text} 会把每个服务启动 {launches} 次，而已在运行的服务只是一次启动：请给出 --launch=CMD，旧服"
        "务用 --baseline-launch=CMD。"
    ),
    "option.launches_beside": "{text} 不能与 {beside} 同时使用；请去掉其中之一。",
    "option.launches_few": (
        "{text} 太少，看不出同一版本各次启动之间的差异：仅凭本次的启动，至少要 --launches={least_own}。"
        "有已存的离散程度时可以更少：请用已接受的版本单独以 --launches={least_stored} 测一次，然后 "
        "{slabench} baseline launches RUN -o FILE，并给出 --launch-spread=FILE。"
    ),
    "option.launches_repeats": "{text} 加 --repeats=1 时，一次启动之内没有离散程度；请每次启动至少测 2 对。",
    "option.url_empty": (
        "--base-url（或 SLABENCH_BASE_URL）为空；请给出 URL，例如 http://127.0.0.1:30000，或 sim:（内置"
        "模拟服务）。"
    ),
    "option.url_twice": "--base-url 给出了{both}；两个 worker 在同一个服务上会互相干扰。",
    "option.launch_no_text": "--launch 为空；请给出启动服务的命令。",
    "option.launch_and_sim": "--launch 启动一个服务，而 --base-url={url} 是内置模拟服务；请去掉其中之一。",
    "option.sequential": (
        "--one-after-the-other 先启动旧服务，测量它，结束它，再对新服务做同样的事：它需要 "
        "--baseline-launch=CMD 和 --launch=CMD，且不能续跑。"
    ),
    "option.second_server": (
        "{alone} 属于第二个服务；请用 --baseline-url=URL 或 --baseline-launch=CMD 给出它。"
    ),
    "option.baseline_empty": "{named} 为空；请给出与新服务比较的服务。",
    "option.baseline_alone": "{named} 是旧服务；请用 --base-url=URL 或 --launch=CMD 给出新服务。",
    "option.baseline_both": "{named} 和 --baseline 都给出了比较的对象；请去掉其中之一。",
    "option.baseline_env": "--baseline-env 是 slabench 启动的服务的环境变量；它需要 --baseline-launch=CMD。",
    "option.baseline_launch_sim": (
        "--baseline-launch 启动一个服务，而 --baseline-url={url} 是内置模拟服务；请去掉其中之一。"
    ),
    "option.same_server": "--base-url 和 --baseline-url 是同一个服务 {url}：等于与自身比较。",
    "option.env_form": "{option} 的形式是 NAME=VALUE，例如 {option}=CUDA_VISIBLE_DEVICES=0,1。",
    "option.env_launch": "--env 是 slabench 启动的服务的环境变量；它需要 --launch=CMD。",
    "option.at_server": "{option}={url}：{why}",
    "option.server_words": "启动服务的命令无法拆分为单词（{why}）。请检查其中的引号。",
    "option.no_tokenizer": (
        "生成 prompt 需要 tokenizer，而服务上报的文件夹在本机无法读取：请给出 --tokenizer=DIR（或 "
        "--model=DIR）{more}"
    ),
    "option.vocabulary": "--vocab-size={vocabulary} 没有留下可用于生成 prompt 的 id；请给出模型的词表大小。",
    "option.sharegpt_output": "--sharegpt-output-len={length} 小于最小值 {least}。",
    "option.idle": "本次运行没有测试读取 {options}。",
    "option.idle_one": "{name}（{applies}）",
    "option.no_url": (
        "这些测试需要服务：请给出 --base-url=URL（或 SLABENCH_BASE_URL）、--launch=CMD，或用 "
        "--base-url=sim: 使用内置模拟服务。没有服务时不会跳过它们。"
    ),
    "option.unrecognized": "无法识别的参数：{options}",
}
