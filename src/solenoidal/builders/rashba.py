"""Rashba gas with an exchange field on the square lattice."""

from solenoidal.builders import positive, register
from solenoidal.builders.hoppings import plus_conjugate
from solenoidal.builders.pauli import ONE, SX, SY, SZ, spin_operator
from solenoidal.model import BlochModel

__all__ = ["rashba"]


@register(
    title="Rashba gas with exchange field on the square lattice, 2 bands, 2D",
    reference="Sinova et al., Phys. Rev. Lett. 92, 126603 (2004)",
    exact=(
        "For B_z = 0 and one Fermi contour of each band, around the zone centre, eq11 gives sigma^z_xy = 1/4 e/2pi on "
        "the lattice as in the continuum: the spin 1/2 times half the winding number 1."
    ),
)
def rashba(t: float = 1.0, lambda_R: float = 0.5, B_z: float = 0.2, a: float = 1.0) -> BlochModel:
    """Rashba gas with an exchange field along z.

    ``H(k) = 2 t (2 - cos kx a - cos ky a) + lambda_R (sx sin ky a - sy sin kx a) + B_z sz`` with Pauli
    matrices s; for small k the gas k^2/2m + alpha (sx ky - sy kx) with 1/2m = t a^2 and alpha = lambda_R a.

    Parameters
    ----------
    t
        Hopping, eV.
    lambda_R
        Rashba coupling of a bond, eV.
    B_z
        Exchange field along z, eV.
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
    positive("rashba", a=a)
    bonds = [((1, 0), -t * ONE + 0.5j * lambda_R * SY), ((0, 1), -t * ONE - 0.5j * lambda_R * SX)]
    hoppings = plus_conjugate(4 * t * ONE + B_z * SZ, bonds)
    lattice = [[a, 0.0], [0.0, a]]
    return BlochModel.from_hoppings(lattice, hoppings, local_operators=spin_operator(1), name="rashba")
