"""Fermi surfaces as triangles in the first Brillouin zone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solenoidal.brillouin import FirstZone, first_zone, reciprocal_vectors
from solenoidal.errors import InputError
from solenoidal.figures.levels import Levels, levels_on_mesh
from solenoidal.isosurface import triangulate
from solenoidal.model import BlochModel

__all__ = ["FermiSurface", "Sheet", "crossing_bands", "fermi_level", "fermi_surface"]

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Sheet:
    """Surface of one band, or of bands that are degenerate throughout, in the first zone.

    Attributes
    ----------
    bands
        Numbers from 0.
    corners
        ``(F, 3, 3)`` triangles: triangle, corner, Cartesian direction; 1/Angstrom.  Seen from the side of higher energy
        they run counterclockwise.
    values
        ``(F, 3)`` the quantity at the corners.
    """

    bands: tuple[int, ...]
    corners: Real
    values: Real

    @property
    def area(self) -> float:
        """Area, 1/Angstrom^2, counted once for degenerate bands."""
        a, b, c = np.moveaxis(self.corners, 1, 0)
        return float(0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum())


@dataclass(frozen=True)
class FermiSurface:
    """Sheets of a Fermi surface, with the quantity that colours them.

    Attributes
    ----------
    sheets
        In the order of their bands.
    zone
        The first Brillouin zone that they lie in.
    mu
        eV, absolute.
    component, symbol, unit
        What the values are; see :class:`solenoidal.figures.levels.Levels`.
    """

    sheets: tuple[Sheet, ...]
    zone: FirstZone
    mu: float
    component: str
    symbol: str
    unit: str


def fermi_surface(
    model: BlochModel,
    mesh: tuple[int, int, int],
    quantity: str = "spin",
    component: str | None = None,
    *,
    mu: float | None = None,
    operator: str = "spin",
    degeneracy: float = 1e-3,
) -> FermiSurface:
    """Triangulate the Fermi surface in the first Brillouin zone.

    Energies and the quantity are linear between the points of the mesh.  Bands closer than ``degeneracy`` at every
    point of it, such as the pairs of a crystal with inversion and time reversal, make one sheet at their mean energy.

    Parameters
    ----------
    model, mesh, quantity, component, mu, operator, degeneracy
        As in :func:`solenoidal.surfaces.write_frmsf`.

    Returns
    -------
    FermiSurface
        See the class.

    Raises
    ------
    InputError
        If the crystal is not three-dimensional, ``mu`` is not known or no band crosses it, or as
        :func:`solenoidal.figures.levels.levels_on_mesh` does.
    """
    level = fermi_level(model, mu)
    levels, bands = crossing_bands(model, mesh, level, quantity, component, operator, degeneracy)
    zone, reciprocal = first_zone(model.lattice), reciprocal_vectors(model.lattice)
    sheets = []
    for group in _together(levels.e[:, bands], bands, degeneracy):
        e, x = (y[:, group].mean(axis=1).reshape(mesh) for y in (levels.e - level, levels.values))
        surface = triangulate(e, x, reciprocal)
        corners, values = zone.clip(surface.corners @ reciprocal, surface.values[surface.triangles])
        # A left-handed set of reciprocal vectors turns the triangles over.
        turn = slice(None, None, 1 if np.linalg.det(reciprocal) > 0.0 else -1)
        sheets.append(Sheet(tuple(group), corners[:, turn], values[:, turn]))
    return FermiSurface(tuple(sheets), zone, level, levels.component, levels.symbol, levels.unit)


def fermi_level(model: BlochModel, mu: float | None) -> float:
    """``mu``, or the Fermi level of a crystal of three dimensions, eV.

    Raises
    ------
    InputError
        If neither is known, or the crystal has fewer dimensions.
    """
    level = model.fermi_energy if mu is None else mu
    if model.dimension != 3:
        raise InputError(f"{model.name} has {model.dimension} periodic directions, a Fermi surface in space needs 3.")
    if level is None:
        raise InputError(f"{model.name} does not tell its Fermi level, give mu in eV.")
    return level


def crossing_bands(
    model: BlochModel,
    mesh: tuple[int, int, int],
    level: float,
    quantity: str,
    component: str | None,
    operator: str,
    degeneracy: float,
) -> tuple[Levels, tuple[int, ...]]:
    """Levels on a mesh, and the numbers from 0 of the bands that cross ``level`` (eV).

    Raises
    ------
    InputError
        If no band does, or as :func:`solenoidal.figures.levels.levels_on_mesh` does.
    """
    levels = levels_on_mesh(model, mesh, quantity, component, operator, degeneracy)
    e = levels.e - level
    crossing = np.flatnonzero((e.min(axis=0) < 0.0) & (e.max(axis=0) > 0.0))
    if not crossing.size:
        raise InputError(f"no band of {model.name} crosses mu = {level:g} eV on the mesh {list(mesh)}, choose another.")
    return levels, tuple(int(n) for n in crossing)


def _together(e: Real, bands: tuple[int, ...], degeneracy: float) -> list[list[int]]:
    """Bands in groups whose neighbours are closer than ``degeneracy`` at every point."""
    groups = [[bands[0]]]
    for i in range(1, len(bands)):
        if bands[i] == bands[i - 1] + 1 and (e[:, i] - e[:, i - 1]).max() < degeneracy:
            groups[-1].append(bands[i])
        else:
            groups.append([bands[i]])
    return groups
