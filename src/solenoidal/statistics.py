"""Functions of the energy that multiply band quantities, their limits deep in the bands and at T = 0.

``x = e - mu`` in eV, ``kT`` in eV.  ``f`` is the Fermi function, ``g`` the grand potential of a level with
``dg/de = f``, ``S = -dg/dT`` its entropy in units of k_B.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["FUNCTIONS", "EnergyFunction", "entropy", "entropy_surface", "fermi", "fermi_surface", "potential"]

Real = NDArray[np.float64]

#: What a function becomes at T = 0: a step, a ramp (mu - e changes sign), a delta function, or nothing.
Cold = Literal["step", "ramp", "delta", "zero"]


@dataclass(frozen=True)
class EnergyFunction:
    """A function of (e - mu, kT).

    Attributes
    ----------
    name
        Key in :data:`FUNCTIONS`.
    at
        ``at(x, kT)`` for kT > 0.
    deep
        ``(a, b)``: the function is ``a + b x`` far below mu; far above it vanishes.
    cold
        Its form at T = 0.
    """

    name: str
    at: Callable[[Real, float], Real]
    deep: tuple[float, float]
    cold: Cold

    @property
    def windowed(self) -> bool:
        """Whether it vanishes far below mu too: only levels near mu count."""
        return self.deep == (0.0, 0.0)


def fermi(x: Real, kT: float) -> Real:
    """``f = 1 / (exp(x / kT) + 1)``; the step with f(0) = 1 at kT = 0."""
    if kT == 0.0:
        return np.asarray(x <= 0.0, dtype=np.float64)
    return np.asarray(0.5 - 0.5 * np.tanh(0.5 * x / kT))


def fermi_surface(x: Real, kT: float) -> Real:
    """``-f'``, 1/eV, for kT > 0."""
    return np.asarray(0.25 / kT / np.cosh(np.clip(0.5 * x / kT, -350.0, 350.0)) ** 2)


def potential(x: Real, kT: float) -> Real:
    """``g = -kT log(1 + exp(-x / kT))``, eV; ``min(x, 0)`` at kT = 0."""
    if kT == 0.0:
        return np.asarray(np.minimum(x, 0.0))
    return np.asarray(np.minimum(x, 0.0) - kT * np.log1p(np.exp(-abs(x) / kT)))


def entropy(x: Real, kT: float) -> Real:
    """``S = (x f - g) / kT``, in k_B: exact at any x / kT, even in x."""
    y = abs(x) / kT
    return np.asarray(np.log1p(np.exp(-y)) + y * np.exp(-y) / (1.0 + np.exp(-y)))


def entropy_surface(x: Real, kT: float) -> Real:
    """``-dS/de = -(x / kT) f'``, in k_B / eV."""
    return np.asarray(x / kT * fermi_surface(x, kT))


#: Energy functions by name.
FUNCTIONS: dict[str, EnergyFunction] = {
    f.name: f
    for f in (
        EnergyFunction("fermi", fermi, (1.0, 0.0), "step"),
        EnergyFunction("fermi_surface", fermi_surface, (0.0, 0.0), "delta"),
        EnergyFunction("potential", potential, (0.0, 1.0), "ramp"),
        EnergyFunction("entropy", entropy, (0.0, 0.0), "zero"),
        EnergyFunction("entropy_surface", entropy_surface, (0.0, 0.0), "zero"),
    )
}
