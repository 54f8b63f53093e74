"""方法给出的下一步建议。"""

MESSAGES = {
    "advice.tpot_exceeds": (
        "要把 TPOT 从 {observed:number} ms 降到上限 {limit:g} ms 以内，请调低 --request-rate（当前 {rate}）和 "
        "--max-concurrency（当前 {concurrency}）。"
    ),
    "advice.tpot_alone": (
        "单个请求独占时 TPOT 已为 {observed:number} ms，超过上限 {limit:g} ms：降低负载也无法达到。请检查服务端的设置或该上限。"
    ),
    "advice.tpot_below": (
        "TPOT 为上限 {limit:g} ms 的 {share_pct:.0f}%（{observed:number} ms）：可先增大 prompt 数（--num-prompts，当前 "
        "{prompts}），再调高 --request-rate 和 --max-concurrency。"
    ),
    "advice.pool_full": (
        "TPOT 为上限 {limit:g} ms 的 {share_pct:.0f}%（{observed:number} ms），但服务端 KV 池已满：请扩大 KV 池或增加服务数。"
        "增加 prompt 数（--num-prompts，当前 {prompts}）只会延长测试，调高请求速率或并发只会增加排队。"
    ),
}
