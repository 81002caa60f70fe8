"""The sum over pairs at finite q: its limit is the closed form (K) at every k, in any basis and gauge."""

from dataclasses import replace

import numpy as np
import oracle
import pytest
import random_models as rm
from turned import turned

from solenoidal import definitions, models
from solenoidal.definitions import DirectSettings
from solenoidal.errors import InputError
from solenoidal.linear_response import displaced, pair_sum
from solenoidal.linear_response.pair_sum import PairSum

MU, KT = 0.1, 0.25
FAMILIES = {
    "1D": lambda: rm.electrons(1, 1, 3),
    "2D": lambda: rm.electrons(2),
    "2D with positions": lambda: rm.electrons(3, 2, 4, positions=True),
    "3D with positions": lambda: rm.electrons(4, 3, 4, positions=True),
    "doublets": lambda: rm.doublets(1),
    "doublets 3D": lambda: rm.doublets(1, 3),
    "Rashba and Zeeman": lambda: models.rashba(B_z=0.3),
    "Kane-Mele": lambda: models.kane_mele(lambda_v=0.1),
    "BHZ": models.bhz,
    "Wilson-Dirac": models.wilson_dirac,
}


def points(model, n=4):
    return oracle.mesh_points((n,) * model.dimension)


def collect(model, k, mu=MU, kT=KT, functions=("fermi",), degeneracy=1e-6, gamma=None):
    settings = DirectSettings(np.atleast_1d(mu), np.atleast_1d(kT), functions, degeneracy, gamma)
    total = PairSum(model, model.operator("spin"), settings)
    total.add(k)
    return total


def limit(model, k, function="fermi", **options):
    return collect(model, k, functions=(function,), **options).limit(function).value[0, 0]


def assert_close(a, b, tolerance):
    assert abs(b).max() > 1e-6, "nothing is compared"
    assert abs(a - b).max() <= tolerance * abs(b).max()


@pytest.mark.parametrize("family", FAMILIES)
def test_closed_form(family):
    """(K), point by point: no sum over the zone is needed (theory notes, section 4)."""
    model = FAMILIES[family]()
    k = points(model)
    want = oracle.kubo(oracle.solve(model, k), oracle.Fermi(MU, KT)).sum(axis=0)
    found = collect(model, k).limit("fermi")
    assert_close(found.value[0, 0], want, 1e-10)
    assert found.error.max() <= 1e-8 * abs(want).max()


@pytest.mark.parametrize("family", ["2D", "3D with positions", "doublets", "Kane-Mele"])
def test_closed_form_of_the_thermal_response(family):
    """f -> S = -dg/dT in eq11 (P) plus the difference to it, theory notes, sections 3 and 5."""
    model, F = FAMILIES[family](), oracle.Entropy(MU, KT)
    b = oracle.solve(model, points(model))
    want = (oracle.eq11(b, F, "P") + oracle.kubo_minus_eq11(b, F)).sum(axis=0)
    assert_close(limit(model, points(model), "entropy"), want, 1e-9)


@pytest.mark.parametrize("family", ["2D", "3D with positions", "doublets"])
def test_closed_form_with_a_rate(family):
    model = FAMILIES[family]()
    want = oracle.kubo_gamma(oracle.solve(model, points(model)), oracle.Fermi(MU, KT), 0.05).sum(axis=0)
    assert_close(limit(model, points(model), gamma=0.05), want, 1e-9)


def test_slow_sum_in_phases():
    """The same pairs with the orbital positions in the phases and a fixed length of q: theory notes, section 4."""
    model = FAMILIES["2D with positions"]()
    torque = [oracle.richardson(lambda q, i=i: oracle.finite_q(model, i, q, MU, KT, (4, 4)), 2e-3) for i in range(2)]
    k = points(model)
    b = oracle.solve(model, k)
    conventional = oracle.conventional(b, oracle.Fermi(MU, KT)).sum(axis=0)
    want = conventional + np.array(torque) * len(k) * model.volume
    assert_close(limit(model, k), want, 1e-8)


def test_two_levels():
    """H = eps + b.sigma, s = c.sigma / 2: every sign.

    Docs, theory: sum f (+-)(d_i eps d^l - d_l eps d^i) / b + (-f') v^i d^l with d^i = unit.(d_i b x c) / 4 b.
    """
    rng = np.random.default_rng(3)
    c = rng.normal(size=3)
    model = rm.electrons(6, 2, 2)
    s = np.einsum("a,abc->bc", c, rm.PAULI) / 2
    model = model.with_operators(spin=replace(model.operators["spin"], matrices=local(model, s), components=("c",)))
    k = points(model, 3)
    H = oracle.lattice_sum(model, model.H, k)
    dH = np.stack([oracle.lattice_sum(model, model.H, k, (i,)) for i in range(2)], axis=1)
    eps_i, b, b_i = (parts(dH)[0], parts(H)[1], parts(dH)[1])
    size = np.linalg.norm(b, axis=1)
    unit = b / size[:, None]
    d = np.einsum("ka,kia->ki", unit, np.cross(b_i, c)) / (4 * size)[:, None]
    want, F = 0.0, oracle.Fermi(MU, KT)
    for sign in (1, -1):
        e = parts(H)[0] + sign * size
        v = eps_i + sign * np.einsum("ka,kia->ki", unit, b_i)
        turn = np.einsum("ki,kl->kil", eps_i, d) - np.einsum("kl,ki->kil", eps_i, d)
        want = want + np.einsum("k,kil->il", sign * F.f(e) / size, turn)
        want = want + np.einsum("k,ki,kl->il", -F.df(e), v, d)
    assert_close(limit(model, k)[:, :, 0], want, 1e-10)


def parts(H):
    """eps and b of eps + b.sigma."""
    return np.einsum("...aa->...", H).real / 2, np.einsum("...ab,cba->...c", H, rm.PAULI).real / 2


def local(model, s):
    out = np.zeros((len(model.R), 1, model.size, model.size), dtype=complex)
    out[np.flatnonzero((model.R == 0).all(axis=1))[0], 0] = s
    return out


def test_smooth_gauge():
    """A k-dependent gauge changes H, s and the position matrix, and nothing else."""
    plain = rm.electrons(3, 2, 4, positions=True)
    model, k = turned(plain), points(plain, 3)
    assert_close(limit(model, k), limit(plain, k), 1e-8)
    without = limit(replace(model, position=None), k)
    assert abs(without - limit(plain, k)).max() > 1e-2 * abs(without).max()


def test_rotations_inside_multiplets(monkeypatch):
    """A random phase of every state, a random U(2) in every doublet, other ones at every point that is looked at."""
    model, rng, honest = rm.doublets(1), np.random.default_rng(0), displaced.levels
    k = points(model, 3)
    want = limit(model, k)

    def mixed(source, at):
        found = honest(source, at)
        X = rng.normal(size=found.U.shape) + 1j * rng.normal(size=found.U.shape)
        Q = np.linalg.qr(np.where(oracle.chains(found.e, 1e-6), X, 0))[0]
        bra = Q.conj().swapaxes(1, 2)[:, None]
        return replace(found, U=found.U @ Q, v=bra @ found.v @ Q[:, None], s=bra @ found.s @ Q[:, None])

    monkeypatch.setattr(displaced, "levels", mixed)
    monkeypatch.setattr(pair_sum, "levels", mixed)
    assert_close(limit(model, k), want, 1e-9)


def test_pairs_inside_multiplets_are_left_out():
    """Counting them is another number: with every level by itself the doublets contribute."""
    model = rm.doublets(1, splitting=1e-3)
    k = points(model, 3)
    grouped, resolved = limit(model, k, degeneracy=1e-2), limit(model, k, degeneracy=1e-6)
    assert abs(grouped - resolved).max() > 0.05 * abs(grouped).max()


def test_every_filling_and_temperature_at_once():
    model = FAMILIES["2D"]()
    k, mu, kT = points(model), np.array([-20.0, -0.4, MU, 2.0, 20.0]), np.array([0.1, KT])
    both = collect(model, k, mu, kT, ("fermi", "entropy"))
    for name in ("fermi", "entropy"):
        table = both.limit(name).value
        for t in range(2):
            for m in range(1, 4):
                one = collect(model, k, mu[m], kT[t], (name,)).limit(name).value[0, 0]
                np.testing.assert_allclose(table[t, m], one, atol=1e-9 * abs(table).max())
        np.testing.assert_allclose(table[:, [0, -1]], 0.0, atol=1e-9)  # empty and full


def test_arrays_of_two_sets_of_points_are_added():
    model = FAMILIES["2D"]()
    k = points(model)
    whole, left, right = (collect(model, part) for part in (k, k[:7], k[7:]))
    for name, array in left.arrays().items():
        array += right.arrays()[name]
    for a, b in zip(left.limit("fermi"), whole.limit("fermi"), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


def test_sensitivity_is_the_change_of_the_grouping():
    model = rm.doublets(1, splitting=3e-3)
    k = points(model, 3)
    found = collect(model, k, degeneracy=5e-3).limit("fermi")
    finer = collect(model, k, degeneracy=5e-3 / 3).limit("fermi")
    assert abs(found.shift).max() > 1e-3
    np.testing.assert_allclose(found.shift, finer.value - found.value, atol=1e-8)


def test_error_of_the_limit_is_not_too_small(monkeypatch):
    """With steps that are too long the estimate covers the error, with the usual ones both are tiny."""
    model = FAMILIES["2D"]()
    k = points(model)
    want = oracle.kubo(oracle.solve(model, k), oracle.Fermi(MU, KT)).sum(axis=0)
    monkeypatch.setattr(pair_sum, "STEP", 0.2)
    found = collect(model, k).limit("fermi")
    wrong = abs(found.value[0, 0] - want).max()
    assert 1e-8 * abs(want).max() < wrong < found.error.max()


def test_cold_and_close_levels_shorten_q():
    model = FAMILIES["2D"]()
    k = points(model)
    levels = displaced.levels(replace(model, operators={"s": model.operator("spin")}), k)
    each = np.arange(levels.e.size).reshape(levels.e.shape)
    hot, warm, cold = (collect(model, k[:1], kT=kT).lengths(levels, each) for kT in (20.0, 0.02, 0.0002))
    np.testing.assert_allclose(cold, warm * 0.01)
    assert (warm < hot).all()
    gap = np.diff(levels.e).min(axis=1)
    np.testing.assert_allclose(hot, np.minimum(warm * gap / 0.02, pair_sum.STEP / np.sqrt(model.volume)))


def test_it_is_not_a_default():
    assert "finite_q" in definitions.names()
    assert "finite_q" not in definitions.applicable("internal")
    assert "finite_q" not in definitions.applicable("charge")


def test_mistakes():
    model = FAMILIES["2D"]()
    with pytest.raises(InputError, match="'finite_q' needs T > 0"):
        collect(model, points(model), kT=[0.0, 0.1])
    with pytest.raises(InputError, match="without a metric"):
        collect(replace(model, metric=np.diag([1.0, 1.0, -1.0])), points(model))


def test_bounded_memory(monkeypatch):
    """Large models are treated a few points at a time, down to one."""
    model = FAMILIES["2D"]()
    k = points(model)
    want = limit(model, k)
    monkeypatch.setattr(displaced, "BYTES", 1.0)
    np.testing.assert_allclose(limit(model, k), want, rtol=1e-10)
