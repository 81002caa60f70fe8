"""Whether bands that are filled for ever give a response a finite value."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States, solve
from solenoidal.continuum.channels import Part, parts
from solenoidal.continuum.collect import generic
from solenoidal.continuum.directions import Rule, sample
from solenoidal.continuum.recipe import Recipe
from solenoidal.errors import InputError
from solenoidal.multiplets import RESOLVED
from solenoidal.quantities import Settings
from solenoidal.statistics import FUNCTIONS

__all__ = ["check_tails"]

Real = NDArray[np.float64]

#: Octaves beyond the largest radius over which the decay of filled bands is looked at.
OCTAVES = 6


def check_tails(recipe: Recipe) -> None:
    """Refuse responses that bands which are filled for ever make infinite.

    A sum converges if its angular average times k^D falls; for a polynomial Hamiltonian it then falls like 1/k or
    faster.
    """
    if not recipe.beyond.any():
        return
    rule = sample(recipe.model.dimension)
    shells = [_shell(recipe, rule, recipe.span[1] * 2.0**j) for j in (0, OCTAVES)]
    for (name, first, _), (_, last, size) in zip(*shells, strict=True):
        if last > max(2.0 ** (-0.5 * OCTAVES) * first, 1e-10 * size):
            raise InputError(
                f"{recipe.model.source}: {name} diverges, because the filled bands go on for ever and their sum grows "
                f"with the largest k: give a cutoff or leave it out."
            )


def _shell(recipe: Recipe, rule: Rule, r: float) -> list[tuple[str, float, float]]:
    """For every part its name, what the filled bands add per logarithm of k at radius r, and without any symmetry."""
    model = recipe.model
    states = solve(model.block(r * rule.vectors, recipe.operator), recipe.degeneracy)
    weights = rule.weights / rule.norm * r**model.dimension
    out = []
    for part in parts(recipe.task):
        found = (_shell_part(recipe, part, states, weights), _shell_part(recipe, part, generic(states), weights, True))
        name = part.response.name
        out.append((f"{name} ({part.label})" if part.response.label else name, *found))
    return out


def _shell_part(recipe: Recipe, part: Part, states: States, weights: Real, magnitude: bool = False) -> float:
    """Largest entry of the weighted sum over the filled bands; with ``magnitude`` of the sum of magnitudes."""
    settings, largest = Settings(recipe.task.gamma or 0.0), 0.0
    for m in (0, len(recipe.plan.mu) - 1):
        n, mu = int(recipe.beyond[m]), recipe.plan.mu[m]
        total: Real = np.zeros(())
        for c, function in part.channels:
            channel = recipe.channels[c]
            own = states.regroup(RESOLVED) if channel.resolved else states
            constant, slope = FUNCTIONS[function].deep
            factor = constant + slope * (own.e_group[:, :n] - mu)
            x = channel.rows(own, settings, {})[:, :n] * factor[:, :, None]
            total = total + np.einsum("k,knc->c", weights, abs(x) if magnitude else x)
        if magnitude:
            largest = max(largest, float(total.max(initial=0.0)))
            continue
        finished = part.response.finish(
            total.reshape(1, 1, *part.shape(recipe.model.dimension, len(recipe.operator.components)))
        )
        largest = max(largest, float(abs(finished).max(initial=0.0)))
    return largest
