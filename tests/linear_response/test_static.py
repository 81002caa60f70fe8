"""Static response to a potential: exact laws at any q, and the dipole and quadrupole densities in its expansion."""

from dataclasses import replace

import numpy as np
import oracle
import pytest
import random_models as rm
from turned import turned

from solenoidal import engine, models, responses
from solenoidal.engine import Task
from solenoidal.errors import InputError
from solenoidal.linear_response import displaced
from solenoidal.linear_response.static import expansion, static_response
from solenoidal.model import Operator
from solenoidal.zone import Mesh

MU, KT = np.array([-0.3, 0.1]), np.array([0.25])
FAMILIES = {
    "1D": lambda: rm.electrons(1, 1, 3),
    "2D": lambda: rm.electrons(2),
    "2D with positions": lambda: rm.electrons(3, 2, 4, positions=True),
    "3D with positions": lambda: rm.electrons(4, 3, 4, positions=True),
    "doublets": lambda: rm.doublets(1),
    "Kane-Mele": lambda: models.kane_mele(lambda_v=0.1),
}


def small(model, n=4):
    return Mesh((n,) * model.dimension, (0.5,) * model.dimension)


def points(mesh):
    return oracle.mesh_points(mesh.n, mesh.offset)


def assert_close(a, b, tolerance):
    assert abs(b).max() > 1e-6, "nothing is compared"
    assert abs(a - b).max() <= tolerance * abs(b).max()


def band_sums(model, mesh, mu):
    """J, D^{lis}, D^{i tau} of one mu by the formulas for single bands; current direction first."""
    F, b = oracle.Fermi(mu, KT[0]), oracle.solve(model, points(mesh))
    scale = 1.0 / (mesh.size * model.volume)
    J, D_tau = (scale * x.sum(axis=0) for x in oracle.equilibrium_current(b, F))
    d = np.einsum("kn,knlic->ilc", F.f(b.e), oracle.current_dipole(b))
    return J, scale * (d + np.einsum("kn,knilc->ilc", F.g(b.e), oracle.spin_berry(b))), D_tau


@pytest.mark.parametrize("family", FAMILIES)
def test_dipoles_at_every_point(family):
    """D^{lis} and D^{i tau}: theory notes, section 2, to the accuracy given there."""
    model = FAMILIES[family]()
    found = expansion(model, MU, KT, small(model))
    for m, mu in enumerate(MU):
        J, D, D_tau = band_sums(model, small(model), mu)
        assert_close(found.D[0, m], D, 1e-9)
        if family != "Kane-Mele":  # J and D^tau vanish by its symmetry
            assert_close(found.J[0, m], J, 1e-9)
            assert_close(found.D_tau[0, m], D_tau, 1e-9)


def test_torque_dipole_of_degenerate_levels():
    """The double sum with g[a, a, b], which needs no multiplets."""
    model = FAMILIES["doublets"]()
    mesh = small(model)
    want = oracle.torque_dipole_density(oracle.solve(model, points(mesh)), oracle.Fermi(MU[1], KT[0])).sum(axis=0)
    assert_close(expansion(model, MU, KT, mesh).D_tau[0, 1], want / (mesh.size * model.volume), 1e-8)


@pytest.mark.parametrize("family", ["2D", "3D with positions", "doublets", "Kane-Mele"])
def test_quadrupole_at_every_point(family):
    """Continuity: the symmetric part of Q is minus that of D, point by point."""
    model = FAMILIES[family]()
    found = expansion(model, MU, KT, small(model))
    want = -np.stack([(D + D.swapaxes(0, 1)) / 2 for _, D, _ in (band_sums(model, small(model), mu) for mu in MU)])
    assert_close(found.Q[0], want, 1e-8)
    np.testing.assert_array_equal(found.Q, found.Q.swapaxes(2, 3))


def test_quadrupole_of_the_torque_itself():
    """Q = int f q + g chi from the definitions of q and chi: equal to the response as an integral, not by points."""
    model = rm.electrons(2, 2, 3, gap=1.5)  # where bands touch the sum of g chi over points is not int g chi
    mesh = small(model, 48)
    F, b = oracle.Fermi(MU[1], KT[0]), oracle.solve(model, points(mesh))
    Q = np.einsum("kn,knilc->ilc", F.f(b.e), oracle.quadrupole(b))
    Q = (Q + np.einsum("kn,knilc->ilc", F.g(b.e), oracle.polarizability(b))) / (mesh.size * model.volume)
    assert_close(expansion(model, MU[1:], KT, mesh).Q[0, 0], (Q + Q.swapaxes(0, 1)) / 2, 1e-9)


@pytest.mark.parametrize("family", ["2D with positions", "doublets", "3D with positions"])
def test_responses_of_the_engine(family):
    model = FAMILIES[family]()
    mesh, names = small(model), ("equilibrium", "dipole_density")
    task = Task(mesh.n, mesh.offset, MU, KT, definitions=(), degeneracy=1e-6, error=False, responses=names)
    values = engine.run(model, task).values
    table = {
        part: row
        for name in names
        for part, row in zip(responses.get(name).terms(task.choice), values[name], strict=True)
        if part != "total"
    }
    found, Q = expansion(model, MU, KT, mesh), table["torque_quadrupole"]
    assert_close(found.J, table["conventional"], 1e-7)
    assert_close(found.D_tau, table["torque_dipole"], 1e-7)
    assert_close(found.D, table["current_dipole"], 1e-7)
    assert_close(found.Q, (Q + Q.swapaxes(2, 3)) / 2, 1e-7)


def test_derivative_is_what_the_response_has():
    """f[., .] in place of g[., .]: d/dmu of every density."""
    model, h = FAMILIES["2D with positions"](), 0.02
    mesh = small(model)
    slope = expansion(model, MU[1:], KT, mesh, derivative=True)
    around = expansion(model, MU[1] + h * np.arange(-3, 4), KT, mesh)
    weights = np.array([-1.0, 9.0, -45.0, 0.0, 45.0, -9.0, 1.0]) / 60.0 / h
    for name in ("J", "D", "D_tau", "Q"):
        assert_close(getattr(slope, name)[0, 0], np.einsum("m,tm...->...", weights, getattr(around, name)), 1e-6)


def test_expansion_is_that_of_the_response():
    """At a small but finite q: signs of every term, along a direction between the axes."""
    model = FAMILIES["2D"]()
    mesh, q = small(model), 1e-3 * np.array([0.6, -0.8])
    found = static_response(model, q, MU, KT, mesh)
    at = expansion(model, MU, KT, mesh, derivative=True)
    current = -at.J + 1j * np.einsum("l,tmila->tmia", q, at.D)
    torque = 1j * np.einsum("i,tmia->tma", q, at.D_tau) + np.einsum("i,l,tmila->tma", q, q, at.Q)
    assert_close(found.current.real, current.real, 1e-5)
    assert_close(found.current.imag, current.imag, 1e-5)
    assert_close(found.torque.imag, torque.imag, 1e-5)
    np.testing.assert_allclose(found.torque.real, torque.real, atol=1e-5 * abs(torque.real).max())


def test_two_levels():
    """H = eps + b.sigma, s = c.sigma / 2 with d^i = unit.(d_i b x c) / 4 b in both levels:

    D^{lis} = sum_+- (f -+ g / b) d_i eps d^l;  D^{i tau} = sum_+- (f -+ g / b) [(unit.d_i b)(unit.c) - d_i b.c] / 2.
    """
    model, k = rm.electrons(6, 2, 2, components=1), points(Mesh((3, 3), (0.5, 0.5)))
    c = np.einsum(
        "ab,cba->c", model.operators["spin"].matrices[np.flatnonzero(~model.R.any(axis=1))[0], 0], rm.PAULI
    ).real
    H, dH = oracle.lattice_sum(model, model.H, k), [oracle.lattice_sum(model, model.H, k, (i,)) for i in range(2)]
    eps, b = np.einsum("kaa->k", H).real / 2, np.einsum("kab,cba->kc", H, rm.PAULI).real / 2
    eps_i = np.stack([np.einsum("kaa->k", x).real / 2 for x in dH], axis=1)
    b_i = np.stack([np.einsum("kab,cba->kc", x, rm.PAULI).real / 2 for x in dH], axis=1)
    size = np.linalg.norm(b, axis=1)
    unit = b / size[:, None]
    d = np.einsum("ka,kia->ki", unit, np.cross(b_i, c)) / (4 * size)[:, None]
    turning = np.einsum("ka,kia->ki", unit, b_i) * (unit @ c)[:, None] - b_i @ c
    D, D_tau, F = 0.0, 0.0, oracle.Fermi(MU[1], KT[0])
    for sign in (1, -1):
        f, g = F.f(eps + sign * size), F.g(eps + sign * size)
        D = D + np.einsum("k,ki,kl->il", f - sign * g / size, eps_i, d)
        D_tau = D_tau + 0.5 * np.einsum("k,ki->i", f - sign * g / size, turning)
    # The trace part of a random s commutes with everything and drops out of D^tau; in D it is that of the charge.
    trace = np.einsum("aa->", model.operators["spin"].matrices[np.flatnonzero(~model.R.any(axis=1))[0], 0]).real / 2
    found = expansion(model, MU[1:], KT, Mesh((3, 3), (0.5, 0.5)))
    charge = expansion(model, MU[1:], KT, Mesh((3, 3), (0.5, 0.5)), "charge")
    scale = len(k) * model.volume
    assert_close(found.D[0, 0, :, :, 0] - trace * charge.D[0, 0, :, :, 0], D / scale, 1e-9)
    assert_close(found.D_tau[0, 0, :, 0], D_tau / scale, 1e-9)


def test_charge():
    """No torque; D is the orbital magnetization and antisymmetric; the density answers with -dn/dmu."""
    model = FAMILIES["2D with positions"]()
    found = expansion(model, MU, KT, small(model), "charge")
    assert_close(found.D, -found.D.swapaxes(2, 3), 1e-9)
    np.testing.assert_allclose(found.Q, 0.0, atol=1e-9)
    np.testing.assert_allclose(found.D_tau, 0.0, atol=1e-10)
    dense = Mesh((24, 24), (0.5, 0.5))
    density = static_response(model, np.array([1e-4, 0.0]), MU, KT, dense, "charge").s[0, :, 0]
    e = np.linalg.eigvalsh(oracle.lattice_sum(model, model.H, points(dense)))
    want = [oracle.Fermi(mu, KT[0]).df(e).sum() / (dense.size * model.volume) for mu in MU]
    np.testing.assert_allclose(density, want, rtol=1e-6)


def test_reciprocity():
    """The response of s_a to a modulation of s_b is the conjugate of that of s_b to s_a, at any q."""
    model, q = FAMILIES["2D with positions"](), np.array([0.4, 0.7])
    op = model.operators["spin"]

    def part(a):
        return Operator(op.matrices[:, a : a + 1], op.components[a : a + 1])

    X = [static_response(model, q, MU, KT, small(model), perturbation=part(a)).s for a in range(2)]
    assert abs(X[0].imag).max() > 1e-3
    np.testing.assert_allclose(X[0][..., 1], X[1][..., 0].conj(), atol=1e-12)


def test_uniform_modulation_is_another_crystal():
    """q -> 0 of a Zeeman-like modulation: the change of the crystal with H + V X, every density."""
    model, h = FAMILIES["2D"](), 1e-4
    op = model.operators["spin"]
    X, mesh = Operator(op.matrices[:, :1], ("x",)), small(model)
    found = static_response(model, np.array([1e-5, 0.0]), MU, KT, mesh, perturbation=X)
    want = [densities(replace(model, H=model.H + sign * h * X.matrices[:, 0]), mesh) for sign in (1, -1)]
    for got, plus, minus in zip((found.s, found.current), *want, strict=True):
        assert_close(got[0, 1], (plus - minus) / (2 * h), 1e-5)


def densities(model, mesh):
    """int f s and int f J of the crystal, J with the velocity before the change: X commutes with the position."""
    b = oracle.solve(model, points(mesh))
    f = oracle.Fermi(MU[1], KT[0]).f(b.e) / (mesh.size * model.volume)
    return np.einsum("kn,knc->c", f, oracle.spin(b)), np.einsum("kn,knic->ic", f, oracle.current(b))


def test_smooth_gauge():
    plain = rm.electrons(3, 2, 4, positions=True)
    mesh, q = small(plain, 3), np.array([0.05, 0.02])
    a, b = (static_response(m, q, MU, KT, mesh) for m in (turned(plain), plain))
    assert_close(a.torque, b.torque, 1e-6)
    assert_close(a.current, b.current, 1e-6)
    left, right = (expansion(m, MU, KT, mesh) for m in (turned(plain), plain))
    assert_close(left.D, right.D, 1e-8)
    assert_close(left.Q, right.Q, 1e-7)


def test_random_phases_and_rotations(monkeypatch):
    model, rng, honest = rm.doublets(1), np.random.default_rng(0), displaced.levels
    mesh, q = small(model, 3), np.array([0.3, -0.2])
    want = static_response(model, q, MU, KT, mesh)

    def mixed(source, at):
        found = honest(source, at)
        X = rng.normal(size=found.U.shape) + 1j * rng.normal(size=found.U.shape)
        Q = np.linalg.qr(np.where(oracle.chains(found.e, 1e-6), X, 0))[0]
        bra = Q.conj().swapaxes(1, 2)[:, None]
        return replace(found, U=found.U @ Q, v=bra @ found.v @ Q[:, None], s=bra @ found.s @ Q[:, None])

    monkeypatch.setattr(displaced, "levels", mixed)
    got = static_response(model, q, MU, KT, mesh)
    np.testing.assert_allclose(got.torque, want.torque, atol=1e-13)
    np.testing.assert_allclose(got.current, want.current, atol=1e-13)


def test_mistakes():
    model = FAMILIES["2D"]()
    q, mesh = np.array([0.1, 0.0]), small(model)
    with pytest.raises(InputError, match="needs a wave vector"):
        static_response(model, 0 * q, MU, KT, mesh)
    with pytest.raises(InputError, match="T > 0"):
        expansion(model, MU, np.array([0.0]), mesh)
    with pytest.raises(InputError, match="fermions without a metric"):
        expansion(rm.bosons(1), MU, KT, mesh)
    with pytest.raises(InputError, match="one component"):
        static_response(model, q, MU, KT, mesh, perturbation=model.operators["spin"])
