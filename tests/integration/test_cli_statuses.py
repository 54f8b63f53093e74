"""What goes wrong at the start: one clear sentence, the right exit status, and no test tried."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import REPO, Suite

PUBLISHED = REPO / "baselines" / "published-tencent.json"


def sentence(output: str, words: str) -> str:
    """The line that has the words; it must be one line, and there must be no traceback."""
    assert "Traceback" not in output, output
    assert "INTERNALERROR" not in output, output
    found = [line for line in output.splitlines() if words in line]
    assert found, output
    return found[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "Live tests need a server"),
        (("--base-url=",), "--base-url (or SLABENCH_BASE_URL) is empty"),
        (("--base-url=ftp://host:1",), "does not begin with http"),
        (("--base-url=http://127.0.0.1:99999",), "http://127.0.0.1:99999"),
        (("--base-url=sim:nosuch",), "There is no profile 'nosuch'"),
        (("--base-url=sim:", "--model=/no/such/model"), "--model=/no/such/model is not a folder"),
        (("--base-url=sim:", "--tokenizer=./nosuch"), "--tokenizer=./nosuch is not a folder"),
        (("--base-url=sim:", "--dataset-path=/no/such.json"), "--dataset-path=/no/such.json does not exist"),
        (("--base-url=sim:", "--dataset-name=random"), "--dataset-name=random needs --dataset-path"),
        (("--base-url=sim:", "--baseline=/no/such.json"), "--baseline=/no/such.json does not exist"),
        (("--base-url=sim:", "--slo=tpot.mean>=50"), "upside down"),
        (("--base-url=sim:", "--slo=nosuch<=1"), "has no known metric"),
        (("--base-url=sim:", "--slo=goodput.share>=0.95"), "add --goodput=ttft:2000,tpot:50"),
        (("--base-url=sim:", "--num-prompt=4"), "--num-prompt is not an option here: write --num-prompts=4."),
        (
            ("--base-url=http://127.0.0.1:1/v1",),
            "give the server's root, --base-url=http://127.0.0.1:1, and --backend=sglang-oai",
        ),
        (("--base-url=sim:", "--deploy-log=/no/such.log"), "--deploy-log=/no/such.log does not exist"),
        (("--base-url=sim:", "--save-baseline=/no/such/folder/x.json"), "cannot be written"),
        (("--base-url=sim:", "-n2"), "would let 2 workers drive 1 server"),
        (("--base-url=sim:", "--launch=x"), "leave one of them out"),
        (("--launch=/no/such/command",), "cannot be started"),
        (("--base-url=sim:", "--allow=nosuch"), "names no validity check"),
        (("--base-url=sim:", "--allow-diff=nosuch"), "--allow-diff=nosuch names nothing that is compared"),
        (("--base-url=sim:", "--dataset-path=docs"), "--dataset-path=docs is a folder"),
        (
            ("--base-url=sim:", f"--baseline={PUBLISHED}", f"--save-baseline={PUBLISHED}"),
            "name the same file",
        ),
    ],
)
def test_usage_errors_end_with_4(suite: Suite, options: tuple[str, ...], words: str) -> None:
    done = suite("tests/tencent", *options)
    assert done.status == 4, done.output
    sentence(done.output, words)


def test_a_model_folder_before_the_test_path_is_refused_with_the_corrected_command(
    suite: Suite, tmp_path: Path
) -> None:
    (tmp_path / "conftest.py").write_text("print('a foreign conftest')\n")
    done = suite("--base-url=sim:", "--model", str(tmp_path), "tests/tencent", raw=True)
    assert done.status == 4, done.output
    assert "tests/tencent" in sentence(done.output, f"--model={tmp_path}")


def test_a_server_without_a_test_is_4_and_not_the_project_s_own_tests(suite: Suite) -> None:
    done = suite("--base-url=sim:")
    assert done.status == 4, done.output
    sentence(done.output, "name the tests first, such as pytest tests/tencent")


def test_a_wrong_option_value_ends_with_4(suite: Suite) -> None:
    done = suite("tests/tencent", "--base-url=sim:", "--num-prompts=many", reduced=False)
    assert done.status == 4
    assert "--num-prompts" in done.output


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def test_a_server_that_is_down_is_6_and_no_test_is_tried(suite: Suite) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = suite("tests/tencent", "tests/ali", f"--base-url={url}")
    assert done.status == 6, done.output
    assert "No test was tried" in sentence(done.output, f"INVALID: {url}")
    assert done.run["word"] == "INVALID"
    assert done.run["tests"] == []
    assert len(done.run["not_run"]) == len(done.run["planned"]) == 6
    assert url in done.run["unreachable"]
    assert done.folder is not None
    assert "INVALID" in (done.folder / "summary.md").read_text()
    # not an older run, whose summary may say PASSED
    assert (done.folder.parent / "latest").resolve() == done.folder.resolve()


class Website(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404)
        self.end_headers()
        self.wfile.write(b"<html>nothing here</html>")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def website() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Website) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_url_that_is_no_sglang_server_is_6(suite: Suite, website: str) -> None:
    done = suite("tests/tencent", f"--base-url={website}")
    assert done.status == 6, done.output
    sentence(done.output, website)


def test_nothing_selected(suite: Suite) -> None:
    done = suite("tests/tencent", "--base-url=sim:", "-knosuchtest")
    assert done.status == 6, done.output
    assert "Every live test was deselected" in done.output
    empty = suite("tests/data/sim", "--base-url=sim:")
    assert empty.status == 5, empty.output


def test_a_launched_command_that_dies_is_6_with_the_end_of_its_log(suite: Suite, tmp_path: Path) -> None:
    script = tmp_path / "dies.sh"
    script.write_text("echo out of memory; exit 3\n")
    done = suite("tests/tencent", f"--launch=bash {script} --port {{port}}")
    assert done.status == 6, done.output
    sentence(done.output, "ended with status 3")
    sentence(done.output, "out of memory")


def test_the_url_in_the_environment_changes_nothing_for_unit_tests(suite: Suite) -> None:
    suite.environment["SLABENCH_BASE_URL"] = "http://127.0.0.1:1"
    done = suite("tests/unit/verdict/test_sla.py", "-q")
    assert done.status == 0, done.output
    assert not list((suite.folder / "reports").glob("2*"))


def test_the_options_page_is_what_the_table_says() -> None:
    import runpy

    module = runpy.run_path(str(REPO / "tools" / "make_options_doc.py"))
    assert (REPO / "docs" / "options.md").read_text() == module["text"]()
