"""Cell averages equal quadrature over the cell, for every function of the energy."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solenoidal.cells import CellGrid, CellZero
from solenoidal.spectral import DirectSum
from solenoidal.statistics import FUNCTIONS

MU = np.linspace(-0.5, 0.7, 5)
ALL = tuple(FUNCTIONS)


def states(seed, D, n=12, columns=2):
    rng = np.random.default_rng(seed)
    return rng.uniform(-3, 2, n), rng.normal(size=(n, columns)), rng.uniform(0.05, 0.4, (n, D))


def quadrature(name, e, x, widths, kT, points=60):
    """Gauss-Legendre over the box of every level."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    out = 0.0
    for level, row, w in zip(e, x, widths, strict=True):
        E = level + functools.reduce(np.add.outer, [nodes * side / 2 for side in w])
        W = functools.reduce(np.multiply.outer, [weights / 2] * len(w))
        out = out + np.array([(FUNCTIONS[name].at(E - m, kT) * W).sum() for m in MU])[:, None] * row
    return out


@pytest.mark.parametrize("D", [1, 2, 3])
@pytest.mark.parametrize("kT", [0.02, 0.1])
def test_grid_of_corners_equals_quadrature(D, kT):
    e, x, widths = states(D, D)
    acc = CellGrid(MU, np.array([kT]), 2, D)
    acc.add(e, x, widths)
    for name in ALL:
        want = quadrature(name, e, x, widths, kT)
        assert abs(acc.integrals(name)[0] - want).max() < 2e-6 * (1 + abs(want).max()), name


@pytest.mark.parametrize("D", [1, 2, 3])
def test_cold_cells_are_the_limit_of_warm_ones(D):
    e, x, widths = states(4 + D, D)
    widths = 0.2 + 0.5 * widths  # kinks and edges of the density are then rounded over a small part of it
    cold = CellZero(MU, 2, ALL)
    cold.add(e, x, widths)
    warm = CellGrid(MU, np.array([2e-4]), 2, D)
    warm.add(e, x, widths)
    for name in ("fermi", "fermi_surface", "potential"):
        size = max(1.0, abs(cold.integrals(name)).max())
        tolerance = 0.5 if name == "fermi_surface" and D == 1 else 5e-3  # a box has edges
        assert abs(cold.integrals(name) - warm.integrals(name)).max() < tolerance * size, name
    for name in ("entropy", "entropy_surface"):
        assert not cold.integrals(name).any()


@settings(deadline=None, max_examples=40)
@given(st.floats(-0.4, 0.6), st.lists(st.floats(1e-3, 0.5), min_size=1, max_size=3))
def test_cell_weights_are_a_normalised_density_and_its_integrals(e, widths):
    """step' = delta and ramp' = -step, by finite differences; the density integrates to one."""
    w = np.array([widths])
    mu = np.linspace(-3, 3, 60_001)
    acc = CellZero(mu, 1, ALL)
    acc.add(np.array([e]), np.ones((1, 1)), w)
    delta, step, ramp = (acc.integrals(name)[0, :, 0] for name in ("fermi_surface", "fermi", "potential"))
    h = mu[1] - mu[0]
    assert step[0] == 0.0
    assert step[-1] == pytest.approx(1.0)
    assert (np.diff(step) > -1e-12).all()
    assert delta.sum() * h == pytest.approx(1.0, abs=1e-6 + 1.01 * h / min(widths))
    inner = slice(1, -1)
    assert abs((ramp[2:] - ramp[:-2]) / (2 * h) + step[inner]).max() < 1e-6 + h / min(widths)
    assert ramp[-1] == pytest.approx(e - 3.0, abs=1e-9)


def test_narrow_cells_are_sharp_levels():
    e, x, _ = states(9, 3, n=200)
    kT = 0.05
    cells, sharp = CellGrid(MU, np.array([kT]), 2, 3), DirectSum(MU, kT, 2, ALL)
    for acc in (cells, sharp):
        acc.add(e, x, np.full((200, 3), 1e-6))
    for name in ALL:
        want = sharp.integrals(name)
        assert abs(cells.integrals(name) - want).max() < 1e-2 * abs(want).max(), name


def test_levels_far_below_the_grid_keep_their_moments():
    e, x, widths = np.array([-30.0, -25.5]), np.array([[1.0, 2.0], [3.0, -1.0]]), np.full((2, 3), 0.4)
    acc = CellGrid(MU, np.array([0.02]), 2, 3)
    acc.add(e, x, widths)
    np.testing.assert_allclose(acc.integrals("fermi")[0], np.broadcast_to(x.sum(axis=0), (5, 2)), rtol=1e-13)
    want = ((e[None, :] - MU[:, None])[:, :, None] * x).sum(axis=1)
    np.testing.assert_allclose(acc.integrals("potential")[0], want, rtol=1e-13)


def test_parts_add_up():
    e, x, widths = states(3, 2, n=50)
    for make in (lambda: CellZero(MU, 2, ALL), lambda: CellGrid(MU, np.array([0.03]), 2, 2)):
        whole, one, two = make(), make(), make()
        whole.add(e, x, widths)
        one.add(e[:20], x[:20], widths[:20])
        two.add(e[20:], x[20:], widths[20:])
        one.merge(two)
        for name in ALL:
            np.testing.assert_allclose(one.integrals(name), whole.integrals(name), atol=1e-11)
