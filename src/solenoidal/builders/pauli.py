"""Pauli matrices and the spin operator shared by the textbook models."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["ONE", "SX", "SY", "SZ", "orbital_and_spin", "spin_operator"]

Complex = NDArray[np.complex128]

ONE: Complex = np.eye(2, dtype=np.complex128)
SX: Complex = np.array([[0, 1], [1, 0]], dtype=np.complex128)
SY: Complex = np.array([[0, -1j], [1j, 0]], dtype=np.complex128)
SZ: Complex = np.array([[1, 0], [0, -1]], dtype=np.complex128)


def orbital_and_spin(orbital: Complex, spin: Complex) -> Complex:
    """``tau x sigma`` in the basis (1 up, 1 down, 2 up, 2 down, ...); shape (2 n, 2 n)."""
    return np.asarray(np.kron(orbital, spin), dtype=np.complex128)


def spin_operator(orbitals: int) -> dict[str, tuple[Complex, tuple[str, ...]]]:
    """Spin sigma / 2 (in hbar) of ``orbitals`` orbitals, as ``local_operators`` of a model wants it."""
    one = np.eye(orbitals, dtype=np.complex128)
    return {"spin": (np.stack([orbital_and_spin(one, s) / 2 for s in (SX, SY, SZ)]), ("x", "y", "z"))}
