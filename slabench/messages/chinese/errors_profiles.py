"""内置模拟服务的命令拒绝的内容。"""

MESSAGES = {
    "profile.port": "{text!r} 不是端口；请给出 1 到 65535 之间的数，或用 0 取空闲的端口。",
    "profile.tokenizer": "{folder!r} 中没有 tokenizer.json；请给出含有它的文件夹。",
    "profile.answers": "answers={file} 不是问题文件（{why!r}）。",
    "profile.none": "内置模拟服务没有配置 {name!r}。{hint}可用的有 {names}。",
    "profile.parameter": "内置模拟服务没有参数 {name!r}。{hint}可用的有 {names}。",
    "profile.value": "内置模拟服务没有 {key} {name!r}。{hint}可用的有 {names}。",
    "profile.kind": "{key}={text} 不是 {kind}。",
    "profile.not_finite": "{key}={text} 不是有限的数。",
    "profile.small": "{key}={text} 太小。",
    "profile.delta": "{key}={text} 既不是 0（文本和 id 累积增长）也不是 1（分片）。",
    "profile.share": "{key}={text} 超过了全部；请给出 0 到 1 之间的比例。",
}
