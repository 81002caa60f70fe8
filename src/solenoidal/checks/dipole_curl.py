"""Curl of the s-dipole: what makes the forms of Eq. 11 one."""

from typing import TYPE_CHECKING

from solenoidal import bands, quantities
from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import compare, traces
from solenoidal.quantities import Settings

if TYPE_CHECKING:
    from solenoidal.checks.context import Context


def _examine(context: "Context") -> Finding:
    if context.model.dimension == 1:
        return Finding(None, "there is no curl in one dimension.")
    states = context.probe.states
    slope = context.gradient(lambda st: traces(bands.s_dipole(st), st)).swapaxes(3, 4)  # [i, l, a] = d_l d^i
    curvature, covariant = (
        traces(quantities.get(name).rows(states, Settings()), states) for name in ("berry_spin", "covariant_spin")
    )
    natural = context.s_size * context.length**2
    return compare(slope - slope.swapaxes(2, 3), 2.0 * covariant - curvature, natural, f"{context.probe.form}.")


register(
    Check(
        name="dipole curl",
        kind="bands",
        says="d_l d^i_n - d_i d^l_n + Omega^{li}_n s_n = 2 Im <D_i n| s |D_l n>, derivatives taken numerically.",
        source="theory, conventions; forms (S) and (P) of Eq. 11",
        tolerance=1e-6,
        failure="The forms (S) and (P) of eq11 and eq15 are not one current, and kubo, which uses both, is off.",
        examine=_examine,
        complete=True,
    )
)
