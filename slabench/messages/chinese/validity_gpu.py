"""关于服务所用 GPU 的各项检查的说明。"""

MESSAGES = {
    "gpu_throttled.ok": (
        "没有 GPU 因过热、板卡或供电而降频（n={n} 个采样）；其中 {share:.0%} 处于自身的功率上限。"
    ),
    "gpu_throttled.slowed": (
        "GPU {gpu} 在 n={n} 个采样的 {share:.0%} 中因过热、板卡或供电而降频（{reasons}）；最多允许 {limit:.0%}。"
    ),
    "gpu_throttled.slowed.remedy": (
        "请检查该机器的散热与供电（nvidia-smi -q -d PERFORMANCE,TEMPERATURE），待 GPU 能保持其时钟后重新测量。"
    ),
    "gpu_shared.ok": "只有该服务在其 GPU（{gpus} 个）上计算。",
    "gpu_shared.others": "还有其他进程在服务的 GPU 上计算：{others}。",
    "gpu_shared.others.remedy": ("请结束这些进程，或让服务独占 GPU；--gpu-index 可指定哪些 GPU 属于该服务。"),
    "witness.tpot": "TPOT：客户端 {tpot:number} ms；{beside:；}。",
    "witness.tpot_server": "服务端 /metrics 为 {tpot:number} ms",
    "witness.tpot_log": "日志的满批行为 {tpot:number} ms，同一时段客户端为 {full:number} ms",
    "witness.gpus": "GPU（{count} 个）：{parts:；}。",
    "witness.token": "满批时每个输出 token {value:number} J",
    "witness.token_interval": (
        "满批时每个输出 token {value:number} J（{n} 次负载，95 % 区间 {low:number} 至 {high:number}）"
    ),
    "witness.tokens": "整个负载 {value:number} 输出 token/J",
    "witness.power": "平均功率 {value:.0f} W",
    "witness.clock": "平均 SM 时钟 {value:.0f} MHz",
    "witness.heat": "最高 {value:.0f} °C",
    "witness.bound": "能耗的误差不超过 {value:.1%}",
    "witness.no_energy": "能耗未知（没有计数器，或负载太短：见 docs/gpu.md）",
}
