"""The uniform equilibrium current vanishes."""

from typing import TYPE_CHECKING

from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import TRIVIAL, on_mesh

if TYPE_CHECKING:
    from solenoidal.checks.context import Context

FLOOR = 1e-6


def _examine(context: "Context") -> Finding:
    if context.without_integrals:
        return Finding(None, context.without_integrals)
    conventional, _, total = context.outcome.values["equilibrium"]
    error = context.outcome.errors["equilibrium"][2]
    scale = float(abs(conventional).max())
    if scale <= TRIVIAL * context.width * context.s_size * context.length / context.model.volume:
        return Finding(None, "conventional and torque part vanish by symmetry.")
    return on_mesh(float(abs(total).max()), float(error.max()), scale, FLOOR)


register(
    Check(
        name="equilibrium current",
        kind="zone",
        says="int f J_n + int (f d^tau_n + g Omega^tau_n) = 0; relative to the conventional part.",
        source="Xiao and Niu, PRB 104, L241411 (2021), Eqs. 1-5",
        tolerance=FLOOR,
        failure="A crystal at rest carries a current of s: the torque dipole does not balance the current.",
        examine=_examine,
        complete=True,
    )
)
