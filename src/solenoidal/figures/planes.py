"""Quantities of bands on a plane of the zone, with the lines where it cuts the Fermi surface."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solenoidal.brillouin import directions, first_zone, reciprocal_vectors
from solenoidal.errors import InputError
from solenoidal.figures.bands import colour_limit, reference_energy, vanishes
from solenoidal.figures.levels import Levels, levels_at
from solenoidal.figures.style import SETTINGS, check_figure, colour_bar, diverging, scale, unit_text, write
from solenoidal.model import BlochModel

if TYPE_CHECKING:
    import os

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Plane", "plot_plane", "whole_zone", "zone_section"]

Real = NDArray[np.float64]

#: Points along each edge by default.
POINTS = 121
#: Part of the zone by which its picture is wider on each side.
MARGIN = 0.04


@dataclass(frozen=True)
class Plane:
    """A parallelogram ``k = centre + x first + y second`` with x and y from -1/2 to 1/2.

    Attributes
    ----------
    first, second
        ``(D,)`` edges in units of the reciprocal lattice vectors.
    centre
        ``(D,)``; None for Gamma.
    """

    first: ArrayLike
    second: ArrayLike
    centre: ArrayLike | None = None

    def grid(self, points: int) -> tuple[Real, Real]:
        """k-points ``(points, points, D)`` from the centre, second edge first, and the centre."""
        u, v = (np.asarray(x, dtype=np.float64) for x in (self.first, self.second))
        centre = np.zeros_like(u) if self.centre is None else np.asarray(self.centre, dtype=np.float64)
        t = np.linspace(-0.5, 0.5, points)
        return t[None, :, None] * u + t[:, None, None] * v, centre


def zone_section(model: BlochModel, normal: ArrayLike = (0, 0, 1), centre: ArrayLike = (0, 0, 0)) -> Plane:
    """Rectangle around the section of a plane with the first Brillouin zone of a three-dimensional crystal.

    Parameters
    ----------
    model
        The crystal; only its lattice matters.
    normal
        ``(3,)`` Cartesian direction across the plane.
    centre
        ``(3,)`` a point of the plane in units of the reciprocal lattice vectors.

    Returns
    -------
    Plane
        Its centre is the point of the plane nearest to Gamma; its edges are Cartesian unit vectors across ``normal``,
        the first without a z component, times the size of the section.

    Raises
    ------
    InputError
        If the crystal is not three-dimensional, three numbers are not given, or the plane misses the zone.
    """
    w, point = np.asarray(normal, dtype=np.float64), np.asarray(centre, dtype=np.float64)
    if model.dimension != 3:
        raise InputError(f"{model.name} has {model.dimension} periodic directions, a section of its zone needs 3.")
    if w.shape != (3,) or point.shape != (3,) or not np.linalg.norm(w) > 0.0:
        raise InputError(f"plane: normal {w.tolist()} and centre {point.tolist()} need three numbers, normal not zero.")
    w = w / np.linalg.norm(w)
    foot = (point @ reciprocal_vectors(model.lattice) @ w) * w
    corners = first_zone(model.lattice).section(w, foot) - foot
    if len(corners) < 3:
        raise InputError(f"plane: it does not meet the first zone of {model.name}, choose a centre nearer to Gamma.")
    edges = [2 * (1 + MARGIN) * abs(corners @ u).max() * u for u in directions(w)]
    first, second, middle = np.array([*edges, foot]) @ model.lattice.T / (2 * np.pi)
    return Plane(first, second, middle)


def whole_zone(model: BlochModel) -> Plane:
    """Rectangle around the first Brillouin zone of a two-dimensional crystal.

    Raises
    ------
    InputError
        If the crystal is not two-dimensional.
    """
    if model.dimension != 2:
        raise InputError(f"{model.name} has {model.dimension} periodic directions, its whole zone is no plane.")
    size = 2 * (1 + MARGIN) * abs(first_zone(model.lattice).corners).max(axis=0)
    first, second = np.diag(size) @ model.lattice.T / (2 * np.pi)
    return Plane(first, second)


def plot_plane(
    model: BlochModel,
    quantity: str = "berry",
    component: str | None = None,
    *,
    plane: Plane | None = None,
    mu: float | None = None,
    band: int | None = None,
    operator: str = "spin",
    points: int = POINTS,
    limit: float | None = None,
    logarithmic: bool = False,
    degeneracy: float = 1e-3,
    output: "os.PathLike[str] | str | None" = None,
) -> "Figure":
    """Draw a quantity of the bands on a plane of the zone, with its Fermi lines in black.

    Parameters
    ----------
    model
        The crystal, of two or three dimensions.
    quantity, component, operator, limit, logarithmic, degeneracy
        As in :func:`~solenoidal.figures.plot_bands`.
    plane
        Part of the zone; None for all of it in two dimensions, for the section k_z = 0 in three.
    mu
        eV, absolute; None for the Fermi level of the model.
    band
        Number of the band from 0; None for the sum over the levels below ``mu``.
    points
        k-points along each edge.
    output
        File to write, by suffix ``.png``, ``.pdf`` or ``.svg``; None to write none.

    Returns
    -------
    matplotlib.figure.Figure
        Independent of pyplot and of its global state.

    Raises
    ------
    InputError
        As :func:`~solenoidal.figures.check_figure` and :func:`~solenoidal.figures.levels.levels_at` do, and if the
        plane does not fit the crystal, ``mu`` is not known, or there is no such band.
    """
    check_figure(output)
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    level = reference_energy(model, mu)
    if level is None:
        raise InputError(f"{model.name} does not tell its Fermi level, give mu in eV.")
    if plane is None:
        plane = zone_section(model) if model.dimension == 3 else whole_zone(model)
    k, centre = _points(model, plane, points)
    levels = levels_at(model, (k + centre).reshape(-1, model.dimension), quantity, component, operator, degeneracy)
    values = _reduce(model, levels, level, band).reshape(points, points)
    x, y, axis_names = _cartesian(model, k, centre)
    with rc_context(SETTINGS):
        height = 4.0 * float(np.ptp(y) / np.ptp(x))
        figure = Figure(figsize=(5.4, min(max(height, 1.5), 7.0) + 0.5), layout="compressed")
        axes = figure.subplots()
        top = colour_limit(values, limit, quantity)
        norm = scale(top, logarithmic)
        image = axes.pcolormesh(x, y, values, norm=norm, cmap=diverging(), shading="gouraud", rasterized=True)
        _contours(axes, x, y, levels.e.reshape(points, points, -1), level)
        corners = _outline(model, k, centre)
        axes.plot(*np.vstack([corners, corners[:1]]).T, color="black", linewidth=0.8, linestyle=(0, (5, 3)))
        axes.set(xlabel=axis_names[0], ylabel=axis_names[1], aspect="equal")
        axes.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
        which = "filled levels: sum of " if band is None else f"level {band}: "
        if vanishes(values):
            axes.set_title(f"{which}{levels.symbol} = 0", fontsize=9.0)
        else:
            colour_bar(figure, axes, image, top, values, f"{which}{levels.symbol}  [{unit_text(levels.unit)}]")
        if output is not None:
            write(figure, output)
    return figure


def _points(model: BlochModel, plane: Plane, points: int) -> tuple[Real, Real]:
    if points < 2:
        raise InputError(f"points = {points}: a plane needs at least 2 along each edge.")
    D = model.dimension
    shapes = {np.shape(x) for x in (plane.first, plane.second, plane.centre) if x is not None}
    if shapes != {(D,)} or D < 2:
        raise InputError(
            f"plane: edges and centre need {D} coordinates, one per reciprocal lattice vector of {model.name}, "
            "and two or three dimensions."
        )
    k, centre = plane.grid(points)
    edges = np.stack([k[0, -1] - k[0, 0], k[-1, 0] - k[0, 0]])
    if np.linalg.matrix_rank(edges, tol=1e-9) < 2:
        raise InputError("plane: its edges are parallel, give two different directions.")
    return k, centre


def _reduce(model: BlochModel, levels: Levels, mu: float, band: int | None) -> Real:
    """Value of one band or sum over the filled ones, ``(n_k,)``."""
    if band is None:
        return np.asarray(np.where(levels.e < mu, levels.values, 0.0).sum(axis=1))
    if not 0 <= band < model.size:
        raise InputError(f"band = {band}: {model.name} has {model.size} bands, give a number from 0.")
    return levels.values[:, band]


def _cartesian(model: BlochModel, k: Real, centre: Real) -> tuple[Real, Real, tuple[str, str]]:
    """Coordinates in the plane, 1/Angstrom, and names of its axes.

    In two dimensions they are k_x and k_y; in three, they count from the centre and the first is along the first edge.
    """
    K = k @ reciprocal_vectors(model.lattice)
    if model.dimension == 2:
        offset = centre @ reciprocal_vectors(model.lattice)
        return K[..., 0] + offset[0], K[..., 1] + offset[1], (r"$k_x$ (Å$^{-1}$)", r"$k_y$ (Å$^{-1}$)")
    u, v = _frame(K)
    return K @ u, K @ v, (f"$k$ along {_direction(u)} (Å$^{{-1}}$)", f"$k$ along {_direction(v)} (Å$^{{-1}}$)")


def _frame(K: Real) -> tuple[Real, Real]:
    """Unit vectors of a plane of points ``(n, n, 3)``: along the first edge, and across it."""
    u, v = K[0, -1] - K[0, 0], K[-1, 0] - K[0, 0]
    u = u / np.linalg.norm(u)
    v = v - (v @ u) * u
    return u, v / np.linalg.norm(v)


def _direction(u: Real) -> str:
    """Cartesian direction as small whole numbers where it is one, else with two decimals."""
    for n in range(1, 7):
        whole = n * u / abs(u).max()
        if abs(whole - np.round(whole)).max() < 1e-6:
            return _numbers(f"{round(x)}" for x in whole)
    return _numbers(f"{x:.2f}" for x in u)


def _numbers(words: Iterable[str]) -> str:
    return "(" + " ".join(words).replace("-", "−") + ")"


def _contours(axes: "Axes", x: Real, y: Real, e: Real, mu: float) -> None:
    """Lines ``e_n = mu`` of every band that crosses it."""
    for n in range(e.shape[2]):
        if e[..., n].min() < mu < e[..., n].max():
            axes.contour(x, y, e[..., n], levels=[mu], colors="black", linewidths=1.0)


def _outline(model: BlochModel, k: Real, centre: Real) -> Real:
    """Corners of the first zone on the plane, ``(n, 2)`` in its coordinates, in turn; none if the plane misses it."""
    zone = first_zone(model.lattice)
    if model.dimension == 2:
        return np.asarray(zone.corners[np.argsort(np.arctan2(*zone.corners.T[::-1]))])
    u, v = _frame(k @ reciprocal_vectors(model.lattice))
    middle = centre @ reciprocal_vectors(model.lattice)
    return np.asarray((zone.section(np.cross(u, v), middle) - middle) @ np.array([u, v]).T)
