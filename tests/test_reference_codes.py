"""Conventional conductivities against WannierBerri 26.10 and postw90 3.1.0 on the same operators and meshes.

Sources: the README files of the reference data.  "simple" spin Hall conductivity, {v, sigma}/2 inside the Wannier
subspace; anomalous Hall conductivity as the Kubo sum over Wannier bands; Gamma-centred meshes, T = 0, no smearing.
"""

import json

import numpy as np
import pytest

from solenoidal.engine import Task, run
from solenoidal.readers import read_npz
from solenoidal.units import conductivity_factor

COLUMNS = {"xy^z": (0, 1, 2), "yx^z": (1, 0, 2), "yz^x": (1, 2, 0), "zx^y": (2, 0, 1)}


def conventional(folder, n, mu, operator):
    model = read_npz(folder / "operators.npz")
    task = Task(
        (n,) * 3,
        (0.0,) * 3,
        np.asarray(mu),
        np.array([0.0]),
        operator=operator,
        definitions=("conventional",),
        degeneracy=1e-6,
        error=False,
    )
    return run(model, task).conductivity[0, 0] * conductivity_factor(3, model.operator(operator).flow)


@pytest.mark.parametrize(("name", "n"), [("Fe222", 10), ("Fe", 20), ("Pt", 25)])
def test_spin_hall_equals_wannierberri(data, name, n):
    folder = data(name)
    with open(folder / "reference" / f"wannierberri_operators_{n}.json") as file:
        reference = json.load(file)
    got = conventional(folder, n, reference["mu"], "spin")
    got = np.stack([got[:, i, l, a] for i, l, a in COLUMNS.values()], axis=1)
    want = np.array(reference["shc"])
    assert abs(got - want).max() < 1e-7 * abs(want).max()
    assert np.median(abs(got / want - 1)) < 1e-8


def test_anomalous_hall_equals_the_kubo_sum_over_wannier_bands(data):
    got = conventional(data("Fe222"), 10, [11.6279, 12.6279, 13.6279], "charge")[:, 0, 1, 0]
    assert abs(got / [607.051953, -293.031091, 157.457753] - 1).max() < 1e-7


def test_anomalous_hall_is_antisymmetric(data):
    got = conventional(data("Fe222"), 4, [12.6279], "charge")[0, :, :, 0]
    assert abs(got + got.T).max() < 1e-9 * abs(got).max()
