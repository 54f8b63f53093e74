"""log、baseline、history 和 bisect 的输出。"""

MESSAGES = {
    # 列名
    "column.file": "文件",
    "column.tests": "测试数",
    "column.repeats": "轮数",
    "column.model_hardware": "模型与硬件",
    "column.source": "来源",
    "column.mean": "均值",
    "column.spread": "离散",
    "column.version": "版本",
    "column.runs": "运行次数",
    "column.first": "首次",
    "column.last": "末次",
    "column.failed_runs": "FAILED 次数",
    "column.accepted": "已接受",
    "column.spread_of_runs": "各次运行的离散",
    "column.probe": "探测",
    "column.pairs": "对数",
    "column.standing": "结论",
    "column.why": "原因",
    "column.q1": "q1",
    "column.q3": "q3",
    "column.tpot_mean": "均值",
    "column.tpot": "TPOT ms",
    "column.accept_length": "接受长度",
    # slabench baseline
    "baseline.no_file": "文件夹 {folder} 中没有 *.json 文件，因此没有基线。",
    "baseline.unreadable": "无法读取",
    "baseline.of": "{model}，{gpu}",
    "baseline.nothing_recorded": "没有任何记录，因此不做比较",
    "baseline.recorded": "{section}：{values}",
    "baseline.rules": "可以不同：{may}；不可以不同：{may_not}，除非 {unless}。",
    "baseline.one_run": "一轮",
    "baseline.missing_in": "{where}缺失",
    "baseline.every_repeat": "每一轮",
    "baseline.floor": "下限",
    "baseline.none_of_run": "没有写入基线：{run} 中没有任何测试有效。",
    "baseline.none_of_parts": "没有写入基线：这些运行中没有任何测试有效。",
    "baseline.saved": "已把 {tests} 个测试的基线写入 {file}。",
    "baseline.removed": "因属于其他硬件、模型或服务而被移除：{tests}。",
    "baseline.merged": "已把 {tests} 个测试、最多 {repeats} 轮的基线写入 {file}。",
    # slabench history
    "history.runs": "{file}：{runs} 次运行{dates}。",
    "history.dates": "，{first} 至 {last}",
    "history.simulated": "SIMULATED：内置模拟服务的运行，不是 GPU。",
    "history.accepted_runs": "{runs} 次",
    "history.versions": "版本",
    "history.changes": "变化",
    "history.title": "历史 {file}",
    "history.failed": "FAILED，但测量有效：{runs}。",
    "baseline.failed_taken": "{run}：以下测试 FAILED，因运行有效仍被采用：{tests}。",
    "baseline.questions": "{questions} 个问题",
    "history.too_few": "还没有任何序列达到 {least} 次运行，因此未查找变化。",
    "history.rule": (
        "最大 CUSUM 的置换检验，共查找 {series} 个至少 {least} 次运行的序列：出现任何虚假变化的概率为 {alpha:.0%}（Holm）"
    ),
    "history.no_change": "没有发现变化（{rule}）。",
    "history.changes_by": "变化（{rule}）：",
    "history.change": (
        "{test}：{metric:metric} {change_pct:+.1f}%（{way}），从运行 {run} 起（{date}，{versions}）；之前 {before} 次运行，之后 "
        "{after} 次，p = {p:.2g}"
    ),
    "history.worse": "变差",
    "history.better": "变好",
    # slabench bisect
    "bisect.effort": "{probes} 次探测，启动 {launches} 次，列表中有 {versions} 个版本",
    "bisect.labels": "各次运行的标签：{labels}。",
    "bisect.found": "{slower} 是第一个确定变慢的版本；{not_slower} 没有变慢（{effort}）。",
    "bisect.unresolved": (
        "INVALID：{slower} 确定变慢，{not_slower} 没有变慢；其间的 {unresolved} 无法得出结论，因此其中任何一个都可能是第一个（{effort}）。"
        "请以更大的 --repeats 和另一个 --state 测量它们。"
    ),
    # slabench log
    "log_file.lines": "{file}：共 {lines} 行，Decode {decode} 行，Prefill {prefill} 行；无法读取：{rejected}",
    "log_file.events": "  事件：{events}",
    "log_file.example": "  无法读取：{line}",
    "log_file.none": "无",
    "log_file.counted_once": "只计一次：batch 行的副本 {copies} 条，重复的事件 {repeats} 个。",
    "log_file.capacity": "容量：{sizes}",
    "log_file.left_out": "未计入无干扰各列：{causes}。",
    "log_file.schedulers": "{schedulers} 个调度器",
    "log_file.seen": "{seen} 个调度器的 Decode 行{ranks}",
    "log_file.ranks": "（{ranks}）",
    "log_file.reported": "{lines}，日志开头报告共 {schedulers} 个",
    "log_file.at_least": "{lines}；按其编号，至少有 {schedulers} 个",
    "log_file.gpus_unknown": "{schedulers}；GPU 数未知（--decode-gpu-num）。",
    "log_file.gpus": "{schedulers}；每行对应 {gpus:g} {unit}{unsure}。",
    "log_file.gpu": "GPU",
    "log_file.several_gpus": "GPU",
    "log_file.unsure": "（若共 {schedulers} 个）",
    "log_file.unreadable": "这些日志中没有可以读取的 Decode 行；如上所示，有 {lines} 条 batch 行未计入。",
    "log_file.prefill_node": (
        "这些日志有 {lines} 条 Prefill 行，没有 Decode 行：这是 prefill 节点的日志吗？请给出 decode 节点的日志。"
    ),
    "log_file.no_batch": "这些日志属于一个服务，但没有 batch 行：写日志期间它没有处理请求，或不打印这些行。",
    "log_file.no_server": "这些日志中没有 SGLang 服务的行：请确认它们是服务自身的输出。",
    "history.accepted_now": (
        "已接受 {path} 中的 {version}：--baseline={prefix}{path} 与它到目前为止的最后 {runs} 次运行比较"
        "。之后的运行要再次接受才会被采用。"
    ),
    "history.failed_accepted": (
        "FAILED，仍被采用：{names}（{failed} 次运行）。之后的运行将与它们 FAILED 时的结果比较。"
    ),
    "history.no_whole_line": (
        "{named} 第 {number} 行不完整（{size:,} 字节：写入者在写入时退出）；该行不计，那次运行要重新测量。"
    ),
    "history.once_more": (
        "{named} 第 {number} 行是运行 {run} 的重复，位于采用它的 {version} 的接受之后：该行不计，已接受"
        "的内容不变。"
    ),
    "baseline.no_spread_written": (
        "没有写入离散程度：每个测试需要 {least} 次启动，而这些运行中有效的最多 {most} 次。"
    ),
    "baseline.no_spread": "没有 {test} 的离散程度：{launches} 次启动中只有 {valid} 次有效。",
    "baseline.spread": (
        "已把 {launches} 次启动的离散程度写入 {target}；门禁可用 --launch-spread={target} 采用它。"
    ),
    "column.test": "测试",
    "column.metric": "指标",
    "column.launches": "启动",
    "column.launch_sd": "启动间标准差",
    "column.launch_bound": "其 80% 上界",
    "column.launch_seen": "每侧 1 次启动可见的差异",
    "log_file.twice": "{path} 给出了两次；只计一次。",
    "log_file.copy": "{path} 的行与 {kept} 完全相同：它是副本或链接，只计一次。",
    "log_file.several": (
        "有 {servers} 个服务同时写入这些日志。各自的行已分开；曲线包含全部服务的行。要得到一个服务的曲"
        "线，请只给出它的行。"
    ),
    "log_file.writer": "  {name}：{decode} 条 Decode 行，其中无干扰 {clean} 条；{speeds:；}",
    "log_file.speed": "running 为 {running}：中位数 {median:.2f} tok/s{clean}",
    "log_file.speed_clean": "，无干扰 {median:.2f}",
    "log_file.mixed": (
        "在只有 decode 的相邻 Decode 行中，{of} 对里有 {back} 对的 #token 下降：可能有多个服务写入同一"
        "个文件，且行上没有名称。请让每个服务写入各自的文件。"
    ),
    "log_file.later_stages": (
        "这些日志只有{what}的 {copies} 条 batch 行。它们重复第一阶段打印的内容：请给出 PP0 所在节点的日志。"
    ),
    "log_file.stages": "后续流水线阶段（{ranks}）",
    "log_file.repeating": "重复其他 rank 内容的 rank",
    "log_file.other_engine": "这些日志属于 {names: 或 }，而不是 SGLang：其中没有用于得出曲线的 Decode 行。",
    "log_file.gpu_count": "--decode-gpu-num 给出 {option} 个 GPU，而日志中服务的启动信息是 {log} 个。",
}
