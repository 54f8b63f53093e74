"""对流中事件的检查：按 id 和文本的 token_counts、first_token、stream_end。"""

_NO_GATEWAY = "请直接测量服务，不要经过会改写流的网关。"
_APART = "计数没有与所计的输出一同到达，因此其时刻不是这些 token 的时刻"
_END = "请查明是什么拖延了流的结束：网关，还是服务端对已完成请求的处理。"
_COMPLETION = "请确认 completion_tokens 就是模型生成的 token 数；带 output_ids 的响应（sglang 0.5.3 及以上）可以看出来。"

MESSAGES = {
    "token_counts.apart": (
        "{answers} 个响应中有 {apart} 个除计数事件外，还有带输出但没有 token 计数的事件（请求 {index}：{events} 个事件中有 {uncounted} "
        f"个）；不允许出现：{_APART}。"
    ),
    "token_counts.apart.remedy": _NO_GATEWAY,
    "token_counts.ids_mixed": "{answers} 个响应中有 {without} 个没有 output_ids，其余有；必须全有或全无。",
    "token_counts.ids_lost": (
        "{answers} 个响应中有 {lost} 个开头带 output_ids（第一个：请求 {index}），最后一个事件却没有。"
    ),
    "token_counts.ids_lost.remedy": _NO_GATEWAY,
    "token_counts.other_ids": "{answers} 个响应中有 {other} 个的 output_ids 数与计数不符（{example}）；必须一致。",
    "token_counts.other_ids.remedy": _NO_GATEWAY,
    "token_counts.ids_two_forms": (
        "{whole} 个响应的最后一个事件包含全部 id，{pieces} 个响应的只包含自己的；必须一致。"
    ),
    "token_counts.ids_not_cumulative": (
        "server_info 上报 output_ids 是累积的，但 {answers} 个响应中有 {pieces} 个的最后一个事件少于计数（{example}）。"
    ),
    "token_counts.ids_not_cumulative.remedy": _NO_GATEWAY,
    "token_counts.last_event": "请求 {index}：计数 {tokens} 个 token，最后一个事件中有 {ids} 个 id",
    "token_counts.behind": (
        "{answers} 个响应中有 {behind} 个的中间事件计数多于它带来的内容（请求 {index}：{tokens} 个 token 中计到 {counted} 个，"
        f"{{output}}）：{_APART}。"
    ),
    "token_counts.behind.remedy": _NO_GATEWAY,
    "token_counts.ids": "{ids} 个 id",
    "token_counts.characters": "响应共 {of} 个字符，只到 {characters} 个",
    "token_counts.few_characters": (
        "{answers} 个响应的文本共 {characters} 个字符，而计数为 {counted} 个 token：可能是没有文本的 token（随机权重会产生），也可能是计数有误。"
    ),
    "token_counts.few_characters.remedy": _COMPLETION,
    "token_counts.other_text": (
        "{answers} 个响应的文本按我们的 tokenizer 为 {tokens} 个 token，而计数为 {counted} 个（{share:.0%}；预期 {low:.0%} ~ {high:.0%}）："
        "可能是没有文本的 token（随机权重会产生），也可能是计数有误。"
    ),
    "token_counts.other_text.remedy": _COMPLETION,
    "first_token.ok": "{answers} 个响应的首个计数事件都带有 token，或 decode 由此连续进行、没有间断。",
    "first_token.unknown": "没有响应带有可读的计数事件。",
    "first_token.unknown.remedy": _NO_GATEWAY,
    "first_token.no_ids": (
        "{answers} 个响应中有 {without} 个的首个计数事件没有 output_ids（请求 {index}：计数 {tokens} 个 token）；必须有：否则 TTFT "
        "不是某个 token 的时刻。"
    ),
    "first_token.no_ids.remedy": _NO_GATEWAY,
    "first_token.late_text": (
        "{answers} 个响应中有 {late} 个的首个计数事件为空，首段文本平均在 {gap_ms:.0f} ms 之后才到，远大于后续间隔：TTFT 可能是一个不带 "
        "token 的事件的时刻。"
    ),
    "first_token.late_text.remedy": f"请把 ttft 与 classic.ttft 对照。{_NO_GATEWAY}",
    "stream_end.trail": (
        "流在最后一个 token 之后平均 {mean_ms:.1f} ms 才结束（上限 {mean_limit_ms:g} ms），最长 {longest_ms:.0f} ms（请求 {index}，上限 "
        "{longest_limit_ms:g} ms，n={answers}）。"
    ),
    "stream_end.trail.remedy": f"TPOT、TTFT 和 e2el 不包含这段时间，classic.e2el 包含。{_END}",
    "stream_end.left_open": (
        "{answers} 个响应中有 {open} 个的 body 在 [DONE] 之后 1 s 内没有结束（第一个：请求 {index}）：等待 body 结束的客户端会比此处测得的等得更久。"
    ),
    "stream_end.left_open.remedy": _END,
    "stream_end.unknown": "没有响应在流中对 token 计数。",
    "stream_end.unknown.remedy": "请使用会在流中对 token 计数的服务。",
}
