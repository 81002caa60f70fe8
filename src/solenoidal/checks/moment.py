"""Dipole of the current and quadrupole of the torque of a band make its moment."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solenoidal import bands
from solenoidal.bloch import States
from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import compare, worst
from solenoidal.checks.kernel import kernel
from solenoidal.responses.magnetization import MOMENT

if TYPE_CHECKING:
    from solenoidal.checks.context import Context

Real = NDArray[np.float64]


def coefficient(states: States) -> Real:
    """What the magnetization multiplies by f: ``m^{li}_N`` as ``(n_k, N, i, l, a)``, eV Angstrom^2."""
    total = np.zeros(())
    for t in MOMENT:
        if t.weight == "sea":
            x = kernel(t.quantity, states)
            total = total + t.coefficient * (x.swapaxes(2, 3) if t.exchanged else x)
    return np.asarray(total)


def _examine(context: "Context") -> Finding:
    states, note = context.probe.states, f"{context.probe.form}."
    natural = context.width * context.s_size * context.length**2
    dJ, q, vd = (kernel(name, states) for name in ("current_dipole", "torque_quadrupole", "velocity_dipole"))
    found = compare(dJ + q - vd, coefficient(states), natural, note)
    return worst(found, _single(states, natural, note)) if context.probe.single else found


def _single(states: States, natural: float, note: str) -> Finding:
    """The same through the geometry of single bands."""
    dJ, q = bands.current_dipole(states), bands.torque_quadrupole(states)  # [l, i, a], [i, l, a]
    vd = bands.velocity(states)[:, :, :, None, None] * bands.s_dipole(states)[:, :, None, :, :]
    return compare(dJ + q.swapaxes(2, 3) - vd, bands.moment(states), natural, note)


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
