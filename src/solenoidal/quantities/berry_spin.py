"""Berry curvature times s: the Fermi-sea part of Eq. 11 in form (S), and all of Eq. 15."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.packed import multiplet_trace
from solenoidal.quantities import Settings, quantity


@quantity
def berry_spin(states: States, settings: Settings) -> NDArray[np.float64]:
    """``Tr[Omega^{li}_N s_N]``, Angstrom^2.

    ``Omega^{li}_N = i (A^l A^i - A^i A^l)``, so the trace is ``-2 Im Tr[B^l B^i+ s]`` with B = i A between
    multiplets: the inter-multiplet sum is the full non-Abelian curvature (theory notes, section 6).
    Xiao and Niu, Phys. Rev. B 104, L241411 (2021), Eqs. 11, 12.
    """
    B = states.packed_B
    BBs = multiplet_trace(B, B, states.operator.packed, states.group, states.sign, states.first)  # [l, i, a]
    return np.asarray(-2.0 * BBs.swapaxes(2, 3))
