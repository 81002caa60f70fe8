"""Energy functions: derivatives, limits, no overflow."""

import numpy as np
import pytest

from solenoidal.statistics import FUNCTIONS, entropy, entropy_surface, fermi, fermi_surface, potential

X = np.linspace(-1.5, 1.5, 301)


@pytest.mark.parametrize("kT", [0.05, 0.3])
@pytest.mark.parametrize(
    ("primitive", "minus_slope"),
    [(fermi, fermi_surface), (entropy, entropy_surface), (potential, lambda x, t: -fermi(x, t))],
)
def test_slopes(primitive, minus_slope, kT):
    h = 1e-5
    slope = (primitive(X + h, kT) - primitive(X - h, kT)) / (2 * h)
    np.testing.assert_allclose(-slope, minus_slope(X, kT), atol=1e-8)


def test_entropy_is_minus_the_temperature_slope_of_the_potential():
    kT, h = 0.2, 1e-5
    slope = (potential(X, kT + h) - potential(X, kT - h)) / (2 * h)
    np.testing.assert_allclose(entropy(X, kT), -slope, atol=1e-8)


def test_entropy_sums():
    """int S de = kT pi^2 / 3 and S(0) = log 2."""
    x = np.linspace(-12, 12, 200001)
    assert np.trapezoid(entropy(x, 0.2), x) == pytest.approx(0.2 * np.pi**2 / 3, rel=1e-9)
    assert entropy(np.array([0.0]), 0.2)[0] == pytest.approx(np.log(2))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_limits_deep_in_the_bands_and_above(name):
    F, kT = FUNCTIONS[name], 0.01
    x = np.array([-3.0, -1.0])
    np.testing.assert_allclose(F.at(x, kT), F.deep[0] + F.deep[1] * x, atol=1e-14)
    np.testing.assert_allclose(F.at(-x, kT), 0.0, atol=1e-14)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_overflow(name):
    assert np.isfinite(FUNCTIONS[name].at(np.array([-50.0, -1e-3, 0.0, 1e-3, 50.0]), 1e-9)).all()
