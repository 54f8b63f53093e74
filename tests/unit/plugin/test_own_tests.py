"""A test with wrong arguments ends the run with 4 before anything is sent, with its file and
what to write."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.methods import Form
from slabench.options.table import OPTIONS
from slabench.plugin.own_tests import WORKLOAD, idle_options, unread
from slabench.session.usage import check_judge, check_load
from slabench.verdict.sla import slo

HEAD = """
import pytest
from slabench.methods import Form
from slabench.verdict.sla import slo
from slabench.verdict import sla

pytest_plugins = ("pytester",)

LONG = Form("serving", input_len=64, output_len=8, num_prompts=4)
sent = []

@pytest.fixture
def run_load(server):
    return lambda *given, **more: sent.append(given)

@pytest.fixture
def judge(server):
    return lambda *given, **more: None

"""


def suite(*lines: str) -> str:
    return (
        HEAD
        + "def test_it(run_load, judge):\n"
        + "".join(f"    {line}\n" for line in (*lines, "raise AssertionError('it ran')"))
    )


RUN = "run = run_load(LONG, point={})"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["run_load(LONG)"], "run_load() needs point="),
        (["run_load(LONG, {})"], "a second argument without its name"),
        (["run_load(LONG, pt={})"], "this call has pt=."),
        (["run_load('long', point={})"], "was given the text 'long' where it reads a Form"),
        (["run_load(LONG, point=3)"], "is no dict with names as keys"),
        (["run_load(LONG, point={'a': []})"], "a point holds texts and numbers"),
        (["run_load(LONG, point={}, labels='x')"], "is no tuple of texts"),
        (["run_load(LONG, point={}, batch_size=0)"], "whole number of at least 1"),
        (["run_load(LONG, point={}, batch_size=8)"], "more than its Form's 4 prompts"),
        (["run_load(Form('serving', 64, -8, 4), point={})"], "Form(output_len=-8)"),
        (["run_load(Form('serving', 64, 8, 0), point={})"], "Form(num_prompts=0)"),
        (["run_load(Form('serving', '64', 8, 4), point={})"], "Form(input_len='64')"),
        (["run_load(Form('serving', 64, 8, 4, request_rate='fast'), point={})"], "Form(request_rate='fast')"),
        (["run_load(Form('serving', 64, 8), point={})"], "num_prompts"),
        ([RUN, "judge(run, 'tpot.mean<=50')"], "the text 'tpot.mean<=50' as an objective; write slo("),
        ([RUN, "judge(run, slo('tpot.mean<=50'))"], 'write slo("tpot", "mean", "<=", 50).'),
        (
            [RUN, "judge(run, slo('total_throughput', '>=', 1000))"],
            'write slo("total_throughput", "", ">=", 1000).',
        ),
        ([RUN, "judge(run, sla.slo('tpot', '<=', 50))"], 'write slo("tpot", "mean", "<=", 50).'),
        ([RUN, "judge(run, slo('tpot', 'mean', '<', 50))"], "compares with '<'"),
        ([RUN, "judge(run, slo('tpot', 'mean', '<=', '50'))"], "four arguments"),
        ([RUN, "judge(run, slo('tpot', 'mean', '<=', 50, 'ms'))"], "slo()"),
        ([RUN, "judge(run, slo('tpto', 'mean', '<=', 50))"], "Did you mean tpot.mean?"),
        ([RUN, "judge(run, slo('tpot', 'median', '<=', 50))"], "names a statistic that tpot does not have"),
        ([RUN, "judge(run, slo('tpot', 'mean', '>=', 50))"], "is upside down"),
        ([RUN, "judge(run, slo('curve', '8', '>=', 50))"], "is on the decode curve"),
        ([RUN, "judge(None)"], "was given None where it reads what run_load() returned"),
        ([RUN, "judge(run, shown=('tpto.mean',))"], "Did you mean tpot.mean?"),
        ([RUN, "judge(run, shown='tpot.mean')"], "is no tuple of metrics"),
        ([RUN, "judge(run, slo('goodput', 'share', '>=', 0.9))"], "add --goodput=ttft:2000,tpot:50"),
        (
            [RUN, "judge(run, slo('goodput', 'share', '>=', 0.9), goodput={'ttft': 'fast'})"],
            "limits ttft to 'fast'",
        ),
        ([RUN, "judge(run, goodput={'qpm': 3})"], "names 'qpm'; a request has tpot,"),
    ],
)
def test_a_call_with_wrong_arguments(run_suite: Callable[..., Any], lines: list[str], said: str) -> None:
    ran = run_suite(suite(*lines))
    assert ran.status == 4
    assert said in ran.output and "tests/serving/test_it.py::test_it" in ran.output
    assert "crashed" not in ran.output and "it ran" not in ran.output


@pytest.mark.parametrize(
    "lines",
    [
        [
            RUN,
            "judge(run, slo('tpot', 'mean', '<=', 50), slo('total_throughput', '', '>=', 1000), "
            "shown=('qpm',))",
        ],
        [RUN, "judge(run, slo('goodput', 'share', '>=', 0.9), goodput={'ttft': 2000, 'tpot': 50})"],
        [
            "form = LONG.replaced(num_prompts=8)",
            "run = run_load(form, point={'n': 8}, batch_size=8)",
            "judge(run)",
        ],
        [
            "more = {'point': {}}",
            "run = run_load(LONG, **more)",
            "judge(run, *[slo('tpot', 'mean', '<=', 50)])",
        ],
        ["limit = 3", RUN, "judge(run, slo('tpot', 'mean', '<=', limit))"],
    ],
)
def test_what_can_be_meant_runs(run_suite: Callable[..., Any], lines: list[str]) -> None:
    assert "it ran" in run_suite(suite(*lines)).output


def test_a_parameter_hides_a_name_of_the_module(run_suite: Callable[..., Any]) -> None:
    """A fixture beside the test is a name of its module, and what the test gets is its value."""
    ran = run_suite(
        f"{HEAD}@pytest.fixture\ndef form(): return LONG\n"
        "def test_it(run_load, judge, form):\n"
        "    rule = slo('tpot', 'mean', '<=', 50)\n"
        "    judge(run_load(form, point={}), rule)\n    raise AssertionError('it ran')\n"
    )
    assert "it ran" in ran.output, ran.output


def test_goodput_by_the_command_line_is_enough(run_suite: Callable[..., Any]) -> None:
    source = suite(RUN, "judge(run, slo('goodput', 'share', '>=', 0.9))")
    assert "it ran" in run_suite(source, "--goodput=ttft:2000").output


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("RULE = slo('total_throughput', '>=', 1000)\n", "test_it.py:"),
        ("SHORT = Form('serving', 64, 8, 0)\n", "Form(num_prompts=0)"),
    ],
)
def test_a_file_that_cannot_be_meant(run_suite: Callable[..., Any], source: str, said: str) -> None:
    """pytest ends with 2 for it, as for Ctrl-C."""
    ran = run_suite(HEAD + source + "def test_it(run_load, judge):\n    pass\n")
    assert ran.status == 4
    assert said in ran.output and "Traceback" not in ran.output
    assert ran.folder is None  # nothing was tried


def test_a_file_that_is_broken_is_no_ctrl_c(run_suite: Callable[..., Any]) -> None:
    ran = run_suite("import nosuchmodule\ndef test_it(says):\n    pass\n")
    assert ran.status == 4 and "nosuchmodule" in ran.output


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "says('PASSED').nosuch",
            "test_it.py:2: the test itself raised AttributeError: 'NoneType' object has no attribute "
            "'nosuch'",
        ),
        ("says('PASSED', 1, 2, 3)", "the test itself raised TypeError"),
        ("nosuch", "the test itself raised NameError: name 'nosuch' is not defined"),
    ],
)
def test_what_a_test_itself_raises_is_no_crash_of_ours(
    run_suite: Callable[..., Any], line: str, said: str
) -> None:
    ran = run_suite(f"def test_it(says):\n    {line}\n")
    assert ran.status == 4
    assert said in ran.output and "crashed" not in ran.output


# A function whose frames are ours.
BOOM = "ours = {'__name__': 'slabench.broken'}\nexec('def boom():\\n    raise AttributeError(1)', ours)\n"


def test_what_we_raise_still_is_one(run_suite: Callable[..., Any]) -> None:
    ran = run_suite(BOOM + "def test_it(says):\n    ours['boom']()\n")
    assert ran.status == 3 and "slabench crashed: AttributeError" in ran.output


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{}['x']", "test_it.py:4: the test itself raised KeyError: 'x'"),
        ("json.loads('{')", "test_it.py:4: the test itself raised JSONDecodeError: Expecting property name"),
    ],
)
@pytest.mark.parametrize("judged", [False, True])
def test_other_errors_of_a_test_cost_that_test_alone(
    run_suite: Callable[..., Any], line: str, said: str, judged: bool
) -> None:
    first = "says('PASSED')" if judged else "pass"
    ran = run_suite(
        f"import json\ndef test_it(says):\n    {first}\n    {line}\ndef test_other(says):\n    "
        "says('PASSED')\n"
    )
    assert (ran.status, ran.words) == (6, {"test_it": "INVALID", "test_other": "PASSED"})
    assert ran.run["tests"][0]["reasons"][0] == "TEST_ERROR"
    assert said in ran.output and "def test_it(says)" in ran.output  # the traceback
    assert "crashed" not in ran.output


@pytest.mark.parametrize("line", ["assert 1 == 2", "pytest.fail('1 == 2')"])
def test_an_assertion_of_a_test_s_own_is_judged_with_the_rest(
    run_suite: Callable[..., Any], line: str
) -> None:
    head = "import pytest\n"
    ran = run_suite(f"{head}def test_it(says):\n    says('PASSED')\n    {line}\n")
    assert (ran.status, ran.words) == (1, {"test_it": "FAILED"})
    assert ran.run["tests"][0]["reasons"][0] == "ASSERTION"
    assert "test_it.py:4: an assertion of the test itself does not hold: " in ran.run["tests"][0]["headline"]
    assert "1 == 2" in ran.run["tests"][0]["headline"] and "crashed" not in ran.output
    ran = run_suite(f"{head}def test_it(says):\n    {line}\n    says('PASSED')\n")
    assert (ran.status, ran.words) == (6, {"test_it": "INVALID"})  # nothing was judged
    ran = run_suite(
        f"{head}def test_it(says):\n    try:\n        says('INVALID', 'busy: 503')\n    finally:\n        "
        f"{line}\n"
    )
    assert (ran.status, ran.words) == (6, {"test_it": "INVALID"})


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("@pytest.mark.sends(form=lambda: LONG)", "this one cannot be called"),
        ("@pytest.mark.sends(form=lambda options: 3)", "this one returned a int"),
        ("@pytest.mark.sends(lambda options: LONG)", "it has no form="),
        ("@pytest.mark.sends(form=lambda options: LONG.replaced(num_prompts=-1))", "Form(num_prompts=-1)"),
    ],
)
def test_a_marker_that_cannot_be_meant(run_suite: Callable[..., Any], marker: str, said: str) -> None:
    ran = run_suite(suite(RUN).replace("def test_it", f"{marker}\ndef test_it"))
    assert ran.status == 4 and said in ran.output and "it ran" not in ran.output


def test_the_same_is_said_when_it_only_shows_at_run_time() -> None:
    form = Form("serving", 64, 8, 4)
    assert check_load(form, {"a": 1}, ("X: y",), 4) == {"a": 1}
    check_judge([slo("tpot", "mean", "<=", 50)], ("tpot.mean", "qpm", "curve.8"))
    for given in ((None, {}, (), None), (form, None, (), None), (form, {1: 2}, (), None)):
        with pytest.raises(ConfigError):
            check_load(*given)
    with pytest.raises(ConfigError, match="a Form as an objective"):
        check_judge([form], ())


def item(
    name: str,
    fixtures: list[str],
    form: Callable[..., Any] | None = None,
    file: str = "tests/serving/test_it.py",
    **parameters: Any,
) -> Any:
    marker = None if form is None else SimpleNamespace(kwargs={"form": form})
    return SimpleNamespace(
        nodeid=f"{file}::{name}",
        fixturenames=["server", "campaign", *fixtures, *parameters],
        get_closest_marker=lambda _: marker,
        callspec=SimpleNamespace(params=parameters),
    )


def test_a_test_that_reads_no_workload_option_is_named_with_the_options() -> None:
    options = Namespace(**{option.dest: option.default for option in OPTIONS})
    literal, follows = (
        item("literal", ["run_load"]),
        item("follows", ["run_load"], lambda options: options.num_prompts),
    )
    asks, parametrized = item("asks", ["options"]), item("points[8]", [], num_prompts=8)
    assert unread([literal, follows, asks, parametrized], options) == ()
    options.num_prompts, options.request_rate = 32, 4.0
    said = unread([literal, follows, asks], options)
    assert [str(sentence).split(" ")[0].rpartition("::")[2] for sentence in said] == [
        "literal",
        "follows",
    ]
    assert "does not read --num-prompts, --request-rate: it sends the Form in its file." in str(said[0])
    assert "does not read --request-rate: " in str(said[1])
    assert WORKLOAD == (
        "num_prompts",
        "request_rate",
        "max_concurrency",
        "random_input_len",
        "random_output_len",
    )


def sentences(messages: Iterable[Message]) -> tuple[str, ...]:
    return tuple(map(str, messages))


def test_options_that_no_test_reads_are_named() -> None:
    options = Namespace(**{option.dest: option.default for option in OPTIONS})
    custom = item(
        "test_custom", ["run_load"], lambda options: options.num_prompts, file="tests/serving/test_custom.py"
    )
    decode, sla = (
        item("t[bs1]", [], file="tests/ali/test_decode.py"),
        item("t", [], file="tests/tencent/test_sla.py"),
    )
    search = item("t", ["find_capacity"], file="tests/tencent/test_capacity.py")
    assert idle_options([custom], options) == ()
    options.batch_sizes, options.num_prompts, options.seed = (1, 2), 4, 9
    assert sentences(idle_options([custom], options)) == (
        "No test of this run reads --batch-sizes (ali decode).",
    )
    assert sentences(idle_options([search], options)) == (
        "No test of this run reads --batch-sizes (ali decode).",
    )
    assert sentences(idle_options([decode], options)) == (
        "No test of this run reads --num-prompts (tests/tencent, tests/serving).",
    )
    assert idle_options([decode, sla], options) == ()


def test_a_suite_s_test_that_asks_for_the_options_reads_those_of_its_place() -> None:
    """The fixture has every option."""
    options = Namespace(**{option.dest: option.default for option in OPTIONS} | {"batch_sizes": (1, 2)})
    search = item("t", ["find_capacity", "options"], file="tests/tencent/test_capacity.py")
    assert sentences(idle_options([search], options)) == (
        "No test of this run reads --batch-sizes (ali decode).",
    )
    own = item("t", ["run_load", "options"], file="bench/test_it.py")
    assert idle_options([own], options) == ()


def test_questions_that_no_test_asks(run_suite: Callable[..., Any]) -> None:
    """A floor of 0.99 stood beside PASSED and exit status 0."""
    source = "def test_it(says, options):\n    says('PASSED')\n"
    asked = ("--accuracy-file=smoke", "--accuracy-floor=0.99")
    ran = run_suite(source, *asked)
    assert (ran.status, ran.folder) == (4, None), ran.output
    assert "No test of this run asks the questions of --accuracy-file=smoke, " in ran.output
    more = "def test_questions(says, ask_questions):\n    says('PASSED')\n"
    assert run_suite(source + more, *asked).status == 0
    assert run_suite(source + more, *asked, "-k", "it and not questions").status == 4, "deselected"


def test_in_a_repository_of_ones_own_an_option_is_read_or_named() -> None:
    """Its folders have any name; what a test there reads is seen by what it asks the options for."""
    options = Namespace(
        **{option.dest: option.default for option in OPTIONS}
        | {"num_prompts": 4, "decode_input_len": 64, "arrivals": "constant"}
    )
    literal = item("literal", ["run_load"], lambda options: Form("serving", 8, 8, 4), file="bench/test_it.py")
    reads = item(
        "reads",
        ["run_load"],
        lambda options: (options.num_prompts, options.decode_input_len),
        file="bench/test_it.py",
    )
    idle = "No test of this run reads --decode-input-len (ali decode)."
    assert sentences(idle_options([literal], options)) == (idle,) and not idle_options([reads], options)
    assert unread([reads], options) == ()
    assert [str(sentence).partition(": ")[0] for sentence in unread([literal], options)] == [
        "bench/test_it.py::literal does not read --num-prompts"
    ]
