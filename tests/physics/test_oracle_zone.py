"""The reference obeys the laws of whole-zone integrals (theory notes, sections 2 to 6)."""

import numpy as np
import oracle
import pytest
import random_models as rm

from solenoidal import models

MU, KT = 0.1, 0.25
F = oracle.Fermi(MU, KT)


def gapped():
    return rm.electrons(5, 2, 3, gap=0.8)


def zone(model, integrand, n=24, **options):
    return oracle.integrate(model, integrand, (n,) * model.dimension, **options)


def test_divided_differences():
    """Stable forms against the naive quotients where those are safe, and their limits."""
    rng = np.random.default_rng(0)
    a, b, c = rng.uniform(-2, 2, size=(3, 200))
    naive2 = (F.f(a) - F.f(b)) / (a - b)
    np.testing.assert_allclose(F.f2(a, b), naive2, atol=1e-10)
    naive3 = (F.f2(a, b) - F.f2(b, c)) / (a - c)
    np.testing.assert_allclose(F.f3(a, b, c), naive3, atol=1e-9)
    np.testing.assert_allclose(F.f2(a, a), F.df(a), rtol=1e-12)
    np.testing.assert_allclose(F.f3(a, a, a), F.ddf(a) / 2, rtol=1e-12)
    # across the switch from quotient to derivative
    step = KT * 2e-4
    np.testing.assert_allclose(F.f3(a, a, a + 0.99 * step), F.f3(a, a, a + 1.01 * step), atol=1e-5)
    h = 1e-5
    np.testing.assert_allclose((F.f(a + h) - F.f(a - h)) / (2 * h), F.df(a), atol=1e-8)
    np.testing.assert_allclose((F.df(a + h) - F.df(a - h)) / (2 * h), F.ddf(a), atol=1e-7)
    np.testing.assert_allclose((F.g(a + h) - F.g(a - h)) / (2 * h), F.f(a), atol=1e-9)


def test_entropy_is_temperature_derivative():
    e, h = np.linspace(-2, 2, 41), 1e-5
    S = oracle.Entropy(MU, KT)
    slope = (oracle.Fermi(MU, KT + h).g(e) - oracle.Fermi(MU, KT - h).g(e)) / (2 * h)
    np.testing.assert_allclose(S.f(e), -slope, atol=1e-9)
    np.testing.assert_allclose((S.f(e + h) - S.f(e - h)) / (2 * h), S.df(e), atol=1e-8)


def test_three_forms_of_eq11_agree():
    model = rm.electrons(5, 2, 3, gap=0.8)
    S, P, sea = (zone(model, lambda b, form=form: oracle.eq11(b, F, form), 80) for form in ("S", "P", "sea"))
    assert abs(S).max() > 1e-3
    np.testing.assert_allclose(S, P, atol=1e-9)
    np.testing.assert_allclose(S, sea, atol=1e-9)


@pytest.mark.parametrize("make", [gapped, lambda: rm.electrons(3, 3, 4, positions=True)])
def test_kubo_minus_eq11_in_closed_form(make):
    """Section 5: form (P) differs from (K) by the closed form at every k, form (S) after integration."""
    model = make()
    k = np.random.default_rng(5).uniform(size=(30, model.dimension))
    b = oracle.solve(model, k)
    gap = oracle.kubo(b, F) - oracle.eq11(b, F, "P")
    np.testing.assert_allclose(gap, oracle.kubo_minus_eq11(b, F), atol=1e-11 * max(1, abs(gap).max()))
    np.testing.assert_allclose(gap, -gap.swapaxes(1, 2), atol=1e-11 * max(1, abs(gap).max()))


def test_symmetric_parts_agree():
    model = gapped()
    K, S = (zone(model, lambda b, f=f: f(b, F), 40) for f in (oracle.kubo, oracle.eq11))
    gap = K - S
    assert abs(gap).max() > 1e-3
    np.testing.assert_allclose(gap + gap.swapaxes(0, 1), 0 * gap, atol=1e-9)


@pytest.mark.parametrize(
    ("make", "tolerance"),
    [
        (gapped, 1e-8),
        (lambda: rm.doublets(1), 1e-7),
        (lambda: rm.electrons(9, 2, 4, positions=True, gap=0.8), 1e-7),
    ],
)
def test_kubo_is_the_limit_of_finite_wave_vectors(make, tolerance):
    """(K) against conventional + torque at q = 0.02, 0.04 with Richardson extrapolation (error O(q^4))."""
    model = make()
    K, conv = (zone(model, lambda b, f=f: f(b, F)) for f in (oracle.kubo, oracle.conventional))
    for i in (0, 1):
        torque = oracle.richardson(lambda q, i=i: oracle.finite_q(model, i, q, MU, KT, (24, 24)), 0.02)
        assert abs(torque).max() > 1e-3
        np.testing.assert_allclose(conv[i] + torque, K[i], atol=tolerance)


@pytest.mark.parametrize("model", [models.kane_mele(lambda_so=0.12), models.rashba(B_z=0.0)], ids=lambda m: m.name)
def test_kubo_at_kramers_points(model):
    """Only Kramers points, where velocities inside a pair do not commute: no term with three levels of one pair."""
    mesh, offset = (2, 2), 0.0
    b = oracle.solve(model, oracle.mesh_points(mesh, offset))
    assert abs(oracle.commutator(b.v[:, 0] * b.same, b.v[:, 1] * b.same)).max() > 1e-2
    K, conv = (zone(model, lambda b, f=f: f(b, F), 2, offset=offset) for f in (oracle.kubo, oracle.conventional))
    for i in (0, 1):
        torque = oracle.richardson(lambda q, i=i: oracle.finite_q(model, i, q, MU, KT, mesh, offset=offset), 1e-3)
        np.testing.assert_allclose(conv[i] + torque, K[i], atol=1e-9)


def test_equilibrium_current_vanishes():
    """Conventional and torque-dipole parts cancel; the double sum gives the same torque dipole."""
    for model in (gapped(), rm.electrons(3, 2, 4, positions=True, gap=0.8)):
        conv, torque, safe = (
            zone(model, f, 40)
            for f in (
                lambda b: oracle.equilibrium_current(b, F)[0],
                lambda b: oracle.equilibrium_current(b, F)[1],
                lambda b: oracle.torque_dipole_density(b, F),
            )
        )
        assert abs(conv).max() > 1e-3
        np.testing.assert_allclose(conv + torque, 0 * conv, atol=1e-11)
        np.testing.assert_allclose(safe, torque, atol=1e-13)


@pytest.mark.parametrize(("gap", "mu", "filled"), [(0.8, -0.5, 1), (2.0, 4.07, 2)])
def test_insulator(gap, mu, filled):
    """In a gap: sigma_H = dM_z / dmu, the response is antisymmetric, and eq11, eq15 are one."""
    model, h = rm.electrons(5, 2, 3, gap=gap), 1e-3
    F0 = oracle.Fermi(mu, 0.01)
    e = oracle.solve(model, oracle.mesh_points((40, 40))).e
    assert e[:, filled - 1].max() + 0.3 < mu < e[:, filled].min() - 0.3, "mu must lie in a gap of many kT"
    M = [zone(model, lambda b, m=m: oracle.magnetization(b, oracle.Fermi(m, 0.01)), 40) for m in (mu - h, mu + h)]
    slope = (M[1] - M[0])[0, 1] / (2 * h)
    sigma, rest, kubo = (zone(model, lambda b, f=f: f(b, F0), 40) for f in (oracle.eq11, oracle.eq15, oracle.kubo))
    assert abs(sigma).max() > 1e-4
    np.testing.assert_allclose(slope, sigma[0, 1], atol=1e-9)
    np.testing.assert_allclose(sigma, rest, atol=1e-12)
    for X in (sigma, kubo):
        np.testing.assert_allclose(X, -X.swapaxes(0, 1), atol=1e-9)


def test_full_filling():
    full = oracle.Fermi(60.0, KT)
    model = gapped()
    for f in (oracle.kubo, oracle.conventional):
        assert abs(zone(model, lambda b, f=f: f(b, full), 6)).max() < 1e-14
    assert abs(zone(model, lambda b: oracle.kubo_gamma(b, full, 0.1), 6)).max() < 1e-14
    assert abs(zone(model, lambda b: oracle.eq11(b, full))).max() > 1e-3, "eq11 does not vanish for N > 2 bands"


def test_broadened_kubo():
    """gamma -> 0 is (K); the stable quotient is the plain one; a finite gamma is the broadened Kubo sum."""
    b = oracle.solve(gapped(), np.random.default_rng(2).uniform(size=(20, 2)))
    np.testing.assert_allclose(oracle.kubo_gamma(b, F, 1e-6), oracle.kubo(b, F), atol=1e-10)
    np.testing.assert_allclose(oracle.conventional_gamma(b, F, 1e-6), oracle.conventional(b, F), atol=1e-10)
    x, y, z = np.random.default_rng(3).uniform(-1, 1, size=(3, 100))
    plain = (oracle.broadened(F, 0.3, x, y) - oracle.broadened(F, 0.3, x, z)) / (y - z)
    np.testing.assert_allclose(oracle.broadened_quotient(F, 0.3, x, y, z), plain, atol=1e-9)


def test_multiplets_are_the_limit_of_small_gamma():
    b = oracle.solve(rm.doublets(1), np.random.default_rng(2).uniform(size=(10, 2)))
    np.testing.assert_allclose(oracle.kubo_gamma(b, F, 1e-5), oracle.kubo(b, F), atol=1e-8)


def test_lifted_doublets():
    """Resolved Kramers-like pairs: the first term of (K) is continuous, the surface term and eq11 are not."""
    exact, split = rm.doublets(1), rm.doublets(1, splitting=1e-4, split_seed=2)
    first = [zone(m, lambda b: oracle.kubo_sea(b, F)) for m in (exact, split)]
    np.testing.assert_allclose(first[0], first[1], atol=1e-4 * 5)
    grouped = [zone(m, lambda b: oracle.kubo(b, F), degeneracy=0.01) for m in (exact, split)]
    np.testing.assert_allclose(grouped[0], grouped[1], atol=1e-4 * 5)
    resolved = zone(split, lambda b: oracle.kubo(b, F))
    assert abs(resolved - grouped[0]).max() > 2e-3


def test_nernst_weight_is_the_mott_integral():
    """S(e_n) = (1/T) integral_{e_n} (-f')(e - mu) de, so alpha follows from sigma at T = 0 by the Mott integral."""
    e = np.linspace(MU - 40 * KT, MU + 40 * KT, 400_001)
    kernel = -F.df(e) * (e - MU) / KT
    tail = np.cumsum(kernel[::-1])[::-1] * (e[1] - e[0]) - kernel * (e[1] - e[0]) / 2
    np.testing.assert_allclose(tail, oracle.Entropy(MU, KT).f(e), atol=1e-8)


def test_nernst_forms_agree():
    """Sea and surface forms of alpha with the entropy in the place of f."""
    S, sea = (zone(gapped(), lambda b, form=x: oracle.eq11(b, oracle.Entropy(MU, KT), form), 80) for x in ("S", "sea"))
    assert abs(S).max() > 1e-4
    np.testing.assert_allclose(S, sea, atol=1e-8)
