"""Massive Dirac fermion on the square lattice."""

import numpy as np

from solenoidal.builders import positive, register
from solenoidal.builders.hoppings import plus_conjugate
from solenoidal.builders.pauli import SX, SY, SZ, spin_operator
from solenoidal.model import BlochModel

__all__ = ["massive_dirac"]


@register(
    title="massive Dirac fermion with Wilson mass on the square lattice, 2 bands, 2D",
    reference="Qi, Wu, Zhang, Phys. Rev. B 74, 085308 (2006)",
    exact=(
        "For r > 0 the gap carries sigma_xy = 1 e^2/h for -2 r < delta < 0, -1 e^2/h for -4 r < delta < -2 r and none "
        "otherwise."
    ),
)
def massive_dirac(v: float = 1.0, delta: float = 0.3, r: float = 1.0, a: float = 1.0) -> BlochModel:
    """One Dirac cone at the zone centre.

    ``H(k) = v (sin kx sx + sin ky sy) + (delta + r (2 - cos kx - cos ky)) sz`` with k in units of 1/a and
    Pauli matrices s; for small k the cone a v (kx sx + ky sy) + delta sz.  The Wilson mass r lifts the other
    three cones.

    Parameters
    ----------
    v
        Coupling of neighbours, eV: velocity of the cone over a.
    delta
        Mass at the zone centre, eV: half the gap there.
    r
        Wilson mass, eV.
    a
        Lattice constant, Angstrom.

    Returns
    -------
    BlochModel
        Two bands, operator ``spin``.

    Raises
    ------
    InputError
        If ``a`` is not positive.
    """
    positive("massive_dirac", a=a)
    bonds = [((1, 0), -0.5j * v * SX - 0.5 * r * SZ), ((0, 1), -0.5j * v * SY - 0.5 * r * SZ)]
    hoppings = plus_conjugate((delta + 2 * r) * SZ, bonds)
    return BlochModel.from_hoppings(np.eye(2) * a, hoppings, local_operators=spin_operator(1), name="massive_dirac")
