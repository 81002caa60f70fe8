"""Traces of registered quantities, and states that carry second derivatives, at the points of the checks."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solenoidal import derivatives, quantities
from solenoidal.bloch import States
from solenoidal.checks.compare import traces
from solenoidal.derivatives import DerivativeStates
from solenoidal.quantities import Settings

if TYPE_CHECKING:
    from solenoidal.checks.context import Context

__all__ = ["differentiated_probe", "kernel"]

Real = NDArray[np.float64]


def kernel(name: str, states: States) -> Real:
    """Trace of a registered quantity over the multiplet of each level, ``(n_k, N, ...)``."""
    return traces(quantities.get(name).rows(states, Settings()), states)


def differentiated_probe(context: "Context") -> DerivativeStates:
    """States at the random k-points of the checks, with second derivatives of the Hamiltonian."""
    job = context.job.system
    return derivatives.states_at(context.model, context.probe.k, job.operator, context.axes, context.degeneracy)
