"""有效性检查的公共说法，以及多个检查共用的处理办法。"""

MESSAGES = {
    "check.allowed": "{check}已由 --allow 放行。",
    # 一个测试的多次施压：最差一次的检查，以及是哪一次
    "load.check": "{load}{more}：{check}",
    "load.repeat": "第 {repeat} 轮（共 {repeats} 轮）",
    "load.at_most": "第 {repeat} 轮（最多 {repeats} 轮）",
    "load.pair": "第 {repeat} 对（最多 {repeats} 对）",
    "load.baseline_pair": "基线服务，第 {repeat} 对（最多 {repeats} 对）",
    "load.row": "第 {row} 行（共 {rows} 行）",
    "load.new": "新服务",
    "load.baseline": "基线服务",
    "load.baseline_repeat": "基线服务，第 {repeat} 轮（共 {repeats} 轮）",
    "load.more": "（{loads} 次施压中另有 {more} 次也是如此）",
    # 其他客户端或其结果行没有上报的内容
    "reported.row": "结果行",
    "client.unreported": "{source} 没有上报客户端自身的繁忙程度。",
    "finish_reason.unreported": "{source} 没有上报响应的结束原因。",
    "flush.unreported": "{source} 没有上报运行前是否清空了缓存。",
    "prefix_cache.unreported": "{source} 没有上报有多少 prompt token 命中了缓存。",
    "retraction.unreported": "{source} 没有上报请求被 retract 的次数。",
    "same_server.unreported": "{source} 没有上报是哪个进程作出的响应。",
    "token_counts.unreported": "{source} 没有上报流中的 token 计数。",
    "log_agrees.without_log": "没有部署日志可用来核对客户端的 TPOT。",
    # 处理办法
    "remedy.use_own_client": "请使用 --client=slabench，它会记录这些信息。",
    "remedy.measure_again": "请用 slabench 重新测量，它会记录这些信息。",
    "remedy.give_log": "请用 --deploy-log=FILE 传入服务日志，或用 --launch=CMD 让 slabench 启动服务。",
    "remedy.one_server": "请一次只测一个服务，不要经过会自行应答的代理。",
    "remedy.server_log": "请查看服务端日志；只要有请求失败，就无法下结论。",
}
