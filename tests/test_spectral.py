"""Accumulation in energy equals the plain sum with exact Fermi factors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solenoidal.spectral import DirectSum, EnergyGrid, ZeroTemperature, plan
from solenoidal.statistics import FUNCTIONS

MU = np.linspace(-0.5, 0.7, 7)
ALL = tuple(FUNCTIONS)


def plain(e, x, mu, kT, name):
    return np.array([[(FUNCTIONS[name].at(e - m, t)[:, None] * x).sum(axis=0) for m in mu] for t in kT])


def states(seed, n=300, columns=3):
    rng = np.random.default_rng(seed)
    return rng.uniform(-4, 3, n), rng.normal(size=(n, columns))


@pytest.mark.parametrize("kT", [[0.02], [0.03, 0.1], [0.5]])
def test_grid_equals_plain_sum(kT):
    e, x = states(1)
    acc = EnergyGrid(MU, np.array(kT), 3)
    acc.add(e, x, np.ones((len(e), 3)))
    for name in ALL:
        want = plain(e, x, MU, kT, name)
        assert abs(acc.integrals(name) - want).max() < 1e-7 * abs(want).max(), name


def test_direct_sum_equals_plain_sum():
    e, x = states(2)
    acc = DirectSum(MU, 1e-3, 3, ALL)
    acc.add(e, x, np.ones((len(e), 3)))
    for name in ALL:
        want = plain(e, x, MU, [1e-3], name)
        assert abs(acc.integrals(name) - want).max() < 1e-11 * abs(x).sum(), name


@settings(deadline=None, max_examples=30)
@given(split=st.floats(1e-6, 1e-2), center=st.floats(-0.6, 0.8), kT=st.floats(0.01, 0.2))
def test_opposite_weights_at_nearby_energies_survive(split, center, kT):
    e, x = np.array([center, center + split]), np.array([[1.0], [-1.0]]) / split
    acc = EnergyGrid(MU, np.array([kT]), 1)
    acc.add(e, x, np.ones((2, 3)))
    want = (FUNCTIONS["fermi"].at(e[0] - MU, kT) - FUNCTIONS["fermi"].at(e[1] - MU, kT)) / split
    assert abs(acc.integrals("fermi")[0, :, 0] - want).max() < 1e-6 / kT


def test_zero_temperature_is_step_ramp_or_nothing():
    e, x = states(3)
    acc = ZeroTemperature(MU, 3, ALL)
    acc.add(e, x, np.ones((len(e), 3)))
    for name in ("fermi", "potential"):
        assert abs(acc.integrals(name) - plain(e, x, MU, [0.0], name)).max() < 1e-12, name
    for name in ("entropy", "entropy_surface"):
        assert not acc.integrals(name).any()


@pytest.mark.parametrize("D", [1, 2, 3])
def test_cell_average_of_the_delta_function_is_a_density(D):
    widths = np.array([[0.31, 0.17, 0.05][:D]])
    mu = np.linspace(-0.4, 0.4, 20001)
    acc = ZeroTemperature(mu, 1, ["fermi_surface"])
    acc.add(np.array([0.0]), np.ones((1, 1)), widths)
    density = acc.integrals("fermi_surface")[0, :, 0]
    assert (density > -1e-9).all()
    trapezoid = (mu[1] - mu[0]) / widths.min()  # error of the quadrature at a jump of the density
    assert abs(np.trapezoid(density, mu) - 1.0) < trapezoid
    assert abs(np.trapezoid(density * mu**2, mu) - (widths**2).sum() / 12) < trapezoid * widths.sum() ** 2


def test_flat_levels_do_not_overflow():
    acc = ZeroTemperature(MU, 1, ["fermi_surface"])
    acc.add(np.array([MU[2] + 1e-12]), np.ones((1, 1)), np.zeros((1, 3)))
    assert np.isfinite(acc.integrals("fermi_surface")).all()


def test_merging_adds():
    e, x = states(4)
    p = plan(MU, np.array([0.0, 0.001, 0.05, 0.2]))
    whole, first, second = (p.accumulators(3, ALL) for _ in range(3))
    for w, a, b in zip(whole, first, second, strict=True):
        w.add(e, x, np.ones((len(e), 3)))
        a.add(e[:100], x[:100], np.ones((100, 3)))
        b.add(e[100:], x[100:], np.ones((200, 3)))
        a.merge(b)
    for name in ALL:
        want = p.collect(whole, name)
        assert abs(p.collect(first, name) - want).max() < 1e-12 * (1 + abs(want).max())


def test_plan_serves_every_temperature_once():
    kT = np.array([0.0, 1e-5, 0.03, 0.06])
    p = plan(np.linspace(-2, 2, 11), kT)
    assert sorted(p.grid + p.direct) == [0, 1, 2, 3]
    assert p.grid == (2, 3)
    e, x = states(5, columns=2)
    accs = p.accumulators(2, ["fermi"])
    for a in accs:
        a.add(e, x, np.ones((len(e), 3)))
    want = plain(e, x, p.mu, kT, "fermi")
    assert abs(p.collect(accs, "fermi") - want).max() < 1e-6 * abs(want).max()
