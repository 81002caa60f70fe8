"""Filled bands carry no conventional and no Kubo current: the sum over all bands vanishes at every k."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solenoidal import definitions, quantities
from solenoidal.bloch import States
from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import TRIVIAL, worst
from solenoidal.quantities import Settings

if TYPE_CHECKING:
    from solenoidal.checks.context import Context

Real = NDArray[np.float64]


def sea(name: str, states: States) -> Real:
    """Coefficient of f(e_n) in a definition, ``(n_k, n, i, l, a)``, Angstrom^2."""
    total = np.zeros(())
    for t in definitions.terms(name):
        if t.weight == "sea":
            x = quantities.get(t.quantity).rows(states, Settings())
            total = total + t.coefficient * (x.swapaxes(2, 3) if t.exchanged else x)
    return np.asarray(total)


def _sum(context: "Context", name: str) -> Finding:
    rows = sea(name, context.probe.states)
    size = float(abs(rows).sum(axis=1).max(initial=0.0))
    if size <= TRIVIAL * context.s_size * context.length**2:
        return Finding(None, "there is no interband response here.")
    return Finding(float(abs(rows.sum(axis=1)).max()) / size, f"conventional and kubo, {context.probe.form}.")


def _examine(context: "Context") -> Finding:
    if context.model.metric is not None:
        return Finding(None, "it speaks of filled bands, there are none with a metric.")
    return worst(*(_sum(context, name) for name in ("conventional", "kubo")))


register(
    Check(
        name="band sum",
        kind="bands",
        says="The Fermi-sea terms of conventional and kubo, summed over all bands, vanish at every k.",
        source="theory, How (K) is evaluated",
        tolerance=1e-9,
        failure="Filled bands carry a current: conventional and kubo depend on states far below the Fermi level.",
        examine=_examine,
    )
)
