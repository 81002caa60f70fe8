"""The interactive page of a Fermi surface: what it shows, and that it is one file that asks for nothing else."""

import importlib.util
import re

import numpy as np
import pytest

import solenoidal as sol
from solenoidal.errors import InputError
from solenoidal.figures import check_page, plot_surface
from solenoidal.figures.levels import COLOURS
from solenoidal.figures.page import _hypertext
from solenoidal.figures.sheets import fermi_surface

pytest.importorskip("plotly")
MESH = (10, 11, 12)


@pytest.fixture(scope="module")
def model():
    return sol.models.luttinger(h_z=0.3, a=3.0)


@pytest.fixture(scope="module")
def choice(model):
    """A level that several bands cross."""
    return {"quantity": "spin", "component": "z", "mu": 4.5, "operator": next(iter(model.operators))}


@pytest.fixture(scope="module")
def figure(model, choice):
    return plot_surface(model, MESH, **choice)


def traces(figure, kind):
    return [t for t in figure.data if t.type == kind]


def test_every_sheet_is_a_mesh_with_its_values(figure, model, choice):
    surface = fermi_surface(model, MESH, **choice)
    meshes = traces(figure, "mesh3d")
    assert len(meshes) == len(surface.sheets) >= 2
    for mesh, sheet in zip(meshes, surface.sheets, strict=True):
        assert mesh.name.split()[-1] == str(sheet.bands[-1])
        assert mesh.showlegend
        points = np.stack([mesh.x, mesh.y, mesh.z], axis=1).astype(float)
        corners = points[np.stack([mesh.i, mesh.j, mesh.k], axis=1)]
        area = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
        assert area.sum() == pytest.approx(sheet.area, rel=1e-5)
        # A vertex is shared by its triangles.
        assert len(points) < len(corners)
        assert len(mesh.intensity) == len(points)
        assert mesh.intensity.min() == pytest.approx(sheet.values.min(), abs=1e-6)
        assert mesh.intensity.max() == pytest.approx(sheet.values.max(), abs=1e-6)


def test_colours_are_symmetric_and_named(figure, model, choice):
    axis = figure.layout.coloraxis
    largest = max(abs(mesh.intensity).max() for mesh in traces(figure, "mesh3d"))
    assert axis.cmax == -axis.cmin == pytest.approx(largest, rel=1e-6)
    assert "<sup>z</sup>" in axis.colorbar.title.text
    assert model.name in figure.layout.title.text
    assert "4.5 eV" in figure.layout.title.text
    assert plot_surface(model, MESH, **choice, limit=0.2).layout.coloraxis.cmax == 0.2


def test_zone_is_drawn_with_its_points(figure, model):
    frame, *_, named = traces(figure, "scatter3d")
    edge = np.pi / 3.0
    drawn = np.stack([frame.x, frame.y, frame.z], axis=1).astype(float)
    np.testing.assert_allclose(abs(drawn[~np.isnan(drawn).any(axis=1)]), edge)
    assert len(drawn) == 12 * 3
    assert named.text[0] == "Γ"
    if importlib.util.find_spec("seekpath") is not None:
        at = dict(zip(named.text, np.stack([named.x, named.y, named.z], axis=1), strict=True))
        assert set(at) == {"Γ", "X", "M", "R"}
        np.testing.assert_allclose(sorted(abs(at["X"])), [0, 0, edge], atol=1e-9)
        np.testing.assert_allclose(abs(at["R"]), edge)


def test_page_is_one_file_that_needs_no_network(model, choice, tmp_path):
    for name in ("a.html", "b.html"):
        plot_surface(model, MESH, **choice, output=tmp_path / name)
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert text == (tmp_path / "b.html").read_text(encoding="utf-8")
    assert "<title>Fermi surface of luttinger" in text
    # Tags that make a browser load something; the program itself holds such words in strings.
    ours = re.sub(r"<script\b[^>]*>.*?</script>", "", text, flags=re.DOTALL)
    assert not re.findall(r"<(?:link|img|iframe)\b|url\(", ours)
    assert not re.findall(r"<script[^>]+src=", text)
    assert '"modeBarButtons"' in text
    assert "sendChartToCloud" not in text[text.index('"modeBarButtons"') :]
    assert len(text) < 6e6


def test_vanishing_quantity_says_so(model):
    """Pairs have no spin: no colour bar that only shows rounding."""
    free = sol.models.luttinger(a=3.0)
    figure = plot_surface(free, MESH, "spin", "z", mu=4.5, operator=next(iter(free.operators)))
    assert figure.layout.title.text.endswith("= 0")
    assert figure.layout.coloraxis.showscale is False


def test_every_symbol_becomes_hypertext():
    for colour in COLOURS.values():
        text = _hypertext(colour.symbol.format(d="xy", i="x", l="y", a="z"))
        assert not set("\\{}$^") & set(text), text
    assert _hypertext(COLOURS["berry"].symbol.format(d="xy", a="")) == "Ω<sup>xy</sup><sub>n</sub>"
    assert _hypertext(r"$s^{\mathrm{left}}_n$ < 1") == "s<sup>left</sup><sub>n</sub> &lt; 1"


def test_mistakes_are_one_sentence(model, choice, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"use .html or .frmsf"):
        plot_surface(model, MESH, **choice, output=tmp_path / "a.png")
    with pytest.raises(InputError, match="does not exist, create it"):
        plot_surface(model, MESH, **choice, output=tmp_path / "no" / "a.html")
    with pytest.raises(InputError, match="positive limit"):
        plot_surface(model, MESH, **choice, limit=-1.0)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'pip install "solenoidal\[page\]"'):
        check_page(None)
