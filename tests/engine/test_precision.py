"""Matrix elements and band sums in single precision: what changes, by how much, and what does not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import solenoidal as sol
from solenoidal import quantities, zone
from solenoidal.bloch import solve
from solenoidal.engine import Task, run
from solenoidal.engine.checkpoint import fingerprint
from solenoidal.engine.work import Work
from solenoidal.errors import InputError
from solenoidal.quantities import Settings
from solenoidal.readers import read_wannier90
from solenoidal.zone import Mesh
from tests.random_models import bosons, doublets, electrons

ALL = ("conventional", "eq11", "eq15", "kubo")
PT = Path(__file__).resolve().parents[2] / "examples" / "pt" / "Pt"
#: Of the largest number of a definition at a temperature.
BOUND = 1e-5


def compute(job):
    job = sol.Job.from_dict(job)
    return sol.compute(sol.load_model(job), job)


def task_of(model, mu, **more):
    more = {"definitions": ALL, "error": False, **more}
    D = model.dimension
    return Task((11, 7, 5)[:D], (0.5, 0.25, 0.0)[:D], np.array(mu), np.array([0.01, 0.1]), **more)


def crystals():
    yield "plane", electrons(1, dimension=2, n=6), (-1.0, 0.2, 0.9)
    yield "crystal", electrons(2, dimension=3, n=5, positions=True), (-0.5, 0.3)
    yield "doublets", doublets(3, dimension=3), (-0.5, 0.4)
    yield "platinum", read_wannier90(PT), (16.6, 17.6251, 18.6)


CRYSTALS = list(crystals())


@pytest.mark.parametrize(("model", "mu"), [c[1:] for c in CRYSTALS], ids=[c[0] for c in CRYSTALS])
def test_every_number_is_that_of_double_precision(model, mu):
    task = task_of(model, mu)
    double, mixed = run(model, task), run(model, replace(task, precision="mixed"))
    assert (mixed.carriers == double.carriers).all()
    assert mixed.bands == double.bands
    size = abs(double.conductivity).max(axis=(2, 3, 4, 5), keepdims=True)
    difference = abs(mixed.conductivity - double.conductivity) / size
    assert difference.max() < BOUND
    assert difference.max() > 1e-12, "nothing was computed in single precision"


def test_band_sums_with_a_metric():
    model, mesh = bosons(4), Mesh((7, 5), (0.5, 0.25))
    rows = {}
    for precision in ("double", "mixed"):
        source = zone.source(model, model.operator("spin"), precision=precision)
        states = [solve(b, 1e-6) for chunk in source.chunks(mesh) for b in source.blocks(mesh, chunk)]
        for name in ("spin_berry", "berry_spin", "velocity_dipole", "covariant_spin", "kubo_mixing"):
            rows[name, precision] = np.concatenate([quantities.get(name).rows(s, Settings()) for s in states])
    for (name, precision), x in rows.items():
        np.testing.assert_allclose(x, rows[name, "double"], rtol=0, atol=BOUND * abs(x).max(), err_msg=precision)


def test_workers_do_not_change_a_bit():
    _, model, mu = CRYSTALS[1]
    task = task_of(model, mu, precision="mixed")
    one, two = (run(model, replace(task, workers=n)).conductivity for n in (1, 2))
    assert (one == two).all()


def test_job_result_and_state_know_the_precision():
    job = {
        "system": {"model": "kane_mele"},
        "zone": {"mesh": [6, 6], "precision": "mixed"},
        "scan": {"mu": [0.0], "temperature": [300]},
        "compute": {"definitions": ["conventional"]},
    }
    result = compute(job)
    assert result.attrs["precision"] == "mixed"
    _, model, mu = CRYSTALS[0]
    states = [fingerprint(Work(model, task_of(model, mu, precision=p))) for p in ("double", "mixed")]
    assert states[0] != states[1]
    with pytest.raises(InputError, match=r"\[zone\] precision"):
        sol.Job.from_dict({**job, "zone": {"mesh": [6, 6], "precision": "half"}})
    with pytest.raises(InputError, match=r"\[zone\] precision.*gamma"):
        compute({**job, "compute": {"definitions": ["kubo"], "gamma": 0.01}})


def test_models_without_a_fourier_sum_refuse():
    job = {
        "system": {"model": "twisted_bilayer", "operator": "charge"},
        "zone": {"mesh": [6, 6], "precision": "mixed"},
        "scan": {"mu": [0.0], "temperature": [300]},
    }
    with pytest.raises(InputError, match="no Fourier sum"):
        compute(job)
