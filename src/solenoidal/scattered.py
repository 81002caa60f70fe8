"""Matrices of a model at scattered k-points: one Fourier sum over all R at once, in the layout of compiled sums.

Where many points are wanted this is several times faster than :func:`solenoidal.bloch.fourier`: sums over R and -R
are taken together, and only elements on and above the diagonal are summed, see :mod:`solenoidal.lines`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import Analytic, Block
from solenoidal.curvature import position_curl
from solenoidal.elements import Elements
from solenoidal.lines import line_sum
from solenoidal.model import BlochModel, Operator
from solenoidal.packed import Packed
from solenoidal.simd import WIDTH, aligned

__all__ = ["Scattered"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Index = NDArray[np.int64]


class Scattered:
    """Gives the matrices of a model at any k-points.

    Parameters
    ----------
    model, operator
        The operator with only the components wanted.
    curvature
        Whether blocks carry what the curvature of the basis needs.

    Notes
    -----
    Memory: (1 + 2 D + n_s) N (N + 1) / 2 complex numbers for every R.
    """

    def __init__(self, model: BlochModel | Analytic, operator: Operator, curvature: bool = False) -> None:
        self.model, self.operator = model, operator
        if isinstance(model, Analytic):
            return
        self.N = model.size
        self.R, pairs = _halves(model.R)
        path = (model.R @ model.lattice)[:, :, None, None]
        matrices = {"H": model.H[:, None], "dH": 1j * path * model.H[:, None], "s": operator.matrices}
        if model.position is not None:
            matrices["A"] = model.position
            if curvature:
                matrices["curl"] = position_curl(model.position, path[:, :, 0, 0])
        self.counts = {name: X.shape[1] for name, X in matrices.items()}
        self.sums = {name: _together(X[..., *np.triu_indices(self.N)], *pairs) for name, X in matrices.items()}

    def block(self, k: Real) -> Block:
        """Matrices at ``k (n_k, D)``, fractional."""
        if isinstance(self.model, Analytic):
            return self.model.block(k, self.operator)
        angle = 2 * np.pi * k @ self.R.T
        c = np.concatenate([np.ones((len(k), 1)), np.cos(angle), np.sin(angle)], axis=1)
        X = {name: self._elements(name, c) for name in self.sums}
        return Block(X["H"], X["dH"], X.get("A"), X["s"], self.model.metric, k, X.get("curl"))

    def _elements(self, name: str, c: Real) -> Any:
        out: Packed = aligned((-(-len(c) // WIDTH), self.counts[name], self.N, self.N, 2, WIDTH))
        line_sum(c, self.sums[name], out, 0)
        return Elements(packed=(out, len(c)))


def _halves(R: Index) -> tuple[Index, tuple[Index, Index, Index]]:
    """One of each R and -R; places of the origin, of each of them and of its opposite."""
    place = {tuple(x): i for i, x in enumerate(R.tolist())}
    zero = (0,) * R.shape[1]
    half = sorted(x for x in place if x > zero)
    plus, minus = ([place[x] for x in half], [place[tuple(-a for a in x)] for x in half])
    zeros, ones, others = (np.array(x, dtype=np.int64) for x in ([place[zero]], plus, minus))
    return np.array(half, dtype=np.int64).reshape(-1, R.shape[1]), (zeros, ones, others)


def _together(upper: Complex, zero: Index, plus: Index, minus: Index) -> Complex:
    """``X_0``, ``X_R + X_-R``, ``i (X_R - X_-R)``, ``(1 + 2 n, ...)``."""
    X = upper.reshape(len(upper), -1)
    return np.concatenate([X[zero], X[plus] + X[minus], 1j * (X[plus] - X[minus])])
