"""Accumulation in energy with the energies linear inside simplices: the tetrahedron method.

The energy of every band, in ascending order, is interpolated linearly between the corners of each simplex of
:mod:`solenoidal.division`, and so is what multiplies the function of the energy.  A level then enters with the density
of states of its hat function lambda, which is 1 at its mesh point and 0 at all others:

    w(mu) = integral over the simplices around the point of F(e(k) - mu) lambda(k)

(Bloechl, Jepsen, Andersen, Phys. Rev. B 49, 16223 (1994), Sec. III and App. B, C, for step and delta in 3D; here for
any D).  In a simplex with the energies z_0 <= .. <= z_D the density is the B-spline with these knots, that of the
point twice: a polynomial of degree D between them.  Below z_1 and above z_(D-1) it is written from that end, where
no digits are lost; between z_1 and z_2 in 3D it is the cubic with the values and slopes of its neighbours.

The weights of all points sum to the integral of F over the interpolated band: 1 for a full one, exact where the energy
is linear; the error is of second order in the spacing of the mesh.  Levels of a multiplet share the mean of their
weights, so that only its trace enters.  Bloechl's correction for the curvature of the bands is left out: it improves
numbers at a fixed filling, at a fixed chemical potential the filling keeps an error of the same order.  Chords lie on
one side of a curved band: for smooth bands the error is then about twice that of :mod:`solenoidal.cells`, which takes
the slope at the point, and of opposite sign.

The known weakness: where two bands cross, each of the bands in ascending order has a kink that no simplex follows, and
a quantity that changes there from one to the other is smeared over the simplices around.  Both bands full or both
empty, nothing happens; a crossing at the Fermi level converges more slowly.

:class:`SimplexZero` collects step, ramp and delta at every mu, exact at T = 0.  :class:`SimplexGrid` collects the ramp
at the nodes of a grid, ``R(eps) = sum x (eps - e)_+``, from which every function at T > 0 follows as the integral of
``F''(eps - mu) R(eps)``: the convolution with -f', integrated by parts.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solenoidal.cells import CellZero
from solenoidal.compiled import exact
from solenoidal.deposits import Runs, Stepped, full_runs, joined, runs, search
from solenoidal.division import Division
from solenoidal.errors import InputError
from solenoidal.statistics import FUNCTIONS, fermi_surface

__all__ = ["CURVATURES", "Share", "Shares", "SimplexGrid", "SimplexZero", "nodes", "share"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Thermal window in kT.
WINDOW = 40.0
#: Spacing of the nodes in the lowest kT on them, up to a power of two; for a wide range more, with at most NODES nodes.
SPACING, COARSEST, NODES = 0.2, 0.5, 12_000
#: Energies of a simplex (eV) closer than this are drawn apart.
GAP = 1e-10


@dataclass(frozen=True)
class Share:
    """Weights of the multiplets of a block at ascending energies.

    Attributes
    ----------
    begin, end
        ``(n,)`` first level of each multiplet and the one after its last.
    mean
        ``(n,)`` mean energy of the density of each multiplet, eV.
    first, last
        ``(n,)`` range of the energies that lie inside its simplices; below it is empty, above full.
    start
        ``(n,)`` where its weights begin.
    weights
        By order, 0 delta, 1 step, 2 ramp (mu - e, as for :class:`solenoidal.cells.CellZero` with a minus): all weights
        in one row.
    """

    begin: Index
    end: Index
    mean: Real
    first: Index
    last: Index
    start: Index
    weights: dict[int, Real]

    def runs(self, rows: Mapping[int, int], origin: float) -> Runs:
        """Runs in a table that begins with the moments of full multiplets, and has the orders from these rows on."""
        parts = [full_runs(self.begin, self.end, 2 * self.last, self.mean - origin)]
        for order, row in rows.items():
            count = self.last - self.first
            parts.append(runs(self.begin, self.end, row + self.first, count, self.weights[order]))
        return joined(parts)


@dataclass(frozen=True)
class Shares:
    """What the accumulators of a plan need of a block: weights at the chemical potentials, at the nodes, or both."""

    cold: Share | None
    warm: Share | None


def share(e: Real, around: Real, group: Index, division: Division, energies: Real, orders: Sequence[int]) -> Share:
    """Weights of a block.

    Parameters
    ----------
    e
        ``(n_k, n)`` energies of the lowest n levels, eV.
    around
        ``(n_k, n, M)`` those of the same levels at the neighbours.
    group
        ``(n_k, n)`` multiplets; none is cut.
    division
        Of the mesh.
    energies
        Ascending, eV.
    orders
        0 delta, 1 step, 2 ramp.
    """
    n_k, n = e.shape
    new = np.ones((n_k, n), dtype=np.bool_)
    new[:, 1:] = np.diff(group, axis=1) != 0
    begin = np.flatnonzero(new)
    around = np.ascontiguousarray(around).reshape(n_k * n, -1)
    flat = np.ascontiguousarray(e).ravel()
    low, high = np.minimum(flat, around.min(axis=1)), np.maximum(flat, around.max(axis=1))
    first = np.searchsorted(energies, np.minimum.reduceat(low, begin))
    last = np.searchsorted(energies, np.maximum.reduceat(high, begin) + 4 * GAP)
    count = np.diff(begin, append=n_k * n)
    mean = np.add.reduceat(_means(flat, around, division), begin) / count
    start = np.concatenate([[0], np.cumsum(last - first)])
    weights = np.zeros((len(orders), start[-1]))
    place = np.array([orders.index(order) if order in orders else -1 for order in range(3)])
    _fill(flat, around, begin, count, division.simplices, energies, first, last, start, place, weights)
    return Share(begin, begin + count, mean, first, last, start, dict(zip(orders, weights, strict=True)))


def _means(e: Real, around: Real, division: Division) -> Real:
    """Mean energy of the density of each level: that of the knots, over all its simplices."""
    D = division.simplices.shape[1]
    times = np.bincount(division.simplices.ravel(), minlength=around.shape[1]) / len(division.simplices)
    return np.asarray((2.0 * e + around @ times) / (D + 2))


class SimplexZero(CellZero):
    """Step, ramp and delta at T = 0, integrated over simplices.

    Parameters
    ----------
    mu, columns, functions
        As for :class:`solenoidal.cells.CellZero`.
    """

    def runs(self, e: Real, spread: Shares) -> Runs:
        """See :class:`solenoidal.spectral.Accumulator`; the energies are in the shares."""
        assert spread.cold is not None
        return spread.cold.runs(self.first, self.mu[0])


class SimplexGrid(Stepped):
    """Ramp on a grid of energies, for positive temperatures.

    Parameters
    ----------
    mu, kT
        eV; all kT positive.
    columns
        Number n of components.

    Raises
    ------
    InputError
        As :func:`nodes` does.
    """

    def __init__(self, mu: Real, kT: Real, columns: int) -> None:
        self.mu, self.kT, self.nodes = mu, kT, nodes(mu, kT)
        super().__init__(self.nodes, columns, (2,))

    @property
    def table(self) -> Real:
        """``(nodes, columns)`` ramps."""
        return self.tables[2]

    def runs(self, e: Real, spread: Shares) -> Runs:
        """See :class:`solenoidal.spectral.Accumulator`; the energies are in the shares."""
        assert spread.warm is not None
        return spread.warm.runs(self.first, self.nodes[0])

    def arrays(self) -> dict[str, Real]:
        """See :class:`solenoidal.spectral.Accumulator`."""
        return {"table": self.table, "full": self.full}

    def integrals(self, function: str) -> Real:
        """See :class:`solenoidal.spectral.Accumulator`."""
        constant, slope = FUNCTIONS[function].deep
        at = self.nodes - self.nodes[0]
        zeroth, first = np.cumsum(self.full[:, 1:], axis=1)[:, :-1]
        R = -self.table
        R[1:] += at[1:, None] * zeroth - first
        # What is full at the first node is so for every mu and temperature.
        shift = (self.mu - self.nodes[0])[:, None]
        deep = constant * self.full[0, 0] + slope * (self.full[1, 0] - shift * self.full[0, 0])
        out = np.empty((len(self.kT), len(self.mu), self.columns))
        for t, kT in enumerate(self.kT.tolist()):
            for some in range(0, len(self.mu), 32):
                x = self.nodes[None, :] - self.mu[some : some + 32, None]
                out[t, some : some + 32] = (at[1] * CURVATURES[function](x, kT)) @ R
        return np.asarray(out + deep)


def nodes(mu: Real, kT: Real) -> Real:
    """Energies (eV) between which a sum over thermal functions is exact: all kT positive.

    They are multiples of a power of two, free of rounding, which second differences would enlarge.

    Raises
    ------
    InputError
        If the lowest temperature would need too many.
    """
    window = WINDOW * float(kT.max())
    coldest = float(kT.min())
    length = float(mu[-1] - mu[0]) + 2 * window
    step = 2.0 ** math.floor(math.log2(SPACING * coldest))
    while length > (NODES - 3) * step:
        step *= 2.0
    if step > COARSEST * coldest:
        raise InputError(
            f"temperature: kT = {coldest:.3g} eV is too low for method 'tetrahedron' beside chemical potentials and "
            f"temperatures that span {length:.3g} eV: give 0, which is exact, or a shorter scan."
        )
    first = math.floor((float(mu[0]) - window) / step)
    return np.asarray(step * np.arange(first, math.ceil((float(mu[-1]) + window) / step) + 1))


def _fermi(x: Real, kT: float) -> Real:
    """``f'' = -f' tanh(x / 2kT) / kT``."""
    return np.asarray(fermi_surface(x, kT) * np.tanh(0.5 * x / kT) / kT)


def _surface(x: Real, kT: float) -> Real:
    """``-f''' = -f' (3 tanh^2(x / 2kT) - 1) / 2 kT^2``."""
    return np.asarray(fermi_surface(x, kT) * (1.5 * np.tanh(0.5 * x / kT) ** 2 - 0.5) / kT**2)


def _potential(x: Real, kT: float) -> Real:
    """``g'' = f'``."""
    return -fermi_surface(x, kT)


def _entropy(x: Real, kT: float) -> Real:
    """``S'' = (x f')' / kT``."""
    return np.asarray(x / kT * _fermi(x, kT) - fermi_surface(x, kT) / kT)


def _entropy_surface(x: Real, kT: float) -> Real:
    """``-S''' = -(x f')'' / kT = -(2 f'' + x f''') / kT``."""
    return np.asarray(-2.0 / kT * _fermi(x, kT) + x / kT * _surface(x, kT))


#: Second derivatives of the functions of the energy, for kT > 0.
CURVATURES: dict[str, Callable[[Real, float], Real]] = {
    "fermi": _fermi,
    "fermi_surface": _surface,
    "potential": _potential,
    "entropy": _entropy,
    "entropy_surface": _entropy_surface,
}


@exact
def _fill(
    e: Real,
    around: Real,
    begin: Index,
    count: Index,
    simplices: Index,
    energies: Real,
    first: Index,
    last: Index,
    start: Index,
    place: Index,
    weights: Real,
) -> None:
    """Sum the simplices of all levels of every multiplet; what is full before the end of its range comes last."""
    D = simplices.shape[1]
    z = np.empty(D + 1)
    full = np.zeros((2, (last - first).max() + 1 if len(first) else 1))
    for g in range(len(first)):
        n = last[g] - first[g]
        if n == 0:
            continue
        part = 1.0 / (count[g] * len(simplices))  # of a full simplex
        full[:, : n + 1] = 0.0
        at = start[g] - first[g]
        for level in range(begin[g], begin[g] + count[g]):
            for s in range(len(simplices)):
                own = _sorted(e[level], around[level], simplices[s], z)
                mean = z[own]
                for i in range(D + 1):
                    mean += z[i]
                mean /= D + 2
                done = _simplex(z, own, mean, part, energies, first[g], last[g], at, place, weights)
                full[0, done - first[g]] += part
                full[1, done - first[g]] += part * mean
        zeroth = 0.0
        moment = 0.0
        for j in range(n):
            zeroth += full[0, j]
            moment += full[1, j]
            if place[1] >= 0:
                weights[place[1], start[g] + j] += zeroth
            if place[2] >= 0:
                weights[place[2], start[g] + j] -= energies[first[g] + j] * zeroth - moment


@exact
def _sorted(e: float, around: Real, corners: Index, z: Real) -> int:
    """Fill z with the energies of a simplex, ascending and apart; return the place of the first argument."""
    own = 0
    z[0] = e
    for i in range(len(corners)):
        y = around[corners[i]]
        j = i + 1
        while j > 0 and z[j - 1] > y:
            z[j] = z[j - 1]
            j -= 1
        z[j] = y
        if j <= own:
            own += 1
    for i in range(1, len(z)):
        z[i] = max(z[i], z[i - 1] + GAP)
    return own


@exact
def _simplex(
    z: Real,
    own: int,
    mean: float,
    part: float,
    energies: Real,
    first: int,
    last: int,
    at: int,
    place: Index,
    weights: Real,
) -> int:
    """Add delta, step and minus the ramp of one simplex at the energies inside; return the first one above it.

    With ``q = eps - z_0`` the density is ``a q^(D-1) + b q^D`` up to z_1; likewise from above with ``q = z_D - eps``.
    """
    D = len(z) - 1
    j = search(energies, z[0], first, last)
    if j == last or energies[j] >= z[D]:
        return j
    scale = part * (D + 1)
    a, b = _end(z, own, scale, 0)
    while j < last and energies[j] < z[1]:
        q = energies[j] - z[0]
        _add(weights, at + j, place, D, a, b, q, 0.0, 0.0, 1.0)
        j += 1
    c, d = _end(z, own, scale, D)
    if D == 3 and j < last and energies[j] < z[2]:
        j = _middle(z, a, b, c, d, energies, j, last, at, place, weights)
    while j < last and energies[j] < z[D]:
        _add(weights, at + j, place, D, c, d, z[D] - energies[j], part, part * (energies[j] - mean), -1.0)
        j += 1
    return j


@exact
def _end(z: Real, own: int, scale: float, end: int) -> tuple[float, float]:
    """Coefficients a, b of the density near the lowest (0) or highest (D) energy."""
    inverse = scale
    total = 0.0
    for i in range(len(z)):
        if i != end:
            inverse /= abs(z[i] - z[end])
            total += 1.0 / abs(z[i] - z[end])
    if own == end:
        return (len(z) - 1) * inverse, -inverse * total
    return 0.0, inverse / abs(z[own] - z[end])


@exact
def _add(
    weights: Real,
    at: int,
    place: Index,
    D: int,
    a: float,
    b: float,
    q: float,
    full: float,
    ramp: float,
    sign: float,
) -> None:
    """Density ``a q^(D-1) + b q^D`` and its integrals over q, added to what is full (sign 1) or taken from it (-1)."""
    power = 1.0
    for _ in range(D - 1):
        power *= q
    if place[0] >= 0:
        weights[place[0], at] += power * (a + b * q)
    if place[1] >= 0:
        weights[place[1], at] += full + sign * power * q * (a / D + b * q / (D + 1))
    if place[2] >= 0:
        weights[place[2], at] -= ramp + power * q * q * (a / (D * (D + 1)) + b * q / ((D + 1) * (D + 2)))


@exact
def _middle(
    z: Real,
    a: float,
    b: float,
    c: float,
    d: float,
    energies: Real,
    j: int,
    last: int,
    at: int,
    place: Index,
    weights: Real,
) -> int:
    """Energies between z_1 and z_2 of a tetrahedron: the cubic with the values and slopes of both ends."""
    p, q, L = z[1] - z[0], z[3] - z[2], z[2] - z[1]
    step = p * p * p * (a / 3 + b * p / 4)
    ramp = p * p * p * p * (a / 12 + b * p / 20)
    v0, s0 = p * p * (a + b * p), p * (2 * a + 3 * b * p)
    v1, s1 = q * q * (c + d * q), -q * (2 * c + 3 * d * q)
    c2 = (3 * (v1 - v0) / L - 2 * s0 - s1) / L
    c3 = (2 * (v0 - v1) / L + s0 + s1) / (L * L)
    while j < last and energies[j] < z[2]:
        u = energies[j] - z[1]
        if place[0] >= 0:
            weights[place[0], at + j] += v0 + u * (s0 + u * (c2 + u * c3))
        if place[1] >= 0:
            weights[place[1], at + j] += step + u * (v0 + u * (s0 / 2 + u * (c2 / 3 + u * c3 / 4)))
        if place[2] >= 0:
            weights[place[2], at + j] -= ramp + u * (step + u * (v0 / 2 + u * (s0 / 6 + u * (c2 / 12 + u * c3 / 20))))
        j += 1
    return j
