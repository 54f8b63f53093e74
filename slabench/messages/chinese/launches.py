"""同一版本各次启动之间的差异，与结论一同给出。"""

MESSAGES = {
    "launches.one": (
        "ONE_LAUNCH：每侧只比较了一个服务进程{metrics}，同一版本下一次启动可能更快或更慢，重复测量看不出来{unused}。"
        "若各次启动相差 1 %（标准差），相同的服务有 3 % 会被判为 FAILED（5 对，允许 2 %）；相差 2 % 时为 16 %。"
        "请测一次启动之间的离散程度：用 --launch=CMD 运行 8 次，然后 slabench baseline launches RUN ... -o FILE，再给出 "
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
}
