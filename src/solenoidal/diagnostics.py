"""What a user should know about a model before trusting its numbers."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import fourier
from solenoidal.eigen import eigenstates
from solenoidal.model import BlochModel, partners

__all__ = ["band_range", "hermiticity", "operator_defect", "pair_splittings"]

Real = NDArray[np.float64]


def _random_points(dimension: int, count: int) -> Real:
    return np.random.default_rng(20210112).uniform(size=(count, dimension))


def operator_defect(
    model: BlochModel, operator: str = "spin", axes: tuple[str, ...] | None = None, points: int = 32
) -> Real:
    """Largest ``||D_i s||`` at random k-points, ``(D, n_components)``, in units of s times Angstrom.

    ``D_i s = d_i s + i [s, A^W_i]`` must vanish for the identities of the theory: s must commute with the position
    (theory notes, section 1).  In a truncated Wannier basis it does not vanish exactly.
    """
    k = _random_points(model.dimension, points)
    block = fourier(model, k, operator, axes)
    op = model.operator(operator)
    index = [op.components.index(a) for a in axes] if axes else list(range(len(op.components)))
    s_R = op.matrices[:, index]
    phase = np.exp(2j * np.pi * k @ model.R.T)
    path = model.R @ model.lattice
    eta = np.eye(model.size) if model.metric is None else model.metric
    out = np.empty((model.dimension, len(index)))
    for i in range(model.dimension):
        Ds = np.tensordot(phase * (1j * path[:, i]), s_R, axes=1)
        if block.A is not None:
            A = block.A[:, i, None]
            Ds = Ds + 1j * (block.s @ eta @ A - A @ eta @ block.s)
        out[i] = np.linalg.norm(Ds, ord=2, axis=(-2, -1)).max(axis=0)
    return out


def hermiticity(model: BlochModel) -> float:
    """Largest ``|X_-R - X_R^+|`` over H, positions and operators, in their own units."""
    partner = partners(model.R)
    arrays = [model.H, *(op.matrices for op in model.operators.values())]
    if model.position is not None:
        arrays.append(model.position)
    return max(float(abs(X[partner].conj().swapaxes(-1, -2) - X).max(initial=0.0)) for X in arrays)


def _mesh_energies(model: BlochModel, mesh: tuple[int, ...] | None) -> Real:
    n = mesh or (6,) * model.dimension
    axes = [(np.arange(m) + 0.5) / m for m in n] + [np.arange(m) / m for m in n]
    grids = [np.meshgrid(*axes[: len(n)], indexing="ij"), np.meshgrid(*axes[len(n) :], indexing="ij")]
    k = np.concatenate([np.stack(g, axis=-1).reshape(-1, len(n)) for g in grids])
    parts = [fourier(model, part, "charge") for part in np.array_split(k, max(1, len(k) // 256))]
    return np.concatenate([eigenstates(b.H, b.metric, b.k)[0] for b in parts])


def band_range(model: BlochModel, mesh: tuple[int, ...] | None = None) -> tuple[float, float]:
    """Lowest and highest level on a Gamma-centred and a half-shifted coarse mesh, eV."""
    e = _mesh_energies(model, mesh)
    return float(e.min()), float(e.max())


def pair_splittings(model: BlochModel, mesh: tuple[int, ...] | None = None) -> Real:
    """Sorted distances (eV) between neighbouring levels on a coarse mesh: Kramers pairs show as a group near zero."""
    return np.sort(np.diff(_mesh_energies(model, mesh), axis=1).ravel())
