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
}
