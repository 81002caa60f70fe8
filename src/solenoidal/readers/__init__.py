"""Readers: from files of other programs to a :class:`~solenoidal.model.BlochModel`."""

from solenoidal.readers.files import find_wannier90_files
from solenoidal.readers.npz import read_npz
from solenoidal.readers.wannier90 import read_wannier90

__all__ = ["find_wannier90_files", "read_npz", "read_wannier90"]
