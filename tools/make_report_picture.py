"""docs/images/report.png for the README: the page of a stored H200 run in Debian's chromium, from its
verdict to its charts.

    python tools/make_report_picture.py [run.json] [picture.png]
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO))

from slabench.report.page.render import report_page  # noqa: E402
from slabench.run_document.read import run_document  # noqa: E402

TARGET = REPO / "docs" / "images" / "report.png"
RUN = REPO / "docs" / "examples" / "h200-qwen3-30b-a3b" / "decode-sweep" / "run.json"
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
).split()
WIDTH = 1280
LARGEST = 200_000  # bytes: the README is read over slow lines too


def take(page_file: Path, target: Path) -> int:
    """The page down to the end of its first row of charts; the picture's size in bytes."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit(
            "There is no chromium here; install it: apt-get install --no-install-recommends chromium"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": WIDTH, "height": 900}, device_scale_factor=0.9)
        page.goto(page_file.as_uri())
        page.evaluate("() => { slabenchCharts(); }")
        page.wait_for_timeout(300)
        figures = [figure.bounding_box() for figure in page.locator(".charts figure.chart").all()[:2]]
        if not figures or figures[0] is None:
            raise SystemExit(f"{page_file} has no charts; name the run.json of a run of tests/ali.")
        bottom = max(box["y"] + box["height"] for box in figures if box is not None)
        clip = {"x": 0.0, "y": 0.0, "width": float(WIDTH), "height": bottom + 16}
        page.screenshot(path=str(target), clip=clip, full_page=True)  # type: ignore[arg-type]
        browser.close()
    return target.stat().st_size


def main(arguments: list[str]) -> int:
    run = Path(arguments[0]) if arguments else RUN
    target = Path(arguments[1]) if len(arguments) > 1 else TARGET
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        document = run_document(json.loads(run.read_text(encoding="utf-8")))
        page.write_text(report_page([document]), encoding="utf-8")
        size = take(page, target)
    print(f"{target}: {size:,} bytes")
    if size > LARGEST:
        print(f"That is more than {LARGEST:,} bytes: show less of the page.", file=sys.stderr)
    return int(size > LARGEST)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
