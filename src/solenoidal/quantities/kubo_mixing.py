"""What the finite-q Kubo formula has beyond form (P) of Eq. 11: the mixing of bands by a transverse field."""

import itertools

import numpy as np
from numpy.typing import NDArray

from solenoidal.antisymmetric import antisymmetrised
from solenoidal.bloch import States
from solenoidal.packed import imag_sum, multiplet_trace, row_product
from solenoidal.quantities import Settings, quantity


@quantity
def kubo_mixing(states: States, settings: Settings) -> NDArray[np.float64]:
    """``X^{il}_n`` of theory notes, section 5, Angstrom^2, in a form that sums to zero over all bands at every k.

    ``X^{il} = Im sum_mp (v^l_nm v^i_mp s_pn - v^i_nm v^l_mp s_pn) / (w_nm w_np)`` minus the same with the middle
    velocity inside the multiplet of n.  It comes from the triple sum of (K) with ``f[a,b,c]`` written as partial
    fractions; terms with two levels in one multiplet are the last line.
    """
    B, sG, v, sign, first = states.packed_B, states.packed_sG, states.velocity.packed, states.sign, states.first
    n_k, D = len(states.e), B.shape[1]
    half = multiplet_trace(sG, B, v, states.group, sign, first)  # [a, i, l]
    unequal = list(itertools.permutations(range(D), 2))
    sBv = imag_sum(sG, row_product(B, v, sign, unequal), n_k, sign, first)  # s_np (B^l v^i)+_pn: [a, (l, i)]
    return antisymmetrised(half, sBv, unequal)
