"""The packed layout: every sum and product is that of plain arrays, for any size, metric and pattern of multiplets."""

import functools
import itertools

import numpy as np
import pytest

from solenoidal import bloch, dots, lines, packed, products, sums, zone
from solenoidal.multiplets import group_levels
from solenoidal.scattered import Scattered
from solenoidal.simd import WIDTH
from solenoidal.zone import Mesh
from tests.random_models import electrons


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
    F = packed.inverse_differences(e, group, rows) ** 2
    L = packed.unpack(packed.weighted(V, F), n_k)
    plain = sums.imag_sum(L, J[:, :rows].reshape(n_k, rows, -1, N), sign)
    equal(packed.anticommutator_sum(F, V, S, n_k, sign), plain.reshape(n_k, rows, D, D, 2))


@pytest.mark.parametrize("full", [1, 3, 4])
def test_pairs_of_full_levels_cancel(full):
    """What they leave out changes levels, not the sum over all full levels."""
    rng = np.random.default_rng(full)
    v, s, e = hermitian(rng, 5, 7, 3), hermitian(rng, 5, 7, 2), np.sort(rng.normal(size=(5, 7)), axis=1)
    F = packed.inverse_differences(e, group_levels(e, 1e-6, None), 5) ** 2
    every = packed.anticommutator_sum(F, packed.pack(v), packed.pack(s), 5)
    some = packed.anticommutator_sum(F, packed.pack(v), packed.pack(s), 5, full=full)
    scale = abs(every).max()
    np.testing.assert_allclose(some.sum(axis=1), every.sum(axis=1), rtol=0, atol=1e-13 * scale)
    np.testing.assert_allclose(some[:, :full].sum(axis=1), every[:, :full].sum(axis=1), rtol=0, atol=1e-13 * scale)
    np.testing.assert_allclose(some[:, full:], every[:, full:], rtol=0, atol=1e-13 * scale)
    assert (abs(some - every).max() > 1e-2 * scale) == (full > 1)


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
    equal(packed.unpack(packed.rotated_velocity(*parts, packed.bras(U)), n_k), rotated)


@pytest.mark.parametrize("N", [64, 67, 130])
def test_large_rotations_in_pieces(N):
    """Rows that are multiplied piece by piece; what is Hermitian is so to the last bit."""
    rng = np.random.default_rng(N)
    X = hermitian(rng, 3, N, 2)
    U = np.linalg.qr(rng.normal(size=(3, N, N)) + 1j * rng.normal(size=(3, N, N)))[0]
    got = packed.unpack(packed.rotate(packed.pack(X), packed.bras(U)), 3)
    equal(got, np.einsum("krn,kric,kcm->knim", U.conj(), X, U, optimize=True))
    assert (got == got.conj().transpose(0, 3, 2, 1)).all()


def test_real_matrices_stay_real(system):
    """Three products instead of four add nothing to an imaginary part that is zero."""
    v = system[0].real.astype(complex)
    v = v + v.transpose(0, 3, 2, 1)
    U = np.linalg.qr(v[:, :, 0].real)[0].astype(complex)
    got = packed.unpack(packed.rotate(packed.pack(v), packed.bras(U)), len(v))
    assert (got.imag == 0.0).all()
    equal(got, np.einsum("krn,kric,kcm->knim", U, v, U))


@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_both_kinds_of_tiles_agree(add, kind):
    """Two rows with two in four real products, two rows with three in three."""
    rng = np.random.default_rng(1)
    N, W = 5, 64 // np.dtype(kind).itemsize if WIDTH == 8 else 32 // np.dtype(kind).itemsize
    Z, line = 2 * W, 2 * W * N
    A, B, C = (rng.normal(size=3 * line).astype(kind) for _ in range(3))
    two, three = C.copy(), C.copy()
    dots._four(0, line, A, 0, line, B, 0, line, two, 0, line, 0, Z, add)
    dots._six(0, line, A, 0, line, B, 0, line, 2 * line, three, 0, line, 0, Z, 2 * Z, add)
    a, b, c = (X.reshape(3, N, 2, W)[:, :, 0] + 1j * X.reshape(3, N, 2, W)[:, :, 1] for X in (A, B, C))
    want = np.einsum("npw,mpw->nmw", a[:2], b.conj()) + (c[:2, :3] if add else 0.0)
    for got, columns in ((two, 2), (three, 3)):
        x = got.reshape(3, N, 2, W)[:2, :columns]
        tolerance = 1e-14 if kind == np.float64 else 1e-5
        np.testing.assert_allclose(x[:, :, 0] + 1j * x[:, :, 1], want[:, :columns], rtol=0, atol=tolerance)


@pytest.mark.parametrize("N", [1, 4, 5])
def test_line_sums_fill_a_block_piece_by_piece(N):
    """Sums of Hermitian matrices from several lines, begun in the middle of a vector, and their derivatives."""
    rng = np.random.default_rng(N)
    plain = functools.partial(np.einsum, "kR,kRpij->kipj")
    upper, counts = np.triu_indices(N), (1, 1, 1, 3, 2)
    out, want, used = [packed.pack(np.zeros((24, N, P, N), dtype=complex)) for P in (1, 3, 3, 2)], [[], [], [], []], 0
    rule = lines.Rule(rng.normal(size=(17, 5)), rng.normal(size=(17, 5)), rng.normal(size=(3, 3)))
    for number in (3, 7, 13):
        line, points = np.sort(rng.integers(0, 4, number)), rng.integers(0, 17, number)
        S = [np.stack([hermitian(rng, 5, N, P).swapaxes(1, 2) for _ in range(4)]) for P in counts]  # [line, R, p, i, j]
        S[1:3] = [-1j * x for x in S[1:3]]  # i times these are Hermitian
        stored = [np.ascontiguousarray(x[..., *upper].reshape(4, 5, -1)).view(float) for x in S]
        lines.line_sums(
            rule,
            lines.LineSums(stored[0], tuple(stored[:3]), tuple(stored[3:])),
            line,
            points,
            *out[:2],
            (*out[2:],),
            used,
        )
        c, d = rule.values[points], rule.slopes[points]
        H, H1, H2, *X = (x[line] for x in S)
        slopes = np.stack([1j * plain(c, H1), 1j * plain(c, H2), plain(d, H)])
        pieces = plain(c, H), np.einsum("lkioj,lp->kipj", slopes, rule.lattice), *(plain(c, x) for x in X)
        for all_of, piece in zip(want, pieces, strict=True):
            all_of.append(piece)
        used += number
    for got, pieces in zip(out, want, strict=True):
        equal(packed.unpack(got, used), np.concatenate(pieces))


@pytest.mark.parametrize("D", [2, 3])
def test_energy_sums_are_those_over_lattice_vectors(D):
    """H and its derivative on lines of a mesh, begun in the middle of a vector, and what a scattered sum gives."""
    model = electrons(D, dimension=D, n=5)
    mesh = Mesh((3, 4, 5)[:D], (0.3, 0.4, 0.1)[:D])
    source = zone.source(model, model.operator("spin"))
    for chunk in source.chunks(mesh):
        for block in source.blocks(mesh, chunk, block=7):
            want = bloch.fourier(model, block.k)
            equal(block.H, want.H)
            equal(block.dH, want.dH)
            equal(block.s, want.s)


@pytest.mark.parametrize("D", [1, 3])
def test_states_written_over_their_block_are_the_same(D):
    model = electrons(D, dimension=D, n=5)
    k = np.random.default_rng(D).uniform(size=(11, D))
    source = Scattered(model, model.operator("spin"))
    kept, used = (bloch.solve(source.block(k), consume=consume) for consume in (False, True))
    for name in ("e", "v", "s"):
        assert np.array_equal(getattr(kept, name), getattr(used, name)), name
    block = source.block(k)
    assert np.shares_memory(bloch.solve(block, consume=True).velocity.packed, block.elements("dH").packed)
