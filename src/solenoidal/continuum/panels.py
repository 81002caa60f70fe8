"""Pieces of rays with the Gauss-Kronrod rule of 15 points, which holds the Gauss rule of 7."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["GAUSS", "KRONROD", "NODES", "Panels"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

# Half of each symmetric rule, from the outermost node inwards: Kronrod, Nodes and weights of quadrature formulas
# (Consultants Bureau, New York, 1965).
_X = (
    0.991455371120812639206854697526329,
    0.949107912342758524526189684047851,
    0.864864423359769072789712788640926,
    0.741531185599394439863864773280788,
    0.586087235467691130294144691258960,
    0.405845151377397166906606412076961,
    0.207784955007898467600689403773245,
)
_K = (
    0.022935322010529224963732008058970,
    0.063092092629978553290700663189204,
    0.104790010322250183839876322541518,
    0.140653259715525918745189590510238,
    0.169004726639267902826583426598550,
    0.190350578064785409913256402421014,
    0.204432940075298892414161999234649,
)
_G = (
    0.0,
    0.129484966168869693270611432679082,
    0.0,
    0.279705391489276667901467771423780,
    0.0,
    0.381830050505118944950369775488975,
    0.0,
)

#: Nodes on [-1, 1] and weights of both rules on them.
NODES: Real = np.array([*(-x for x in _X), 0.0, *_X[::-1]])
KRONROD: Real = np.array([*_K, 0.209482141084727828012999174891714, *_K[::-1]])
GAUSS: Real = np.array([*_G, 0.417959183673469387755102040816327, *_G[::-1]])


@dataclass(frozen=True)
class Panels:
    """Intervals of rays in the variable u: the radius r, or 1/r where a panel reaches to infinity.

    Attributes
    ----------
    ray
        ``(n,)`` number of the ray.
    low, high
        ``(n,)`` ends in u.
    inverse
        Whether u = 1/r.
    """

    ray: Index
    low: Real
    high: Real
    inverse: bool = False

    def __len__(self) -> int:
        return len(self.ray)

    def take(self, index: Index | NDArray[np.bool_] | slice) -> "Panels":
        """Some of the panels."""
        return Panels(self.ray[index], self.low[index], self.high[index], self.inverse)

    def halves(self) -> "Panels":
        """Both halves of every panel."""
        middle = 0.5 * (self.low + self.high)
        low, high = np.concatenate([self.low, middle]), np.concatenate([middle, self.high])
        return Panels(np.concatenate([self.ray, self.ray]), low, high, self.inverse)

    def join(self, other: "Panels") -> "Panels":
        """Panels of both."""
        low, high = np.concatenate([self.low, other.low]), np.concatenate([self.high, other.high])
        return Panels(np.concatenate([self.ray, other.ray]), low, high, self.inverse)

    def middle(self, D: int) -> tuple[Real, Real]:
        """Radius in the middle of each panel, and its measure there."""
        r, weight = self._measure(0.5 * (self.low + self.high)[:, None], D)
        return r[:, 0], weight[:, 0]

    def points(self, D: int) -> tuple[Real, Real]:
        """Radii ``(n, 15)`` of the nodes, and ``r^(D-1) dr`` per unit weight of the rules there."""
        u = 0.5 * (self.low + self.high)[:, None] + 0.5 * (self.high - self.low)[:, None] * NODES
        return self._measure(u, D)

    def _measure(self, u: Real, D: int) -> tuple[Real, Real]:
        half = 0.5 * (self.high - self.low)[:, None]
        if self.inverse:
            return 1.0 / u, half * u ** (-D - 1.0)
        return u, half * u ** (D - 1.0)
