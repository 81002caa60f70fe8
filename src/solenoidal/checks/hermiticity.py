"""Hermiticity of everything the model is made of."""

from typing import TYPE_CHECKING

from solenoidal.checks import Check, Finding, register
from solenoidal.model import partners

if TYPE_CHECKING:
    from solenoidal.checks.context import Context


def _examine(context: "Context") -> Finding:
    model = context.model
    arrays = [model.H, model.operator(context.job.system.operator).matrices]
    if model.position is not None:
        arrays.append(model.position)
    partner = partners(model.R, model.source)
    gaps = [float(abs(X[partner].conj().swapaxes(-1, -2) - X).max(initial=0.0)) for X in arrays]
    sizes = [float(abs(X).max(initial=0.0)) or 1.0 for X in arrays]
    return Finding(max(gap / size for gap, size in zip(gaps, sizes, strict=True)))


register(
    Check(
        name="Hermiticity",
        kind="model",
        says="X_-R is the conjugate of X_R for H, s and the position; relative to the largest element.",
        source="definition of an observable",
        tolerance=1e-7,
        failure="The files hold too few digits or were damaged: every number is uncertain by about this much.",
        examine=_examine,
    )
)
