"""Curvature of the basis: zero where the basis is complete, covariant, and the rest of the Berry phase otherwise."""

import itertools

import numpy as np
import pytest
import random_models as rm

from solenoidal import bands, quantities
from solenoidal.bloch import fourier, solve
from solenoidal.curvature import basis_curvature
from solenoidal.model import BlochModel
from solenoidal.packed import bras
from solenoidal.quantities import Settings


def truncated(D=2, N=5, keep=3, seed=0):
    """A model with a connection that is not flat: hoppings and k-dependent positions of any kind."""
    rng = np.random.default_rng(seed)
    R = np.stack(np.meshgrid(*[np.arange(-1, 2)] * D, indexing="ij"), axis=-1).reshape(-1, D)

    def hermitian(*shape):
        X = rng.normal(size=(len(R), *shape, keep, keep)) + 1j * rng.normal(size=(len(R), *shape, keep, keep))
        return 0.3 * (X + X[::-1].conj().swapaxes(-1, -2))

    return BlochModel(np.eye(D) * 1.3, R, hermitian(), hermitian(D))


def points(model, n=4):
    return np.random.default_rng(5).uniform(size=(n, model.dimension))


def test_orbital_positions_are_flat():
    model = rm.electrons(4, 3, 4, positions=True)
    states = solve(fourier(model, points(model), curvature=True))
    assert abs(states.F).max() < 1e-12


def test_curl_is_the_derivative_of_the_position():
    model, h = truncated(3), 1e-5
    k = points(model)
    block = fourier(model, k, "charge", curvature=True)

    def slope(i):
        step = h * model.lattice[:, i] / (2 * np.pi)
        return (fourier(model, k + step, "charge").A - fourier(model, k - step, "charge").A) / (2 * h)

    for p, (i, l) in enumerate([(0, 1), (0, 2), (1, 2)]):
        want = slope(i)[:, l] - slope(l)[:, i]
        assert abs(block.curl[:, p] - want).max() < 1e-8 * abs(want).max()


@pytest.mark.parametrize("metric", [False, True])
def test_curvature_of_states_is_that_of_the_matrices(metric):
    """Commutators in the orbital basis, whatever stands between them."""
    model = truncated(3, keep=4)
    rng = np.random.default_rng(2)
    block = fourier(model, points(model), "charge", curvature=True)
    eta = np.diag([1.0, 1.0, -1.0, -1.0]).astype(complex) if metric else np.eye(4)
    U = rng.normal(size=(4, 4, 4)) + 1j * rng.normal(size=(4, 4, 4))
    got = basis_curvature(block.elements("curl"), block.elements("A"), bras(U), eta if metric else None)
    for p, (i, l) in enumerate([(0, 1), (0, 2), (1, 2)]):
        product = block.A[:, i] @ eta @ block.A[:, l]
        F = block.curl[:, p] - 1j * (product - product.conj().swapaxes(1, 2))
        want = np.einsum("kan,kab,kbn->kn", U.conj(), F, U)
        np.testing.assert_allclose(got[:, :, p], want.real, rtol=0, atol=1e-12 * abs(want).max())


def test_berry_phase_of_a_plaquette_in_a_truncated_basis():
    """Links <n|exp(-i A.dk)|n'> carry the connection of the basis: their phase is Omega_n + F_nn."""
    model, h = truncated(2), 1e-3
    k = points(model)
    states = solve(fourier(model, k, "charge", curvature=True), 1e-9)
    Omega = bands.berry_curvature(states)[:, :, 0, 1]
    F = quantities.get("basis_curvature").rows(states, Settings())[:, :, 1, 0, 0]  # [i, l] holds F^{li}
    assert abs(F).max() > 1e-2
    to_k = model.lattice / (2 * np.pi)
    corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5)]
    phase = 1.0
    for start, end in itertools.pairwise(corners):
        middle = (np.array(start) + np.array(end)) / 2 * h
        dk = (np.array(end) - np.array(start)) * h
        bra, ket = (np.linalg.eigh(fourier(model, k + to_k @ np.array(c) * h, "charge").H)[1] for c in (start, end))
        A = np.einsum("i,kiab->kab", dk, fourier(model, k + to_k @ middle, "charge").A)
        a, V = np.linalg.eigh(A)
        link = (V * np.exp(-1j * a)[:, None, :]) @ V.conj().swapaxes(1, 2)
        phase = phase * np.einsum("kan,kab,kbn->kn", bra.conj(), link, ket)
    np.testing.assert_allclose(-np.angle(phase) / h**2, Omega + F, atol=2e-3 * abs(Omega + F).max())
