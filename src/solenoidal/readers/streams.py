"""Raw streams: decompression that refuses what follows its end, and text with one kind of line end."""

import bz2
import codecs
import io
import lzma
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

__all__ = ["Decompressed", "Lines", "bz2_stream", "xz_stream"]

_CHUNK = 1 << 16


class _Engine(Protocol):
    """What the decompressors of the modules bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


class _Raw(io.RawIOBase):
    """A raw stream that gets its bytes from ``_some``."""

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Put the next bytes into ``buffer`` and return their number, 0 at the end."""
        data = self._some(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    @abstractmethod
    def _some(self, most: int) -> bytes:
        """Return the next bytes, at most ``most``, none at the end."""


class Decompressed(_Raw):
    """The contents of a compressed file of one or more streams, one after the other.

    Unlike :func:`bz2.open` and :func:`lzma.open`, which pass over it, this refuses bytes behind the last stream; only
    zero bytes may follow, the padding of the .xz format (Sec. 2.2 of its specification, version 1.1).

    Parameters
    ----------
    path
        The file.
    engine
        Makes a decompressor for one stream.

    Raises
    ------
    EOFError, OSError, lzma.LZMAError
        While reading, if the file is truncated, damaged or of another format.
    """

    def __init__(self, path: Path, engine: Callable[[], _Engine]) -> None:
        self._file = path.open("rb")
        self._make = engine
        self._engine = engine()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def _some(self, most: int) -> bytes:
        out = b""
        while not out:
            if not self._engine.eof:
                data = self._more()
            elif data := self._next_stream():
                self._engine = self._make()
            else:
                break
            out = self._engine.decompress(data, most)
        return out

    def _more(self) -> bytes:
        data = self._file.read(_CHUNK) if self._engine.needs_input else b""
        if self._engine.needs_input and not data:
            raise EOFError("it ends before the end of its stream")
        return data

    def _next_stream(self) -> bytes:
        """Return the first bytes behind the stream that has ended, without padding."""
        data = self._engine.unused_data.lstrip(b"\0")
        while not data and (piece := self._file.read(_CHUNK)):
            data = piece.lstrip(b"\0")
        return data


class Lines(_Raw):
    r"""A text file whose lines all end with ``\n``, without a UTF-8 byte order mark.

    Only ``\n``, ``\r\n`` and ``\r`` end a line: the bytes that some libraries split at besides (0x0b, 0x0c, 0x1c to
    0x1e, 0x85) occur inside characters of UTF-8 or in comments.

    Parameters
    ----------
    stream
        The bytes of the file; closed with this stream.
    """

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._begun = False

    def close(self) -> None:
        """Close the underlying stream."""
        self._stream.close()
        super().close()

    def _some(self, most: int) -> bytes:
        if not self._begun:
            self._begun = True
            mark = len(codecs.BOM_UTF8)
            if self._stream.peek(mark)[:mark] == codecs.BOM_UTF8:
                self._stream.read(mark)
        data = self._stream.read(most)
        if b"\r" not in data:
            return data
        # A return at the very end may be the first half of \r\n: both halves must be seen together.
        if data.endswith(b"\r") and self._stream.peek(1)[:1] == b"\n":
            data += self._stream.read(1)
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def bz2_stream(path: Path) -> Decompressed:
    """Open a ``.bz2`` file."""
    return Decompressed(path, bz2.BZ2Decompressor)


def xz_stream(path: Path) -> Decompressed:
    """Open an ``.xz`` file."""
    return Decompressed(path, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ))
