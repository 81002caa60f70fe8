"""Energies linear in simplices: weights, laws, limits, and the whole of the engine around them."""

import itertools
import math
import threading
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from random_models import electrons
from scipy.integrate import cumulative_trapezoid
from scipy.interpolate import BSpline
from scipy.stats import irwinhall, unitary_group

import solenoidal as sol
from solenoidal import symmetry
from solenoidal.bloch import fourier
from solenoidal.division import divide
from solenoidal.engine import Processes, Task, Threads, run, surroundings
from solenoidal.engine.work import Work
from solenoidal.errors import InputError
from solenoidal.events import Progress
from solenoidal.model import BlochModel
from solenoidal.models import build
from solenoidal.spectral import plan
from solenoidal.statistics import FUNCTIONS
from solenoidal.tetrahedra import CURVATURES, Shares, SimplexGrid, share
from solenoidal.units import KB
from solenoidal.zone import Mesh

ROOT = Path(__file__).resolve().parents[2]
KT = np.array([0.0, 0.026])
ORDERS = {"fermi_surface": 0, "fermi": 1, "potential": 2}


# the cells ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("D", [1, 2, 3])
def test_simplices_fill_the_cells_around_a_point(D):
    division = divide(np.eye(D) + 0.2 * np.random.default_rng(D).uniform(size=(D, D)))
    assert division.simplices.shape == (math.factorial(D + 1), D)
    assert not division.offsets.sum(axis=0).any()
    assert len(set(map(tuple, division.offsets.tolist()))) == len(division.offsets) == 2 * (2**D - 1)
    assert set(division.simplices.ravel().tolist()) == set(range(len(division.offsets)))
    for corners in division.offsets[division.simplices]:
        assert abs(round(float(np.linalg.det(corners)))) == 1
    # every direction leads into one of them
    for direction in np.random.default_rng(0).normal(size=(50, D)):
        inside = [
            (np.linalg.solve(c.T, direction) > 0).all() for c in division.offsets[division.simplices].astype(float)
        ]
        assert sum(inside) == 1


def test_cells_are_cut_along_their_shortest_diagonal():
    """A triangular lattice in both choices of its edges gives equilateral triangles."""
    for angle in (np.pi / 3, 2 * np.pi / 3):
        cell = np.array([[1.0, 0.0], [np.cos(angle), np.sin(angle)]])
        np.testing.assert_allclose(np.linalg.norm(divide(cell).offsets @ cell, axis=1), 1.0)


def test_symmetries_of_a_division():
    """Reciprocal lattice of fcc: all 48 operations of the cube; simple cubic: those that keep one body diagonal."""
    signs = [np.diag(s) for s in itertools.product((1, -1), repeat=3)]
    cube = [np.eye(3)[list(p)] @ s for p in itertools.permutations(range(3)) for s in signs]
    for cell, count in ((np.ones((3, 3)) - 2 * np.eye(3), 48), (np.eye(3), 12)):
        maps = [np.rint(np.linalg.inv(cell.T) @ g @ cell.T).astype(int) for g in cube]
        assert sum(divide(cell).keeps(T) for T in maps) == count


# one level ----------------------------------------------------------------------------------------------------------


def spline(order, z, own, energies):
    """Density of the hat function in a simplex, a B-spline with the point's knot twice, and its integrals."""
    knots = np.sort([*z, z[own]])
    k = len(knots) - 2
    padded = np.concatenate([np.full(k, knots[0] - 1.0), knots, np.full(k, knots[-1] + 1.0)])
    c = np.zeros(len(padded) - k - 1)
    c[k] = (k + 1) / (knots[-1] - knots[0])
    density = BSpline(padded, c, k)
    if order == 0:
        return np.where((energies > knots[0]) & (energies < knots[-1]), density(energies), 0.0)
    x, w = np.polynomial.legendre.leggauss(6)
    out = np.zeros_like(energies)
    for low, high in itertools.pairwise(knots):
        half = 0.5 * (np.clip(energies, low, high) - low)
        e = low + half[:, None] * (x + 1)
        out += half * ((density(e) * (1.0 if order == 1 else e - energies[:, None])) @ w)
    return out


@pytest.mark.parametrize("D", [1, 2, 3])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_weights_are_integrals_of_splines(D, order):
    rng = np.random.default_rng(10 * D + order)
    division, energies = divide(np.eye(D)), np.linspace(-1.4, 1.6, 173)
    for _ in range(5):
        e, around = rng.uniform(-1, 1), rng.uniform(-1, 1, len(division.offsets))
        got = share(np.array([[e]]), around[None, None], np.zeros((1, 1), int), division, energies, (order,))
        want = np.mean([spline(order, np.array([e, *around[s]]), 0, energies) for s in division.simplices], axis=0)
        inside = slice(int(got.first[0]), int(got.last[0]))
        np.testing.assert_allclose(got.weights[order], want[inside], atol=2e-11)
        assert not want[: inside.start].any()
        knots = np.mean([(2 * e + around[s].sum()) / (D + 2) for s in division.simplices])
        assert got.mean[0] == pytest.approx(knots, abs=1e-14)


@pytest.mark.parametrize("D", [2, 3])
def test_equal_energies_are_the_limit_of_different_ones(D):
    rng = np.random.default_rng(D)
    division, energies = divide(np.eye(D)), np.linspace(-1, 1, 57)
    around = rng.choice([-0.51, -0.13, 0.37, 0.77], size=(20, 1, len(division.offsets)))
    e, group = rng.choice([-0.51, 0.37], size=(20, 1)), np.zeros((20, 1), int)
    near = around + 1e-6 * rng.uniform(size=around.shape)
    for order in (1, 2):
        a, b = (share(e, x, group, division, energies, (order,)) for x in (around, near))
        assert np.array_equal(a.start, b.start)
        np.testing.assert_allclose(a.weights[order], b.weights[order], atol=1e-5)


def test_flat_bands_are_sharp_levels():
    division, e = divide(np.eye(3)), np.linspace(-0.3, 0.3, 401)[:, None]
    mu, kT = np.array([-0.05, 0.1]), np.array([0.02, 0.05])
    acc = SimplexGrid(mu, kT, 1)
    s = share(e, np.repeat(e[:, :, None], 14, axis=2), np.zeros((401, 1), int), division, acc.nodes, (2,))
    acc.add(e.ravel(), np.ones((401, 1)), Shares(None, s))
    for name in FUNCTIONS:
        want = np.array([[FUNCTIONS[name].at(e - m, t).sum() for m in mu] for t in kT])
        np.testing.assert_allclose(acc.integrals(name)[:, :, 0], want, atol=2e-4 * abs(want).max())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_curvatures_are_second_derivatives(name):
    x, kT, h = np.linspace(-1, 1, 41), 0.07, 1e-4
    F = FUNCTIONS[name].at
    want = (F(x + h, kT) - 2 * F(x, kT) + F(x - h, kT)) / h**2
    np.testing.assert_allclose(CURVATURES[name](x, kT), want, atol=2e-5 * abs(want).max())


@pytest.mark.parametrize("D", [1, 2, 3])
def test_warm_sums_are_convolutions_of_cold_ones(D):
    """Against the B-splines integrated with every function of the energy."""
    rng = np.random.default_rng(D)
    division, mu, kT = divide(np.eye(D)), np.array([-0.3, 0.25]), np.array([0.03, 0.08])
    e, around = rng.uniform(-1, 0.5, (6, 1)), rng.uniform(-1, 0.5, (6, 1, 2 * (2**D - 1)))
    e[0], around[0] = -30.0, -30.0 - around[0]  # far below the grid
    x = rng.normal(size=(6, 1))
    acc = SimplexGrid(mu, kT, 1)
    acc.add(e.ravel(), x, Shares(None, share(e, around, np.zeros((6, 1), int), division, acc.nodes, (2,))))
    fine = np.linspace(-1.0, 0.5, 3001)
    middle = 0.5 * (fine[1:] + fine[:-1])
    steps = [
        np.mean([spline(1, np.array([e[k, 0], *around[k, 0, s]]), 0, fine) for s in division.simplices], axis=0)
        for k in range(1, 6)
    ]
    for name in FUNCTIONS:
        F, deep = (
            FUNCTIONS[name].at,
            np.mean([(2 * e[0, 0] + around[0, 0, s].sum()) / (D + 2) for s in division.simplices]),
        )
        want = np.array(
            [
                [
                    sum(x[k, 0] * (np.diff(steps[k - 1]) * F(middle - m, t)).sum() for k in range(1, 6))
                    + x[0, 0] * float(np.dot(FUNCTIONS[name].deep, (1.0, deep - m)))
                    for m in mu
                ]
                for t in kT
            ]
        )
        np.testing.assert_allclose(acc.integrals(name)[:, :, 0], want, atol=3e-4 * abs(want).max())


# whole bands --------------------------------------------------------------------------------------------------------


def band(e, x, mu, order, cell=None):
    """Weighted sum over a periodic mesh of one band, ``e (n, .., n)``."""
    D = e.ndim
    division = divide(np.eye(D) if cell is None else cell)
    around = np.stack([np.roll(e, tuple(-s), tuple(range(D))) for s in division.offsets], axis=-1).reshape(
        e.size, 1, -1
    )
    function = next(name for name, o in ORDERS.items() if o == order)
    (acc,) = plan(mu, np.zeros(1), simplices=True).accumulators(1, (function,))
    s = share(e.reshape(-1, 1), around, np.zeros((e.size, 1), int), division, mu, (order,))
    acc.add(e.ravel(), x.reshape(-1, 1), Shares(s, None))
    return acc.integrals(function)[0, :, 0] / e.size


@pytest.mark.parametrize("D", [1, 2, 3])
@pytest.mark.parametrize("n", [4, 10])
def test_linear_bands_are_exact(D, n):
    """Sum of D triangle waves: the sum of D uniform numbers has the Irwin-Hall distribution on any mesh."""
    u = np.stack(np.meshgrid(*[abs(1 - 2 * np.arange(n) / n)] * D, indexing="ij"))
    e, one, mu = u.sum(axis=0), np.ones((n,) * D), np.linspace(-0.21, D + 0.3, 41)
    law = irwinhall(D)
    np.testing.assert_allclose(band(e, one, mu, 1), law.cdf(mu), atol=1e-8)
    kinks = abs(mu - np.rint(mu)) > 1e-6
    np.testing.assert_allclose(band(e, one, mu, 0)[kinks], law.pdf(mu)[kinks], atol=1e-8)
    fine = np.linspace(-0.5, D + 0.5, 2001)
    ramp = cumulative_trapezoid(law.cdf(fine), fine, initial=0)
    np.testing.assert_allclose(band(e, one, mu, 2), -np.interp(mu, fine, ramp), atol=1e-4)
    # a quantity that is linear too: each of the D numbers is 1/D of their sum
    moment = cumulative_trapezoid(fine * law.pdf(fine), fine, initial=0) / D
    np.testing.assert_allclose(band(e, u[0], mu, 1), np.interp(mu, fine, moment), atol=1e-3)


@pytest.mark.parametrize("D", [1, 2, 3])
def test_free_electrons_to_second_order(D):
    """Filling, energy and density of states of k^2 on a skewed mesh, off the centre."""
    mu = np.linspace(0.05, 0.2, 31)
    ball = math.pi ** (D / 2) / math.gamma(D / 2 + 1)
    exact = {
        1: ball * mu ** (D / 2),
        0: ball * D / 2 * mu ** (D / 2 - 1),
        2: -ball * mu ** (D / 2 + 1) / (D / 2 + 1),
    }

    def error(n, order):
        k = (np.arange(n) + 0.3) / n - 0.5
        e = sum(x**2 for x in np.meshgrid(*[k] * D, indexing="ij"))
        return np.sqrt(((band(e, np.ones_like(e), mu, order) / exact[order] - 1) ** 2).mean())

    for order in (0, 1, 2):
        coarse, fine = error(20, order), error(40, order)
        assert coarse < (0.2 if order == 0 else 0.05)
        least = {(0, 1): 1.5, (0, 2): 2.5}.get((order, D), 3.2)  # below 3D the density jumps at mesh points
        assert coarse / fine > least, (order, coarse, fine)


# the engine ---------------------------------------------------------------------------------------------------------


def task(n, D, mu, **changes):
    plain = Task((n,) * D, (0.5,) * D, np.asarray(mu, dtype=float), KT, error=False, method="tetrahedron", workers=1)
    return replace(plain, **changes)


ALL = ("conductivity", "magnetization", "equilibrium")
DENSE = [
    ("rashba_dresselhaus", 2, 96, [1.2, 2.6, 4.4, 5.4, 6.8]),
    ("kane_mele", 2, 96, [-2.0, -1.3, -0.7, 0.0, 1.9]),
    ("wilson_dirac", 3, 24, [-3.5, -1.8, 0.2, 2.3]),
]


@pytest.mark.parametrize(("name", "D", "n", "mu"), DENSE)
def test_dense_limit_is_that_of_the_other_methods(name, D, n, mu):
    """Two meshes extrapolated with an error of second order: spread levels, and points alone at a temperature."""
    model = build(name)

    def limit(method):
        t = task(n, D, mu, method=method, responses=ALL, kT=np.array([0.0, 0.08]))
        fine, coarse = run(model, t), run(model, replace(t, mesh=(n // 2,) * D))
        values = {r: (4 * fine.values[r] - coarse.values[r]) / 3 for r in ALL} if method != "plain" else fine.values
        return {**values, "carriers": (4 * fine.carriers - coarse.carriers) / 3}

    tetrahedra, cells, points = limit("tetrahedron"), limit("linear"), limit("plain")
    for r in (*ALL, "carriers"):
        size = abs(cells[r]).max()
        if size < 1e-8:  # wilson_dirac carries no current in equilibrium
            assert abs(tetrahedra[r]).max() < 1e-8
            continue
        assert abs(tetrahedra[r] - cells[r]).max() < 0.02 * size, r
        axis = 1 if r != "carriers" else 0
        assert abs(tetrahedra[r].take(1, axis) - points[r].take(1, axis)).max() < 0.02 * size, r


def test_better_than_points_alone_at_zero_temperature():
    """Root mean square over the band on one mesh: 3.8 times better for the filling, 6.2 for the conductivity."""
    model, mu = build("rashba_dresselhaus"), np.linspace(0.5, 7.5, 57)
    exact = run(model, task(320, 2, mu, method="linear", axes=("z",)))

    def errors(method):
        o = run(model, task(32, 2, mu, method=method, axes=("z",)))
        return [
            np.sqrt(((a[0] - b[0]) ** 2).mean())
            for a, b in (
                (o.carriers, exact.carriers),
                (o.conductivity.swapaxes(0, 1), exact.conductivity.swapaxes(0, 1)),
            )
        ]

    better = np.array(errors("plain")) / np.array(errors("tetrahedron"))
    assert better[0] > 3.5
    assert better[1] > 5.5


@pytest.mark.parametrize("kT", [0.0, 0.01])
def test_full_bands_weigh_one(kT):
    """In a gap, and above and below all bands, nothing differs from the sum over points."""
    model, mu = build("kane_mele"), [-9.0, 0.0, 9.0]
    a, b = (run(model, task(12, 2, mu, method=m, kT=np.array([kT]))) for m in ("tetrahedron", "plain"))
    np.testing.assert_allclose(a.carriers, b.carriers, atol=1e-12)
    assert a.carriers[0, 2] == pytest.approx(4.0, abs=1e-12)
    # The cells of the points alone reach into the gap with what a Fermi surface carries at T = 0.
    some = slice(None) if kT else slice(1)
    np.testing.assert_allclose(a.conductivity[some], b.conductivity[some], atol=2e-12)


def test_carriers_never_fall():
    model, mu = electrons(3, dimension=3, n=3), np.linspace(-6, 6, 801)
    out = run(
        model, task(5, 3, mu, kT=np.array([0.0]), responses=("magnetization",), operator="charge", definitions=())
    )
    N = out.carriers[0]
    assert (np.diff(N) > -1e-12).all()
    assert N[0] == 0.0
    assert N[-1] == pytest.approx(3.0, abs=1e-12)


def doubled(model, seed):
    """Every level twice, in a basis that mixes the copies."""
    W = unitary_group.rvs(2 * model.size, random_state=seed)
    double = lambda X: W.conj().T @ np.kron(X, np.eye(2)) @ W  # noqa: E731
    operators = {
        name: replace(op, matrices=np.array([[double(x) for x in row] for row in op.matrices]))
        for name, op in model.operators.items()
    }
    H = np.array([double(x) for x in model.H])
    return BlochModel(model.lattice, model.R, H, None, operators)


@pytest.mark.parametrize("D", [1, 2, 3])
def test_states_inside_a_multiplet_do_not_matter(D):
    """Two copies give twice the numbers, however the eigensolver mixes them."""
    model = electrons(8, dimension=D, n=3)
    t = task(6, D, [-1.0, -0.2, 0.8], responses=("conductivity", "nernst", "equilibrium"))
    one, many = run(model, t), [run(doubled(model, seed), t) for seed in (1, 2)]
    for two in many:
        np.testing.assert_allclose(two.carriers, 2 * one.carriers, atol=1e-11)
        for r, x in one.values.items():
            np.testing.assert_allclose(two.values[r], 2 * x, atol=1e-8 * abs(x).max(initial=1e-9), err_msg=r)


def test_levels_of_a_multiplet_share_their_weights():
    """Any unitary inside, here a permutation of what the levels carry, changes no sum; the weights add up."""
    rng = np.random.default_rng(5)
    division, mu = divide(np.eye(2)), np.linspace(-1, 1, 21)
    e = np.sort(rng.uniform(-1, 1, (7, 4)), axis=1)
    around = np.sort(rng.uniform(-1, 1, (7, 6, 4)), axis=2).swapaxes(1, 2)
    group, apart = np.tile([0, 1, 1, 2], (7, 1)), np.tile(np.arange(4), (7, 1))
    x = rng.normal(size=(7, 4))

    def total(group, x):
        (acc,) = plan(mu, np.zeros(1), simplices=True).accumulators(1, tuple(ORDERS))
        acc.add(e.ravel(), x.reshape(-1, 1), Shares(share(e, around, group, division, mu, (0, 1, 2)), None))
        return np.array([acc.integrals(name)[0, :, 0] for name in ORDERS])

    np.testing.assert_allclose(total(group, x), total(group, x[:, [0, 2, 1, 3]]), atol=1e-13)
    np.testing.assert_allclose(total(group, np.ones((7, 4))), total(apart, np.ones((7, 4))), atol=1e-11)


# parts, workers, states ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crystal():
    return build("wilson_dirac")


TASK = task(16, 3, [-1.4, 0.1, 2.3], error=True, responses=("conductivity", "equilibrium"))


@pytest.fixture(scope="module")
def expected(crystal):
    return run(crystal, TASK, crew=Threads(1))


def same(a, b):
    for kind in ("values", "errors", "shifts"):
        for name, x in getattr(a, kind).items():
            assert np.array_equal(x, getattr(b, kind)[name]), (kind, name)
    assert np.array_equal(a.carriers, b.carriers)


@pytest.mark.parametrize("crew", [lambda: Threads(3), lambda: Processes(2)])
def test_any_workers_give_the_same_bits(crystal, expected, crew):
    same(run(crystal, TASK, crew=crew()), expected)


@pytest.mark.parametrize(("D", "shape"), [(1, (50,)), (2, (30, 7)), (3, (9, 6, 5)), (3, (1, 2, 3))])
def test_parts_and_tiles_do_not_matter(D, shape, monkeypatch):
    model = electrons(4, dimension=D, n=2)
    t = task(1, D, [-0.7, 0.4], mesh=shape)
    whole = run(model, t)
    monkeypatch.setattr("solenoidal.engine.work.PARTS", 10_000)
    monkeypatch.setattr("solenoidal.engine.work.LEAST", 1)
    monkeypatch.setattr(surroundings, "TILE", 1)
    pieces = run(model, t)
    for r, x in whole.values.items():
        np.testing.assert_allclose(pieces.values[r], x, atol=1e-12 * max(1.0, abs(x).max()))
    np.testing.assert_allclose(pieces.carriers, whole.carriers, atol=1e-12)


MESHES = [
    ("electrons", 1, (9,)),
    ("electrons", 2, (20, 6)),
    ("electrons", 3, (5, 4, 3)),
    ("twisted_bilayer", 2, (7, 12)),
]


@pytest.mark.parametrize("tile", [1, 10_000])
@pytest.mark.parametrize(("name", "D", "shape"), MESHES)
def test_energies_around_every_point(name, D, shape, tile, monkeypatch):
    """Those of the neighbours, across the boundary of the zone too, for every block in its order."""
    monkeypatch.setattr(surroundings, "TILE", tile)
    model = electrons(4, dimension=D, n=3) if name == "electrons" else build(name, cutoff=1.5)
    work, mesh = Work(model, task(1, D, [0.0], operator="charge", definitions=("eq11",))), Mesh(shape, (0.3,) * D)
    chunks, offsets = work.source.chunks(mesh), work.recipe(mesh).division.offsets
    seen = 0
    for block in surroundings.surrounded(work.source, mesh, work.recipe(mesh).division, chunks, lambda chunk: None):
        number = np.rint(block.k * shape - 0.3)[:, None] + offsets
        k = (number % shape + 0.3) / shape
        H = fourier(model, k.reshape(-1, D), "charge").H
        e = np.linalg.eigvalsh(H).reshape(len(block.k), len(offsets), -1)
        np.testing.assert_allclose(block.around, e.swapaxes(1, 2), atol=1e-11 * abs(e).max())
        seen += len(block.k)
    assert seen == mesh.size


def test_interrupted_run_goes_on_to_the_same_bits(crystal, expected, tmp_path):
    def listen(event):
        if isinstance(event, Progress) and event.done >= 2500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(crystal, TASK, listen, keep=tmp_path / "state")
    seen = []
    same(run(crystal, TASK, seen.append, keep=tmp_path / "state", resume=True), expected)
    assert next(e for e in seen if isinstance(e, Progress)).done > 0


def test_state_of_another_method_is_refused(crystal, tmp_path):
    def listen(event):
        if isinstance(event, Progress) and event.done >= 2500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(crystal, TASK, listen, keep=tmp_path / "state")
    with pytest.raises(InputError, match="its method was 'tetrahedron' and is now 'linear'"):
        run(crystal, replace(TASK, method="linear"), keep=tmp_path / "state", resume=True)


def test_memory_does_not_grow_with_the_mesh(crystal, monkeypatch):
    monkeypatch.setattr(surroundings, "TILE", 100_000)

    def peak(n):
        mesh, work = Mesh((n,) * 3, (0.5,) * 3), Work(crystal, task(n, 3, [0.1]))
        part = work.parts(mesh)[1]
        stop = threading.Event()
        blocks = itertools.count()
        tracemalloc.start()
        work.compute(mesh, part, lambda points: stop.set() if next(blocks) > 100 else None, stop)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(20)
    assert peak(250) < 1.5 * peak(80) + 5e6


def test_tolerance_refines_the_mesh():
    model = build("rashba_dresselhaus")
    out = run(model, task(16, 2, [1.2, 2.6, 4.4], tolerance=0.02, error=True, axes=("z",)))
    assert out.mesh[0] > 16
    assert not out.warnings
    exact = run(model, task(320, 2, [1.2, 2.6, 4.4], method="linear", axes=("z",)))
    size = abs(exact.conductivity).max(axis=(2, 3, 4, 5), keepdims=True)
    assert (abs(out.conductivity - exact.conductivity) < 0.02 * size + 1e-12).all()


@pytest.mark.parametrize("name", ["wilson_dirac", "kane_mele"])
def test_irreducible_points_give_the_whole_sum(name):
    model = build(name)
    t = task(8, model.dimension, [-1.1, 0.2, 1.4], responses=("conductivity", "nernst"))
    reduced = replace(t, operations=tuple(symmetry.exact_operations(model, None)))
    work, mesh = Work(model, reduced), Mesh(t.mesh, t.offset)
    assert work.size(mesh) < mesh.size / 1.9
    a, b = run(model, t), run(model, reduced)
    np.testing.assert_allclose(a.carriers, b.carriers, atol=1e-10)
    for r, x in a.values.items():
        np.testing.assert_allclose(b.values[r], x, atol=1e-8 * abs(x).max(), err_msg=r)


# what the user sees -------------------------------------------------------------------------------------------------


def job(**zone):
    return sol.Job(
        system={"model": "kane_mele"},
        zone={"mesh": [12, 12], "method": "tetrahedron", **zone},
        scan={"mu": {"from": -1.0, "to": 1.0, "points": 5, "relative_to": "absolute"}, "temperature": [0, 300]},
    )


def test_job_names_its_method():
    out = sol.compute(build("kane_mele"), job())
    assert out.attrs["method"] == "tetrahedron"
    assert np.isfinite(out.conductivity).all()


def test_temperatures_that_are_too_low_are_refused():
    with pytest.raises(InputError, match=r"kT = 1e-05 eV is too low for method 'tetrahedron'.*give 0"):
        run(build("kane_mele"), task(8, 2, [-1.0, 1.0], kT=np.array([1e-5])))


def test_models_without_a_zone_are_refused():
    continuum = build("rashba_gas")
    with pytest.raises(InputError, match=r"\[zone\] method: .* no mesh"):
        sol.compute(continuum, sol.Job({"model": "rashba_gas"}, {"mesh": 8, "method": "tetrahedron"}, {"mu": [1.0]}))


@pytest.mark.slow
def test_platinum_beside_spread_levels():
    """Spin Hall conductivity at the Fermi level on 24^3 points, against 48^3 with spread levels."""
    model = sol.read_wannier90(ROOT / "examples" / "pt" / "Pt")
    t = task(24, 3, [17.6251], kT=KB * np.array([0.0, 300.0]), axes=("z",))
    coarse, dense = run(model, t), run(model, replace(t, mesh=(48,) * 3, method="linear"))
    assert abs(coarse.carriers - dense.carriers).max() < 0.02
    conventional = np.array([o.conductivity[0, :, 0, 0, 1, 0] for o in (coarse, dense)])
    assert abs(conventional[0] / conventional[1] - 1).max() < 0.03
