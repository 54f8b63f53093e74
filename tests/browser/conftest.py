"""Runs of the suite on the embedded server, and their pages in Debian's chromium."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.integration.conftest import Done, Suite

ALL = ("tests/ali", "tests/tencent", "tests/serving")
# A page is tested here, no measurement: a busy machine is late at both ends of the embedded server's streams.
BUSY = "--allow=client,server_agrees"
# Nothing that calls home: whatever the page asks for is then the page's own doing.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# What a server can say of itself that a page must not believe.
HOSTILE = '</script><img src=x onerror="window.taken=1">\'&amp;|<script>window.taken=1'


@dataclass
class Opened:
    """A page with everything it asked for and complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def texts(self, selector: str) -> list[str]:
        return [text.strip() for text in self.page.locator(selector).all_inner_texts()]

    def open_everything(self) -> None:
        """Every folded part; every chart drawn."""
        self.page.evaluate(
            "() => document.querySelectorAll('details').forEach(each => { each.open = true; })"
        )
        self.page.evaluate("() => { slabenchCharts(); }")
        self.page.wait_for_timeout(200)


@pytest.fixture(scope="session")
def green(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A reduced run of everything, whose figures are saved as a baseline beside its reports."""
    folder = tmp_path_factory.mktemp("green")
    done = Suite(folder)(*ALL, BUSY, "--base-url=sim:", f"--save-baseline={folder / 'baseline.json'}")
    assert done.status == 0, done.output
    return done


@pytest.fixture(scope="session")
def red(green: Done, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The same on a server with a slower decode, against the green run's figures: FAILED beside PASSED."""
    assert green.folder is not None
    baseline = green.folder.parents[1] / "baseline.json"
    suite = Suite(tmp_path_factory.mktemp("red"))
    slower = "--base-url=sim:demo?decode_base_ms=15"
    done = suite(*ALL, BUSY, slower, f"--baseline={baseline}", "--tolerance=60")
    assert done.status == 1, done.output
    return done


@pytest.fixture(scope="session")
def hostile(green: Done, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A server whose model is called by markup: it comes into facts, reasons and logs, and nothing is
    comparable.
    """
    from urllib.parse import quote

    assert green.folder is not None
    baseline = green.folder.parents[1] / "baseline.json"
    suite = Suite(tmp_path_factory.mktemp("hostile"))
    done = suite(
        "tests/tencent",
        BUSY,
        f"--base-url=sim:demo?model_path={quote('models/' + HOSTILE)}",
        f"--baseline={baseline}",
    )
    assert done.status == 6, done.output
    return done


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        pytest.fail(
            "There is no chromium here; install it: apt-get install --no-install-recommends chromium",
            pytrace=False,
        )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """open_page(path, width=480, color_scheme="dark"): every test in a context of its own, so that nothing is
    remembered.
    """
    contexts = []

    def opened(path: Path, width: int = 1280, **given: object) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": 900}, **given)  # type: ignore[arg-type]
        contexts.append(context)
        found = Opened(context.new_page())
        page = found.page
        page.on("request", lambda request: found.requests.append(request.url))
        page.on("console", lambda message: found.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.goto(path.as_uri())
        return found

    yield opened
    for context in contexts:
        context.close()
