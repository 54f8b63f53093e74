"""A deploy log as a file: plain, growing, packed, or UTF-16 as PowerShell's > writes it -> blocks of bytes."""

from __future__ import annotations

import bz2
import codecs
import gzip
import importlib
import lzma
import os
import zlib
from collections.abc import Iterator
from typing import IO, Any, Protocol, cast

from slabench.errors import ConfigError, system_words

BLOCK = 1 << 18
# What a packed file that cannot be read here begins with, and the command that unpacks it.
_UNPACK = {
    b"PK\x03\x04": ("a zip archive", "unzip"),
    b"\x04\x22\x4d\x18": ("packed by lz4", "lz4 -d"),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "7z x"),
    b"\x1f\x9d": ("packed by compress", "uncompress"),
}
_ZSTD = b"\x28\xb5\x2f\xfd"
_BROKEN = (EOFError, OSError, zlib.error, lzma.LZMAError, UnicodeError)


class Source(Protocol):
    """What is asked of an open log.

    tell() and seek() count bytes of the file, of a packed one its unpacked bytes.
    """

    def read(self, size: int, /) -> bytes: ...
    def readline(self) -> bytes: ...
    def seek(self, position: int, /) -> int: ...
    def tell(self) -> int: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...


class Utf16:
    """A file of UTF-16 read as UTF-8. Places are those of the file, so that a part of it may be named."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self.file, self.encoding = file, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def read(self, size: int, /) -> bytes:
        data = self.file.read(size + size % 2)
        return self._decoder.decode(data).encode("utf-8", "replace").replace(b"\xef\xbb\xbf", b"")

    def readline(self) -> bytes:
        out = b""
        while not out.endswith(b"\n"):
            data = self.file.read(2)
            if not data:
                break
            out += self._decoder.decode(data).encode("utf-8", "replace")
        return out

    def seek(self, position: int, /) -> int:
        self._decoder.reset()
        return self.file.seek(position - position % 2)

    def tell(self) -> int:
        return self.file.tell()

    def fileno(self) -> int:
        return self.file.fileno()

    def close(self) -> None:
        self.file.close()


def encoding_of(head: bytes) -> str | None:
    """The UTF-16 that a file begins in: by its mark, or by a zero in every other byte of text."""
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return None
    if head.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if head.startswith(b"\xfe\xff"):
        return "utf-16-be"
    odd, even = head[1::2], head[::2]
    if len(head) >= 16:
        if odd.count(0) > 0.8 * len(odd) and even.count(0) < 0.1 * len(even):
            return "utf-16-le"
        if even.count(0) > 0.8 * len(even) and odd.count(0) < 0.1 * len(odd):
            return "utf-16-be"
    return None


def open_log(path: str) -> Source:
    """The file, unpacked or decoded by its first bytes. ConfigError if it cannot be read."""
    try:
        with open(path, "rb") as file:
            head = file.read(64)
        if head.startswith(b"\x1f\x8b"):
            return cast(Source, gzip.open(path, "rb"))
        if head.startswith(b"BZh"):
            return bz2.open(path, "rb")
        if head.startswith(b"\xfd7zXZ\x00"):
            return lzma.open(path, "rb")
        encoding = encoding_of(head)
        if encoding is not None:
            return Utf16(open(path, "rb"), encoding)
    except OSError as error:
        raise ConfigError(
            f"The deploy log {path} cannot be read ({error.strerror}). Give the file that the server's output goes to."
        ) from error
    if head.startswith(_ZSTD):
        return _zstd(path)
    for magic, (what, command) in _UNPACK.items():
        if head.startswith(magic):
            raise ConfigError(f"The deploy log {path} is {what}. Unpack it first: {command} {path}")
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise ConfigError(
            f"The deploy log {path} is UTF-32. Convert it first: iconv -f UTF-32 -t UTF-8 {path} > server.log"
        )
    return open(path, "rb")


def _zstd(path: str) -> Source:
    """By Python 3.14's own module or one of the packages for it, where one is there."""
    for name in ("compression.zstd", "backports.zstd", "zstandard", "pyzstd"):
        try:
            module: Any = importlib.import_module(name)
        except ImportError:
            continue
        return cast(Source, module.open(path, "rb"))
    raise ConfigError(
        f"The deploy log {path} is packed by zstd, which this Python cannot read. Unpack it first: zstd -d {path} "
        "(or install the package zstandard)."
    )


def read_bytes(path: str, begin: int = 0, end: int | None = None, size: int = BLOCK) -> Iterator[bytes]:
    """The lines of a file whose first byte lies in [begin, end), as blocks of bytes; offsets of a packed file
    count unpacked bytes.

    A line that begins before begin belongs to what was before, one that begins before end is read whole.
    ConfigError if the file cannot be read or unpacked.
    """
    file = open_log(path)
    try:
        if begin > 0:
            width = 2 if isinstance(file, Utf16) else 1
            file.seek(begin - width)
            if file.read(width) not in (b"\n", b"\r"):
                file.readline()
        while end is None or file.tell() < end:
            data = file.read(size if end is None else min(size, end - file.tell()))
            if not data:
                break
            if end is not None and file.tell() >= end and not data.endswith((b"\n", b"\r")):
                data += file.readline()
            yield data
    except _BROKEN as error:
        raise ConfigError(
            f"The deploy log {path} cannot be read to its end ({_words(error)}). Is the file whole?"
        ) from error
    finally:
        file.close()


def _words(error: BaseException) -> str:
    return system_words(error) if isinstance(error, OSError | EOFError) else str(error)


def same_lines(
    path: str, begin: int, end: int | None, other: str, other_begin: int, other_end: int | None
) -> bool:
    """Whether one of two parts of files is the beginning of the other, or all of it: then they are copies of
    one log.

    A part without a byte is nobody's copy.
    """
    first, second = read_bytes(path, begin, end), read_bytes(other, other_begin, other_end)
    left = right = b""
    try:
        compared = 0
        while True:
            left = left or next(first, b"")
            right = right or next(second, b"")
            if not left or not right:
                return compared > 0
            many = min(len(left), len(right))
            if left[:many] != right[:many]:
                return False
            compared += many
            left, right = left[many:], right[many:]
    finally:
        first.close()  # type: ignore[attr-defined]
        second.close()  # type: ignore[attr-defined]


def one_file(path: str, other: str) -> bool:
    """Whether two names are one file: a link, or the same name twice."""
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False
