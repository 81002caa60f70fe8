"""Dipole of the current and quadrupole of the torque of a band make its moment."""

from typing import TYPE_CHECKING

from solenoidal import bands
from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import compare

if TYPE_CHECKING:
    from solenoidal.checks.context import Context


def _examine(context: "Context") -> Finding:
    if not context.probe.single:
        return Finding(None, "formulated for single bands, the levels here form multiplets; see dipole and quadrupole.")
    states = context.probe.states
    dJ, q = bands.current_dipole(states), bands.torque_quadrupole(states)  # [l, i, a], [i, l, a]
    vd = bands.velocity(states)[:, :, :, None, None] * bands.s_dipole(states)[:, :, None, :, :]
    natural = context.width * context.s_size * context.length**2
    return compare(dJ + q.swapaxes(2, 3) - vd, bands.moment(states), natural, "single bands.")


register(
    Check(
        name="moment",
        kind="bands",
        says="d^{lis}_n + q^{il tau}_n - v^l_n d^i_n = m^{li}_n.",
        source="Xiao and Niu, PRB 104, L241411 (2021), Eq. 6",
        tolerance=1e-8,
        failure="The magnetization is not that of dipole and quadrupole densities.",
        examine=_examine,
    )
)
