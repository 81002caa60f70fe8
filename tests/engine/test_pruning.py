"""Points that are left out are proven to contribute nothing."""

from dataclasses import replace

import numpy as np
import pytest
import random_models as rm
from hypothesis import given, settings
from hypothesis import strategies as st

from solenoidal import engine
from solenoidal.engine import Task
from solenoidal.engine import work as work_module
from solenoidal.engine.pruning import choose, slopes
from solenoidal.engine.work import Work
from solenoidal.model import BlochModel, Operator
from solenoidal.models import build
from solenoidal.symmetry import exact_operations
from solenoidal.zone import Mesh


def levels(model, k):
    return np.linalg.eigvalsh(np.tensordot(np.exp(2j * np.pi * k @ model.R.T), model.H, axes=1))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(0, 10_000))
def test_levels_move_no_further_than_their_bound(D, seed):
    rng = np.random.default_rng(seed)
    model = rm.electrons(seed % 50, D)
    k, step = rng.random((20, D)), rng.normal(size=(20, D)) * 10.0 ** rng.uniform(-4, 0, (20, 1))
    moved = abs(levels(model, k + step) - levels(model, k)).max(axis=1)
    assert (moved <= abs(step) @ slopes(model) + 1e-12).all()


def test_bound_is_reached_by_one_hopping():
    """e = 2 t cos(2 pi k): the slope of its steepest point."""
    H = np.array([0.7, 0.0, 0.7], dtype=complex)[:, None, None]
    chain = BlochModel(np.eye(1), np.array([[-1], [0], [1]]), H, None, {})
    np.testing.assert_allclose(slopes(chain), [4 * np.pi * 0.7])


CASES = {
    "few electrons": (2, "rashba", (200, 190), (0.1, 0.3), ("conductivity", "nernst")),
    "Fermi window": (3, "wilson_dirac", (40, 36, 32), (0.8, 0.85), ("nernst",)),
}


def task(name, method, kT, **options):
    D, _, mesh, mu, responses = CASES[name]
    start = {"error": False, "workers": 1, "responses": responses, "method": method}
    return Task(mesh, (0.5,) * D, np.array(mu), np.array([kT]), **(start | options))


@pytest.fixture
def complete(monkeypatch):
    """Run with every point."""

    def run(model, job):
        with monkeypatch.context() as patch:
            patch.setattr(work_module, "choose", lambda *arguments: None)
            return engine.run(model, job)

    return run


@pytest.mark.parametrize(
    ("name", "method", "kT"),
    [
        ("few electrons", "plain", 0.004),
        ("few electrons", "linear", 0.0),
        ("few electrons", "tetrahedron", 0.0),
        ("Fermi window", "plain", 0.004),
        ("Fermi window", "linear", 0.004),
        ("Fermi window", "tetrahedron", 0.004),
    ],
)
def test_same_numbers_with_fewer_points(name, method, kT, complete, monkeypatch):
    model, job = build(CASES[name][1]), task(name, method, kT)
    solved = []
    solve = engine.collector.Recipe.solve
    expected = complete(model, job)
    monkeypatch.setattr(engine.collector.Recipe, "solve", lambda self, b: solved.append(len(b.H)) or solve(self, b))
    found = engine.run(model, job)
    # The estimate of the memory solves a point, too.
    assert sum(solved) < 0.7 * np.prod(job.mesh)
    for response, x in expected.values.items():
        np.testing.assert_allclose(found.values[response], x, rtol=1e-12, atol=1e-14 * abs(x).max())
    np.testing.assert_allclose(found.carriers, expected.carriers, rtol=1e-13, atol=1e-15)


def test_points_are_counted_once(complete):
    seen = []
    engine.run(build("rashba"), task("few electrons", "plain", 0.004), seen.append)
    progress = [event for event in seen if hasattr(event, "done")]
    assert progress[-1].done == progress[-1].total == 200 * 190


def test_irreducible_points(complete):
    model = build("rashba")
    operations = exact_operations(model)
    assert len(operations) > 4
    job = replace(task("few electrons", "linear", 0.004), mesh=(96, 96), operations=operations)
    assert Work(model, job).pruning(Mesh(job.mesh, job.offset)) is not None
    found, expected = engine.run(model, job), complete(model, job)
    np.testing.assert_allclose(found.conductivity, expected.conductivity, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found.carriers, expected.carriers, rtol=1e-13)


def test_every_engine_leaves_out_the_same_points():
    model, job = build("rashba"), task("few electrons", "linear", 0.004)
    one = engine.run(model, job, crew=engine.Threads(1)).conductivity
    assert np.array_equal(one, engine.run(model, job, crew=engine.Threads(3)).conductivity)
    assert np.array_equal(one, engine.run(model, job, crew=engine.Processes(2)).conductivity)


@pytest.mark.parametrize(("size", "least"), [(2, 0.6), (4, 0.2), (8, 0.05)])
def test_no_point_with_a_level_in_the_window_is_left_out(size, least):
    """Against the levels of every point of the mesh; those below are counted."""
    model, job = build("wilson_dirac"), task("Fermi window", "plain", 0.004)
    work, mesh = Work(model, job), Mesh(job.mesh, job.offset)
    pruning = replace(choose(work.source, mesh, work.recipe(mesh)), size=size)
    left_out = filled = 0
    for chunk in work.source.chunks(mesh):
        weights, skipped = pruning.sift(chunk, None)
        k = (work.source.positions(mesh, chunk) + 0.5) / np.array(mesh.n)
        e = levels(model, k[weights.ravel() == 0])
        low, high = pruning.window
        assert not ((e > low) & (e < high)).any()
        assert skipped.points == len(e)
        assert skipped.filled == (e < low).sum()
        left_out, filled = left_out + len(e), filled + skipped.filled
    assert left_out > least * mesh.size
    assert filled > 0


def test_multiplet_around_the_window_is_kept():
    """Its mean energy is where no level is."""
    flat = np.diag([-2e-4, 2e-4, 5.0]).astype(complex)[None]
    spin = Operator(np.eye(3, dtype=complex)[None, None], ("z",))
    model = BlochModel(np.eye(2), np.zeros((1, 2), dtype=int), flat, None, {"spin": spin})
    job = Task((40, 40), (0.5, 0.5), np.array([0.0]), np.array([0.0]), error=False)
    work, mesh = Work(model, job), Mesh(job.mesh, job.offset)
    for response in ("nernst", "conductivity"):
        recipe = Work(model, replace(job, responses=(response,))).recipe(mesh)
        assert choose(work.source, mesh, recipe) is None
    below = replace(job, mu=np.array([-2.0]))
    assert choose(work.source, mesh, Work(model, below).recipe(mesh)).part == 1.0


def test_nothing_is_proven_with_a_metric():
    model = replace(rm.electrons(1), metric=np.diag([1.0, 1.0, -1.0]).astype(complex))
    job = Task((40, 40), (0.5, 0.5), np.array([-99.0]), np.array([0.0]), error=False)
    work, mesh = Work(model, job), Mesh(job.mesh, job.offset)
    assert choose(work.source, mesh, work.recipe(mesh)) is None
