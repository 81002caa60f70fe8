"""The pieces: polynomials, rules, followed bands, and everything a user can get wrong."""

import numpy as np
import pytest
from gases import dirac, integrals, rashba

import solenoidal.models as models
from solenoidal.bloch import fourier, solve
from solenoidal.builders.pauli import ONE, SX, SY, SZ, spin_operator
from solenoidal.continuum import ContinuumModel
from solenoidal.continuum.directions import rules, rules_between
from solenoidal.continuum.panels import GAUSS, KRONROD, NODES, Panels
from solenoidal.continuum.rays import Rays, span
from solenoidal.errors import InputError
from solenoidal.model import Operator


def random_polynomial(D, N, degree, seed=0):
    rng = np.random.default_rng(seed)
    powers = [p for p in np.ndindex(*(degree + 1,) * D) if sum(p) <= degree]
    X = rng.normal(size=(len(powers), N, N)) + 1j * rng.normal(size=(len(powers), N, N))
    H = dict(zip(powers, X + X.conj().swapaxes(1, 2), strict=True))
    s = rng.normal(size=(2, N, N)) + 1j * rng.normal(size=(2, N, N))
    return ContinuumModel.from_polynomial(H, local_operators={"spin": (s + s.conj().swapaxes(1, 2), "xy")})


@pytest.mark.parametrize("D", [1, 2, 3])
def test_matrices_of_a_polynomial(D):
    """H is the polynomial, dH its derivative, along a ray it is the polynomial in r."""
    model, k = random_polynomial(D, 3, 4), np.random.default_rng(1).normal(size=(5, D))
    block = fourier(model, k)
    expected = sum(np.prod(k**p, axis=1)[:, None, None] * X for p, X in zip(model.powers, model.H, strict=True))
    np.testing.assert_allclose(block.H, expected, atol=1e-12)
    step = 1e-5
    for i in range(D):
        shift = step * np.eye(D)[i]
        difference = (fourier(model, k + shift).H - fourier(model, k - shift).H) / (2 * step)
        np.testing.assert_allclose(block.dH[:, i], difference, atol=1e-7)
    r = np.linalg.norm(k, axis=1)
    A = model.radial(k / r[:, None])
    np.testing.assert_allclose(np.einsum("nj,njab->nab", r[:, None] ** np.arange(5), A), block.H, atol=1e-12)


def test_operators_that_depend_on_k():
    """They stand on the powers of the model; results say that the identities fail."""
    gas = rashba()
    s = np.zeros((len(gas.powers), 1, 2, 2), dtype=complex)
    s[(gas.powers == 0).all(axis=1), 0] = SZ
    s[(gas.powers == [1, 0]).all(axis=1), 0] = 0.3 * SX
    found = gas.with_operators(odd=Operator(s, ("z",)))
    np.testing.assert_allclose(fourier(found, [[2.0, 5.0]], "odd").s[0, 0], SZ + 0.6 * SX)
    outcome = integrals(found, 0.5, operator="odd")
    assert outcome.residuals["operator_defect"] == pytest.approx(0.3)
    assert any("does not commute" in text for text in outcome.warnings)


def test_rules_along_rays():
    """Exact for polynomials of degree 22 and 13; the inverse variable reaches infinity."""
    for weights, degree in ((KRONROD, 22), (GAUSS, 13)):
        for n in range(degree + 1):
            assert weights @ NODES**n == pytest.approx((1 + (-1) ** n) / (n + 1), abs=1e-15)
    r, measure = Panels(np.zeros(1, dtype=int), np.zeros(1), np.array([0.5]), inverse=True).points(2)
    assert (measure[0] * KRONROD) @ r[0] ** -5.0 == pytest.approx(1 / 24, abs=1e-15)


def test_rules_over_directions():
    """Equal angles and the sphere integrate harmonics; rules that add up are nested equal angles."""
    first, second, third = rules(2, 16)[:3]
    angle = np.concatenate([np.arctan2(r.vectors[:, 1], r.vectors[:, 0]) for r in (first, second, third)])
    np.testing.assert_allclose(np.diff(np.sort(angle)), 2 * np.pi / 32, atol=1e-14)
    assert second.adds
    assert not first.adds
    ball = rules(3, 12)[0]
    x, y, z = ball.vectors.T
    assert ball.weights.sum() == pytest.approx(1)
    for f, value in ((z**10, 1 / 11), (x**6, 1 / 7), (x**2 * y**2 * z**2, 1 / 105), (x * y**3, 0)):
        assert ball.weights @ f == pytest.approx(value, abs=1e-14)
    between = rules_between(np.array([0.3, 2.0, 5.5]))[1]
    angle = np.arctan2(between.vectors[:, 1], between.vectors[:, 0]) % (2 * np.pi)
    root = np.sqrt(abs(np.sin((angle - 0.3) / 2) * np.sin((angle - 2.0) / 2) * np.sin((angle - 5.5) / 2)))
    fine = np.linspace(0, 2 * np.pi, 4_000_001)[:-1]
    exact = np.sqrt(abs(np.sin((fine - 0.3) / 2) * np.sin((fine - 2.0) / 2) * np.sin((fine - 5.5) / 2))).mean()
    assert between.weights @ root / (2 * np.pi) == pytest.approx(exact, abs=1e-8)
    one = rules(1, 5)
    assert [r.vectors.tolist() for r in one] == [[[1.0], [-1.0]]]


@pytest.mark.parametrize("seed", range(4))
def test_every_crossing_is_found(seed):
    """The radii at which bands cross mu are the positive real roots of det(H(r n) - mu)."""
    model = random_polynomial(2, 3, 2, seed)
    angle = np.random.default_rng(seed).uniform(0, 2 * np.pi, 6)
    directions = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    mu = np.array([-1.0, 0.4])
    A = model.radial(directions)
    low, high = span(model, A, abs(mu))
    rays = Rays(model, directions, 1e-9)
    nodes = rays.follow(np.concatenate([[0.0], np.geomspace(low, high, 200)]))
    found = rays.crossings(nodes, mu)
    assert found.true.all()
    for ray in range(6):
        for m in range(2):
            N = 3
            companion = np.zeros((2 * N, 2 * N), dtype=complex)
            companion[:N, N:] = np.eye(N)
            inverse = np.linalg.inv(A[ray, 2])
            companion[N:, :N] = -inverse @ (A[ray, 0] - mu[m] * np.eye(N))
            companion[N:, N:] = -inverse @ A[ray, 1]
            roots = np.linalg.eigvals(companion)
            roots = np.sort(roots[(abs(roots.imag) < 1e-9) & (roots.real > 0)].real)
            mine = np.sort(found.r[(found.ray == ray) & (found.level == m)])
            np.testing.assert_allclose(mine, roots, rtol=1e-9)


def test_slopes_at_crossings():
    """The slope is that of the band: from finite differences."""
    gas = rashba(h=0.1, beta=0.3)
    rays = Rays(gas, np.array([[0.6, 0.8]]), 1e-6)
    found = rays.crossings(rays.follow(np.geomspace(1e-3, 10, 100)), np.array([0.5]))
    for band, r, slope in zip(found.band, found.r, found.slope, strict=True):
        e = [solve(fourier(gas, x * np.array([[0.6, 0.8]]))).e[0, band] for x in (r - 1e-5, r, r + 1e-5)]
        assert e[1] == pytest.approx(0.5, abs=1e-12)
        assert (e[2] - e[0]) / 2e-5 == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ContinuumModel.from_polynomial({}), "no terms"),
        (lambda: ContinuumModel.from_polynomial({(1, 0): SX, (0, 1): np.eye(3)}), "of one size"),
        (lambda: ContinuumModel.from_polynomial({(1, 0): [[0, 1], [0, 0]]}), r"not Hermitian, .* power \(1, 0\)"),
        (lambda: ContinuumModel.from_polynomial({(1, -1): SX}), "whole numbers, 0 or more"),
        (lambda: ContinuumModel.from_polynomial({(1, 0, 0, 0): SX}), "lists of 1, 2 or 3"),
        (lambda: ContinuumModel.from_polynomial({(1, 0): np.nan * SX}), "NaN"),
        (lambda: ContinuumModel(np.array([[1, 0]]), SX[None]), "constant term is missing"),
        (lambda: ContinuumModel(np.array([[0, 0], [0, 0]]), np.array([SX, SY])), "listed twice"),
        (lambda: ContinuumModel.from_polynomial({(1, 0): SX}, cutoff=-1.0), "cutoff = -1"),
        (lambda: rashba().operator("layer"), "no operator 'layer' here, this model has charge, spin"),
        (lambda: ContinuumModel.from_polynomial({(1,): SX}, local_operators={"spin": (ONE, "z")}), "has shape"),
        (lambda: integrals(rashba(), 0.5, mesh=(8, 8)), "has no Brillouin zone, give one number"),
        (lambda: integrals(rashba(), 0.5, definitions=("subspace",)), "definition 'subspace' is for the charge"),
        (lambda: integrals(rashba(), 0.5, 0.1, definitions=("finite_q",)), "'finite_q' sums over a mesh"),
        (lambda: integrals(rashba(), 0.5, degeneracy=1e-9), "equal to rounding"),
        (lambda: integrals(rashba(), 0.5, gamma=1e-9), "loses its digits"),
        (lambda: integrals(rashba(), [0.5, 0.4]), "must be ascending"),
        (lambda: integrals(dirac(), 0.0, responses=("equilibrium",), axes=("x",)), r"equilibrium \(.*\) diverges"),
        (lambda: models.luttinger_gas(gamma_3=3.6), "must exceed twice"),
        (lambda: models.rashba_gas(q=-1.0), "must not be negative"),
        (lambda: models.rashba_gas(m=0.0), "m = 0 must be greater than zero"),
        (lambda: models.massive_dirac_cone(tilt=3.5), "smaller than v"),
        (lambda: models.twisted_bilayer(cutoff=20.0), "12 or less"),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_open_fermi_surfaces_are_refused():
    """A saddle: along x the band rises, along y it falls."""
    saddle = ContinuumModel.from_polynomial(
        {(2, 0): ONE, (0, 2): -ONE, (1, 0): SX}, local_operators=spin_operator(1), name="saddle"
    )
    with pytest.raises(InputError, match=r"saddle: the Fermi surface at mu = 0\.3 eV does not close at any k"):
        integrals(saddle, 0.3)
    with pytest.raises(InputError, match="does not close below the cutoff of 4 1/Angstrom"):
        integrals(saddle, 0.3, cutoff=4.0)


def test_flat_bands_within_the_window_are_refused():
    """A band that stays at zero energy for ever is neither filled nor empty at mu = 0."""
    S = np.array([[[0, 1, 0], [1, 0, 1], [0, 1, 0]], [[0, -1j, 0], [1j, 0, -1j], [0, 1j, 0]]]) / np.sqrt(2)
    dice = ContinuumModel.from_polynomial({(1, 0): S[0], (0, 1): S[1], (0, 0): np.diag([0.1, 0, -0.1])})
    with pytest.raises(InputError, match=r"a band stays within .* eV of mu at any large k"):
        integrals(dice, 0.0, operator="charge")
    found = integrals(dice, [-0.05, 0.05], operator="charge", definitions=("kubo",))
    assert found.carriers.shape == (1, 2)
    np.testing.assert_allclose(abs(found.conductivity[0, 0, :, 0, 1, 0]) * 2 * np.pi, 1.0, atol=1e-8)


def test_filled_for_ever_within_a_cutoff():
    """The error bar of a cutoff covers the tail beyond it; halving and doubling stay within it."""
    exact = integrals(dirac(), 0.1, operator="charge", definitions=("eq11",))
    errors = []
    for cutoff in (5.0, 10.0, 20.0, 40.0):
        found = integrals(dirac(), 0.1, cutoff=cutoff, operator="charge", definitions=("eq11",))
        off = abs(found.conductivity - exact.conductivity)[0, 0, 0, 0, 1, 0]
        assert 0.25 * found.error[0, 0, 0, 0, 1, 0] < off < found.error[0, 0, 0, 0, 1, 0]
        errors.append(found.error.max())
    np.testing.assert_allclose(np.array(errors[:-1]) / errors[1:], 2.0, rtol=0.05)
    assert exact.error.max() < 1e-9


def test_a_divergent_response_within_a_cutoff():
    """With a cutoff a divergent response has a value, a large error and a warning."""
    found = integrals(dirac(), 0.0, cutoff=5.0, responses=("equilibrium",), axes=("x",))
    total = found.values["equilibrium"]
    assert found.errors["equilibrium"].max() > 0.5 * abs(total).max()
    assert any("depends on the cutoff" in text for text in found.warnings)


def test_far_apart_scales():
    """A tiny mass in a wide cone, and a wide cone at a tiny length: scales are found from the model."""
    for v, delta in ((1e3, 1e-2), (1e-3, 1e2), (1.0, 2e-3)):
        X = integrals(dirac(delta, v), 0.0, operator="charge", definitions=("eq11",)).conductivity
        assert X[0, 0, 0, 0, 1, 0] * 4 * np.pi == pytest.approx(-1, abs=1e-8)
