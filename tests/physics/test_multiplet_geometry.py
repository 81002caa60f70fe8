"""Dipole slope, torque quadrupole and torque polarizability of multiplets, and sums that no degeneracy disturbs.

Xiao and Niu, PRB 104, L241411 (2021), Eqs. 2-6, 11 and note 33; theory notes, sections 2 and 6.
"""

from dataclasses import replace

import numpy as np
import oracle
import pytest
import random_models as rm

from solenoidal import bands, derivatives, quantities
from solenoidal import models as built_in
from solenoidal.bloch import Block, fourier, solve
from solenoidal.engine import Task, run
from solenoidal.errors import InputError
from solenoidal.model import BlochModel, Operator, partners
from solenoidal.quantities import Settings
from solenoidal.statistics import fermi, fermi_surface, potential

NEW = ("dipole_slope", "torque_quadrupole", "torque_polarizability")


def twofold(model, seed=3):
    """Two copies of a crystal on top of each other: pairs at every k for any metric; a random s mixes the copies."""
    origin = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    s = np.zeros((len(model.R), 1, 2 * model.size, 2 * model.size), dtype=complex)
    s[origin, 0] = rm.hermitian(np.random.default_rng(seed), 2 * model.size)
    copy = np.eye(2)
    return BlochModel(
        lattice=model.lattice,
        R=model.R,
        H=np.kron(model.H, copy),
        operators={"spin": Operator(s, ("x",))},
        metric=np.kron(model.metric, copy),
        statistics=model.statistics,
        name=model.name + " twice",
    )


def curved(seed=6):
    """Positions that commute neither with each other nor with s, as in a truncated Wannier basis."""
    model = rm.electrons(seed, 2, 4)
    rng = np.random.default_rng(seed)
    position = np.zeros((len(model.R), 2, 4, 4), dtype=complex)
    for here, there in enumerate(partners(model.R)):
        X = 0.1 * (rng.normal(size=(2, 4, 4)) + 1j * rng.normal(size=(2, 4, 4)))
        position[here] += X
        position[there] += X.conj().swapaxes(1, 2)
    return replace(model, position=position)


COMPLETE = {
    "2D": lambda: rm.electrons(1, 2, 4),
    "3D with positions": lambda: rm.electrons(4, 3, 4, positions=True),
    "doublets": lambda: rm.doublets(1),
    "doublets 3D": lambda: rm.doublets(2, 3),
    "bosons, particle-hole, with positions": lambda: rm.bosons(9, "particle-hole", positions=True),
    "phonons 3D with positions": lambda: rm.bosons(10, "symplectic", 3, positions=True),
    "pairs of bosons": lambda: twofold(rm.bosons(5, "diagonal")),
    "pairs of phonons": lambda: twofold(rm.bosons(7, "symplectic")),
}
FAMILIES = COMPLETE | {
    "curved basis": curved,
    "bosons, k-dependent s": lambda: rm.bosons(8, "diagonal", k_dependent_s=True),
    "nearly equal levels": lambda: rm.doublets(1, splitting=0.02),
}
#: Energy that groups the pairs of each family, and only them, at the points used here.
DEGENERACY = {"nearly equal levels": 0.1}


def points(model, n=5, seed=7):
    return np.random.default_rng(seed).uniform(size=(n, model.dimension))


def traces(x, group):
    """Sum over the multiplets, stored at every member: what no rotation may change."""
    same = group[:, :, None] == group[:, None, :]
    return np.einsum("knm,km...->kn...", same, x)


def trace(name, states):
    return traces(quantities.get(name).rows(states, Settings()), states.group)


def close(a, b, tolerance):
    scale = max(1.0, float(abs(a).max()), float(abs(b).max()))
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * scale)


def numerical_slope(model, k, degeneracy, h=4e-4):
    """``d_l Tr d^i`` by a central difference of fourth order, ``[i, l, a]``."""
    out = []
    for i in range(model.dimension):
        step = h * model.lattice[:, i] / (2 * np.pi)
        d = {}
        for n in (-2, -1, 1, 2):
            states = solve(fourier(model, k + n * step), degeneracy)
            d[n] = traces(bands.s_dipole(states), states.group)
        out.append((8 * (d[1] - d[-1]) - (d[2] - d[-2])) / (12 * h))
    return np.stack(out, axis=3)


@pytest.mark.parametrize("family", FAMILIES)
def test_slope_is_the_derivative_of_the_dipole(family):
    """In any basis and for any group of levels, equal or not: the trace is a smooth function and this is its slope."""
    model, degeneracy = FAMILIES[family](), DEGENERACY.get(family, 1e-6)
    k = points(model)
    states = derivatives.states_at(model, k, degeneracy=degeneracy)
    pairs = states.group[:, -1].max() + 1 < model.size
    assert pairs == any(word in family for word in ("doublets", "pairs", "nearly"))
    got = trace("dipole_slope", states)
    assert abs(got).max() > 0.1
    close(got, numerical_slope(model, k, degeneracy), 1e-8)


def test_levels_that_are_nearly_equal_are_split():
    model = rm.doublets(1, splitting=0.02)
    states = solve(fourier(model, points(model)), 0.1)
    inside = np.diff(states.e, axis=1)[np.diff(states.group, axis=1) == 0]
    assert inside.min() > 1e-4


@pytest.mark.parametrize("family", COMPLETE)
def test_polarizability_identity_of_traces(family):
    """Omega^{lis} + chi^{il tau} = d_l d^i + Omega^{li} s, the right side by a finite difference."""
    model = COMPLETE[family]()
    k = points(model)
    states = derivatives.states_at(model, k, degeneracy=1e-6)
    chi = trace("torque_polarizability", states)
    assert abs(chi).max() > 0.1
    close(trace("spin_berry", states) + chi, numerical_slope(model, k, 1e-6) + trace("berry_spin", states), 1e-8)
    close(trace("spin_berry", states) + chi, trace("dipole_slope", states) + trace("berry_spin", states), 1e-12)


@pytest.mark.parametrize("family", COMPLETE)
def test_dipole_curl_of_traces(family):
    """d_l d^i - d_i d^l + Omega^{li} s = 2 Im <D_i n|s|D_l n>."""
    model = COMPLETE[family]()
    states = derivatives.states_at(model, points(model), degeneracy=1e-6)
    slope = trace("dipole_slope", states)
    curl = slope - slope.swapaxes(2, 3) + trace("berry_spin", states)
    close(curl, 2 * trace("covariant_spin", states), 1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_quadrupole_and_moment_identities_of_traces(family):
    """q = (d^i v^l + d^l v^i) / 2 - (d^{lis} + d^{ils}) / 2, algebraic and hence true in any basis."""
    model = FAMILIES[family]()
    states = solve(fourier(model, points(model)), DEGENERACY.get(family, 1e-6))
    vd, dJ, q = (trace(name, states) for name in ("velocity_dipole", "current_dipole", "torque_quadrupole"))
    assert abs(q).max() > 1e-2
    close(q, 0.5 * (vd + vd.swapaxes(2, 3)) - 0.5 * (dJ + dJ.swapaxes(2, 3)), 1e-12)
    moment = dJ + q - vd
    close(moment, -moment.swapaxes(2, 3), 1e-12)


@pytest.mark.parametrize("family", [name for name in COMPLETE if "doublets" not in name and "pairs" not in name])
def test_single_bands_are_the_reference(family):
    model = COMPLETE[family]()
    k = points(model)
    states, b = derivatives.states_at(model, k, degeneracy=1e-9), oracle.solve(model, k)
    settings = Settings()
    close(quantities.get("dipole_slope").rows(states, settings).swapaxes(2, 3), oracle.dipole_gradient(b), 1e-10)
    close(quantities.get("torque_quadrupole").rows(states, settings), oracle.quadrupole(b), 1e-10)
    chi = quantities.get("torque_polarizability").rows(states, settings)
    close(chi, oracle.polarizability(b), 1e-10)
    slope = quantities.get("dipole_slope").rows(states, settings).swapaxes(2, 3)
    close(chi - slope, bands.polarizability_interband(states), 1e-10)


@pytest.mark.parametrize("family", ["doublets", "doublets 3D", "pairs of bosons", "pairs of phonons"])
def test_random_unitaries_inside_multiplets_change_nothing(family):
    model = COMPLETE[family]()
    states = derivatives.states_at(model, points(model), degeneracy=1e-6)
    rng = np.random.default_rng(0)
    same = states.group[:, :, None] == states.group[:, None, :]
    assert (same.sum(axis=2) == 2).all()
    Q = np.linalg.qr(np.where(same, rng.normal(size=same.shape) + 1j * rng.normal(size=same.shape), 0))[0]

    def turn(X):
        return np.ascontiguousarray(np.einsum("kxn,kx...y,kym->kn...m", Q.conj(), X, Q))

    mixed = replace(states, v=turn(states.v), s=turn(states.s), Dv=turn(states.Dv), Ds=turn(states.Ds))
    for name in NEW:
        a, b = (quantities.get(name).rows(st, Settings()) for st in (states, mixed))
        assert abs(a - b).max() > 1e-3, "single rows must change, only traces must not"
        close(traces(a, states.group), traces(b, states.group), 1e-12)


def test_levels_below_are_the_first_rows():
    """Rows of the lowest levels do not depend on how many rows are asked for."""
    model = rm.doublets(1)
    states = derivatives.states_at(model, points(model), degeneracy=1e-6)
    for name in NEW:
        whole = quantities.get(name).rows(states, Settings())
        few = quantities.get(name).rows(replace(states, rows=4), Settings())
        np.testing.assert_allclose(few, whole[:, :4], atol=1e-13)


def test_chosen_points_keep_their_derivatives():
    model = rm.doublets(1)
    states = derivatives.states_at(model, points(model), degeneracy=1e-6)
    chosen = np.array([True, False, True, False, False])
    part = states.take(chosen).regroup(1e-6)
    for name in NEW:
        want = quantities.get(name).rows(states, Settings())[chosen]
        np.testing.assert_allclose(quantities.get(name).rows(part, Settings()), want, atol=1e-13)


def test_axes_of_the_operator():
    model = rm.electrons(1, 2, 4)
    k = points(model)
    both, one = (derivatives.states_at(model, k, axes=axes) for axes in (None, ("y",)))
    for name in NEW:
        rows = quantities.get(name).rows
        np.testing.assert_allclose(rows(one, Settings()), rows(both, Settings())[..., 1:], atol=1e-13)


def test_plain_states_are_refused():
    model = rm.electrons(1, 2, 3)
    states = solve(fourier(model, points(model)))
    for name in ("dipole_slope", "torque_polarizability"):
        with pytest.raises(InputError, match="second derivatives"):
            quantities.get(name).rows(states, Settings())


# Two levels: H = eps + b.sigma, s = c.sigma / 2. Every sign relative to the others is fixed by these.


@pytest.fixture(name="pair", scope="module")
def _pair():
    rng = np.random.default_rng(8)
    n = 7
    eps, deps, ddeps = rng.normal(size=n), rng.normal(size=(n, 2)), rng.normal(size=(n, 2, 2))
    b, db, ddb = rng.normal(size=(n, 3)), rng.normal(size=(n, 2, 3)), rng.normal(size=(n, 2, 2, 3))
    ddeps, ddb, c = ddeps + ddeps.swapaxes(1, 2), ddb + ddb.swapaxes(1, 2), rng.normal(size=3)

    def matrices(number, vector):
        return number[..., None, None] * np.eye(2) + np.einsum("...a,abc->...bc", vector, rm.PAULI)

    s = np.broadcast_to(np.einsum("a,abc->bc", c, rm.PAULI) / 2, (n, 1, 2, 2))
    derived = matrices(ddeps, ddb).reshape(n, 4, 2, 2)
    X = np.concatenate([s, np.zeros((n, 2, 2, 2)), derived], axis=1)
    block = Block(matrices(eps, b), matrices(deps, db), None, X)
    size = np.linalg.norm(b, axis=1)[:, None]
    unit = b / size
    twist = np.einsum("na,nia->ni", b, np.cross(db, c))
    d = twist / (4 * size**2)  # the same in both levels
    dd = np.einsum("nla,nia->nil", db, np.cross(db, c)) + np.einsum("na,nlia->nil", b, np.cross(ddb, c))
    dd = dd / (4 * size**2)[:, :, None]
    dd = dd - 2 * d[:, :, None] * np.einsum("na,nla->nl", unit / size, db)[:, None, :]  # [i, l] = d_l d^i
    return {
        "states": derivatives.solve_differentiated(block, 1, 1e-9),
        "size": size[:, :, None],
        "deps": deps,
        "growth": np.einsum("na,nia->ni", unit, db),  # d_i b
        "d": d,
        "dd": dd,
        "flux": np.einsum("na,nila->nil", unit, np.cross(db[:, :, None], db[:, None])),
        "s": (unit @ c)[:, None, None] / 2,  # of the upper level
    }


def levels(lower_and_upper):
    return np.stack(lower_and_upper, axis=1)[..., None]


def rows(name, pair):
    return quantities.get(name).rows(pair["states"], Settings())


def test_two_level_slope(pair):
    """d_l of d^i = b.(d_i b x c) / 4 b^2."""
    close(rows("dipole_slope", pair), levels([pair["dd"], pair["dd"]]), 1e-12)


def test_two_level_quadrupole(pair):
    """q^{il}_+- = +- ((d_i b) d^l + (d_l b) d^i) / 2: the parts with eps cancel against d^{lis} = (d_i eps) d^l."""
    half = np.einsum("ni,nl->nil", pair["growth"], pair["d"]) / 2
    half = half + half.swapaxes(1, 2)
    close(rows("torque_quadrupole", pair), levels([-half, half]), 1e-12)


def test_two_level_polarizability(pair):
    """chi^{il}_+- = d_i d^l +- (d_i eps) d^l / b + Omega^{il}_+- s_+-, Omega^{il}_+- = -+ flux / 2 b^2."""
    drift = np.einsum("ni,nl->nil", pair["deps"], pair["d"]) / pair["size"]
    Omega_s = -pair["flux"] / (2 * pair["size"] ** 2) * pair["s"]
    want = pair["dd"].swapaxes(1, 2) + Omega_s
    close(rows("torque_polarizability", pair), levels([want - drift, want + drift]), 1e-12)


def test_two_level_eq11(pair):
    """Omega^{li} s + d_l d^i is symmetric for a traceless s: the Hall part of Eq. 11 vanishes."""
    total = rows("berry_spin", pair) + rows("dipole_slope", pair)
    assert abs(total).max() > 0.1
    close(total, total.swapaxes(2, 3), 1e-12)


# Sums over the zone that no degeneracy disturbs

KT, MU = 0.25, 0.2
GAUSS = np.polynomial.legendre.leggauss(24)


def second_difference(a, b):
    """``g[a, a, b]``, by closed form for distant arguments, else ``int_0^1 (1 - t) g''(a + t (b - a)) dt``."""
    w = b - a
    t, weight = (GAUSS[0] + 1) / 2, GAUSS[1] / 2
    near = -sum(p * (1 - x) * fermi_surface(a + x * w - MU, KT) for x, p in zip(t, weight, strict=True))
    far = abs(w) > 2 * KT
    w = np.where(far, w, 1.0)
    slope = (potential(b - MU, KT) - potential(a - MU, KT)) / w
    return np.where(far, (slope - fermi(a - MU, KT)) / w, near)


def safe_densities(model, n):
    """``sum_nm Im(v^l_nm O_mn) g[e_n, e_n, e_m]`` for O = J^i and tau: D^{lis} as [i, l, a], D^{i tau} as [i, a]."""
    D = model.dimension
    axes = np.meshgrid(*[(np.arange(n) + 0.5) / n] * D, indexing="ij")
    k = np.stack(axes, -1).reshape(-1, D)
    st = solve(fourier(model, k), 1e-9)
    e, v, s = st.e, st.v.transpose(0, 2, 1, 3), st.s.transpose(0, 2, 1, 3)
    g = second_difference(e[:, :, None], e[:, None, :])
    J = 0.5 * (v[:, :, None] @ s[:, None] + s[:, None] @ v[:, :, None])
    tau = 1j * (e[:, :, None] - e[:, None, :])[:, None] * s
    volume = len(k) * model.volume
    current = np.einsum("klnm,kiamn,knm->ila", v, J, g, optimize=True).imag / volume
    torque = np.einsum("kinm,kamn,knm->ia", v, tau, g, optimize=True).imag / volume
    return current, torque


def band_densities(model, n, degeneracy):
    """The same from the engine, which groups levels."""
    task = Task(
        (n,) * model.dimension,
        (0.5,) * model.dimension,
        np.array([MU]),
        np.array([KT]),
        degeneracy=degeneracy,
        error=False,
        responses=("dipole_density", "equilibrium"),
        workers=1,
    )
    values = run(model, task).values
    return values["dipole_density"][0, 0, 0], values["equilibrium"][1, 0, 0]


def test_second_difference():
    """Both branches meet, and the limit is f' / 2."""
    a = np.linspace(-1, 1, 9)
    near, far = (second_difference(a, a + w) for w in (2 * KT * (1 - 1e-9), 2 * KT * (1 + 1e-9)))
    np.testing.assert_allclose(near, far, atol=1e-8)
    np.testing.assert_allclose(second_difference(a, a), -fermi_surface(a - MU, KT) / 2, atol=1e-14)


@pytest.mark.parametrize(
    ("make", "n"),
    [
        (lambda: rm.electrons(1, 2, 4), 8),
        (lambda: rm.electrons(4, 3, 4, positions=True), 4),
        (lambda: rm.doublets(1), 8),
        (lambda: rm.doublets(2, 3), 4),
    ],
    ids=["none", "none 3D", "exact", "exact 3D"],
)
def test_dipole_densities_are_the_safe_double_sums(make, n):
    """int f d^l[O] + g Omega^{lO}, exactly and at every point, with exact degeneracies and with none."""
    model = make()
    for got, want in zip(band_densities(model, n, 1e-6), safe_densities(model, n), strict=True):
        assert abs(want).max() > 1e-3
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-8 * abs(want).max())


@pytest.mark.parametrize("split_seed", [0, 5])
def test_dipole_densities_are_continuous_where_a_degeneracy_is_lifted(split_seed):
    """Resolved or grouped, the engine follows the double sum, which is linear in a small splitting of any form."""
    exact = safe_densities(rm.doublets(1), 8)
    moved = []
    for splitting in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6):
        model = rm.doublets(1, splitting=splitting, split_seed=split_seed)
        safe = safe_densities(model, 8)
        moved.append(max(abs(x - y).max() / abs(y).max() for x, y in zip(safe, exact, strict=True)) / splitting)
        for got, want in zip(band_densities(model, 8, 10 * splitting), safe, strict=True):  # grouped
            assert abs(got - want).max() < 10 * splitting * abs(want).max()
        if splitting >= 1e-3:  # resolved: the pairs amplify the energy grid of the engine by 1/w
            for got, want in zip(band_densities(model, 8, 1e-6), safe, strict=True):
                assert abs(got - want).max() < 1e-6 * abs(want).max()
    assert moved[-1] > 1e-2
    np.testing.assert_allclose(moved[1:], moved[-1], rtol=0.1)


def test_moment_of_a_lifted_degeneracy_is_not_continuous():
    """The magnetization, unlike both dipole densities, depends on how filled levels split: the user must group."""

    def total(model, degeneracy):
        task = Task((8, 8), (0.5, 0.5), np.array([MU]), np.array([KT]), degeneracy=degeneracy, error=False, workers=1)
        return run(model, replace(task, responses=("dipole_density",))).values["dipole_density"][-1]

    exact, split = total(rm.doublets(1), 1e-6), rm.doublets(1, splitting=1e-3)
    assert abs(total(split, 1e-6) - exact).max() > 0.05 * abs(exact).max()
    assert abs(total(split, 0.05) - exact).max() < 0.01 * abs(exact).max()


# Pieces of the quadrupole density


def pieces(model, n, mu, kT):
    """Response of the engine, and int f q and int g chi summed over the points."""
    D = model.dimension
    task = Task((n,) * D, (0.5,) * D, np.array([mu]), np.array([kT]), error=False, responses=("dipole_density",))
    got = run(model, task).values["dipole_density"][:, 0, 0]
    k = np.stack(np.meshgrid(*[(np.arange(n) + 0.5) / n] * D, indexing="ij"), -1).reshape(-1, D)
    states = derivatives.states_at(model, k)
    volume = len(k) * model.volume
    f, g = fermi(states.e_group - mu, kT) / volume, potential(states.e_group - mu, kT) / volume
    q = np.einsum("kn,kn...->...", f, quantities.get("torque_quadrupole").rows(states, Settings()))
    chi = np.einsum("kn,kn...->...", g, quantities.get("torque_polarizability").rows(states, Settings()))
    return got, q, chi


@pytest.mark.parametrize(
    "make", [lambda: rm.electrons(2, 2, 3, gap=1.5), lambda: rm.doublets(1, gap=3.0)], ids=["single", "pairs"]
)
def test_pieces_of_the_quadrupole_density(make):
    (D, moment, polarizability, quadrupole, total), q, chi = pieces(make(), 48, 0.1, 0.4)
    scale = abs(quadrupole).max()
    np.testing.assert_allclose(moment, q, rtol=0, atol=1e-8 * scale)
    np.testing.assert_allclose(polarizability, chi, rtol=0, atol=1e-6 * scale)  # by parts: as good as the mesh
    np.testing.assert_allclose(quadrupole, moment + polarizability, rtol=0, atol=1e-13 * scale)
    np.testing.assert_allclose(total, D + quadrupole, rtol=0, atol=1e-13 * scale)
    assert min(abs(moment).max(), abs(polarizability).max()) > 1e-2 * scale


def test_polarizability_at_kramers_points_is_no_sum_over_points():
    """d_l d^i has a 1/w^2 and a delta function there, which no mesh meets; by parts both are in the integral."""
    fine, coarse = (pieces(built_in.rashba(B_z=0.0), n, 0.0, 0.2) for n in (48, 32))
    np.testing.assert_allclose(fine[0][2], coarse[0][2], atol=1e-3 * abs(fine[0][2]).max())
    assert abs(fine[2] - fine[0][2]).max() > 0.2 * abs(fine[0][2]).max()
    np.testing.assert_allclose(fine[1], fine[0][1], atol=1e-9)
    total = fine[0][-1]
    np.testing.assert_allclose(total, -total.swapaxes(0, 1), atol=1e-13)
