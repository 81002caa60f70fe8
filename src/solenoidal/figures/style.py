"""How figures look and how they are written: fonts, colours, units, file formats."""

import importlib.util
import io
import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.results import check_output, replace_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure

__all__ = [
    "SETTINGS",
    "STYLES",
    "SUFFIXES",
    "check_figure",
    "colour_bar",
    "diverging",
    "require",
    "scale",
    "styles",
    "unit_text",
    "write",
]

#: File formats, by suffix.
SUFFIXES = (".pdf", ".png", ".svg")
_DASHED: dict[str, Any] = {"color": "#000000", "linestyle": (0, (6, 2))}
_DOTTED: dict[str, Any] = {"color": "#D55E00", "linestyle": (0, (1, 1))}
_SOLID: dict[str, Any] = {"color": "#0072B2", "linestyle": "solid"}
#: Colours that stay apart for every kind of colour vision (Okabe and Ito, Color Universal Design, 2008), each
#: with a line style of its own, so that a grey copy can be read as well.
STYLES: dict[str, dict[str, Any]] = {
    "conventional": _DASHED,
    "eq11": _DOTTED,
    "eq15": {"color": "#009E73", "linestyle": (0, (6, 1.5, 1, 1.5))},
    "kubo": _SOLID,
    "current_dipole": _DASHED,
    "torque_dipole": _DOTTED,
    "torque_quadrupole": _DOTTED,
    "total": _SOLID,
}
OTHERS: tuple[dict[str, Any], ...] = (
    {"color": "#CC79A7", "linestyle": (0, (3, 1, 1, 1, 1, 1))},
    {"color": "#E69F00", "linestyle": (0, (10, 3))},
    {"color": "#56B4E9", "linestyle": (0, (3, 3))},
)
MARKERS = "osD^v<>"
#: Between the two signs of a quantity: both ends are of equal lightness, the middle shows on white paper.
DIVERGING = ("#0B4F8A", "#3B8EC9", "#C9C9C9", "#E8863A", "#A63C00")
#: A logarithmic colour scale is linear below this part of its limit.
RANGE = 100.0
SETTINGS: Any = {
    "font.size": 9.0,
    "axes.labelsize": 10.0,
    "axes.linewidth": 0.8,
    "axes.formatter.use_mathtext": True,
    "axes.formatter.limits": (-3, 5),
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
UNITS = {"e/(2 pi)": r"$e/2\pi$", "e^2/h": r"$e^2/h$", "k_B/(2 pi)": r"$k_\mathrm{B}/2\pi$"}
#: Pieces of a unit and how they are set; of two that fit at one place the first is taken.
_PIECES = {
    "(hbar/e)": r"($\hbar/e$)",
    "|e|": r"$|e|$",
    "k_B e/h": r"$k_\mathrm{B}\,e/h$",
    "e/h": r"$e/h$",
    "mu_B": r"$\mu_\mathrm{B}$",
    "hbar": r"$\hbar$",
    "/cm": r" cm$^{-1}$",
    "/(m K)": r" m$^{-1}$ K$^{-1}$",
    "/m^2": r" m$^{-2}$",
    "/m": r" m$^{-1}$",
    "/Angstrom": r" Å$^{-1}$",
    "Angstrom^2": r"Å$^2$",
    "Angstrom": "Å",
}
_PIECE = re.compile("|".join(map(re.escape, _PIECES)))


def require() -> None:
    """Refuse to draw without matplotlib.

    Raises
    ------
    InputError
        If it is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise InputError('figures need matplotlib, install it with: pip install "solenoidal[plot]".')


def check_figure(path: os.PathLike[str] | str | None) -> None:
    """Refuse a picture that could not be written, before anything is drawn.

    Parameters
    ----------
    path
        File to write; None if none is to be written.

    Raises
    ------
    InputError
        If matplotlib is not installed, the suffix is not one of ``SUFFIXES`` or the folder is not writable.
    """
    require()
    if path is None:
        return
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: '{path.suffix}' is not a format for figures, use {', '.join(SUFFIXES)}.")
    check_output(path)


def styles(names: list[str]) -> list[dict[str, Any]]:
    """Colour and line style of every entry; entries without a style of their own get a spare one in turn."""
    if len(names) == 1 and names[0] not in STYLES:
        return [dict(_SOLID)]
    spare = iter(OTHERS * len(names))
    return [dict(STYLES[name] if name in STYLES else next(spare)) for name in names]


def unit_text(unit: str) -> str:
    """Return a unit as it is set in a figure."""
    return UNITS.get(unit) or _PIECE.sub(lambda piece: _PIECES[piece.group()], unit)


def diverging() -> "Colormap":
    """Colour map for signed quantities, from blue over grey to orange; safe for every kind of colour vision."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("solenoidal", DIVERGING)


def colour_bar(
    figure: "Figure", axes: "Axes", image: "ScalarMappable", limit: float, values: NDArray[np.float64], label: str
) -> None:
    """Add a colour bar for a scale up to ``limit``; its ends are pointed if ``values`` reach beyond it."""
    from matplotlib.colors import SymLogNorm

    ends = "both" if abs(values).max(initial=0.0) > limit * (1 + 1e-9) else "neither"
    bar = figure.colorbar(image, ax=axes, label=label, extend=ends, pad=0.02, aspect=28)
    if isinstance(image.norm, SymLogNorm):
        lowest, highest = math.ceil(math.log10(limit / RANGE)), math.floor(math.log10(limit) + 1e-9)
        powers = [10.0**n for n in range(lowest, highest + 1)]
        bar.set_ticks([*(-x for x in reversed(powers)), 0.0, *powers])
        bar.ax.minorticks_off()


def scale(limit: float, logarithmic: bool) -> "Normalize":
    """Symmetric colour scale up to ``limit``; logarithmic down to ``limit / RANGE`` if wanted."""
    from matplotlib.colors import Normalize, SymLogNorm

    return SymLogNorm(limit / RANGE, linscale=0.5, vmin=-limit, vmax=limit) if logarithmic else Normalize(-limit, limit)


def write(figure: "Figure", path: os.PathLike[str] | str) -> None:
    """Draw into memory, then write: an earlier figure survives a failure.

    Raises
    ------
    OSError
        If writing fails.
    """
    kind = Path(path).suffix.lower()[1:]
    # Without a date the same result gives the same file.
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    content = io.BytesIO()
    figure.savefig(content, format=kind, metadata=metadata)
    replace_file(Path(path), content.getbuffer())
