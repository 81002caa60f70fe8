"""Velocity times s-dipole: the Fermi-surface part of Eq. 11, and of the Kubo formula with indices exchanged."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.packed import multiplet_trace
from solenoidal.quantities import Settings, quantity


@quantity
def velocity_dipole(states: States, settings: Settings) -> NDArray[np.float64]:
    """``Tr[v^l_N d^i_N]``, eV Angstrom^2, with the s-dipole ``d^i_n = Re sum_m A^i_nm s_mn``.

    Xiao and Niu, Phys. Rev. B 104, L241411 (2021), Eq. 11; theory notes, section 3, form (S), and section 6.
    """
    s, v = states.operator.packed, states.velocity.packed
    Bsv = multiplet_trace(states.packed_B, s, v, states.group, states.sign, states.first)  # [i, a, l]
    return np.asarray(Bsv.swapaxes(3, 4))
