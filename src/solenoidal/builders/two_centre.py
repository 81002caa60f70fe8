"""Two-centre integrals of Slater and Koster between s, p and d orbitals."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from solenoidal.builders.hoppings import Vector
from solenoidal.operators.harmonics import rotation

__all__ = ["neighbours", "scaled", "two_centre"]

Real = NDArray[np.float64]
Integrals = Mapping[tuple[int, int, int], float]


def two_centre(integrals: Integrals, path: Real) -> Real:
    """Hopping matrix between two atoms.

    Instead of the table of direction cosines, the bond frame: along z the integral of l, l' and |m| couples equal
    real harmonics only; rotate that matrix into the bond.

    Parameters
    ----------
    integrals
        ``{(l, l', m): V}`` with l <= l', m = 0, 1, 2 for sigma, pi, delta, eV; missing ones are zero.
    path
        ``(3,)`` from the first atom to the second.

    Returns
    -------
    NDArray
        ``(9, 9)`` <a, first| H |b, second> in Wannier90's order s; pz px py; dz2 dxz dyz dx2-y2 dxy.  The elements
        with l > l' carry the sign (-1)^(l + l') of the reversed bond.

    References
    ----------
    Slater and Koster, Phys. Rev. 94, 1498 (1954), table I.
    """
    frame = np.zeros((9, 9))
    for (l, other, m), value in integrals.items():
        for n in {2 * m, max(2 * m - 1, 0)}:
            frame[l * l + n, other * other + n] = value
            frame[other * other + n, l * l + n] = value * (-1) ** (l + other)
    turn = np.zeros((9, 9))
    for l in range(3):
        part = slice(l * l, (l + 1) ** 2)
        turn[part, part] = rotation(l, path)
    return np.asarray(turn @ frame @ turn.T)


def scaled(integrals: Integrals, ratio: float) -> dict[tuple[int, int, int], float]:
    """Integrals at ``ratio`` times the distance: they fall as d^-(l + l' + 1).

    References
    ----------
    Andersen, Phys. Rev. B 12, 3060 (1975): canonical bands.
    """
    return {(l, other, m): value * ratio ** -(l + other + 1) for (l, other, m), value in integrals.items()}


def neighbours(lattice: Real, radius: float) -> Iterable[tuple[Vector, Real]]:
    """Lattice vectors R != 0 no longer than ``radius``, one of each pair R, -R, with their Cartesian paths."""
    for R in np.ndindex(7, 7, 7):
        step = tuple(x - 3 for x in R)
        path = np.array(step) @ lattice
        if step > (0, 0, 0) and np.linalg.norm(path) <= radius:
            yield step, path
