"""One deposit of a block is the sum over its levels, one by one, whatever the layout of the quantity."""

import numpy as np
import pytest

from solenoidal.antisymmetric import antisymmetric, antisymmetrised
from solenoidal.deposits import Levels
from solenoidal.multiplets import divisible, group_levels
from solenoidal.spectral import plan
from solenoidal.statistics import FUNCTIONS
from solenoidal.widths import reach

MU = np.linspace(-0.5, 0.7, 7)
PLANS = [plan(MU, np.array([0.0, 1e-4, 0.05])), plan(MU, np.array([0.0, 0.02]), cells=3)]
SETS = [("fermi",), ("fermi_surface",), ("entropy", "fermi", "fermi_surface", "potential")]


@pytest.fixture(params=range(3))
def levels(request):
    """Energies ``(n_k, n)`` and widths with pairs of equal levels, some of equal energy but not of equal width."""
    rng = np.random.default_rng(request.param)
    e, widths = rng.uniform(-4, 3, (9, 4)), rng.uniform(0.02, 0.4, (9, 4, 3))
    e[:, 1], widths[:, 1] = e[:, 0], widths[:, 0]
    e[:, 3] = e[:, 2]
    return e, widths, rng.normal(size=(9, 4, 2, 3, 2))


@pytest.mark.parametrize("functions", SETS, ids=len)
@pytest.mark.parametrize("which", [0, 1])
def test_deposit_of_a_block_is_that_of_its_levels(levels, which, functions):
    e, widths, x = levels
    factor = np.random.default_rng(5).normal(size=len(e))
    together, single = (PLANS[which].accumulators(12, functions) for _ in range(2))
    size = Levels(e.ravel(), widths.reshape(-1, 3)).deposit(x, factor, together)
    rows = (factor[:, None, None] * x.reshape(9, 4, 12)).reshape(-1, 12)
    assert size == pytest.approx(abs(rows).max(axis=1).sum(), rel=1e-14)
    for n, row in enumerate(rows):
        for acc in single:
            acc.add(e.ravel()[n : n + 1], row[None], widths.reshape(-1, 3)[n : n + 1])
    for name in functions:
        want = PLANS[which].collect(single, name)
        assert abs(PLANS[which].collect(together, name) - want).max() < 1e-12 * (1 + abs(want).max()), name


@pytest.mark.parametrize("axes", [(2, 3, 4), (3, 2, 4), (4, 3, 2), (4, 2, 3)])
def test_layout_of_a_quantity_does_not_matter(levels, axes):
    e, widths, x = levels
    stored = np.ascontiguousarray(x.transpose(0, 1, *axes)).transpose(0, 1, *(2 + np.argsort(axes)))
    for p in PLANS:
        some, same = (p.accumulators(12, ("fermi",)) for _ in range(2))
        spread = Levels(e.ravel(), widths.reshape(-1, 3))
        assert spread.deposit(x, None, some) == spread.deposit(stored, None, same)
        for a, b in zip(some, same, strict=True):
            assert np.array_equal(a.sums, b.sums)


def test_runs_are_shared_by_accumulators_of_one_kind_only(levels):
    e, widths, x = levels
    spread = Levels(e.ravel(), widths.reshape(-1, 3))
    for functions in SETS * 2:
        for p in PLANS[:1]:
            shared, own = (p.accumulators(12, functions) for _ in range(2))
            spread.deposit(x, None, shared)
            Levels(e.ravel(), widths.reshape(-1, 3)).deposit(x, None, own)
            for a, b in zip(shared, own, strict=True):
                assert np.array_equal(a.sums, b.sums)


def test_full_levels_are_counted_for_functions_that_know_them():
    (acc,) = plan(MU, np.zeros(1)).accumulators(1, ("fermi",))
    acc.add(np.array([-2.0, MU[3], 5.0]), np.ones((3, 1)), np.ones((3, 3)))
    assert acc.integrals("fermi")[0, :, 0].tolist() == [1, 1, 1, 2, 2, 2, 2]
    assert all(FUNCTIONS[name].deep == (0.0, 0.0) for name in ("fermi_surface", "entropy", "entropy_surface"))


def test_divisible_multiplets_are_those_that_a_smaller_energy_divides():
    rng = np.random.default_rng(2)
    e = np.sort(rng.uniform(0, 1, (40, 6)), axis=1)
    sign = np.where(rng.uniform(size=e.shape) < 0.5, 1.0, -1.0)
    for eta in (None, sign):
        coarse, fine = group_levels(e, 0.2, eta), group_levels(e, 0.2 / 3, eta)
        assert np.array_equal(divisible(e, coarse, 0.2 / 3), (coarse != fine).any(axis=1))


def test_reach_of_levels_covers_cell_and_neighbours():
    rng = np.random.default_rng(3)
    e, widths, around = rng.normal(size=(5, 4)), rng.uniform(size=(5, 4, 3)), rng.normal(size=(5, 4, 6))
    half = 0.5 * widths.sum(axis=2)
    for w, near, want in (
        (None, None, (e, e)),
        (widths, None, (e - half, e + half)),
        (None, around, (np.minimum(e, around.min(axis=2)), np.maximum(e, around.max(axis=2)))),
    ):
        for got, expected in zip(reach(e, w, near), want, strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-15)


def test_antisymmetric_tensors():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(3, 2, 2, 4, 3))
    out = antisymmetric(X)
    assert np.array_equal(out, -out.swapaxes(2, 3))
    for i, l in ((0, 1), (0, 2), (1, 2)):
        assert np.array_equal(out[:, :, i, l], X[:, :, i, :, l])
    X, Y, pairs = rng.normal(size=(3, 2, 4, 3, 3)), rng.normal(size=(3, 2, 4, 3)), [(0, 1), (2, 1), (2, 0)]
    Z = X.copy()
    for n, (l, i) in enumerate(pairs):
        Z[..., i, l] -= Y[..., n]
    want = (Z - Z.swapaxes(3, 4)).transpose(0, 1, 3, 4, 2)
    np.testing.assert_allclose(antisymmetrised(X, Y, pairs), want, atol=1e-14)
