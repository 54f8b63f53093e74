"""GPUs for tests: the double of nvidia-ml-py, a DCGM exporter's text, records whose counter is known."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from slabench.gpu_records import GpuRecord, GpuSample

DOUBLE = Path(__file__).parents[1] / "data" / "gpu" / "double"
S = 1_000_000_000


# slabench.server.gpu.process.COMMAND: the sampler's process with the double for nvidia-ml-py
WITH_DOUBLE = (
    "-P",
    "-c",
    f"import sys; sys.path.insert(0, {str(DOUBLE)!r}); from slabench.server.gpu.sampler import main; "
    "sys.exit(main(sys.argv[1:]))",
)


def nvml_double(*gpus: Mapping[str, Any]) -> Any:
    """A module of its own, so that no test sees another's GPUs."""
    spec = importlib.util.spec_from_file_location("pynvml_double", DOUBLE / "pynvml.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["pynvml_double"] = module  # dataclasses look it up
    spec.loader.exec_module(module)
    module.GPUS[:] = [module.Gpu(**fields) for fields in gpus]
    return module


def gpu(
    index: int = 0,
    *,
    watts: float = 600.0,
    begin: float = -1.0,
    end: float = 61.0,
    step: float = 0.1,
    **more: Any,
) -> GpuRecord:
    """A counter that rises evenly and is read every step seconds from begin to end."""
    count = round((end - begin) / step) + 1
    moments = [begin + place * step for place in range(count)]
    energy = [(round(at * S), round(1e9 + (at - begin) * watts * 1000)) for at in moments]
    fields: dict[str, Any] = {"uuid": f"GPU-{index}", "name": "NVIDIA H200", "energy": energy, **more}
    return GpuRecord(index, **fields)


def sample(second: float = 1.0, reasons: int | None = 0, **more: Any) -> GpuSample:
    fields: dict[str, Any] = {"power_w": 600.0, "sm_mhz": 1980.0, "temperature_c": 60.0, "memory_mib": 2048.0}
    return GpuSample(round(second * S), reasons=reasons, **fields | more)


def exporter_text(gpus: Sequence[Mapping[str, object]]) -> str:
    """As DCGM exporter 3 and 4 write it: a family after the other, a sample a GPU, or an instance of it."""
    names = list(dict.fromkeys(name for each in gpus for name in each if name.startswith("DCGM_")))
    lines = []
    for name in names:
        lines += [f"# HELP {name} Help (in some unit).", f"# TYPE {name} gauge"]
        for index, each in enumerate(gpus):
            number = each.get("gpu", index)
            labels = (
                f'gpu="{number}",UUID="GPU-{number}",pci_bus_id="00000000:0{number}:00.0",'
                f'device="nvidia{number}",modelName="NVIDIA H200"{each.get("labels", "")},'
                'Hostname="node1",DCGM_FI_DRIVER_VERSION="580.1"'
            )
            if name in each:
                lines.append(f"{name}{{{labels}}} {each[name]}")
    return "\n".join(lines) + "\n"


@contextmanager
def exporter(text: str, status: int = 200) -> Iterator[str]:
    """The URL of an exporter that answers this text."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/metrics" else 404)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
