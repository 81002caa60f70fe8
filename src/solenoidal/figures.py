"""Figures of results, ready for print: every definition side by side over the chemical potential."""

import importlib.util
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from solenoidal.errors import InputError
from solenoidal.registry import nearest
from solenoidal.results import check_output, component_name, replace_file
from solenoidal.table import independent_components

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["SUFFIXES", "check_figure", "plot_conductivity"]

#: File formats, by suffix.
SUFFIXES = (".pdf", ".png", ".svg")
#: Colours that stay apart for every kind of colour vision (Okabe and Ito, Color Universal Design, 2008), each
#: with a line style of its own, so that a grey copy can be read as well.
STYLES: dict[str, dict[str, Any]] = {
    "conventional": {"color": "#000000", "linestyle": (0, (6, 2))},
    "eq11": {"color": "#D55E00", "linestyle": (0, (1, 1))},
    "eq15": {"color": "#009E73", "linestyle": (0, (6, 1.5, 1, 1.5))},
    "kubo": {"color": "#0072B2", "linestyle": "solid"},
}
OTHERS: tuple[dict[str, Any], ...] = (
    {"color": "#CC79A7", "linestyle": (0, (3, 1, 1, 1, 1, 1))},
    {"color": "#E69F00", "linestyle": (0, (10, 3))},
    {"color": "#56B4E9", "linestyle": (0, (3, 3))},
)
MARKERS = "osD^v<>"
#: Panels of one figure.
PANELS = 3
SETTINGS: Any = {
    "font.size": 9.0,
    "axes.labelsize": 10.0,
    "axes.linewidth": 0.8,
    "lines.linewidth": 1.5,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "legend.handlelength": 3.2,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "savefig.dpi": 300,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "solenoidal",
    "figure.constrained_layout.w_pad": 0.09,
    "mathtext.fontset": "dejavusans",
}
UNITS = {
    "(hbar/e) S/cm": r"($\hbar/e$) S cm$^{-1}$",
    "S/cm": r"S cm$^{-1}$",
    "e/(2 pi)": r"$e/2\pi$",
    "e^2/h": r"$e^2/h$",
}


def check_figure(path: Path | str) -> None:
    """Refuse a picture that could not be written, before anything is drawn.

    Raises
    ------
    InputError
        If matplotlib is not installed, the suffix is not one of ``SUFFIXES`` or the folder is not writable.
    """
    path = Path(path)
    if importlib.util.find_spec("matplotlib") is None:
        raise InputError('figures need matplotlib, install it with: pip install "solenoidal[plot]".')
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: '{path.suffix}' is not a format for figures, use {', '.join(SUFFIXES)}.")
    check_output(path)


def plot_conductivity(
    dataset: xr.Dataset,
    path: Path | str | None = None,
    component: str | None = None,
    temperature: Sequence[float] | None = None,
) -> "Figure":
    """Draw every definition of one component over the chemical potential, one panel per temperature.

    Parameters
    ----------
    dataset
        Result of :func:`solenoidal.compute` or :func:`solenoidal.load`.
    path
        File to write, by suffix ``.png``, ``.pdf`` or ``.svg``; None to write none.
    component
        Current, field and spin, such as ``"xyz"``; None for the leading one at the Fermi level.
    temperature
        K, at most three of those in the result; None for all, or the lowest and the highest if there are more
        than three.

    Returns
    -------
    matplotlib.figure.Figure
        Independent of pyplot and of its global state.

    Raises
    ------
    InputError
        As :func:`check_figure` does, and if the result has no such component or temperature.
    """
    if path is not None or importlib.util.find_spec("matplotlib") is None:
        check_figure("figure.png" if path is None else path)
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    labels = _component(dataset, component)
    shown = _temperatures(dataset, temperature)
    with rc_context(SETTINGS):
        figure = Figure(figsize=(2.2 + 3.2 * len(shown), 4.4), layout="constrained")
        panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        for axes, T in zip(panels, shown, strict=True):
            where = dict(zip(("current", "field", "spin"), labels, strict=True))
            _panel(axes, dataset.sel({"temperature": T, **where}), T)
        panels[0].set_ylabel(_quantity(dataset, labels))
        _legend(figure, panels[0], dataset)
        if path is not None:
            _write(figure, Path(path))
    return figure


def _component(dataset: xr.Dataset, component: str | None) -> tuple[str, str, str]:
    """Labels of the component asked for, of the largest one if none is."""
    axes = [[str(x) for x in dataset[dim].values] for dim in ("current", "field", "spin")]
    names = {component_name(dataset, i, l, a): (i, l, a) for i in axes[0] for l in axes[1] for a in axes[2]}
    if component is not None:
        if component not in names:
            raise InputError(f"component '{component}' is not in this result: {nearest(component, names)}.")
        return names[component]
    largest = independent_components(dataset)
    if largest:
        return largest[0].labels
    # Nothing flows at the Fermi level, for example in a trivial gap: the rest of the scan decides.
    overall = abs(dataset["conductivity"]).max(("definition", "temperature", "mu"))
    return max(names.values(), key=lambda ila: float(overall.sel(current=ila[0], field=ila[1], spin=ila[2])))


def _temperatures(dataset: xr.Dataset, wanted: Sequence[float] | None) -> list[float]:
    have = [float(T) for T in dataset["temperature"].values]
    if wanted is None:
        return have if len(have) <= PANELS else [min(have), max(have)]
    if not 0 < len(wanted) <= PANELS:
        raise InputError(f"{len(wanted)} temperatures asked for, a figure has 1 to {PANELS} panels.")
    for T in wanted:
        if T not in have:
            listed = ", ".join(f"{x:g}" for x in have)
            raise InputError(f"temperature {T:g} K is not in this result, choose from {listed} K.")
    return [float(T) for T in wanted]


def _panel(axes: "Axes", data: xr.Dataset, T: float) -> None:
    relative = "mu_relative" in data.coords
    x = data["mu_relative" if relative else "mu"].values
    symbol = r"\mu - E_\mathrm{F}" if relative else r"\mu"
    titles = json.loads(data.attrs["titles"])
    names = [str(name) for name in data["definition"].values]
    spare = iter(OTHERS * len(names))
    for i, name in enumerate(names):
        style = dict(STYLES[name] if name in STYLES else next(spare))
        part, label = data.sel(definition=name), f"{name}: {titles[name]}"
        if len(x) == 1:
            _point(axes, i, part, label, style["color"])
        else:
            _curve(axes, x, part, label, style)
    axes.axhline(0.0, color="0.7", linewidth=0.6, zorder=0)
    axes.set_title(f"$T$ = {T:g} K", fontsize=9.0)
    if len(x) == 1:
        axes.set_xticks(range(len(names)), names)
        axes.set_xlim(-0.5, len(names) - 0.5)
        axes.set_xlabel(f"definition, at ${symbol}$ = {x[0]:g} eV")
    else:
        axes.set_xlabel(f"${symbol}$ (eV)")
        _mark_fermi_level(axes, x, relative)


def _legend(figure: "Figure", panel: "Axes", dataset: xr.Dataset) -> None:
    """One line per definition and one for the error band, below the panels where it hides nothing."""
    from matplotlib.patches import Patch

    handles, texts = panel.get_legend_handles_labels()
    if "conductivity_error" in dataset:
        mesh = " x ".join(str(n) for n in json.loads(dataset.attrs["mesh"]))
        handles.append(Patch(color="0.8"))
        texts.append(f"error: difference between the mesh {mesh} and half of it")
    figure.legend(handles, texts, loc="outside lower center", ncols=1, alignment="left")


def _error(data: xr.Dataset) -> Any:
    """Error bar of one definition, zero if the result has none."""
    return data["conductivity_error"].values if "conductivity_error" in data else 0.0 * data["conductivity"].values


def _curve(axes: "Axes", x: Any, data: xr.Dataset, label: str, style: dict[str, Any]) -> None:
    """One definition with its error band."""
    y, error = data["conductivity"].values, _error(data)
    axes.fill_between(x, y - error, y + error, color=style["color"], alpha=0.12, linewidth=0)
    for edge in (y - error, y + error):
        axes.plot(x, edge, color=style["color"], alpha=0.45, linewidth=0.4)
    axes.plot(x, y, label=label, **style)
    axes.set_xlim(x[0], x[-1])


def _point(axes: "Axes", place: int, data: xr.Dataset, label: str, color: str) -> None:
    """One definition at the only energy of a scan, with its error bar."""
    marker = MARKERS[place % len(MARKERS)]
    y = data["conductivity"].values
    axes.errorbar([place], y, _error(data), color=color, marker=marker, linestyle="none", capsize=3, label=label)


def _mark_fermi_level(axes: "Axes", x: Any, relative: bool) -> None:
    if relative and x[0] < 0.0 < x[-1]:
        axes.axvline(0.0, color="0.45", linewidth=0.8, zorder=0)
        where = axes.get_xaxis_transform()
        axes.text(0.0, 0.98, r" $E_\mathrm{F}$", transform=where, va="top", ha="left", color="0.3")


def _quantity(dataset: xr.Dataset, labels: tuple[str, str, str]) -> str:
    """Axis label: symbol of the component and unit."""
    current, field, spin = labels
    upper = rf"\mathrm{{{spin}}}" if len(spin) > 1 else spin
    unit = dataset["conductivity"].attrs["units"]
    return rf"$\sigma^{{{upper}}}_{{{current}{field}}}$  [{UNITS.get(unit, unit)}]"


def _write(figure: "Figure", path: Path) -> None:
    """Draw into memory, then write: an earlier figure survives a failure."""
    kind = path.suffix.lower()[1:]
    # Without a date the same result gives the same file.
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    content = io.BytesIO()
    figure.savefig(content, format=kind, metadata=metadata)
    replace_file(path, content.getbuffer())
