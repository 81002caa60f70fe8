"""Isotropic continuum models at T = 0: polar coordinates, exact Fermi radii, adaptive radial integrals.

A model is a callable ``k (n, 2) -> (H (n, N, N), dH (n, 2, N, N), s (n, n_s, N, N))`` whose integrated response is
isotropic.  Every response is a pair of functions of a band: a Fermi-sea density, weighted with the occupation, and
a Fermi-surface density, weighted with delta(e - mu).
"""

import itertools

import numpy as np
import oracle
from scipy import integrate, optimize

#: Angles of the average over direction: exact for harmonics up to the 7th.
ANGLES = 2 * np.pi * (np.arange(8) + 0.3) / 8
UNIT = 1 / (8 * np.pi)  # e / 8 pi


def bands(model, k):
    """Bands at the points ``k (n, 2)``; derivatives beyond the first are not needed here and zero."""
    H, dH, s = model(k)
    zero = np.zeros((len(k), 2, *dH.shape[1:]), dtype=complex)
    ds = np.zeros((len(k), 2, *s.shape[1:]), dtype=complex)
    return oracle.diagonalise(oracle.Matrices(H, dH, zero, s, ds, np.eye(H.shape[-1])), degeneracy=0.0)


def ring(model, radius):
    return bands(model, radius * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1))


def energies(model, radius):
    return np.linalg.eigvalsh(model(np.array([[radius, 0.0]]))[0])[0]


def no_surface(b):
    return 0.0 * oracle.berry_spin(b)


def kubo_sea(b):
    """Coefficient of f_n in (K): the sea of form (P) plus X_n of section 5."""
    return oracle.berry_spin(b) / 2 + oracle.dipole_antisymmetry(b) / 2 + oracle.kubo_vertex(b)


def kubo_surface(b):
    """Coefficient of -f'_n in (K): that of (P) less the antisymmetric one of section 5, v^i d^l."""
    return oracle.velocity_dipole(b).swapaxes(2, 3)


RESPONSES = {
    "conventional": (oracle.spin_berry, no_surface),
    "eq11": (oracle.berry_spin, oracle.velocity_dipole),
    "eq15": (oracle.berry_spin, no_surface),
    "dipole": (no_surface, oracle.velocity_dipole),
    "kubo": (kubo_sea, kubo_surface),
}


def fermi_radii(model, mu, largest=50.0, points=4000):
    """Pairs (band, radius) with e_band(radius) = mu, by bisection between the points of a geometric grid."""
    grid = np.geomspace(1e-7, largest, points)
    e = np.linalg.eigvalsh(model(np.stack([grid, 0 * grid], axis=1))[0]) - mu
    found = []
    for j, n in zip(*np.nonzero(np.diff(np.sign(e), axis=0)), strict=True):
        root = optimize.brentq(lambda r, n=n: energies(model, r)[n] - mu, grid[j], grid[j + 1], xtol=1e-14)
        found.append((int(n), root))
    return found


def conductivity(model, name, mu, largest=50.0, unbounded=False, skip_filled=False):
    """X (i, l, c) at T = 0.

    ``unbounded``: a band is filled up to k = infinity.  ``skip_filled``: leave out radii where every band is filled,
    for responses that vanish there at every k but lose all digits to a touching.
    """
    sea, surface = RESPONSES[name]
    radii = fermi_radii(model, mu, largest)
    total = 0.0
    for n, k in radii:
        b = ring(model, k)
        speed = abs(np.cos(ANGLES) * b.v[:, 0, n, n].real + np.sin(ANGLES) * b.v[:, 1, n, n].real)
        total = total + (surface(b)[:, n] / speed[:, None, None, None]).mean(axis=0) * k / (2 * np.pi)
    edges = [0.0, *sorted(k for _, k in radii)] + ([np.inf] if unbounded else [])
    for lower, upper in itertools.pairwise(edges):
        filled = energies(model, lower + 1.0 if np.isinf(upper) else (lower + upper) / 2) < mu
        if skip_filled and filled.all():
            continue

        def density(k, filled=filled):
            return k * sea(ring(model, k))[:, filled].sum(axis=1).mean(axis=0)

        part = integrate.quad_vec(density, lower, upper, epsabs=1e-13, epsrel=1e-12)[0]
        total = total + part / (2 * np.pi)
    return total


SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=complex)


def two_level(eps, b, s):
    """Model H = eps + b.sigma from ``eps(k) -> (value, gradient (n, 2))`` and ``b(k) -> (b (n, 3), db (n, 2, 3))``."""

    def model(k):
        e, de = eps(k)
        vector, gradient = b(k)
        H = np.einsum("n,ab->nab", e, np.eye(2)) + np.einsum("na,abc->nbc", vector, SIGMA)
        dH = np.einsum("ni,ab->niab", de, np.eye(2)) + np.einsum("nia,abc->nibc", gradient, SIGMA)
        return H, dH, np.broadcast_to(s, (len(k), *s.shape))

    return model


def parabola(mass=1.0, quartic=0.0):
    def eps(k):
        k2 = (k**2).sum(axis=1)
        return k2 / (2 * mass) + quartic * k2**2, k / mass + 4 * quartic * k2[:, None] * k

    return eps


def winding(strength, N, h=0.0):
    """b = strength k^N (sin N phi, -cos N phi, 0) + h z: Rashba for N = 1."""

    def b(k):
        z = k[:, 0] + 1j * k[:, 1]
        w, dw = -1j * strength * z**N, -1j * strength * N * z ** (N - 1)
        zero = np.zeros(len(k))
        vector = np.stack([w.real, w.imag, zero + h], axis=1)
        along = [np.stack([(dw * u).real, (dw * u).imag, zero], axis=1) for u in (1, 1j)]
        return vector, np.stack(along, axis=1)

    return b


def rashba(alpha=0.5, mass=1.0, h=0.0, quartic=0.0):
    """k^2/2m + quartic k^4 + alpha (sigma_x k_y - sigma_y k_x) + h sigma_z with s = sigma_z / 2."""
    return two_level(parabola(mass, quartic), winding(alpha, 1, h), SIGMA[2:] / 2)


def massive_dirac(delta, v=1.0):
    """v k.sigma + delta sigma_z with s = 1."""

    def eps(k):
        return np.zeros(len(k)), np.zeros((len(k), 2))

    def b(k):
        vector = np.concatenate([v * k, np.full((len(k), 1), delta)], axis=1)
        return vector, np.broadcast_to(v * np.eye(2, 3), (len(k), 2, 3))

    return two_level(eps, b, np.eye(2, dtype=complex)[None])
