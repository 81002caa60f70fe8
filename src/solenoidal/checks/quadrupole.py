"""The quadrupole of the torque."""

from typing import TYPE_CHECKING

import numpy as np

from solenoidal import bands
from solenoidal.bloch import States
from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import compare, worst
from solenoidal.checks.kernel import kernel

if TYPE_CHECKING:
    from solenoidal.checks.context import Context


def _examine(context: "Context") -> Finding:
    states, note = context.probe.states, f"{context.probe.form}."
    natural = context.width * context.s_size * context.length**2
    vd, dJ = kernel("velocity_dipole", states), kernel("current_dipole", states)
    want = 0.5 * (vd + vd.swapaxes(2, 3)) - 0.5 * (dJ + dJ.swapaxes(2, 3))
    found = compare(kernel("torque_quadrupole", states), want, natural, note)
    return worst(found, _single(states, natural, note)) if context.probe.single else found


def _single(states: States, natural: float, note: str) -> Finding:
    """The same through the geometry of single bands."""
    dv = bands.s_dipole(states)[:, :, :, None, :] * bands.velocity(states)[:, :, None, :, None]
    dJ = bands.current_dipole(states)
    want = np.asarray(0.5 * (dv + dv.swapaxes(2, 3)) - 0.5 * (dJ + dJ.swapaxes(2, 3)))
    return compare(bands.torque_quadrupole(states), want, natural, note)


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
