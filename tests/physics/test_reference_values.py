"""Numbers that are known in closed form or were published with the theory (notes, sections 6, 8 and 9)."""

import continuum
import numpy as np
import oracle
import pytest
from continuum import UNIT

import solenoidal.models as models

NAMES = ("conventional", "eq11", "kubo")


def hall(model, names, mu, unit=UNIT, **options):
    """sigma^{xy} of each definition in ``unit``; asserts sigma^{yx} = -sigma^{xy} and sigma^{xx} = 0."""
    out = []
    for name in names:
        X = continuum.conductivity(model, name, mu, **options)[:, :, 0] / unit
        np.testing.assert_allclose(X, X[0, 1] * np.array([[0, 1], [-1, 0]]), atol=1e-9)
        out.append(X[0, 1])
    return out


def test_rashba_gas():
    """Both bands occupied: the conserved current flows opposite to the conventional one (XN, below Eq. 12)."""
    np.testing.assert_allclose(hall(continuum.rashba(), NAMES, 1.0), [1, -1, -1], atol=1e-9)


def test_rashba_annulus():
    """mu < 0, one band: eq11 vanishes and (K) = -2 conv; conv = (k_- - k_+) / (2 alpha m)."""
    conv, eq11, kubo = hall(continuum.rashba(), NAMES, -0.05)
    inner, outer = (0.5 + sign * np.sqrt(0.25 - 0.1) for sign in (-1, 1))
    assert conv == pytest.approx((outer - inner) / (2 * 0.5), abs=1e-9)
    assert eq11 == pytest.approx(0, abs=1e-9)
    assert kubo == pytest.approx(-2 * conv, abs=1e-9)
    assert (round(conv, 4), round(kubo, 4)) == (0.7746, -1.5492)


def test_rashba_nonparabolic():
    """General eps0: conv = (1 / 2 alpha) integral_{k+}^{k-} eps0'/k dk, eq11 = -1, (K) = 1 - 2 conv."""
    model = continuum.rashba(quartic=0.1)
    conv, eq11, kubo = hall(model, NAMES, 1.0)
    inner, outer = sorted(k for _, k in continuum.fermi_radii(model, 1.0))
    integral = (outer + 0.4 * outer**3 / 3) - (inner + 0.4 * inner**3 / 3)
    assert conv == pytest.approx(integral, abs=1e-9)
    assert eq11 == pytest.approx(-1, abs=1e-9)
    assert kubo == pytest.approx(1 - 2 * conv, abs=1e-9)
    assert (round(conv, 6), round(kubo, 6)) == (0.985387, -0.970774)


@pytest.mark.parametrize(
    ("h", "eq15", "kubo"),
    [(0.01, 0.99975, -0.99985), (0.03, 0.99775, -0.99865), (0.1, 0.97559, -0.98520), (0.3, 0.81514, -0.87978)],
)
def test_rashba_zeeman_gas(h, eq15, kubo):
    """m = 1, alpha = 1/2, mu = 1: eq11 vanishes at every h != 0, so the dipole term is minus Eq. (15)."""
    names = ("eq11", "eq15", "kubo", "dipole")
    X = hall(continuum.rashba(h=h), names, 1.0)
    np.testing.assert_allclose(X, [0, eq15, kubo, -eq15], atol=6e-6)


@pytest.mark.parametrize("beta", [0.1, 0.05, 0.02])
def test_cubic_rashba(beta):
    """Winding N = 3, pseudospin 3/2: eq11 = -9/8pi exactly, conv = (1/k+ - 1/k-) / (2 beta m)."""
    model = continuum.two_level(continuum.parabola(), continuum.winding(beta, 3), 1.5 * continuum.SIGMA[2:])
    limits = {"largest": 1 / (3 * beta), "skip_filled": True}
    inner, outer = sorted(k for _, k in continuum.fermi_radii(model, 1.0, limits["largest"]))
    conv, eq11 = hall(model, ("conventional", "eq11"), 1.0, 9 * UNIT, **limits)
    assert conv == pytest.approx((1 / inner - 1 / outer) / (2 * beta), abs=1e-8)
    assert eq11 == pytest.approx(-1, abs=1e-9)
    assert round(conv, 4) == {0.1: 1.1092, 0.05: 1.0213, 0.02: 1.0032}[beta]


@pytest.mark.parametrize("mu", [0.0, 0.1, 0.2, 0.5, 1.0])
def test_massive_dirac_charge(mu):
    """s = 1: sigma^{xy} = -(1/4 pi) delta / max(mu, delta), in every definition."""
    X = hall(continuum.massive_dirac(0.2), (*NAMES, "eq15"), mu, 1 / (4 * np.pi), unbounded=True)
    np.testing.assert_allclose(X, -0.2 / max(mu, 0.2), atol=1e-9)


def test_massive_dirac_moment():
    """m_n = delta v^2 / 2 e^2 in both bands."""
    k = np.random.default_rng(0).normal(size=(10, 2))
    b = continuum.bands(continuum.massive_dirac(0.3, 1.7), k)
    np.testing.assert_allclose(oracle.moment(b)[:, :, 0, 1], 0.3 * 1.7**2 / (2 * b.e**2), rtol=1e-12)


@pytest.mark.parametrize(
    ("mu", "kT", "expected"), [(-0.3, 0.08, -0.0146694), (-1.5, 0.12, -0.0501006), (1.2, 0.12, 0.0358895)]
)
def test_haldane_orbital_magnetization(mu, kT, expected):
    """M_z per area of the Haldane model, checked in the notes against (x v_y - y v_x) of finite flakes."""
    F = oracle.Fermi(mu, kT)
    M = oracle.integrate(models.haldane(), lambda b: oracle.magnetization(b, F), (60, 60), operator="charge")
    assert M[0, 1, 0] == pytest.approx(expected, abs=1e-7)
    assert M[1, 0, 0] == pytest.approx(-expected, abs=1e-7)


KANE_MELE = [
    (0.1, 1.028, 0.36, 0.95655),
    (0.03, 1.002, 0.56, 0.99609),
    (0.01, 1.0003, 0.67, 0.99957),
    (0.001, 1.0000, 0.74, 1.00000),
]


@pytest.mark.parametrize(("lambda_R", "conv", "eq12", "kubo"), KANE_MELE)
def test_kane_mele_insulator(lambda_R, conv, eq12, kubo):
    """lambda_so = 0.12, lambda_v = 0.1, mu = 0, in e / 2 pi: eq12 does not tend to 1 with lambda_R, (K) does.

    The resolved values of eq12 depend on crossings of filled bands; two digits are what a mesh of 96^2 gives.
    """
    model = models.kane_mele(lambda_so=0.12, lambda_R=lambda_R, lambda_v=0.1)
    k = oracle.mesh_points((96, 96))
    total = np.zeros(3)
    for part in np.array_split(k, 24):
        b = oracle.solve(model, part, axes=("z",))
        F = oracle.Fermi(0.0, 1e-3)  # the gap is 0.8: no level within 300 kT
        parts = (oracle.conventional(b, F), oracle.eq11(b, F), oracle.kubo_sea(b, F))
        total += [x[:, 0, 1, 0].sum() for x in parts]
    X = total / (len(k) * model.volume) * 2 * np.pi
    assert X[0] == pytest.approx(conv, abs=5e-4)
    assert X[2] == pytest.approx(kubo, abs=6e-6)
    assert X[1] == pytest.approx(eq12, abs=8e-3)


def test_kane_mele_without_staggered_potential():
    """Inversion broken by the Rashba term only: eq12 vanishes where (K) gives 0.956."""
    model = models.kane_mele(lambda_so=0.12, lambda_R=0.1, lambda_v=0.0)
    F = oracle.Fermi(0.0, 1e-3)
    eq12, kubo = (
        oracle.integrate(model, lambda b, f=f: f(b, F), (60, 60), axes=("z",))[0, 1, 0] * 2 * np.pi
        for f in (oracle.eq11, oracle.kubo_sea)
    )
    assert eq12 == pytest.approx(0.0, abs=1e-9)
    assert kubo == pytest.approx(0.956, abs=5e-4)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (models.kane_mele(lambda_so=0.12, lambda_R=0.0, lambda_v=0.1), 1.0),
        (models.kane_mele(lambda_so=0.06, lambda_R=0.0, lambda_v=1.5), 0.0),
        (models.bhz(lambda_R=0.0, delta=0.0), 1.0),
        (models.bhz(M=-1.0, lambda_R=0.0, delta=0.0), 0.0),
    ],
    ids=["Kane-Mele inverted", "Kane-Mele normal", "BHZ inverted", "BHZ normal"],
)
def test_quantised_where_spin_is_conserved(model, expected):
    """Every definition gives +-1 / 2 pi or 0; sigma^{yx} = -sigma^{xy}; sigma^{xx} = 0."""
    F = oracle.Fermi(0.0, 2e-3)
    for f in (oracle.conventional, oracle.eq11, oracle.eq15, oracle.kubo):
        X = oracle.integrate(model, lambda b, f=f: f(b, F), (72, 72), axes=("z",))[:, :, 0] * 2 * np.pi
        np.testing.assert_allclose(X, expected * np.array([[0, 1], [-1, 0]]), atol=1e-6)
