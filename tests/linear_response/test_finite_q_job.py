"""The definition ``finite_q`` from a job to a file: beside ``kubo``, with its own error, never by default."""

import json
from pathlib import Path

import numpy as np
import pytest
import random_models as rm

import solenoidal as sol
from solenoidal import cli, engine
from solenoidal.engine import Task
from solenoidal.errors import InputError
from solenoidal.events import Progress

ROOT = Path(__file__).resolve().parents[2]
JOB = """
[system]
model = "kane_mele"
operator = "spin"
axes = ["z"]
fermi_energy = 0.0
[system.parameters]
lambda_v = 0.1

[zone]
mesh = [8, 8]

[scan]
mu = { from = -1.0, to = 1.0, points = 5, relative_to = "fermi" }
temperature = [300, 900]

[compute]
responses = ["conductivity", "nernst"]
definitions = ["kubo", "finite_q"]
"""


@pytest.fixture(name="job")
def _job(tmp_path):
    path = tmp_path / "job.toml"
    path.write_text(JOB)
    return path


def test_run(job, tmp_path, capsys):
    out = tmp_path / "out.nc"
    assert cli.main(["run", str(job), "-o", str(out), "--workers", "1"]) == 0
    assert "finite_q" in capsys.readouterr().out
    result = sol.load(out)
    assert list(result["definition"].values) == ["kubo", "finite_q"]
    for name in ("conductivity", "nernst"):
        for suffix in ("", "_error", "_sensitivity"):
            kubo, finite_q = result[name + suffix].values
            np.testing.assert_allclose(finite_q, kubo, atol=3e-7 * abs(result[name]).max().item())
        error = result[f"{name}_finite_q_error"]
        assert error.dims == ("temperature", "mu", "current", "field", "spin")
        assert error.attrs["units"] == result[name].attrs["units"]
        assert 0.0 < error.max() < 1e-8
    residuals = json.loads(result.attrs["residuals"])
    assert 0.0 < residuals["conductivity finite_q limit"] < 1e-8
    assert "finite q" in json.loads(result.attrs["titles"])["finite_q"]


def test_zero_temperature_is_refused(job, capsys):
    job.write_text(JOB.replace("[300, 900]", "[0, 300]"))
    assert cli.main(["run", str(job), "-o", str(job.with_suffix(".nc"))]) == 2
    assert "temperature: definition 'finite_q' needs T > 0" in capsys.readouterr().err


def test_default_is_without_it(job):
    job.write_text(JOB.replace('definitions = ["kubo", "finite_q"]', ""))
    mine = sol.Job.from_toml(job)
    assert "finite_q" not in sol.compute(sol.load_model(mine), mine, workers=1)["definition"]


def task(**options):
    table = {"mesh": (7, 6), "offset": (0.5, 0.5), "mu": np.array([-0.4, 0.1]), "kT": np.array([0.1, 0.3])}
    return Task(**{**table, "definitions": ("kubo", "finite_q"), **options})


def test_progress_counts_both_passes_of_both_meshes():
    seen = []
    engine.run(rm.electrons(2), task(workers=2), seen.append)
    progress = [event for event in seen if isinstance(event, Progress)]
    assert progress[-1].done == progress[-1].total == 2 * (42 + 12)


def same(a, b):
    for kind in ("values", "errors", "shifts", "floors"):
        for name, x in getattr(a, kind).items():
            assert np.array_equal(x, getattr(b, kind)[name]), (kind, name)
    for name in a.limits:
        assert np.array_equal(a.limits[name]["finite_q"], b.limits[name]["finite_q"])


def test_threads_and_processes_give_the_same_bits():
    model, wanted = rm.electrons(2), task(mesh=(40, 16))
    one = engine.run(model, wanted, crew=engine.Threads(1))
    same(one, engine.run(model, wanted, crew=engine.Threads(3)))
    same(one, engine.run(model, wanted, crew=engine.Processes(2)))


def test_interrupted_sum_goes_on_to_the_same_bits(tmp_path):
    """In its own parts, after those that all definitions share."""
    model, wanted, seen = rm.electrons(2), task(mesh=(40, 16), workers=1), []

    def stop(event):
        if isinstance(event, Progress) and event.done >= 1000:
            raise KeyboardInterrupt

    whole = engine.run(model, wanted)
    with pytest.raises(KeyboardInterrupt):
        engine.run(model, wanted, stop, keep=tmp_path / "state")
    same(whole, engine.run(model, wanted, seen.append, keep=tmp_path / "state", resume=True))
    assert 640 < next(e for e in seen if isinstance(e, Progress)).done <= 1000


def test_alone_and_with_everything():
    """No quantity of the sweep is needed; responses that are not made of definitions do not mind."""
    model, names = rm.electrons(2), ("conductivity", "nernst", "magnetization")
    alone = engine.run(model, task(definitions=("finite_q",), responses=names))
    everything = engine.run(model, task(definitions=("conventional", "eq11", "finite_q"), responses=names))
    for name in ("conductivity", "nernst"):
        np.testing.assert_allclose(alone.values[name][0], everything.values[name][2], rtol=1e-12)
        np.testing.assert_allclose(alone.limits[name]["finite_q"], everything.limits[name]["finite_q"], rtol=1e-6)
    assert engine.run(model, task(responses=("magnetization",))).limits == {}


def test_rate():
    kubo, finite_q = engine.run(rm.doublets(1), task(gamma=0.05, error=False)).conductivity
    np.testing.assert_allclose(finite_q, kubo, atol=1e-7 * abs(kubo).max())


def test_charge():
    """Nothing but the Hall response of the charge: it has no torque."""
    model = rm.electrons(2)
    names = ("conventional", "finite_q")
    hall, finite_q = engine.run(model, task(operator="charge", definitions=names, error=False)).conductivity
    assert abs(hall).max() > 1e-3
    np.testing.assert_allclose(finite_q, hall, atol=1e-7 * abs(hall).max())


def test_components():
    both, last = (engine.run(rm.electrons(2), task(axes=axes, error=False)).conductivity for axes in (None, ("y",)))
    np.testing.assert_allclose(both[1, ..., 1:], last[1], rtol=1e-12)


def test_errors_and_sensitivities():
    """Half the mesh, and a third of the degeneracy energy, as for every definition."""
    model = rm.doublets(1, splitting=3e-3)
    full = engine.run(model, task(degeneracy=5e-3))
    half = engine.run(model, task(mesh=(4, 3), degeneracy=5e-3, error=False)).conductivity
    finer = engine.run(model, task(degeneracy=5e-3 / 3, error=False)).conductivity
    np.testing.assert_allclose(full.error[1], abs(full.conductivity - half)[1], atol=1e-12)
    assert abs(full.sensitivity[1]).max() > 1e-4
    np.testing.assert_allclose(full.sensitivity[1], (finer - full.conductivity)[1], atol=1e-8)


def test_platinum():
    """Real data: a truncated basis with a full position matrix, with which s does not commute."""
    model = sol.read_wannier90(ROOT / "examples" / "pt" / "Pt")
    mine = task(mesh=(3, 3, 3), offset=(0.5,) * 3, mu=np.array([17.2, 17.6251]), kT=np.array([0.1]), error=False)
    found = engine.run(model, mine)
    kubo, finite_q = found.conductivity
    np.testing.assert_allclose(finite_q, kubo, atol=1e-7 * abs(kubo).max())
    assert found.residuals["operator_defect"] > 0.01


def test_bosons_are_refused():
    with pytest.raises(InputError, match="Bose"):
        engine.run(rm.bosons(1), task())
