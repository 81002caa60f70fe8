"""Relative difference of the two sides of an identity."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.checks import Finding

__all__ = ["TRIVIAL", "compare", "on_mesh", "traces", "worst"]

Real = NDArray[np.float64]

#: Part of its natural size below which a quantity is zero by symmetry.
TRIVIAL = 1e-10
#: Relative change by halving the mesh above which it decides nothing; factor by which it may understate the error.
UNDECIDED, TRUST = 0.01, 4.0


def compare(left: Real, right: Real, natural: float, note: str = "") -> Finding:
    """Largest difference of two sides, relative to the largest element of either.

    Where both are below :data:`TRIVIAL` times their natural size there is nothing to compare.
    """
    scale = max(float(abs(left).max(initial=0.0)), float(abs(right).max(initial=0.0)))
    gap = float(abs(left - right).max(initial=0.0))
    if scale <= TRIVIAL * natural:
        return Finding(None, "both sides vanish here, by symmetry or because s is conserved.")
    return Finding(gap / scale, note)


def worst(*findings: Finding) -> Finding:
    """Return the finding with the largest residual; one that does not apply only if none does."""
    return max(findings, key=lambda found: -1.0 if found.residual is None else found.residual)


def traces(x: Real, states: States) -> Real:
    """Sum of ``x (n_k, N, ...)`` over the multiplet of each level, stored at every member."""
    same = states.group[:, :, None] == states.group[:, None, :]
    return np.asarray(np.einsum("knm,km...->kn...", same, x))


def on_mesh(gap: float, error: float, scale: float, floor: float) -> Finding:
    """Judge a difference of two integrals by what halving the mesh changes.

    Parameters
    ----------
    gap, error, scale
        Difference, change when the mesh is halved, size of the integrals.
    floor
        Relative residual that passes on any mesh.
    """
    residual, moved = gap / scale, error / scale
    # Point degeneracies converge as 1 / N and not steadily: there a large difference proves nothing either.
    if moved > UNDECIDED:
        return Finding(
            None, f"not decided: halving the mesh moves the integrals by {100 * moved:.2g} %, use more points."
        )
    return Finding(
        residual, f"halving the mesh moves the integrals by {moved:.1e} of their size.", max(floor, TRUST * moved)
    )
