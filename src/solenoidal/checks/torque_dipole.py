"""The torque dipole completes the conventional current."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solenoidal import bands, quantities
from solenoidal.bloch import States
from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import compare, worst
from solenoidal.quantities import Settings

if TYPE_CHECKING:
    from solenoidal.checks.context import Context

Real = NDArray[np.float64]


def inner_product(states: States) -> Real:
    """``Re <n| v^i P_N s |n>`` with P_N on the multiplet of n, ``(n_k, n, i, a)``: v_n s_n of a single band."""
    inside = states.group[:, :, None] == states.group[:, None, :]
    signs = np.ones_like(states.e) if states.sign is None else states.sign
    path = "kn,km,knm,knim,kman->knia"
    return np.asarray(np.einsum(path, signs, signs, inside, states.v, states.s, optimize=True).real)


def _examine(context: "Context") -> Finding:
    states, natural = context.probe.states, context.width * context.s_size * context.length
    want, settings = inner_product(states), Settings()
    kernel = [quantities.get(name).rows(states, settings) for name in ("torque_dipole", "current")]
    found = compare(
        kernel[0],
        want - kernel[1],
        natural,
        "single bands." if context.probe.single else "every row of the multiplets.",
    )
    if not context.probe.single:
        return found
    return worst(found, compare(bands.torque_dipole(states), want - bands.current(states), natural, found.note))


register(
    Check(
        name="torque dipole",
        kind="bands",
        says="d^{i tau}_n = -J^i_n + v^i_n s_n.",
        source="Xiao and Niu, PRB 104, L241411 (2021), Eqs. 2, 13",
        tolerance=1e-9,
        failure="Conventional current and torque dipole do not belong together: trust no conserved current.",
        examine=_examine,
    )
)
