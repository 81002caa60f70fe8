"""Electron gas with Rashba and linear Dresselhaus coupling on the square lattice."""

import numpy as np

from solenoidal.builders import positive, register
from solenoidal.builders.hoppings import plus_conjugate
from solenoidal.builders.pauli import ONE, SX, SY, SZ, spin_operator
from solenoidal.model import BlochModel

__all__ = ["rashba_dresselhaus"]


@register(
    title="Rashba and linear Dresselhaus gas with Zeeman field on the square lattice, 2 bands, 2D",
    reference="Bernevig, Orenstein, Zhang, Phys. Rev. Lett. 97, 236601 (2006)",
    exact=(
        "Without field and for one Fermi contour of each band, around the zone centre, eq11 gives the antisymmetric "
        "sigma^z_xy = sign(alpha^2 - beta^2)/4 e/2pi; for alpha = +-beta every spin conductivity vanishes."
    ),
)
def rashba_dresselhaus(
    t: float = 1.0,
    alpha: float = 0.5,
    beta: float = 0.2,
    B_x: float = 0.0,
    B_y: float = 0.0,
    B_z: float = 0.2,
    a: float = 1.0,
) -> BlochModel:
    """Two spin-orbit couplings that compete, in a Zeeman field.

    ``H(k) = 2 t (2 - cos kx - cos ky) + alpha (sx sin ky - sy sin kx) + beta (sx sin kx - sy sin ky) + B.s``
    with k in units of 1/a, Pauli matrices s and x, y along the cubic axes of the crystal.  Without field the
    spin (sx - sy) / 2 along (1 -1 0) is conserved for alpha = beta and (sx + sy) / 2 along (1 1 0) for alpha =
    -beta.  For alpha = beta the two bands are one band shifted by +-q along (1 1), tan q = alpha / (sqrt(2) t):
    the persistent spin helix, exact on the lattice.

    Parameters
    ----------
    t
        Hopping, eV.
    alpha
        Rashba coupling of a bond, eV.
    beta
        Linear Dresselhaus coupling of a bond, eV.
    B_x, B_y, B_z
        Zeeman field, eV.
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
    positive("rashba_dresselhaus", a=a)
    along_x = -t * ONE - 0.5j * (beta * SX - alpha * SY)
    along_y = -t * ONE - 0.5j * (alpha * SX - beta * SY)
    onsite = 4 * t * ONE + B_x * SX + B_y * SY + B_z * SZ
    hoppings = plus_conjugate(onsite, [((1, 0), along_x), ((0, 1), along_y)])
    return BlochModel.from_hoppings(
        np.eye(2) * a, hoppings, local_operators=spin_operator(1), name="rashba_dresselhaus"
    )
