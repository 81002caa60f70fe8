"""The one-pass form of the Kubo formula is the triple sum (K) and the limit of finite q, for any degenerate levels."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solenoidal import definitions, quantities
from solenoidal.bloch import Block, solve
from solenoidal.quantities import Settings
from solenoidal.statistics import fermi, fermi_surface

KT, MU = 0.3, 0.1


def block_with_levels(levels, seed, D=2):
    """One k-point with given levels and otherwise random matrices: any dH and s are possible at a single k."""
    rng = np.random.default_rng(seed)
    N = len(levels)

    def hermitian(*shape):
        X = rng.normal(size=(*shape, N, N)) + 1j * rng.normal(size=(*shape, N, N))
        return X + X.conj().swapaxes(-1, -2)

    U = np.linalg.qr(hermitian())[0]
    H = (U * levels) @ U.conj().T
    return Block((H + H.conj().T)[None] / 2, hermitian(1, D), None, hermitian(1, 1))


def second_difference(a, b, c):
    """``f[a, b, c]`` by the integral over the simplex (Hermite, Genocchi): no case for equal arguments."""
    x, w = np.polynomial.legendre.leggauss(24)
    x, w = (x + 1) / 2, w / 2
    t, u = np.meshgrid(x, x, indexing="ij")
    points = a + (b - a) * t + (c - b) * t * u
    x = (points - MU) / KT
    slope = np.tanh(0.5 * x) / (4 * KT**2 * np.cosh(0.5 * x) ** 2)  # f''
    return float((w[:, None] * w[None, :] * t * slope).sum())


def triple_sum(block, degeneracy):
    """(K) term by term; triples inside one multiplet are the pairs that multiplets exclude and are left out."""
    s_ = solve(block, degeneracy)
    e, v, s = s_.e[0], s_.v[0].transpose(1, 0, 2), s_.s[0, :, 0]
    group, N, D = s_.group[0], len(s_.e[0]), v.shape[0]
    out = np.zeros((D, D))
    for i, l in itertools.product(range(D), repeat=2):
        for n, m, p in itertools.product(range(N), repeat=3):
            if group[n] == group[m] == group[p]:
                continue
            out[i, l] -= second_difference(e[n], e[m], e[p]) * (s[n, m] * v[i, m, p] * v[l, p, n]).imag
        for g in np.unique(group):
            inside, outside = np.flatnonzero(group == g), np.flatnonzero(group != g)
            w = e[inside][:, None] - e[outside]
            A = [-1j * v[j][np.ix_(inside, outside)] / w for j in range(D)]
            so, vo = s[np.ix_(outside, inside)], v[l][np.ix_(outside, inside)]
            d = 0.5 * (A[i] @ so + (A[i] @ so).conj().T)
            m = 0.5 * (A[i] @ vo + (A[i] @ vo).conj().T)
            square = np.ix_(inside, inside)
            surface = float(fermi_surface(e[inside].mean() - MU, KT))
            out[i, l] += surface * np.trace(v[l][square] @ d - s[square] @ m).real
    return out


def one_pass(block, degeneracy, gamma=None):
    states = solve(block, degeneracy)
    factor = {"sea": fermi, "surface": fermi_surface}
    total = 0.0
    for term in definitions.terms("kubo", "S", gamma):
        q = quantities.get(term.quantity)
        x = q.rows(states, Settings(gamma or 0.0))[0, ..., 0]
        x = np.einsum("n,nil->il", factor[term.weight](states.e_group[0] - MU, KT), x)
        total = total + term.coefficient * (x.T if term.exchanged else x)
    return total


levels = st.lists(st.sampled_from([-1.0, -0.4, 0.0, 0.3, 1.1]), min_size=2, max_size=5).map(sorted)


@settings(deadline=None, max_examples=40)
@given(levels=levels, seed=st.integers(0, 10**6))
def test_one_pass_is_the_triple_sum(levels, seed):
    block = block_with_levels(np.array(levels), seed)
    want = triple_sum(block, 1e-6)
    np.testing.assert_allclose(one_pass(block, 1e-6), want, rtol=0, atol=1e-9 * max(1.0, abs(want).max()))


def finite_q(block, i, l, q):
    """Response to E_l at wave vector q along i with pairs inside a multiplet excluded; d_i H is constant here."""
    H, v, s = block.H[0], block.dH[0], block.s[0, 0]
    (em, Um), (ep, Up) = (np.linalg.eigh(H + sign * q / 2 * v[i]) for sign in (-1, 1))
    group = np.cumsum(np.diff(np.linalg.eigvalsh(H), prepend=-np.inf) > 1e-6)
    w = np.where(group[:, None] == group, np.inf, em[:, None] - ep)
    f = fermi(em - MU, KT)[:, None] - fermi(ep - MU, KT)
    sv = (Um.conj().T @ s @ Up) * (Up.conj().T @ v[l] @ Um).T
    return (1j * sv * f / w).sum().real / q


@settings(deadline=None, max_examples=30)
@given(levels=levels, seed=st.integers(0, 10**6))
def test_one_pass_is_the_limit_of_finite_wave_vectors(levels, seed):
    block = block_with_levels(np.array(levels), seed)
    got = one_pass(block, 1e-6)
    for i, l in itertools.product(range(2), repeat=2):
        a, b, c = (finite_q(block, i, l, q) for q in (1e-3, 2e-3, 4e-3))
        limit = (64 * a - 20 * b + c) / 45
        assert abs(got[i, l] - limit) < 1e-5 * max(1.0, abs(got).max())


def test_triples_inside_a_multiplet_matter():
    """With them the triple sum would miss the finite-q limit by O(1) where velocities do not commute."""
    block = block_with_levels(np.array([-0.4, 0.0, 0.0, 0.0]), 3)
    states = solve(block, 1e-6)
    inside = states.group[0] == 1
    s, v = states.s[0, inside, 0][:, inside], states.v[0][inside][:, :, inside]
    extra = second_difference(0.0, 0.0, 0.0) * np.trace(s @ v[:, 0] @ v[:, 1]).imag
    assert abs(extra) > 0.1


@settings(deadline=None, max_examples=20)
@given(levels=levels, seed=st.integers(0, 10**6))
def test_small_rate_is_the_multiplet_form(levels, seed):
    block = block_with_levels(np.array(levels), seed)
    a, b = one_pass(block, 1e-6), one_pass(block, 1e-6, gamma=1e-4)
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-4 * max(1.0, abs(a).max()))


def gamma_sum(block, gamma):
    """(K gamma) term by term; the quotient at equal levels is the derivative by a central difference."""
    s_ = solve(block, 1e-6)
    e, v, s = s_.e[0], s_.v[0].transpose(1, 0, 2), s_.s[0, :, 0]
    N, D = len(e), v.shape[0]

    def phi(x, y):
        return (fermi(x - MU, KT) - fermi(y - MU, KT)) * (x - y) / ((x - y) ** 2 + gamma**2)

    out = np.zeros((D, D))
    for n, m, p in itertools.product(range(N), repeat=3):
        same = abs(e[m] - e[p]) < 1e-6
        up, down = (e[m] + 1e-4, e[m] - 1e-4) if same else (e[m], e[p])
        quotient = (phi(e[n], up) - phi(e[n], down)) / (up - down)
        for i, l in itertools.product(range(D), repeat=2):
            out[i, l] -= quotient * (s[n, m] * v[i, m, p] * v[l, p, n]).imag
    return out


@settings(deadline=None, max_examples=30)
@given(levels=levels, seed=st.integers(0, 10**6), gamma=st.floats(0.05, 0.5))
def test_one_pass_is_the_broadened_sum(levels, seed, gamma):
    block = block_with_levels(np.array(levels), seed)
    want = gamma_sum(block, gamma)
    np.testing.assert_allclose(one_pass(block, 1e-6, gamma), want, rtol=0, atol=1e-4 * max(1.0, abs(want).max()))
