"""s-Berry curvature: the conventional intrinsic conductivity."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.products import spin_current
from solenoidal.quantities import Settings, quantity
from solenoidal.sums import imag_sum


@quantity
def spin_berry(states: States, settings: Settings) -> NDArray[np.float64]:
    """``Omega^{lis}_n = -2 Im sum_m v^l_nm J^i_mn / w_nm^2`` with ``J = (v s + s v) / 2``, Angstrom^2.

    Theory notes, section 1; the "simple" spin conductivity of postw90 and WannierBerri.
    """
    J = spin_current(states)
    n_k, n, D, n_s, N = J.shape
    vGG = states.B[:, :n] * states.G[:, :n, None, :]
    vJ = imag_sum(vGG, J.reshape(n_k, n, D * n_s, N), states.sign).reshape(n_k, n, D, D, n_s)  # [l, i, a]
    return np.asarray(-2.0 * vJ.swapaxes(2, 3))
