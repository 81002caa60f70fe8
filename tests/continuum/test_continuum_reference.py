"""Numbers in closed form: theory notes, sections 6, 8 and 9, with the accuracy of rounding where they state 1e-6."""

import numpy as np
import pytest
from gases import UNIT, dirac, hall, integrals, rashba, winding

from solenoidal import bands
from solenoidal.bloch import fourier, solve


def within(outcome, expected, unit=UNIT):
    """The numbers are right, and the error bar is not smaller than what is wrong with them by more than rounding."""
    got = hall(outcome, unit)
    np.testing.assert_allclose(got, expected, atol=1e-9)
    error = outcome.error[:, 0, 0, 0, 1, 0] / unit
    assert (abs(got - expected) <= error + 1e-11).all()


@pytest.mark.parametrize("alpha", [0.5, 0.01, 3.0])
def test_rashba_gas(alpha):
    """Both bands filled: the conserved current flows opposite to the conventional one (XN, below Eq. 12)."""
    within(integrals(rashba(alpha), 1.0), [1, -1, 0, -1])


def test_rashba_ring():
    """mu < 0: eq11 vanishes, (K) = -2 conv, conv = (k_- - k_+) / 2 alpha."""
    conv = np.sqrt(0.25 - 0.1) / 0.5
    within(integrals(rashba(), -0.05), [conv, 0, 0, -2 * conv])
    assert (round(conv, 4), round(-2 * conv, 4)) == (0.7746, -1.5492)


def test_rashba_general_band():
    """conv = (1 / 2 alpha) integral_{k+}^{k-} eps0'/k dk, eq11 = -1, (K) = 1 - 2 conv."""
    found = integrals(rashba(quartic=0.1), 1.0)
    inner, outer = (
        min(x.real for x in np.roots([0.1, 0, 0.5, sign * 0.5, -1.0]) if abs(x.imag) < 1e-9 and x.real > 0)
        for sign in (1, -1)
    )
    conv = (outer + 0.4 * outer**3 / 3) - (inner + 0.4 * inner**3 / 3)
    within(found, [conv, -1, 0, 1 - 2 * conv])
    assert (round(conv, 6), round(1 - 2 * conv, 6)) == (0.985387, -0.970774)


@pytest.mark.parametrize(
    ("h", "eq15", "kubo"),
    [(0.01, 0.99975, -0.99985), (0.03, 0.99775, -0.99865), (0.1, 0.97559, -0.98520), (0.3, 0.81514, -0.87978)],
)
def test_rashba_zeeman(h, eq15, kubo):
    """Eq. 11 is zero at every h != 0; notes, sections 6 and 8."""
    got = hall(integrals(rashba(h=h), 1.0))
    np.testing.assert_allclose(got[1:], [0, eq15, kubo], atol=6e-6)
    assert abs(got[1]) < 1e-9


def test_rashba_zeeman_against_the_limit():
    """(K) is continuous at h = 0, Eq. 11 jumps from 0 to -1 there and Eq. 15 from 1 to 0."""
    tiny = hall(integrals(rashba(h=1e-4), 1.0, degeneracy=1e-6))
    np.testing.assert_allclose(tiny, [1, 0, 1, -1], atol=1e-6)


@pytest.mark.parametrize("N", [1, 2, 3])
@pytest.mark.parametrize("S", [0.5, 1.5])
def test_winding(N, S):
    """eq11 = -S N / 4 pi whatever the strength; conv tends to the opposite for weak coupling."""
    strength = 1e-3
    found = integrals(winding(strength, N, S), 1.0, cutoff=5.0, degeneracy=1e-6)
    got = hall(found, S * N / (4 * np.pi))
    assert got[1] == pytest.approx(-1, abs=1e-9)
    assert got[0] == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("beta", "printed"), [(0.1, 1.1092), (0.05, 1.0213), (0.02, 1.0032)])
def test_cubic_rashba(beta, printed):
    """conv = (1/k+ - 1/k-) / 2 beta in 9/8pi, eq11 = -1."""
    got = hall(integrals(winding(beta, 3, 1.5), 1.0, cutoff=1 / (3 * beta)), 9 * UNIT)
    inner, outer = (
        min(x.real for x in np.roots([sign * beta, 0.5, 0, -1.0]) if abs(x.imag) < 1e-9 and x.real > 0)
        for sign in (1, -1)
    )
    assert got[0] == pytest.approx((1 / inner - 1 / outer) / (2 * beta), abs=1e-8)
    assert got[1] == pytest.approx(-1, abs=1e-9)
    assert round(got[0], 4) == printed


def test_massive_dirac_charge():
    """s = 1: -(1/4 pi) delta / max(|mu|, delta) in every definition, the lower band filled to infinity."""
    mu = np.array([-0.7, 0.0, 0.1, 0.2001, 0.5, 1.0])
    found = integrals(dirac(), mu, operator="charge")
    X = found.conductivity[:, 0, :, 0, 1, 0] * 4 * np.pi
    np.testing.assert_allclose(X, np.tile(-0.2 / np.maximum(abs(mu), 0.2), (4, 1)), atol=1e-9)
    np.testing.assert_allclose(found.carriers[0], np.sign(mu) * np.maximum(mu**2 - 0.04, 0) / (4 * np.pi), atol=1e-9)


def test_massive_dirac_moment():
    """m_n = delta v^2 / 2 e^2 in both bands."""
    states = solve(fourier(dirac(0.3, 1.7), np.random.default_rng(0).normal(size=(10, 2)), "charge"))
    m = bands.moment(states)[:, :, 0, 1, 0]
    np.testing.assert_allclose(abs(m), 0.3 * 1.7**2 / (2 * states.e**2), rtol=1e-11)


def test_massive_dirac_magnetization():
    """In the gap M = -mu / 4 pi (per e): its slope is the Hall conductivity, its value at mu = 0 vanishes."""
    mu = np.array([-0.1, 0.0, 0.15])
    M = integrals(dirac(), mu, operator="charge", responses=("magnetization",)).values["magnetization"]
    np.testing.assert_allclose(M[0, 0, :, 0, 0], -mu / (4 * np.pi), atol=1e-10)


@pytest.mark.parametrize(
    ("tilt", "b", "quanta"), [(0.4, 0.0, -0.5), (0.0, 0.7, -1.0), (0.0, -0.7, 0.0), (0.4, 2.0, -1.0)]
)
def test_gap_of_a_tilted_or_curved_cone(tilt, b, quanta):
    """Half a quantum for the cone, -(sign delta + sign b) / 2 with a curved mass."""
    X = integrals(dirac(0.2, 1.0, tilt, b), 0.0, operator="charge").conductivity[:, 0, 0, 0, 1, 0]
    np.testing.assert_allclose(2 * np.pi * X, quanta, atol=1e-8)
