"""The table at the end of a run, from results made up for it."""

import numpy as np
import pytest
import xarray as xr

from solenoidal.table import energy_index, independent_components, summary


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
