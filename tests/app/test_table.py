"""The table at the end of a run, from results made up for it."""

import numpy as np
import pytest
import xarray as xr

from solenoidal.errors import InputError
from solenoidal.results import load, save
from solenoidal.table import energy_index, independent_components, layout, short_name, summary, variables


def made_up(values, mu=(0.0,), fermi=None, operator="spin", spins=("x", "y", "z")):
    """Result with two definitions; ``values`` is ``{component: (first, second)}``."""
    labels = {"current": ["x", "y"], "field": ["x", "y"], "spin": list(spins)}
    shape = (2, 1, len(mu), 2, 2, len(spins))
    data = np.zeros(shape)
    sigma = xr.DataArray(
        data,
        dims=("definition", "temperature", "mu", *labels),
        coords={"definition": ["eq11", "kubo"], "temperature": [300.0], "mu": list(mu), **labels},
        attrs={"units": "e/(2 pi)"},
    )
    for (i, l, a), pair in values.items():
        sigma.loc[{"current": i, "field": l, "spin": a}] = np.reshape(pair, (2, 1, 1))
    out = xr.Dataset(
        {"conductivity": sigma, "conductivity_error": 0.01 * abs(sigma), "conductivity_sensitivity": -0.002 * sigma},
        attrs={"operator": operator, "title": "spin conductivity of a test"},
    )
    if fermi is not None:
        out.attrs["fermi_energy"] = fermi
        out = out.assign_coords(mu_relative=("mu", np.array(mu) - fermi))
    return out


@pytest.mark.parametrize(("fermi", "index"), [(None, 2), (0.9, 1), (1.6, 2), (-5.0, 2), (99.0, 2), (0.0, 0), (4.0, 4)])
def test_energy_nearest_to_the_fermi_level_else_the_middle(fermi, index):
    assert energy_index(made_up({}, mu=(0.0, 1.0, 2.0, 3.0, 4.0), fermi=fermi)) == index


def test_components_equal_up_to_sign_appear_once():
    data = made_up({"xyz": (-1, -2), "yxz": (1, 2), "xxx": (0.3, 0.1), "yyx": (0.3, 0.1), "xxy": (1e-5, 0)})
    first, second = independent_components(data)
    assert (first.name, first.partners, first.size) == ("xyz", ("-yxz",), 2.0)
    assert (second.name, second.partners) == ("xxx", ("yyx",))


def test_opposite_in_one_definition_only_is_independent():
    names = [c.name for c in independent_components(made_up({"xyz": (-1, -2), "yxz": (1, -2)}))]
    assert names == ["xyz", "yxz"]


def test_leading_components_are_in_alphabetical_order():
    data = made_up({"yxz": (1.0, 0.7), "xyz": (-0.9, -0.8), "xxy": (0.5, 0.1)})
    assert [c.name for c in independent_components(data)] == ["xyz", "yxz", "xxy"]


def test_summary_shows_value_error_and_sensitivity():
    text = summary(made_up({"xyz": (-1.5, -2.0), "yxz": (1.5, 2.0)}, fermi=0.0))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0].startswith("spin conductivity of a test, e/(2 pi), mu = 0 eV (E_F +0 eV)")
    assert "T = 300 K xyz" in lines
    assert "eq11 -1.500 +- 0.015 [0.003]" in lines
    assert "kubo -2.000 +- 0.020 [0.004]" in lines
    assert "xyz = -yxz" in lines


def test_lone_unnamed_component_is_left_out_of_names():
    data = made_up({("x", "y", "charge"): (1, 1)}, operator="charge", spins=("charge",))
    assert [c.name for c in independent_components(data)] == ["xy"]


def test_zero_result_says_so():
    assert "every component is zero" in summary(made_up({}))


def test_many_components_are_counted():
    values = {i + l + a: (n + 1, 1) for n, (i, l, a) in enumerate(("xxx", "xyx", "yxx", "yyx", "xyz", "yxz"))}
    assert "2 smaller independent components are in the file only" in summary(made_up(values))


def with_parts(scale=1.0):
    """Result without a conductivity: parts of an equilibrium current, and a magnetization without entries."""
    mu, labels = [0.0, 1.0], {"current": ["x", "y"], "spin": ["x", "y", "z"]}
    J = np.zeros((3, 1, 2, 2, 3))
    J[0, 0, :, 0, 1], J[1, 0, :, 0, 1] = 2.0 * scale, -2.0 * scale
    M = np.full((1, 2, 1, 3), 0.0)
    M[..., 2] = 0.5
    dims = ("part", "temperature", "mu", *labels)
    variables = {}
    for suffix, factor in (("", 1.0), ("_error", 0.1), ("_sensitivity", 0.01)):
        variables[f"equilibrium_current{suffix}"] = (dims, factor * J, {"units": "eV", "long_name": "spin current"})
        variables[f"magnetization{suffix}"] = (
            ("temperature", "mu", "axis", "spin"),
            factor * M,
            {"units": "eV", "long_name": "spin moment"},
        )
    variables["carriers"] = (("temperature", "mu"), np.ones((1, 2)))
    coords = {"part": ["conventional", "torque_dipole", "total"], "temperature": [300.0], "mu": mu, "axis": ["z"]}
    attrs = {"operator": "spin", "title": "two responses of a test", "solenoidal_version": "0", "dimension": 2}
    return xr.Dataset(variables, {**coords, **labels}, attrs)


def test_variables_are_responses_with_the_conductivity_first():
    assert variables(with_parts()) == ("equilibrium_current", "magnetization")
    both = made_up({}).rename(conductivity="nernst").assign(conductivity=made_up({})["conductivity"])
    assert variables(both) == ("conductivity", "nernst")


def test_layout_follows_from_the_dimensions():
    data = with_parts()
    assert layout(data).label == "part"
    assert layout(data).components == ("current", "spin")
    assert layout(data, "magnetization").label is None
    assert layout(made_up({})).components == ("current", "field", "spin")


def test_parts_are_rows_and_a_lone_response_is_one_row():
    lines = [" ".join(line.split()) for line in summary(with_parts()).splitlines()]
    assert lines[0] == "two responses of a test, mu = 1 eV: value +- error [sensitivity to degeneracy]"
    assert "spin current, eV" in lines
    assert "T = 300 K xy" in lines
    assert "torque_dipole -2.000 +- -0.200 [-0.020]" in lines
    assert "total 0.000 +- 0.000 [0.000]" in lines
    assert "spin moment, eV" in lines
    assert "magnetization 0.5000 +- 0.0500 [0.0050]" in lines


@pytest.mark.parametrize(("scale", "unit"), [(1e12, "10^12 eV"), (1e-8, "10^-9 eV"), (1.0, "eV")])
def test_very_large_and_small_numbers_share_a_power_of_ten(scale, unit):
    text = summary(with_parts(scale))
    assert f"spin current, {unit}\n" in text
    row = next(line for line in text.splitlines() if "conventional" in line)
    power = float(unit.split()[0].replace("10^", "1e")) if "^" in unit else 1.0
    assert float(row.split()[1]) * power == pytest.approx(2.0 * scale, rel=1e-3)


def test_rounding_beside_real_numbers_is_zero():
    data = made_up({"xyz": (1.0, 1.0)}, mu=(0.0, 1.0), fermi=0.0)
    data["conductivity"][{"mu": 0}] *= 1e-16
    assert "every component is zero" in summary(data)


def test_what_the_result_calls_rounding_is_zero():
    data = with_parts()
    data["magnetization"].attrs["rounding"] = 0.6
    before, after = summary(data).split("spin moment, eV")
    assert "every component is zero" in after
    assert "every component is zero" not in before


def test_result_without_conductivity_survives_the_file(tmp_path):
    data = with_parts()
    assert summary(load(save(data, tmp_path / "a.nc"))) == summary(data)


def test_no_response_and_unknown_response_are_one_sentence():
    with pytest.raises(InputError, match="holds no response"):
        summary(with_parts()[["carriers"]])
    with pytest.raises(InputError, match=r"variable 'nernst' is not in this result: .*equilibrium_current"):
        layout(with_parts(), "nernst")


@pytest.mark.parametrize(("spin", "name"), [("z", "xyz"), ("spin", "xy")])
def test_short_name_leaves_out_a_component_called_after_the_operator(spin, name):
    assert short_name(made_up({}), ("x", "y", spin)) == name
