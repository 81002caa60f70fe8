"""Kane-Mele model of the quantum spin Hall effect."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.builders import positive, register
from solenoidal.builders.honeycomb import BONDS, CYCLE, bond_vectors, lattice_vectors, sites
from solenoidal.builders.hoppings import plus_conjugate
from solenoidal.builders.pauli import ONE, SX, SY, SZ, Complex, orbital_and_spin, spin_operator
from solenoidal.model import BlochModel

__all__ = ["kane_mele"]


@register(
    title="Kane-Mele model with Rashba coupling and staggered potential, 4 bands, 2D",
    reference="Kane and Mele, Phys. Rev. Lett. 95, 146802 (2005)",
    exact=(
        "For lambda_R = 0 the gap carries sigma^z_xy = -sign(lambda_so) e/2pi for |lambda_v| < 3 sqrt(3) |lambda_so| "
        "and none beyond, in every definition."
    ),
)
def kane_mele(
    t: float = 1.0, lambda_so: float = 0.06, lambda_R: float = 0.05, lambda_v: float = 0.1, a: float = 1.0
) -> BlochModel:
    """Graphene with spin-orbit coupling.

    ``H = t sum_<ij> c_i^+ c_j + i lambda_so sum_<<ij>> nu_ij c_i^+ sz c_j + i lambda_R sum_<ij> c_i^+ (s x
    d_ij)_z c_j + lambda_v sum_i xi_i c_i^+ c_i`` with Pauli matrices s, d_ij the unit vector from j to i,
    nu_ij = +1 (-1) if the path from j to i turns left (right), xi = +1 on A and -1 on B.

    Parameters
    ----------
    t
        Hopping between neighbours, eV.
    lambda_so
        Intrinsic spin-orbit coupling between second neighbours, eV.
    lambda_R
        Rashba coupling, eV.
    lambda_v
        Staggered potential, eV.
    a
        Lattice constant, Angstrom.

    Returns
    -------
    BlochModel
        Four bands (A up, A down, B up, B down) with the orbital positions, operator ``spin``.

    Raises
    ------
    InputError
        If ``a`` is not positive.
    """
    positive("kane_mele", a=a)
    first = [(R, _bond(t, lambda_R, d)) for R, d in zip(BONDS, bond_vectors(), strict=True)]
    second = [(R, 1j * lambda_so * orbital_and_spin(SZ, SZ)) for R in CYCLE]
    return BlochModel.from_hoppings(
        lattice_vectors(a),
        plus_conjugate(lambda_v * orbital_and_spin(SZ, ONE), first + second),
        orbital_positions=np.repeat(sites(a), 2, axis=0),
        local_operators=spin_operator(2),
        name="kane_mele",
    )


def _bond(t: float, lambda_R: float, d: NDArray[np.float64]) -> Complex:
    """Matrix element <A| H |B> of a bond whose unit vector from B to A is ``d``."""
    from_B_to_A = np.array([[0, 1], [0, 0]], dtype=np.complex128)
    return orbital_and_spin(from_B_to_A, t * ONE + 1j * lambda_R * (SX * d[1] - SY * d[0]))
