"""Curvature of the Wannier subspace: what the Berry curvature has beyond the sum over its own bands."""

import itertools

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.quantities import Settings, curvature_quantity


@curvature_quantity
def basis_curvature(states: States, settings: Settings) -> NDArray[np.float64]:
    """``<n|F^{li}|n>``, ``(n_k, n, i, l, 1)``, Angstrom^2, with ``F_li = d_l A_i - d_i A_l - i [A_l, A_i]``.

    Wang, Yates, Souza, Vanderbilt, Phys. Rev. B 74, 195118 (2006), Eq. 40, first term.
    """
    some, D = states.wanted, states.velocity.packed.shape[1]
    out = np.zeros((len(states.e), some.stop - some.start, D, D, 1))
    if states.F is None:
        return out
    F = states.F[:, some]
    if states.sign is not None:
        F = F * states.sign[:, some, None]
    for p, (i, l) in enumerate(itertools.combinations(range(D), 2)):
        out[:, :, l, i, 0] = F[:, :, p]
        out[:, :, i, l, 0] = -F[:, :, p]
    return out
