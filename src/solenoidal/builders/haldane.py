"""Haldane model of the anomalous Hall effect without a field."""

import numpy as np

from solenoidal.builders import positive, register
from solenoidal.builders.honeycomb import BONDS, CYCLE, lattice_vectors, sites
from solenoidal.builders.hoppings import plus_conjugate
from solenoidal.builders.pauli import SZ
from solenoidal.model import BlochModel

__all__ = ["haldane"]


@register(
    title="Haldane model on the honeycomb lattice, 2 spinless bands, 2D",
    reference="Haldane, Phys. Rev. Lett. 61, 2015 (1988)",
    exact="The gap carries sigma_xy = sign(t2 sin phi) e^2/h for |M| < 3 sqrt(3) |t2 sin phi| and none beyond.",
)
def haldane(t1: float = 1.0, t2: float = 0.2, phi: float = np.pi / 3, M: float = 0.3, a: float = 1.0) -> BlochModel:
    """Spinless electrons on the honeycomb lattice with a staggered flux.

    ``H = t1 sum_<ij> c_i^+ c_j + t2 sum_<<ij>> exp(i nu_ij phi) c_i^+ c_j + M sum_i xi_i c_i^+ c_i`` with
    nu_ij = +1 (-1) if the path from j to i turns left (right), xi = +1 on A and -1 on B.

    Parameters
    ----------
    t1
        Hopping between neighbours, eV.
    t2
        Hopping between second neighbours, eV.
    phi
        Phase of the second, rad.
    M
        Staggered potential, eV.
    a
        Lattice constant, Angstrom.

    Returns
    -------
    BlochModel
        Two bands (A, B) with the orbital positions; only the operator ``charge``.

    Raises
    ------
    InputError
        If ``a`` is not positive.
    """
    positive("haldane", a=a)
    from_B_to_A = np.array([[0, 1], [0, 0]], dtype=np.complex128)
    second = np.diag(np.array([t2 * np.exp(1j * phi), t2 * np.exp(-1j * phi)], dtype=np.complex128))
    bonds = [(R, t1 * from_B_to_A) for R in BONDS] + [(R, second) for R in CYCLE]
    return BlochModel.from_hoppings(
        lattice_vectors(a), plus_conjugate(M * SZ, bonds), orbital_positions=sites(a), name="haldane"
    )
