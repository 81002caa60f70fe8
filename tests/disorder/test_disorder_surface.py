"""Fermi surfaces: quadrature of known cases at the claimed order, sheets, multiplets, mistakes."""

import sys

import numpy as np
import pytest
import random_models as rm
from scipy.integrate import quad
from scipy.special import ellipk

from solenoidal import models
from solenoidal.bands import s_dipole, spin, velocity
from solenoidal.bloch import fourier, solve
from solenoidal.disorder import fermi_surface as surface_of
from solenoidal.disorder import simplices, surface_points
from solenoidal.errors import InputError
from solenoidal.events import Progress
from solenoidal.model import BlochModel

MODULE = sys.modules["solenoidal.disorder.fermi_surface"]  # the function of this name hides it


def cubic(D):
    """One band -2 sum cos k_i."""
    return BlochModel.from_hoppings(np.eye(D), {tuple(row): [[-1.0]] for row in np.eye(D, dtype=int)})


def square_density(mu):
    return ellipk(1 - (mu / 4) ** 2) / (2 * np.pi**2) if abs(mu) < 4 else 0.0


def cubic_density(mu):
    edge = np.arccos((-4 - mu) / 2)
    return (
        quad(lambda k: square_density(mu + 2 * np.cos(k)), 0, np.pi, points=[edge], epsabs=1e-13, limit=400)[0] / np.pi
    )


def slope(meshes, errors):
    """Order of convergence from a fit."""
    return -np.polyfit(np.log(meshes), np.log(np.abs(errors)), 1)[0]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_density_of_states_of_the_square_lattice(order):
    """-2 (cos kx + cos ky): K(1 - mu^2/16) / 2 pi^2; the error falls as n^(-2 order)."""
    meshes = (8, 12, 16, 24, 32, 48)
    errors = [
        surface_of(cubic(2), -1.3, n, "charge", order=order).density_of_states / square_density(-1.3) - 1
        for n in meshes
    ]
    assert slope(meshes, errors) > 2 * order - 0.3
    assert abs(errors[-1]) < {1: 3e-4, 2: 1e-6, 3: 2e-9}[order]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_density_of_states_of_the_cubic_lattice(order):
    meshes = (8, 12, 16, 24)
    errors = [
        surface_of(cubic(3), -3.3, n, "charge", order=order).density_of_states / cubic_density(-3.3) - 1 for n in meshes
    ]
    assert slope(meshes, errors) > 2 * order - 0.3
    assert abs(errors[-1]) < {1: 3e-3, 2: 1e-5, 3: 1e-7}[order]


def test_chain():
    """-2 cos k: two points, density of states 1 / (2 pi sin k)."""
    surface = surface_of(cubic(1), 0.7, 9, "charge")
    k = np.arccos(-0.35)
    np.testing.assert_allclose(np.sort(abs(np.angle(np.exp(1j * surface.k[:, 0])))), [k, k], atol=1e-13)
    assert surface.density_of_states == pytest.approx(1 / (2 * np.pi * np.sin(k)), rel=1e-13)


@pytest.mark.parametrize(("D", "expected"), [(2, 1 / (4 * np.pi)), (3, 0.31 / (4 * np.pi**2))])
def test_circle_and_sphere(monkeypatch, D, expected):
    """int d^Dk delta(k^2 - r^2) / (2 pi)^D: pi, 2 pi r."""

    class Sphere:
        def __init__(self, model, mu, members):
            self.middle = 0.5 + 0.03 * np.arange(D)

        def __call__(self, k):
            q = k - self.middle
            return (q**2).sum(axis=1) - 0.31**2, 2 * q

    monkeypatch.setattr(MODULE, "_Level", Sphere)
    model = BlochModel.from_hoppings(2 * np.pi * np.eye(D), {(0,) * D: [[0.0]]})
    errors, meshes = [], (10, 20, 40)
    for n in meshes:
        at = np.stack(np.meshgrid(*[(np.arange(n) + 0.5) / n] * D, indexing="ij"), axis=-1).reshape(-1, D)
        values = Sphere(None, 0, None)(at)[0].reshape((n,) * D)
        _, weight = MODULE._points(model, 0.0, simplices.cut(values), (n,) * D, 0.5, [0], 2)
        errors.append(weight.sum() / expected - 1)
    assert slope(meshes, errors) > 3.7
    assert abs(errors[-1]) < 1e-6


@pytest.mark.parametrize("D", [1, 2, 3])
@pytest.mark.parametrize("order", [1, 2, 4])
def test_quadrature_of_a_facet(D, order):
    """Exact for polynomials up to 2 order - 1; int x^a y^b = a! b! / (a + b + 2)! on a triangle."""
    points, weights = simplices.gauss(D, order)
    np.testing.assert_allclose(points.sum(axis=1), 1.0, atol=1e-14)
    for degree in range(2 * order):
        value = weights @ points[:, 0] ** degree
        expected = {1: 1.0, 2: 1 / (degree + 1), 3: 1 / ((degree + 1) * (degree + 2))}[D]
        assert value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("D", [2, 3])
def test_facets_tile_a_closed_surface(D):
    """Every edge of a facet belongs to two facets (every vertex in two dimensions), whatever the function."""
    values = np.random.default_rng(3).normal(size=(5,) * D)
    facets = simplices.cut(values)
    count = {}
    for corners in facets.corners:
        for left_out in range(D):
            ridge = frozenset(np.delete(corners, left_out).tolist())
            count[ridge] = count.get(ridge, 0) + 1
    assert set(count.values()) == {2}


def test_points_lie_on_the_surface_with_what_the_states_are_there():
    model = rm.electrons(2, 2, 3)
    surface = surface_of(model, 0.1, 20, order=3)
    k = surface.k @ model.lattice.T / (2 * np.pi)
    states = solve(fourier(model, k), 1e-3)
    n = abs(states.e - 0.1).argmin(axis=1)
    row = np.arange(len(k))
    assert abs(states.e[row, n] - 0.1).max() < 1e-12
    for mine, theirs in ((surface.v, velocity), (surface.s, spin), (surface.dipole, s_dipole)):
        np.testing.assert_allclose(mine, theirs(states)[row, n], atol=1e-10)
    vs = velocity(states)[row, n][:, :, None] * spin(states)[row, n][:, None]
    np.testing.assert_allclose(surface.flow, vs, atol=1e-10)


def test_a_closed_surface_feels_no_net_force():
    """int v delta(e - mu) = 0, at the order of the quadrature."""
    model, meshes = rm.electrons(2, 2, 3), (24, 48, 96)
    net = [abs((s := surface_of(model, 0.1, n)).integral(s.v)).max() for n in meshes]
    assert slope(meshes, net) > 3.7
    assert net[-1] < 1e-7


def test_kramers_pairs_share_a_sheet():
    """Twofold levels: half the points, each of two bands; a splitting below the degeneracy energy changes nothing."""
    surface = surface_of(rm.doublets(1), 0.1, 24)
    np.testing.assert_allclose(surface.count, 2.0)
    assert surface.amplitude.shape[2] == 2
    assert surface.covariant is None
    rho = np.einsum("nag,nbg->nab", surface.amplitude, surface.amplitude.conj())
    np.testing.assert_allclose(rho @ rho, rho, atol=1e-12)
    split = surface_of(rm.doublets(1, splitting=1e-6), 0.1, 24)
    assert len(split) == len(surface)
    assert split.density_of_states == pytest.approx(surface.density_of_states, rel=1e-4)


def test_sheets_of_a_split_pair_join_continuously():
    """Sheets split by 5e-4 eV, treated as one multiplet or each for itself: the same integrals."""
    model = rm.doublets(1, splitting=2e-4)
    joined = surface_of(model, 0.1, 36, degeneracy=0.02)
    mixed = surface_of(model, 0.1, 36, degeneracy=4e-4)
    assert len(mixed) > len(joined)
    for surface in (joined, mixed):
        assert surface.count @ surface.weight == pytest.approx(surface.density_of_states)
    np.testing.assert_allclose(mixed.density_of_states, joined.density_of_states, rtol=1e-3)


def test_several_sheets():
    surface = surface_of(models.rashba(), 2.0, 24)
    assert set(surface.sheet.tolist()) == {0, 1}


def test_progress():
    seen = []
    surface = surface_of(models.rashba(), 2.0, 12, listen=seen.append)
    assert isinstance(seen[-1], Progress)
    assert seen[-1].done == seen[-1].total == len(surface)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: surface_of(models.kane_mele(lambda_v=0.3), 0.0, 12), "no band of kane_mele crosses mu = 0 eV"),
        (lambda: surface_of(rm.bosons(7), 1.0, 12), "needs electrons"),
        (lambda: surface_of(models.rashba(), 2.0, (12, 12, 12)), "needs 2 numbers"),
        (lambda: surface_of(models.rashba(), 8.0, 3, order=1), "too few"),
        (lambda: surface_of(rm.electrons(4, 3, 4), 0.1, 8), r"does not resolve .* near k = \("),
        (lambda: surface_points(*[np.ones((1, 2)), np.ones(1)], *_arrays(), mu=0.3), "not on the surface"),
    ],
    ids=["insulator", "bosons", "directions", "few points", "coarse", "off the surface"],
)
def test_mistakes(make, words):
    with pytest.raises(InputError, match=words):
        make()


def _arrays():
    H = np.diag([0.0, 1.0]).astype(complex)[None]
    return H, np.zeros((1, 2, 2, 2), dtype=complex), np.zeros((1, 1, 2, 2), dtype=complex)
