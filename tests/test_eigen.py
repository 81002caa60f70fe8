"""Eigensolvers: equal to LAPACK on anything Hermitian, para-unitary for any metric."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solenoidal.eigen import eigenstates, paraunitary
from solenoidal.eigen.lanes import LANES, eigh_lanes
from solenoidal.errors import UnstableModelError


def hermitian(rng, n_k, N):
    H = rng.normal(size=(n_k, N, N)) + 1j * rng.normal(size=(n_k, N, N))
    return H + H.conj().swapaxes(1, 2)


def assert_solved(H, E, U):
    N, size = H.shape[-1], max(1.0, abs(H).max())
    assert abs(E - np.linalg.eigvalsh(H)).max() < 1e-13 * N * size
    assert abs(H @ U - U * E[:, None, :]).max() < 1e-13 * N * size
    assert abs(U.conj().swapaxes(1, 2) @ U - np.eye(N)).max() < 1e-13 * N


@settings(deadline=None, max_examples=25)
@given(
    N=st.integers(2, 20),
    n_k=st.integers(1, 2 * LANES + 3),
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([1e-8, 1.0, 1e6]),
)
def test_lanes_equal_lapack(N, n_k, seed, scale):
    H = scale * hermitian(np.random.default_rng(seed), n_k, N)
    E, U = eigh_lanes(H)
    assert abs(E - np.linalg.eigvalsh(H)).max() < 1e-13 * N * abs(H).max()
    assert abs(H @ U - U * E[:, None, :]).max() < 1e-13 * N * abs(H).max()


@pytest.mark.parametrize("N", [2, 5, 18, 36])
def test_lanes_solve_special_matrices(N):
    rng = np.random.default_rng(3)
    one = rng.normal(size=N) + 1j * rng.normal(size=N)
    kramers = np.kron(hermitian(rng, 1, N)[0], np.eye(2))[:N, :N] if N > 2 else np.eye(2)
    special = [np.zeros((N, N)), np.eye(N), np.diag(np.arange(N)), np.outer(one, one.conj()), kramers, -np.eye(N)[::-1]]
    H = np.array([(h + h.conj().T) / 2 for h in special], dtype=complex)
    assert_solved(H, *eigh_lanes(H))


def test_lanes_hand_unconverged_matrices_to_lapack(monkeypatch):
    from solenoidal.eigen import lanes

    def give_up(H, E, U, failed):
        failed[:] = True

    monkeypatch.setattr(lanes, "_batch", give_up)
    H = hermitian(np.random.default_rng(0), 3, 4)
    assert_solved(H, *lanes.eigh_lanes(H))


def metrics(N):
    half = np.eye(N // 2)
    zero = np.zeros_like(half)
    yield np.diag(np.repeat([1.0, -1.0], N // 2)).astype(complex)
    yield np.block([[zero, 1j * half], [-1j * half, zero]])


@pytest.mark.parametrize("which", [0, 1])
def test_paraunitary_for_any_metric(which):
    N = 6
    eta = list(metrics(N))[which]
    X = hermitian(np.random.default_rng(1), 5, N)
    H = X @ X + 0.1 * np.eye(N)
    e, U, sign = eigenstates(H, eta)
    assert abs(eta @ H @ U - U * e[:, None, :]).max() < 1e-11
    assert abs(U.conj().swapaxes(1, 2) @ eta @ U - sign[:, :, None] * np.eye(N)).max() < 1e-12
    assert abs((U * sign[:, None, :]) @ U.conj().swapaxes(1, 2) @ eta - np.eye(N)).max() < 1e-11
    assert (sign == np.repeat([-1.0, 1.0], N // 2)).all()


def test_unstable_model_is_refused_naming_k():
    H = np.array([np.eye(2), np.diag([1.0, -0.25])], dtype=complex)
    k = np.array([[0.0, 0.0], [0.5, 0.125]])
    with pytest.raises(UnstableModelError, match=r"k = \(0\.5, 0\.125\), its lowest eigenvalue there is -0\.25 eV"):
        paraunitary(H, np.diag([1.0, -1.0]).astype(complex), k)


def test_zero_mode_is_refused():
    H = np.array([[[1.0, 1.0], [1.0, 1.0]]], dtype=complex)
    with pytest.raises(UnstableModelError, match="zero mode"):
        paraunitary(H, np.diag([1.0, -1.0]).astype(complex))
