"""TLS over a socket that is read with the kernel's times of arrival; its records are in memory."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from slabench.loadgen.kernel_timestamps import Ancillary

_SEALED = 46 * 1024  # bytes of a read: with a record begun before, the plain text fits into 64 KiB


@dataclass(frozen=True, slots=True)
class Address:
    """tls: None for http."""

    host: str
    port: int
    tls: ssl.SSLContext | None


class Secure:
    """Encrypts what goes through a socket; receive() has the signature of recvmsg_into."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._sock = sock
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)
        self._sealed = bytearray(_SEALED)
        self._left = False  # the handshake's last read brought application data

    async def shake_hands(self, loop: asyncio.AbstractEventLoop) -> None:
        """Raises OSError (ssl.SSLError is one) if the two do not agree."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush(loop)
                data = await loop.sock_recv(self._sock, _SEALED)
                if not data:
                    raise ConnectionResetError(
                        "the server closed the connection during the TLS handshake"
                    ) from None
                self._in.write(data)
            else:
                await self._flush(loop)
                self._left = self._in.pending > 0
                return

    async def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._out.pending:
            await loop.sock_sendall(self._sock, self._out.read())

    def seal(self, data: memoryview) -> bytes:
        """data encrypted."""
        self._tls.write(data)
        return self._out.read()

    def receive(self, into: list[bytearray], room: int) -> tuple[int, Ancillary, int, Any]:
        """Raises BlockingIOError if no plain text came: a record is incomplete, or has no data."""
        ancillary: Ancillary = ()
        left, self._left = self._left, False
        if not left:
            size, ancillary, _, _ = self._sock.recvmsg_into([self._sealed], room)
            if not size:
                return 0, ancillary, 0, None
            self._in.write(memoryview(self._sealed)[:size])
        plain, at = memoryview(into[0]), 0
        try:
            while at < len(plain):
                # into a buffer, it returns the number
                taken = cast(int, self._tls.read(len(plain) - at, plain[at:]))
                if not taken:
                    raise ssl.SSLZeroReturnError
                at += taken
        except ssl.SSLWantReadError:
            if not at:
                raise BlockingIOError from None
        except ssl.SSLError as error:  # the peer ends TLS, or a broken record
            if at:
                with suppress(OSError):
                    self._sock.shutdown(socket.SHUT_RD)  # the next read reports the end
            elif not isinstance(error, ssl.SSLZeroReturnError):
                raise
        return at, ancillary, 0, None
