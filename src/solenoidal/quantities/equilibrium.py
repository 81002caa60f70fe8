"""Densities of the equilibrium currents, Eqs. 1-6 of Xiao and Niu, Phys. Rev. B 104, L241411 (2021)."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.products import spin_current
from solenoidal.quantities import Settings, quantity
from solenoidal.sums import imag_sum

Real = NDArray[np.float64]


@quantity
def current(states: States, settings: Settings) -> Real:
    """Conventional current ``J^i_n = Re sum_m v^i_nm s_mn``, ``(n_k, n, i, a)``, eV Angstrom."""
    some = states.wanted
    return imag_sum(1j * states.v[:, some], states.s[:, some], states.sign, states.first)


@quantity
def torque_dipole(states: States, settings: Settings) -> Real:
    """``d^{i tau}_n = Im sum_m v^i_nm tau_mn / w = -Re sum_m v^i_nm s_mn``, m outside.

    ``(n_k, n, i, a)``, eV Angstrom.  The torque is ``tau_mn = i (e_m - e_n) s_mn``: a dipole of multiplets, since it
    has no elements inside them.
    """
    some = states.wanted
    outside = states.B[:, some] * states.w[:, some, None, :]
    return imag_sum(-1j * outside, states.s[:, some], states.sign, states.first)


@quantity
def torque_curvature(states: States, settings: Settings) -> Real:
    """``Omega^{i tau}_n = -2 Im sum_m v^i_nm tau_mn / w^2 = d_i s_n``, ``(n_k, n, i, a)``, Angstrom."""
    some = states.wanted
    return imag_sum(2j * states.B[:, some], states.s[:, some], states.sign, states.first)


@quantity
def current_dipole(states: States, settings: Settings) -> Real:
    """``d^{lis}_n = Im sum_m v^l_nm J^i_mn / w``, ``(n_k, n, i, l, a)``, eV Angstrom^2."""
    J = spin_current(states)
    n_k, n, D, n_s, N = J.shape
    out = imag_sum(states.B[:, states.wanted], J.reshape(n_k, n, D * n_s, N), states.sign, states.first)
    return np.asarray(out.reshape(n_k, n, D, D, n_s).swapaxes(2, 3))
