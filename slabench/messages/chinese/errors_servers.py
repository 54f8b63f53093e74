"""无法访问、启动或询问的服务。"""

MESSAGES = {
    "reach.not_ready": (
        "{url} 在 {deadline_s:g} s 后仍未就绪：{obstacle}请查看服务的日志，或用 --launch-timeout 给出更"
        "长时间。"
    ),
    "reach.no_json": "{url} 应答 {status}，内容是{what}。{check_url}",
    "reach.redirects": ("{url} 应答 {status}，并重定向到 {location}。不跟随重定向：请给出最终地址。"),
    "reach.too_long": "{url} 发送的内容超过 {mib} MiB。{check_url}",
    "reach.no_info": "{url} 对 {paths:和} 应答 {status}，内容是{kind}。{only_sglang}",
    "reach.other_json": "{url} 应答的 JSON 不是 SGLang 的 server_info。{only_sglang}",
    "reach.refused": "{url} 应答 {status}：{why}",
    "reach.launched_ended": "启动的服务在就绪之前{how} {status}。它的命令：{command}\n{log_end}",
    "reach.launched_not_ready": "{why}{no_port}\n{end}",
    "reach.no_port": (
        "127.0.0.1 上从 {first} 到 {last} 没有空闲的端口可供启动服务；请在命令中指定一个：--port 31000。"
    ),
    "reach.port_taken": (
        "另一个进程正在监听 {url}，测到的会是它而不是启动的服务。请停止它，或为命令换一个端口：--port "
        "{{port}} 会取空闲的端口。"
    ),
    "reach.scoring_no_output": "{url}：响应有 output_ids 而没有 output_token_logprobs。",
    "reach.scoring_no_vocabulary": "{url}：响应没有 top_logprobs_num 所要求个数的 output_top_logprobs。",
    "reach.scoring_other_input": "{url}：input_token_logprobs 不属于发送的 token。",
    "reach.scoring_status": "{url} 应答 {status}：{excerpt}。",
    "reach.plan_request": (
        "{test_id}：一个 {length} token 的请求失败（{why}）；请先处理服务的问题（{slabench} doctor 会检查"
        "更多）。"
    ),
    "reach.launched_gone": "启动的{name}已退出；它的日志末尾在 {path}。",
    "reach.baseline_server": "基线服务（{option}）：{why}",
    "reach.one_process": (
        "--base-url={new} 和 --baseline-url={old} 指向同一个服务进程（random_seed {random_seed}）：对其"
        "中一个施压会影响另一个。请给出旧服务自己的地址。"
    ),
}
