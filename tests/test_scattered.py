"""Sums at scattered k-points are the plain Fourier sum, whatever lattice vectors there are."""

import numpy as np
import pytest
import random_models as rm

from solenoidal.bloch import fourier
from solenoidal.model import BlochModel, Operator
from solenoidal.scattered import Scattered


@pytest.mark.parametrize("D", [1, 2, 3])
@pytest.mark.parametrize("n_k", [1, 8, 13])
def test_matrices_are_those_of_the_plain_sum(D, n_k):
    model = rm.electrons(D, D, 5, positions=True)
    k = np.random.default_rng(n_k).normal(size=(n_k, D))
    got, want = Scattered(model, model.operator("spin"), True).block(k), fourier(model, k, curvature=True)
    for name in ("H", "dH", "A", "s", "curl"):
        a, b = getattr(got, name), getattr(want, name)
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-13 * max(1.0, abs(b).max(initial=0.0)))


def test_a_model_of_one_cell():
    model = BlochModel(np.eye(1), np.array([[0]]), np.diag([1.0, 2.0])[None].astype(complex), None, {})
    s = Operator(np.eye(2, dtype=complex)[None, None], ("",))
    np.testing.assert_array_equal(Scattered(model, s).block(np.array([[0.3]])).H, model.H)


def test_a_metric_is_kept():
    model = rm.bosons(1)
    block = Scattered(model, model.operator("spin")).block(np.zeros((1, model.dimension)))
    assert block.metric is model.metric
