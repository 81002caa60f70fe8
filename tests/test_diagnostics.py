"""What a user is told about a model."""

import numpy as np
import pytest
import random_models as rm

from solenoidal.diagnostics import band_range, hermiticity, operator_defect, pair_splittings


def test_local_operator_at_the_origin_commutes_with_position():
    assert operator_defect(rm.electrons(1, 2, 3)).max() < 1e-12


def test_defect_of_positions_that_do_not_commute_is_the_commutator():
    model = rm.electrons(3, 2, 4, positions=True)
    assert operator_defect(model).max() < 1e-12  # positions built to commute with s
    tau = np.diag([0.0, 0.3, 0.5, 0.1])
    position = np.zeros((len(model.R), 2, 4, 4), complex)
    origin = np.flatnonzero((model.R == 0).all(axis=1))[0]
    position[origin, 0] = tau
    changed = type(model)(**{**model.__dict__, "position": position})
    s = model.operator("spin").matrices[origin]
    want = [np.linalg.norm(x @ tau - tau @ x, 2) for x in s]
    assert operator_defect(changed)[0] == pytest.approx(want)
    assert operator_defect(changed)[1] == pytest.approx(0, abs=1e-12)


def test_hermiticity_of_a_clean_model():
    assert hermiticity(rm.electrons(1, 2, 3)) < 1e-14


def test_doublets_show_as_vanishing_splittings():
    gaps = pair_splittings(rm.doublets(1))
    assert (np.diff(gaps) >= 0).all()
    assert (gaps < 1e-9).mean() >= 0.5


def test_band_range_contains_the_levels():
    model = rm.electrons(1, 2, 3)
    low, high = band_range(model)
    e = np.linalg.eigvalsh(model.H.sum(axis=0))  # Gamma
    assert low <= e[0]
    assert high >= e[-1]
