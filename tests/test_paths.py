"""Paths through the zone: laws of their geometry, and labels."""

import importlib.util

import numpy as np
import pytest

import solenoidal as sol
from solenoidal.errors import InputError
from solenoidal.model import BlochModel
from solenoidal.paths import automatic_path, path_through

STOPS = [("Γ", (0.0, 0.0)), ("K", (2 / 3, 1 / 3)), ("M", (0.5, 0.5)), None, ("Y", (0.0, 0.5)), ("Γ", (0.0, 0.0))]


@pytest.fixture(scope="module")
def honeycomb():
    return sol.models.kane_mele(a=2.5)


def cartesian(model, k):
    return k @ (2 * np.pi * np.linalg.inv(model.lattice).T)


def test_distance_is_the_length_walked(honeycomb):
    path = path_through(honeycomb, STOPS, points=30)
    steps = np.linalg.norm(np.diff(cartesian(honeycomb, path.k), axis=0), axis=1)
    steps[np.array(path.jumps) - 1] = 0.0
    np.testing.assert_allclose(np.diff(path.distance), steps, atol=1e-12)


def test_points_are_evenly_spaced_and_none_is_doubled(honeycomb):
    path = path_through(honeycomb, STOPS, points=60)
    steps = np.diff(path.distance)
    at_jump = np.isin(np.arange(1, len(path.k)), path.jumps)
    assert (steps[at_jump] == 0.0).all()
    assert steps[~at_jump].min() > 0.9 * steps[~at_jump].max()


def test_ticks_stand_at_the_corners(honeycomb):
    path = path_through(honeycomb, STOPS, points=10)
    assert [label for _, label in path.ticks] == ["Γ", "K", "M|Y", "Γ"]
    for (x, _), corner in zip(path.ticks, [STOPS[0], STOPS[1], STOPS[2], STOPS[5]], strict=True):
        here = path.k[np.flatnonzero(abs(path.distance - x) < 1e-12)[0]]
        np.testing.assert_allclose(here, corner[1], atol=1e-12)
    (jump,) = path.jumps
    np.testing.assert_allclose(path.k[[jump - 1, jump]], [(0.5, 0.5), (0.0, 0.5)])


def test_longest_line_has_the_steps_asked_for(honeycomb):
    path = path_through(honeycomb, STOPS[:3], points=24)
    (_, _), (x, _), (_, _) = path.ticks
    assert np.count_nonzero(path.distance <= x + 1e-12) == 25


@pytest.mark.parametrize(
    ("stops", "words"),
    [
        ([], "at least two points in a row"),
        ([("A", (0.0, 0.0))], "at least two points in a row"),
        ([("A", (0.0, 0.0)), None, ("B", (0.5, 0.0))], "at least two points in a row"),
        ([("A", (0.0, 0.0)), ("B", (0.5, 0.0)), None, ("C", (0.1, 0.0))], "at least two points in a row"),
        ([("A", (0.0, 0.0)), ("B", (0.5, 0.0, 0.0))], "point B = .* must have 2 finite coordinates"),
        ([("A", (0.0, np.nan)), ("B", (0.5, 0.0))], "point A = .* must have 2 finite coordinates"),
        ([("A", (0.1, 0.0)), ("B", (0.1, 0.0))], "A and B are the same point"),
    ],
)
def test_mistakes_are_one_sentence(stops, words, honeycomb):
    with pytest.raises(InputError, match=words):
        path_through(honeycomb, stops)


def test_too_few_points_are_refused(honeycomb):
    with pytest.raises(InputError, match="1 points per line are too few"):
        path_through(honeycomb, STOPS, points=1)


def test_chain_needs_no_other_package(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    chain = BlochModel.from_hoppings([[2.0]], {(0,): [[0.0]], (1,): [[-1.0]]})
    path = automatic_path(chain)
    assert path.ticks == ((0.0, "Γ"), (pytest.approx(np.pi / 2), "X"))


def test_absent_seekpath_is_one_sentence(honeycomb, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="an automatic path needs seekpath, install it"):
        automatic_path(honeycomb)


@pytest.fixture
def seekpath():
    return pytest.importorskip("seekpath", reason="seekpath is optional and not installed")


def test_automatic_path_of_a_layer_stays_in_it(honeycomb, seekpath):
    path = automatic_path(honeycomb)
    assert [label for _, label in path.ticks] == ["Γ", "M", "K", "Γ"]
    lengths = np.diff([x for x, _ in path.ticks])
    # The triangle of a hexagonal zone has angles of 30, 60 and 90 degrees.
    np.testing.assert_allclose(lengths / lengths[1], [np.sqrt(3), 1.0, 2.0], atol=1e-9)


@pytest.mark.parametrize("a1", [(0.0, 2.0, 2.0), (-2.0, 0.0, 2.0)])
def test_automatic_path_of_fcc_in_the_cell_given(a1, seekpath):
    others = [(2.0, 0.0, 2.0), (2.0, 2.0, 0.0)] if a1[0] == 0.0 else [(0.0, 2.0, 2.0), (-2.0, 2.0, 0.0)]
    fcc = BlochModel.from_hoppings([a1, *others], {(0, 0, 0): [[0.0]], (1, 0, 0): [[-1.0]]})
    path = automatic_path(fcc)
    assert [label for _, label in path.ticks] == ["Γ", "X", "U|K", "Γ", "L", "W", "X"]
    X = cartesian(fcc, path.k[np.argmin(abs(path.distance - path.ticks[1][0]))])
    np.testing.assert_allclose(np.sort(abs(X)), [0.0, 0.0, 2 * np.pi / 4.0], atol=1e-9)
    L = cartesian(fcc, path.k[np.argmin(abs(path.distance - path.ticks[4][0]))])
    np.testing.assert_allclose(abs(L), np.pi / 4.0, atol=1e-9)


def test_atoms_lower_the_symmetry(seekpath):
    square = sol.models.bhz()
    assert {label for _, label in automatic_path(square).ticks} == {"Γ", "X", "M"}
    along_x = ([(0.0, 0.0), (0.4, 0.0)], [5, 5])
    labels = "".join(label for _, label in automatic_path(square, along_x).ticks)
    assert "S" in labels
    assert "Y" in labels


@pytest.mark.parametrize("second", [(0.3, 1.4), (0.5, 1.4)])
def test_automatic_path_of_skewed_layers_is_in_the_plane(second, seekpath):
    layer = BlochModel.from_hoppings([(1.0, 0.0), second], {(0, 0): [[0.0]], (1, 0): [[-1.0]]})
    path = automatic_path(layer)
    assert path.k.shape[1] == 2
    assert len(path.ticks) >= 3
    assert abs(path.k).max() <= 1.0
