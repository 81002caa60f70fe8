"""Matrix element of s between covariant derivatives: the sea of Eq. 11 in form (P) and of the Kubo formula."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.antisymmetric import antisymmetric
from solenoidal.bloch import States
from solenoidal.packed import imag_sum, row_product
from solenoidal.quantities import Settings, quantity


@quantity
def covariant_spin(states: States, settings: Settings) -> NDArray[np.float64]:
    """``Im <D_i n| s |D_l n>``, Angstrom^2, with ``|D_l n> = sum_m |m> v^l_mn / w_nm``.

    Theory notes, section 3, form (P).  Antisymmetric in i, l.
    """
    B, s = states.packed_B, states.operator.packed
    n_k, D, n_s = len(states.e), B.shape[1], s.shape[1]
    first = [(i, a) for i in range(D - 1) for a in range(n_s)]
    BsB = imag_sum(row_product(B, s, states.sign, first), B, n_k, states.sign, states.first)  # [(i, a), l]
    return antisymmetric(BsB.reshape(*BsB.shape[:2], D - 1, n_s, D))
