"""Figures: what they show is read back from the artists; how they look is for the eye."""

import importlib.util
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest

import solenoidal as sol
from solenoidal import cli
from solenoidal.errors import InputError
from solenoidal.figures import plot_conductivity, plot_response
from solenoidal.figures.style import unit_text
from solenoidal.results import save
from solenoidal.table import variables


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
    assert texts[-1] == "error: difference between the mesh 8 × 8 and half of it"
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


@pytest.fixture(scope="module")
def others():
    """Every response but the conductivity, of a model without any symmetry that would make it vanish."""
    job = sol.Job(
        {"model": "kane_mele", "fermi_energy": 0.0, "parameters": {"lambda_R": 0.2, "lambda_v": 0.3}},
        {"mesh": 8},
        {"mu": {"from": -1.0, "to": 1.0, "points": 5, "relative_to": "fermi"}, "temperature": [0, 300]},
        {"responses": ["nernst", "equilibrium", "magnetization"]},
    )
    return sol.compute(sol.load_model(job), job, workers=1)


@pytest.mark.parametrize("variable", ["nernst", "equilibrium_current", "magnetization"])
def test_every_response_is_drawn_as_it_is(variable, others):
    where = {"current": "x", "field": "y", "axis": "z", "spin": "y"}
    where = {dim: x for dim, x in where.items() if dim in others[variable].dims}
    component = "".join(where.values())
    axes = plot_response(others, variable=variable, component=component, temperature=[300]).axes[0]
    drawn = [line for line in axes.lines if not line.get_label().startswith("_")]
    expected = others[variable].sel(where).sel(temperature=300).values.reshape(-1, 5)
    np.testing.assert_array_equal([line.get_ydata() for line in drawn], expected)


def test_titles_and_legends_are_those_of_the_response(others):
    def look(variable):
        figure = plot_response(others, variable=variable)
        texts = [t.get_text() for t in figure.legends[0].get_texts()]
        return figure.axes[0].get_ylabel(), texts[:-1]

    symbol, texts = look("nernst")
    assert r"\alpha^" in symbol
    assert r"$k_\mathrm{B}/2\pi$" in symbol
    assert texts[0] == "conventional: response of the current {v, s}/2"
    assert look("equilibrium_current")[1] == ["conventional", "torque dipole", "total"]
    assert look("magnetization")[1] == ["spin orbital magnetization"]


def test_default_is_the_first_response_without_a_conductivity(others):
    assert plot_response(others).axes[0].get_ylabel() == plot_response(others, variable="nernst").axes[0].get_ylabel()
    with pytest.raises(InputError, match=r"variable 'conductivity' is not in this result: .*nernst"):
        plot_conductivity(others)


def test_temperatures_at_which_a_response_vanishes_are_left_out(others):
    assert [a.get_title() for a in plot_response(others, variable="nernst").axes] == ["$T$ = 300 K"]
    assert len(plot_response(others, variable="equilibrium_current").axes) == 2


def test_response_at_one_energy(others):
    for variable in variables(others):
        axes = plot_response(others.isel(mu=[1]), variable=variable, temperature=[300]).axes[0]
        assert len(axes.containers) == len(axes.get_xticks())


def test_no_component_in_one_dimension_is_one_sentence(others):
    with pytest.raises(InputError, match="magnetization has no component in this crystal"):
        plot_response(others.isel(axis=[]), variable="magnetization")


def test_command_draws_the_response_asked_for(others, tmp_path, capsys):
    save(others, tmp_path / "a.nc")
    assert cli.main(["plot", str(tmp_path / "a.nc")]) == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert cli.main(["plot", str(tmp_path / "a.nc"), "-o", str(tmp_path / "m.svg"), "--variable", "magnetization"]) == 0
    assert "spin orbital magnetization" in (tmp_path / "m.svg").read_text()
    assert cli.main(["plot", str(tmp_path / "a.nc"), "--variable", "magnet"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("(hbar/e) S/cm", r"($\hbar/e$) S cm$^{-1}$"),
        ("(hbar/e) A/(m K)", r"($\hbar/e$) A m$^{-1}$ K$^{-1}$"),
        ("A/m^2", r"A m$^{-2}$"),
        ("eV Angstrom", "eV Å"),
        ("|e| eV/Angstrom/hbar", r"$|e|$ eV Å$^{-1}$/$\hbar$"),
        ("mu_B per cell", r"$\mu_\mathrm{B}$ per cell"),
    ],
)
def test_units_are_set_in_mathematics(unit, text):
    assert unit_text(unit) == text
