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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from solenoidal.cells import CellGrid, CellZero, deposit_cells, deposit_full, filled, usable
from solenoidal.compiled import jit
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
    """Collects one quantity and gives its integrals."""

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


class EnergyGrid:
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
        self.columns = columns
        self.table = np.zeros((self.nodes, columns))
        self.below = np.zeros((2, columns))  # moments 0 and 1 (from mu[0]) of the levels under the grid

    def add(self, e: Real, x: Real, widths: Real) -> None:
        """See :class:`Accumulator`."""
        _deposit_cubic(e, x, self.start, self.step, float(self.mu[0]), self.table, self.below)

    def merge(self, other: Accumulator) -> None:
        """See :class:`Accumulator`."""
        assert isinstance(other, EnergyGrid)
        self.table += other.table
        self.below += other.below

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


class DirectSum:
    """Exact energy functions at the chemical potentials within the thermal window of each level, one kT > 0."""

    def __init__(self, mu: Real, kT: float, columns: int, functions: Sequence[str]) -> None:
        self.mu, self.kT, self.columns = mu, kT, columns
        self.tables = {name: np.zeros((len(mu), columns)) for name in functions}
        self.full = np.zeros((2, len(mu) + 1, columns))

    def add(self, e: Real, x: Real, widths: Real) -> None:
        """See :class:`Accumulator`."""
        window = WINDOW * self.kT
        first = np.searchsorted(self.mu, e - window)
        last = np.searchsorted(self.mu, e + window)
        deposit_full(e - self.mu[0], x, last, self.full)
        count = last - first
        level = np.repeat(np.arange(len(e)), count)
        at = np.arange(len(level)) + np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
        for name, table in self.tables.items():
            _deposit_pairs(FUNCTIONS[name].at(e[level] - self.mu[at], self.kT), level, at, x, table)

    def merge(self, other: Accumulator) -> None:
        """See :class:`Accumulator`."""
        assert isinstance(other, DirectSum)
        for name, table in self.tables.items():
            table += other.tables[name]
        self.full += other.full

    def arrays(self) -> dict[str, Real]:
        """See :class:`Accumulator`."""
        return {**self.tables, "full": self.full}

    def integrals(self, function: str) -> Real:
        """See :class:`Accumulator`."""
        return (self.tables[function] + filled(self.full, self.mu, FUNCTIONS[function].deep))[None]


class ZeroTemperature:
    """Step and ramp for filled levels, cell-averaged delta function for the Fermi surface."""

    def __init__(self, mu: Real, columns: int, functions: Sequence[str]) -> None:
        self.mu, self.columns = mu, columns
        self.delta = any(FUNCTIONS[name].cold == "delta" for name in functions)
        self.table = np.zeros((len(mu), columns))
        self.full = np.zeros((2, len(mu) + 1, columns))

    def add(self, e: Real, x: Real, widths: Real) -> None:
        """See :class:`Accumulator`."""
        deposit_full(e - self.mu[0], x, np.searchsorted(self.mu, e), self.full)
        if self.delta:
            w = usable(widths)
            half = 0.5 * w.sum(axis=1)
            first, last = np.searchsorted(self.mu, e - half), np.searchsorted(self.mu, e + half)
            deposit_cells(0, e, x, w, self.mu, first, last, self.table)

    def merge(self, other: Accumulator) -> None:
        """See :class:`Accumulator`."""
        assert isinstance(other, ZeroTemperature)
        self.table += other.table
        self.full += other.full

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


@jit
def _deposit_cubic(e: Real, x: Real, start: float, step: float, origin: float, table: Real, below: Real) -> None:
    """Lagrange weights of the four nodes around each energy; moments of levels under the grid; above it nothing."""
    nodes, columns = table.shape
    for s in range(len(e)):
        u = (e[s] - start) / step
        if u < 1.0:
            for c in range(columns):
                below[0, c] += x[s, c]
                below[1, c] += x[s, c] * (e[s] - origin)
            continue
        i = int(u)
        if i >= nodes - 2:
            continue
        t = u - i
        w0 = -t * (t - 1.0) * (t - 2.0) / 6.0
        w1 = (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0
        w2 = -(t + 1.0) * t * (t - 2.0) / 2.0
        w3 = (t + 1.0) * t * (t - 1.0) / 6.0
        for c in range(columns):
            y = x[s, c]
            table[i - 1, c] += w0 * y
            table[i, c] += w1 * y
            table[i + 1, c] += w2 * y
            table[i + 2, c] += w3 * y


@jit
def _deposit_pairs(F: Real, level: Index, at: Index, x: Real, table: Real) -> None:
    for q in range(len(F)):
        for c in range(x.shape[1]):
            table[at[q], c] += F[q] * x[level[q], c]
