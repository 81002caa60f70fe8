"""Geometry of single bands, for any metric: what the identities of the theory speak about.

Every function takes :class:`~solenoidal.bloch.States` and returns an array ``(n_k, N, ...)`` over the levels
``states.wanted``.  Levels must be nondegenerate: inside a multiplet only traces mean anything, see
:mod:`solenoidal.quantities`.  Source: Xiao and Niu, Phys. Rev. B 104, L241411 (2021); metric signs: bosonic notes,
section 1.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.products import row_product, spin_current
from solenoidal.sums import imag_sum

__all__ = [
    "berry_curvature",
    "charge_moment",
    "current",
    "current_dipole",
    "interband_torque_dipole",
    "moment",
    "polarizability_interband",
    "s_berry_curvature",
    "s_dipole",
    "spin",
    "torque",
    "torque_curvature",
    "torque_derivative",
    "torque_dipole",
    "torque_quadrupole",
    "velocity",
]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


def _diagonal(X: Complex, states: States) -> Real:
    d = np.asarray(np.einsum("kn...n->kn...", _wanted(X, states)[..., states.wanted]).real)
    if states.sign is None:
        return d
    return np.asarray(d * states.sign[:, states.wanted].reshape(*d.shape[:2], *[1] * (d.ndim - 2)))


def _wanted(X: Complex, states: States) -> Complex:
    """Rows wanted of X, which has those or all."""
    return X[:, states.wanted] if X.shape[1] == states.e.shape[1] else X


def _pairs(L: Complex, X: Complex, states: States) -> Real:
    """``eta_n Im sum_m eta_m L^l_nm X_mn`` for Hermitian X ``(n_k, n, ..., N)``: ``(n_k, n, l, ...)``."""
    X, shape = _wanted(X, states), X.shape[2:-1]
    flat = np.ascontiguousarray(X).reshape(*X.shape[:2], -1, X.shape[-1])
    out = imag_sum(np.ascontiguousarray(_wanted(L, states)), flat, states.sign, states.first)
    return out.reshape(*out.shape[:3], *shape)


def velocity(states: States) -> Real:
    """``v^i_n = eta_n <n|D_i H|n>``, ``(n_k, n, i)``, eV Angstrom."""
    return _diagonal(states.v, states)


def spin(states: States) -> Real:
    """``s_n``, ``(n_k, n, a)``."""
    return _diagonal(states.s, states)


def current(states: States) -> Real:
    """Conventional current ``J^i_n``, ``(n_k, n, i, a)``, eV Angstrom."""
    return _diagonal(spin_current(states), states)


def torque(states: States) -> Complex:
    """``<n|tau|m>`` with ``tau = i (H eta s - s eta H)``: ``i w_nm s_nm``, ``(n_k, N, a, N)``, eV."""
    tau: Complex = 1j * states.w[:, :, None, :] * states.s
    return tau


def berry_curvature(states: States) -> Real:
    """``Omega^{il}_n = -2 Im sum v^i_nm v^l_mn / w^2``, ``(n_k, n, i, l)``, Angstrom^2."""
    return -2.0 * _pairs(states.B * states.G[:, :, None, :], states.v, states)


def s_berry_curvature(states: States) -> Real:
    """``Omega^{lis}_n = -2 Im sum v^l_nm J^i_mn / w^2``, ``(n_k, n, l, i, a)``, Angstrom^2."""
    return -2.0 * _pairs(states.B * states.G[:, :, None, :], spin_current(states), states)


def s_dipole(states: States) -> Real:
    """``d^i_n = Im sum v^i_nm s_mn / w``, ``(n_k, n, i, a)``, Angstrom."""
    return _pairs(states.B, states.s, states)


def torque_dipole(states: States) -> Real:
    """``d^{i tau}_n = Im sum v^i_nm tau_mn / w``, ``(n_k, n, i, a)``, eV Angstrom."""
    return _pairs(states.B, torque(states), states)


def torque_curvature(states: States) -> Real:
    """``Omega^{i tau}_n = -2 Im sum v^i_nm tau_mn / w^2``, equal to ``d_i s_n``, ``(n_k, n, i, a)``, Angstrom."""
    return -2.0 * _pairs(states.B * states.G[:, :, None, :], torque(states), states)


def current_dipole(states: States) -> Real:
    """``d^{lis}_n = Im sum v^l_nm J^i_mn / w``, ``(n_k, n, l, i, a)``, eV Angstrom^2."""
    return _pairs(states.B, spin_current(states), states)


def charge_moment(states: States) -> Real:
    """``m^{il}_n = d^i_n[v^l]``, ``(n_k, n, i, l)``, eV Angstrom^2: orbital moment of a unit charge."""
    return _pairs(states.B, states.v, states)


def moment(states: States) -> Real:
    """``m^{li}_n`` of Eq. 6, ``(n_k, n, l, i, a)``, eV Angstrom^2.

    ``(d^{lis} - d^{ils}) / 2 + (d^l v^i - d^i v^l) / 2``.
    """
    dJ = current_dipole(states)
    dv = s_dipole(states)[:, :, :, None, :] * velocity(states)[:, :, None, :, None]
    return np.asarray(0.5 * (dJ - dJ.swapaxes(2, 3)) + 0.5 * (dv - dv.swapaxes(2, 3)))


def torque_derivative(states: States) -> Complex:
    """``<m|D_i tau|n>`` with ``D_i tau = i (v^i eta s - s eta v^i)`` for ``D_i s = 0``, ``(n_k, m, i, a, n)``."""
    vs = row_product(states.v, states.s, states.sign)
    sv = row_product(states.s, states.v, states.sign)
    Dtau: Complex = 1j * (vs - sv.swapaxes(2, 3))
    return Dtau


def interband_torque_dipole(states: States) -> Complex:
    """``<m|d^{i tau}|n>`` for m != n, ``(n_k, m, n, i, a)``, eV Angstrom.

    ``(i/2) (D_i tau)_mn + sum_{p != n} tau_mp A^i_pn - i tau_mn v^i_n / (e_n - e_m)``: note 33 of the Letter in
    covariant form (bosonic notes, section 2).
    """
    tau = torque(states)
    Dtau = torque_derivative(states).transpose(0, 1, 4, 2, 3)
    tauA = row_product(tau, -1j * states.B, states.sign).transpose(0, 1, 4, 3, 2)
    v = _diagonal(states.v, replace(states, first=0, rows=states.e.shape[1]))
    over_w = tau.swapaxes(2, 3) * -states.G[:, :, :, None]
    return np.asarray(0.5j * Dtau + tauA - 1j * over_w[:, :, :, None, :] * v[:, None, :, :, None])


def polarizability_interband(states: States) -> Real:
    """``chi^{il tau}_n - d_i d^l_n = -2 Im sum_m v^l_nm d^{i tau}_mn / w_nm^2``, ``(n_k, n, i, l, a)``, Angstrom^2."""
    signs = np.ones_like(states.e) if states.sign is None else states.sign
    vGG = states.B * states.G[:, :, None, :]
    out = np.einsum("kn,km,knlm,kmnia->knila", signs, signs, vGG, interband_torque_dipole(states), optimize=True)
    return np.asarray(-2.0 * out.imag[:, states.wanted])


def torque_quadrupole(states: States) -> Real:
    """``q^{il tau}_n``, ``(n_k, n, i, l, a)``, eV Angstrom^2 (bosonic notes, section 2).

    ``Re sum_{m,p != n} A^i_nm tau_mp A^l_pn / 2 - Im sum_m [A^i_nm (D_l tau)_mn + A^l_nm (D_i tau)_mn] / 4``.
    """
    signs = np.ones_like(states.e) if states.sign is None else states.sign
    A, tau, Dtau = -1j * states.B, torque(states), torque_derivative(states)
    path = "kn,km,kp,knim,kmap,kpln->knila"
    first = np.einsum(path, signs, signs, signs, A, tau, A, optimize=True).real
    cross = np.einsum("kn,km,knim,kmlan->knila", signs, signs, A, Dtau, optimize=True).imag
    return np.asarray((0.5 * first - 0.25 * (cross + cross.swapaxes(2, 3)))[:, states.wanted])
