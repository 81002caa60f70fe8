"""Orbital magnetization of the current of s: J = curl M in equilibrium."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from solenoidal.definitions import Term
from solenoidal.responses import Choice, Response, Tensor, register
from solenoidal.units import magnetization_factor, magnetization_unit

Real = NDArray[np.float64]

#: ``M^{li} = int f [(d^{lis} - d^{ils}) / 2 + (d^l v^i - d^i v^l) / 2] + g Omega^{li} s``: Eq. 6 of [XN].
#: A quantity [i, l] holds d^{lis}, v^l d^i and Omega^{li} s.
MOMENT = (
    Term(0.5, "current_dipole", "sea"),
    Term(-0.5, "current_dipole", "sea", exchanged=True),
    Term(0.5, "velocity_dipole", "sea", exchanged=True),
    Term(-0.5, "velocity_dipole", "sea"),
    Term(1.0, "berry_spin", "potential"),
)


def _terms(choice: Choice) -> Mapping[str, tuple[Term, ...]]:
    return {"total": MOMENT}


def _axial(M: Real) -> Real:
    """Axial vector ``M_c = epsilon_cli M^{li} / 2`` of ``M[..., i, l, a]``: z alone in two dimensions."""
    pairs = {1: [], 2: [(0, 1)], 3: [(1, 2), (2, 0), (0, 1)]}[M.shape[-2]]
    parts = [0.5 * (M[..., i, l, :] - M[..., l, i, :]) for l, i in pairs]
    return np.stack(parts, axis=-2) if parts else np.zeros((*M.shape[:-3], 0, M.shape[-1]))


register(
    Response(
        name="magnetization",
        variable="magnetization",
        title="orbital magnetization",
        terms=_terms,
        functions={"sea": "fermi", "potential": "potential"},
        label=None,
        dims=("axis", "spin"),
        factor=magnetization_factor,
        unit=magnetization_unit,
        convention="J = curl M in equilibrium; for the charge the orbital moment per cell",
        finish=_axial,
        transformation=Tensor(("axial",), time_reversal=-1),
    )
)
