"""The packed layout: every sum and product is that of plain arrays, for any size, metric and pattern of multiplets."""

import itertools

import numpy as np
import pytest

from solenoidal import packed, products, sums
from solenoidal.multiplets import group_levels


def hermitian(rng, n_k, N, P):
    X = rng.normal(size=(n_k, N, P, N)) + 1j * rng.normal(size=(n_k, N, P, N))
    return X + X.conj().transpose(0, 3, 2, 1)


@pytest.fixture(params=[(1, 4, False), (2, 3, False), (5, 19, True), (7, 9, False), (18, 8, False)], ids=str)
def system(request):
    """v, s, energies with multiplets of two and three levels, groups, norms and rows."""
    N, n_k, signed = request.param
    rng = np.random.default_rng(N)
    e = np.sort(rng.normal(size=(n_k, N)), axis=1)
    if N > 4:
        e[::3, 3] = e[::3, 2]
        e[::2, 4] = e[::2, 2]
    e = np.sort(e, axis=1)
    sign = np.sign(e) if signed else None
    group = group_levels(e, 1e-6, sign)
    rows = max(1, N - 2)
    while rows < N and (group[:, rows] == group[:, rows - 1]).any():
        rows += 1
    return hermitian(rng, n_k, N, 3), hermitian(rng, n_k, N, 2), e, group, sign, rows


def equal(a, b):
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-13 * max(1.0, abs(b).max()))


def test_pack_and_unpack_are_inverse(system):
    v = system[0]
    assert (packed.unpack(packed.pack(v), len(v)) == v).all()
    equal(packed.diagonal(packed.pack(v), len(v)), np.einsum("knpn->knp", v).real)


def test_sums_and_products_equal_those_of_plain_arrays(system):
    v, s, e, group, sign, rows = system
    n_k, N, D, _ = v.shape
    G = sums.inverse_differences(e, group)
    B, V, S = (v * G[:, :, None, :])[:, :rows], packed.pack(v), packed.pack(s)
    packed_B = packed.weighted(V, packed.inverse_differences(e, group, rows))
    equal(packed.unpack(packed_B, n_k), B)
    equal(packed.imag_sum(packed_B, S, n_k, sign), sums.imag_sum(B, s[:, :rows], sign))
    trace = sums.multiplet_trace(B, s[:, :rows], v[:, :rows], group, sign)
    equal(packed.multiplet_trace(packed_B, S, V, group, sign), trace)
    pairs = list(itertools.product(range(D), range(2)))
    product = products.row_product(B, s, sign).reshape(n_k, rows, -1, N)
    equal(packed.unpack(packed.row_product(packed_B, S, sign, pairs), n_k), product)


def test_anticommutators(system):
    v, s, e, group, sign, rows = system
    n_k, N, D, _ = v.shape
    eta = np.ones_like(e) if sign is None else sign
    J = np.einsum("knip,kp,kpam->kniam", v, eta, s) + np.einsum("knap,kp,kpim->kniam", s, eta, v)
    V, S = packed.pack(v), packed.pack(s)
    got = packed.unpack(packed.anticommutator(V, S, rows, sign), n_k)
    equal(got, J[:, :rows].reshape(n_k, rows, -1, N))
    L = packed.weighted(V, packed.inverse_differences(e, group, rows))
    plain = sums.imag_sum(packed.unpack(L, n_k), J[:, :rows].reshape(n_k, rows, -1, N), sign)
    equal(packed.anticommutator_sum(L, V, S, n_k, sign), plain.reshape(n_k, rows, D, D, 2))


def test_rotation_and_velocity(system):
    v = system[0]
    n_k, N, D, _ = v.shape
    rng = np.random.default_rng(0)
    H, A = hermitian(rng, n_k, N, 1), hermitian(rng, n_k, N, D)
    U = np.linalg.qr(rng.normal(size=(n_k, N, N)) + 1j * rng.normal(size=(n_k, N, N)))[0]
    HA = np.einsum("krc,kcip->krip", H[:, :, 0], A)
    velocity = v + 1j * (HA - HA.conj().transpose(0, 3, 2, 1))
    parts = packed.pack(H), packed.pack(v), packed.pack(A)
    equal(packed.unpack(packed.velocity(*parts), n_k), velocity)
    rotated = np.einsum("krn,kric,kcm->knim", U.conj(), velocity, U)
    equal(packed.unpack(packed.rotated_velocity(*parts, packed.pack(U[:, :, None])), n_k), rotated)


@pytest.mark.parametrize("N", [1, 4, 5])
def test_line_sums_fill_a_block_piece_by_piece(N):
    """Sums of Hermitian matrices from several lines, begun in the middle of a vector."""
    rng = np.random.default_rng(N)
    R = np.arange(-2, 3)
    out, want, used = packed.pack(np.zeros((24, N, 3, N), dtype=complex)), [], 0
    for points in (3, 7, 13):
        S = rng.normal(size=(5, 2, N, N)) + 1j * rng.normal(size=(5, 2, N, N))
        S = S + S[::-1].conj().swapaxes(2, 3)
        phase = np.exp(2j * np.pi * rng.normal(size=(points, 1)) * R)
        packed.line_sum(phase, S.reshape(5, -1), out, used, 1)
        want.append(np.einsum("kR,Rpij->kipj", phase, S))
        used += points
    equal(packed.unpack(out, used)[:, :, 1:], np.concatenate(want))
