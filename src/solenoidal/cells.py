"""Accumulation in energy with every level spread over its mesh cell.

Within the cell of a mesh point the energy is taken as linear, ``e + v.q``: its density is the box spline of the
widths ``|v.b_j| / n_j`` (common to levels that nearly touch, see :mod:`solenoidal.widths`), a difference of ``2^D``
shifted powers.  A sum over few points then knows the Fermi surface of many: only matrix elements must vary little
across a cell.  The error is of second order in the size of the cell.

:class:`CellZero` evaluates step, ramp and delta at T = 0 exactly.  :class:`CellGrid` deposits the ``2^D`` corners of
each cell on an energy grid and applies the D-th integral of every function of the energy afterwards.
"""

import functools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

from solenoidal.compiled import exact, jit
from solenoidal.statistics import FUNCTIONS

if TYPE_CHECKING:
    from scipy.interpolate import BSpline

__all__ = ["CellGrid", "CellZero", "deposit_cells", "deposit_full", "filled", "integral", "usable"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Thermal window in kT.
WINDOW = 40.0
#: Spacing of the energy grid in the lowest kT on it, as long as that takes no more than this many nodes.
SPACING, NODES = 0.1, 12_000
#: A cell is at least this many steps of the grid wide in every direction.
NARROWEST = 2.0
#: Points per kT of the tables of integrals.
DENSITY = 24


def usable(widths: Real) -> Real:
    """Cell widths (eV) bounded from below, so that the average over a flat direction stays finite."""
    widest = np.maximum(widths.max(axis=1, initial=0.0), 1e-9)
    return np.ascontiguousarray(np.maximum(widths, 1e-3 * widest[:, None]))


def filled(full: Real, mu: Real, deep: tuple[float, float]) -> Real:
    """``sum (a + b (e - mu)) x`` over the levels that are full at each mu, from their moments by first such mu."""
    zeroth, first = np.cumsum(full, axis=1)[:, :-1]
    return np.asarray(deep[0] * zeroth + deep[1] * (first - (mu - mu[0])[:, None] * zeroth))


class CellZero:
    """Step, ramp and delta averaged over cells at T = 0.

    Parameters
    ----------
    mu
        eV, ascending.
    columns
        Number n of components.
    functions
        Names in :data:`solenoidal.statistics.FUNCTIONS` that will be asked for.
    """

    def __init__(self, mu: Real, columns: int, functions: Sequence[str]) -> None:
        self.mu, self.columns = mu, columns
        kinds = {FUNCTIONS[name].cold for name in functions}
        self.orders = [order for order, kind in enumerate(("delta", "step", "ramp")) if kind in kinds]
        self.tables = {order: np.zeros((len(mu), columns)) for order in self.orders}
        self.full = np.zeros((2, len(mu) + 1, columns))

    def add(self, e: Real, x: Real, widths: Real) -> None:
        """See :class:`solenoidal.spectral.Accumulator`."""
        w = usable(widths)
        half = 0.5 * w.sum(axis=1)
        first, last = np.searchsorted(self.mu, e - half), np.searchsorted(self.mu, e + half)
        deposit_full(e - self.mu[0], x, last, self.full)
        for order in self.orders:
            deposit_cells(order, e, x, w, self.mu, first, last, self.tables[order])

    def merge(self, other: object) -> None:
        """See :class:`solenoidal.spectral.Accumulator`."""
        assert isinstance(other, CellZero)
        for order in self.orders:
            self.tables[order] += other.tables[order]
        self.full += other.full

    def arrays(self) -> dict[str, Real]:
        """See :class:`solenoidal.spectral.Accumulator`."""
        return {"full": self.full, **{str(order): table for order, table in self.tables.items()}}

    def integrals(self, function: str) -> Real:
        """See :class:`solenoidal.spectral.Accumulator`."""
        F = FUNCTIONS[function]
        if F.cold == "zero":
            return np.zeros((1, len(self.mu), self.columns))
        order = ("delta", "step", "ramp").index(F.cold)
        return (filled(self.full, self.mu, F.deep) + self.tables[order])[None]


class CellGrid:
    """Corners of cells on an energy grid, for positive temperatures.

    Parameters
    ----------
    mu, kT
        eV; all kT positive.
    columns
        Number n of components.
    D
        Number of periodic directions.
    """

    def __init__(self, mu: Real, kT: Real, columns: int, D: int) -> None:
        self.mu, self.kT, self.columns, self.D = mu, kT, columns, D
        length = float(mu[-1] - mu[0]) + 2 * WINDOW * float(kT.max())
        self.step = max(SPACING * float(kT.min()), length / NODES)
        self.start = float(mu[0]) - WINDOW * float(kT.max()) - 2 * self.step
        self.table = np.zeros((math.ceil(length / self.step) + 6, columns))
        self.corners = np.zeros((D + 2, columns))  # moments of the corners below the grid, from mu[0]
        self.below = np.zeros((2, columns))  # moments of the cells below the grid

    def add(self, e: Real, x: Real, widths: Real) -> None:
        """See :class:`solenoidal.spectral.Accumulator`."""
        w = np.maximum(usable(widths), NARROWEST * self.step)
        _deposit_corners(e, x, w, self.start, self.step, float(self.mu[0]), self.table, self.corners, self.below)

    def merge(self, other: object) -> None:
        """See :class:`solenoidal.spectral.Accumulator`."""
        assert isinstance(other, CellGrid)
        self.table += other.table
        self.corners += other.corners
        self.below += other.below

    def arrays(self) -> dict[str, Real]:
        """See :class:`solenoidal.spectral.Accumulator`."""
        return {"table": self.table, "corners": self.corners, "below": self.below}

    def integrals(self, function: str) -> Real:
        """See :class:`solenoidal.spectral.Accumulator`."""
        out = np.empty((len(self.kT), len(self.mu), self.columns))
        nodes = self.start + self.step * np.arange(len(self.table))
        for t, kT in enumerate(self.kT.tolist()):
            for first in range(0, len(self.mu), 32):
                x = nodes[None, :] - self.mu[first : first + 32, None]
                out[t, first : first + 32] = integral(function, self.D, x, kT) @ self.table
            out[t] += self._under(function, kT)
        return out

    def _under(self, function: str, kT: float) -> Real:
        """What lies below the grid, where every function of the energy is a polynomial."""
        constant, slope = FUNCTIONS[function].deep
        shift = (self.mu - self.mu[0])[:, None]
        out = constant * self.below[0] + slope * (self.below[1] - shift * self.below[0])
        for power, coefficient in enumerate(_deep_polynomial(function, self.D, kT)):
            for j in range(power + 1):  # ((c - mu0) - (mu - mu0))^power
                out = out + coefficient * math.comb(power, j) * (-shift) ** (power - j) * self.corners[j]
        return np.asarray(out)


@functools.cache
def _integrals(function: str, order: int) -> "BSpline":
    """The order-fold antiderivative, zero far above mu, of a function at kT = 1; within the thermal window."""
    from scipy.interpolate import make_interp_spline  # takes as long to import as all the rest of this package

    y = np.linspace(-WINDOW, WINDOW, int(2 * WINDOW * DENSITY) + 1)
    spline = make_interp_spline(y, FUNCTIONS[function].at(y, 1.0), k=7)
    for _ in range(order):
        spline = spline.antiderivative()
        spline.c = spline.c - spline(WINDOW)
    return spline


def _scale(function: str, order: int, kT: float) -> float:
    """Power of kT that a function of (x, kT) and its integrals carry beyond their dependence on x / kT."""
    own = {"fermi_surface": -1, "entropy_surface": -1, "potential": 1}.get(function, 0)
    return float(kT ** (own + order))


def integral(function: str, order: int, x: Real, kT: float) -> Real:
    """D-th antiderivative of a function of the energy that vanishes above mu; ``x = e - mu`` in eV."""
    y, out = x / kT, np.zeros_like(x)
    deep, inside = y < -WINDOW, abs(y) <= WINDOW
    out[deep] = polynomial.polyval(x[deep], np.array(_deep_polynomial(function, order, kT)))
    out[inside] = _integrals(function, order)(y[inside]) * _scale(function, order, kT)
    return out


@functools.cache
def _deep_polynomial(function: str, order: int, kT: float) -> tuple[float, ...]:
    """Coefficients in x of the antiderivative far below mu: integrated from the edge of the tables."""
    constant, slope = FUNCTIONS[function].deep
    deep = polynomial.Polynomial([constant, slope])
    for n in range(1, order + 1):
        deep = deep.integ(lbnd=-WINDOW) + float(_integrals(function, n)(-WINDOW))
    # From y = x / kT to x, with the power of kT of the function itself.
    own = _scale(function, order, kT)
    return tuple(float(c) * own / kT**power for power, c in enumerate(deep.coef.tolist()))


@jit
def deposit_full(e: Real, x: Real, first: Index, full: Real) -> None:
    """Moments 0 and 1 of levels by the first chemical potential at which they are full."""
    for s in range(len(e)):
        j = first[s]
        for c in range(x.shape[1]):
            full[0, j, c] += x[s, c]
            full[1, j, c] += x[s, c] * e[s]


@exact
def deposit_cells(order: int, e: Real, x: Real, widths: Real, mu: Real, first: Index, last: Index, table: Real) -> None:
    """Average over the cell of delta (order 0), step (1) or ramp (2) at the mu that lie inside."""
    for s in range(len(e)):
        for j in range(first[s], last[s]):
            weight = _cell(order, mu[j] - e[s], widths[s])
            for c in range(x.shape[1]):
                table[j, c] += weight * x[s, c]


@exact
def _cell(order: int, y: float, widths: Real) -> float:
    """``sum over corners of sign max(0, y + corner)^(D - 1 + order) / ((D - 1 + order)! prod w)``; ramp: minus."""
    D = len(widths)
    power = D - 1 + order
    norm = 1.0
    for j in range(2, power + 1):
        norm *= j
    for j in range(D):
        norm *= widths[j]
    total = 0.0
    for corner in range(1 << D):
        z = y
        sign = 1.0
        for j in range(D):
            up = corner & (1 << j) == 0
            z += 0.5 * widths[j] if up else -0.5 * widths[j]
            sign = sign if up else -sign
        if z > 0.0:
            total += sign * z**power
    return -total / norm if order == 2 else total / norm


@jit
def _deposit_corners(
    e: Real, x: Real, widths: Real, start: float, step: float, origin: float, table: Real, corners: Real, below: Real
) -> None:
    """Weights ``sign / prod w`` of the corners of every cell, with cubic weights on the grid."""
    nodes, columns = table.shape
    D = widths.shape[1]
    for s in range(len(e)):
        half = 0.0
        volume = 1.0
        for j in range(D):
            half += 0.5 * widths[s, j]
            volume *= widths[s, j]
        if (e[s] + half - start) / step < 1.0:
            for c in range(columns):
                below[0, c] += x[s, c]
                below[1, c] += x[s, c] * (e[s] - origin)
            continue
        if (e[s] - half - start) / step >= nodes - 2:
            continue
        for corner in range(1 << D):
            z = e[s]
            weight = 1.0 / volume
            for j in range(D):
                up = corner & (1 << j) == 0
                z += 0.5 * widths[s, j] if up else -0.5 * widths[s, j]
                weight = weight if up else -weight
            u = (z - start) / step
            if u < 1.0:
                power = weight
                for p in range(D + 2):
                    for c in range(columns):
                        corners[p, c] += power * x[s, c]
                    power *= z - origin
                continue
            i = int(u)
            if i >= nodes - 2:
                continue
            t = u - i
            w0 = -t * (t - 1.0) * (t - 2.0) / 6.0 * weight
            w1 = (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0 * weight
            w2 = -(t + 1.0) * t * (t - 2.0) / 2.0 * weight
            w3 = (t + 1.0) * t * (t - 1.0) / 6.0 * weight
            for c in range(columns):
                y = x[s, c]
                table[i - 1, c] += w0 * y
                table[i, c] += w1 * y
                table[i + 1, c] += w2 * y
                table[i + 2, c] += w3 * y
