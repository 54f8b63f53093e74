"""Units of time: stamps are whole nanoseconds, metrics are milliseconds or seconds."""

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


def duration(seconds: float) -> str:
    """`45 s`, `5 min 34 s`, `7 h 42 min`"""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
