"""Kubo formula and Eq. 11 differ in their Hall part only."""

from typing import TYPE_CHECKING

from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import TRIVIAL

if TYPE_CHECKING:
    from solenoidal.checks.context import Context


def _examine(context: "Context") -> Finding:
    if context.without_integrals:
        return Finding(None, context.without_integrals)
    _, eq11, kubo = context.outcome.values["conductivity"]
    scale = max(float(abs(eq11).max()), float(abs(kubo).max()))
    if scale <= TRIVIAL * context.s_size * context.length**2 / context.model.volume:
        return Finding(None, "eq11 and kubo vanish by symmetry.")
    gap = kubo - eq11
    return Finding(float(abs(gap + gap.swapaxes(2, 3)).max()) / scale, "closed form (K), without rate.")


register(
    Check(
        name="symmetric parts",
        kind="zone",
        says="sigma^{il} + sigma^{li} is the same for kubo and eq11; relative to the largest component.",
        source="theory, How (K) is evaluated",
        tolerance=1e-9,
        failure="kubo and eq11 have different Fermi-surface terms: do not compare them.",
        examine=_examine,
    )
)
