"""The torque curvature is the slope of s."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solenoidal import quantities
from solenoidal.bloch import States
from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import compare, traces, worst
from solenoidal.quantities import Settings

if TYPE_CHECKING:
    from solenoidal.checks.context import Context

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]


def _diagonal(states: States) -> Real:
    s = np.einsum("knan->kna", states.s).real
    return np.asarray(s if states.sign is None else s * states.sign[:, :, None])


def _curvature(states: States) -> Real:
    return quantities.get("torque_curvature").rows(states, Settings())


def aligned(states: States, a: int) -> States:
    """The same multiplets with the states that diagonalise component a of s, for quantities made of B and s.

    B is turned as a whole and v chosen to give it, so that levels of a multiplet need not be exactly equal.
    """
    inside = states.group[:, :, None] == states.group[:, None, :]
    # Far-apart offsets keep the multiplets apart and in their order; a multiplet has one sign of the norm.
    offset = 4.0 * (1.0 + float(abs(states.s).max())) * states.e.shape[1] * states.group
    s = np.where(inside, states.s[:, :, a], 0.0) + offset[:, :, None] * np.eye(states.e.shape[1])
    W = np.where(inside, np.linalg.eigh(s)[1], 0.0)
    return replace(states, v=_turn(states.B, W) * states.w[:, :, None, :], s=_turn(states.s, W))


def _turn(X: Complex, W: Complex) -> Complex:
    return np.asarray(np.einsum("kxn,kxpy,kym->knpm", W.conj(), X, W, optimize=True))


def _squares(states: States) -> Real:
    """``Tr s_N^2`` of each component, ``(n_k, n, a)``."""
    parts = [traces(_diagonal(aligned(states, a))[:, :, a] ** 2, states) for a in range(states.s.shape[2])]
    return np.stack(parts, axis=-1)


def _slope_of_squares(states: States) -> Real:
    """``2 Tr[s_N Omega^{i tau}_N]``, ``(n_k, n, a, i)``."""
    parts = []
    for a in range(states.s.shape[2]):
        turned = aligned(states, a)
        rows = 2.0 * _diagonal(turned)[:, :, None, a] * _curvature(turned)[..., a]
        parts.append(traces(rows, states))
    return np.stack(parts, axis=2)


def _examine(context: "Context") -> Finding:
    states, natural = context.probe.states, context.s_size * context.length
    note = f"{context.probe.form}, of s and of its square."
    first = compare(
        traces(_curvature(states), states).swapaxes(2, 3),
        context.gradient(lambda st: traces(_diagonal(st), st)),
        natural,
        note,
    )
    # In a crystal with time reversal and inversion Tr s_N = 0, but not Tr s_N^2.
    second = compare(_slope_of_squares(states), context.gradient(_squares), natural * context.s_size, note)
    return worst(first, second)


register(
    Check(
        name="torque curvature",
        kind="bands",
        says="Omega^{i tau}_n = d s_n / d k_i, the derivative taken numerically.",
        source="Xiao and Niu, PRB 104, L241411 (2021), Eq. 4",
        tolerance=1e-7,
        failure="The equilibrium torque dipole is not that of s.",
        examine=_examine,
        complete=True,
    )
)
