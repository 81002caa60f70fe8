"""Paths through the zone along lines of high symmetry, from labelled points or from the lattice."""

import importlib
import importlib.util
import itertools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solenoidal.errors import InputError
from solenoidal.model import BlochModel

__all__ = ["Line", "Path", "automatic_path", "path_through"]

Real = NDArray[np.float64]
#: A label with its point in lattice coordinates; None where the path jumps.
Stop = tuple[str, ArrayLike] | None
#: A straight line: labels of its ends and the ends.
Line = tuple[str, Real, str, Real]

#: Points on the longest line by default.
POINTS = 100
#: Length of the empty third direction that makes a layer a crystal, in longest lattice vectors.
VACUUM = 7.3


@dataclass(frozen=True)
class Path:
    """Points along straight lines through the zone.

    Attributes
    ----------
    k
        ``(n_k, D)`` in units of the reciprocal lattice vectors.
    distance
        ``(n_k,)`` length along the path, 1/Angstrom; it does not grow at a jump.
    ticks
        Distance and label of every corner; two labels with a bar between them where the path jumps.
    jumps
        Indices of the points that a jump leads to.
    """

    k: Real
    distance: Real
    ticks: tuple[tuple[float, str], ...]
    jumps: tuple[int, ...]


def path_through(model: BlochModel, stops: Sequence[Stop], points: int = POINTS) -> Path:
    """Lay a path through labelled points.

    Parameters
    ----------
    model
        The crystal; only its lattice matters.
    stops
        ``(label, k)`` with k in units of the reciprocal lattice vectors; None between two of them for a jump, such
        as ``[("Γ", (0, 0)), ("X", (0.5, 0)), None, ("Y", (0, 0.5)), ("Γ", (0, 0))]``.
    points
        Steps of the longest line; the others have the same spacing, at least 2 steps.

    Raises
    ------
    InputError
        If a point has the wrong number of coordinates, a line has no length, or there is no line.
    """
    lines = [
        (first[0], _point(model, first), second[0], _point(model, second))
        for first, second in itertools.pairwise(stops)
        if first is not None and second is not None
    ]
    alone = [i for i, stop in enumerate(stops) if stop is not None and not _has_neighbour(stops, i)]
    if alone or not lines:
        raise InputError("path: every point needs a neighbour to draw a line to, give at least two points in a row.")
    return _join(model, lines, points)


def _has_neighbour(stops: Sequence[Stop], i: int) -> bool:
    return any(0 <= j < len(stops) and stops[j] is not None for j in (i - 1, i + 1))


def _point(model: BlochModel, stop: tuple[str, ArrayLike]) -> Real:
    k = np.asarray(stop[1], dtype=np.float64)
    if k.shape != (model.dimension,) or not np.isfinite(k).all():
        raise InputError(
            f"path: point {stop[0]} = {stop[1]} must have {model.dimension} finite coordinates, one per reciprocal "
            f"lattice vector of {model.name}."
        )
    return k


def _join(model: BlochModel, lines: Sequence[Line], points: int) -> Path:
    """Sample lines with a common spacing and put them one after the other."""
    if points < 2:
        raise InputError(f"path: {points} points per line are too few, give at least 2.")
    reciprocal = 2 * np.pi * np.linalg.inv(model.lattice).T
    lengths = [float(np.linalg.norm((end - start) @ reciprocal)) for _, start, _, end in lines]
    for (a, _, b, _), length in zip(lines, lengths, strict=True):
        if length < 1e-9:
            raise InputError(f"path: {a} and {b} are the same point, leave one of them out.")
    k, distance = [lines[0][1][None]], [np.zeros(1)]
    jumps, ticks, done, count = [], [(0.0, lines[0][0])], 0.0, 1
    for (a, start, b, end), length in zip(lines, lengths, strict=True):
        jump = bool(abs(start - k[-1][-1]).max() > 1e-9)
        if jump:
            jumps.append(count)
            ticks[-1] = (done, f"{ticks[-1][1]}|{a}")
        # A corner where two lines meet is sampled once.
        steps = np.linspace(0.0, 1.0, max(2, round(points * length / max(lengths))) + 1)[0 if jump else 1 :]
        k.append(start + steps[:, None] * (end - start))
        distance.append(done + steps * length)
        done, count = done + length, count + len(steps)
        ticks.append((done, b))
    return Path(np.concatenate(k), np.concatenate(distance), tuple(ticks), tuple(jumps))


def automatic_path(
    model: BlochModel, atoms: tuple[ArrayLike, Sequence[int]] | None = None, points: int = POINTS
) -> Path:
    """Lay the customary path of the lattice; in two and three dimensions with seekpath.

    Points and labels are those of Hinuma, Pizzi, Kumagai, Oba, Tanaka, Comput. Mater. Sci. 128, 140 (2017).

    Parameters
    ----------
    model
        The crystal.
    atoms
        Fractional positions ``(n, D)`` and atomic numbers ``(n,)``; None for the symmetry of the bare lattice, which
        can be higher than that of the crystal.
    points
        As in :func:`path_through`.

    Raises
    ------
    InputError
        If seekpath is not installed, or knows no line inside the layer.
    """
    if model.dimension == 1:
        return path_through(model, [("Γ", (0.0,)), ("X", (0.5,))], points)
    seekpath = _seekpath()
    D = model.dimension
    cell = np.diag([VACUUM * float(np.linalg.norm(model.lattice, axis=1).max())] * 3)
    cell[:D, :D] = model.lattice
    places, kinds = (np.zeros((1, D)), [1]) if atoms is None else atoms
    positions = np.zeros((len(kinds), 3))
    positions[:, :D] = np.asarray(places, dtype=np.float64)
    with warnings.catch_warnings():
        # Deprecations inside spglib are of no use to the reader of a figure.
        warnings.simplefilter("ignore", DeprecationWarning)
        found = seekpath.get_path_orig_cell((cell, positions, list(kinds)))
    corners = {label: np.asarray(k, dtype=np.float64) for label, k in found["point_coords"].items()}
    inside = [(a, b) for a, b in found["path"] if all(abs(corners[x][D:]).max(initial=0.0) < 1e-9 for x in (a, b))]
    if not inside:
        raise InputError(f"seekpath knows no line in the plane of {model.name}, give the points of the path.")
    return _join(model, [(_greek(a), corners[a][:D], _greek(b), corners[b][:D]) for a, b in inside], points)


def _seekpath() -> ModuleType:
    if importlib.util.find_spec("seekpath") is None:
        raise InputError("an automatic path needs seekpath, install it with 'pip install seekpath' or give the points.")
    return importlib.import_module("seekpath")


def _greek(label: str) -> str:
    """Label as it is set: GAMMA as the letter, an index below."""
    name, _, index = label.partition("_")
    name = {"GAMMA": "Γ", "SIGMA": "Σ", "DELTA": "Δ", "LAMBDA": "Λ"}.get(name, name)
    return f"{name}$_{{{index}}}$" if index else name
