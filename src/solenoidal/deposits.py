"""Levels deposited on the rows of tables: where and with which weight, once per block for every quantity.

What an accumulator does with a level depends on its energy and how it is spread, not on the quantity: it adds it to
some runs of consecutive rows of its table, each row with a weight.  Runs are made once per block; a quantity is then
deposited in all of its tables by one compiled call.  Levels of one energy and one spread share their runs, and what
they carry is added up before.
"""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from solenoidal.compiled import exact
from solenoidal.simd import load, scratch, splat, store, width

__all__ = ["Levels", "Runs", "Stepped", "Table", "alike", "cubic", "full_runs", "joined", "runs", "search"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Axes of a quantity: k-point, level, and what it has at most besides.
AXES = 5


class Runs(NamedTuple):
    """Rows that the levels of a block are added to.

    Attributes
    ----------
    place
        ``(n, 5)``: first level and the one after the last, first row, number of rows, where its weights begin.
    weights
        Of all rows of all runs.
    """

    place: Index
    weights: Real


class Table(ABC):
    """Sums of a quantity over levels, in rows that mean something to the accumulator that inherits from it.

    Parameters
    ----------
    rows, columns
        Size; a column for every component.
    """

    def __init__(self, rows: int, columns: int) -> None:
        self.sums = np.zeros((rows, columns))

    @property
    def columns(self) -> int:
        """See :class:`solenoidal.spectral.Accumulator`."""
        return int(self.sums.shape[1])

    @property
    def kind(self) -> Hashable:
        """Accumulators of one plan and one kind have the same runs."""
        return type(self).__name__

    @abstractmethod
    def runs(self, e: Real, spread: Any) -> Runs:
        """Runs of levels, see :meth:`solenoidal.spectral.Accumulator.add`."""

    def add(self, e: Real, x: Real, spread: Any) -> None:
        """See :class:`solenoidal.spectral.Accumulator`."""
        Levels(e, spread).deposit(x[:, None], None, [self])

    def merge(self, other: Any) -> None:
        """See :class:`solenoidal.spectral.Accumulator`."""
        assert type(self) is type(other)
        self.sums += other.sums

    def pairs(self, count: int) -> Real:
        """View ``(2, count, columns)`` of so many pairs of rows at the beginning."""
        return self.sums[: 2 * count].reshape(count, 2, -1).swapaxes(0, 1)


class Stepped(Table):
    """Moments of levels by the first energy at which they are full, then a table of every key, in rows by energy.

    Parameters
    ----------
    energies
        Ascending, eV.
    columns
        A column for every component.
    keys
        Of the tables.
    """

    def __init__(self, energies: Real, columns: int, keys: Sequence[Any]) -> None:
        n = self.count = len(energies)
        super().__init__(2 * (n + 1) + n * len(keys), columns)
        #: First row of every table.
        self.first = {key: 2 * (n + 1) + n * i for i, key in enumerate(keys)}

    @property
    def full(self) -> Real:
        """``(2, n + 1, columns)`` moments 0 and 1 (from the first energy)."""
        return self.pairs(self.count + 1)

    @property
    def tables(self) -> dict[Any, Real]:
        """``(n, columns)`` by key."""
        return {key: self.sums[row : row + self.count] for key, row in self.first.items()}


class Deposited(Protocol):
    """What levels need of an accumulator, see :class:`Table`."""

    sums: Real

    @property
    def kind(self) -> Hashable:
        """Accumulators of one plan and one kind have the same runs."""

    def runs(self, e: Real, spread: Any, /) -> Runs:
        """Runs of levels."""


class Levels:
    """Energies of the levels of a block, and how they are spread.

    Parameters
    ----------
    e
        ``(n_states,)`` eV, all levels of a k-point one after the other.
    spread
        As in :meth:`solenoidal.spectral.Accumulator.add`.
    """

    def __init__(self, e: Real, spread: Any) -> None:
        self.e, self.spread = e, spread
        self._known: dict[Hashable, Runs] = {}

    def deposit(self, x: Real, factor: Real | None, accumulators: Sequence[Deposited]) -> float:
        """Add a quantity to its accumulators, all of one plan; return the sum of its largest magnitudes.

        Parameters
        ----------
        x
            ``(n_k, n, ...)``.
        factor
            ``(n_k,)`` of the k-points, None for 1.
        """
        parts = tuple([(*self._runs(acc), acc.sums) for acc in accumulators])
        n_k, n, *shape = x.shape
        columns = accumulators[0].sums.shape[1]
        if x.flags.c_contiguous or x.flags.f_contiguous or x.ndim > AXES:
            x = x.reshape(n_k, 1, 1, 1, -1)  # one after the other, whatever they are
        else:
            x = x.reshape(n_k, n, *(1,) * (AXES - 2 - len(shape)), *shape)
        size = (n_k * n + 1) * columns
        rows = scratch("deposit", size)[:size].reshape(-1, columns)
        return float(_deposit(x, np.empty(0) if factor is None else factor, parts, rows))

    def _runs(self, accumulator: Deposited) -> Runs:
        kind = accumulator.kind
        if kind not in self._known:
            self._known[kind] = accumulator.runs(self.e, self.spread)
        return self._known[kind]


def runs(first: Index, last: Index, row: Index, count: Index, weights: Real) -> Runs:
    """Runs with their weights one after the other."""
    begin = np.cumsum(count) - count
    return Runs(np.stack([first, last, row, count, begin], axis=1), weights)


def full_runs(first: Index, last: Index, row: Index, e: Real) -> Runs:
    """Moments 0 and 1 of energies, in two rows."""
    weights = np.stack([np.ones(len(e)), e], axis=1).ravel()
    return runs(first, last, row, np.full(len(e), 2), weights)


def joined(parts: Sequence[Runs]) -> Runs:
    """Return the runs of several as one."""
    place = np.concatenate([p.place for p in parts])
    before = np.cumsum([0] + [len(p.weights) for p in parts])[:-1]
    place[:, 4] += np.repeat(before, [len(p.place) for p in parts])
    return Runs(place, np.concatenate([p.weights for p in parts]))


@exact
def search(energies: Real, z: float, low: int, high: int) -> int:
    """First of a range of ascending energies that is not below z."""
    while low < high:
        middle = (low + high) // 2
        if energies[middle] < z:
            low = middle + 1
        else:
            high = middle
    return low


@exact
def cubic(t: float, weight: float, out: Real) -> None:
    """Lagrange weights at -1, 0, 1, 2 of a point between 0 and 1."""
    out[0] = -t * (t - 1.0) * (t - 2.0) / 6.0 * weight
    out[1] = (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0 * weight
    out[2] = -(t + 1.0) * t * (t - 2.0) / 2.0 * weight
    out[3] = (t + 1.0) * t * (t - 1.0) / 6.0 * weight


@exact
def alike(e: Real, spread: Real, first: int) -> int:
    """Level after those that have the energy and the spread of one of them and follow it."""
    last = first + 1
    while last < len(e) and e[last] == e[first]:
        for j in range(spread.shape[1]):
            if spread[last, j] != spread[first, j]:
                return last
        last += 1
    return last


@exact
def _gather(x: Real, factor: Real, rows: Real) -> float:
    """Fill in the rows of levels, all but the last one; return the sum of their largest magnitudes."""
    n_k, n, A, B, C = x.shape
    flat = rows.reshape(-1)
    at = 0
    for k in range(n_k):
        f = factor[k] if len(factor) else 1.0
        for level in range(n):
            for a in range(A):
                for b in range(B):
                    row = flat[at : at + C]
                    for c in range(C):
                        row[c] = f * x[k, level, a, b, c]
                    at += C
    size = 0.0
    for level in range(len(rows) - 1):
        largest = 0.0
        for c in range(rows.shape[1]):
            largest = max(largest, abs(rows[level, c]))
        size += largest
    return size


@exact
def _add_row(columns: int, w: float, source: Real, a: int, target: Real, b: int) -> None:
    """Add w times the numbers from a on to those from b on."""
    W = width(target)
    whole, factor = columns // W * W, splat(w)
    for c in range(0, whole, W):
        store(target, b + c, load(target, b + c) + factor * load(source, a + c))
    for c in range(whole, columns):
        target[b + c] += w * source[a + c]


@exact
def _sum_rows(columns: int, rows: Real, first: int, last: int, out: int) -> None:
    """Sum of the rows that begin from ``first`` to before ``last``."""
    W = width(rows)
    whole = columns // W * W
    for c in range(0, whole, W):
        total = load(rows, first + c)
        for at in range(first + columns, last, columns):
            total = total + load(rows, at + c)
        store(rows, out + c, total)
    for c in range(whole, columns):
        rows[out + c] = rows[first + c]
        for at in range(first + columns, last, columns):
            rows[out + c] += rows[at + c]


@exact
def _add(rows: Real, place: Index, weights: Real, sums: Real) -> None:
    """Add every run; levels that share one are summed in the last of the rows."""
    columns, source, target = rows.shape[1], rows.reshape(-1), sums.reshape(-1)
    for run in range(len(place)):
        first, last, row, count, begin = place[run]
        a = first * columns
        if last > first + 1:
            a = (len(rows) - 1) * columns
            _sum_rows(columns, source, first * columns, last * columns, a)
        for j in range(count):
            _add_row(columns, weights[begin + j], source, a, target, (row + j) * columns)


@exact
def _deposit(x: Real, factor: Real, parts: tuple[tuple[Index, Real, Real], ...], rows: Real) -> float:
    """Deposit x times factor in every part; ``rows (n_k n + 1, columns)`` is room."""
    size = _gather(x, factor, rows)
    for part in range(len(parts)):
        place, weights, sums = parts[part]
        _add(rows, place, weights, sums)
    return size
