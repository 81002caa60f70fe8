"""Accumulation in energy: one pass over the zone serves every chemical potential, temperature and energy function.

A quantity x_n enters a response as ``F(e_n - mu) x_n`` with an :class:`~solenoidal.statistics.EnergyFunction` F:
f and -f' for a conductivity, S and -S' for its thermal counterpart, f and g in equilibrium.  Three accumulators,
chosen per temperature by :func:`plan`:

* :class:`EnergyGrid` (any number of temperatures): deposit on a fine energy grid with cubic weights, which keep the
  first three moments, so pairs of large opposite weights at nearby energies survive; F is applied afterwards.
* :class:`DirectSum` (one low temperature): exact F at the few mu within the thermal window of each level.
* :class:`ZeroTemperature`: exact step and ramp.  The plain sum does not define a Fermi surface at T = 0: its delta
  function is averaged over the mesh cell of each point with the energy linear in it.

Levels spread in energy have accumulators of their own: :mod:`solenoidal.cells` and :mod:`solenoidal.tetrahedra`.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from solenoidal.cells import CellGrid, CellZero, Cold, filled
from solenoidal.compiled import exact
from solenoidal.deposits import Runs, Stepped, Table, alike, cubic, full_runs, joined, runs
from solenoidal.division import Division
from solenoidal.statistics import FUNCTIONS
from solenoidal.tetrahedra import Shares, SimplexGrid, SimplexZero, nodes, share

__all__ = ["Accumulator", "DirectSum", "EnergyGrid", "Plan", "ZeroTemperature", "plan"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Thermal window in kT: f differs from 0 or 1 by less than 1e-17 beyond it.
WINDOW = 40.0
#: Spacing of the energy grid in units of the lowest kT on it; cubic weights then err by 1e-8.
SPACING = 0.03


class Accumulator(Protocol):
    """Collects one quantity and gives its integrals; see :class:`solenoidal.deposits.Table`."""

    sums: Real

    def add(self, e: Real, x: Real, spread: Any, /) -> None:
        """Add ``x (n_states, n)`` at energies ``e (n_states,)``.

        ``spread``: cell widths ``(n_states, D)`` in eV, or :class:`solenoidal.tetrahedra.Shares` over simplices.
        """

    def merge(self, other: "Accumulator") -> None:
        """Add what another accumulator of the same kind collected."""

    def integrals(self, function: str) -> Real:
        """``(n_T, n_mu, n)``: sums of F x over all states added so far, F by its name."""

    def arrays(self) -> dict[str, Real]:
        """Everything collected, by name: views that can be stored and filled again."""

    @property
    def columns(self) -> int:
        """Number n of components."""

    @property
    def kind(self) -> Hashable:
        """Accumulators of one plan and one kind have the same runs."""

    def runs(self, e: Real, spread: Any, /) -> Runs:
        """Rows and weights of levels."""


class EnergyGrid(Table):
    """Cubic deposit on an energy grid for temperatures that are not too low.

    Parameters
    ----------
    mu, kT
        eV; all kT positive.
    columns
        Number n of components.
    """

    def __init__(self, mu: Real, kT: Real, columns: int) -> None:
        self.mu, self.kT = mu, kT
        self.step, self.nodes = grid_size(mu, kT)
        self.start = float(mu[0]) - WINDOW * float(kT.max()) - 2 * self.step
        super().__init__(self.nodes + 2, columns)

    @property
    def table(self) -> Real:
        """``(nodes, columns)``."""
        return self.sums[: self.nodes]

    @property
    def below(self) -> Real:
        """Moments 0 and 1 (from mu[0]) of the levels under the grid."""
        return self.sums[self.nodes :]

    def runs(self, e: Real, spread: Any) -> Runs:
        """See :class:`Accumulator`."""
        return Runs(*_cubic_runs(e, self.start, self.step, self.nodes, float(self.mu[0])))

    def arrays(self) -> dict[str, Real]:
        """See :class:`Accumulator`."""
        return {"table": self.table, "below": self.below}

    def integrals(self, function: str) -> Real:
        """See :class:`Accumulator`."""
        F = FUNCTIONS[function]
        out = np.empty((len(self.kT), len(self.mu), self.table.shape[1]))
        nodes = self.start + self.step * np.arange(self.nodes)
        for t, kT in enumerate(self.kT):
            for first in range(0, len(self.mu), 32):
                x = nodes[None, :] - self.mu[first : first + 32, None]
                out[t, first : first + 32] = F.at(x, float(kT)) @ self.table
        constant, slope = F.deep
        shift = (self.mu - self.mu[0])[:, None]
        return np.asarray(out + constant * self.below[0] + slope * (self.below[1] - shift * self.below[0]))


class DirectSum(Stepped):
    """Exact energy functions at the chemical potentials within the thermal window of each level, one kT > 0."""

    def __init__(self, mu: Real, kT: float, columns: int, functions: Sequence[str]) -> None:
        super().__init__(mu, columns, functions)
        self.mu, self.kT = mu, kT

    @property
    def kind(self) -> Hashable:
        """See :class:`Accumulator`."""
        return self.kT, tuple(self.first)

    def runs(self, e: Real, spread: Any) -> Runs:
        """See :class:`Accumulator`."""
        window = WINDOW * self.kT
        first = np.searchsorted(self.mu, e - window)
        last = np.searchsorted(self.mu, e + window)
        number, count = np.arange(len(e)), last - first
        level = np.repeat(number, count)
        at = np.arange(len(level)) + np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
        x = e[level] - self.mu[at]
        parts = [full_runs(number, number + 1, 2 * last, e - self.mu[0])]
        for name, row in self.first.items():
            parts.append(runs(number, number + 1, row + first, count, FUNCTIONS[name].at(x, self.kT)))
        return joined(parts)

    def arrays(self) -> dict[str, Real]:
        """See :class:`Accumulator`."""
        return {**self.tables, "full": self.full}

    def integrals(self, function: str) -> Real:
        """See :class:`Accumulator`."""
        return (self.tables[function] + filled(self.full, self.mu, FUNCTIONS[function].deep))[None]


class ZeroTemperature(Cold):
    """Step and ramp for filled levels, cell-averaged delta function for the Fermi surface."""

    def __init__(self, mu: Real, columns: int, functions: Sequence[str]) -> None:
        super().__init__(mu, columns, functions, orders=(0,))
        self.delta = any(FUNCTIONS[name].cold == "delta" for name in functions)

    @property
    def table(self) -> Real:
        """``(n_mu, columns)`` averages of the delta function."""
        return self.tables[0]

    @property
    def kind(self) -> Hashable:
        """See :class:`Accumulator`."""
        return super().kind, self.delta

    def runs(self, e: Real, spread: Any) -> Runs:
        """See :class:`Accumulator`."""
        return self.cold_runs(e, spread, (0,) if self.delta else (), sharp=True)

    def arrays(self) -> dict[str, Real]:
        """See :class:`Accumulator`."""
        return {"table": self.table, "full": self.full}

    def integrals(self, function: str) -> Real:
        """See :class:`Accumulator`."""
        F = FUNCTIONS[function]
        if F.cold == "delta":
            return self.table[None].copy()
        return filled(self.full, self.mu, F.deep)[None]


@dataclass(frozen=True)
class Plan:
    """Which accumulator serves which temperatures.

    Attributes
    ----------
    mu, kT
        eV, mu ascending.
    grid
        Indices into kT served by one energy grid.
    direct
        Indices served one by one with exact Fermi factors; kT = 0 among them.
    cells
        Number D of directions if levels are spread over their mesh cells, 0 if they are sharp.
    simplices
        Whether energies are linear in simplices instead.
    """

    mu: Real
    kT: Real
    grid: tuple[int, ...]
    direct: tuple[int, ...]
    cells: int = 0
    simplices: bool = False

    def accumulators(self, columns: int, functions: Sequence[str]) -> list[Accumulator]:
        """Return fresh accumulators for one quantity that will be asked for these energy functions."""
        out: list[Accumulator] = []
        if self.simplices:
            out += [SimplexGrid(self.mu, self.kT[list(self.grid)], columns)] if self.grid else []
            return out + [SimplexZero(self.mu, columns, functions) for _ in self.direct]
        if self.grid:
            warm = self.kT[list(self.grid)]
            spread = CellGrid(self.mu, warm, columns, self.cells) if self.cells else None
            out.append(spread or EnergyGrid(self.mu, warm, columns))
        for t in self.direct:
            kT = float(self.kT[t])
            if kT > 0.0:
                out.append(DirectSum(self.mu, kT, columns, functions))
            else:
                out.append((CellZero if self.cells else ZeroTemperature)(self.mu, columns, functions))
        return out

    def collect(self, accumulators: Sequence[Accumulator], function: str) -> Real:
        """Integrals of one quantity with one energy function at every temperature, ``(n_T, n_mu, n)``."""
        where = ([list(self.grid)] if self.grid else []) + [[t] for t in self.direct]
        parts = [acc.integrals(function) for acc in accumulators]
        out = np.empty((len(self.kT), len(self.mu), parts[0].shape[-1]))
        for rows, part in zip(where, parts, strict=True):
            out[rows] = part
        return out

    def shares(self, e: Real, around: Real, group: Index, division: Division, functions: Sequence[str]) -> Shares:
        """Weights that the accumulators of these functions need of a block; see :func:`solenoidal.tetrahedra.share`."""
        kinds = {FUNCTIONS[name].cold for name in functions}
        orders = [order for order, kind in enumerate(("delta", "step", "ramp")) if kind in kinds]
        cold = share(e, around, group, division, self.mu, orders) if self.direct else None
        warm = share(e, around, group, division, self.energies, [2]) if self.grid else None
        return Shares(cold, warm)

    @property
    def spread(self) -> bool:
        """Whether levels are spread in energy."""
        return self.cells > 0 or self.simplices

    @cached_property
    def energies(self) -> Real:
        """Nodes of the grid of the simplices."""
        return nodes(self.mu, self.kT[list(self.grid)])

    @property
    def highest(self) -> float:
        """Energy (eV) above which nothing contributes: no level, or no part of its cell."""
        return float(self.mu[-1] + (WINDOW + 1.0) * self.kT.max()) if len(self.mu) else -math.inf

    @property
    def lowest(self) -> float:
        """Energy (eV) below which every level is full, and all of its cell."""
        return float(self.mu[0] - (WINDOW + 1.0) * self.kT.max()) if len(self.mu) else -math.inf


def grid_size(mu: Real, kT: Real) -> tuple[float, int]:
    """Spacing (eV) and number of nodes of the energy grid for positive temperatures."""
    step = SPACING * float(kT.min())
    length = float(mu[-1] - mu[0]) + 2 * WINDOW * float(kT.max())
    return step, math.ceil(length / step) + 6


def plan(mu: Real, kT: Real, cells: int = 0, largest: int = 12_000, *, simplices: bool = False) -> Plan:
    """Choose accumulators: the grid for every temperature that it can serve with at most ``largest`` nodes.

    With ``cells`` = D levels are spread over mesh cells, wide on the scale of any low temperature, and one grid
    serves them all; likewise with ``simplices``.
    """
    kT = np.asarray(kT, dtype=np.float64)
    warm = [int(t) for t in np.argsort(-kT) if kT[t] > 0.0]
    while not (cells or simplices) and warm and grid_size(mu, kT[warm])[1] > largest:
        warm.pop()  # the coldest
    grid = tuple(sorted(warm))
    return Plan(mu, kT, grid, tuple(t for t in range(len(kT)) if t not in grid), cells, simplices)


@exact
def _cubic_runs(e: Real, start: float, step: float, nodes: int, origin: float) -> tuple[Index, Real]:
    """Lagrange weights of the four nodes around each energy; moments of levels under the grid; above it nothing."""
    place, weights = np.empty((len(e), 5), dtype=np.int64), np.empty(4 * len(e))
    n, begin, first = 0, 0, 0
    none = np.empty((len(e), 0))
    while first < len(e):
        last = alike(e, none, first)
        u = (e[first] - start) / step
        if not u >= 1.0:
            place[n] = (first, last, nodes, 2, begin)
            weights[begin], weights[begin + 1] = 1.0, e[first] - origin
            n, begin = n + 1, begin + 2
        elif u < nodes - 2:
            i = int(u)
            t = u - i
            place[n] = (first, last, i - 1, 4, begin)
            cubic(t, 1.0, weights[begin : begin + 4])
            n, begin = n + 1, begin + 4
        first = last
    return place[:n], weights[:begin]
