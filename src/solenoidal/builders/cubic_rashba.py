"""Two-dimensional heavy holes with cubic Rashba coupling on the square lattice."""

import numpy as np

from solenoidal.builders import positive, register
from solenoidal.builders.hoppings import plus_conjugate
from solenoidal.builders.pauli import ONE, SX, SY, SZ
from solenoidal.model import BlochModel

__all__ = ["cubic_rashba"]


@register(
    title="two-dimensional heavy holes with cubic Rashba coupling, 2 bands, 2D",
    reference="Schliemann and Loss, Phys. Rev. B 71, 085308 (2005)",
    exact=(
        "For B_z = 0 and one Fermi contour of each band, around the zone centre, eq11 gives sigma^z_xy = 9/4 e/2pi: "
        "the angular momentum 3/2 times half the winding number 3."
    ),
)
def cubic_rashba(t: float = 0.5, lambda_3: float = 0.1, B_z: float = 0.0, a: float = 1.0) -> BlochModel:
    """Heavy holes (m_J = +3/2, -3/2) whose coupling winds three times around the zone centre.

    ``H(k) = 2 t (2 - cos kx - cos ky) + lambda_3 (sx P + sy Q) + B_z sz`` with ``P = 2 sin kx (ux - 3 uy)``, ``Q =
    2 sin ky (3 ux - uy)``, ``ui = 1 - cos ki``, k in units of 1/a and Pauli matrices s of the pseudospin; for
    small k, P + i Q = (kx + i ky)^3.  The coupling is rotated by a quarter turn about z relative to the reference,
    which no spectrum and no z component sees.

    Parameters
    ----------
    t
        Hopping, eV: 1/2m = t a^2, hole energies counted upwards.
    lambda_3
        Cubic Rashba coupling over a^3, eV.
    B_z
        Zeeman energy of the pseudospin, eV.
    a
        Lattice constant, Angstrom.

    Returns
    -------
    BlochModel
        Two bands, operator ``spin`` with the component z = (3/2) sz: the x and y components of the angular momentum
        have no matrix elements between heavy holes.

    Raises
    ------
    InputError
        If ``a`` is not positive.
    """
    positive("cubic_rashba", a=a)
    step = -0.5j * lambda_3  # of sin: element at R = +1
    bonds = [
        ((1, 0), -t * ONE - 4 * step * SX),
        ((0, 1), -t * ONE + 4 * step * SY),
        ((2, 0), -step * SX),
        ((0, 2), step * SY),
        ((1, 1), 3 * step * (SX - SY)),
        ((1, -1), 3 * step * (SX + SY)),
    ]
    return BlochModel.from_hoppings(
        np.eye(2) * a,
        plus_conjugate(4 * t * ONE + B_z * SZ, bonds),
        local_operators={"spin": (1.5 * SZ[None], ("z",))},
        name="cubic_rashba",
    )
