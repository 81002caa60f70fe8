"""Conventional conductivities against WannierBerri 26.10 and postw90 3.1.0 on the same operators and meshes.

Sources: the README files of the reference data.  "simple" spin Hall conductivity, {v, sigma}/2 inside the Wannier
subspace; anomalous Hall conductivity as the Kubo sum over Wannier bands; Gamma-centred meshes, T = 0, no smearing.
"""

import json

import numpy as np
import pytest

from solenoidal.engine import Task, run
from solenoidal.readers import read_npz, read_wannier90
from solenoidal.units import conductivity_factor

COLUMNS = {"xy^z": (0, 1, 2), "yx^z": (1, 0, 2), "yz^x": (1, 2, 0), "zx^y": (2, 0, 1)}


def conductivity(model, n, mu, operator, definition="conventional"):
    task = Task(
        (n,) * 3,
        (0.0,) * 3,
        np.asarray(mu),
        np.array([0.0]),
        operator=operator,
        definitions=(definition,),
        degeneracy=1e-6,
        error=False,
    )
    return run(model, task).conductivity[0, 0] * conductivity_factor(3, model.operator(operator).flow)


@pytest.mark.parametrize(("name", "n"), [("Fe222", 10), ("Fe", 20), ("Pt", 25)])
def test_spin_hall_equals_wannierberri(data, name, n):
    folder = data(name)
    with open(folder / "reference" / f"wannierberri_operators_{n}.json") as file:
        reference = json.load(file)
    got = conductivity(read_npz(folder / "operators.npz"), n, reference["mu"], "spin")
    got = np.stack([got[:, i, l, a] for i, l, a in COLUMNS.values()], axis=1)
    want = np.array(reference["shc"])
    assert abs(got - want).max() < 1e-7 * abs(want).max()
    assert np.median(abs(got / want - 1)) < 1e-8


def test_anomalous_hall_equals_the_kubo_sum_over_wannier_bands(data):
    model = read_npz(data("Fe222") / "operators.npz")
    got = conductivity(model, 10, [11.6279, 12.6279, 13.6279], "charge")[:, 0, 1, 0]
    assert abs(got / [607.051953, -293.031091, 157.457753] - 1).max() < 1e-7


def test_anomalous_hall_is_antisymmetric(data):
    got = conductivity(read_npz(data("Fe222") / "operators.npz"), 4, [12.6279], "charge")[0, :, :, 0]
    assert abs(got + got.T).max() < 1e-9 * abs(got).max()


AXES = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}


@pytest.mark.parametrize(
    ("name", "n", "rows"),
    [
        ("Fe222", 10, {11.6279: {"z": 597.226605}, 12.6279: {"z": -289.853707}, 13.6279: {"z": 163.253782}}),
        (
            "Fe",
            20,
            {
                16.6255: {"x": 141.297876, "y": -1137.197725, "z": 215.207524},
                17.6255: {"x": 3.352959, "y": -836.616957, "z": 329.519587},
                18.6255: {"x": -223.243278, "y": 257.450401, "z": 682.975559},
            },
        ),
    ],
)
def test_anomalous_hall_with_the_curvature_of_the_subspace_equals_postw90(data, name, n, rows):
    """postw90 3.1.0, printed to six decimals."""
    model = read_wannier90(data(name) / "Fe")
    got = conductivity(model, n, list(rows), "charge", "subspace")[..., 0]
    for j, row in enumerate(rows.values()):
        largest = max(abs(x) for x in row.values())
        for axis, want in row.items():
            assert got[j][AXES[axis]] == pytest.approx(want, abs=1e-7 * largest)


@pytest.mark.parametrize(("n", "want"), [(10, -765.678), (25, -1829.291)])
def test_anomalous_hall_of_our_own_iron_equals_postw90(data, n, want):
    """postw90 3.1.0 prints three decimals here."""
    model = read_wannier90(data("fe-qe") / "Fe")
    got = conductivity(model, n, [13.2234], "charge", "subspace")[0, 0, 1, 0]
    assert got == pytest.approx(want, rel=1e-6)
