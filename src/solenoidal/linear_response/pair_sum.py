"""The Kubo formula at finite q as the sum over pairs of states that it is, and its limit q -> 0.

With E along l as exp(iqr - i omega t), q along i and q -> 0 before omega -> 0 (Shi, Zhang, Xiao, Niu, Phys. Rev.
Lett. 96, 076604 (2006); theory notes, section 4), per e:

    sigma_tau^{il}  = (1 / q) Re sum_{n != m} <n-|tau(q)|m+> <m+|v^l(q)|n-> (f_n- - f_m+) / (e_n- - e_m+)^2
    sigma_conv^{il} = Im sum_{n != m} J^i_nm v^l_mn (f_n - f_m) / (e_n - e_m)^2

at every k, with n- at k - q/2 and m+ at k + q/2.  Pairs inside one multiplet of k are left out.  At fixed k the first
line is even in q, so three lengths q, 2q, 4q give its limit with an error O(q^6) and an estimate of it.  The length
follows the point: the levels move by a small part of kT and of the smallest gap between multiplets.

Only s, H and v at k enter the limit, no derivative of s: (K) and this sum agree in a truncated basis as well.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from solenoidal.definitions import DirectSettings, Limit
from solenoidal.errors import InputError
from solenoidal.linear_response.displaced import OPERATOR, Displaced, Levels, displace, levels, portions
from solenoidal.linear_response.extrapolation import FOURTH, LENGTHS, SIXTH
from solenoidal.linear_response.weights import add_pairs
from solenoidal.model import BlochModel, Operator
from solenoidal.multiplets import group_levels

__all__ = ["PairSum"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

#: Part of kT and of the smallest gap by which levels move over the shortest q; also its part of the inverse cell.
STEP = 0.01
#: Relative rounding of a term of the sum at the shortest q.
ROUNDING = 1e-16


@dataclass
class _Tables:
    """Sums by energy function: conventional part and torque part at every length, ``(4, T, mu, i, l, a)``."""

    sums: dict[str, Real]


class PairSum:
    """Collects the pair sum over k-points for every chemical potential and temperature at once.

    Parameters
    ----------
    model, operator
        A crystal without a metric; the operator with the components wanted.
    settings
        Chemical potentials, temperatures, energy functions (``"fermi"`` for a conductivity, ``"entropy"`` for its
        thermal counterpart), grouping.  With ``gamma`` 1 / w^2 becomes 1 / (w^2 + gamma^2) and all pairs count, as in
        form (K gamma).

    Raises
    ------
    InputError
        For T = 0, and for a model with a metric.
    """

    def __init__(self, model: BlochModel, operator: Operator, settings: DirectSettings) -> None:
        if model.metric is not None:
            raise InputError(f"{model.source}: definition 'finite_q' is for models without a metric.")
        if not (settings.kT > 0.0).all():
            raise InputError(
                "temperature: definition 'finite_q' needs T > 0, take 0 out of the list or drop the definition."
            )
        self.model = replace(model, operators={OPERATOR: operator})
        self.mu, self.kT = settings.mu, settings.kT
        self.degeneracy, self.gamma = settings.degeneracy, settings.gamma
        D, n_s = model.dimension, len(operator.components)
        shape = (1 + len(LENGTHS), len(self.kT), len(self.mu), D, D, n_s)
        self.main, self.shift = (_Tables({name: np.zeros(shape) for name in settings.functions}) for _ in range(2))
        self.size = np.zeros(1)

    def add(self, k: Real) -> None:
        """Add the points ``k (n_k, D)``, fractional."""
        for part in portions(self.model, k):
            self._add_points(part)

    def _add_points(self, k: Real) -> None:
        centre = levels(self.model, k)
        if self.gamma is not None:
            self._add(self.main, k, centre, np.arange(centre.e.size).reshape(centre.e.shape), 1.0)
            return
        group = group_levels(centre.e, self.degeneracy)
        self._add(self.main, k, centre, group, 1.0)
        finer = group_levels(centre.e, self.degeneracy / 3.0)
        if (index := (finer != group).any(axis=1)).any():
            part = Levels(centre.e[index], centre.U[index], centre.v[index], centre.s[index])
            self._add(self.shift, k[index], part, finer[index], 1.0)
            self._add(self.shift, k[index], part, group[index], -1.0)

    def limit(self, function: str) -> Limit:
        """Sum over the points added so far with one energy function."""
        value, error = _extrapolate(self.main.sums[function])
        return Limit(value, _extrapolate(self.shift.sums[function])[0], error, ROUNDING / STEP * float(self.size[0]))

    def arrays(self) -> dict[str, Real]:
        """Everything collected, by name: views."""
        tables = {"main": self.main, "shift": self.shift}
        return {"size": self.size} | {f"{kind} {f}": x for kind, table in tables.items() for f, x in table.sums.items()}

    def _add(self, table: _Tables, k: Real, centre: Levels, group: NDArray[np.int64], sign: float) -> None:
        q = self.lengths(centre, group)
        apart = group[:, :, None] != group[:, None, :]
        v, J = centre.v.conj(), centre.J
        for i, axis in enumerate(np.eye(self.model.dimension)):
            X = np.einsum("kanm,klnm->knmla", J[:, i], v).imag
            self._deposit(table, (centre.e, centre.e), sign * X, apart, (0, i))
            for j, length in enumerate(LENGTHS):
                pair = displace(self.model, k, axis, length * q)
                X = sign / (length * q)[:, None, None, None, None] * _torque(pair)
                self._deposit(table, (pair.minus.e, pair.plus.e), X, apart, (1 + j, i))

    def lengths(self, centre: Levels, group: NDArray[np.int64]) -> Real:
        """Shortest q at every point, ``(n_k,)``, 1/Angstrom."""
        gap = np.where(np.diff(group, axis=1) > 0, np.diff(centre.e, axis=1), np.inf).min(axis=1, initial=np.inf)
        if self.gamma is not None:
            gap = np.full(len(gap), self.gamma)
        speed = np.sqrt((abs(centre.v) ** 2).sum(axis=3)).max(axis=(1, 2))
        cell = self.model.volume ** (1.0 / self.model.dimension)
        energy = np.minimum(gap, self.kT.min())
        return np.asarray(STEP / np.maximum(cell, speed / energy))

    def _deposit(
        self, table: _Tables, e: tuple[Real, Real], X: Real, apart: NDArray[np.bool_], where: tuple[int, int]
    ) -> None:
        """Add one direction of q with occupations; X is ``(n_k, N, N, l, a)``."""
        w = e[0][:, :, None] - e[1][:, None, :]
        if self.gamma is None:
            factor = np.where(apart, 1.0, 0.0) / np.where(apart, w, 1.0) ** 2
        else:
            factor = 1.0 / (w**2 + self.gamma**2)
        n_k, N, _, D, n_s = X.shape
        flat = np.ascontiguousarray(X).reshape(n_k, N, N, D * n_s)
        if table is self.main and where[0] <= 1:
            worth = factor * np.minimum(1.0, abs(w) / (4.0 * self.kT.min()))
            self.size += float((worth * abs(flat).max(axis=3)).sum())
        for name, sums in table.sums.items():
            for t, kT in enumerate(self.kT):
                out = np.zeros((len(self.mu), D * n_s))
                add_pairs(*e, flat, factor, self.mu, float(kT), name == "entropy", out)
                sums[where[0], t, :, where[1]] += out.reshape(-1, D, n_s)


def _torque(pair: Displaced) -> Real:
    """Re <n-|tau(q)|m+> <m+|v^l(q)|n->, ``(n_k, n, m, l, a)``."""
    return np.asarray(np.einsum("kanm,klnm->knmla", pair.tau, pair.v.conj()).real)


def _extrapolate(sums: Real) -> tuple[Real, Real]:
    """Limit of conventional plus torque part, and how far the next lower order is from it."""
    limit = np.tensordot(SIXTH, sums[1:], axes=1)
    return sums[0] + limit, abs(limit - np.tensordot(FOURTH, sums[1:], axes=1))
