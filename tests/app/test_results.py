"""Units, labels and provenance of a result, and its way through a file."""

import errno
import json
import os
import resource
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from solenoidal import calculation, engine, filling, results
from solenoidal.errors import InputError
from solenoidal.events import Warned
from solenoidal.job import Job
from solenoidal.model import BlochModel, Operator
from solenoidal.results import load, save

RANGE = {"from": -0.5, "to": 0.5, "points": 3, "relative_to": "fermi"}


def chain(dimension, **operator):
    """Two spinless orbitals on a cubic lattice with one odd operator."""
    R = tuple(int(i == 0) for i in range(dimension))
    hop = np.array([[0.3, 0.2j], [0.1, -0.3]])
    model = BlochModel.from_hoppings(
        2.0 * np.eye(dimension), {R: hop, (0,) * dimension: np.diag([-1.0, 1.0])}, fermi_energy=0.25, name="chain"
    )
    if not operator:
        return model
    s = np.zeros((len(model.R), 1, 2, 2), dtype=complex)
    s[(model.R == 0).all(axis=1), 0] = [[0, 1], [1, 0]]
    return model.with_operators(layer=Operator(s, ("1",), **operator))


def fake_outcome(model, task, value=1.0):
    components = len(task.axes or model.operator(task.operator).components)
    D = model.dimension
    shape = (len(task.definitions), len(task.kT), len(task.mu), D, D, components)
    X = np.full(shape, value)
    by_name = [{"conductivity": x} for x in (X, 0.5 * abs(X), 0.25 * X)]
    return engine.Outcome(*by_name, X[0, :, :, 0, 0, 0], 64, (-2.0, 2.0), {"a": 1e-9}, ("take care",))


@pytest.fixture
def fake_engine(monkeypatch):
    monkeypatch.setattr(engine, "run", lambda model, task, listen, **_: fake_outcome(model, task))


@pytest.mark.parametrize(
    ("dimension", "flow", "unit", "units", "factor"),
    [
        (3, "internal", "hbar", "(hbar/e) S/cm", -24341.348),
        (3, "internal", "1", "(1/e) S/cm", -24341.348),
        (3, "charge", "1", "S/cm", 24341.348),
        (2, "internal", "hbar", "e/(2 pi)", -2 * np.pi),
        (2, "internal", "1", "1 e/h", -2 * np.pi),
        (2, "charge", "1", "e^2/h", 2 * np.pi),
        (1, "internal", "hbar", "e/(2 pi) Angstrom", -2 * np.pi),
    ],
)
def test_units_and_signs(dimension, flow, unit, units, factor, fake_engine):
    model = chain(dimension, flow=flow, unit=unit, time_reversal=1)
    job = Job({"operator": "layer"}, {"mesh": 4}, {"mu": RANGE})
    result = calculation.compute(model, job)
    for name, part in (("conductivity", factor), ("conductivity_error", 0.5 * abs(factor))):
        assert result[name].attrs["units"] == units
        np.testing.assert_allclose(result[name].values, part, rtol=1e-7)
    np.testing.assert_allclose(result["conductivity_sensitivity"].values, 0.25 * factor, rtol=1e-7)
    assert result["conductivity"].attrs["convention"]
    assert list(result["current"].values) == list("xyz"[:dimension])
    assert list(result["field"].values) == list("xyz"[:dimension])
    assert list(result["spin"].values) == ["layer"]
    assert result.attrs["time_reversal"].startswith("intrinsic part: odd under time reversal")


def test_labels_of_a_result(result):
    assert list(result["definition"].values) == ["conventional", "eq11", "eq15", "kubo"]
    assert list(result["temperature"].values) == [0.0, 300.0]
    assert list(result["mu"].values) == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert list(result["spin"].values) == ["x", "y", "z"]
    assert result["mu"].attrs["units"] == "eV"
    assert result["temperature"].attrs["units"] == "K"
    for variable in result.data_vars.values():
        assert {"units", "convention", "long_name"} <= variable.attrs.keys()
    assert result.attrs["time_reversal"].startswith("intrinsic part: even under time reversal")
    assert result.attrs["k_points"] == 64
    assert json.loads(result.attrs["mesh"]) == [8, 8]
    assert set(json.loads(result.attrs["references"])) == set(result["definition"].values)
    assert json.loads(result.attrs["job"])["system"]["model"] == "kane_mele"


def test_relative_energies_keep_the_numbers_of_the_job(fake_engine):
    job = Job({"operator": "charge"}, {"mesh": 4}, {"mu": {**RANGE, "points": 11}})
    result = calculation.compute(chain(2), job)
    assert list(result["mu_relative"].values) == [-0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    np.testing.assert_allclose(result["mu"].values, result["mu_relative"].values + 0.25, atol=1e-12)


@pytest.mark.parametrize(
    ("system", "expected"),
    [({}, 0.25), ({"fermi_energy": -0.125}, -0.125), ({"electrons": 1.5}, "found")],
)
def test_fermi_level_of_the_job_comes_before_that_of_the_model(system, expected, fake_engine, monkeypatch):
    asked = []

    def found(model, electrons, mesh, offset, listen):
        asked.append((electrons, mesh, offset))
        return 0.75

    monkeypatch.setattr(filling, "fermi_level", found)
    job = Job({"operator": "charge", **system}, {"mesh": [4, 6], "offset": 0.25}, {"mu": [0.0]})
    result = calculation.compute(chain(2), job)
    if expected == "found":
        assert asked == [(1.5, (4, 6), (0.25, 0.25))]
        expected = 0.75
    assert result.attrs["fermi_energy"] == expected


def test_without_a_fermi_level_there_are_no_relative_energies(fake_engine):
    model = BlochModel.from_hoppings([[1.0]], {(1,): [[0.5]]})
    result = calculation.compute(model, Job({"operator": "charge"}, {"mesh": 4}, {"mu": [0.0]}))
    assert "mu_relative" not in result.coords
    assert "fermi_energy" not in result.attrs


def test_scan_somewhat_beyond_the_bands_is_a_warning_that_stays(fake_engine):
    heard = []
    job = Job({"operator": "charge"}, {"mesh": 4}, {"mu": [0.0, 2.0]})
    result = calculation.compute(chain(2), job, heard.append)
    warnings = json.loads(result.attrs["warnings"])
    assert warnings[0] == "take care"
    assert "goes beyond the bands" in warnings[1]
    assert [e.text for e in heard if isinstance(e, Warned)] == warnings


@pytest.mark.parametrize("mu", [[50.0], [-50.0, 0.0], [0.0, 50.0], [3.0]])
def test_scan_far_from_the_bands_is_refused(mu, fake_engine):
    with pytest.raises(InputError, match=r"bands of chain lie between .* and .* eV.*relative_to = \"fermi\""):
        calculation.compute(chain(2), Job({"operator": "charge"}, {"mesh": 4}, {"mu": mu}))


@pytest.mark.parametrize("workers", [0, -1])
def test_impossible_number_of_workers(workers):
    with pytest.raises(InputError, match="at least one thread"):
        calculation.compute(chain(2), Job({"operator": "charge"}, {"mesh": 4}, {"mu": [0.0]}), workers=workers)


def test_result_survives_a_file_unchanged(result, tmp_path):
    save(result, tmp_path / "a.nc")
    again = load(tmp_path / "a.nc")
    xr.testing.assert_identical(again, result)
    for name in result.data_vars:
        assert np.array_equal(again[name].values, result[name].values)
    assert again.attrs == result.attrs


def test_file_is_netcdf_4_that_xarray_reads_without_this_package(result, tmp_path):
    path = save(result, tmp_path / "a.nc")
    assert path.read_bytes()[:8] == b"\x89HDF\r\n\x1a\n"
    with xr.open_dataset(path) as plain:
        assert float(plain["conductivity"].sel(definition="kubo", current="x", field="y", spin="z")[0, 2]) < -0.5


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_failed_save_leaves_the_earlier_result(error, moment, result, tmp_path, monkeypatch):
    save(result, tmp_path / "a.nc")
    before = (tmp_path / "a.nc").read_bytes()

    def fail(*_):
        raise error

    monkeypatch.setattr(os, moment, fail)
    with pytest.raises(type(error)):
        save(result, tmp_path / "a.nc")
    assert (tmp_path / "a.nc").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.nc"]


def test_limit_on_the_file_size_is_an_os_error_and_no_crash(result, tmp_path):
    """No file may grow beyond 8 KiB: HDF5 itself crashes when that happens to a file it has open."""
    save(result, tmp_path / "a.nc")
    before = (tmp_path / "a.nc").read_bytes()
    assert len(before) > 8192
    code = (
        "import sys; from solenoidal.results import load, save\n"
        "try: save(load(sys.argv[1]), sys.argv[1])\n"
        "except OSError as error: print(error.strerror)"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, str(tmp_path / "a.nc")],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
    )
    assert (done.returncode, done.stdout.strip()) == (0, "File too large")
    assert (tmp_path / "a.nc").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.nc"]


def test_folder_without_permission_is_refused_before_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match="is not writable"):
        results.check_output(tmp_path / "a.nc")


def test_damaged_result_is_refused(result, tmp_path):
    path = save(result, tmp_path / "a.nc")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"a\.nc: not a netCDF 4 file, or a damaged one"):
        load(path)
