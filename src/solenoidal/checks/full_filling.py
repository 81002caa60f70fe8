"""A completely filled zone carries neither conventional nor Kubo current."""

from typing import TYPE_CHECKING

import numpy as np

from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import TRIVIAL

if TYPE_CHECKING:
    from solenoidal.checks.context import Context


def _examine(context: "Context") -> Finding:
    if context.without_integrals:
        return Finding(None, context.without_integrals)
    margin = context.width + 50.0 * context.kT
    # The sum is not told that every band is full: what full levels exchange would be left out, and nothing tested.
    ends = np.array([context.outcome.bands[0] - margin, context.outcome.bands[1] + margin])
    X = context.integrate(mesh=context.small, mu=ends, definitions=("conventional", "kubo")).conductivity[:, :, 1]
    scale = float(abs(context.outcome.values["conductivity"]).max())
    if scale <= TRIVIAL * context.s_size * context.length**2 / context.model.volume:
        return Finding(None, "there is no response at any filling.")
    return Finding(float(abs(X).max()) / scale, "conventional and kubo.")


register(
    Check(
        name="full filling",
        kind="zone",
        says="With every band filled conventional and kubo vanish; relative to their size at the Fermi level.",
        source="theory, How (K) is evaluated",
        tolerance=1e-8,
        failure="Filled bands carry a current: conventional and kubo depend on states far below the Fermi level.",
        examine=_examine,
    )
)
