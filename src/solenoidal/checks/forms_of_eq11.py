"""Surface form and symmetrised form of Eq. 11."""

import itertools
from typing import TYPE_CHECKING

import numpy as np

from solenoidal.bloch import fourier
from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import TRIVIAL, on_mesh
from solenoidal.eigen import eigenstates

if TYPE_CHECKING:
    from solenoidal.checks.context import Context

FLOOR = 1e-6
#: Points per direction of a mesh with every point of high symmetry, those of hexagonal lattices among them.
SYMMETRIC = 6


def bands_touch(context: "Context") -> bool:
    """Whether levels that are apart elsewhere meet at a point of high symmetry."""
    if context.probe.states.group[:, -1].max() == 0:
        return False
    k = np.array(list(itertools.product(np.arange(SYMMETRIC) / SYMMETRIC, repeat=context.model.dimension)))
    block = fourier(context.model, k, "charge")
    e, _, _ = eigenstates(block.H, block.metric, k)
    levels = int(context.probe.states.group[:, -1].min()) + 1
    size = context.model.size // levels
    if size * levels != context.model.size:
        return False
    return bool((e[:, size::size] - e[:, size - 1 : -1 : size]).min() <= context.degeneracy)


def _examine(context: "Context") -> Finding:
    if context.without_integrals:
        return Finding(None, context.without_integrals)
    if context.model.dimension == 2 and bands_touch(context):
        return Finding(
            None, "bands touch at a point, where the forms differ in two dimensions: (S) is that of Xiao and Niu."
        )
    S, error = context.outcome.values["conductivity"][1], context.outcome.errors["conductivity"][1]
    other = context.integrate(definitions=("eq11",), form="P", error=True)
    scale = float(abs(context.outcome.values["conductivity"]).max())
    if scale <= TRIVIAL * context.s_size * context.length**2 / context.model.volume:
        return Finding(None, "every conductivity vanishes by symmetry.")
    moved = max(float(error.max()), float(other.errors["conductivity"].max()))
    return on_mesh(float(abs(other.values["conductivity"][0] - S).max()), moved, scale, FLOOR)


register(
    Check(
        name="forms of eq11",
        kind="zone",
        says="Eq. 11 in surface form (S) and in symmetrised form (P) are one; relative to the largest conductivity.",
        source="Xiao and Niu, PRB 104, L241411 (2021), Eq. 11; theory, Definitions",
        tolerance=FLOOR,
        failure="eq11 and eq15 depend on the form of integration: bands touch at points or the mesh misses a crossing.",
        examine=_examine,
        complete=True,
    )
)
