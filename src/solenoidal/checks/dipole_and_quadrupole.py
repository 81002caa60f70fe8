"""Dipole density of the current and quadrupole density of the torque make an antisymmetric magnetization."""

from typing import TYPE_CHECKING

import numpy as np

from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import TRIVIAL

if TYPE_CHECKING:
    from solenoidal.checks.context import Context


def _examine(context: "Context") -> Finding:
    if context.without_integrals:
        return Finding(None, context.without_integrals)
    D, *_, total = context.outcome.values["dipole_density"]
    M = context.outcome.values["magnetization"][0]
    pairs = {1: [], 2: [(0, 1)], 3: [(1, 2), (2, 0), (0, 1)]}[context.model.dimension]
    axial = [0.5 * (total[..., i, l, :] - total[..., l, i, :]) for l, i in pairs]
    scale = max(float(abs(D).max()), float(abs(total).max()))
    natural = context.width * context.s_size * context.length**2 / context.model.volume
    if scale <= TRIVIAL * natural:
        return Finding(None, "both densities vanish by symmetry.")
    defect = float(abs(total + total.swapaxes(2, 3)).max())
    if axial:
        defect = max(defect, float(abs(np.stack(axial, axis=-2) - M).max()))
    return Finding(defect / scale, "the quadrupole density is evaluated by its band identity.")


register(
    Check(
        name="dipole and quadrupole",
        kind="zone",
        says="D^{lis} + Q^{il tau} = M^{li}, antisymmetric although neither term is; relative to D.",
        source="Xiao and Niu, PRB 104, L241411 (2021), Eq. 6",
        tolerance=1e-9,
        failure="Magnetization and dipole density contradict each other: use neither.",
        examine=_examine,
    )
)
