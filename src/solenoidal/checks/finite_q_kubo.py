"""The closed form of the Kubo formula against the sum over pairs that it replaces."""

from typing import TYPE_CHECKING

from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import compare
from solenoidal.multiplets import RESOLVED

if TYPE_CHECKING:
    from solenoidal.checks.context import Context


def _examine(context: "Context") -> Finding:
    if context.without_integrals:
        return Finding(None, context.without_integrals)
    if context.model.metric is not None:
        return Finding(None, "the sum over pairs is made for models without a metric.")
    # Close levels of one multiplet count at their mean energy in kubo, at their own in finite_q: group equal ones only.
    closed, literal = context.integrate(
        mesh=context.small, definitions=("kubo", "finite_q"), degeneracy=RESOLVED
    ).conductivity
    natural = context.s_size * context.length**2 / context.model.volume
    return compare(literal, closed, natural, "conventional current plus torque dipole, q -> 0; exact on any mesh.")


register(
    Check(
        name="Kubo at finite q",
        kind="zone",
        says="kubo in its closed form is the limit q -> 0 of the sum over pairs of states at k - q/2 and k + q/2.",
        source="Shi, Zhang, Xiao, Niu, PRL 96, 076604 (2006); definition finite_q",
        tolerance=1e-6,
        failure="kubo is not the linear response it stands for: use finite_q.",
        examine=_examine,
    )
)
