"""Rules over the directions of k: both of one dimension, equal angles, Gauss times equal angles on the sphere."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST", "SPHERE", "Rule", "joined", "rules", "rules_between", "sample"]

Real = NDArray[np.float64]

#: Angle of the first direction in units of the spacing: away from the axes of a crystal.
OFFSET = 0.309
#: Most angles in two dimensions, most polar angles in three.
LARGEST = {1: 2, 2: 4096, 3: 64}
#: Measure of all directions.
SPHERE = {1: 2.0, 2: 2 * math.pi, 3: 4 * math.pi}
#: Angles between two marked ones, first and last rule.
BETWEEN = (12, 384)
#: Fewest of the first rule.
FEWEST = {1: 1, 2: 8, 3: 4}


@dataclass(frozen=True)
class Rule:
    """Directions with weights that sum to the number of directions or to one.

    Attributes
    ----------
    vectors
        ``(n, D)`` unit vectors.
    weights
        ``(n,)``.
    norm
        Sum of the weights.
    adds
        Whether the points lie between those of all earlier rules and are added to them, or replace them.
    """

    vectors: Real
    weights: Real
    norm: float
    adds: bool


def rules(dimension: int, least: int) -> list[Rule]:
    """Rules of growing order: in the plane each doubles the directions, in space twice as many stand in two rules.

    Parameters
    ----------
    dimension
        1, 2 or 3.
    least
        The second rule has at least so many directions (2D) or polar angles (3D, with twice as many azimuths).
    """
    if dimension == 1:
        return [Rule(np.array([[1.0], [-1.0]]), np.ones(2), 2.0, False)]
    n = max(FEWEST[dimension], (least + 1) // 2)
    if dimension == 3:
        most = max(LARGEST[3], 2 * n)
        return [_sphere(m) for m in sorted([*_doubled(n, most), *_doubled(n + n // 2, most)])]
    first = OFFSET / n
    added = [_circle(m, first + 0.5 / m, True) for m in _doubled(n, max(LARGEST[2] // 2, 2 * n))]
    return [_circle(n, first, False), *added]


def rules_between(marks: Real) -> list[Rule]:
    """Rules of growing order in the plane for what is smooth between the angles ``marks (n,)`` but not at them.

    With ``phi = middle + half sin(pi u / 2)`` roots of the distance to a mark, and their inverses, are smooth in u.
    """
    out, n = [], BETWEEN[0]
    low = np.sort(marks % (2 * np.pi))
    high = np.append(low[1:], low[0] + 2 * np.pi)
    while n <= BETWEEN[1]:
        u, w = np.polynomial.legendre.leggauss(n)
        half = 0.5 * (high - low)[:, None]
        angle = (0.5 * (high + low)[:, None] + half * np.sin(0.5 * np.pi * u)).ravel()
        weights = (half * w * 0.5 * np.pi * np.cos(0.5 * np.pi * u)).ravel()
        out.append(Rule(np.stack([np.cos(angle), np.sin(angle)], axis=1), weights, 2 * np.pi, False))
        n *= 2
    return out


def joined(used: Sequence[Rule]) -> Rule:
    """One rule of several that add up."""
    vectors, weights = (np.concatenate([getattr(r, x) for r in used]) for x in ("vectors", "weights"))
    return Rule(vectors, weights, sum(r.norm for r in used), False)


def sample(dimension: int) -> Rule:
    """Some directions, symmetric enough that the average of an odd function vanishes."""
    if dimension == 3:
        return rules(3, 16)[0]
    return joined(rules(dimension, 32)[:2])


def _doubled(n: int, largest: int) -> list[int]:
    out = []
    while n <= largest:
        out.append(n)
        n *= 2
    return out


def _circle(n: int, start: float, adds: bool) -> Rule:
    """``n`` equal angles from ``start`` in units of the full turn."""
    angle = 2 * np.pi * (np.arange(n) / n + start)
    return Rule(np.stack([np.cos(angle), np.sin(angle)], axis=1), np.ones(n), float(n), adds)


def _sphere(n: int) -> Rule:
    """Gauss points in cos(theta) times twice as many equal azimuths: exact for harmonics below the 2n-th."""
    z, w = np.polynomial.legendre.leggauss(n)
    phi = 2 * np.pi * (np.arange(2 * n) + OFFSET) / (2 * n)
    rho = np.sqrt(1 - z * z)[:, None]
    vectors = np.stack(np.broadcast_arrays(rho * np.cos(phi), rho * np.sin(phi), z[:, None]), axis=2)
    return Rule(vectors.reshape(-1, 3), np.repeat(w, 2 * n) / (4 * n), 1.0, False)
