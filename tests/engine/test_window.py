"""Levels outside the thermal window are left out where only functions that vanish there are wanted."""

from dataclasses import replace

import numpy as np
import pytest
import random_models as rm

from solenoidal import bloch, derivatives, engine, quantities
from solenoidal.elements import Elements, MadeElements
from solenoidal.engine import Task, collector
from solenoidal.engine import work as work_module
from solenoidal.engine.collector import Collector, Recipe
from solenoidal.engine.work import Work
from solenoidal.model import BlochModel, Operator
from solenoidal.models import build
from solenoidal.multiplets import RESOLVED
from solenoidal.quantities import Settings
from solenoidal.statistics import FUNCTIONS
from solenoidal.units import KB
from solenoidal.zone import Mesh

COLD = 0.002


@pytest.fixture(autouse=True)
def every_tile(monkeypatch):
    """Without the tiles of the mesh that are left out before, see test_pruning."""
    monkeypatch.setattr(work_module, "choose", lambda *arguments: None)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_windowed_functions_vanish_on_both_sides(name):
    x = np.array([-41.0, -45.0, -400.0])
    assert FUNCTIONS[name].windowed == (abs(FUNCTIONS[name].at(COLD * x, COLD)).max() < 1e-12)
    assert abs(FUNCTIONS[name].at(-COLD * x, COLD)).max() < 1e-12


def states_of(model, degeneracy=1e-6, **options):
    k = np.random.default_rng(0).random((11, model.dimension))
    return bloch.solve(bloch.fourier(model, k, curvature=True), degeneracy, **options)


def boundaries(states):
    """Levels at which no k-point has a multiplet on both sides."""
    cut = (np.diff(states.group, axis=1) == 0).any(axis=0)
    return [0, *(int(n) + 1 for n in np.flatnonzero(~cut)), states.e.shape[1]]


SYSTEMS = {
    "six levels": rm.electrons(2, 2, 6),
    "doublets": rm.doublets(3, 3),
    "positions": rm.electrons(4, 3, 4, positions=True),
    **{kind: rm.bosons(2, kind) for kind in rm.METRICS},
}


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("name", quantities.names())
def test_every_quantity_in_the_levels_wanted(name, system):
    """The rows of a range of levels are those of all levels, for any metric."""
    model, q = SYSTEMS[system], quantities.get(name)
    states = states_of(model)
    if q.derivatives:
        states = derivatives.states_at(model, np.random.default_rng(0).random((11, model.dimension)), degeneracy=1e-6)
    if q.resolved:
        states = states.regroup(RESOLVED)
    whole = q.rows(states, Settings(0.05))
    ends = boundaries(states)
    assert len(ends) > 3
    for first, rows in ((1, 2), (1, -1), (0, 1), (-2, -1)):
        first, rows = ends[first], ends[rows]
        some = replace(states, v=states.velocity, s=states.operator, first=first, rows=rows)
        got = q.rows(some, Settings(0.05))
        assert got.shape == (len(whole), rows - first, *whole.shape[2:])
        np.testing.assert_allclose(got, whole[:, first:rows], rtol=1e-12, atol=1e-13 * abs(whole).max())


def test_exchange_with_levels_below_is_kept():
    """Pairs of full levels are left out, those of a full level and a wanted one not; the bits stay."""
    states = states_of(rm.electrons(2, 3, 9))
    rows = quantities.get("spin_berry").rows
    whole = rows(states, Settings())
    for full, first, last in ((3, 3, 9), (2, 4, 6), (0, 5, 6), (4, 4, 8)):
        some = replace(states, v=states.velocity, s=states.operator, full=full, first=first, rows=last)
        assert np.array_equal(rows(some, Settings()), whole[:, first:last])


@pytest.mark.parametrize("edges", [None, 0.02])
def test_points_outside_a_window(edges):
    """Against every level of every point."""
    model = rm.electrons(7, 2, 5)
    states = states_of(model, 0.5, cell=None if edges is None else edges * np.eye(2))
    low, high = states.reach
    kinds = set()
    for middle in np.linspace(-3.0, 3.0, 201):
        window = middle - 0.02, middle + 0.02
        outside, below = states.outside(window)
        for k in range(len(outside)):
            reaching = (high[k] >= window[0]) & (low[k] <= window[1])
            count = int((high[k] < window[0]).sum())
            around = 0 < count < 5 and states.group[k, count - 1] == states.group[k, count]
            assert outside[k] == (not reaching.any() and not around)
            kinds.add((bool(reaching.any()), bool(around)))
            assert below[k] == count
    assert kinds >= {(False, False), (False, True), (True, False)}


def test_wanted_levels_are_those_that_reach_into_the_window():
    states = states_of(rm.electrons(7, 2, 5), 1e-6)
    for middle in np.linspace(-4.0, 4.0, 41):
        some = states.narrowed(middle + 0.1, middle - 0.1, windowed=True)
        inside = ((states.e >= middle - 0.1) & (states.e <= middle + 0.1)).any(axis=0)
        assert not inside[: some.first].any()
        assert not inside[some.rows :].any()
        assert (states.e[:, : some.first] < middle - 0.1).all()
        assert some.first == some.full <= some.rows
        assert states.narrowed(middle + 0.1, middle - 0.1, windowed=False).first == 0


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("made", [False, True])
def test_elements_of_some_points(kind, made):
    rng, index = np.random.default_rng(0), np.arange(37) % 5 < 2
    X = rng.normal(size=(37, 4, 2, 4)) + 1j * rng.normal(size=(37, 4, 2, 4))
    X = X + X.conj().transpose(0, 3, 2, 1)
    whole, bras = Elements(X).packed, Elements(X[:, :, :1]).packed
    if kind == np.float32:
        whole, bras = bloch.packed.single(whole), bloch.packed.single(bras)
    elements = MadeElements(bloch.packed.rotate, (whole, bras), 37)
    expected = Elements(packed=(bloch.packed.rotate(whole, bras), 37)).plain[index]
    if made:
        assert elements.packed.dtype == kind
    some = elements.take(index)
    assert some.n_k == index.sum()
    assert np.array_equal(some.plain, expected)
    assert np.array_equal(elements.take(~index).take(np.ones(int((~index).sum()), bool)).plain[0], elements.plain[2])


@pytest.fixture
def complete(monkeypatch):
    """Run with every level up to the highest wanted at every point."""

    def run(model, job):
        with monkeypatch.context() as patch:
            patch.setattr(Recipe, "windowed", False)
            patch.setattr(collector, "MOST", -1.0)
            return engine.run(model, job)

    return run


@pytest.fixture
def count(monkeypatch):
    """Levels that quantities are computed for in a run."""

    def counted(model, job):
        seen = []
        add_all = Collector._add_all

        def noted(self, table, states, where, factor):
            if table is self.main:
                seen.append(len(states.e) * (states.rows - states.first))
            add_all(self, table, states, where, factor)

        with monkeypatch.context() as patch:
            patch.setattr(Collector, "_add_all", noted)
            engine.run(model, job)
        return sum(seen)

    return counted


def same(found, expected, exact):
    for name, x in expected.values.items():
        if exact:
            assert np.array_equal(found.values[name], x)
        np.testing.assert_allclose(found.values[name], x, rtol=1e-11, atol=1e-13 * abs(x).max() + expected.floors[name])
        bound = 1e-13 * abs(x).max() + expected.floors[name]
        np.testing.assert_allclose(found.shifts[name], expected.shifts[name], rtol=1e-11, atol=bound)
    np.testing.assert_allclose(found.carriers, expected.carriers, rtol=1e-13, atol=1e-14)
    assert found.bands == expected.bands
    assert found.warnings == expected.warnings
    assert all(found.floors[name] <= expected.floors[name] for name in expected.floors)


#: Model, mesh and chemical potentials below, in, between and above the bands.
WINDOWS = {
    "kane_mele": ({"lambda_R": 0.05}, (14, 13), [(-9.0, -8.9), (-2.0, -1.9), (-0.01, 0.01), (1.0, 1.1), (9.0, 9.1)]),
    "wilson_dirac": ({}, (7, 6, 8), [(-9.0, -8.9), (-2.0, -1.9), (0.0, 0.01), (2.0, 2.2), (9.0, 9.1)]),
}


@pytest.mark.parametrize("method", ["plain", "linear", "tetrahedron"])
@pytest.mark.parametrize("kT", [[COLD], [0.0, COLD]], ids=str)
@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("name", WINDOWS)
def test_same_numbers_as_with_every_level(name, number, kT, method, complete):
    parameters, mesh, windows = WINDOWS[name]
    offset = (0.5, 0.3, 0.1)[: len(mesh)]
    job = Task(mesh, offset, np.array(windows[number]), np.array(kT), error=False, responses=("nernst",), method=method)
    model = build(name, **parameters)
    same(engine.run(model, job), complete(model, job), exact=True)


@pytest.mark.parametrize("method", ["plain", "linear", "tetrahedron"])
@pytest.mark.parametrize("options", [{"form": "P"}, {"gamma": 0.05}, {"degeneracy": 0.3}], ids=str)
def test_same_numbers_in_other_forms(options, method, complete):
    model = rm.doublets(2, 2, splitting=0.05)
    job = Task((16, 15), (0.5, 0.2), np.array([-0.2, 0.1]), np.array([COLD]), error=False, responses=("nernst",))
    job = replace(job, method=method, **options)
    same(engine.run(model, job), complete(model, job), exact="gamma" not in options)


@pytest.mark.parametrize("kind", rm.METRICS)
def test_same_numbers_with_a_metric(kind, complete, count):
    model = replace(rm.bosons(3, kind, 2), statistics="fermi")
    job = Task((16, 15), (0.5, 0.2), np.array([0.5, 0.6]), np.array([COLD]), error=False, responses=("nernst",))
    same(engine.run(model, job), complete(model, job), exact=True)
    assert count(model, job) < 0.5 * 16 * 15 * 4


def test_a_definition_with_its_own_sum_is_left_alone(complete):
    job = Task((5, 4), (0.5, 0.2), np.array([-2.0, -1.9]), np.array([0.01]), error=False, responses=("nernst",))
    model = build("kane_mele")
    for definitions in (("eq11", "finite_q"), ("finite_q",)):
        mine = replace(job, definitions=definitions)
        same(engine.run(model, mine), complete(model, mine), exact=True)


def semicore(model, pairs, energy=-40.0):
    """The same with decoupled deep doublets."""
    N, home = model.size, np.flatnonzero((model.R == 0).all(axis=1))[0]

    def grown(X):
        out = np.zeros((*X.shape[:-2], N + 2 * pairs, N + 2 * pairs), dtype=complex)
        out[..., :N, :N] = X
        return out

    H, s = grown(model.H), model.operator("spin")
    H[home, N:, N:] += np.diag(energy - np.repeat(np.arange(pairs), 2))
    S = grown(s.matrices)
    for p in range(N, N + 2 * pairs, 2):
        S[home, :, p : p + 2, p : p + 2] += rm.PAULI[: S.shape[1]]
    position = None if model.position is None else grown(model.position)
    return BlochModel(model.lattice, model.R, H, position, {"spin": replace(s, matrices=S)})


@pytest.mark.parametrize("method", ["plain", "linear", "tetrahedron"])
def test_semicore_levels_cost_nothing_and_change_nothing(method, count):
    model = rm.electrons(1, 2, 4, components=3, positions=True)
    deep = semicore(model, 5)
    job = Task((20, 18), (0.5, 0.2), np.array([0.0, 0.1]), np.array([COLD]), error=False, responses=("nernst",))
    job = replace(job, method=method)
    bare, found = engine.run(model, job), engine.run(deep, job)
    np.testing.assert_allclose(found.values["nernst"], bare.values["nernst"], rtol=1e-10, atol=bare.floors["nernst"])
    np.testing.assert_allclose(found.carriers, bare.carriers + 10.0, rtol=1e-13)
    assert 0 < count(deep, job) <= 1.1 * count(model, job)
    assert count(deep, replace(job, responses=("nernst", "conductivity"))) > 10 * 20 * 18


@pytest.mark.parametrize("response", ["conductivity", "magnetization", "equilibrium"])
def test_a_sea_beside_it_wants_every_level(response, monkeypatch):
    seen = []
    solve = Recipe.solve
    monkeypatch.setattr(Recipe, "solve", lambda *arguments: seen.append(solve(*arguments)) or seen[-1])
    job = Task((6, 5), (0.5, 0.2), np.array([9.0]), np.array([COLD]), error=False, responses=("nernst",))
    for responses, windowed in ((("nernst",), True), (("nernst", response), False)):
        seen.clear()
        mine = replace(job, responses=responses)
        assert Work(build("kane_mele"), mine).recipe(Mesh(job.mesh, job.offset)).windowed == windowed
        engine.run(build("kane_mele"), mine)
        assert seen
        assert all((states.first > 0) == windowed for states in seen)


def test_empty_blocks_are_not_rotated(monkeypatch):
    """Neither where no level reaches the window, nor where all stay below it."""
    rotated = []
    for name in ("rotate", "rotated_velocity"):
        make = getattr(bloch.packed, name)
        monkeypatch.setattr(bloch.packed, name, lambda *a, make=make: rotated.append(len(a[0])) or make(*a))
    job = Task((20, 18), (0.5, 0.2), np.array([0.0]), np.array([COLD]), error=False, responses=("nernst",))
    model = build("kane_mele", lambda_so=0.2)
    for method in ("plain", "tetrahedron"):
        out = engine.run(model, replace(job, method=method))
        assert abs(out.values["nernst"]).max() == 0.0
        np.testing.assert_allclose(out.carriers, 2.0, rtol=1e-13)
    assert not rotated
    engine.run(model, replace(job, mu=np.array([1.5])))
    assert rotated


def test_levels_around_the_window_are_kept():
    """The mean energy of a multiplet is where no level is."""
    flat = np.diag([-2e-4, 2e-4, 5.0]).astype(complex)[None]
    spin = Operator(np.eye(3, dtype=complex)[None, None], ("z",))
    model = BlochModel(np.eye(2), np.zeros((1, 2), dtype=int), flat, None, {"spin": spin})
    for degeneracy, first in ((1e-3, 0), (1e-5, 1)):
        states = states_of(model, degeneracy, rows_below=0.0, full_below=0.0, windowed=True)
        assert (states.first, states.rows) == (first, 2 - first)
        assert states.outside((0.0, 0.0))[0].all() == (first == 1)


@pytest.mark.parametrize("T", [50.0, 300.0])
def test_temperature_decides_what_is_wanted(T, count):
    """Most of the levels of a metal are far from a window of 50 K."""
    model = build("slater_koster_fcc")
    job = Task((8, 8, 8), (0.5,) * 3, np.array([0.0]), KB * np.array([T]), error=False, responses=("nernst",))
    part = count(model, job) / (8**3 * model.size)
    assert part < {50.0: 0.25, 300.0: 0.75}[T]


def test_every_engine_has_the_same_bits(monkeypatch):
    monkeypatch.undo()  # other processes leave out tiles
    model = build("wilson_dirac")
    job = Task((20, 20, 20), (0.5,) * 3, np.array([1.4]), np.array([COLD]), error=False, responses=("nernst",))
    one = engine.run(model, job, crew=engine.Threads(1))
    for crew in (engine.Threads(3), engine.Processes(2)):
        other = engine.run(model, job, crew=crew)
        assert np.array_equal(one.values["nernst"], other.values["nernst"])
        assert np.array_equal(one.carriers, other.carriers)
