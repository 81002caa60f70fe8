"""Fortran sequential unformatted files: records between two byte counts.

Layout: 4-byte count, payload, the same count; records above 2 GB are split into parts whose leading count is
negative when another part follows (GNU Fortran manual, "File format of unformatted sequential files").
"""

import struct
from pathlib import Path
from types import TracebackType

from solenoidal.errors import InputError
from solenoidal.readers.opening import open_stream, stream_errors

__all__ = ["FortranFile"]

#: Bytes asked for at once, so that a damaged count never allocates more than the file holds.
_PIECE = 1 << 24
#: Longest record whose length is not known beforehand (the header line).
_HEADER = 4096


class FortranFile:
    """A little-endian Fortran sequential file with 4-byte record marks.

    Memory: one record at a time.

    Raises
    ------
    InputError
        From every method, if the file is truncated, has another byte order or other records than expected.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begun = False
        self._stream = open_stream(path)

    def __enter__(self) -> "FortranFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def error(self, text: str) -> InputError:
        """Return the error ``FILE: text``."""
        return InputError(f"{self.path}: {text}")

    def header(self) -> bytes:
        """Return the first record, a line of text whose length tells whether this is such a file at all."""
        mark = self._bytes(4, "the header")
        size = int.from_bytes(mark, "little", signed=True)
        if not 0 < size <= _HEADER:
            swapped = int.from_bytes(mark, "big", signed=True)
            if 0 < swapped <= _HEADER:
                raise InputError(
                    f"{self.path}: the file is big-endian, convert it where it was made "
                    f"(w90chk2chk.x or w90spn2spn.x with -export) and read the text form."
                )
            raise InputError(
                f"{self.path}: not a Fortran unformatted file with 4-byte record marks; restore it, or export its "
                f"text form where it was made (w90chk2chk.x or w90spn2spn.x with -export)."
            )
        payload = self._bytes(size, "the header")
        self._close_part(size, "the header")
        return payload

    def record(self, size: int, what: str) -> bytes:
        """Return the next record, which must have ``size`` bytes and hold ``what``."""
        parts: list[bytes] = []
        more, left = True, size
        while more:
            (mark,) = struct.unpack("<i", self._bytes(4, what))
            more = mark < 0
            if abs(mark) > left or (not more and mark != left):
                raise InputError(
                    f"{self.path}: the record of {what} has {size - left + abs(mark)} bytes where {size} follow from "
                    f"the counts before it; the file is damaged or of another program, restore it or make it again."
                )
            parts.append(self._bytes(abs(mark), what))
            self._close_part(abs(mark), what)
            left -= abs(mark)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def finish(self) -> None:
        """Refuse anything behind the last record."""
        with stream_errors(self.path):
            rest = self._stream.read(1)
        if rest:
            raise InputError(
                f"{self.path}: the file goes on behind its last record, it is damaged or of another program; restore "
                f"it or make it again."
            )

    def _bytes(self, count: int, what: str) -> bytes:
        pieces = []
        while count:
            with stream_errors(self.path):
                piece = self._stream.read(min(count, _PIECE))
            if not piece:
                raise self._ended(what)
            self._begun = True
            pieces.append(piece)
            count -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _ended(self, what: str) -> InputError:
        if not self._begun:
            return InputError(f"{self.path}: the file is empty, restore it or make it again.")
        return InputError(f"{self.path}: the file ends within {what}, it is truncated; restore it or make it again.")

    def _close_part(self, size: int, what: str) -> None:
        (mark,) = struct.unpack("<i", self._bytes(4, what))
        if abs(mark) != size:
            raise InputError(
                f"{self.path}: the record of {what} opens with {size} bytes and closes with {mark}, the file is "
                f"damaged; restore it or make it again."
            )
