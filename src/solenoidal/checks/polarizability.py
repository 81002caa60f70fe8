"""The polarizability of the torque."""

from typing import TYPE_CHECKING

from solenoidal import bands
from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import compare

if TYPE_CHECKING:
    from solenoidal.checks.context import Context


def _examine(context: "Context") -> Finding:
    if not context.probe.single:
        return Finding(None, "formulated for single bands, the levels here form multiplets; see dipole curl.")
    states = context.probe.states
    slope = context.gradient(bands.s_dipole).transpose(0, 1, 4, 2, 3)  # [l, i, a] = d_l d^i
    chi = slope + bands.polarizability_interband(states)  # [i, l, a]
    left = bands.s_berry_curvature(states) + chi.swapaxes(2, 3)
    right = slope + bands.berry_curvature(states)[..., None] * bands.spin(states)[:, :, None, None, :]
    return compare(left, right, context.s_size * context.length**2, "single bands.")


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
