"""Grouping of levels."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from solenoidal.multiplets import group_levels, group_means


def test_chains_of_close_levels_form_one_multiplet():
    e = np.array([[0.0, 0.9, 1.8, 3.0, 3.0, 5.0]])
    assert group_levels(e, 1.0).tolist() == [[0, 0, 0, 1, 1, 2]]
    assert group_levels(e, 0.5).tolist() == [[0, 1, 2, 3, 3, 4]]


def test_levels_of_opposite_norm_stay_apart():
    e, sign = np.array([[-1.0, -1e-9, 1e-9, 1.0]]), np.array([[-1.0, -1.0, 1.0, 1.0]])
    assert group_levels(e, 1e-3, sign).tolist() == [[0, 1, 2, 3]]


@given(arrays(np.float64, (3, 6), elements=st.floats(-5, 5)), st.floats(1e-6, 2.0))
def test_means_keep_the_sum_of_each_multiplet(x, degeneracy):
    e = np.sort(x, axis=1)
    group = group_levels(e, degeneracy)
    mean = group_means(e, group)
    for k in range(3):
        for g in np.unique(group[k]):
            inside = group[k] == g
            assert np.allclose(mean[k, inside], e[k, inside].mean(), atol=1e-14)


def test_a_finer_energy_only_splits_multiplets():
    e = np.sort(np.random.default_rng(0).normal(size=(20, 10)), axis=1)
    coarse, fine = group_levels(e, 0.2), group_levels(e, 0.2 / 3)
    joined = np.diff(fine, axis=1) == 0
    assert (np.diff(coarse, axis=1)[joined] == 0).all()
