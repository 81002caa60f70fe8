"""Noncollinear antiferromagnet on the kagome lattice."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.builders import positive, register
from solenoidal.builders.honeycomb import lattice_vectors
from solenoidal.builders.hoppings import Vector, plus_conjugate
from solenoidal.builders.pauli import ONE, SX, SY, SZ, Complex, orbital_and_spin, spin_operator
from solenoidal.errors import InputError
from solenoidal.model import BlochModel

__all__ = ["kagome_antiferromagnet"]


@register(
    title="electrons on the kagome lattice coupled to moments at 120 degrees, 6 bands, 2D",
    reference="Chen, Niu, MacDonald, Phys. Rev. Lett. 112, 017205 (2014)",
    exact=(
        "For canting = 0 the charge and the in-plane spin have no intrinsic conductivity whatever the couplings; "
        "without spin-orbit coupling only sigma^z_xy = -sigma^z_yx is left, which does not depend on phi and is odd "
        "in the chirality."
    ),
)
def kagome_antiferromagnet(
    t: float = 1.0,
    J: float = 1.7,
    phi: float = 0.0,
    canting: float = 0.0,
    chirality: float = 1.0,
    lambda_so: float = 0.0,
    lambda_R: float = 0.0,
    a: float = 1.0,
) -> BlochModel:
    """Three moments per cell, 120 degrees apart, seen by electrons through exchange.

    ``H = t sum_<ij> c_i^+ c_j + J sum_i c_i^+ n_i.s c_i + i lambda_so sum_<ij> nu_ij c_i^+ sz c_j + i lambda_R
    sum_<ij> c_i^+ (s x d_ij)_z c_j`` with Pauli matrices s, d_ij the unit vector from j to i, nu_ij = +1 (-1) if j
    to i runs counterclockwise (clockwise) around its triangle, ``n_i = (cos canting cos f_i, cos canting sin
    f_i, sin canting)``, ``f_i = phi + b_i`` for chirality +1 and ``phi - b_i`` for -1, b_i = 210, 330, 90 degrees
    the direction of site i = A, B, C from the centre of the upward triangle.  Chirality +1 and phi = 0: all
    moments point outward.

    For lambda_so = lambda_R = 0 the energies depend on neither phi nor chirality, and at k = 0 those of the
    coplanar state are -2 t +- J and, twice, t +- sqrt(9 t^2 + J^2).  A half turn about a site times time reversal
    leaves the coplanar state as it is for every coupling, so its charge Hall conductivity vanishes.

    The same symmetry leaves of the spin conductivities computed here, those even under time reversal, the component z
    only: the spin Hall effect of a noncollinear antiferromagnet, which needs no spin-orbit coupling.  The part that is
    odd under time reversal (magnetic spin Hall effect, here with the spin in the plane) is a current of the Fermi
    surface that depends on the scattering; no definition contains it.

    Parameters
    ----------
    t
        Hopping between neighbours, eV.
    J
        Exchange coupling, eV.
    phi
        Common rotation of the moments about z, rad.
    canting
        Angle of the moments out of the plane, rad.
    chirality
        +1 or -1: sense in which the moments turn around a triangle.
    lambda_so
        Spin-orbit coupling that conserves sz, eV.
    lambda_R
        Rashba coupling, eV.
    a
        Lattice constant, Angstrom: twice the distance between neighbours.

    Returns
    -------
    BlochModel
        Six bands (A up, A down, B up, B down, C up, C down) with the orbital positions, operator ``spin``.

    Raises
    ------
    InputError
        If ``a`` is not positive or the chirality is not +1 or -1.

    References
    ----------
    The coupling lambda_so: Guo and Franz, Phys. Rev. B 80, 113102 (2009).  The spin Hall effect without spin-orbit
    coupling: Zhang et al., New J. Phys. 20, 073028 (2018); its odd part: Zelezny et al., Phys. Rev. Lett. 119, 187204
    (2017).
    """
    positive("kagome_antiferromagnet", a=a)
    if chirality not in (1, -1):
        raise InputError(f"model 'kagome_antiferromagnet': chirality = {chirality:g} must be 1 or -1.")
    f = phi + chirality * np.radians([210, 330, 90])
    tilt, c = np.sin(canting), np.cos(canting)
    onsite = np.zeros((6, 6), dtype=np.complex128)
    for i, angle in enumerate(f):
        exchange = c * np.cos(angle) * SX + c * np.sin(angle) * SY + tilt * SZ
        onsite += J * orbital_and_spin(_unit(i, i), exchange)
    lattice, sites = lattice_vectors(a), _sites(a)
    bonds: list[tuple[Vector, Complex]] = []
    # First site, second site, cell of the second in the upward and in the downward triangle.  B follows A,
    # C follows B and A follows C counterclockwise in both.
    for i, j, R in ((0, 1, (-1, 0)), (1, 2, (1, -1)), (2, 0, (0, 1))):
        for cell in ((0, 0), R):
            path = np.array(cell) @ lattice + sites[j] - sites[i]
            bonds.append((cell, orbital_and_spin(_unit(i, j), _bond(t, lambda_so, lambda_R, path))))
    return BlochModel.from_hoppings(
        lattice,
        plus_conjugate(onsite, bonds),
        orbital_positions=np.repeat(sites, 2, axis=0),
        local_operators=spin_operator(3),
        name="kagome_antiferromagnet",
    )


def _sites(a: float) -> NDArray[np.float64]:
    """``(3, 2)`` positions of A, B, C: the corners of the upward triangle."""
    return np.vstack([np.zeros(2), lattice_vectors(a) / 2])


def _unit(i: int, j: int) -> Complex:
    X = np.zeros((3, 3), dtype=np.complex128)
    X[i, j] = 1
    return X


def _bond(t: float, lambda_so: float, lambda_R: float, path: NDArray[np.float64]) -> Complex:
    """Matrix element <i| H |j> for j next to i counterclockwise, ``path`` from i to j."""
    d = -path / np.linalg.norm(path)
    # j to i runs clockwise: nu = -1.
    return np.asarray(t * ONE - 1j * lambda_so * SZ + 1j * lambda_R * (SX * d[1] - SY * d[0]))
