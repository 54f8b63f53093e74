"""两个服务端的响应是否相同，响应是否像响应。"""

MESSAGES = {
    "same_answers.same": "两个服务端认为相同的 {answers} 个响应（最多 {tokens} 个 token）概率相同：{estimates:；}。{vocabulary}{difference}",
    "same_answers.other": "新服务端给出的不是旧服务端的响应：{estimates:；}（{answers} 个响应，最多 {tokens} 个 token，由两边打分）。{vocabulary}{difference}",
    "same_answers.other.remedy": (
        "请查找计算结果不同的原因：权重、量化、kernel、缓存。docs/answers.md 列出了无害改动和有害改动的表现；"
        "--answers=gate 会使其为 FAILED。"
    ),
    "same_answers.unscored": "没有比较两个服务端的响应：{why}",
    "same_answers.unscored.remedy": (
        "两个服务端都需要支持 return_logprob 的 /generate，并且 prefill 与 decode 不分离；--answers=off 不请求响应。"
    ),
    "same_answers.no_numbers": "两个服务端对 {answers} 个响应的 token 都没有给出数值。",
    "same_answers.no_numbers.remedy": "请检查两个服务端的权重：它们的 logits 不是数值。",
    "same_answers.not_stored": "基线服务端的运行没有该测试 prompt 的响应。",
    "same_answers.disaggregated": (
        "不向 prefill 和 decode 服务端询问对数概率：SGLang 的一些版本会因此退出（sglang issue 26286 和 30894）。"
    ),
    "same_answers.eagle3": (
        "0.5.12 之前的 SGLang 在 EAGLE3 与重叠调度同时启用时，被询问对数概率会退出（sglang issue 17349）。"
    ),
    "same_answers.not_kept": "没有保存该服务端的响应：{why}",
    "same_answers.no_prompts": "该负载没有以 id 形式给出的、至少两个 token 的 prompt。",
    "degenerate_answers.few": "{answers} 个响应有 {tokens} 个或更多 token；少于 {least} 个时不下结论。",
    "degenerate_answers.unknown": "{answers} 个响应既没有全部 id，也没有完整文本。",
    "degenerate_answers.unknown.remedy": (
        "以片段方式流式输出的服务端（--stream-output、--incremental-streaming-output）每个 id 只发送一次，而只有最后一个事件被完整读取。"
    ),
    "degenerate_answers.so": (
        "{answers} 个响应中有 {one_token} 个反复是同一个 token 或没有文本，{different} 个中有 {alike} 个对不同的 prompt 相同"
        "（限值各 {limit:.0%}）。"
    ),
    "degenerate_answers.so.remedy": (
        "请查看服务端的响应：返回 NaN 的 kernel、未加载的权重或损坏的缓存"
        "会这样响应，而且很快。--answers=gate 会使其为 FAILED。"
    ),
    "degenerate_answers.not_so": (
        "{answers} 个响应中有 {one_token} 个反复是同一个 token 或没有文本，{different} 个中有 {alike} 个对不同的 prompt 相同"
        "（限值各 {limit:.0%}）。"
    ),
    "answers.estimate": "{metric:metric} {value:number}{ends}{token}（限值 {op} {limit}，n={n}）",
    "answers.ends": "，{low:number} 到 {high:number}",
    "answers.token_more": "：token {token} 比原来更可能",
    "answers.token_less": "：token {token} 比原来更不可能",
    "answers.no_vocabulary": "没有比较整个词表：{why}",
    "vocabulary.not_stored": "旧服务端的运行没有存储它的词表概率。",
    "vocabulary.at_first_test": "每次运行只在 {test} 之后比较一次。",
    "vocabulary.no_numbers": "两边都给出数值的位置不足 8 个。",
    "vocabulary.no_such_id": "有服务端给出了 token {token}，没有词表包含它。",
    "vocabulary.new_alone": "旧服务端给出每个 token 的对数概率，新服务端没有给出：{why}",
    "answers.no_difference": "两边对相同的 {answers} 个 prompt 的响应完全一致。",
    "answers.difference": (
        "两边对相同 prompt 的响应：{answers} 个中 {same} 个完全一致，其余在 {median:number} 个 token 之后不同（中位数）；"
        "最早的是响应 {answer}，第 {place} 个 token：{old}，现在是 {new}。这里只展示，不判定。"
    ),
}
