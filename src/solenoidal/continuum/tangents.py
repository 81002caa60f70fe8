"""Rays that touch a Fermi surface in the plane: there the sum over directions is not smooth at T = 0."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.continuum.rays import Rays
from solenoidal.continuum.recipe import Recipe

__all__ = ["touching_angles"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Angles at which crossings are counted first, and halvings of the angle between different counts.
ANGLES, HALVINGS = 96, 46


def touching_angles(recipe: Recipe) -> dict[int, Real]:
    """Angles of the rays that touch a Fermi surface, by number of mu, where there are any.

    They lie between angles with different numbers of crossings of a band.
    """
    angle = 2 * np.pi * (np.arange(ANGLES) + 0.123) / ANGLES
    mu = np.arange(len(recipe.plan.mu))
    counts = _counts(recipe, np.repeat(angle, len(mu)), np.tile(mu, ANGLES)).reshape(ANGLES, len(mu), -1)
    place, m = np.nonzero((counts != np.roll(counts, -1, axis=0)).any(axis=2))
    low, high, left = angle[place], angle[place] + 2 * np.pi / ANGLES, counts[place, m]
    for _ in range(HALVINGS if len(place) else 0):
        middle = 0.5 * (low + high)
        same = (_counts(recipe, middle, m) == left).all(axis=1)
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return {int(x): high[m == x] for x in np.unique(m)}


def _counts(recipe: Recipe, angle: Real, m: Index) -> Index:
    """``(n, N)``: how often every band has the energy ``mu[m]`` on the ray at each angle."""
    angles, ray = np.unique(angle, return_inverse=True)
    out = np.zeros((len(angle), recipe.model.size), dtype=np.int64)
    table = np.full((len(angles), len(recipe.plan.mu)), -1, dtype=np.int64)
    table[ray, m] = np.arange(len(angle))
    for first in range(0, len(angles), 256):
        part = angles[first : first + 256]
        rays = Rays(recipe.model, np.stack([np.cos(part), np.sin(part)], axis=1), recipe.degeneracy)
        found = rays.crossings(rays.follow(recipe.radii), recipe.plan.mu, refine=False)
        row = table[first + found.ray, found.level]
        np.add.at(out, (row[row >= 0], found.band[row >= 0]), 1)
    return out
