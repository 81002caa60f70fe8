"""An interactive page: the Fermi surface of a crystal in its first Brillouin zone."""

import html
import importlib
import importlib.util
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from solenoidal.brillouin import FirstZone, reciprocal_vectors
from solenoidal.errors import InputError
from solenoidal.figures.bands import colour_limit, vanishes
from solenoidal.figures.sheets import FermiSurface, Sheet, fermi_surface
from solenoidal.figures.style import DIVERGING, unit_text
from solenoidal.model import BlochModel
from solenoidal.paths import automatic_path
from solenoidal.results import check_output, replace_file

if TYPE_CHECKING:
    import os

__all__ = ["check_page", "plot_surface"]

Real = NDArray[np.float64]

#: Decimals (1/Angstrom) to which corners of neighbouring triangles agree.
DECIMALS = 7
#: Length of the axes beyond the zone, in distances from Gamma to the farthest corner.
AXIS = 1.2
FONT = "Helvetica, Arial, sans-serif"
GREY, DARK = "#9A9A9A", "#303030"
#: Normals of thin triangles count as well.
LIGHT = {"ambient": 0.6, "diffuse": 0.5, "specular": 0.1, "roughness": 0.6, "fresnel": 0.05}
LIGHT |= {"vertexnormalsepsilon": 0.0, "facenormalsepsilon": 0.0}
#: From behind the shoulder of the viewer.
LAMP = {"x": 1000, "y": 2000, "z": 4000}
#: Distance of the viewer, and the direction where no points of high symmetry say which side to show.
DISTANCE, DIRECTION = 1.5, (0.8, 0.5, 0.33)
LEGEND = {"x": 0.02, "y": 0.92, "itemsizing": "constant", "bgcolor": "rgba(255, 255, 255, 0.6)"}
#: Buttons of the page; among those that it leaves out some send the data to a server.
BUTTONS = [["toImage"], ["zoom3d", "pan3d", "orbitRotation", "tableRotation"], ["resetCameraDefault3d"]]
#: Letters and signs of symbols that have no name in Unicode.
SIGNS = {"hbar": "ħ", "cdot": "·", "partial": "∂", "varepsilon": "ε", "times": "×", "langle": "⟨", "rangle": "⟩"}


def check_page(path: "os.PathLike[str] | str | None") -> None:
    """Refuse a page that could not be written, before anything is computed.

    Parameters
    ----------
    path
        File to write; None if none is to be written.

    Raises
    ------
    InputError
        If plotly is not installed, the suffix is not ``.html`` or the folder is not writable.
    """
    if importlib.util.find_spec("plotly") is None:
        raise InputError('pages need plotly, install it with: pip install "solenoidal[page]"; or write .frmsf.')
    if path is None:
        return
    if Path(path).suffix.lower() != ".html":
        raise InputError(f"{path}: '{Path(path).suffix}' is not a format for Fermi surfaces, use .html or .frmsf.")
    check_output(Path(path))


def plot_surface(
    model: BlochModel,
    mesh: tuple[int, int, int],
    quantity: str = "spin",
    component: str | None = None,
    *,
    mu: float | None = None,
    operator: str = "spin",
    limit: float | None = None,
    degeneracy: float = 1e-3,
    output: "os.PathLike[str] | str | None" = None,
) -> Any:
    """Draw the Fermi surface in its first Brillouin zone as a page that can be turned, zoomed and asked for values.

    The page is one file that needs no network.  Its legend switches the sheets.  Points of high symmetry have labels
    if seekpath is installed.

    Parameters
    ----------
    model, mesh, quantity, component, mu, operator, degeneracy
        As in :func:`~solenoidal.figures.sheets.fermi_surface`.
    limit
        Where the colours end; None as in :func:`~solenoidal.figures.plot_bands`, over the surface.
    output
        File to write, ``.html``; None to write none.

    Returns
    -------
    plotly.graph_objects.Figure
        One mesh per sheet, then the frame of the zone.

    Raises
    ------
    InputError
        As :func:`check_page` and :func:`~solenoidal.figures.sheets.fermi_surface` do, and if the limit is not positive.
    OSError
        If writing fails.
    """
    check_page(output)
    found = fermi_surface(model, mesh, quantity, component, mu=mu, operator=operator, degeneracy=degeneracy)
    values = np.concatenate([sheet.values.ravel() for sheet in found.sheets])
    top = colour_limit(values, limit, quantity)
    graphs = importlib.import_module("plotly.graph_objects")
    traces = [_mesh(graphs, sheet, found) for sheet in found.sheets]
    named = _high_symmetry(model, found.zone)
    traces += [_frame(graphs, found.zone), *_axes(graphs, found.zone), _points(graphs, named)]
    title = f"Fermi surface of {html.escape(model.name)}, μ = {found.mu:.6g} eV"
    figure = graphs.Figure(traces, _layout(title, found, top, _eye(named)))
    if vanishes(values):
        figure.update_layout(title_text=f"{title}; {_hypertext(found.symbol)} = 0", coloraxis_showscale=False)
    if output is not None:
        replace_file(Path(output), _page(figure, title).encode())
    return figure


def _mesh(graphs: Any, sheet: Sheet, found: FermiSurface) -> Any:
    points, corners, values = _shared(sheet)
    x, y, z = points.T.astype(np.float32)
    i, j, k = corners.T.astype(np.int32)
    name = f"band{'s' * (len(sheet.bands) > 1)} {', '.join(map(str, sheet.bands))}"
    hover = f"{_hypertext(found.symbol)} = %{{intensity:.4g}} {_hypertext(unit_text(found.unit))}"
    return graphs.Mesh3d(
        x=x, y=y, z=z, i=i, j=j, k=k, intensity=values, coloraxis="coloraxis", name=name,
        showlegend=True, lighting=LIGHT, lightposition=LAMP,
        hovertemplate=f"{hover}<br>k = (%{{x:.3f}}, %{{y:.3f}}, %{{z:.3f}}) Å<sup>−1</sup><extra>{name}</extra>",
    )  # fmt: skip


def _shared(sheet: Sheet) -> tuple[Real, NDArray[np.int64], NDArray[np.float32]]:
    """Every vertex once, triangles by number, values of the vertices; triangles without area are left out."""
    whole = np.rint(sheet.corners.reshape(-1, 3) * 10**DECIMALS).astype(np.int64)
    _, first, number = np.unique(whole, axis=0, return_index=True, return_inverse=True)
    corners = number.reshape(-1, 3)
    flat = (corners == np.roll(corners, 1, axis=1)).any(axis=1)
    return sheet.corners.reshape(-1, 3)[first], corners[~flat], sheet.values.ravel()[first].astype(np.float32)


def _frame(graphs: Any, zone: FirstZone) -> Any:
    ends = zone.edges
    return _lines(graphs, "zone", np.concatenate([ends, np.full((len(ends), 1, 3), np.nan)], axis=1).reshape(-1, 3))


def _lines(graphs: Any, name: str, points: Real) -> Any:
    """Grey lines through points ``(n, 3)``, broken where one is not a number."""
    x, y, z = points.T
    line = {"color": GREY, "width": 3}
    return graphs.Scatter3d(x=x, y=y, z=z, mode="lines", line=line, name=name, hoverinfo="skip", showlegend=False)


def _axes(graphs: Any, zone: FirstZone) -> list[Any]:
    """Cartesian directions, from the surface of the zone outward."""
    end = AXIS * float(np.linalg.norm(zone.corners, axis=1).max())
    out = []
    for i, name in enumerate("xyz"):
        # The ray leaves where it meets the first face.
        start = min((0.5 * (G @ G) / G[i] for G in zone.faces if G[i] > 1e-9), default=0.0)
        text, font = ["", f"<i>k<sub>{name}</sub></i>"], {"color": GREY, "size": 14, "family": FONT}
        line = _lines(graphs, f"k_{name}", np.array([[start], [end]]) * (np.arange(3) == i))
        out.append(line.update(mode="lines+text", text=text, textfont=font))
    return out


def _points(graphs: Any, named: dict[str, Real]) -> Any:
    """Points of high symmetry with their labels."""
    x, y, z = np.array(list(named.values())).T
    return graphs.Scatter3d(
        x=x, y=y, z=z, mode="markers+text", text=[_hypertext(name) for name in named], textposition="top center",
        marker={"color": DARK, "size": 3}, textfont={"color": DARK, "size": 14, "family": FONT}, name="points",
        hovertemplate="%{text}<extra></extra>", showlegend=False,
    )  # fmt: skip


def _high_symmetry(model: BlochModel, zone: FirstZone) -> dict[str, Real]:
    """Labels with Cartesian points of the zone; Gamma alone without seekpath."""
    named = {"Γ": np.zeros(3)}
    if importlib.util.find_spec("seekpath") is not None:
        path = automatic_path(model)
        for distance, label in path.ticks:
            # Where the path jumps two points have one distance, and their labels a bar between them.
            here = path.k[abs(path.distance - distance) < 1e-9]
            named.update(zip(label.split("|"), here @ reciprocal_vectors(model.lattice), strict=True))
    return {name: k if zone.holds(k) else zone.fold(k) for name, k in named.items()}


def _eye(named: dict[str, Real]) -> Real:
    """Where the viewer stands: before the labelled points."""
    middle = np.sum(list(named.values()), axis=0)
    size = float(np.linalg.norm(middle))
    return DISTANCE * (np.array(DIRECTION) if size < 1e-9 else middle / size)


def _layout(title: str, found: FermiSurface, top: float, eye: Real) -> dict[str, Any]:
    colours = [[i / (len(DIVERGING) - 1), c] for i, c in enumerate(DIVERGING)]
    label = f"{_hypertext(found.symbol)} [{_hypertext(unit_text(found.unit))}]"
    bar = {"title": {"text": label, "side": "top"}, "thickness": 16, "len": 0.7, "x": 1.0, "exponentformat": "power"}
    camera = {"eye": dict(zip("xyz", eye.tolist(), strict=True))}
    end = AXIS * float(np.linalg.norm(found.zone.corners, axis=1).max())
    axes = {f"{d}axis": {"visible": False, "showspikes": False, "range": [-end, end]} for d in "xyz"}
    return {
        "title": {"text": title, "x": 0.02, "xanchor": "left"},
        "font": {"family": FONT, "size": 15, "color": DARK},
        "coloraxis": {"colorscale": colours, "cmin": -top, "cmax": top, "colorbar": bar},
        "legend": {**LEGEND, "title": {"text": "sheets (click to switch)"}},
        "margin": {"l": 0, "r": 0, "t": 50, "b": 0},
        "scene": {**axes, "aspectmode": "cube", "camera": camera},
        "template": "none",
    }


def _page(figure: Any, title: str) -> str:
    """One file with the program that draws it; the same figure gives the same file."""
    config = {"displaylogo": False, "responsive": True, "modeBarButtons": BUTTONS, "plotlyServerURL": ""}
    text: str = figure.to_html(include_plotlyjs=True, config=config, div_id="surface", default_height="100vh")
    head = f"<head><title>{title}</title><style>body {{ margin: 0 }}</style>"
    return text.replace("<head>", head, 1)


def _hypertext(text: str) -> str:
    """Symbol or unit as it is set in a page: formulas between dollar signs become letters with raised parts."""
    parts = html.escape(text).split("$")
    return "".join(_formula(part) if i % 2 else part for i, part in enumerate(parts))


def _formula(text: str) -> str:
    text = re.sub(r"\\[,;! ]", "", text)
    text = re.sub(r"\\(?:mathrm|mathcal|mathbf|text)\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"\\([A-Za-z]+)", lambda found: _letter(found[1]), text)
    for sign, tag in (("^", "sup"), ("_", "sub")):
        text = re.sub(rf"\{sign}(?:\{{([^{{}}]*)\}}|(\w))", rf"<{tag}>\1\2</{tag}>", text)
    return text.replace("<sup></sup>", "").replace("{", "").replace("}", "")


def _letter(command: str) -> str:
    kind = "CAPITAL" if command[0].isupper() else "SMALL"
    try:
        return SIGNS.get(command) or unicodedata.lookup(f"GREEK {kind} LETTER {command.upper()}")
    except KeyError:
        return command
