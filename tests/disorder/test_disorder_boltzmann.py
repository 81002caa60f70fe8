"""Boltzmann equation: conservation, detailed balance, relaxation, solvers, exact isotropic case, mistakes."""

import numpy as np
import pytest
import random_models as rm
from physics import continuum

from solenoidal import disorder, models
from solenoidal.disorder import boltzmann
from solenoidal.disorder.impurities import TAIL, amplitude
from solenoidal.errors import InputError
from solenoidal.events import Progress

ONE = np.eye(2, dtype=complex)


def point(strength=0.3, matrix=ONE, density=0.01):
    return disorder.Impurity(
        density, (disorder.Term(disorder.Smooth(lambda q: np.ones(q.shape[:-1])), strength * matrix),)
    )


def contour(model, mu, n=24, largest=50.0):
    """Fermi circles of an isotropic continuum model."""
    phi = 2 * np.pi * (np.arange(n) + 0.37) / n
    circle = np.stack([np.cos(phi), np.sin(phi)], axis=1)
    radii = {round(r, 10): r for _, r in continuum.fermi_radii(model, mu, largest)}.values()  # a degenerate one once
    k = np.concatenate([r * circle for r in radii])
    return disorder.surface_points(k, np.repeat([2 * np.pi * r / n for r in radii], n), *model(k), mu)


def scatterers(model):
    """Isotropic, anisotropic, magnetic and of random structure, at one site and spread over several."""
    M = rm.hermitian(np.random.default_rng(5), model.size)
    magnetic = np.kron(np.eye(model.size // 2), rm.PAULI[2]) if model.size % 2 == 0 else M
    return {
        "isotropic": disorder.short_range(model, 0.3, 0.01),
        "Gaussian": disorder.gaussian(model, 0.2, 0.02, 1.1),
        "screened": disorder.screened(model, 0.2, 0.02, 0.4, 0.4, centre=0),
        "magnetic": disorder.gaussian(model, 0.2, 0.01, 0.8, magnetic),
        "two kinds": (disorder.short_range(model, 0.3, 0.01, M), disorder.gaussian(model, 0.2, 0.01, 1.0)),
    }


NAMES = tuple(scatterers(models.rashba()))


@pytest.fixture(scope="module", params=["Kane-Mele", "doublets"])
def surface_and_model(request):
    model, mu = {"Kane-Mele": (models.kane_mele(lambda_v=0.3), 0.9), "doublets": (rm.doublets(1), 0.1)}[request.param]
    return disorder.fermi_surface(model, mu, 12, order=1), model


@pytest.mark.parametrize("name", NAMES)
def test_collisions(surface_and_model, name):
    """Particles are conserved, detailed balance holds, everything but the number of particles relaxes."""
    surface, model = surface_and_model
    collision = disorder.Collision(surface, scatterers(model)[name])
    C, W = collision.matrix(), surface.weight
    largest = abs(C).max()
    assert abs(W @ C).max() < 1e-12 * largest * W.max()
    assert abs(C.sum(axis=1)).max() < 1e-12 * largest
    P = collision.rates(slice(None))
    assert abs(P - P.T).max() < 1e-12 * P.max()
    assert P.min() >= 0.0
    relaxation = np.linalg.eigvalsh(-np.sqrt(W)[:, None] * C / np.sqrt(W))
    assert abs(relaxation[0]) < 1e-12 * largest
    assert relaxation[1] > 1e-6 * largest
    x = np.random.default_rng(1).normal(size=(len(surface), 3))
    np.testing.assert_allclose(collision(x), C @ x, atol=1e-12 * largest)


@pytest.mark.parametrize("name", NAMES)
def test_distribution(surface_and_model, name):
    """The equation is solved, no particles are made, the field does work on the electrons."""
    surface, model = surface_and_model
    found = disorder.solve(surface, scatterers(model)[name])
    assert found.residual < 1e-11
    assert abs(surface.weight @ found.g).max() < 1e-10 * (surface.weight @ abs(found.g)).max()
    heat = np.einsum("n,nl,ni->li", surface.weight, found.g, found.drive)
    assert np.linalg.eigvalsh(0.5 * (heat + heat.T)).min() > 0.0
    np.testing.assert_allclose(heat, heat.T, atol=1e-10 * abs(heat).max())  # Onsager
    assert found.rate.min() > 0.0


@pytest.mark.parametrize("stored", [0, 10_000])
def test_conjugate_gradients_equal_the_direct_solution(surface_and_model, monkeypatch, stored):
    surface, model = surface_and_model
    scatterer = scatterers(model)["Gaussian"]
    direct = disorder.solve(surface, scatterer)
    monkeypatch.setattr(boltzmann, "DIRECT", 0)
    monkeypatch.setattr(boltzmann, "STORED", stored)
    monkeypatch.setattr(boltzmann, "TOGETHER", 1e6)
    seen = []
    found = disorder.solve(surface, scatterer, listen=seen.append)
    np.testing.assert_allclose(found.g, direct.g, atol=1e-9 * abs(direct.g).max())
    assert isinstance(seen[0], Progress)


def test_relaxation_time_of_a_gas():
    """Parabola without spin-orbit coupling: g = v tau with 1/tau_tr = n_i m int dtheta/2pi |u|^2 (1 - cos theta)."""
    model = continuum.rashba(alpha=0.0, h=0.0)
    length, n = 0.9, 48
    u = disorder.Smooth(lambda q: np.exp(-0.5 * length**2 * (q**2).sum(axis=-1)))
    k = contour(model, 1.0, n)
    found = disorder.solve(k, disorder.Impurity(0.02, (disorder.Term(u, 0.3 * ONE),)))
    theta = 2 * np.pi * np.arange(400) / 400
    rate = 0.02 * 0.09 * np.mean(np.exp(-(length**2) * 4.0 * (1 - np.cos(theta))) * (1 - np.cos(theta)))
    np.testing.assert_allclose(found.g, k.v / rate, rtol=1e-10)


def test_rates_are_golden_rule():
    """P = 2 pi n_i |<k'|V|k>|^2 with the states of the model, by hand for one pair."""
    model = models.kane_mele(lambda_v=0.3)
    surface = disorder.fermi_surface(model, 0.9, 12)
    scatterer = disorder.gaussian(model, 0.2, 0.01, 0.7, centre=1)
    a, b = 3, 40
    position = np.einsum("iaa->ai", model.position[int(np.flatnonzero((model.R == 0).all(axis=1))[0])]).real
    total = 0.0
    for R in np.stack(np.meshgrid(np.arange(-9, 10), np.arange(-9, 10)), axis=-1).reshape(-1, 2) @ model.lattice:
        r = np.linalg.norm(R + position - position[1], axis=1)
        r = np.where(r > 0.7 * np.sqrt(-2 * np.log(TAIL)), np.inf, r)
        phase = np.exp(-1j * (surface.k[a] - surface.k[b]) @ R)
        total += phase * surface.amplitude[a, :, 0].conj() @ (0.2 * np.exp(-(r**2) / 0.98) * surface.amplitude[b, :, 0])
    rate = 2 * np.pi * 0.01 * model.volume * abs(total) ** 2
    assert disorder.Collision(surface, scatterer).rates(slice(a, a + 1))[0, b] == pytest.approx(rate, rel=1e-10)


def test_form_factors_are_periodic_and_hermitian():
    model = models.kane_mele(lambda_v=0.3)
    surface = disorder.fermi_surface(model, 0.9, 12)
    scatterer = disorder.screened(model, 0.2, 0.01, 0.7, 0.3, centre=2)
    G = 2 * np.pi * np.array([1, -2]) @ np.linalg.inv(model.lattice).T
    psi, k = surface.amplitude, surface.k
    V = amplitude(scatterer, psi, psi, k, k)[0, :, 0]
    moved = amplitude(scatterer, psi, psi, k + G, k)[0, :, 0]
    np.testing.assert_allclose(moved, V, atol=1e-12 * abs(V).max())
    np.testing.assert_allclose(V, V.conj().T, atol=1e-12 * abs(V).max())


def test_parts_that_do_not_scatter_into_each_other_keep_their_particles():
    """Two copies of a gas, one for each spin: two null vectors, each fixed by its own number of particles."""
    surface = contour(continuum.rashba(alpha=0.0, h=0.2), 1.0)
    found = disorder.solve(surface, point())
    parts = found.collision.parts
    assert sorted(np.bincount(parts).tolist()) == [24, 24]
    for part in (0, 1):
        assert abs(surface.weight[parts == part] @ found.g[parts == part]).max() < 1e-10
    mixed = disorder.solve(surface, point(matrix=rm.PAULI[0]))
    assert mixed.collision.parts.max() == 0


def helical():
    """Right movers with spin up, left movers with spin down."""
    k = np.array([[1.0], [-1.0]])
    H = k[:, :, None] * rm.PAULI[2]
    dH = np.broadcast_to(rm.PAULI[2], (2, 1, 2, 2)).astype(complex)
    return disorder.surface_points(k, np.ones(2), H, dH, np.ones((2, 1, 2, 2)) * ONE, 1.0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: disorder.solve(helical(), point()), "feels a net force"),
        (lambda: disorder.solve(helical(), point(matrix=ONE + 1e-6 * rm.PAULI[0])), "conserve more than the number"),
        (lambda: disorder.solve(helical(), point(strength=0.0)), "do not scatter"),
        (lambda: disorder.solve(helical(), point(matrix=np.eye(3))), "has 2 orbitals"),
        (lambda: point(density=0.0), "must be positive"),
        (lambda: point(matrix=np.array([[0, 1], [0, 0]])), "square and Hermitian"),
        (lambda: disorder.gaussian(models.rashba(), 0.1, 0.01, -1.0), "length = -1 Angstrom"),
        (lambda: disorder.screened(models.rashba(), 0.1, 0.01, 1.0, 0.0), "core = 0 Angstrom"),
        (lambda: disorder.short_range(models.rashba(), 0.1, 0.01, np.eye(3)), "has 2 orbitals"),
        (lambda: disorder.short_range(models.rashba(), 0.1, 0.01, centre=2), "orbitals 0 to 1"),
        (
            lambda: disorder.gaussian(models.kane_mele(), 0.1, 0.01, 1.0, np.ones((4, 4))),
            "connects orbitals at different places",
        ),
    ],
)
def test_mistakes(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_helical_edge_with_a_magnetic_scatterer():
    """Two points: g = v / 2 W P, the backscattering of Boltzmann in one dimension."""
    found = disorder.solve(helical(), point(0.3, rm.PAULI[0]))
    W, P = 1 / (2 * np.pi), 2 * np.pi * 0.01 * 0.09
    np.testing.assert_allclose(found.g[:, 0], [1 / (2 * W * P), -1 / (2 * W * P)], rtol=1e-12)
