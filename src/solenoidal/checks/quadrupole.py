"""The quadrupole of the torque."""

from typing import TYPE_CHECKING

import numpy as np

from solenoidal import bands
from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import compare

if TYPE_CHECKING:
    from solenoidal.checks.context import Context


def _examine(context: "Context") -> Finding:
    if not context.probe.single:
        return Finding(None, "formulated for single bands, the levels here form multiplets; see dipole and quadrupole.")
    states = context.probe.states
    dv = bands.s_dipole(states)[:, :, :, None, :] * bands.velocity(states)[:, :, None, :, None]
    dJ = bands.current_dipole(states)
    want = np.asarray(0.5 * (dv + dv.swapaxes(2, 3)) - 0.5 * (dJ + dJ.swapaxes(2, 3)))
    natural = context.width * context.s_size * context.length**2
    return compare(bands.torque_quadrupole(states), want, natural, "single bands.")


register(
    Check(
        name="quadrupole",
        kind="bands",
        says="q^{il tau}_n = (d^i v^l + d^l v^i)_n / 2 - (d^{lis} + d^{ils})_n / 2.",
        source="Xiao and Niu, PRB 104, L241411 (2021), Eqs. 5, 6",
        tolerance=1e-8,
        failure="The quadrupole density of the torque is wrong, and with it the dipole densities.",
        examine=_examine,
    )
)
