"""Which of the client's time-outs a request has passed."""

from __future__ import annotations

from slabench.loadgen.exchange import Exchange
from slabench.loadgen.options import ClientOptions
from slabench.records import ErrorKind
from slabench.units import NS_PER_S

OPEN_NS = NS_PER_S  # the server writes [DONE] and the end of the body together


def stays_open(exchange: Exchange, now: int) -> bool:
    """Whether [DONE] came more than a second ago and the body has not ended: the slot is needed."""
    return (
        exchange.answer.meter.done_ns is not None
        and exchange.last_ns is not None
        and now - exchange.last_ns > OPEN_NS
    )


def expired(exchange: Exchange, now: int, limits: ClientOptions) -> tuple[ErrorKind, str] | None:
    """The time-out that has passed, with its sentence; None if none has."""
    start = exchange.start_ns or now
    if now - start > limits.total_timeout_s * NS_PER_S:
        return (
            ErrorKind.TOTAL_TIMEOUT,
            f"The answer was not complete {limits.total_timeout_s:g} s after its start (--total-timeout).",
        )
    if not exchange.connected or exchange.sent_ns is None:
        return None  # connecting has a limit of its own, and a body that is still being written the total one
    if not exchange.arrivals:
        if now - exchange.sent_ns > limits.first_byte_timeout_s * NS_PER_S:
            return (
                ErrorKind.FIRST_BYTE_TIMEOUT,
                (
                    f"No token arrived within {limits.first_byte_timeout_s:g} s of sending "
                    "(--first-byte-timeout)."
                ),
            )
    elif exchange.last_ns is not None and now - exchange.last_ns > limits.idle_timeout_s * NS_PER_S:
        return (
            ErrorKind.IDLE_TIMEOUT,
            f"Nothing arrived for {limits.idle_timeout_s:g} s within the answer (--idle-timeout).",
        )
    return None
