"""Cubic s, p, d metals with two-centre integrals and atomic spin-orbit coupling."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from solenoidal.builders import positive, register
from solenoidal.builders.hoppings import Vector, plus_conjugate
from solenoidal.builders.pauli import ONE, SX, SY, SZ, Complex, orbital_and_spin, spin_operator
from solenoidal.builders.two_centre import Integrals, neighbours, scaled, two_centre
from solenoidal.model import BlochModel
from solenoidal.operators.harmonics import shell

__all__ = ["BCC", "FCC", "atom", "crystal", "integrals", "slater_koster_bcc", "slater_koster_fcc"]

Real = NDArray[np.float64]
#: ``(3, 3)`` primitive vectors in units of the cubic constant.
FCC: Real = (np.ones((3, 3)) - np.eye(3)) / 2
BCC: Real = np.ones((3, 3)) / 2 - np.eye(3)
_CANONICAL = "Slater and Koster, Phys. Rev. 94, 1498 (1954); Andersen, Phys. Rev. B 12, 3060 (1975)"


@register(
    title="face-centred cubic s, p, d metal with spin-orbit coupling, 18 bands, 3D",
    reference=_CANONICAL,
    exact=(
        "Without spin-orbit coupling every spin conductivity vanishes and the d levels of the zone centre are E_d + 3 "
        "dd_sigma + 4 dd_pi + 5 dd_delta + 4 dd_pi' + 2 dd_delta' (t2g) and E_d + 3/2 dd_sigma + 6 dd_pi + 9/2 "
        "dd_delta + 3 dd_sigma' + 3 dd_delta' (eg), primes for second neighbours."
    ),
)
def slater_koster_fcc(
    E_s: float = 2.0,
    E_p: float = 9.0,
    E_d: float = 0.0,
    ss_sigma: float = -0.9,
    sp_sigma: float = 1.3,
    pp_sigma: float = 2.0,
    pp_pi: float = -0.1,
    sd_sigma: float = -0.8,
    pd_sigma: float = -1.2,
    pd_pi: float = 0.3,
    dd_sigma: float = -0.9,
    dd_pi: float = 0.6,
    dd_delta: float = -0.15,
    xi_p: float = 0.0,
    xi_d: float = 0.5,
    h_z: float = 0.0,
    a: float = 4.0,
) -> BlochModel:
    """Nine orbitals with spin on the face-centred cubic lattice, first and second neighbours.

    ``H = sum_l E_l n_l + sum_<ij> c_i^+ V(d_ij) c_j + xi_p (L.s)_p / 2 + xi_d (L.s)_d / 2 + h_z sz`` with Pauli
    matrices s and V the two-centre matrix of Slater and Koster.  The integrals are those of nearest neighbours; those
    of the second fall as d^-(l + l' + 1).  The default d integrals have the canonical ratio -6 : 4 : -1 of Andersen;
    their scale and all other defaults are round numbers of the size found in heavy transition metals, not a fit to
    any element.

    Parameters
    ----------
    E_s, E_p, E_d
        Energy of the shell, eV.
    ss_sigma, sp_sigma, pp_sigma, pp_pi, sd_sigma, pd_sigma, pd_pi, dd_sigma, dd_pi, dd_delta
        Two-centre integral of nearest neighbours, eV.
    xi_p, xi_d
        Spin-orbit parameter of the shell, eV.
    h_z
        Exchange field along z, eV.
    a
        Cubic lattice constant, Angstrom.

    Returns
    -------
    BlochModel
        18 bands (s; pz px py; dz2 dxz dyz dx2-y2 dxy; each up, down), operators ``spin`` and ``orbital``.

    Raises
    ------
    InputError
        If ``a`` is not positive.
    """
    positive("slater_koster_fcc", a=a)
    V = integrals(ss_sigma, sp_sigma, pp_sigma, pp_pi, sd_sigma, pd_sigma, pd_pi, dd_sigma, dd_pi, dd_delta)
    onsite = atom([E_s, *[E_p] * 3, *[E_d] * 5], (0.0, xi_p, xi_d), h_z)
    return crystal("slater_koster_fcc", a, FCC, _canonical(V, np.sqrt(0.5)), onsite)


@register(
    title="body-centred cubic s, p, d metal with spin-orbit coupling, 18 bands, 3D",
    reference=_CANONICAL,
    exact=(
        "Without spin-orbit coupling every spin conductivity vanishes and the d levels of the zone centre are E_d + "
        "8/9 (3 dd_sigma + 2 dd_pi + 4 dd_delta) + 4 dd_pi' + 2 dd_delta' (t2g) and E_d + 8/3 (2 dd_pi + dd_delta) + "
        "3 dd_sigma' + 3 dd_delta' (eg), primes for second neighbours."
    ),
)
def slater_koster_bcc(
    E_s: float = 2.0,
    E_p: float = 9.0,
    E_d: float = 0.0,
    ss_sigma: float = -0.9,
    sp_sigma: float = 1.3,
    pp_sigma: float = 2.0,
    pp_pi: float = -0.1,
    sd_sigma: float = -0.8,
    pd_sigma: float = -1.2,
    pd_pi: float = 0.3,
    dd_sigma: float = -0.9,
    dd_pi: float = 0.6,
    dd_delta: float = -0.15,
    xi_p: float = 0.0,
    xi_d: float = 0.5,
    h_z: float = 0.0,
    a: float = 3.2,
) -> BlochModel:
    """Nine orbitals with spin on the body-centred cubic lattice, first and second neighbours.

    ``H = sum_l E_l n_l + sum_<ij> c_i^+ V(d_ij) c_j + xi_p (L.s)_p / 2 + xi_d (L.s)_d / 2 + h_z sz`` with Pauli
    matrices s and V the two-centre matrix of Slater and Koster.  The integrals are those of nearest neighbours; those
    of the second fall as d^-(l + l' + 1).  The default d integrals have the canonical ratio -6 : 4 : -1 of Andersen;
    their scale and all other defaults are round numbers of the size found in heavy transition metals, not a fit to
    any element.

    Parameters
    ----------
    E_s, E_p, E_d
        Energy of the shell, eV.
    ss_sigma, sp_sigma, pp_sigma, pp_pi, sd_sigma, pd_sigma, pd_pi, dd_sigma, dd_pi, dd_delta
        Two-centre integral of nearest neighbours, eV.
    xi_p, xi_d
        Spin-orbit parameter of the shell, eV.
    h_z
        Exchange field along z, eV.
    a
        Cubic lattice constant, Angstrom.

    Returns
    -------
    BlochModel
        18 bands (s; pz px py; dz2 dxz dyz dx2-y2 dxy; each up, down), operators ``spin`` and ``orbital``.

    Raises
    ------
    InputError
        If ``a`` is not positive.
    """
    positive("slater_koster_bcc", a=a)
    V = integrals(ss_sigma, sp_sigma, pp_sigma, pp_pi, sd_sigma, pd_sigma, pd_pi, dd_sigma, dd_pi, dd_delta)
    onsite = atom([E_s, *[E_p] * 3, *[E_d] * 5], (0.0, xi_p, xi_d), h_z)
    return crystal("slater_koster_bcc", a, BCC, _canonical(V, np.sqrt(0.75)), onsite)


def integrals(*values: float) -> dict[tuple[int, int, int], float]:
    """Integrals by (l, l', m): ss, sp, pp, sd, pd, dd, and sigma, pi, delta within each."""
    keys = [(l, other, m) for other in range(3) for l in range(other + 1) for m in range(l + 1)]
    return dict(zip(keys, values, strict=True))


def _canonical(V: Integrals, nearest: float) -> list[tuple[float, Integrals]]:
    """Two shells of neighbours, at ``nearest`` and at 1 cubic constant, with integrals that fall as a power."""
    return [(nearest, V), (1.0, scaled(V, 1.0 / nearest))]


def atom(energies: Sequence[float], xi: Sequence[float], h_z: float) -> Complex:
    """``(18, 18)``: levels of the nine orbitals, spin-orbit coupling xi_l (L.s) / 2 and exchange field of one atom."""
    H = orbital_and_spin(np.diag(np.asarray(energies, dtype=np.complex128)), ONE)
    H += orbital_and_spin(np.eye(9, dtype=np.complex128), h_z * SZ)
    for l in range(3):
        part = slice(2 * l * l, 2 * (l + 1) ** 2)
        H[part, part] += sum(xi[l] / 2 * orbital_and_spin(L, s) for L, s in zip(shell(l), (SX, SY, SZ), strict=True))
    return H


def _orbital() -> Complex:
    """``(3, 18, 18)`` angular momentum of the atom."""
    L = np.zeros((3, 9, 9), dtype=np.complex128)
    for l in range(3):
        part = slice(l * l, (l + 1) ** 2)
        L[:, part, part] = shell(l)
    return np.stack([orbital_and_spin(x, ONE) for x in L])


def crystal(
    name: str, a: float, lattice: Real, shells: Sequence[tuple[float, Integrals]], onsite: Complex
) -> BlochModel:
    """One atom per cell and two-centre integrals by shell of neighbours.

    Parameters
    ----------
    name
        Name of the model.
    a
        Cubic lattice constant, Angstrom.
    lattice
        ``(3, 3)`` primitive vectors in units of it.
    shells
        Distance in units of ``a``, ascending, and the integrals at that distance, eV.
    onsite
        ``(18, 18)``, see :func:`atom`.
    """
    bonds: list[tuple[Vector, Complex]] = []
    for R, path in neighbours(lattice, shells[-1][0] + 1e-6):
        V = min(shells, key=lambda s: abs(s[0] - np.linalg.norm(path)))[1]
        bonds.append((R, orbital_and_spin(two_centre(V, path).astype(np.complex128), ONE)))
    return BlochModel.from_hoppings(
        a * lattice,
        plus_conjugate(onsite, bonds),
        local_operators={**spin_operator(9), "orbital": (_orbital(), ("x", "y", "z"))},
        name=name,
    )
