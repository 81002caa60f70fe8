"""s-Berry curvature: the conventional intrinsic conductivity."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.packed import imag_sum, weighted
from solenoidal.products import packed_current
from solenoidal.quantities import Settings, quantity


@quantity
def spin_berry(states: States, settings: Settings) -> NDArray[np.float64]:
    """``Omega^{lis}_n = -2 Im sum_m v^l_nm J^i_mn / w_nm^2`` with ``J = (v s + s v) / 2``, Angstrom^2.

    Theory notes, section 1; the "simple" spin conductivity of postw90 and WannierBerri.
    """
    vGG, n_k, D = weighted(states.packed_B, states.packed_G), len(states.e), states.packed_B.shape[1]
    vJ = 0.5 * imag_sum(vGG, packed_current(states), n_k, states.sign)  # [l, (i, a)]
    return np.asarray(-2.0 * vJ.reshape(n_k, states.rows, D, D, -1).swapaxes(2, 3))
