"""A curve of a list of samples, and in the published file's form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from slabench.metrics.curve import Curve, CurveBuilder, CurveSample


def classic_curve(samples: Iterable[CurveSample], gpus: float | None) -> Curve:
    return CurveBuilder().add_all(samples).classic(gpus)


def clean_curve(
    samples: Iterable[CurveSample], gpus_per_scheduler: float | None, *, graph_up_to: int | None = None
) -> Curve:
    return CurveBuilder().add_all(samples).clean(gpus_per_scheduler, graph_up_to=graph_up_to)


def published_form(curve: Curve) -> dict[str, dict[str, Any]]:
    """Key for key the second part of the published ali_decode.json; its spelling of "througput" is kept."""
    return {
        str(point.running): {
            "median": point.median,
            "throughput_per_gpu": point.per_gpu,
            "throughput_per_user": point.per_user,
            "gen_througput_samples": point.samples,
        }
        for point in curve.points
    }
