"""Velocities that do not commute inside a multiplet: the f'' term of the Kubo formula."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.quantities import Settings, quantity
from solenoidal.sums import multiplet_trace


@quantity("curvature")
def multiplet_commutator(states: States, settings: Settings) -> NDArray[np.float64]:
    """``-Im Tr[s_N v^i_N v^l_N]``, (eV Angstrom)^2: the terms of (K) with all three levels in one multiplet.

    Theory notes, section 4: there ``f[a, b, c] -> f''/2``.  Zero for single levels and for Kramers pairs whose
    velocity is a multiple of one.
    """
    n = states.rows
    inside = (states.group[:, :n, None] == states.group[:, None, :])[:, :, None, :]
    v = states.v[:, :n]
    svv = multiplet_trace(states.s[:, :n] * inside, v, v, states.group, states.sign)  # [a, i, l]
    return np.asarray(-svv.transpose(0, 1, 3, 4, 2))
