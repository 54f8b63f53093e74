"""`python -m slabench.calibration STREAMS ITL_MS WORKERS`: a calibration of this machine, as a line of JSON.

What a host of --load-hosts is asked for (at_hosts.py).
"""

from __future__ import annotations

import sys
from dataclasses import asdict

from slabench.calibration.calibrate import measure
from slabench.calibration.shape import Shape
from slabench.loadgen import ClientOptions
from slabench.strict_json import dumps


def main() -> int:
    streams, itl_ms, workers = sys.argv[1:]
    options = ClientOptions(workers=None if workers == "auto" else int(workers))
    print(dumps(asdict(measure(Shape(int(streams), float(itl_ms)), options))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
