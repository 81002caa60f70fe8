"""Quadrupole and polarizability of the torque, from its own matrix elements.

The torque has ``tau_nm = i w_nm s_nm`` and, for s that commutes with the position, ``D_i tau = i (v^i s - s v^i)``.
Neither quantity uses an identity that ties it to the current of s: those identities are the test of both.
"""

import numpy as np
from numpy.typing import NDArray

from solenoidal.bands import torque, torque_derivative
from solenoidal.bloch import States
from solenoidal.products import row_product
from solenoidal.quantities import Settings, derivative_quantity, quantity
from solenoidal.quantities.dipole_slope import dipole_slope
from solenoidal.sums import imag_sum

Real = NDArray[np.float64]


@quantity
def torque_quadrupole(states: States, settings: Settings) -> Real:
    """``q^{il tau}_N``, ``(n_k, n, i, l, a)``, eV Angstrom^2.

    ``Re sum_{m,p not in N} A^i_nm tau_mp A^l_pn / 2 - Im sum_m [A^i_nm (D_l tau)_mn + A^l_nm (D_i tau)_mn] / 4`` with
    ``A^i_nm = -i v^i_nm / w_nm``: the trace over a multiplet of Re <(r - r_c)^i (r - r_c)^l tau> / 2, r_c the position
    matrix inside it.  Xiao and Niu, Phys. Rev. B 104, L241411 (2021), Eq. 5; bosonic notes, section 2.
    """
    some, sign, first = states.wanted, states.sign, states.first
    A = -1j * states.B[:, some]
    n_k, n, D, N = A.shape
    Atau = row_product(A, torque(states), sign).reshape(n_k, n, -1, N)
    AtauA = imag_sum(1j * Atau, A, sign, first).reshape(n_k, n, D, -1, D).swapaxes(3, 4)  # [i, l, a]
    Dtau = torque_derivative(states)[:, some].reshape(n_k, n, -1, N)
    ADtau = imag_sum(A, Dtau, sign, first).reshape(AtauA.shape)  # [i, l, a]
    return np.asarray(0.5 * AtauA - 0.25 * (ADtau + ADtau.swapaxes(2, 3)))


@derivative_quantity
def torque_polarizability(states: States, settings: Settings) -> Real:
    """``chi^{il tau}_N = d_i Tr d^l - 2 Im sum_m v^l_nm d^{i tau}_mn / w_nm^2``, ``(n_k, n, i, l, a)``, Angstrom^2.

    The interband torque dipole of a multiplet,

    ``d^{i tau}_mn = (i/2) (D_i tau)_mn + sum_{p not in N} tau_mp A^i_pn - i sum_{n' in N} tau_mn' v^i_n'n / w_n'm``,

    is note 33 of Xiao and Niu, Phys. Rev. B 104, L241411 (2021), with the velocity of a band replaced by its matrix
    inside the multiplet.  It equals ``-J^i_mn + w_mn sum_{p not in N} s_mp v^i_pn / w_pn``, which with the curl of the
    s-dipole gives ``Omega^{lis} + chi^{il tau} = d_l d^i + Omega^{li} s`` for traces.

    Raises
    ------
    InputError
        If the states carry no second derivatives.
    """
    some, sign = states.wanted, states.sign
    B, G = states.B[:, some], states.G[:, some, None, :]
    n_k, n, D, N = B.shape
    tau = torque(states)
    inside = states.group[:, some, None] == states.group[:, None, :]
    # conj(d_mn) in rows n: D tau and A are Hermitian.
    d = -0.5j * torque_derivative(states)[:, some]
    d = d + row_product(-1j * B, tau, sign)
    d = d + 1j * row_product(states.v[:, some] * inside[:, :, None, :], tau * states.G[:, :, None, :], sign)
    vd = imag_sum(B * G, d.reshape(n_k, n, -1, N), sign, states.first).reshape(n_k, n, D, D, -1)  # [l, i, a]
    return np.asarray(dipole_slope(states, settings).swapaxes(2, 3) - 2.0 * vd.swapaxes(2, 3))
