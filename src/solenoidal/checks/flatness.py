"""Curvature of the Wannier connection: zero in a complete basis (theory notes, section 1)."""

import itertools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import fourier
from solenoidal.checks import Check, Finding, register
from solenoidal.model import BlochModel

if TYPE_CHECKING:
    from solenoidal.checks.context import Context

__all__ = ["curvature"]

Real = NDArray[np.float64]


def curvature(model: BlochModel, k: Real) -> float:
    """Largest ``||F_ij||`` over k-points ``(n_k, D)``, Angstrom^2; 0 without position matrix.

    ``F_ij = d_i A_j - d_j A_i - i (A_i eta A_j - A_j eta A_i)``.
    """
    A = fourier(model, k, "charge").A
    if A is None or model.position is None:
        return 0.0
    eta = np.eye(model.size) if model.metric is None else model.metric
    phase = np.exp(2j * np.pi * k @ model.R.T)
    path = model.R @ model.lattice
    dA = np.stack([np.tensordot(phase * (1j * x), model.position, axes=1) for x in path.T])  # [i, k, j, a, b]
    largest = 0.0
    for i, j in itertools.combinations(range(model.dimension), 2):
        product = A[:, i] @ eta @ A[:, j]
        F = dA[i, :, j] - dA[j, :, i] - 1j * (product - product.conj().swapaxes(1, 2))
        largest = max(largest, float(np.linalg.norm(F, ord=2, axis=(1, 2)).max()))
    return largest


def _examine(context: "Context") -> Finding:
    if context.model.position is None or context.model.dimension == 1:
        return Finding(None, "every orbital sits at the origin of its cell, or there is one direction only.")
    return Finding(context.flatness, f"the largest ||F_ij|| is {context.flatness * context.length**2:.3g} Angstrom^2.")


register(
    Check(
        name="flat connection",
        kind="model",
        says="F_ij = d_i A_j - d_j A_i - i [A_i, A_j] = 0 at random k; relative to the square of the cell.",
        source="theory, conventions; completeness of the basis",
        tolerance=1e-8,
        failure="The components of the position do not commute: derivatives of dipoles lack states outside the basis.",
        examine=_examine,
        complete=True,
    )
)
