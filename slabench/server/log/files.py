"""A deploy log as a file (plain, growing, packed, or UTF-16 as PowerShell writes it) -> blocks of bytes."""

from __future__ import annotations

import bz2
import codecs
import gzip
import importlib
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, cast

from slabench.errors import ConfigError, system_words
from slabench.messages import Message

BLOCK = 1 << 18
# The first bytes of packed files that cannot be read here, and the command that unpacks them.
_UNPACK = {
    b"PK\x03\x04": ("part.zip", "unzip"),
    b"\x04\x22\x4d\x18": ("part.lz4", "lz4 -d"),
    b"7z\xbc\xaf\x27\x1c": ("part.seven_zip", "7z x"),
    b"\x1f\x9d": ("part.compress", "uncompress"),
}
_UTF32 = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
_BROKEN = (EOFError, OSError, zlib.error, lzma.LZMAError, UnicodeError)


class Utf16:
    """A file of UTF-16 read as UTF-8. Positions are those of the file, so that a part of it may be named."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self.file = file
        self.tell, self.fileno, self.close = file.tell, file.fileno, file.close
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def read(self, size: int, /) -> bytes:
        data = self.file.read(size + size % 2)
        return self._decoder.decode(data).encode("utf-8", "replace").replace(b"\xef\xbb\xbf", b"")

    def readline(self) -> bytes:
        out = b""
        while not out.endswith(b"\n") and (data := self.file.read(2)):
            out += self._decoder.decode(data).encode("utf-8", "replace")
        return out

    def seek(self, position: int, /) -> int:
        self._decoder.reset()
        return self.file.seek(position - position % 2)


# tell() and seek() count bytes of the file, of a packed one its unpacked bytes.
Source = IO[bytes] | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile | Utf16


def encoding_of(head: bytes) -> str | None:
    """Which UTF-16 a file begins in: by its mark, or by a zero in every other byte of text."""
    if head.startswith(_UTF32):
        return None
    even, odd = head[::2], head[1::2]
    for name, mark, zeros, letters in (
        ("utf-16-le", b"\xff\xfe", odd, even),
        ("utf-16-be", b"\xfe\xff", even, odd),
    ):
        text = len(head) >= 16 and letters.count(0) < 0.1 * len(letters)
        if head.startswith(mark) or (text and zeros.count(0) > 0.8 * len(zeros)):
            return name
    return None


def open_log(path: str) -> Source:
    """The file, unpacked or decoded according to its first bytes. ConfigError if it cannot be read."""
    try:
        with open(path, "rb") as file:
            head = file.read(64)
        for magic, unpack in _UNPACKED.items():
            if head.startswith(magic):
                return unpack(path)
        encoding = encoding_of(head)
        plain = open(path, "rb")  # noqa: SIM115 - the caller closes it
    except OSError as error:
        raise ConfigError(Message("file.log_unreadable", path=path, why=error.strerror)) from error
    for magic, (what, command) in _UNPACK.items():
        if head.startswith(magic):
            plain.close()
            raise ConfigError(Message("file.log_packed", path=path, what=Message(what), command=command))
    if head.startswith(_UTF32):
        plain.close()
        raise ConfigError(Message("file.log_utf32", path=path))
    return plain if encoding is None else Utf16(plain, encoding)


def _zstd(path: str) -> IO[bytes]:
    """By Python 3.14's own module or one of the packages for it, if there is one."""
    for name in ("compression.zstd", "backports.zstd", "zstandard", "pyzstd"):
        try:
            module: Any = importlib.import_module(name)
        except ImportError:
            continue
        return cast(IO[bytes], module.open(path, "rb"))
    raise ConfigError(Message("file.log_zstd", path=path))


_UNPACKED: Mapping[bytes, Callable[[str], Source]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"\x28\xb5\x2f\xfd": _zstd,
}


def read_bytes(path: str, begin: int = 0, end: int | None = None, size: int = BLOCK) -> Iterator[bytes]:
    """The lines of a file whose first byte lies in [begin, end), as blocks of bytes; offsets of a packed file
    count unpacked bytes.

    A line that begins before begin is left out, one that begins before end is read whole. ConfigError if the
    file cannot be read or unpacked.
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
        why = system_words(error) if isinstance(error, OSError | EOFError) else str(error)
        raise ConfigError(Message("file.log_end", path=path, why=why)) from error
    finally:
        file.close()
