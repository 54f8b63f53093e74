"""同一版本各次启动之间的差异，与结论一同给出。"""

MESSAGES = {
    "launches.one": (
        "ONE_LAUNCH：每侧只比较了一个服务进程{metrics}，同一版本下一次启动可能更快或更慢，重复测量看不出来{unused}。"
        "请测一次启动之间的离散程度：--launches=8，然后 {slabench} baseline launches RUN -o FILE，再给出 "
        "--launch-spread=FILE。"
    ),
    "launches.of": "（{metrics}）",
    "launches.unused": "（{why}）",
    "launches.stored": (
        "区间中已含同一版本各次启动之间的差异：来自 {source} 中 {launches} 次启动的离散程度，自由度为 {freedom}。"
    ),
    "launches.own": "按每侧 {launches} 次启动的均值比较：区间中已含各次启动之间的差异。",
    "launches.no_spread": "{file} 没有这个测试的启动离散程度",
    "launches.differs": "{file} 中的启动离散程度属于另一个部署或负载：{differences:; }",
    "launches.not_measured": "第 {number} 次启动没有测这个测试",
    "launches.invalid": "第 {number} 次启动：{line}",
    "launches.repeats": "第 {number} 次启动中这个测试的重复次数不同",
    "launches.too_few": (
        "每侧 {launches} 次启动不足以单独下结论（需要 {least} 次），又没有存储的启动离散程度：{why}"
    ),
    "launches.row": "第 {number} 次启动：{new}{old}。",
    "launches.server": "{utc} 启动，{ready_s:.0f} s 后就绪{seed}{caches}{clocks}",
    "launches.unstarted": "不是由 slabench 启动",
    "launches.baseline": "；基线服务 {server}",
    "launches.seed": "，random_seed（随机种子）{seed}",
    "launches.caches_cold": "，编译内核的缓存是冷的",
    "launches.caches_warm": "，编译内核的缓存是热的",
    "launches.clocks": "，GPU 时钟 {clocks:, } MHz",
}
