"""Which of the client's time-outs a request has passed."""

from __future__ import annotations

from slabench.loadgen.connection import Exchange
from slabench.loadgen.options import ClientOptions
from slabench.records import ErrorKind
from slabench.units import NS_PER_S

OPEN_NS = NS_PER_S  # between [DONE] and the end of the body is one write of the server's


def stays_open(exchange: Exchange, now: int) -> bool:
    """Whether an answer is complete for its reader, and its body has not ended for a second: its slot is
    needed.
    """
    return (
        exchange.answer.meter.done_ns is not None
        and exchange.last_ns is not None
        and now - exchange.last_ns > OPEN_NS
    )


def out_of_patience(exchange: Exchange, now: int, limits: ClientOptions) -> tuple[ErrorKind, str] | None:
    """Which time-out has passed, with its sentence; None if none has."""
    start = exchange.start_ns or now
    if now - start > limits.total_timeout_s * NS_PER_S:
        return (
            ErrorKind.TOTAL_TIMEOUT,
            f"The answer was not complete after {limits.total_timeout_s:g} s (--total-timeout).",
        )
    if not exchange.connected or exchange.sent_ns is None:
        return None  # connecting has its own limit, and a body that is still being written has the total one
    if not exchange.arrivals:
        if now - exchange.sent_ns > limits.first_byte_timeout_s * NS_PER_S:
            return (
                ErrorKind.FIRST_BYTE_TIMEOUT,
                f"No token came within {limits.first_byte_timeout_s:g} s of sending (--first-byte-timeout).",
            )
    elif exchange.last_ns is not None and now - exchange.last_ns > limits.idle_timeout_s * NS_PER_S:
        return (
            ErrorKind.IDLE_TIMEOUT,
            f"Nothing came for {limits.idle_timeout_s:g} s within the answer (--idle-timeout).",
        )
    return None
