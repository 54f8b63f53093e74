"""slabench/report/page/echarts/: fetch the pinned npm tarball, check it, compare the files with it.

    python tools/fetch_echarts.py [REGISTRY]

A file that is missing is written; one that differs from the tarball's is an error. The page uses the
committed file: set-up, benchmarks and CI need neither npm nor this tool. Another version: change SOURCE.txt,
remove the files, run this.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import tarfile
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parents[1] / "slabench" / "report" / "page" / "echarts"
REGISTRY = "https://registry.npmjs.org"
LIMIT = 64 << 20  # bytes: far above any tarball of this package


def source() -> dict[str, str]:
    """SOURCE.txt: a key and its value on each line."""
    lines = (HERE / "SOURCE.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(maxsplit=1) for line in lines)


def tarball(registry: str, pinned: dict[str, str]) -> bytes:
    """SystemExit where it is not the pinned file."""
    name = pinned["package"]
    url = f"{registry.rstrip('/')}/{name}/-/{name}-{pinned['version']}.tgz"
    with urllib.request.urlopen(url, timeout=120) as answer:
        content: bytes = answer.read(LIMIT)
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if integrity != pinned["integrity"]:
        raise SystemExit(f"{url} has the integrity {integrity}, SOURCE.txt {pinned['integrity']}.")
    return content


def main(arguments: list[str]) -> int:
    pinned = source()
    with tarfile.open(fileobj=io.BytesIO(tarball(arguments[0] if arguments else REGISTRY, pinned))) as files:
        for member in (pinned["file"], "package/LICENSE", "package/NOTICE"):
            content = files.extractfile(member)
            if content is None:
                raise SystemExit(f"The tarball's {member} is no file.")
            data, target = content.read(), HERE / Path(member).name
            if member == pinned["file"] and (found := hashlib.sha256(data).hexdigest()) != pinned["sha256"]:
                raise SystemExit(f"{member} has the sha256 {found}, SOURCE.txt {pinned['sha256']}.")
            if not target.exists():
                target.write_bytes(data)
                print(f"{target.name}: written")
            elif target.read_bytes() != data:
                raise SystemExit(
                    f"{target} differs from the tarball's {member}; remove it and run this again."
                )
            else:
                print(f"{target.name}: the tarball's")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
