"""Occupation functions of the energy and their derivatives, without overflow."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["fermi", "fermi_surface"]

Real = NDArray[np.float64]


def fermi(x: Real, kT: float) -> Real:
    """``f = 1 / (exp(x / kT) + 1)`` for x = e - mu, eV; the step with f(0) = 1 at kT = 0."""
    if kT == 0.0:
        return np.asarray(x <= 0.0, dtype=np.float64)
    return np.asarray(0.5 - 0.5 * np.tanh(0.5 * x / kT))


def fermi_surface(x: Real, kT: float) -> Real:
    """``-f'(x)``, 1/eV, for kT > 0."""
    return np.asarray(0.25 / kT / np.cosh(np.clip(0.5 * x / kT, -350.0, 350.0)) ** 2)
