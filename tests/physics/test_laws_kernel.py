"""Laws of the band-resolved quantities of the package at random k: reference, gauges, rotations, two-level cases."""

from dataclasses import replace

import numpy as np
import oracle
import pytest
import random_models as rm
from scipy import linalg

from solenoidal import quantities
from solenoidal.bloch import Block, fourier, solve
from solenoidal.quantities import Settings

FAMILIES = {
    "2D": lambda: rm.electrons(1, 2, 3),
    "3D": lambda: rm.electrons(2, 3, 4),
    "2D with positions": lambda: rm.electrons(3, 2, 4, positions=True),
    "3D with positions": lambda: rm.electrons(4, 3, 4, positions=True),
    "doublets": lambda: rm.doublets(1),
    "doublets 3D": lambda: rm.doublets(2, 3),
    "bosons, diag(1,-1)": lambda: rm.bosons(5, "diagonal"),
    "bosons, particle-hole": lambda: rm.bosons(6, "particle-hole"),
    "bosons, symplectic": lambda: rm.bosons(7, "symplectic"),
    "bosons with positions": lambda: rm.bosons(9, "particle-hole", positions=True),
    "phonons with positions": lambda: rm.bosons(10, "symplectic", 3, positions=True),
    "bosons, k-dependent s": lambda: rm.bosons(8, "diagonal", k_dependent_s=True),
}
SETTINGS = Settings(gamma=0.2)


#: Quantity of the package -> the same from the reference, in the layout (n_k, N, i, l, c).
REFERENCE = {
    "spin_berry": oracle.spin_berry,
    "berry_spin": oracle.berry_spin,
    "velocity_dipole": oracle.velocity_dipole,
    "covariant_spin": lambda b: oracle.dipole_antisymmetry(b) / 2,
    "kubo_mixing": oracle.kubo_vertex,
    "torque_quadrupole": oracle.quadrupole,
}


def rows(name, states):
    return quantities.get(name).rows(states, SETTINGS)


def traces(x, group):
    """Sum over the multiplets, stored at every member: what no rotation may change."""
    same = group[:, :, None] == group[:, None, :]
    return np.einsum("knm,km...->kn...", same, x)


#: Quantities of plain states; those that need second derivatives of H are in test_multiplet_geometry.py.
PLAIN = [name for name in quantities.names() if not quantities.get(name).derivatives]


def invariants(states):
    """Everything that is summed over the zone, traced over multiplets."""
    return {name: traces(rows(name, states), states.group) for name in PLAIN}


def assert_same(a, b, tolerance=1e-11):
    assert a.keys() == b.keys()
    for name, x in a.items():
        scale = max(1.0, float(abs(x).max()))
        np.testing.assert_allclose(b[name], x, rtol=0, atol=tolerance * scale, err_msg=name)


def points(model, n=6, seed=11):
    return np.random.default_rng(seed).uniform(size=(n, model.dimension))


@pytest.mark.parametrize("family", FAMILIES)
def test_quantities_match_the_reference(family):
    model = FAMILIES[family]()
    k = points(model)
    states, b = solve(fourier(model, k), 1e-6), oracle.solve(model, k)
    np.testing.assert_allclose(states.e, b.e, atol=1e-11 * abs(b.e).max())
    if model.metric is not None:
        assert np.array_equal(states.sign, b.sign)
    for name, reference in REFERENCE.items():
        want = traces(reference(b), states.group)
        assert abs(want).max() > 1e-6, f"{name} vanishes here and tests nothing"
        scale = max(1.0, abs(want).max())
        np.testing.assert_allclose(traces(rows(name, states), states.group), want, atol=1e-10 * scale, err_msg=name)


def gauge_block(model, k, seed=4):
    """The same physics in a smooth gauge (theory notes, section 1).

    H -> U^+ H U with U = exp(i eta X phi(k)), which keeps the metric, and eta A -> U^-1 (eta A + i d) U.
    """
    m = fourier(model, k)
    eta = np.eye(model.size) if model.metric is None else model.metric
    rng = np.random.default_rng(seed)
    X = rm.hermitian(rng, model.size) / 2
    phi, dphi = smooth_function(model, k, rng)
    U = np.stack([linalg.expm(1j * p * eta @ X) for p in phi])
    Ud = U.conj().swapaxes(1, 2)

    def turn(O):
        return Ud[:, None] @ O @ U[:, None]

    H = Ud @ m.H @ U
    change = 1j * (H @ eta @ X - X @ eta @ H)
    dH = turn(m.dH) + dphi[:, :, None, None] * change[:, None]
    A = turn(0 * m.dH if m.A is None else m.A) - dphi[:, :, None, None] * X
    return m, Block(H, dH, A, turn(m.s), model.metric, k)


def smooth_function(model, k, rng):
    """A periodic function of k and its Cartesian gradient."""
    waves = rng.integers(-1, 2, size=(3, model.dimension))
    waves[0, 0] = 1
    amplitude, shift = rng.uniform(0.3, 1, size=3), rng.uniform(0, 6, size=3)
    angle = 2 * np.pi * k @ waves.T + shift
    return np.sin(angle) @ amplitude, (np.cos(angle) * amplitude) @ waves @ model.lattice


GAUGED = [x for x in FAMILIES if "k-dependent" not in x]


@pytest.mark.parametrize("family", GAUGED)
def test_smooth_gauge(family):
    model = FAMILIES[family]()
    plain, turned = gauge_block(model, points(model))
    assert abs(plain.dH - turned.dH).max() > 0.1, "the gauge must do something"
    a, b = invariants(solve(plain, 1e-6)), invariants(solve(turned, 1e-6))
    assert_same(a, b)


@pytest.mark.parametrize("family", ["2D", "bosons with positions"])
def test_gauge_derivative_is_consistent(family):
    """dH of the turned block is the derivative of its H; otherwise the test above would compare nonsense."""
    model, h = FAMILIES[family](), 1e-5
    k = points(model)
    turned = gauge_block(model, k)[1]
    for i in range(2):
        step = h * model.lattice[:, i] / (2 * np.pi)
        plus, minus = (gauge_block(model, k + sign * step)[1].H for sign in (1, -1))
        np.testing.assert_allclose((plus - minus) / (2 * h), turned.dH[:, i], atol=1e-7)


def test_k_dependent_gauge_without_connection_is_wrong():
    """Leaving A^W out of the turned block must change the numbers: the connection is used."""
    model = FAMILIES["2D"]()
    plain, turned = gauge_block(model, points(model))
    a, b = invariants(solve(plain, 1e-6)), invariants(solve(replace(turned, A=None), 1e-6))
    assert abs(a["berry_spin"] - b["berry_spin"]).max() > 1e-2


@pytest.mark.parametrize("dimension", [2, 3])
def test_phase_convention(dimension):
    """Orbital positions in the phases with A^W = 0 are cell phases with A^W = diag(tau)."""
    model = rm.electrons(3, dimension, 4, positions=True)
    k = points(model)
    H, v, s = oracle.phase_matrices(model, k @ (2 * np.pi * np.linalg.inv(model.lattice).T))
    in_phases = solve(Block(H, v, None, s, None, k), 1e-6)
    assert_same(invariants(solve(fourier(model, k), 1e-6)), invariants(in_phases))


def test_positions_are_physics():
    """Dropping the positions is another model, not a gauge."""
    model = rm.electrons(3, 2, 4, positions=True)
    k = points(model)
    a, b = (invariants(solve(fourier(m, k), 1e-6)) for m in (model, replace(model, position=None)))
    assert abs(a["spin_berry"] - b["spin_berry"]).max() > 1e-2


@pytest.mark.parametrize("dimension", [2, 3])
def test_rotations_inside_multiplets(dimension):
    """A random U(2) in every doublet at every k."""
    model = rm.doublets(1, dimension)
    states = solve(fourier(model, points(model)), 1e-6)
    rng = np.random.default_rng(0)
    same = states.group[:, :, None] == states.group[:, None, :]
    assert same.sum() == 6 * 3 * 4
    X = rng.normal(size=same.shape) + 1j * rng.normal(size=same.shape)
    Q = np.linalg.qr(np.where(same, X, 0))[0]

    def turn(O):  # layout [k, n, i, m]
        return np.ascontiguousarray(np.einsum("knx,knim,kmy->kxiy", Q.conj(), O, Q))

    mixed = replace(states, v=turn(states.v), s=turn(states.s))
    single = abs(rows("spin_berry", states) - rows("spin_berry", mixed)).max()
    assert single > 1e-3, "single bands must change, only traces must not"
    assert_same(invariants(states), invariants(mixed))


def test_full_shell_of_levels():
    """Summed over all bands with f = 1 the conventional and Kubo coefficients vanish at every k, eq11 does not."""
    model = rm.electrons(2, 3, 4)
    states = solve(fourier(model, points(model)), 1e-6)
    total = {name: rows(name, states).sum(axis=1) for name in PLAIN}
    np.testing.assert_allclose(total["spin_berry"], 0, atol=1e-11)
    kubo = total["berry_spin"] / 2 + total["covariant_spin"] + total["kubo_mixing"]
    np.testing.assert_allclose(kubo, 0, atol=1e-10)
    np.testing.assert_allclose(total["kubo_broadened_sea"], 0, atol=1e-10)
    assert abs(total["berry_spin"] / 2 + total["covariant_spin"]).max() > 1e-2


# Two-level systems: H = eps + b.sigma, s = c.sigma / 2. Every sign relative to the others is fixed by these.


@pytest.fixture(name="pair", scope="module")
def _pair():
    rng = np.random.default_rng(8)
    n = 7
    eps, deps = rng.normal(size=n), rng.normal(size=(n, 2))
    b, db = rng.normal(size=(n, 3)), rng.normal(size=(n, 2, 3))
    c = rng.normal(size=3)
    H = eps[:, None, None] * np.eye(2) + np.einsum("na,abc->nbc", b, rm.PAULI)
    dH = deps[:, :, None, None] * np.eye(2) + np.einsum("nia,abc->nibc", db, rm.PAULI)
    s = np.broadcast_to(np.einsum("a,abc->bc", c, rm.PAULI) / 2, (n, 1, 2, 2)).copy()
    size = np.linalg.norm(b, axis=1)
    unit = b / size[:, None]
    return {
        "states": solve(Block(H, dH, None, s, None, None), 1e-6),
        "eps": eps,
        "deps": deps,
        "size": size,
        "s": np.stack([-1, 1])[None] * (unit @ c)[:, None] / 2,  # lower, upper level
        "speed": deps[:, None] + np.stack([-1, 1])[None, :, None] * np.einsum("na,nia->ni", unit, db)[:, None],
        "area": np.einsum("na,nila->nil", unit, np.cross(db[:, :, None], db[:, None, :])),
        "twist": np.einsum("na,nia->ni", unit, np.cross(db, c)),  # unit . (d_i b x c)
    }


LEVEL = np.array([-1.0, 1.0])[None, :, None, None]  # lower, upper


def test_two_level_energies(pair):
    want = pair["eps"][:, None] + np.array([-1, 1]) * pair["size"][:, None]
    np.testing.assert_allclose(pair["states"].e, want, atol=1e-12)
    np.testing.assert_allclose(pair["states"].velocity.diagonal, pair["speed"], atol=1e-12)


def test_two_level_curvature(pair):
    """Omega^{il}_+- = -+ unit.(d_i b x d_l b) / 2 b^2, so Omega^{li} s = (unit.c) unit.(d_i b x d_l b) / 4 b^2."""
    curvature = -LEVEL * pair["area"][:, None] / (2 * pair["size"] ** 2)[:, None, None, None]
    want = curvature.swapaxes(2, 3) * pair["s"][:, :, None, None]
    np.testing.assert_allclose(rows("berry_spin", pair["states"])[..., 0], want, atol=1e-12)


def test_two_level_conventional(pair):
    """Omega^{lis}_+- = -+ (d_i eps) unit.(d_l b x c) / 4 b^2."""
    want = -LEVEL * np.einsum("ni,nl->nil", pair["deps"], pair["twist"])[:, None]
    want = want / (4 * pair["size"] ** 2)[:, None, None, None]
    np.testing.assert_allclose(rows("spin_berry", pair["states"])[..., 0], want, atol=1e-12)


def test_two_level_dipole(pair):
    """d^i = unit.(d_i b x c) / 4 b in both levels; the surface term is v^l d^i."""
    dipole = pair["twist"] / (4 * pair["size"])[:, None]
    want = np.einsum("ni,nxl->nxil", dipole, pair["speed"])
    np.testing.assert_allclose(rows("velocity_dipole", pair["states"])[..., 0], want, atol=1e-12)


def test_two_level_antisymmetric_sea(pair):
    """Im <D_i n|s|D_l n> = -Omega^{il}_n s_m / 2 with m the other level, and s_m = -s_n for traceless s."""
    curvature = -LEVEL * pair["area"][:, None] / (2 * pair["size"] ** 2)[:, None, None, None]
    want = curvature * pair["s"][:, :, None, None] / 2
    np.testing.assert_allclose(rows("covariant_spin", pair["states"])[..., 0], want, atol=1e-12)
    total = rows("berry_spin", pair["states"]) / 2 + rows("covariant_spin", pair["states"])
    np.testing.assert_allclose(total, 0, atol=1e-12)  # the Hall part of eq11 in a gapped two-band model


def test_two_level_kubo(pair):
    """X^{il}_+- = +- (d_i eps d^l - d_l eps d^i) / b with the dipole d: what (K) has beyond form (P)."""
    cross = np.einsum("ni,nl->nil", pair["deps"], pair["twist"])
    cross = cross - cross.swapaxes(1, 2)
    want = LEVEL * cross[:, None] / (4 * pair["size"] ** 2)[:, None, None, None]
    np.testing.assert_allclose(rows("kubo_mixing", pair["states"])[..., 0], want, atol=1e-12)
