"""Accumulation in energy: one pass over the zone serves every chemical potential and temperature.

A quantity x_n with weight ``sea`` contributes ``f x``, one with weight ``surface`` ``-f' x``.

Three accumulators, chosen per temperature by :func:`plan`:

* :class:`EnergyGrid` (any number of temperatures): deposit on a fine energy grid with cubic weights, which keep the
  first three moments, so pairs of large opposite weights at nearby energies survive; f is applied afterwards.
* :class:`DirectFermi` (one low temperature): exact f at the few mu within the thermal window of each level.
* :class:`ZeroTemperature`: exact step for the sea.  The plain sum does not define a Fermi surface at T = 0: its
  delta function is averaged over the mesh cell of each point with the energy linear in it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from solenoidal.compiled import jit
from solenoidal.quantities import Weight
from solenoidal.statistics import fermi, fermi_surface

__all__ = ["Accumulator", "DirectFermi", "EnergyGrid", "Plan", "ZeroTemperature", "plan"]

Real = NDArray[np.float64]

#: Thermal window in kT: f differs from 0 or 1 by less than 1e-17 beyond it.
WINDOW = 40.0
#: Spacing of the energy grid in units of the lowest kT on it; cubic weights then err by 1e-8.
SPACING = 0.03


class Accumulator(Protocol):
    """Collects one quantity and gives its integrals."""

    def add(self, e: Real, x: Real, widths: Real) -> None:
        """Add ``x (n_states, n)`` at energies ``e (n_states,)`` with cell widths ``(n_states, D)`` in eV."""

    def merge(self, other: "Accumulator") -> None:
        """Add what another accumulator of the same kind collected."""

    def integrals(self) -> Real:
        """``(n_T, n_mu, n)``: sums over all states added so far."""


class EnergyGrid:
    """Cubic deposit on an energy grid for temperatures that are not too low.

    Parameters
    ----------
    mu, kT
        eV; all kT positive.
    weight
        See the module.
    columns
        Number n of components.
    """

    def __init__(self, mu: Real, kT: Real, weight: Weight, columns: int) -> None:
        self.mu, self.kT, self.weight = mu, kT, weight
        self.step, self.nodes = grid_size(mu, kT)
        self.start = float(mu[0]) - WINDOW * float(kT.max()) - 2 * self.step
        self.table = np.zeros((self.nodes, columns))
        self.below = np.zeros(columns)

    def add(self, e: Real, x: Real, widths: Real) -> None:
        """See :class:`Accumulator`."""
        _deposit_cubic(e, x, self.start, self.step, self.table, self.below)

    def merge(self, other: Accumulator) -> None:
        """See :class:`Accumulator`."""
        assert isinstance(other, EnergyGrid)
        self.table += other.table
        self.below += other.below

    def integrals(self) -> Real:
        """See :class:`Accumulator`."""
        out = np.empty((len(self.kT), len(self.mu), self.table.shape[1]))
        nodes = self.start + self.step * np.arange(self.nodes)
        for t, kT in enumerate(self.kT):
            for first in range(0, len(self.mu), 32):
                x = nodes[None, :] - self.mu[first : first + 32, None]
                out[t, first : first + 32] = _factor(self.weight, x, float(kT)) @ self.table
        if self.weight == "sea":
            out += self.below
        return out


class DirectFermi:
    """Exact Fermi factors at the chemical potentials within the thermal window of each level, one kT > 0."""

    def __init__(self, mu: Real, kT: float, weight: Weight, columns: int) -> None:
        self.mu, self.kT = mu, kT
        self.sea = weight == "sea"
        self.table = np.zeros((len(mu), columns))
        self.full = np.zeros((len(mu) + 1, columns))

    def add(self, e: Real, x: Real, widths: Real) -> None:
        """See :class:`Accumulator`."""
        _deposit_fermi(e, x, self.mu, self.kT, WINDOW * self.kT, self.sea, self.table, self.full)

    def merge(self, other: Accumulator) -> None:
        """See :class:`Accumulator`."""
        assert isinstance(other, DirectFermi)
        self.table += other.table
        self.full += other.full

    def integrals(self) -> Real:
        """See :class:`Accumulator`."""
        return np.asarray(self.table + np.cumsum(self.full, axis=0)[:-1])[None]


class ZeroTemperature:
    """Step function for the sea, cell-averaged delta function for the surface."""

    def __init__(self, mu: Real, weight: Weight, columns: int) -> None:
        self.mu = mu
        self.sea = weight == "sea"
        self.table = np.zeros((len(mu), columns))
        self.full = np.zeros((len(mu) + 1, columns))

    def add(self, e: Real, x: Real, widths: Real) -> None:
        """See :class:`Accumulator`."""
        if self.sea:
            _deposit_step(e, x, self.mu, self.full)
        else:
            _deposit_cell(e, x, _usable(widths), self.mu, self.table)

    def merge(self, other: Accumulator) -> None:
        """See :class:`Accumulator`."""
        assert isinstance(other, ZeroTemperature)
        self.table += other.table
        self.full += other.full

    def integrals(self) -> Real:
        """See :class:`Accumulator`."""
        return np.asarray(self.table + np.cumsum(self.full, axis=0)[:-1])[None]


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
    """

    mu: Real
    kT: Real
    grid: tuple[int, ...]
    direct: tuple[int, ...]

    def accumulators(self, weight: Weight, columns: int) -> list[Accumulator]:
        """Return fresh accumulators for one quantity."""
        out: list[Accumulator] = []
        if self.grid:
            out.append(EnergyGrid(self.mu, self.kT[list(self.grid)], weight, columns))
        for t in self.direct:
            kT = float(self.kT[t])
            zero = kT == 0.0
            out.append(ZeroTemperature(self.mu, weight, columns) if zero else DirectFermi(self.mu, kT, weight, columns))
        return out

    def collect(self, accumulators: Sequence[Accumulator]) -> Real:
        """Integrals of one quantity at every temperature, ``(n_T, n_mu, n)``."""
        parts: Iterable[Accumulator] = iter(accumulators)
        columns = accumulators[0].integrals().shape[-1]
        out = np.empty((len(self.kT), len(self.mu), columns))
        for acc, where in zip(
            parts, ([list(self.grid)] if self.grid else []) + [[t] for t in self.direct], strict=True
        ):
            out[where] = acc.integrals()
        return out

    @property
    def highest(self) -> float:
        """Energy (eV) above which no level contributes."""
        return float(self.mu[-1] + (WINDOW + 1.0) * self.kT.max()) if len(self.mu) else -math.inf


def grid_size(mu: Real, kT: Real) -> tuple[float, int]:
    """Spacing (eV) and number of nodes of the energy grid for positive temperatures."""
    step = SPACING * float(kT.min())
    length = float(mu[-1] - mu[0]) + 2 * WINDOW * float(kT.max())
    return step, math.ceil(length / step) + 6


def plan(mu: Real, kT: Real, largest: int = 12_000) -> Plan:
    """Choose accumulators: the grid for every temperature that it can serve with at most ``largest`` nodes."""
    kT = np.asarray(kT, dtype=np.float64)
    warm = [int(t) for t in np.argsort(-kT) if kT[t] > 0.0]
    while warm and grid_size(mu, kT[warm])[1] > largest:
        warm.pop()  # the coldest
    grid = tuple(sorted(warm))
    return Plan(mu, kT, grid, tuple(t for t in range(len(kT)) if t not in grid))


def _factor(weight: Weight, x: Real, kT: float) -> Real:
    return fermi(x, kT) if weight == "sea" else fermi_surface(x, kT)


def _usable(widths: Real) -> Real:
    """Cell widths (eV) bounded from below, so that the average over a flat direction stays finite."""
    widest = np.maximum(widths.max(axis=1, initial=0.0), 1e-9)
    return np.ascontiguousarray(np.maximum(widths, 1e-3 * widest[:, None]))


@jit
def _deposit_cubic(e: Real, x: Real, start: float, step: float, table: Real, below: Real) -> None:
    """Lagrange weights of the four nodes around each energy; levels under the grid are full, above it empty."""
    nodes, columns = table.shape
    for s in range(len(e)):
        u = (e[s] - start) / step
        if u < 1.0:
            for c in range(columns):
                below[c] += x[s, c]
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
def _deposit_step(e: Real, x: Real, mu: Real, full: Real) -> None:
    for s in range(len(e)):
        j = np.searchsorted(mu, e[s])
        for c in range(x.shape[1]):
            full[j, c] += x[s, c]


@jit
def _deposit_fermi(e: Real, x: Real, mu: Real, kT: float, window: float, sea: bool, table: Real, full: Real) -> None:
    columns = table.shape[1]
    for s in range(len(e)):
        first = np.searchsorted(mu, e[s] - window)
        last = np.searchsorted(mu, e[s] + window)
        for j in range(first, last):
            f = 0.5 - 0.5 * math.tanh(0.5 * (e[s] - mu[j]) / kT)
            weight = f if sea else f * (1.0 - f) / kT
            for c in range(columns):
                table[j, c] += weight * x[s, c]
        if sea:
            for c in range(columns):
                full[last, c] += x[s, c]


@jit
def _deposit_cell(e: Real, x: Real, widths: Real, mu: Real, table: Real) -> None:
    """Density of the energies in a cell with linear dispersion, at every mu.

    The density of a sum of D independent uniform variables of widths w_j is
    ``sum over corners of sign * max(0, y + corner)^(D-1) / ((D-1)! prod w_j)``.
    """
    columns = table.shape[1]
    for s in range(len(e)):
        half = 0.5 * widths[s].sum()
        first = np.searchsorted(mu, e[s] - half)
        last = np.searchsorted(mu, e[s] + half)
        for j in range(first, last):
            weight = _cell_density(mu[j] - e[s], widths[s])
            for c in range(columns):
                table[j, c] += weight * x[s, c]


@jit
def _cell_density(y: float, widths: Real) -> float:
    D = len(widths)
    norm = 1.0
    for j in range(D):
        norm *= widths[j] * max(1, j)  # prod w_j times (D - 1)!
    total = 0.0
    for corner in range(1 << D):
        z = y
        sign = 1.0
        for j in range(D):
            up = corner & (1 << j) == 0
            z += 0.5 * widths[j] if up else -0.5 * widths[j]
            sign = sign if up else -sign
        if z > 0.0:
            total += sign * z ** (D - 1)
    return total / norm
