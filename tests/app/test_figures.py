"""Figures: what they show is read back from the artists; how they look is for the eye."""

import importlib.util
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest

from solenoidal.errors import InputError
from solenoidal.figures import plot_conductivity
from solenoidal.results import component_name, save


def curves(axes):
    return {line.get_label().split(":")[0]: line for line in axes.lines if ":" in line.get_label()}


def test_curves_are_the_numbers_of_the_result(result):
    figure = plot_conductivity(result, component="yxz", temperature=[300])
    (axes,) = figure.axes
    drawn = curves(axes)
    assert set(drawn) == {"conventional", "eq11", "eq15", "kubo"}
    for name, line in drawn.items():
        expected = result["conductivity"].sel(definition=name, temperature=300, current="y", field="x", spin="z")
        np.testing.assert_array_equal(line.get_ydata(), expected.values)
        np.testing.assert_array_equal(line.get_xdata(), result["mu_relative"].values)
    assert r"\sigma^{z}_{yx}" in axes.get_ylabel()
    assert r"$e/2\pi$" in axes.get_ylabel()
    assert r"E_\mathrm{F}" in axes.get_xlabel()


def test_largest_component_is_chosen(result):
    axes = plot_conductivity(result).axes
    assert len(axes) == 2
    assert r"\sigma^{z}_{xy}" in axes[0].get_ylabel()
    assert [a.get_title() for a in axes] == ["$T$ = 0 K", "$T$ = 300 K"]


def test_every_definition_has_its_own_colour_and_line_style(result):
    lines = curves(plot_conductivity(result).axes[0]).values()
    assert len({line.get_color() for line in lines}) == len(lines)
    assert len({str(line._unscaled_dash_pattern) for line in lines}) == len(lines)


def test_legend_names_and_explains_the_definitions(result):
    figure = plot_conductivity(result)
    texts = [t.get_text() for t in figure.legends[0].get_texts()]
    assert "conventional: response of the current {v, s}/2" in texts
    assert texts[-1] == "error: difference between the mesh 8 x 8 and half of it"
    assert len(texts) == 5


def test_error_band_has_the_width_of_the_error(result):
    (axes,) = plot_conductivity(result, component="xyz", temperature=[0]).axes
    where = {"definition": "conventional", "temperature": 0, "current": "x", "field": "y", "spin": "z"}
    y, error = (result[name].sel(where).values for name in ("conductivity", "conductivity_error"))
    heights = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.max() == pytest.approx((y + error).max())
    assert heights.min() == pytest.approx((y - error).min())


def test_without_fermi_level_the_axis_is_absolute(result):
    axes = plot_conductivity(result.drop_vars("mu_relative")).axes[0]
    assert axes.get_xlabel() == r"$\mu$ (eV)"


def test_one_energy_is_drawn_as_points_with_bars_side_by_side(result):
    axes = plot_conductivity(result.isel(mu=[2]), component="xyz").axes[0]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["conventional", "eq11", "eq15", "kubo"]
    assert axes.get_xlabel() == r"definition, at $\mu - E_\mathrm{F}$ = 0 eV"
    at = result.isel(mu=2, temperature=0).sel(current="x", field="y", spin="z")
    for i, container in enumerate(axes.containers):
        assert container[0].get_xdata() == [i]
        assert container[0].get_ydata() == at["conductivity"].values[i]
        (low, high) = container[2][0].get_segments()[0][:, 1]
        assert high - low == pytest.approx(2 * at["conductivity_error"].values[i])
    assert len(axes.containers) == 4


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")])
def test_format_follows_the_suffix(suffix, magic, result, tmp_path):
    path = tmp_path / f"figure{suffix}"
    plot_conductivity(result, path)
    assert path.read_bytes().startswith(magic)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_same_result_gives_the_same_svg(result, tmp_path):
    for name in ("a.svg", "b.svg"):
        plot_conductivity(result, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize("name", ["figure.gif", "figure"])
def test_other_formats_are_refused(name, result, tmp_path):
    with pytest.raises(InputError, match=r"is not a format for figures, use \.pdf, \.png, \.svg"):
        plot_conductivity(result, tmp_path / name)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"component": "xyq"}, "component 'xyq' is not in this result"),
        ({"component": "xy"}, "component 'xy' is not in this result"),
        ({"temperature": [77]}, "temperature 77 K is not in this result, choose from 0, 300 K"),
        ({"temperature": []}, "1 to 3 panels"),
    ],
)
def test_absent_parts_are_named(arguments, words, result):
    with pytest.raises(InputError, match=words):
        plot_conductivity(result, **arguments)


def test_absent_matplotlib_is_one_sentence(result, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'pip install "solenoidal\[plot\]"'):
        plot_conductivity(result)


def test_global_state_is_left_alone(result, tmp_path):
    before = dict(mpl.rcParams)
    plot_conductivity(result, tmp_path / "a.png")
    assert dict(mpl.rcParams) == before


def test_pyplot_is_not_imported(result, tmp_path):
    save(result, tmp_path / "a.nc")
    code = (
        "import sys, solenoidal as sol; sol.plot_conductivity(sol.load('a.nc'), 'a.png'); "
        "print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == ["True", "False"]


def test_component_names(result):
    assert component_name(result, "x", "y", "z") == "xyz"
    assert component_name(result, "x", "y", "spin") == "xy"
