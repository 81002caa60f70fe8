"""Slope of the s-dipole, without finite differences: the sea form of Eq. 11."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.derivatives import DerivativeStates
from solenoidal.errors import InputError
from solenoidal.products import row_product
from solenoidal.quantities import Settings, derivative_quantity
from solenoidal.quantities.covariant_spin import covariant_spin
from solenoidal.sums import imag_sum, multiplet_trace


@derivative_quantity
def dipole_slope(states: States, settings: Settings) -> NDArray[np.float64]:
    """``d_l Tr d^i_N``, ``(n_k, n, i, l, a)``, Angstrom^2, in any basis, curved or not.

    With ``B^i = P v^i Q / w`` from the multiplet (P) to the other levels (Q), ``Tr d^i = Im Tr[B^i s]``.  B solves
    ``H B - B H = P v^i Q`` and ``D_l P = B^l + B^l+``; the covariant derivative of that equation gives the part of
    ``D_l B^i`` between P and Q, its other parts are ``B^l+ B^i`` and ``-B^i B^l+``.  Hence

    ``Im Tr[(D_l v^i + B^l v^i Q + B^i v^l Q - v^i P B^l - v^l P B^i) / w s  + B^l+ B^i s - B^i B^l+ s + B^i D_l s]``:

    theory notes, section 2, "Analytic", with 1/w level by level, so that it is the exact derivative of the trace for
    multiplets whose levels are only nearly equal too.

    Raises
    ------
    InputError
        If the states carry no second derivatives.
    """
    if not isinstance(states, DerivativeStates):
        raise InputError(
            "the slope of a dipole needs second derivatives of H, make the states with solenoidal.derivatives."
        )
    some, sign, first = states.wanted, states.sign, states.first
    B, s = states.B[:, some], states.s[:, some]
    n_k, n, D, N = B.shape
    inside = states.group[:, some, None] == states.group[:, None, :]
    Bv = row_product(B, states.v, sign)  # [l, i]
    vB = row_product(states.v[:, some] * inside[:, :, None, :], states.B, sign)  # [i, l]
    K = states.Dv[:, some] + Bv + Bv.swapaxes(2, 3) - vB - vB.swapaxes(2, 3)
    KG = (K * states.G[:, some, None, None, :]).reshape(n_k, n, D * D, N)
    Ks = imag_sum(KG, s, sign, first).reshape(n_k, n, D, D, -1)  # [l, i, a]
    BBs = multiplet_trace(B, B, s, states.group, sign, first)  # [i, l, a]
    BDs = imag_sum(B, states.Ds[:, some].reshape(n_k, n, -1, N), sign, first).reshape(BBs.shape)  # [i, l, a]
    return np.asarray(Ks.swapaxes(2, 3) + covariant_spin(states, settings) - BBs + BDs)
