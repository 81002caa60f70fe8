"""Bands along a path, coloured by a quantity of theirs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solenoidal.continuum import ContinuumModel
from solenoidal.errors import InputError
from solenoidal.figures.levels import Levels, levels_at
from solenoidal.figures.style import SETTINGS, check_figure, colour_bar, diverging, scale, unit_text, write
from solenoidal.model import BlochModel
from solenoidal.paths import Path, automatic_path, path_through

if TYPE_CHECKING:
    import os

    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

__all__ = ["colour_limit", "plot_bands", "reference_energy", "vanishes"]

Real = NDArray[np.float64]

#: Part of the values that a colour scale covers by default: hot spots near crossings would grey out the rest.
COVERED = 0.98
#: Smallest limit of a colour scale, in the unit of the quantity: below it there is only rounding.
ROUNDING = 1e-6


def plot_bands(
    model: BlochModel | ContinuumModel,
    path: Path | Sequence[tuple[str, ArrayLike] | None] | None = None,
    quantity: str = "spin",
    component: str | None = None,
    *,
    operator: str = "spin",
    fermi_energy: float | None = None,
    window: tuple[float, float] | None = None,
    limit: float | None = None,
    logarithmic: bool = False,
    degeneracy: float = 1e-3,
    output: "os.PathLike[str] | str | None" = None,
) -> "Figure":
    """Draw the bands along a path; the colour is a quantity of each level.

    A level of a multiplet has the colour of the trace over the multiplet divided by its size.

    Parameters
    ----------
    model
        The crystal.
    path
        A :class:`~solenoidal.paths.Path`, or stops as in :func:`~solenoidal.paths.path_through`; None for the path of
        the lattice, which needs seekpath.
    quantity
        ``"spin"`` for s_n, ``"berry"`` for the Berry curvature Omega_n, ``"berry_spin"`` for (Omega s)_n, ``"dipole"``
        for the dipole d_n of s, or another key of :data:`solenoidal.figures.levels.COLOURS`.
    component
        Indices in the order of the symbol, such as ``"z"``, ``"xy"``, ``"xyz"`` (Omega^xy s^z), ``"xz"`` (d^x of s^z);
        None for the leading one.
    operator
        The operator s of the model.
    fermi_energy
        eV: zero of the energy axis; None for that of the model, or absolute energies if it has none.
    window
        eV: lowest and highest energy shown, on the axis; None for all bands.
    limit
        Where the colours end; None for the largest value of s_n, and for the limit below which 98 % of the other
        quantities lie.
    logarithmic
        Logarithmic colours, down to a hundredth of ``limit``.
    degeneracy
        Levels closer than this (eV) form a multiplet.
    output
        File to write, by suffix ``.png``, ``.pdf`` or ``.svg``; None to write none.

    Returns
    -------
    matplotlib.figure.Figure
        Independent of pyplot and of its global state.

    Raises
    ------
    InputError
        As :func:`~solenoidal.figures.check_figure`, :func:`~solenoidal.paths.path_through` and
        :func:`~solenoidal.figures.levels.levels_at` do, and if the window or limit is empty.
    """
    check_figure(output)
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    if window is not None and not window[0] < window[1]:
        raise InputError(f"window = {window}: give the lowest energy first, then the highest.")
    line = path if isinstance(path, Path) else _line(model, path)
    levels = levels_at(model, line.k, quantity, component, operator, degeneracy)
    zero = reference_energy(model, fermi_energy)
    shown = _visible(levels, zero or 0.0, window)
    top = colour_limit(levels.values[shown], limit, quantity)
    with rc_context(SETTINGS):
        figure = Figure(figsize=(5.6, 4.0), layout="constrained")
        axes = figure.subplots()
        lines = _lines(line, levels.e - (zero or 0.0), levels.values, scale(top, logarithmic))
        axes.add_collection(lines)
        _frame(axes, line, zero is not None, window)
        if vanishes(levels.values[shown]):
            axes.set_title(f"{levels.symbol} = 0 in all levels shown", fontsize=9.0)
        else:
            colour_bar(figure, axes, lines, top, levels.values[shown], f"{levels.symbol}  [{unit_text(levels.unit)}]")
        if output is not None:
            write(figure, output)
    return figure


def _line(model: BlochModel | ContinuumModel, stops: Sequence[tuple[str, ArrayLike] | None] | None) -> Path:
    """Path of the lattice or through stops."""
    if isinstance(model, ContinuumModel):
        raise InputError(f"{model.source} has no lattice, give the path as a Path of Cartesian k.")
    return automatic_path(model) if stops is None else path_through(model, stops)


def reference_energy(model: BlochModel | ContinuumModel, fermi_energy: float | None) -> float | None:
    """Fermi level given or that of the model, eV; None if neither is known."""
    return model.fermi_energy if fermi_energy is None else fermi_energy


def colour_limit(values: Real, limit: float | None, quantity: str) -> float:
    """Where the colours end; see :func:`plot_bands`.

    Raises
    ------
    InputError
        If the limit asked for is not positive.
    """
    if limit is not None:
        if not limit > 0.0:
            raise InputError(f"limit = {limit:g}: the colour scale needs a positive limit.")
        return limit
    return max(ROUNDING, float(np.quantile(abs(values), 1.0 if quantity == "spin" else COVERED)))


def vanishes(values: Real) -> bool:
    """Whether there is nothing but rounding, such as the spin of pairs: then a colour bar would mislead."""
    return bool(abs(values).max(initial=0.0) < ROUNDING)


def _visible(levels: Levels, zero: float, window: tuple[float, float] | None) -> NDArray[np.bool_]:
    e = levels.e - zero
    low, high = (e.min(), e.max()) if window is None else window
    shown = (e >= low) & (e <= high)
    if not shown.any():
        raise InputError(f"window = {window}: no band lies there, they are between {e.min():.4g} and {e.max():.4g} eV.")
    return np.asarray(shown)


def _lines(path: Path, e: Real, values: Real, norm: "Normalize") -> "LineCollection":
    """One segment per step and band, coloured by the mean of its ends; none across a jump."""
    from matplotlib.collections import LineCollection

    steps = np.setdiff1d(np.arange(len(path.k) - 1), np.array(path.jumps, dtype=np.int64) - 1)
    x = np.broadcast_to(path.distance[:, None], e.shape)
    points = np.stack([x, e], axis=-1)
    segments = np.stack([points[steps], points[steps + 1]], axis=2).reshape(-1, 2, 2)
    colours = 0.5 * (values[steps] + values[steps + 1]).ravel()
    # What lies on top where bands overlap is decided by size, not by the order of the bands.
    order = np.argsort(abs(colours), kind="stable")
    return LineCollection(
        list(segments[order]), array=colours[order], cmap=diverging(), norm=norm, linewidths=1.6, capstyle="round"
    )


def _frame(axes: "Axes", path: Path, relative: bool, window: tuple[float, float] | None) -> None:
    axes.autoscale_view()
    axes.set_xlim(path.distance[0], path.distance[-1])
    if window is not None:
        axes.set_ylim(*window)
    axes.set_xticks([x for x, _ in path.ticks], [label for _, label in path.ticks])
    axes.tick_params(axis="x", length=0)
    for x, _ in path.ticks[1:-1]:
        axes.axvline(x, color="0.6", linewidth=0.6, zorder=0)
    if relative:
        axes.axhline(0.0, color="0.45", linewidth=0.8, linestyle=(0, (4, 2)), zorder=0)
    axes.set_ylabel(r"$\varepsilon - E_\mathrm{F}$ (eV)" if relative else r"$\varepsilon$ (eV)")
