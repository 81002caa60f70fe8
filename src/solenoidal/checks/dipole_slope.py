"""The slope of the s-dipole in closed form."""

from typing import TYPE_CHECKING

from solenoidal import bands
from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import compare, traces
from solenoidal.checks.kernel import differentiated_probe, kernel

if TYPE_CHECKING:
    from solenoidal.checks.context import Context


def _examine(context: "Context") -> Finding:
    slope = context.gradient(lambda st: traces(bands.s_dipole(st), st)).swapaxes(3, 4)  # [i, l, a] = d_l d^i
    natural = context.s_size * context.length**2
    return compare(kernel("dipole_slope", differentiated_probe(context)), slope, natural, f"{context.probe.form}.")


register(
    Check(
        name="dipole slope",
        kind="bands",
        says="d_l d^i_n from second derivatives of H is the derivative of d^i_n taken numerically, in any basis.",
        source="theory notes, section 2",
        tolerance=1e-6,
        failure="The slope of the s-dipole is wrong, and with it the polarizability and the integrand of eq11.",
        examine=_examine,
    )
)
