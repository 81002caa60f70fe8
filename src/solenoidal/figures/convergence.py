"""How a response moves with the mesh."""

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import xarray as xr

from solenoidal.calculation import compute
from solenoidal.errors import InputError
from solenoidal.events import Listener, silent
from solenoidal.figures.responses import component_labels, entries, entry_text, quantity_text
from solenoidal.figures.style import MARKERS, SETTINGS, check_figure, styles, write
from solenoidal.job import Job
from solenoidal.model import BlochModel
from solenoidal.table import Layout, energy_index, layout, short_name

if TYPE_CHECKING:
    import os

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ladder", "plot_convergence"]

#: So many meshes are named one by one on the axis.
LISTED = 8


def ladder(
    model: BlochModel,
    job: Job,
    meshes: Sequence[int | Sequence[int]],
    listen: Listener = silent,
    workers: int | None = None,
) -> list[xr.Dataset]:
    """Compute a job on several meshes.

    Parameters
    ----------
    model, job, listen, workers
        As in :func:`solenoidal.compute`; the mesh of the job is not looked at.
    meshes
        One number for all directions, or one per direction.

    Returns
    -------
    list of xarray.Dataset
        One result per mesh.

    Raises
    ------
    InputError
        As :func:`solenoidal.compute` does.
    """
    return [compute(model, _on_mesh(job, mesh), listen, workers) for mesh in meshes]


def _on_mesh(job: Job, mesh: int | Sequence[int]) -> Job:
    # A job takes one number for all directions as well, and checks what it is given.
    points: Any = mesh
    zone = replace(job.zone, mesh=points, method=job.zone.integration, tolerance=None, max_points=None)
    return Job(job.system, zone, job.scan, job.compute, folder=job.folder, origin=job.origin)


def plot_convergence(
    results: Sequence[xr.Dataset],
    variable: str | None = None,
    component: str | None = None,
    *,
    temperature: float | None = None,
    mu: float | None = None,
    output: "os.PathLike[str] | str | None" = None,
) -> "Figure":
    """Draw a response against the number of k-points per direction, with its error bars.

    Parameters
    ----------
    results
        The same job on different meshes, from :func:`ladder` or :func:`solenoidal.load`, in any order.
    variable, component
        As in :func:`solenoidal.figures.plot_response`; the leading component is that of the densest mesh.
    temperature
        K, one of those in the results; None for the lowest.
    mu
        eV, absolute, one of those in the results; None for the one nearest to the Fermi level, or the middle.
    output
        File to write, by suffix ``.png``, ``.pdf`` or ``.svg``; None to write none.

    Returns
    -------
    matplotlib.figure.Figure
        Independent of pyplot and of its global state.

    Raises
    ------
    InputError
        As :func:`~solenoidal.figures.check_figure` does, if there are fewer than two meshes, or if one of the
        results lacks the response, component, temperature or energy.
    """
    check_figure(output)
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    ordered = sorted(results, key=_per_direction)
    if len({_per_direction(x) for x in ordered}) < 2:
        raise InputError("a convergence plot needs results on at least two different meshes.")
    form = layout(ordered[-1], variable)
    labels = component_labels(ordered[-1], form, component)
    T = float(ordered[-1]["temperature"].min()) if temperature is None else temperature
    energy = float(ordered[-1]["mu"].values[energy_index(ordered[-1])]) if mu is None else mu
    points = [_at(dataset, form, labels, T, energy) for dataset in ordered]
    with rc_context(SETTINGS):
        figure = Figure(figsize=(5.4, 4.2), layout="constrained")
        axes = figure.subplots()
        _draw(axes, form, ordered, points)
        axes.set_title(_heading(points[-1], T), fontsize=9.0)
        axes.set_ylabel(quantity_text(ordered[-1], form, labels))
        _legend(figure, axes, _error_texts(ordered, f"{form.variable}_error"))
        if output is not None:
            write(figure, output)
    return figure


def _per_direction(dataset: xr.Dataset) -> float:
    """k-points per direction, the geometric mean where they differ."""
    mesh = json.loads(dataset.attrs["mesh"])
    return float(math.prod(mesh) ** (1 / len(mesh)))


def _at(dataset: xr.Dataset, form: Layout, labels: tuple[str, ...], T: float, mu: float) -> xr.Dataset:
    """Values of all entries at one temperature and energy."""
    if layout(dataset, form.variable) != form:
        raise InputError(f"the results lay out {form.variable} in different ways, compute them with the same job.")
    component_labels(dataset, form, short_name(dataset, labels))  # says what is there if this is not
    part = dataset.sel(dict(zip(form.components, labels, strict=True)))
    for dim, x, unit in (("temperature", T, "K"), ("mu", mu, "eV")):
        at = int(abs(part[dim].values - x).argmin())
        if abs(float(part[dim].values[at]) - x) > 1e-9:
            raise InputError(f"{dim} = {x:g} {unit} is not in every result, compute them with the same job.")
        part = part.isel({dim: at})
    return part


def _draw(axes: "Axes", form: Layout, ordered: list[xr.Dataset], points: list[xr.Dataset]) -> None:
    """One line per entry; entries stand a little apart so that their error bars can be told."""
    x = [_per_direction(dataset) for dataset in ordered]
    names = [name for name, _ in entries(points[-1], form)]
    smallest = min(abs(b - a) for a, b in itertools.pairwise(sorted(set(x))))
    for i, (name, style) in enumerate(zip(names, styles(names), strict=True)):
        shift = 0.08 * smallest * (i - 0.5 * (len(names) - 1))
        chosen = [part.sel({form.label: name}) if form.label else part for part in points]
        y = [float(part[form.variable]) for part in chosen]
        error = [float(part[f"{form.variable}_error"]) if f"{form.variable}_error" in part else 0.0 for part in chosen]
        label = entry_text(points[-1], form, name)
        marker = MARKERS[i % len(MARKERS)]
        axes.errorbar([n + shift for n in x], y, error, label=label, marker=marker, markersize=4, capsize=2.5, **style)
    axes.axhline(0.0, color="0.7", linewidth=0.6, zorder=0)
    axes.set_xlabel("k-points per direction")
    if all(n == round(n) for n in x) and len(x) <= LISTED:
        axes.set_xticks(sorted(set(x)), [f"{n:g}" for n in sorted(set(x))])


def _error_texts(results: Sequence[xr.Dataset], name: str) -> list[str]:
    """What the error bars are, one text for each kind."""
    kinds = {str(x[name].attrs.get("long_name", "")) for x in results if name in x}
    return sorted(
        "bars: difference between each mesh and half of it" if "half the mesh" in kind else kind for kind in kinds
    )


def _legend(figure: "Figure", axes: "Axes", errors: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    handles, texts = axes.get_legend_handles_labels()
    for text in errors:
        handles.append(Line2D([], [], color="0.6"))
        texts.append(text)
    figure.legend(handles, texts, loc="outside lower center", ncols=1, alignment="left")


def _heading(point: xr.Dataset, T: float) -> str:
    if "mu_relative" in point.coords:
        return rf"$T$ = {T:g} K, $\mu - E_\mathrm{{F}}$ = {float(point['mu_relative']):g} eV"
    return rf"$T$ = {T:g} K, $\mu$ = {float(point['mu']):g} eV"
