"""A response over the chemical potential: its definitions or parts side by side."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from solenoidal.errors import InputError
from solenoidal.figures.style import MARKERS, SETTINGS, check_figure, styles, unit_text, write
from solenoidal.registry import nearest
from solenoidal.table import Layout, independent_components, layout, short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["component_labels", "entries", "entry_text", "plot_conductivity", "plot_response", "quantity_text"]

#: Panels of one figure.
PANELS = 3
#: Symbols of variables; Cartesian directions stand below, the component of the operator above.
SYMBOLS = {
    "conductivity": r"\sigma",
    "nernst": r"\alpha",
    "equilibrium_current": "J",
    "magnetization": "M",
    "dipole_density": "D",
}


def plot_response(
    dataset: xr.Dataset,
    path: Path | str | None = None,
    variable: str | None = None,
    component: str | None = None,
    temperature: Sequence[float] | None = None,
) -> "Figure":
    """Draw every definition or part of one component over the chemical potential, one panel per temperature.

    Parameters
    ----------
    dataset
        Result of :func:`solenoidal.compute` or :func:`solenoidal.load`.
    path
        File to write, by suffix ``.png``, ``.pdf`` or ``.svg``; None to write none.
    variable
        Response to draw, such as ``"nernst"``; None for the conductivity, or the first if there is none.
    component
        Labels of the dimensions of the response, such as ``"xyz"`` for current, field and spin; None for the
        leading one at the Fermi level.
    temperature
        K, at most three of those in the result; None for all at which the response is not zero throughout, or the
        lowest and the highest of them if there are more than three.

    Returns
    -------
    matplotlib.figure.Figure
        Independent of pyplot and of its global state.

    Raises
    ------
    InputError
        As :func:`~solenoidal.figures.check_figure` does, and if the result has no such response, component or
        temperature.
    """
    check_figure(path)
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    form = layout(dataset, variable)
    labels = component_labels(dataset, form, component)
    part = dataset.sel(dict(zip(form.components, labels, strict=True)))
    shown = _temperatures(part, form, temperature)
    with rc_context(SETTINGS):
        figure = Figure(figsize=(2.2 + 3.2 * len(shown), 4.4), layout="constrained")
        panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        for axes, T in zip(panels, shown, strict=True):
            _panel(axes, part.sel(temperature=T), form, T)
        panels[0].set_ylabel(quantity_text(dataset, form, labels))
        _legend(figure, panels[0], dataset, form)
        if path is not None:
            write(figure, path)
    return figure


def plot_conductivity(
    dataset: xr.Dataset,
    path: Path | str | None = None,
    component: str | None = None,
    temperature: Sequence[float] | None = None,
) -> "Figure":
    """Draw every definition of the conductivity: :func:`plot_response` with that variable.

    Parameters
    ----------
    dataset, path, component, temperature
        As in :func:`plot_response`.

    Returns
    -------
    matplotlib.figure.Figure
        See there.

    Raises
    ------
    InputError
        As :func:`plot_response` does, and if the result has no conductivity.
    """
    return plot_response(dataset, path, "conductivity", component, temperature)


def component_labels(dataset: xr.Dataset, form: Layout, component: str | None) -> tuple[str, ...]:
    """Labels of the component asked for, of the leading one if none is.

    Raises
    ------
    InputError
        If the result has no such component, or none at all.
    """
    every = itertools.product(*([str(x) for x in dataset[dim].values] for dim in form.components))
    names = {short_name(dataset, labels): labels for labels in every}
    if not names:
        raise InputError(f"{form.variable} has no component in this crystal, draw another variable.")
    if component is not None:
        if component not in names:
            raise InputError(f"component '{component}' is not in this result: {nearest(component, names)}.")
        return names[component]
    largest = independent_components(dataset, form.variable)
    if largest:
        return largest[0].labels
    # Nothing flows at the Fermi level, for example in a trivial gap: the rest of the scan decides.
    x = abs(dataset[form.variable])
    overall = x.max([dim for dim in x.dims if dim not in form.components])
    return max(names.values(), key=lambda labels: float(overall.sel(dict(zip(form.components, labels, strict=True)))))


def _temperatures(data: xr.Dataset, form: Layout, wanted: Sequence[float] | None) -> list[float]:
    have = [float(T) for T in data["temperature"].values]
    if wanted is None:
        have = [T for T in have if abs(data[form.variable].sel(temperature=T)).max() > 0.0] or have
        return have if len(have) <= PANELS else [min(have), max(have)]
    if not 0 < len(wanted) <= PANELS:
        raise InputError(f"{len(wanted)} temperatures asked for, a figure has 1 to {PANELS} panels.")
    for T in wanted:
        if T not in have:
            listed = ", ".join(f"{x:g}" for x in have)
            raise InputError(f"temperature {T:g} K is not in this result, choose from {listed} K.")
    return [float(T) for T in wanted]


def entries(data: xr.Dataset, form: Layout) -> list[tuple[str, xr.Dataset]]:
    """Every definition or part with its name; the response itself where it has none."""
    if form.label is None:
        return [(form.variable, data)]
    return [(str(name), data.sel({form.label: name})) for name in data[form.label].values]


def entry_text(dataset: xr.Dataset, form: Layout, name: str) -> str:
    """Name of an entry for a legend: a definition with its title, a part in words."""
    if form.label == "definition":
        return f"{name}: {json.loads(dataset.attrs['titles'])[name]}"
    return str(dataset[form.variable].attrs["long_name"]) if form.label is None else name.replace("_", " ")


def _panel(axes: "Axes", data: xr.Dataset, form: Layout, T: float) -> None:
    relative = "mu_relative" in data.coords
    x = data["mu_relative" if relative else "mu"].values
    symbol = r"\mu - E_\mathrm{F}" if relative else r"\mu"
    shown = entries(data, form)
    names = [name for name, _ in shown]
    for i, ((name, part), style) in enumerate(zip(shown, styles(names), strict=True)):
        label = entry_text(data, form, name)
        if len(x) == 1:
            _point(axes, i, part, form, label, style["color"])
        else:
            _curve(axes, x, part, form, label, style)
    axes.axhline(0.0, color="0.7", linewidth=0.6, zorder=0)
    axes.set_title(f"$T$ = {T:g} K", fontsize=9.0)
    if len(x) == 1:
        axes.set_xticks(range(len(names)), [name.replace("_", "\n") for name in names])
        axes.set_xlim(-0.5, len(names) - 0.5)
        axes.set_xlabel(f"{form.label or 'response'}, at ${symbol}$ = {x[0]:g} eV")
    else:
        axes.set_xlabel(f"${symbol}$ (eV)")
        _mark_fermi_level(axes, x, relative)


def _legend(figure: "Figure", panel: "Axes", dataset: xr.Dataset, form: Layout) -> None:
    """One line per entry and one for the error, below the panels where it hides nothing."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles, texts = panel.get_legend_handles_labels()
    if f"{form.variable}_error" in dataset:
        bar = dataset.sizes["mu"] == 1
        handles.append(Line2D([], [], color="0.6") if bar else Patch(color="0.8"))
        texts.append(_error_text(dataset, form))
    figure.legend(handles, texts, loc="outside lower center", ncols=1, alignment="left")


def _error_text(dataset: xr.Dataset, form: Layout) -> str:
    """What the error of a result is."""
    mesh = " × ".join(str(n) for n in json.loads(dataset.attrs["mesh"]))
    if "tolerance" in dataset.attrs:
        return f"error: estimated from the last meshes up to {mesh}"
    text = str(dataset[f"{form.variable}_error"].attrs.get("long_name", ""))
    return f"error: difference between the mesh {mesh} and half of it" if "half the mesh" in text else text


def _error(data: xr.Dataset, form: Layout) -> Any:
    """Error bar of one entry, zero if the result has none."""
    name = f"{form.variable}_error"
    return data[name].values if name in data else 0.0 * data[form.variable].values


def _curve(axes: "Axes", x: Any, data: xr.Dataset, form: Layout, label: str, style: dict[str, Any]) -> None:
    """One entry with its error band."""
    y, error = data[form.variable].values, _error(data, form)
    axes.fill_between(x, y - error, y + error, color=style["color"], alpha=0.12, linewidth=0)
    for edge in (y - error, y + error):
        axes.plot(x, edge, color=style["color"], alpha=0.45, linewidth=0.4)
    # Full lines lie under broken ones, so that curves that coincide all show.
    axes.plot(x, y, label=label, zorder=2.0 if style["linestyle"] == "solid" else 2.1, **style)
    axes.set_xlim(x[0], x[-1])


def _point(axes: "Axes", place: int, data: xr.Dataset, form: Layout, label: str, color: str) -> None:
    """One entry at the only energy of a scan, with its error bar."""
    marker = MARKERS[place % len(MARKERS)]
    y = data[form.variable].values
    axes.errorbar([place], y, _error(data, form), color=color, marker=marker, linestyle="none", capsize=3, label=label)


def _mark_fermi_level(axes: "Axes", x: Any, relative: bool) -> None:
    if relative and x[0] < 0.0 < x[-1]:
        axes.axvline(0.0, color="0.45", linewidth=0.8, zorder=0)
        where = axes.get_xaxis_transform()
        back = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0}  # a curve may run behind it
        axes.text(0.0, 0.03, r" $E_\mathrm{F}$", transform=where, va="bottom", ha="left", color="0.3", bbox=back)


def quantity_text(dataset: xr.Dataset, form: Layout, labels: tuple[str, ...]) -> str:
    """Axis label: symbol of the component, in words where the response has none, and unit."""
    attrs = dataset[form.variable].attrs
    unit = f"[{unit_text(attrs['units'])}]"
    if form.variable not in SYMBOLS:
        return f"{attrs['long_name']} {short_name(dataset, labels)}  {unit}"
    *lower, upper = labels
    upper = rf"\mathrm{{{upper}}}" if len(upper) > 1 else upper
    return rf"${SYMBOLS[form.variable]}^{{{upper}}}_{{{''.join(lower)}}}$  {unit}"
