"""Generators speak for their group: bounds of residuals, means through subgroups, groups that a model brings along."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
from symmetry_helpers import BCC, DIAMOND, FCC, diamond, one_atom, random_model, spinful

from solenoidal import models, symmetry
from solenoidal.errors import InputError
from solenoidal.symmetry.basis import Vectors, rotate
from solenoidal.symmetry.fields import fields_of
from solenoidal.symmetry.finder import Observer
from solenoidal.symmetry.generators import coset_representatives, generated, residual_bounds
from solenoidal.symmetry.operations import products
from solenoidal.symmetry.representation import partners_of, projective_defect
from solenoidal.symmetry.symmetrise import average

#: The module, hidden by its function of the same name.
impose = importlib.import_module("solenoidal.symmetry.impose")

CASES = {
    "fcc": lambda: spinful(one_atom(FCC)),
    "ferromagnet": lambda: spinful(one_atom(BCC, [[0, 0, 1.0]]), ("s", "d")),
    "diamond": lambda: spinful(diamond(), ("s", "p"), DIAMOND),
}


@pytest.fixture(scope="module", params=CASES)
def representation(request):
    return CASES[request.param]()


def test_table_of_products(representation):
    """Screws and glides of diamond, time reversal: against one product after the other."""
    operations = representation.group.operations
    table = representation.group.table
    for i, g in enumerate(operations):
        for j in range(i % 5, len(operations), 5):
            assert operations[table[i, j]].same(g.then(operations[j]))
    missing = products(operations[:-1])
    assert (missing < 0).sum() == len(operations) - 2
    assert ((missing == table[:-1, :-1]) | (missing < 0)).all()


def test_steps_lead_through_subgroups_to_the_group(representation):
    table, members = representation.group.table, np.array([0])
    for step in coset_representatives(table):
        cosets = [members, *(table[members, t] for t in step)]
        members = np.sort(np.concatenate(cosets))
        assert len(np.unique(members)) == len(members)
        assert np.array_equal(generated(table, members), members)
    assert len(members) == len(table)


def test_mean_through_subgroups_is_the_mean(representation):
    # Symmetrising closes the list of R vectors; noise on top has no symmetry.
    model, _ = symmetry.symmetrise(random_model(representation), representation)
    noise = random_model(representation, seed=7)
    where = Vectors(model.R).find(noise.R)
    model.H[where[where >= 0]] += noise.H[where >= 0]
    vectors, basis = Vectors(model.R), representation.basis
    for field in fields_of(model, basis):
        total = np.zeros_like(field.X)
        for g, D in zip(representation.group.operations, representation.D, strict=True):
            total += np.einsum("ba,rbij->raij", field.matrix(g), rotate(field.X, vectors, basis, g, D))
        assert abs(average(field, vectors, representation) - total / len(representation.group)).max() < 1e-14


def test_bounds_are_bounds(representation):
    """On a model that nearly has the group: no residual above its bound, and all within the limit where they say so."""
    model, _ = symmetry.symmetrise(random_model(representation), representation)
    noise = np.random.default_rng(5).normal(size=model.H.shape) * 1e-4
    home = np.array([np.flatnonzero((model.R == -R).all(axis=1))[0] for R in model.R])
    model = replace(model, H=model.H + noise + noise[home].swapaxes(1, 2))
    observer, group = Observer(model, representation.basis), representation.group

    def residual(i):
        tried.append(i)
        return observer.defect(group.operations[i], representation.D[i])

    tried = []
    true = np.array([residual(i) for i in range(len(group))])
    true[0] = 0.0  # the identity, to rounding
    assert true[1:].min() > 1e-6
    for limit, few in ((20 * true.max(), True), (0.5 * true.max(), False)):
        tried.clear()
        bounds = residual_bounds(group.table, residual, limit)
        assert (bounds >= true * (1 - 1e-12)).all()
        above = bounds > limit
        assert np.array_equal(bounds[above], true[above])
        assert (len(tried) <= 7) == few


def test_one_operation_that_is_broken_is_never_covered():
    """Changes that only some operations feel: the bound stays above for each of them."""
    representation = CASES["fcc"]()
    group = representation.group
    for broken in (1, 5, len(group) // 2, len(group) - 1):
        inside = generated(group.table, [broken])
        without = next(
            members
            for g in range(len(group))
            if broken not in (members := generated(group.table, [g])) and len(members) > 1
        )
        cost = np.where(np.isin(np.arange(len(group)), without), 0.0, 1.0)
        bounds = residual_bounds(group.table, cost.__getitem__, 0.5)
        assert bounds[broken] == 1.0
        assert len(inside) > 1


def test_defect_of_matrices_that_do_not_multiply_is_exact(representation):
    group = representation.group
    turned = representation.D.copy()
    turned[-1] = turned[-1] @ np.diag(np.exp(1e-3j * np.arange(turned.shape[1])))

    def direct(D):
        worst = 0.0
        for i in range(len(group)):
            found, want = partners_of(group, D, i), D[group.table[i]]
            c = np.einsum("hab,hab->h", want.conj(), found)
            worst = max(worst, abs(found - (c / abs(c))[:, None, None] * want).max())
        return worst

    assert projective_defect(group, turned, 1e-9) == pytest.approx(direct(turned), rel=1e-12)
    assert direct(turned) > 1e-4
    assert direct(representation.D) <= projective_defect(group, representation.D, 1e-9) < 1e-11


@pytest.fixture
def symmetrised():
    r = CASES["fcc"]()
    model, _ = symmetry.symmetrise(random_model(r), r)
    return symmetry.impose(model)


def never(*arguments, **options):
    raise AssertionError("the group was looked for again")


def test_group_of_a_symmetrised_model_is_tested_and_not_looked_for(symmetrised, monkeypatch):
    looked = symmetry.exact_operations(replace(symmetrised, representation=None))
    monkeypatch.setattr(impose, "observe", never)
    known = symmetry.exact_operations(symmetrised)
    assert len(known) == len(looked)
    assert all(g.same(h) for g, h in zip(known, looked, strict=True))


def broken(model, size):
    """With a field along z at the origin, which 16 of 96 operations survive."""
    H = model.H.copy()
    home = (model.R == 0).all(axis=1)
    H[home] += size * model.operators["spin"].matrices[home, 2]
    return replace(model, H=H)


def test_group_that_a_model_brings_along_is_not_trusted(symmetrised):
    field = broken(symmetrised, 1.0)
    found = symmetry.exact_operations(field)
    assert len(found) == 16
    assert sum(g.time_reversal for g in found) == 8
    with pytest.raises(InputError, match=r"change H, positions or operators by up to .* of their size"):
        symmetry.exact_operations(broken(symmetrised, 1e-7))


def test_group_of_another_model_is_not_used(symmetrised):
    """Another number of orbitals, and a deformed lattice, which matrices in lattice coordinates do not know of."""
    other = replace(models.build("luttinger"), representation=symmetrised.representation)
    assert len(symmetry.exact_operations(other)) == 96
    assert impose._known(other) is None
    assert impose._known(replace(symmetrised, lattice=symmetrised.lattice * [1.0, 1.0, 1.01])) is None
    assert impose._known(symmetrised) is symmetrised.representation
