"""Projections on sites and layers, and other operators resolved by them."""

from collections.abc import Mapping, Sequence

import numpy as np

from solenoidal.errors import InputError
from solenoidal.model import BlochModel, Operator
from solenoidal.operators.local import check_index, euclidean, local

__all__ = ["projection", "resolved", "site_groups"]


def site_groups(model: BlochModel, tolerance: float = 1e-3) -> dict[str, list[int]]:
    """Group the orbitals by their centre.

    Parameters
    ----------
    model
        With positions; the centre of orbital a is the diagonal element <a,0|r|a,0>.
    tolerance
        Distance between centres of one site, Angstrom.

    Returns
    -------
    dict
        Names "1", "2", ... in the order of the first orbital of each site, and the orbital numbers from 0.

    Raises
    ------
    InputError
        If the model has no positions.
    """
    if model.position is None:
        raise InputError(f"{model.source}: the orbitals have no positions, give the groups by hand.")
    euclidean(model)
    home = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    centres = np.einsum("iaa->ai", model.position[home]).real
    groups: list[list[int]] = []
    for a, r in enumerate(centres):
        near = [g for g in groups if np.linalg.norm(centres[g[0]] - r) <= tolerance]
        if near:
            near[0].append(a)
        else:
            groups.append([a])
    return {str(i + 1): g for i, g in enumerate(groups)}


def projection(model: BlochModel, groups: Mapping[str, Sequence[int]]) -> Operator:
    """Number of particles on each group of orbitals: sites, layers or shells.

    Parameters
    ----------
    model
        Electrons: no metric.
    groups
        ``{name: orbital numbers from 0}``.

    Returns
    -------
    Operator
        One component per group, dimensionless, even under time reversal.

    Raises
    ------
    InputError
        If there is no group, an orbital does not exist, or the model has a metric.
    """
    return local(model, _projectors(model, groups), tuple(groups), unit="1", time_reversal=+1)


def resolved(model: BlochModel, operator: str, groups: Mapping[str, Sequence[int]]) -> Operator:
    """Part of an operator on each group of orbitals: ``{P, s} / 2``.

    The parts add up to the operator if every orbital is in one group.

    Parameters
    ----------
    model
        Electrons: no metric.
    operator
        Name of an operator of the model.
    groups
        ``{name: orbital numbers from 0}``.

    Returns
    -------
    Operator
        Components ``"x@name"`` for each component x of the operator and each group, the group varying slowest, in
        the unit of the operator and with its parity.

    Raises
    ------
    InputError
        As :func:`projection`, and if the model has no such operator.
    """
    op = model.operator(operator)
    P = np.einsum("gaa->ga", _projectors(model, groups))
    half = (P[:, :, None] + P[:, None, :]) / 2
    parts = op.matrices[:, None] * half[:, None]
    return Operator(
        parts.reshape(len(model.R), -1, model.size, model.size),
        tuple(f"{c}@{name}" for name in groups for c in op.components),
        unit=op.unit,
        flow=op.flow,
        time_reversal=op.time_reversal,
    )


def _projectors(model: BlochModel, groups: Mapping[str, Sequence[int]]) -> np.ndarray:
    """``(n_groups, N, N)`` diagonal."""
    euclidean(model)
    if not groups:
        raise InputError(f"{model.source}: the projection needs at least one group of orbitals.")
    P = np.zeros((len(groups), model.size, model.size))
    for p, orbitals in zip(P, groups.values(), strict=True):
        members = check_index(model, orbitals)
        p[members, members] = 1
    return P
