"""Divided differences of energy functions, in forms that hold at equal and at distant energies.

``x`` and ``y`` are e - mu in eV.  With u = |x - y| / kT and x >= y (theory notes, section 4):
``f(y) - f(x) = f(y) (1 - f(x)) (1 - exp(-u))`` and ``g(x) - g(y) = kT log(1 + f(x) (exp(u) - 1))``.
"""

import math

import numpy as np
from numpy.typing import NDArray

from solenoidal.compiled import exact
from solenoidal.statistics import fermi, potential

__all__ = ["add_pairs", "fermi_quotient", "potential_quotient"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

#: Differences of the energy below this many kT take the form for close levels.
CLOSE = 1.0
#: Thermal window in kT: f differs from 0 or 1 by less than 1e-17 beyond it.
WINDOW = 40.0


def fermi_quotient(x: Real, y: Real, kT: float) -> Real:
    """``f[x, y] = (f(x) - f(y)) / (x - y)``, f' where they are equal; 1/eV, kT > 0."""
    x, y = np.maximum(x, y), np.minimum(x, y)
    u = (x - y) / kT
    ratio = np.where(u > 0.0, -np.expm1(-u) / np.where(u > 0.0, u, 1.0), 1.0)
    return np.asarray(-fermi(y, kT) * fermi(-x, kT) * ratio / kT)


def potential_quotient(x: Real, y: Real, kT: float) -> Real:
    """``g[x, y] = (g(x) - g(y)) / (x - y)``, f where they are equal; kT > 0.  It is minus the integral of f[x, y]."""
    x, y = np.maximum(x, y), np.minimum(x, y)
    u = (x - y) / kT
    safe = np.where(u > 0.0, u, 1.0)
    close = np.log1p(fermi(x, kT) * np.expm1(np.minimum(u, CLOSE))) / safe
    far = (potential(x, kT) - potential(y, kT)) / (safe * kT)
    return np.asarray(np.where(u > CLOSE, far, np.where(u > 0.0, close, fermi(x, kT))))


@exact
def add_pairs(
    e_minus: Real, e_plus: Real, X: Real, factor: Real, mu: Real, kT: float, entropy: bool, table: Real
) -> None:
    """``table[mu, c] += sum over k, n, m of (F(e_n-) - F(e_m+)) factor_nm X_nm,c`` with F = f or the entropy S.

    Parameters
    ----------
    e_minus, e_plus
        ``(n_k, N)`` eV.
    X, factor
        ``(n_k, N, N, C)`` and ``(n_k, N, N)``; pairs with ``factor`` 0 are left out.
    mu, kT
        ``(n_mu,)`` ascending and a positive temperature, eV.
    entropy
        F = S instead of f.
    table
        ``(n_mu, C)``.
    """
    n_k, N = e_minus.shape
    minus = np.empty((N, len(mu), 3))
    plus = np.empty((N, len(mu), 3))
    for k in range(n_k):
        _occupations(e_minus[k], mu, kT, entropy, minus)
        _occupations(e_plus[k], mu, kT, entropy, plus)
        for n in range(N):
            for m in range(N):
                if factor[k, n, m] == 0.0:
                    continue
                if e_minus[k, n] >= e_plus[k, m]:
                    upper, lower, x, y, weight = minus[n], plus[m], e_minus[k, n], e_plus[k, m], -factor[k, n, m]
                else:
                    upper, lower, x, y, weight = plus[m], minus[n], e_plus[k, m], e_minus[k, n], factor[k, n, m]
                _add_pair(upper, lower, x, y, weight, X[k, n, m], mu, kT, entropy, table)


@exact
def _occupations(e: Real, mu: Real, kT: float, entropy: bool, out: Real) -> None:
    """f, 1 - f and S of every level at every mu, all to full relative precision; S only if wanted."""
    for n in range(len(e)):
        for j in range(len(mu)):
            z = (e[n] - mu[j]) / kT
            small = math.exp(-abs(z))
            low, high = small / (1.0 + small), 1.0 / (1.0 + small)
            out[n, j, 0] = high if z < 0.0 else low
            out[n, j, 1] = low if z < 0.0 else high
            if entropy:
                out[n, j, 2] = math.log1p(small) + abs(z) * low


@exact
def _add_pair(
    upper: Real, lower: Real, x: float, y: float, weight: float, X: Real, mu: Real, kT: float, entropy: bool, out: Real
) -> None:
    """Add ``weight (F(y) - F(x)) X`` at every mu where it is not zero, for two levels x >= y.

    For close levels ``S(y) - S(x) = c (f(y) - f(x)) - u (f(x) + f(y)) / 2 + log(1 + f(x) (exp(u) - 1))`` with the mean
    c of (e - mu) / kT: no two large terms cancel in it.
    """
    u = (x - y) / kT
    drop = -math.expm1(-u)
    rise = math.expm1(min(u, CLOSE))
    for j in range(np.searchsorted(mu, y - WINDOW * kT), np.searchsorted(mu, x + WINDOW * kT)):
        F = lower[j, 0] * upper[j, 1] * drop
        if entropy:
            if u > CLOSE:
                F = lower[j, 2] - upper[j, 2]
            else:
                middle = (0.5 * (x + y) - mu[j]) / kT
                F = F * middle - 0.5 * u * (upper[j, 0] + lower[j, 0]) + math.log1p(upper[j, 0] * rise)
        F *= weight
        for c in range(len(X)):
            out[j, c] += F * X[c]
