"""Names that are nearly known."""

from __future__ import annotations

import pytest

from slabench.near import did_you_mean


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("ant50", ("ant-70", "ant-50", "ant-30"), " Did you mean ant-50?"),
        ("COMPLETE", ("completed", "flush"), " Did you mean completed?"),
        ("zzz", ("completed", "flush"), ""),
        ("", ("completed",), ""),
    ],
)
def test_the_nearest_known_name(name: str, known: tuple[str, ...], hint: str) -> None:
    assert str(did_you_mean(name, known)) == hint
