"""A stored document in another language: by the messages that are stored beside its texts."""

from __future__ import annotations

import json

from slabench.messages import Message, in_language
from slabench.report.console import failure_text, summary_table, test_block
from slabench.report.localized import localized
from slabench.report.markdown import summary_md
from slabench.run_document.write import stored
from slabench.verdict.outcome import invalid
from tests.unit.report.samples import document, entry

FAILED = invalid(
    "completed.failed",
    failed=4,
    requests=16,
    errors="HTTP 503",
    example=None,
    remedy=Message("remedy.server_log"),
)
HEADLINE = Message("verdict.invalid", check="completed", text=FAILED.message)
RED = entry(
    word="INVALID",
    headline=str(HEADLINE),
    headline_message=HEADLINE.as_dict(),
    reasons=["completed"],
    absent=["NO_FLOOR"],
    checks=[FAILED.as_dict()],
    labels=["REDUCED: num_prompts 16 instead of 128", "OTHER: a user's"],
    label_messages=[
        Message(
            "methods.reduced",
            differences=(Message("methods.differs", key="num_prompts", own="16", published="128"),),
        ).as_dict(),
        Message("text", text="OTHER: a user's").as_dict(),
    ],
)
LINE = (
    "completed：16 个请求中有 4 个失败，错误：HTTP 503；必须全部成功。"
    "请查看服务端日志；只要有请求失败，就无法下结论。"
)


def test_every_text_with_a_message_is_rendered_in_the_output_s_language() -> None:
    with in_language("zh"):
        run = localized(document(RED))
        (red,) = run.tests
        assert red.labels == ("REDUCED：num_prompts 为 16（公开方法为 128）", "OTHER: a user's")
        block = test_block(red)
        assert block.splitlines()[0] == f"INVALID {RED.id}: {LINE}"
        assert "  原因：completed" in block and "未参与判定：NO_FLOOR（该测试没有保存下限）" in block
        assert failure_text(red).splitlines()[0] == f"INVALID: {LINE}"
        assert LINE in summary_table(run) and LINE in summary_md(run)


def test_english_is_the_text_as_stored_and_json_stays_english() -> None:
    run = document(RED)
    assert localized(run) is run
    with in_language("zh"):
        assert localized(run) is not run
    assert "个请求" not in json.dumps(stored(run), ensure_ascii=False)


def test_an_allowed_check_says_so_in_chinese() -> None:
    check = {**FAILED.as_dict(), "state": "finding", "allowed": True}
    with in_language("zh"):
        (found,) = localized(entry(checks=[check])).checks
    text = "16 个请求中有 4 个失败，错误：HTTP 503；必须全部成功。"
    assert found.text == f"{text}已由 --allow 放行。"


def test_a_text_without_a_message_stays() -> None:
    with in_language("zh"):
        assert localized(entry(headline="An earlier form's line.")).headline == "An earlier form's line."


def test_a_message_of_another_version_leaves_its_text() -> None:
    """Its id is not known here, or its template asks for more than was stored."""
    for other in ({"id": "no.such.id", "arguments": {}}, {"id": "completed.all", "arguments": {}}):
        stored_so = entry(
            headline="As it was.", headline_message=other, advice=["Do."], advice_messages=[other]
        )
        with in_language("zh"):
            shown = localized(stored_so)
        assert (shown.headline, shown.advice) == ("As it was.", ("Do.",))


def test_where_the_gpus_are_known_from_is_rendered_too() -> None:
    layout = Message("gpus.all", gpus=8, source=Message("gpus.layout", layout="tp 8 x pp 1"))
    gpus = {"decode": 8, "source": str(layout), "source_message": layout.as_dict()}
    run = document(server={"version": "0.5.7", "model_path": "m", "gpus": gpus})
    assert "8 GPU (tp 8 x pp 1 of server_info)" in summary_table(run)
    with in_language("zh"):
        table = summary_table(localized(run))
    assert "8 个 GPU（server_info 上报 tp 8 x pp 1）" in table and "of server_info" not in table
