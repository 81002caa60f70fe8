"""Files of a calculation, plain or compressed: finding them and reading them as one stream of bytes or lines."""

import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from solenoidal.errors import InputError
from solenoidal.readers.streams import Lines, bz2_stream, xz_stream

__all__ = ["SUFFIXES", "find_file", "is_compressed", "open_lines", "open_stream", "stream_errors", "strip_suffix"]

_BUFFER = 1 << 20

#: How to open a file by the suffix of its compression; a plain file comes first and wins.
_OPENERS: dict[str, Callable[[Path], object]] = {
    "": io.FileIO,
    ".bz2": bz2_stream,
    ".xz": xz_stream,
    ".gz": gzip.GzipFile,
}

#: Suffixes looked for, in this order: none, ``.bz2``, ``.xz``, ``.gz``.
SUFFIXES: tuple[str, ...] = tuple(_OPENERS)


def find_file(name: str | Path) -> Path | None:
    """Return the file ``name``, else ``name.bz2``, ``name.xz`` or ``name.gz``, else None."""
    candidates = (Path(f"{name}{suffix}") for suffix in SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def is_compressed(path: Path) -> bool:
    """Whether the name says that the file is compressed."""
    return path.suffix in SUFFIXES[1:]


def strip_suffix(name: str) -> str:
    """``name`` without a suffix of compression."""
    stem, dot, last = name.rpartition(".")
    return stem if dot + last in SUFFIXES[1:] else name


@contextmanager
def stream_errors(path: Path) -> Iterator[None]:
    """Turn what a damaged or unreadable file raises into one sentence.

    Raises
    ------
    InputError
        In place of any error of the operating system or of a decompressor; the sentence names the file.
    """
    try:
        yield
    except (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile) as error:
        raise _damaged(path, error) from None
    except OSError as error:
        if error.errno is None:  # the bz2 decompressor has no exception of its own
            raise _damaged(path, error) from None
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); check that it is a readable file and not a folder."
        ) from None


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path}: not a {path.suffix} file, or the compressed file is damaged or truncated ({error}); restore it, or "
        f"put the uncompressed file in its place."
    )


def open_stream(path: Path) -> io.BufferedReader:
    """Open a file for reading, decompressing lazily what its suffix says.

    Memory: one buffer of 1 MiB, whatever the size of the file.

    Raises
    ------
    InputError
        If the file cannot be opened.
    """
    opener = _OPENERS[path.suffix if is_compressed(path) else ""]
    with stream_errors(path):
        # The outer buffer makes reading by lines as fast from compressed files as from plain ones.
        return io.BufferedReader(cast(io.RawIOBase, opener(path)), _BUFFER)


def open_lines(path: Path) -> io.BufferedReader:
    r"""Open a text file as :func:`open_stream` does; its lines end with ``\n`` whatever ended them in the file.

    Only ``\n``, ``\r\n`` and ``\r`` end a line; a UTF-8 byte order mark at the beginning is dropped.

    Raises
    ------
    InputError
        If the file cannot be opened.
    """
    return io.BufferedReader(Lines(open_stream(path)), _BUFFER)
