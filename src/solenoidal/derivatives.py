"""Second covariant derivatives of the Hamiltonian: what the slope of a dipole of the bands needs besides velocities.

``D_l v^i = d_l v^i + i (v^i eta A_l - A_l eta v^i)`` and ``D_l s`` (theory notes, section 1).  They travel as further
components of the operator s, so that the plain and the separable Fourier sum and the rotation into the eigenbasis
serve them as they are.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import Analytic, Block, States, fourier, select_axes, solve
from solenoidal.bloch import velocity as velocity_of
from solenoidal.errors import InputError
from solenoidal.model import BlochModel, Operator

__all__ = ["DerivativeStates", "differentiated", "solve_differentiated", "states_at"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


@dataclass(frozen=True)
class DerivativeStates(States):
    """Eigenstates with the matrix elements of covariant derivatives between them.

    Attributes
    ----------
    Dv
        ``(n_k, N, D, D, N)``: element [k, n, l, i, m] is <n|D_l v^i|m>, eV Angstrom^2; not symmetric in l, i where the
        basis is curved.
    Ds
        ``(n_k, N, D, n_s, N)``: <n|D_l s^a|m>, Angstrom; zero if s commutes with the position.
    """

    Dv: Complex = field(kw_only=True)
    Ds: Complex = field(kw_only=True)

    def take(self, index: NDArray[np.bool_]) -> "DerivativeStates":
        """Return the k-points that ``index (n_k,)`` marks."""
        part = super().take(index)
        return DerivativeStates(**{**_fields(part), "Dv": self.Dv[index], "Ds": self.Ds[index]})


def _fields(states: States) -> dict[str, Any]:
    """Fields of plain states, without what was derived from them."""
    return {name: getattr(states, name) for name in States.__dataclass_fields__}


def differentiated(model: BlochModel, operator: str = "spin", axes: tuple[str, ...] | None = None) -> Operator:
    """The operator s followed by the plain derivatives ``d_l s``, ``d_l d_i H`` and ``d_l A_i``, on the same R vectors.

    Parameters
    ----------
    model, operator, axes
        As in :func:`solenoidal.bloch.fourier`.

    Raises
    ------
    InputError
        If the model has no such operator or component.
    """
    if isinstance(model, Analytic):
        raise InputError(f"second derivatives in k are sums over lattice vectors, which {model.source} is not.")
    s = select_axes(model.operator(operator), axes, model.source)
    path = model.R @ model.lattice
    dH = 1j * path[:, :, None, None] * model.H[:, None]
    parts = [s.matrices, _slopes(path, s.matrices), _slopes(path, dH)]
    if model.position is not None:
        parts.append(_slopes(path, model.position))
    X = np.concatenate(parts, axis=1)
    return replace(s, matrices=X, components=tuple(map(str, range(X.shape[1]))))


def _slopes(path: Real, X: Complex) -> Complex:
    """``d_l X^q`` in real space, ``(n_R, D Q, N, N)``, from ``X (n_R, Q, N, N)``."""
    out = 1j * path[:, :, None, None, None] * X[:, None]
    return np.asarray(out.reshape(len(X), -1, *X.shape[2:]))


def solve_differentiated(block: Block, components: int, degeneracy: float = 1e-3) -> DerivativeStates:
    """Diagonalise a block that carries an operator made by :func:`differentiated`.

    Parameters
    ----------
    block
        See :class:`~solenoidal.bloch.Block`.
    components
        Number of components of s itself.
    degeneracy
        Levels closer than this (eV) form a multiplet.

    Raises
    ------
    UnstableModelError
        For a metric and a Hamiltonian that is not positive definite.
    """
    n_k, D, N, _ = block.dH.shape
    s, ds, ddH, *dA = np.split(block.s, np.cumsum([components, D * components, D * D])[: 2 + (block.A is not None)], 1)
    Ds = _covariant(block, ds.reshape(n_k, D, components, N, N), s)
    Dv = _acceleration(block, ddH.reshape(n_k, D, D, N, N), dA[0].reshape(n_k, D, D, N, N) if dA else None)
    whole = [s, Dv.reshape(n_k, D * D, N, N), Ds.reshape(n_k, D * components, N, N)]
    states = solve(replace(block, s=np.concatenate(whole, axis=1)), degeneracy)
    s, Dv, Ds = np.split(states.s, np.cumsum([components, D * D]), axis=2)
    return DerivativeStates(
        **{**_fields(states), "s": np.ascontiguousarray(s)},
        Dv=Dv.reshape(n_k, N, D, D, N),
        Ds=Ds.reshape(n_k, N, D, components, N),
    )


def _acceleration(block: Block, ddH: Complex, dA: Complex | None) -> Complex:
    """``D_l v^i`` with ``v^i = d_i H + i (H eta A_i - A_i eta H)``, ``(n_k, l, i, N, N)``."""
    if block.A is None or dA is None:
        return ddH
    dv = (
        ddH
        + _commutator(block, block.dH[:, :, None], block.A[:, None])
        + _commutator(block, block.H[:, None, None], dA)
    )
    return _covariant(block, dv, velocity_of(block).swapaxes(1, 2))


def _covariant(block: Block, dX: Complex, X: Complex) -> Complex:
    """``D_l X^q = d_l X^q + i (X^q eta A_l - A_l eta X^q)``, ``(n_k, l, q, N, N)``."""
    if block.A is None:
        return dX
    return np.asarray(dX + _commutator(block, X[:, None], block.A[:, :, None]))


def _commutator(block: Block, X: Complex, A: Complex) -> Complex:
    """``i (X eta A - A eta X)`` of Hermitian matrices."""
    XA = (X if block.metric is None else X @ block.metric) @ A
    return np.asarray(1j * (XA - XA.conj().swapaxes(-1, -2)))


def states_at(
    model: BlochModel,
    k: Real,
    operator: str = "spin",
    axes: tuple[str, ...] | None = None,
    degeneracy: float = 1e-3,
    expanded: Operator | None = None,
) -> DerivativeStates:
    """States with derivatives at scattered k-points.

    Parameters
    ----------
    model, k, operator, axes
        As in :func:`solenoidal.bloch.fourier`.
    degeneracy
        Levels closer than this (eV) form a multiplet.
    expanded
        Result of :func:`differentiated`, where it is used again.

    Raises
    ------
    InputError
        If the model has no such operator or component.
    """
    components = len(select_axes(model.operator(operator), axes, model.source).components)
    expanded = expanded or differentiated(model, operator, axes)
    block = fourier(model, k, "charge")
    phase = np.exp(2j * np.pi * np.asarray(k).reshape(-1, model.dimension) @ model.R.T)
    X = (phase @ expanded.matrices.reshape(len(model.R), -1)).reshape(len(phase), *expanded.matrices.shape[1:])
    return solve_differentiated(replace(block, s=X), components, degeneracy)
