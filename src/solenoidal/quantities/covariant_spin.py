"""Matrix element of s between covariant derivatives: the sea of Eq. 11 in form (P) and of the Kubo formula."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.products import B_s
from solenoidal.quantities import Settings, quantity
from solenoidal.sums import imag_sum


@quantity
def covariant_spin(states: States, settings: Settings) -> NDArray[np.float64]:
    """``Im <D_i n| s |D_l n>``, Angstrom^2, with ``|D_l n> = sum_m |m> v^l_mn / w_nm``.

    Theory notes, section 3, form (P).  Antisymmetric in i, l.
    """
    Bs = B_s(states)
    n_k, n, D, n_s, N = Bs.shape
    out = imag_sum(Bs.reshape(n_k, n, D * n_s, N), states.B[:, :n], states.sign)  # [i, a, l]
    return np.asarray(out.reshape(n_k, n, D, n_s, D).swapaxes(3, 4))
