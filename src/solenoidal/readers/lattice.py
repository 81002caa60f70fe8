"""What every reader asks of lattice vectors."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["is_lattice"]

#: Smallest volume of a cell, Angstrom^3, and longest vector, Angstrom, that a file can mean.
_SMALLEST_VOLUME, _LONGEST = 1e-6, 1e6


def is_lattice(vectors: NDArray[np.float64]) -> bool:
    """Whether ``(3, 3)`` rows are finite, of sensible length and linearly independent."""
    if vectors.shape != (3, 3) or not np.isfinite(vectors).all() or abs(vectors).max() > _LONGEST:
        return False
    return bool(abs(np.linalg.det(vectors)) > _SMALLEST_VOLUME)
