"""A gradient of the chemical potential drives the current that a field drives."""

import itertools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import TRIVIAL
from solenoidal.checks.kernel import kernel
from solenoidal.checks.mott import OFFSETS, STEP, WEIGHTS
from solenoidal.statistics import fermi

if TYPE_CHECKING:
    from solenoidal.checks.context import Context

Real = NDArray[np.float64]


def local_density(context: "Context", mu: Real) -> Real:
    """``P^{il} = int f (d^{lis} + q^{il tau})`` for every mu, ``(mu, i, l, a)``, q from its own matrix elements."""
    axes = ((np.arange(n) + x) / n for n, x in zip(context.small, context.offset, strict=True))
    states = context.states(np.array(list(itertools.product(*axes))))
    each = np.array([np.bincount(group, minlength=group.size)[group] for group in states.group])
    moment = kernel("current_dipole", states) + kernel("torque_quadrupole", states)
    f = fermi(states.e_group - mu[:, None, None], context.kT) / each  # a trace stands at every member
    return np.asarray(np.einsum("mkn,knila->mila", f, moment) / len(each) / context.model.volume)


def antisymmetric(axial: Real, dimension: int) -> Real:
    """``M^{li}`` as ``[..., i, l, a]`` from the axial vector ``[..., c, a]``."""
    M = np.zeros((*axial.shape[:-2], dimension, dimension, axial.shape[-1]))
    for c, (l, i) in enumerate({1: [], 2: [(0, 1)], 3: [(1, 2), (2, 0), (0, 1)]}[dimension]):
        M[..., i, l, :], M[..., l, i, :] = axial[..., c, :], -axial[..., c, :]
    return M


def _examine(context: "Context") -> Finding:
    if context.without_integrals:
        return Finding(None, context.without_integrals)
    step = STEP * context.kT
    mu = context.mu[1] + step * OFFSETS
    values = context.integrate(
        mesh=context.small, mu=mu, definitions=("eq11",), responses=("conductivity", "magnetization")
    ).values
    sigma = values["conductivity"][0, 0, len(mu) // 2]
    M = antisymmetric(values["magnetization"][0, 0], context.model.dimension)
    driven = np.einsum("m,mila->ila", WEIGHTS, local_density(context, mu) - M) / step
    scale = max(float(abs(sigma).max()), float(abs(driven).max()))
    if scale <= TRIVIAL * context.s_size * context.length**2 / context.model.volume:
        return Finding(None, "eq11 vanishes on the mesh of this check.")
    return Finding(float(abs(driven - sigma).max()) / scale, "form (S), exact on any mesh.")


register(
    Check(
        name="Einstein relation",
        kind="zone",
        says="sigma^{il} of eq11 = e d/dmu (int f (d^{lis} + q^{il tau}) - M^{li}): the local current that a gradient "
        "of mu drives, less curl M.",
        source="Xiao and Niu, PRB 104, L241411 (2021), Eqs. 3-11",
        tolerance=1e-6,
        failure="Field and gradient of the chemical potential drive different currents: eq11 or M is wrong.",
        examine=_examine,
    )
)
