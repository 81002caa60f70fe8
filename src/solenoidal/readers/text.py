"""Text files of numbers, read in blocks of lines, with the line number in every error."""

import re
from collections.abc import Sequence
from itertools import islice, pairwise
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.readers.opening import open_lines, stream_errors

__all__ = ["LARGEST_COUNT", "TextFile", "printable"]

Real = NDArray[np.float64]

#: Lines held at once, whatever a header announces.
_BLOCK = 1 << 16
#: Fortran counts are 32-bit integers.
LARGEST_COUNT = 2**31 - 1
#: Lines remembered to tell whether the last line is whole: itself and two before it.
_TAIL = 3
#: A mantissa whose exponent has three digits: Fortran then drops the letter, as in ``0.1234-102``.
_BARE_EXPONENT = re.compile(rb"(?<=\d)([+-]\d{3})$")


class TextFile:
    """A text file of numbers as Fortran programs write them.

    Memory: at most 65536 lines and their numbers at a time beyond what is returned.

    Parameters
    ----------
    path
        The file, plain or compressed.

    Raises
    ------
    InputError
        From every method, if the file ends early, is damaged, or holds something else than announced; the
        sentence names the file and the line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        self._pushed: list[bytes] = []
        self._tail: list[bytes] = []
        self._stream = open_lines(path)

    def __enter__(self) -> "TextFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def error(self, text: str, line: int | None = None) -> InputError:
        """Return the error ``FILE: line N: text`` for the line read last, or another one."""
        return InputError(f"{self.path}: line {self.number if line is None else line}: {text}")

    def line(self, what: str) -> bytes:
        """Return the next line, which should hold ``what``."""
        return self._take(1, what)[0]

    def peek(self, what: str) -> bytes:
        """Return the next line without moving on."""
        line = self.line(what)
        self.number -= 1
        self._pushed.append(line)
        del self._tail[-1]
        return line

    def blank(self, what: str) -> None:
        """Skip one line that must be empty."""
        if self.line(what).strip():
            raise self.error(
                f"an empty line was expected before {what}, the file is damaged; restore it or make it again."
            )

    def integers(self, count: int, what: str) -> list[int]:
        """Return the ``count`` integers that stand alone on the next line."""
        fields = self.line(what).split()
        try:
            values = [int(x) for x in fields]
        except ValueError:
            values = []
        if len(values) != count or any(b"_" in x for x in fields):
            self._refuse_cut_line()
            found = printable(b" ".join(fields))
            raise self.error(
                f"expected {what} here ({count} integers), found '{found}'; the file is damaged or of another kind, "
                f"restore it or make it again."
            )
        if any(abs(x) > LARGEST_COUNT for x in values):
            raise self.error(
                f"{max(values, key=abs)} in {what} is more than any calculation has, the file is damaged; restore it "
                f"or make it again."
            )
        return values

    def counts(self, count: int, what: str) -> list[int]:
        """Return positive integers that stand alone on the next line."""
        values = self.integers(count, what)
        if min(values) < 1:
            raise self.error(
                f"{min(values)} in {what} must be positive, the file is damaged; restore it or make it again."
            )
        return values

    def numbers(self, count: int, what: str) -> Real:
        """Return ``count`` numbers that may be spread over several lines."""
        out: list[float] = []
        while len(out) < count:
            fields = self.line(what).split()
            if len(out) + len(fields) > count:
                raise self.error(
                    f"more numbers here than the {count} expected of {what}, the file is damaged; restore it or make "
                    f"it again."
                )
            out.extend(self._floats(fields, what, self.number))
        return np.array(out)

    def rows(self, count: int, columns: int, what: str, widths: Sequence[int] | None = None) -> Real:
        """Return the next ``count`` lines of ``columns`` numbers each.

        Parameters
        ----------
        count, columns
            Number of lines, numbers per line.
        what
            Name of the contents, for errors.
        widths
            Widths of the columns where the format is fixed and its fields can touch.

        Returns
        -------
        NDArray
            ``(count, columns)``, finite.
        """
        blocks = [np.empty((0, columns))]
        while count:
            lines = self._take(min(count, _BLOCK), what)
            blocks.append(self._parse(lines, columns, what, widths))
            count -= len(lines)
        return blocks[1] if len(blocks) == 2 else np.concatenate(blocks)

    def skip(self, count: int, columns: int, what: str) -> None:
        """Pass over ``count`` lines of ``columns`` finite numbers each."""
        while count:
            lines = self._take(min(count, _BLOCK), what)
            self._parse(lines, columns, what, None)
            count -= len(lines)

    def finish(self) -> None:
        """Refuse anything but empty lines up to the end of the file, and a last line that is cut.

        Fortran ends every line.  A last line without its end is taken as whole only where it is as long as the two
        lines before it, as in a file of fixed columns whose very last byte was dropped by an editor.
        """
        self._refuse_cut_line()
        while lines := self._read(_BLOCK):
            for i, line in enumerate(lines):
                if line.strip():
                    raise self.error(
                        "the file should have ended before this line, it holds more than its header says; restore it "
                        "or make it again.",
                        self.number - len(lines) + i + 1,
                    )

    def _refuse_cut_line(self) -> None:
        lengths = {len(line.rstrip(b"\n")) for line in self._tail}
        if not self._tail or self._tail[-1].endswith(b"\n") or (len(self._tail) == _TAIL and len(lengths) == 1):
            return
        raise self.error(
            "the last line has no line end and another length than the lines before it, the file is truncated; "
            "restore it or make it again (or end the line if it is whole)."
        )

    def _read(self, count: int) -> list[bytes]:
        pushed = self._pushed[:count]
        del self._pushed[:count]
        with stream_errors(self.path):
            lines = [*pushed, *islice(self._stream, count - len(pushed))]
        self.number += len(lines)
        self._tail = [*self._tail, *lines[-_TAIL:]][-_TAIL:]
        return lines

    def _take(self, count: int, what: str) -> list[bytes]:
        lines = self._read(count)
        if len(lines) < count:
            if not self.number:
                raise InputError(f"{self.path}: the file is empty, restore it or make it again.")
            raise InputError(
                f"{self.path}: the file ends after line {self.number} within {what}, it is truncated; restore it or "
                f"make it again."
            )
        return lines

    def _parse(self, lines: list[bytes], columns: int, what: str, widths: Sequence[int] | None) -> Real:
        text = b"".join(lines)
        tokens = text.split()
        if len(tokens) == len(lines) * columns:
            try:
                # An underscore is legal in a Python number and nowhere else: leave it to the strict path.
                out = np.array(list(map(float, tokens))).reshape(-1, columns)
                if np.isfinite(out).all() and b"_" not in text:
                    return out
            except ValueError:
                pass
        return self._parse_strictly(lines, columns, what, widths)

    def _parse_strictly(self, lines: list[bytes], columns: int, what: str, widths: Sequence[int] | None) -> Real:
        self._refuse_cut_line()
        first = self.number - len(lines) + 1
        out = np.empty((len(lines), columns))
        for i, line in enumerate(lines):
            fields = line.split()
            if len(fields) != columns and widths is not None:
                fields = _columns(line, widths)
            if len(fields) != columns:
                raise self.error(
                    f"expected {columns} numbers on a line of {what}, found '{printable(line)}'; the file is damaged "
                    f"or lines are missing before it, restore it or make it again.",
                    first + i,
                )
            out[i] = self._floats(fields, what, first + i)
        return out

    def _floats(self, fields: Sequence[bytes], what: str, line: int) -> list[float]:
        out = []
        for field in fields:
            if b"*" in field:
                raise self.error(
                    f"'{printable(field)}' in {what} is a number that did not fit its column; find why it is so large "
                    f"and make the file again.",
                    line,
                )
            try:
                value = float(_fortran(field))
            except ValueError:
                raise self.error(
                    f"'{printable(field)}' in {what} is not a number, the file is damaged; restore it or make it "
                    f"again.",
                    line,
                ) from None
            if not np.isfinite(value):
                raise self.error(
                    f"'{printable(field)}' in {what} is not finite; repeat the calculation that made the file.", line
                )
            out.append(value)
        return out


def _fortran(field: bytes) -> bytes:
    """Spelling of a Fortran number that Python reads; an underscore, which Python allows, is refused."""
    if b"_" in field:
        return b"?"
    upper = field.upper().replace(b"D", b"E")
    return _BARE_EXPONENT.sub(rb"E\1", upper) if b"." in upper and b"E" not in upper else upper


def _columns(line: bytes, widths: Sequence[int]) -> list[bytes]:
    """Fields of a line of fixed columns, empty if the line has another length."""
    text = line.rstrip(b"\r\n")
    if len(text) != sum(widths):
        return []
    edges = np.cumsum([0, *widths])
    return [text[i:j].strip() for i, j in pairwise(edges)]


def printable(text: bytes) -> str:
    """Printable beginning of a line for an error."""
    shown = "".join(c if c.isprintable() else "?" for c in text.strip().decode("latin-1"))
    return shown if len(shown) <= 40 else shown[:37] + "..."
