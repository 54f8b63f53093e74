"""docs/images/report.png for the README: a run on the embedded server, its report in Debian's chromium, the
page's upper part.

    python tools/make_report_picture.py [report.html]

Without an argument it measures first (a quarter of a minute); with one it takes the picture of a report that
is there.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
TARGET = REPO / "docs" / "images" / "report.png"
RUN = (
    "tests/ali/test_decode.py tests/ali/test_decode_curve.py --base-url=sim: "
    "--dataset-path=fixtures/data/sharegpt_small.json "
    "--decode-input-len=512 --decode-output-len=96 --batch-sizes=1,2,4,8,16,24,32"
).split()
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
).split()
LARGEST = 200_000  # bytes: the README is read over slow lines too


def measure(folder: str) -> Path:
    """report.html of a run of its own; its exit status does not matter, a red page is a page."""
    command = [sys.executable, "-m", "pytest", *RUN, f"--report-dir={folder}", "-q", "-p", "no:cacheprovider"]
    subprocess.run(command, cwd=REPO, check=False)
    return (Path(folder) / "latest" / "report.html").resolve()


def take(page_file: Path, target: Path) -> int:
    """The page down to the end of the decode charts; the picture's size in bytes."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit(
            "There is no chromium here; install it: apt-get install --no-install-recommends chromium"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        page.goto(page_file.as_uri())
        end = page.locator(
            ".slab .charts", has=page.locator(".chart-title", has_text="Decode throughput per GPU")
        ).bounding_box()
        if end is None:
            raise SystemExit(
                f"{page_file} has no decode charts; run tests/ali/test_decode.py and "
                f"tests/ali/test_decode_curve.py."
            )
        clip = {"x": 0.0, "y": 0.0, "width": 1280.0, "height": end["y"] + end["height"] + 16}
        page.screenshot(path=str(target), clip=clip, full_page=True)  # type: ignore[arg-type]
        browser.close()
    return target.stat().st_size


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        size = take(Path(arguments[0]).resolve() if arguments else measure(folder), TARGET)
    print(f"{TARGET.relative_to(REPO)}: {size:,} bytes")
    if size > LARGEST:
        print(f"That is more than {LARGEST:,} bytes: show less of the page.", file=sys.stderr)
    return int(size > LARGEST)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
