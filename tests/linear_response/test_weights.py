"""Divided differences against integrals of derivatives, at distances from zero to the band width."""

import numpy as np
import pytest

from solenoidal.linear_response.weights import add_pairs, fermi_quotient, potential_quotient
from solenoidal.statistics import entropy_surface, fermi, fermi_surface

NODES, WEIGHTS = np.polynomial.legendre.leggauss(60)
KT = 0.07
GAPS = np.array([0.0, 1e-14, 1e-9, 1e-5, 0.01, 0.069, 0.071, 0.2, 0.8])


def mean(function, x, y):
    """Average of a function between x and y."""
    t = 0.5 * (1 + NODES)
    return (0.5 * WEIGHTS * function(x[..., None] * t + y[..., None] * (1 - t))).sum(axis=-1)


@pytest.fixture(name="pairs")
def _pairs():
    rng = np.random.default_rng(0)
    x = rng.uniform(-0.6, 0.6, size=(40, 1)) + 0 * GAPS
    sign = rng.choice([-1, 1], size=(40, 1))
    return x, x + sign * GAPS


def test_fermi_quotient(pairs):
    want = -mean(lambda z: fermi_surface(z, KT), *pairs)
    np.testing.assert_allclose(fermi_quotient(*pairs, KT), want, rtol=1e-9, atol=1e-14)


def test_potential_quotient(pairs):
    np.testing.assert_allclose(potential_quotient(*pairs, KT), mean(lambda z: fermi(z, KT), *pairs), rtol=1e-10)


def test_quotients_are_symmetric(pairs):
    x, y = pairs
    for quotient in (fermi_quotient, potential_quotient):
        assert np.array_equal(quotient(x, y, KT), quotient(y, x, KT))


def test_potential_quotient_is_an_integral_over_mu(pairs):
    h = 1e-4
    slope = (
        potential_quotient(pairs[0] - h, pairs[1] - h, KT) - potential_quotient(pairs[0] + h, pairs[1] + h, KT)
    ) / 2
    np.testing.assert_allclose(slope / h, -fermi_quotient(*pairs, KT), atol=1e-4)


def test_far_tails_do_not_overflow():
    x, y = np.array([500.0, 500.0, -500.0]), np.array([-500.0, 499.0, -499.0])
    np.testing.assert_allclose(fermi_quotient(x, y, 1e-3), [-1e-3, 0, 0], atol=1e-300)
    np.testing.assert_allclose(potential_quotient(x, y, 1e-3), [0.5, 0, 1])


@pytest.mark.parametrize(("entropy", "slope"), [(False, fermi_surface), (True, entropy_surface)])
def test_pairs_at_every_mu(pairs, entropy, slope):
    """F(e_n-) - F(e_m+) is the integral of F' between the two, divided by w it stays finite for equal levels."""
    mu = np.array([-5.0, -0.3, 0.0, 0.4, 5.0])
    for x, y in zip(pairs[0].T, pairs[1].T, strict=True):
        w = (x - y)[:, None, None]
        factor = np.where(w == 0.0, 1.0, 1.0 / np.where(w == 0.0, 1.0, w))
        X = np.arange(1.0, 3.0) * np.ones((40, 1, 1, 2))
        table = np.zeros((len(mu), 2))
        add_pairs(x[:, None], y[:, None], X, factor, mu, KT, entropy, table)
        each = [-mean(lambda z, m=m: slope(z - m, KT), x, y).sum() for m in mu] if w.any() else np.zeros(len(mu))
        np.testing.assert_allclose(table, np.outer(each, [1, 2]), atol=1e-11)


def test_pairs_that_are_left_out():
    table = np.zeros((1, 1))
    add_pairs(
        np.zeros((1, 1)), np.ones((1, 1)), np.ones((1, 1, 1, 1)), np.zeros((1, 1, 1)), np.zeros(1), KT, False, table
    )
    assert table[0, 0] == 0.0
