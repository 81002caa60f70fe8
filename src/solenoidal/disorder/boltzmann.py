"""Linearised Boltzmann equation of a Fermi surface with golden-rule scattering.

The distribution ``delta f_k = e E_l (-f') g^l_k`` solves, with ``P_{k'k} = 2 pi n_i |<k'|V|k>|^2`` between states of
one energy and W = dS / ((2 pi)^D |v|),

    e E_l d_l f = -sum_k' (P_{k'k} delta f_k - P_{kk'} delta f_k'),
    that is      sum_k' W_k' P_{k'k} (g^l_k - g^l_k') = v^l_k.

A degenerate multiplet has one g for all its states; ``P`` and v are then traces.  That is exact where the scatterers
keep the symmetry that makes the degeneracy.

The collision operator is symmetric in the weights W, it has one null vector (particle number) for every part of the
surface that scatters within itself, fixed by sum W g = 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, lapack

from solenoidal.disorder.fermi_surface import FermiSurface
from solenoidal.disorder.impurities import Impurity, amplitude, check_size
from solenoidal.errors import InputError
from solenoidal.events import Listener, Progress, silent

__all__ = ["Collision", "Distribution", "solve"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Points up to which the system is solved directly, and up to which the rates are kept in memory.
DIRECT, STORED = 3000, 10_000
#: Bytes of the matrix elements that are made together.
TOGETHER = 64e6
#: Conjugate gradients: relative residual, steps at most.
ACCURACY, STEPS = 1e-13, 2000
#: Rates below this part of the largest one connect nothing; smallest reciprocal condition that determines g.
SILENT, SINGULAR = 1e-13, 1e-11
#: Largest part of the force on an isolated part of the surface that can be an error of the quadrature.
BALANCED = 0.05


class Collision:
    """Collision operator on the points of a Fermi surface.

    Parameters
    ----------
    surface
        The points.
    impurities
        Kinds of scatterers; their rates add.

    Raises
    ------
    InputError
        If a scatterer does not fit the surface, or none scatters.
    """

    def __init__(self, surface: FermiSurface, impurities: Impurity | Sequence[Impurity]) -> None:
        self.surface = surface
        self.impurities = (impurities,) if isinstance(impurities, Impurity) else tuple(impurities)
        for impurity in self.impurities:
            check_size(impurity, surface)
        self._kept: Real | None = None
        if len(surface) <= STORED:
            self._kept = np.concatenate([self._make(rows) for rows in self.rows()])
        self.out = self._times(np.ones((len(surface), 1)))[:, 0]
        if not self.out.max(initial=0.0) > 0.0:
            raise InputError(f"the scatterers do not scatter on the Fermi surface of {surface.name}.")

    def rows(self) -> list[slice]:
        """Sets of rows that are made together."""
        width = self.surface.amplitude.shape[2]
        step = max(1, int(TOGETHER / (16 * len(self.surface) * width**2)))
        return [slice(i, i + step) for i in range(0, len(self.surface), step)]

    def rates(self, rows: slice) -> Real:
        """``P_{k'k}`` for the points k' of ``rows``, ``(n', n)``, eV Angstrom^D: traces over multiplets."""
        return self._make(rows) if self._kept is None else self._kept[rows]

    def _make(self, rows: slice) -> Real:
        p = self.surface
        total = np.zeros((len(p.k[rows]), len(p)))
        for impurity in self.impurities:
            V = amplitude(impurity, p.amplitude[rows], p.amplitude, p.k[rows], p.k)
            total += 2 * np.pi * impurity.density * (abs(V) ** 2).sum(axis=(0, 2))
        return total

    def _times(self, x: Real) -> Real:
        """``sum_k W_k P_{k'k} x_k``."""
        Wx = self.surface.weight[:, None] * x
        return np.concatenate([self.rates(rows) @ Wx for rows in self.rows()])

    def __call__(self, x: Real) -> Real:
        """``sum_k' W_k' P_{k'k} (x_k' - x_k)`` for ``x (n, m)``: what a collision adds to x, times the rate."""
        return np.asarray(self._times(x) - self.out[:, None] * x)

    def matrix(self) -> Real:
        """``(n, n)``: C with ``(C x)_k = sum_k' W_k' P_{k'k} (x_k' - x_k)``."""
        P = np.concatenate([self.rates(rows) for rows in self.rows()])
        return np.asarray(P * self.surface.weight - np.diag(self.out))

    @cached_property
    def parts(self) -> Index:
        """``(n,)`` number of the part of the surface that each point belongs to; no scattering connects two parts."""
        n = len(self.surface)
        label, number = np.full(n, -1, dtype=np.int64), 0
        floor = SILENT * float(self.out.max()) / float(self.surface.weight.sum())
        while (label < 0).any():
            label[np.flatnonzero(label < 0)[0]] = number
            fresh = np.flatnonzero(label == number)
            while len(fresh):
                reached = np.zeros(n, dtype=bool)
                for i in fresh:
                    reached |= (self.rates(slice(i, i + 1))[0] > floor) & (label < 0)
                    if ((label >= 0) | reached).all():
                        break
                label[reached] = number
                fresh = np.flatnonzero(reached) if (label < 0).any() else np.zeros(0, dtype=np.int64)
            number += 1
        return label


@dataclass(frozen=True)
class Distribution:
    """Solution of the Boltzmann equation.

    Attributes
    ----------
    surface, collision
        The points and the operator.
    drive
        ``(n, D)`` what g answers to: Tr[rho v] less its mean over each part, which is zero but for the quadrature.
    g
        ``(n, D)`` with ``delta f = e E_l (-f') g^l``, Angstrom.
    imbalance
        ``(D,)`` sum W v over sum W |v|: zero but for the quadrature.
    residual
        Largest ``|C g + drive|`` relative to the largest drive.
    """

    surface: FermiSurface
    collision: Collision
    drive: Real
    g: Real
    imbalance: Real
    residual: float

    @property
    def rate(self) -> Real:
        """``(n,)`` scattering rate 1/tau_k out of a state, eV."""
        return np.asarray(self.collision.out / self.surface.count)


def solve(
    surface: FermiSurface, impurities: Impurity | Sequence[Impurity], *, listen: Listener = silent
) -> Distribution:
    """Distribution in a uniform field.

    Parameters
    ----------
    surface
        From :func:`solenoidal.disorder.fermi_surface` or :func:`solenoidal.disorder.surface_points`.
    impurities
        One or several kinds of scatterers.
    listen
        Receives progress of an iterative solution (more than :data:`DIRECT` points).

    Raises
    ------
    InputError
        If the scatterers do not fit or do not scatter, if a part of the surface is accelerated without limit because it
        scatters only within itself, or if the system is singular beyond particle number.

    Notes
    -----
    Direct up to 3000 points, else conjugate gradients; beyond 10000 points the rates are not kept but made again in
    every step.
    """
    collision = Collision(surface, impurities)
    force = surface.v * surface.count[:, None]
    drive = force - _net_force(collision, force)
    root = np.sqrt(surface.weight)[:, None]
    b = root * drive
    y = _direct(collision, b) if len(surface) <= DIRECT else _conjugate_gradients(collision, b, listen)
    g = y / root
    g -= _within(collision.parts, surface.weight, g)
    residual = float(abs(collision(g) + drive).max() / abs(drive).max())
    imbalance = surface.integral(force) / surface.integral(np.linalg.norm(force, axis=1))
    return Distribution(surface, collision, drive, g, imbalance, residual)


def _within(parts: Index, weight: Real, x: Real) -> Real:
    """Weighted mean of ``x (n, m)`` over the part of each point."""
    total = np.stack([np.bincount(parts, weight * column) for column in x.T], axis=1)
    return np.asarray((total / np.bincount(parts, weight)[:, None])[parts])


def _net_force(collision: Collision, force: Real) -> Real:
    """Mean force on the part of each point: an error of the quadrature, or no steady state exists."""
    surface, parts = collision.surface, collision.parts
    mean, largest = (_within(parts, surface.weight, x) for x in (force, abs(force)))
    moved = abs(mean).max(axis=1) > BALANCED * largest.max()
    if parts.max() > 0 and moved.any():
        raise InputError(
            f"{surface.name}: a part of the Fermi surface (bands {np.unique(surface.sheet[moved]).tolist()}) scatters "
            f"only within itself and feels a net force, so that no steady state exists: add a scatterer that connects "
            f"it."
        )
    return mean


def _direct(collision: Collision, b: Real) -> Real:
    """Cholesky solution with the null vectors lifted; ``b`` and the result carry sqrt(W)."""
    S = np.sqrt(collision.surface.weight)
    A = -S[:, None] * collision.matrix() / S
    A = 0.5 * (A + A.T)
    scale = float(np.mean(collision.out))
    for part in range(int(collision.parts.max()) + 1):
        null = np.where(collision.parts == part, S, 0.0)
        null /= np.linalg.norm(null)
        A += scale * np.outer(null, null)
    norm = float(abs(A).sum(axis=0).max())
    try:
        factor = cho_factor(A, lower=True)
        condition, _ = lapack.dpocon(factor[0], norm, uplo="L")
    except LinAlgError:
        condition = 0.0
    if not condition > SINGULAR:
        raise _singular(collision)
    return np.asarray(cho_solve(factor, b))


def _conjugate_gradients(collision: Collision, b: Real, listen: Listener) -> Real:
    """The same for many points: every column of ``b`` for itself, one application of the operator for all."""
    S, diagonal = np.sqrt(collision.surface.weight)[:, None], collision.out[:, None]
    y, r = np.zeros_like(b), b.copy()
    z = r / diagonal
    p, rz = z.copy(), (r * z).sum(axis=0)
    goal = ACCURACY * np.linalg.norm(b, axis=0)
    for step in range(STEPS):
        listen(Progress("Boltzmann equation", step, STEPS, "steps"))
        Ap = -S * collision(p / S)
        alpha = rz / np.maximum((p * Ap).sum(axis=0), 1e-300)
        y, r = y + alpha * p, r - alpha * Ap
        if (np.linalg.norm(r, axis=0) <= goal).all():
            return np.asarray(y)
        z = r / diagonal
        rz, old = (r * z).sum(axis=0), rz
        p = z + rz / np.maximum(old, 1e-300) * p
    raise _singular(collision)


def _singular(collision: Collision) -> InputError:
    names = ", ".join(impurity.name for impurity in collision.impurities)
    return InputError(
        f"{collision.surface.name}: the scatterers ({names}) conserve more than the number of particles, the "
        f"distribution is not determined: add one of shorter range or other structure."
    )
