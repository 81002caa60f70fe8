"""A band has no net torque."""

from typing import TYPE_CHECKING

import numpy as np

from solenoidal.bloch import fourier
from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import traces
from solenoidal.eigen import eigenstates

if TYPE_CHECKING:
    from solenoidal.checks.context import Context


def _examine(context: "Context") -> Finding:
    block = fourier(context.model, context.probe.k, context.job.system.operator, context.axes)
    eta = np.eye(context.model.size) if block.metric is None else block.metric
    H = block.H[:, None]
    tau = 1j * (H @ eta @ block.s - block.s @ eta @ H)
    _, U, _ = eigenstates(block.H, block.metric, block.k)
    inside = np.einsum("kxn,kaxy,kyn->kna", U.conj(), tau, U, optimize=True).real
    largest = float(np.linalg.norm(tau, ord=2, axis=(-2, -1)).max(initial=0.0))
    if largest <= 1e-12 * context.width * context.s_size:
        return Finding(None, "s is conserved, there is no torque.")
    gap = float(abs(traces(inside, context.probe.states)).max())
    return Finding(gap / largest, f"{context.probe.form}.")


register(
    Check(
        name="torque average",
        kind="bands",
        says="tau_n = 0 with tau = i [H, s]; relative to the largest ||tau||.",
        source="Xiao and Niu, PRB 104, L241411 (2021), Eq. 1",
        tolerance=1e-10,
        failure="The states are not eigenstates of H: H is not Hermitian or the eigensolver failed.",
        examine=_examine,
    )
)
