"""What a benchmark test's source shows before any load: calls with wrong arguments, options that it does not
read.

Only literals and names of its module are known here; the same checks are made again when a test runs.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.methods import Form
from slabench.options.table import OPTIONS
from slabench.options.types import Option
from slabench.plugin.forms import MARKER
from slabench.session.usage import check_judge, check_load, no_run
from slabench.verdict import sla
from slabench.verdict.request_limits import check_goodput, checked
from slabench.verdict.sla import Slo

if TYPE_CHECKING:
    import pytest

ALI = "tests/ali/"
SUITES = (ALI, "tests/tencent/", "tests/serving/")
WORKLOAD = ("num_prompts", "request_rate", "max_concurrency", "random_input_len", "random_output_len")


class _Unknown:
    """What is known only when the test runs."""


UNKNOWN = _Unknown()


def check_calls(items: Iterable[pytest.Item], slos: Sequence[Slo], goodput: Mapping[str, float]) -> None:
    """ConfigError, with the test's id, for a call of run_load, judge or slo with wrong arguments.

    slos, goodput: the options'.
    """
    known: set[object] = set()
    for item in items:
        function = getattr(item, "function", None)
        if function is None or function in known:
            continue
        known.add(function)
        own = inspect.unwrap(
            function
        ).__code__.co_varnames  # a parameter or variable hides a name of the module
        names = {name: value for name, value in function.__globals__.items() if name not in own}
        try:
            for call in _calls(function):
                _check(call, names, slos, goodput)
        except (ConfigError, TypeError) as error:
            raise ConfigError(Message("test_code.at", test=item.nodeid, why=error)) from error


def _calls(function: Any) -> Iterator[ast.Call]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    except (OSError, TypeError, SyntaxError):
        return
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _check(
    call: ast.Call, names: Mapping[str, Any], slos: Sequence[Slo], goodput: Mapping[str, float]
) -> None:
    called = call.func.id if isinstance(call.func, ast.Name) else ""
    starred = [argument for argument in call.args if isinstance(argument, ast.Starred)]
    if starred or any(keyword.arg is None for keyword in call.keywords):
        return
    arguments, keywords = _arguments(call, names)
    if _function(call, names) is sla.slo and UNKNOWN not in (*arguments, *keywords.values()):
        sla.slo(*arguments, **keywords)
    elif called == "run_load" and arguments:
        _check_run_load(arguments, keywords)
    elif called == "judge" and arguments:
        if arguments[0] is not UNKNOWN:
            raise no_run(arguments[0])
        rules = [rule for rule in arguments[1:] if rule is not UNKNOWN]
        check_judge(rules, () if keywords.get("shown", UNKNOWN) is UNKNOWN else keywords["shown"])
        own = keywords.get("goodput")
        if own is not UNKNOWN:
            check_goodput((*rules, *slos), goodput or checked(own or {}, "judge(goodput=...)"))


def _check_run_load(arguments: Sequence[Any], keywords: Mapping[str, Any]) -> None:
    defaults = {"point": None, "labels": (), "batch_size": None}
    extra: list[str | Message] = [f"{name}=" for name in keywords if name not in (*defaults, "form")]
    extra += [Message("part.unnamed")] * (len(arguments) > 1)
    if extra:
        raise ConfigError(Message("test_code.run_load_arguments", names=tuple(defaults), extra=extra[0]))
    accepted: dict[str, Any] = {"point": {}, "labels": (), "batch_size": None}
    values = {
        name: accepted[name] if (value := keywords.get(name, default)) is UNKNOWN else value
        for name, default in defaults.items()
    }
    form = Form("serving", 1, 1, num_prompts=1 << 30) if arguments[0] is UNKNOWN else arguments[0]
    check_load(form, **values)


def _arguments(call: ast.Call, names: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    keywords = {str(keyword.arg): _value(keyword.value, names) for keyword in call.keywords}
    return [_value(argument, names) for argument in call.args], keywords


def _function(call: ast.Call, names: Mapping[str, Any]) -> Any:
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        return getattr(names.get(call.func.value.id), call.func.attr, None)
    return names.get(call.func.id) if isinstance(call.func, ast.Name) else None


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """A literal, an SLO of literals, or the value of a module's name; UNKNOWN for everything else."""
    if isinstance(node, ast.Name):
        return names.get(node.id, UNKNOWN)
    if isinstance(node, ast.Call) and _function(node, names) in (sla.slo, Form):
        arguments, keywords = _arguments(node, names)
        if UNKNOWN in arguments or UNKNOWN in keywords.values():
            return UNKNOWN
        return _function(node, names)(*arguments, **keywords)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return UNKNOWN


# The suites whose tests read the options of an Option.applies; what is not here applies to all, or to what
# the options themselves select.
_PLACES: Mapping[str, str] = {
    "ali decode": ALI,
    "ali prefill": ALI,
    "tencent capacity": "tests/tencent/",
}
# and tests outside the suites: unread() names each that does not read them
_LOADS = "tests/tencent, tests/serving"


def idle_options(items: Sequence[pytest.Item], options: Namespace) -> tuple[Message, ...]:
    """A sentence about the options of the command line that none of these tests reads, if there are any."""

    def read_by(item: pytest.Item, option: Option) -> bool:
        if item.nodeid.startswith(_PLACES[option.applies]):
            return True
        # a suite's test that asks for the options reads those of its own place
        return _reads(item, option.dest, options, by_options=not item.nodeid.startswith(SUITES))

    def read(option: Option) -> bool:
        if option.applies == _LOADS:
            return not all(item.nodeid.startswith(ALI) for item in items)
        return any(read_by(item, option) for item in items)

    idle = [
        Message("option.idle_one", name=option.name, applies=option.applies)
        for option in OPTIONS
        if option.applies in (*_PLACES, _LOADS)
        and getattr(options, option.dest) not in (option.default, False)
        and not read(option)
    ]
    return (Message("option.idle", options=idle),) if idle else ()


def check_asked(items: Iterable[pytest.Item], options: Namespace) -> None:
    """ConfigError for --accuracy-file where no test asks its questions: a floor would stand beside PASSED,
    and nothing is held to it.
    """
    if options.accuracy_file is not None and not any(
        "ask_questions" in getattr(item, "fixturenames", ()) for item in items
    ):
        raise ConfigError(Message("option.not_asked", file=options.accuracy_file))


def unread(items: Iterable[pytest.Item], options: Namespace) -> tuple[Message, ...]:
    """A sentence for each test that ignores workload options of the command line."""
    wanted = [name for name in WORKLOAD if getattr(options, name, None) is not None]
    ignored: dict[str, list[str]] = {}
    for item in items:
        names = [name for name in wanted if not _reads(item, name, options)]
        if names and not item.nodeid.startswith(ALI):
            ignored.setdefault(item.nodeid.partition("[")[0], names)
    return tuple(
        Message("test_code.unread", test=test, options=[f"--{name.replace('_', '-')}" for name in names])
        for test, names in ignored.items()
    )


class _Watching:
    """The options; asked: those that were read."""

    def __init__(self, options: Namespace) -> None:
        self._options, self.asked = options, set[str]()

    def __getattr__(self, name: str) -> Any:
        self.asked.add(name)
        return getattr(self._options, name)


def _reads(item: pytest.Item, name: str, options: Namespace, *, by_options: bool = True) -> bool:
    """Whether a test's load follows an option: its form_of() reads it, or it is parametrized by it, or
    (by_options) it asks for the options.
    """
    names = getattr(item, "fixturenames", ())
    if name in names or ("find_capacity" in names and name in WORKLOAD):
        return True
    marker = item.get_closest_marker(MARKER)
    if marker is None:
        return by_options and ("options" in names or _asks_for_config(item))
    watching, callspec = _Watching(options), getattr(item, "callspec", None)
    marker.kwargs["form"](watching, **(callspec.params if callspec is not None else {}))
    return name in watching.asked


def _asks_for_config(item: pytest.Item) -> bool:
    """Whether the test, or a fixture that is not ours, asks for what holds all options."""
    info = getattr(item, "_fixtureinfo", None)
    if info is None:
        return False
    fixtures = [fixture for same_name in info.name2fixturedefs.values() for fixture in same_name]
    others = [
        fixture.argnames
        for fixture in fixtures
        if not fixture.func.__module__.startswith(("slabench.", "_pytest."))
    ]
    return any({"request", "pytestconfig"} & set(names) for names in (info.argnames, *others))
