"""Cells that mix levels are divided: exact limits, a budget, and the same bits whoever computes."""

from dataclasses import replace

import numpy as np
import pytest

from solenoidal.engine import Task, crossings, run
from solenoidal.engine.crossings import LEAST, PIECES, SHARE, divided
from solenoidal.engine.work import Work
from solenoidal.models import build
from solenoidal.scattered import Scattered
from solenoidal.zone import Mesh

KT = np.array([0.0, 0.02])
BHZ = Task(
    (42, 42), (0.5, 0.5), np.linspace(-1.5, 1.5, 61), KT, definitions=("conventional", "eq11"),
    error=False, method="linear",
)  # fmt: skip


@pytest.mark.parametrize("offset", [0.5, 0.0])
def test_pieces_are_points_of_the_mesh_with_shorter_steps(offset):
    model, n = build("bhz"), np.array([4.0, 6.0])
    coarse = Mesh((4, 6), (offset, offset))
    k = np.stack(np.meshgrid(*map(coarse.points, range(2)), indexing="ij"), axis=-1).reshape(-1, 2)
    weight = np.arange(1.0, 25.0)
    blocks = [(block.k, part) for block, part in divided(Scattered(model, model.operator("spin")), k, weight, n)]
    found, parts = (np.concatenate(x) for x in zip(*blocks, strict=True))
    fine = Mesh((4 * PIECES, 6 * PIECES), (offset, offset))
    want = np.stack(np.meshgrid(*map(fine.points, range(2)), indexing="ij"), axis=-1).reshape(-1, 2)
    index = np.round((found % 1.0) * fine.n - offset).astype(int) % fine.n
    assert len(np.unique(index, axis=0)) == len(want)
    np.testing.assert_allclose(found % 1.0 * fine.n - offset, np.round(found % 1.0 * fine.n - offset), atol=1e-9)
    np.testing.assert_allclose(parts.reshape(24, -1).sum(axis=1), weight, rtol=1e-14)


@pytest.mark.parametrize(("name", "D"), [("bhz", 2), ("wilson_dirac", 3)])
def test_dividing_every_cell_gives_the_mesh_with_shorter_steps(name, D, monkeypatch):
    mu = np.linspace(-1.0, 1.5, 4)
    task = Task((4,) * D, (0.5,) * D, mu, KT, error=False, method="linear", form="P")
    monkeypatch.setattr(crossings, "LEAST", np.inf)
    fine = run(build(name), replace(task, mesh=(4 * PIECES,) * D))
    monkeypatch.setattr(crossings, "SHARE", 1e9)
    monkeypatch.setattr(crossings, "LEAST", -1.0)
    all_divided = run(build(name), task)
    size = abs(fine.conductivity).max()
    np.testing.assert_allclose(all_divided.conductivity, fine.conductivity, atol=1e-9 * size)
    np.testing.assert_allclose(all_divided.carriers, fine.carriers, atol=1e-12)


def test_division_makes_the_error_of_a_narrow_gap_small(monkeypatch):
    """The inverted gap of the model is much narrower than a cell."""
    model = build("bhz")
    exact = run(model, replace(BHZ, mesh=(300, 300))).conductivity

    def error():
        return np.sqrt(((run(model, BHZ).conductivity - exact) ** 2).mean(axis=(2, 3, 4, 5)))

    divided_cells = error()
    monkeypatch.setattr(crossings, "LEAST", np.inf)
    assert (error() > 3 * divided_cells).all()


@pytest.mark.parametrize(("name", "D", "n"), [("bhz", 2, 40), ("luttinger", 3, 12), ("platinum_slater_koster", 3, 6)])
def test_division_stays_within_its_share(name, D, n):
    model, mu = build(name), np.linspace(-1.0, 2.0, 4)
    offset = (0.3, 0.4, 0.1)[:D]  # no two points alike
    work, mesh = Work(model, replace(BHZ, mesh=(n,) * D, offset=offset, mu=mu)), Mesh((n,) * D, offset)
    recipe, source = work.recipe(mesh), work.source
    blocks = (block for chunk in source.chunks(mesh) for block in source.blocks(mesh, chunk))
    mixing = np.concatenate([recipe.solve(block).mixing(recipe.window) for block in blocks])
    limit = work.crossing(mesh)
    assert limit >= LEAST
    added = (mixing > limit).sum() * PIECES**D
    assert 0 < added <= 1.3 * SHARE * (mixing > 0).sum()


@pytest.mark.parametrize(("name", "D", "n"), [("bhz", 2, 24), ("wilson_dirac", 3, 10)])
def test_what_vanishes_by_symmetry_still_does(name, D, n, monkeypatch):
    task = replace(BHZ, mesh=(n,) * D, offset=(0.5,) * D, responses=("conductivity", "equilibrium"))
    model = build(name)
    divided_cells = run(model, task)
    monkeypatch.setattr(crossings, "LEAST", np.inf)
    whole = run(model, task)
    assert not np.array_equal(whole.conductivity, divided_cells.conductivity)
    for response, x in whole.values.items():
        size = max(1e-3, abs(x).max())
        nothing = abs(x).max(axis=(1, 2)) < 1e-12 * size
        assert nothing.any()
        # Pieces near a crossing have terms of 1e5 times the sum, whose rounding stays; one star cut in two leaves 1e-5.
        assert abs(divided_cells.values[response]).max(axis=(1, 2))[nothing].max() < 1e-9 * size


def test_divided_cells_do_not_depend_on_who_computes():
    model = build("bhz")
    one, three = (run(model, replace(BHZ, workers=n)) for n in (1, 3))
    np.testing.assert_array_equal(one.conductivity, three.conductivity)
    np.testing.assert_array_equal(one.carriers, three.carriers)
