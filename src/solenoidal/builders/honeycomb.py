"""Geometry of the honeycomb lattice shared by the models on it."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["BONDS", "CYCLE", "bond_vectors", "lattice_vectors", "sites"]

#: Cells R of the three B neighbours of the A site of the home cell.
BONDS: tuple[tuple[int, int], ...] = ((0, 0), (-1, 0), (0, -1))
#: Second neighbours R of A for which the path from R to the home cell over a B site turns left (nu = +1).
CYCLE: tuple[tuple[int, int], ...] = ((1, 0), (-1, 1), (0, -1))


def lattice_vectors(a: float) -> NDArray[np.float64]:
    """``(2, 2)`` primitive vectors a (1, 0) and a (1/2, sqrt(3)/2), Angstrom."""
    return a * np.array([[1.0, 0.0], [0.5, np.sqrt(3) / 2]])


def sites(a: float) -> NDArray[np.float64]:
    """``(2, 2)`` positions of A (the origin) and B, Angstrom."""
    return np.array([[0.0, 0.0], [a / 2, a / (2 * np.sqrt(3))]])


def bond_vectors() -> NDArray[np.float64]:
    """``(3, 2)`` unit vectors from B to A along the bonds of :data:`BONDS`."""
    bond = sites(1.0)[1] + np.array(BONDS) @ lattice_vectors(1.0)
    return np.asarray(-bond * np.sqrt(3))
