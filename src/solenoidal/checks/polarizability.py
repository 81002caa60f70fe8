"""The polarizability of the torque."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solenoidal import bands
from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import compare, traces, worst
from solenoidal.checks.kernel import differentiated_probe, kernel

if TYPE_CHECKING:
    from solenoidal.checks.context import Context

Real = NDArray[np.float64]


def _examine(context: "Context") -> Finding:
    states, natural, note = differentiated_probe(context), context.s_size * context.length**2, f"{context.probe.form}."
    slope = context.gradient(lambda st: traces(bands.s_dipole(st), st)).swapaxes(3, 4)  # [i, l, a] = d_l d^i
    left = kernel("spin_berry", states) + kernel("torque_polarizability", states)
    found = compare(left, slope + kernel("berry_spin", states), natural, note)
    return worst(found, _single(context, slope, natural, note)) if context.probe.single else found


def _single(context: "Context", slope: Real, natural: float, note: str) -> Finding:
    """The same through the geometry of single bands."""
    states = context.probe.states
    chi = slope.swapaxes(2, 3) + bands.polarizability_interband(states)  # [i, l, a] = d_i d^l + ...
    left = bands.s_berry_curvature(states).swapaxes(2, 3) + chi
    curvature = bands.berry_curvature(states).swapaxes(2, 3)[..., None]
    return compare(left, slope + curvature * bands.spin(states)[:, :, None, None, :], natural, note)


register(
    Check(
        name="polarizability",
        kind="bands",
        says="Omega^{lis}_n + chi^{il tau}_n = d_l d^i_n + Omega^{li}_n s_n, derivatives taken numerically.",
        source="Xiao and Niu, PRB 104, L241411 (2021), Eq. 11 and note 33",
        tolerance=1e-6,
        failure="Conventional current plus torque response is not Eq. 11 band by band.",
        examine=_examine,
        complete=True,
    )
)
