"""The velocity is the slope of the energy."""

from typing import TYPE_CHECKING

import numpy as np

from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import compare, traces

if TYPE_CHECKING:
    from solenoidal.checks.context import Context


def _examine(context: "Context") -> Finding:
    states = context.probe.states
    v = np.einsum("knin->kni", states.v).real
    if states.sign is not None:
        v = v * states.sign[:, :, None]
    slope = context.gradient(lambda st: traces(st.e, st))
    return compare(traces(v, states), slope, context.width * context.length, f"{context.probe.form}.")


register(
    Check(
        name="velocity",
        kind="bands",
        says="v^i_n = d e_n / d k_i, the derivative taken numerically.",
        source="Hellmann and Feynman; theory, conventions",
        tolerance=1e-7,
        failure="Velocity and energies are not of the same crystal: every response is wrong.",
        examine=_examine,
    )
)
