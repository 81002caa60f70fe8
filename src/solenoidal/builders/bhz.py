"""Bernevig-Hughes-Zhang model of HgTe quantum wells."""

import numpy as np

from solenoidal.builders import positive, register
from solenoidal.builders.hoppings import plus_conjugate
from solenoidal.builders.pauli import ONE, SX, SY, SZ, spin_operator
from solenoidal.builders.pauli import orbital_and_spin as x
from solenoidal.model import BlochModel

__all__ = ["bhz"]


@register(
    title="Bernevig-Hughes-Zhang model with Rashba and bulk-inversion-asymmetry terms, 4 bands, 2D",
    reference="Bernevig et al., Science 314, 1757 (2006); Rothe et al., New J. Phys. 12, 065012 (2010)",
    exact=(
        "For lambda_R = delta = D = 0 and B > 0 the gap carries sigma^z_xy = -1 e/2pi for 0 < M < 4 B, +1 e/2pi for 4 "
        "B < M < 8 B and none otherwise, in every definition."
    ),
)
def bhz(
    A: float = 1.0,
    B: float = 1.0,
    D: float = 0.0,
    M: float = 1.0,
    lambda_R: float = 0.2,
    delta: float = 0.1,
    a: float = 1.0,
) -> BlochModel:
    """Two orbitals (E, H) with spin on the square lattice.

    ``H(k) = -D u + (M - B u) tz + A (sin kx tx sz - sin ky ty) + lambda_R (1 + tz)/2 (sx sin ky - sy sin kx)
    + delta ty sy`` with u = 2 (2 - cos kx - cos ky), k in units of 1/a, Pauli matrices t of the orbital and s
    of the spin.  Inverted for 0 < M/B < 8.  The Rashba term acts on the E orbital only, delta breaks
    inversion in the bulk. The operator ``spin`` is s/2 in this basis: the pseudospin of the Kramers blocks.

    Parameters
    ----------
    A
        Coupling of the orbitals between neighbours, eV.
    B
        Difference of the two masses, eV.
    D
        Particle-hole asymmetry, eV.
    M
        Gap parameter, eV.
    lambda_R
        Rashba coupling of the E orbital, eV.
    delta
        Bulk inversion asymmetry, eV.
    a
        Lattice constant, Angstrom.

    Returns
    -------
    BlochModel
        Four bands (E up, E down, H up, H down), operator ``spin``.

    Raises
    ------
    InputError
        If ``a`` is not positive.
    """
    positive("bhz", a=a)
    even = D * x(ONE, ONE) + B * x(SZ, ONE)
    E = (ONE + SZ) / 2
    along_x = even - 0.5j * (A * x(SX, SZ) - lambda_R * x(E, SY))
    along_y = even - 0.5j * (-A * x(SY, ONE) + lambda_R * x(E, SX))
    onsite = M * x(SZ, ONE) - 4 * even + delta * x(SY, SY)
    hoppings = plus_conjugate(onsite, [((1, 0), along_x), ((0, 1), along_y)])
    return BlochModel.from_hoppings(np.eye(2) * a, hoppings, local_operators=spin_operator(2), name="bhz")
