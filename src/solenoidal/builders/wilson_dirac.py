"""Three-dimensional Wilson-Dirac insulator in a Zeeman field."""

import numpy as np

from solenoidal.builders import positive, register
from solenoidal.builders.hoppings import plus_conjugate
from solenoidal.builders.pauli import ONE, SX, SY, SZ, spin_operator
from solenoidal.builders.pauli import orbital_and_spin as x
from solenoidal.model import BlochModel

__all__ = ["wilson_dirac"]


@register(
    title="Wilson-Dirac model of a 3D topological insulator in a Zeeman field, 4 bands, 3D",
    reference="Qi, Hughes, Zhang, Phys. Rev. B 78, 195424 (2008); Zhang et al., Nat. Phys. 5, 438 (2009)",
    exact=(
        "Without field there are two bands, each twice degenerate: E = +-sqrt(A^2 sum_i sin^2 ki + (M - 2 B sum_i (1 "
        "- cos ki))^2)."
    ),
)
def wilson_dirac(
    A: float = 1.0,
    B: float = 0.5,
    M: float = 1.0,
    h_x: float = 0.0,
    h_y: float = 0.0,
    h_z: float = 0.3,
    a: float = 1.0,
) -> BlochModel:
    """Two orbitals of opposite parity with spin on the simple cubic lattice.

    ``H(k) = A sum_i sin ki tx si + (M - 2 B sum_i (1 - cos ki)) tz + h.s`` with k in units of 1/a, Pauli
    matrices t of the orbital and s of the spin.  Without field a strong topological insulator for 0 < M/B <
    4; a field larger than the gap turns it into a Weyl semimetal.

    Parameters
    ----------
    A
        Coupling of the orbitals between neighbours, eV.
    B
        Wilson mass, eV.
    M
        Gap parameter, eV.
    h_x, h_y, h_z
        Zeeman field, eV.
    a
        Lattice constant, Angstrom.

    Returns
    -------
    BlochModel
        Four bands (1 up, 1 down, 2 up, 2 down), operator ``spin``.

    Raises
    ------
    InputError
        If ``a`` is not positive.
    """
    positive("wilson_dirac", a=a)
    onsite = (M - 6 * B) * x(SZ, ONE) + x(ONE, h_x * SX + h_y * SY + h_z * SZ)
    steps = np.eye(3, dtype=np.int64).tolist()
    bonds = [(tuple(R), B * x(SZ, ONE) - 0.5j * A * x(SX, s)) for R, s in zip(steps, (SX, SY, SZ), strict=True)]
    return BlochModel.from_hoppings(
        np.eye(3) * a, plus_conjugate(onsite, bonds), local_operators=spin_operator(2), name="wilson_dirac"
    )
