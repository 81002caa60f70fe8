"""Continuum models in units m = hbar = 1 and a short way to run them."""

import numpy as np

from solenoidal.builders.pauli import ONE, SX, SY, SZ, spin_operator
from solenoidal.continuum import ContinuumModel
from solenoidal.continuum.integrate import run
from solenoidal.engine.task import Task

#: e / 8 pi.
UNIT = 1 / (8 * np.pi)


def rashba(alpha=0.5, h=0.0, quartic=0.0, beta=0.0):
    """k^2/2 + quartic k^4 + alpha (sx ky - sy kx) + beta (sx kx - sy ky) + h sz."""
    terms = {
        (0, 0): h * SZ,
        (1, 0): -alpha * SY + beta * SX,
        (0, 1): alpha * SX - beta * SY,
        (2, 0): 0.5 * ONE,
        (0, 2): 0.5 * ONE,
    }
    if quartic:
        terms |= {(4, 0): quartic * ONE, (2, 2): 2 * quartic * ONE, (0, 4): quartic * ONE}
    return ContinuumModel.from_polynomial(terms, local_operators=spin_operator(1), name="gas")


def winding(strength, N, S, cutoff=None):
    """k^2/2 + strength Re/Im (kx + i ky)^N in (sx, sy), s = S sz."""
    power = np.polynomial.Polynomial([0, 1]) ** N
    assert power.coef[-1] == 1
    terms = {(2, 0): 0.5 * ONE, (0, 2): 0.5 * ONE}
    for j in range(N + 1):  # binomial (i ky)^j kx^(N - j)
        c = np.prod(np.arange(N - j + 1, N + 1)) / np.prod(np.arange(1, j + 1)) * 1j**j
        key = (N - j, j)
        terms[key] = terms.get(key, 0 * ONE) + strength * (c.real * SX + c.imag * SY)
    s = {"spin": (S * SZ[None], ("z",))}
    return ContinuumModel.from_polynomial(terms, local_operators=s, cutoff=cutoff, name="winding")


def dirac(delta=0.2, v=1.0, tilt=0.0, b=0.0):
    """v (kx sx + ky sy) + tilt kx + (delta - b k^2) sz."""
    terms = {(0, 0): delta * SZ, (1, 0): v * SX + tilt * ONE, (0, 1): v * SY}
    if b:
        terms |= {(2, 0): -b * SZ, (0, 2): -b * SZ}
    return ContinuumModel.from_polynomial(terms, local_operators=spin_operator(1), name="cone")


def integrals(model, mu, kT=0.0, cutoff=None, **options):
    """Outcome with mu and kT as numbers or lists; z component of the operator unless asked otherwise."""
    axes = None if options.get("operator") == "charge" else ("z",)
    task = {"mesh": (8,), "offset": (), "axes": axes, "workers": 1} | options
    return run(model, Task(mu=np.atleast_1d(mu).astype(float), kT=np.atleast_1d(kT).astype(float), **task), cutoff)


def hall(outcome, unit=UNIT):
    """sigma^{xy} by definition at the first T and mu, in ``unit``; asserts sigma^{yx} = -sigma^{xy}, sigma^{xx} = 0."""
    X = outcome.conductivity[:, 0, 0, :, :, 0] / unit
    np.testing.assert_allclose(X, X[:, :1, 1:] * np.array([[0, 1], [-1, 0]]), atol=1e-9)
    return X[:, 0, 1]
