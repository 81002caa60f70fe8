"""Every part of the conserved current of a metal with weak disorder, in printed units, side by side."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from solenoidal import diagnostics, engine
from solenoidal._version import __version__
from solenoidal.disorder.boltzmann import Distribution, solve
from solenoidal.disorder.currents import drift, scattering_dipole, side_jump
from solenoidal.disorder.fermi_surface import fermi_surface
from solenoidal.disorder.impurities import Impurity
from solenoidal.errors import InputError
from solenoidal.events import Listener, silent
from solenoidal.model import BlochModel
from solenoidal.units import conductivity_factor, conductivity_unit

__all__ = ["intrinsic", "parts"]

Real = NDArray[np.float64]

DIRECTIONS = ("x", "y", "z")
TITLES = {
    "eq11": "intrinsic conserved current, Eq. 11",
    "J_dp": "scattering dipole, Eq. 14, from the solved Boltzmann equation",
    "eq15": "what is left, Eq. 15",
    "J_sj": "side jump",
    "J_c": "drift of the distribution, Eq. 13",
}


def parts(
    model: BlochModel,
    mu: float,
    impurities: Impurity | Sequence[Impurity],
    *,
    mesh: int | tuple[int, ...],
    surface_mesh: int | tuple[int, ...],
    operator: str = "spin",
    axes: tuple[str, ...] | None = None,
    order: int = 2,
    offset: float = 0.5,
    degeneracy: float = 1e-3,
    workers: int | None = None,
    listen: Listener = silent,
) -> xr.Dataset:
    """Table of eq11, J_dp, eq15, J_sj and J_c at T = 0.

    eq11 and eq15 come from the sum over the zone, J_dp from the solved Boltzmann equation: that eq11 + J_dp = eq15 is
    a result, as good as the two meshes.

    Parameters
    ----------
    model, mu
        The crystal and the chemical potential, eV.
    impurities
        One or several kinds of scatterers.
    mesh
        Points per direction of the sum over the zone (form (S), Fermi-surface terms averaged over the mesh cell).
    surface_mesh, order
        Mesh and Gauss points of :func:`solenoidal.disorder.fermi_surface`.
    operator, axes, offset, degeneracy, workers, listen
        As in a job.

    Returns
    -------
    xarray.Dataset
        ``conductivity(part, current, field, spin)`` in the units of :mod:`solenoidal.units`, without J_sj where levels
        at mu are degenerate.  Attributes: number of points, residual of the Boltzmann equation and ``closure``, the
        largest element of eq11 + J_dp - eq15 in the same units.

    Raises
    ------
    InputError
        As the functions it uses do.
    """
    if not np.isfinite(mu):
        raise InputError(f"mu = {mu}: give a finite chemical potential in eV.")
    sizes = (mesh,) * model.dimension if isinstance(mesh, int) else tuple(mesh)
    surface = fermi_surface(
        model, mu, surface_mesh, operator, axes, order=order, offset=offset, degeneracy=degeneracy, listen=listen
    )
    distribution = solve(surface, impurities, listen=listen)
    sea = intrinsic(model, mu, sizes, offset, operator, axes, degeneracy, workers, listen)
    values = {"eq11": sea[0], "J_dp": scattering_dipole(distribution), "eq15": sea[1]}
    if surface.covariant is not None:
        values["J_sj"] = side_jump(distribution)
    values["J_c"] = drift(distribution)
    return _table(model, mu, operator, axes, values, distribution)


def intrinsic(
    model: BlochModel,
    mu: float,
    mesh: tuple[int, ...],
    offset: float = 0.5,
    operator: str = "spin",
    axes: tuple[str, ...] | None = None,
    degeneracy: float = 1e-3,
    workers: int | None = None,
    listen: Listener = silent,
) -> Real:
    """X of eq11 and eq15 at T = 0 from the sum over the zone, ``(2, current, field, component)``."""
    task = engine.Task(
        mesh=mesh,
        offset=(offset,) * model.dimension,
        # Levels above mu count as well, as far as their mesh cell reaches: a second, high mu has them computed.
        mu=np.array([mu, max(mu, diagnostics.band_range(model)[1]) + 1.0]),
        kT=np.zeros(1),
        operator=operator,
        axes=axes,
        definitions=("eq11", "eq15"),
        degeneracy=degeneracy,
        error=False,
        workers=workers,
    )
    return np.asarray(engine.run(model, task, listen).values["conductivity"][:, 0, 0])


def _table(
    model: BlochModel,
    mu: float,
    operator: str,
    axes: tuple[str, ...] | None,
    values: dict[str, Real],
    distribution: Distribution,
) -> xr.Dataset:
    op = model.operator(operator)
    factor = conductivity_factor(model.dimension, op.flow)
    directions = list(DIRECTIONS[: model.dimension])
    components = [operator if name == "1" else name for name in axes or op.components]
    closure = abs(values["eq11"] + values["J_dp"] - values["eq15"]).max()
    attributes = {
        "units": conductivity_unit(model.dimension, op.flow),
        "convention": "J_i = sum_l sigma_il E_l",
        "parts": "; ".join(f"{name}: {TITLES[name]}" for name in values),
    }
    return xr.Dataset(
        {
            "conductivity": (
                ("part", "current", "field", "spin"),
                factor * np.stack(list(values.values())),
                attributes,
            )
        },
        coords={"part": list(values), "current": directions, "field": directions, "spin": components},
        attrs={
            "source": model.source,
            "solenoidal_version": __version__,
            "mu": mu,
            "surface_points": len(distribution.surface),
            "density_of_states": distribution.surface.density_of_states,
            "boltzmann_residual": distribution.residual,
            "imbalance": float(abs(distribution.imbalance).max()),
            "closure": abs(factor) * float(closure),
        },
    )
