"""Platinum from published two-centre integrals."""

import numpy as np

from solenoidal.builders import positive, register
from solenoidal.builders.slater_koster import FCC, atom, crystal, integrals
from solenoidal.model import BlochModel
from solenoidal.units import RYDBERG

__all__ = ["platinum_slater_koster"]

#: Levels of s, p, t2g and eg, Ry.
E_S, E_P, E_T2G, E_EG = 0.77393, 1.48490, 0.45468, 0.43701
#: ss; sp; pp sigma, pi; sd; pd sigma, pi; dd sigma, pi, delta of the first and of the second neighbours, Ry.
FIRST = (-0.07835, 0.11192, 0.18677, -0.02465, -0.06197, -0.08564, 0.02446, -0.06856, 0.03528, -0.00588)
SECOND = (0.00157, 0.00074, 0.03487, -0.00958, -0.00770, -0.01321, 0.00522, -0.00300, 0.00226, -0.00029)


@register(
    title="platinum with published two-centre integrals and spin-orbit coupling, 18 bands, 3D",
    reference="Papaconstantopoulos, Handbook of the Band Structure of Elemental Solids (Springer, 2015), p. 293",
    exact=(
        "For h_z = 0 the d levels of the zone centre are t + xi_d (twice) and, four times each, the eigenvalues of "
        "[[e, sqrt(3/2) xi_d], [sqrt(3/2) xi_d, t - xi_d/2]], with t and e the t2g and eg levels that the integrals "
        "give without spin-orbit coupling."
    ),
)
def platinum_slater_koster(xi_p: float = 0.365, xi_d: float = 0.534, h_z: float = 0.0, a: float = 3.92) -> BlochModel:
    """Nine orthogonal orbitals with spin on the face-centred cubic lattice, fitted to the bands of platinum.

    ``H = sum E n + sum_<ij> c_i^+ V(d_ij) c_j + xi_p (L.s)_p / 2 + xi_d (L.s)_d / 2 + h_z sz`` as in
    ``slater_koster_fcc``, but with the levels of t2g and eg apart and with integrals of their own for second
    neighbours.  All of these are numbers of the reference (orthogonal basis), a fit to bands without spin-orbit
    coupling.  The spin-orbit parameters are those of the free atom 5d9 6s1: 2/5 of the splitting of its 5d and 2/3 of
    that of its 6p level in the local density approximation (the Dirac equation solved by ld1.x of Quantum ESPRESSO 6.7
    for the pseudopotential of ``examples/pt``: 0.0981 and 0.0402 Ry).

    Against the first-principles bands of ``examples/pt`` the levels up to 2 eV above the Fermi level, each counted from
    the Fermi level of its own, deviate by 0.18 eV (rms), those within 1 eV of it by 0.13 eV.  Ten electrons fill the
    bands to 8.72 eV; there sigma^z_xy at 300 K is 2.0e3 (hbar/e) S/cm (``conventional``) and 1.5e3 (``kubo``), to be
    compared with 2.2e3 and 1.7e3 from first principles.

    Parameters
    ----------
    xi_p, xi_d
        Spin-orbit parameter of the shell, eV.
    h_z
        Exchange field along z, eV.
    a
        Cubic lattice constant, Angstrom; the integrals are those of the default and do not follow it.

    Returns
    -------
    BlochModel
        18 bands (s; pz px py; dz2 dxz dyz dx2-y2 dxy; each up, down), operators ``spin`` and ``orbital``.

    Raises
    ------
    InputError
        If ``a`` is not positive.
    """
    positive("platinum_slater_koster", a=a)
    levels = np.array([E_S, E_P, E_P, E_P, E_EG, E_T2G, E_T2G, E_EG, E_T2G])
    shells = [(float(np.sqrt(0.5)), _in_eV(FIRST)), (1.0, _in_eV(SECOND))]
    onsite = atom((RYDBERG * levels).tolist(), (0.0, xi_p, xi_d), h_z)
    return crystal("platinum_slater_koster", a, FCC, shells, onsite)


def _in_eV(values: tuple[float, ...]) -> dict[tuple[int, int, int], float]:
    return integrals(*(RYDBERG * value for value in values))
