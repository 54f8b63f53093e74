"""A gateway that requires a header gets it with every request, and no output shows its value."""

from __future__ import annotations

from pathlib import Path

from tests.integration.conftest import Suite
from tests.integration.fault_matrix.servers import Front, sim_server

SECRET = "hush-0f61c2-hush"


class Gateway(Front):
    """Lets nothing through that does not name its tenant."""

    def _refused(self, head: bytes, path: bytes) -> bytes:
        return b"" if f"\r\nx-tenant: {SECRET}\r\n".encode() in head.lower() + b"\r\n" else b"403 Forbidden"


def test_a_header_goes_with_every_request_and_into_no_output(suite: Suite, tmp_path: Path) -> None:
    with sim_server(tmp_path) as behind:
        gateway = Gateway(behind)
        try:
            options = ("tests/serving", f"--base-url={gateway.url}", "--calibrate=off")
            refused = suite(*options)
            body = '--extra-request-body={"sampling_params": {"temperature": 0.7}}'
            done = suite(*options, f"--header=X-Tenant: {SECRET}", body)
        finally:
            gateway.listener.close()
    assert refused.status == 6 and "403" in refused.output, refused.output
    assert done.status == 0, done.output
    (entry,) = done.run["tests"]
    assert entry["plan"]["headers"] == ["x-tenant"]
    assert entry["plan"]["extra_request_body"] == {"sampling_params": {"temperature": 0.7}}
    assert next(check["state"] for check in entry["checks"] if check["name"] == "flush") == "ok"
    assert SECRET not in done.output
    assert done.folder is not None
    for file in done.folder.iterdir():
        assert SECRET.encode() not in file.read_bytes(), file


def test_another_body_or_header_is_another_workload(suite: Suite, tmp_path: Path) -> None:
    file = tmp_path / "base.json"
    first = suite("tests/serving", "--base-url=sim:", f"--save-baseline={file}")
    assert first.status == 0, first.output
    body = '--extra-request-body={"sampling_params": {"temperature": 0.7}}'
    done = suite(
        "tests/serving",
        "--base-url=sim:",
        f"--baseline={file}",
        "--tolerance=90",
        body,
        "--header=X-Tenant: a",
    )
    assert done.status == 6, done.output
    assert (
        "workload.extra_request_body: {'sampling_params': {'temperature': 0.7}}, none in the baseline"
        in done.output
    )
    assert "workload.headers: ['x-tenant'], none in the baseline" in done.output
