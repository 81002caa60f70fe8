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
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

from solenoidal.compiled import exact
from solenoidal.deposits import Runs, Stepped, Table, alike, cubic, search
from solenoidal.statistics import FUNCTIONS

if TYPE_CHECKING:
    from scipy.interpolate import BSpline

__all__ = ["CellGrid", "CellZero", "Cold", "filled", "integral"]

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


def filled(full: Real, mu: Real, deep: tuple[float, float]) -> Real:
    """``sum (a + b (e - mu)) x`` over the levels that are full at each mu, from their moments by first such mu."""
    zeroth, first = np.cumsum(full, axis=1)[:, :-1]
    return np.asarray(deep[0] * zeroth + deep[1] * (first - (mu - mu[0])[:, None] * zeroth))


class Cold(Stepped):
    """Moments of full levels, and functions averaged over cells at T = 0.

    Parameters
    ----------
    mu
        eV, ascending.
    columns
        Number n of components.
    functions
        Names in :data:`solenoidal.statistics.FUNCTIONS` that will be asked for.
    orders
        Of the functions that need an average: 0 delta, 1 step, 2 ramp.
    """

    def __init__(self, mu: Real, columns: int, functions: Sequence[str], orders: Sequence[int]) -> None:
        self.mu = mu
        super().__init__(mu, columns, orders)
        #: Whether any function knows how many levels are full.
        self.counts = any(FUNCTIONS[name].deep != (0.0, 0.0) for name in functions)

    @property
    def kind(self) -> Hashable:
        """See :class:`solenoidal.spectral.Accumulator`."""
        return type(self).__name__, self.counts, tuple(self.first)

    def cold_runs(self, e: Real, widths: Real, orders: Sequence[int], sharp: bool = False) -> Runs:
        """Runs of some orders; a sharp level is full as soon as its own energy is below mu."""
        place = np.array([self.first[order] if order in orders else -1 for order in range(3)])
        return Runs(*_cell_runs(e, widths, self.mu, place, self.counts, sharp))


class CellZero(Cold):
    """Step, ramp and delta averaged over cells at T = 0.

    Parameters
    ----------
    mu, columns, functions
        As for :class:`Cold`.
    """

    def __init__(self, mu: Real, columns: int, functions: Sequence[str]) -> None:
        kinds = {FUNCTIONS[name].cold for name in functions}
        self.orders = [order for order, kind in enumerate(("delta", "step", "ramp")) if kind in kinds]
        super().__init__(mu, columns, functions, self.orders)

    def runs(self, e: Real, spread: Any) -> Runs:
        """See :class:`solenoidal.spectral.Accumulator`."""
        return self.cold_runs(e, spread, self.orders)

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


class CellGrid(Table):
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
        self.mu, self.kT, self.D = mu, kT, D
        length = float(mu[-1] - mu[0]) + 2 * WINDOW * float(kT.max())
        self.step = max(SPACING * float(kT.min()), length / NODES)
        self.start = float(mu[0]) - WINDOW * float(kT.max()) - 2 * self.step
        self.nodes = math.ceil(length / self.step) + 6
        super().__init__(self.nodes + D + 4, columns)

    @property
    def table(self) -> Real:
        """``(nodes, columns)``."""
        return self.sums[: self.nodes]

    @property
    def corners(self) -> Real:
        """``(D + 2, columns)`` moments of the corners below the grid, from mu[0]."""
        return self.sums[self.nodes : -2]

    @property
    def below(self) -> Real:
        """``(2, columns)`` moments of the cells below the grid."""
        return self.sums[-2:]

    def runs(self, e: Real, spread: Any) -> Runs:
        """See :class:`solenoidal.spectral.Accumulator`."""
        return Runs(*_corner_runs(e, spread, self.start, self.step, self.nodes, float(self.mu[0])))

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


@exact
def _usable(widths: Real, narrowest: float, out: Real) -> float:
    """Fill in widths bounded from below, so that the average over a flat direction stays finite; half their sum."""
    widest = 1e-9
    for j in range(len(widths)):
        widest = max(widest, widths[j])
    half = 0.0
    for j in range(len(widths)):
        out[j] = max(widths[j], 1e-3 * widest, narrowest)
        half += 0.5 * out[j]
    return half


@exact
def _first(mu: Real, e: float) -> int:
    """First of ascending chemical potentials that is not below an energy; most levels are beyond all of them."""
    n = len(mu)
    if n == 0 or e <= mu[0]:
        return 0
    return n if e > mu[n - 1] else search(mu, e, 0, n)


@exact
def _cell_runs(e: Real, widths: Real, mu: Real, place: Index, counts: bool, sharp: bool) -> tuple[Index, Real]:
    """Moments of full levels, and averages over the cell of functions of three orders at the mu that lie inside.

    ``place``: first row of the table of each order, -1 where it is not wanted.
    """
    wanted = 0
    for order in range(3):
        wanted += place[order] >= 0
    w = np.empty(widths.shape[1])
    # Level after those alike, first mu in the cell and after it.
    range_of = np.empty((len(e), 3), dtype=np.int64)
    different, size, s = 0, 0, 0
    while s < len(e):
        end, half = alike(e, widths, s), 0.0
        if wanted:
            half = _usable(widths[s], 0.0, w)
        range_of[s] = (end, _first(mu, e[s] - half), _first(mu, e[s] + half))
        different, size, s = different + 1, size + 2 + wanted * (range_of[s, 2] - range_of[s, 1]), end
    at, weights = np.empty(((1 + wanted) * different, 5), dtype=np.int64), np.empty(size)
    n, begin, s = 0, 0, 0
    while s < len(e):
        end, first, last = range_of[s]
        if counts:
            at[n] = (s, end, 2 * (_first(mu, e[s]) if sharp else last), 2, begin)
            weights[begin], weights[begin + 1] = 1.0, e[s] - mu[0]
            n, begin = n + 1, begin + 2
        if last > first and wanted:
            _usable(widths[s], 0.0, w)
            for order in range(3):
                if place[order] < 0:
                    continue
                count = last - first
                at[n] = (s, end, place[order] + first, count, begin)
                _cell(order, e[s], w, mu[first:last], weights[begin : begin + count])
                n, begin = n + 1, begin + count
        s = end
    return at[:n], weights[:begin]


@exact
def _cell(order: int, e: float, widths: Real, mu: Real, out: Real) -> None:
    """``sum over corners of sign max(0, y + corner)^(D - 1 + order) / ((D - 1 + order)! prod w)`` with ``y = mu - e``.

    Minus that for the ramp.
    """
    D = len(widths)
    power = D - 1 + order
    norm = -1.0 if order == 2 else 1.0
    for j in range(2, power + 1):
        norm *= j
    for j in range(D):
        norm *= widths[j]
    out[:] = 0.0
    for corner in range(1 << D):
        shift = -e
        sign = 1.0 / norm
        for j in range(D):
            up = corner & (1 << j) == 0
            shift += 0.5 * widths[j] if up else -0.5 * widths[j]
            sign = sign if up else -sign
        for j in range(len(mu)):
            z = mu[j] + shift
            term = sign if z > 0.0 else 0.0
            for _ in range(power):
                term *= z
            out[j] += term


@exact
def _corner_runs(e: Real, widths: Real, start: float, step: float, nodes: int, origin: float) -> tuple[Index, Real]:
    """Weights ``sign / prod w`` of the corners of every cell, with cubic weights on the grid."""
    D = widths.shape[1]
    corners, longest = 1 << D, max(4, D + 2)
    place, weights = np.empty((len(e) * corners, 5), dtype=np.int64), np.empty(len(e) * corners * longest)
    w = np.empty(D)
    n, begin, s = 0, 0, 0
    while s < len(e):
        end = alike(e, widths, s)
        half = _usable(widths[s], NARROWEST * step, w)
        if not (e[s] + half - start) / step >= 1.0:
            place[n] = (s, end, nodes + D + 2, 2, begin)
            weights[begin], weights[begin + 1] = 1.0, e[s] - origin
            n, begin = n + 1, begin + 2
        elif (e[s] - half - start) / step < nodes - 2:
            for corner in range(corners):
                z, weight = _corner(e[s], w, corner)
                u = (z - start) / step
                if u < 1.0:
                    place[n] = (s, end, nodes, D + 2, begin)
                    for p in range(D + 2):
                        weights[begin + p] = weight
                        weight *= z - origin
                    n, begin = n + 1, begin + D + 2
                elif u < nodes - 2:
                    i = int(u)
                    t = u - i
                    place[n] = (s, end, i - 1, 4, begin)
                    cubic(t, weight, weights[begin : begin + 4])
                    n, begin = n + 1, begin + 4
        s = end
    return place[:n], weights[:begin]


@exact
def _corner(e: float, widths: Real, corner: int) -> tuple[float, float]:
    """Energy of a corner of a cell and its weight."""
    z, weight = e, 1.0
    for j in range(len(widths)):
        up = corner & (1 << j) == 0
        z += 0.5 * widths[j] if up else -0.5 * widths[j]
        weight = weight / widths[j] if up else -weight / widths[j]
    return z, weight
