"""s-Berry curvature: the conventional intrinsic conductivity."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.packed import anticommutator_sum
from solenoidal.quantities import Settings, exchange_quantity


@exchange_quantity
def spin_berry(states: States, settings: Settings) -> NDArray[np.float64]:
    """``Omega^{lis}_n = -2 Im sum_m v^l_nm J^i_mn / w_nm^2`` with ``J = (v s + s v) / 2``, Angstrom^2.

    Theory notes, section 1; the "simple" spin conductivity of postw90 and WannierBerri.
    """
    G, v, s = states.packed_G, states.velocity.packed, states.operator.packed
    full, first = states.full, states.first
    vJ = 0.5 * anticommutator_sum(G * G, v, s, len(states.e), states.sign, full, first)  # [l, i, a]
    return np.asarray(-2.0 * vJ.swapaxes(2, 3))
