"""What the finite-q Kubo formula has beyond form (P) of Eq. 11: the mixing of bands by a transverse field."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.products import sG_v
from solenoidal.quantities import Settings, quantity
from solenoidal.sums import imag_sum, multiplet_trace


@quantity
def kubo_mixing(states: States, settings: Settings) -> NDArray[np.float64]:
    """``X^{il}_n`` of theory notes, section 5, Angstrom^2, in a form that sums to zero over all bands at every k.

    ``X^{il} = Im sum_mp (v^l_nm v^i_mp s_pn - v^i_nm v^l_mp s_pn) / (w_nm w_np)`` minus the same with the middle
    velocity inside the multiplet of n.  It comes from the triple sum of (K) with ``f[a,b,c]`` written as partial
    fractions; terms with two levels in one multiplet are the last line.
    """
    n, sign = states.rows, states.sign
    sGv = sG_v(states)
    n_k, _, n_s, D, N = sGv.shape
    B, sG = states.B[:, :n], states.sG[:, :n]
    svB = imag_sum(sGv.reshape(n_k, n, n_s * D, N), B, sign).reshape(n_k, n, n_s, D, D)  # [a, i, l]
    sBv = multiplet_trace(sG, B, states.v[:, :n], states.group, sign)  # [a, i, l]
    half = sBv - svB
    return np.ascontiguousarray((half - half.swapaxes(3, 4)).transpose(0, 1, 3, 4, 2))
