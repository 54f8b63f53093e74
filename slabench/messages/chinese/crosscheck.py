"""两个客户端并排比较：差异从何而来。"""

_SHARED = "{prompts} 条 prompt 中有 {alike} 条与另一条共享最多 {tokens} 个 token 的开头（按服务端计数：文本最多 {longest} 个 token）"
_CACHED = "如果它们没有在同一批中 prefill，这部分就会由 prefix cache 命中，该次运行为 INVALID"
MESSAGES = {
    "crosscheck.alike_random_ids": (
        f"{_SHARED}，小词表的 random-ids 可能如此。{_CACHED}：请用 --dataset-path=FILE 提供互不相同的文本。"
    ),
    "crosscheck.alike_texts": f"{_SHARED}，该数据集的文本可能如此。{_CACHED}：请换一个 --seed 重新抽取。",
    "crosscheck.few_prompts": (
        "--num-prompts={wanted} 超出了 {path} 能提供的 {prompts} 条 prompt；请减少数量，或换更大的数据集。"
    ),
    # 每一行的差异是什么
    "crosscheck.definition": "定义不同（{why}）",
    "crosscheck.client": "bench_serving 的客户端（{why}）",
    "crosscheck.equal": "相等",
    "crosscheck.noise": "噪声",
    "crosscheck.missing": "并非两个客户端都上报",
    "crosscheck.one_round": "只有一轮，没有噪声可供对照",
    "crosscheck.no_noise": "各轮没有差异，没有噪声可供对照",
    "crosscheck.legend": (
        "定义：同一批记录上，我们的公式与 bench_serving 公式之差。客户端：bench_serving 的公式用在我们客户端的记录上，与 bench_serving "
        "自己的客户端所得指标之差。"
    ),
    # bench_serving 的定义，及其客户端带来的偏差
    "crosscheck.tpot": "它计时到 [DONE]，并除以 n - 1",
    "crosscheck.ttft": "它在建立连接之前就开始计时",
    "crosscheck.itl": "它只统计带文本的事件",
    "crosscheck.e2el": "它在建立连接之前开始计时，到 [DONE] 结束",
    "crosscheck.duration": "它计时到 GET /get_server_info 返回为止",
    "crosscheck.rate": "它的时长包含 GET /get_server_info",
    "crosscheck.total": "它的时长包含 GET /get_server_info，输入按期望长度计",
    "crosscheck.peak": "它统计与某一秒有交集的请求",
    "crosscheck.parsing": "它在每个事件到达时都要解析迄今的全部文本",
    "crosscheck.connecting": "它为每个请求新建连接，并在每个事件到达时解析迄今的全部文本",
    "crosscheck.same_peak": "同样的多计",
    "crosscheck.invalid": "INVALID：第 {number} 轮，{name}：{check}：{text}{remedy}{cause}",
    "crosscheck.cause": "{text}",
    "crosscheck.round": "第 {number} 轮，共 {rounds} 轮：{name}：TPOT {tpot} ms",
    "crosscheck.head": "slabench 与 {name} 交替进行，各 {rounds} 次：{load}",
    "crosscheck.load": "{prompts} 个 prompt（{dataset}），{lengths}，请求速率 {rate}，并发 {cap}",
    "crosscheck.lengths": "输入 {low}{input} token，输出 {low}{output}",
    "crosscheck.low": "{ratio:g} 倍长度至 ",
    "crosscheck.own_lengths": "长度取自对话本身",
    "crosscheck.not_limited": "不限",
}
