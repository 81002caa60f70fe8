"""Jobs, results and the command line for models without a zone."""

import numpy as np
import pytest
import xarray as xr

import solenoidal as sol
from solenoidal import cli, models
from solenoidal.errors import InputError

JOB = """\
[system]
model = "{model}"
operator = "{operator}"
[zone]
mesh = {mesh}
{zone}
[scan]
mu = {mu}
temperature = {temperature}
[compute]
responses = {responses}
"""


def write(folder, **changes):
    values = {
        "model": "rashba_gas",
        "operator": "spin",
        "mesh": 8,
        "zone": "",
        "mu": [0.05, 0.2],
        "temperature": [0],
        "responses": '["conductivity", "magnetization"]',
    }
    path = folder / "job.toml"
    path.write_text(JOB.format(**(values | changes)))
    return path


def test_run_from_a_job_file(tmp_path, capsys):
    """The same variables and units as a crystal; the numbers of the Rashba gas in e/2pi with the sign of electrons."""
    out = tmp_path / "out.nc"
    assert cli.main(["run", str(write(tmp_path)), "-o", str(out), "--workers", "1"]) == 0
    assert "rashba_gas" in capsys.readouterr().out
    with xr.open_dataset(out, engine="h5netcdf") as data:
        assert data.conductivity.dims == ("definition", "temperature", "mu", "current", "field", "spin")
        assert data.conductivity.units == "e/(2 pi)"
        xyz = data.conductivity.sel(current="x", field="y", spin="z").transpose("definition", ...)[:, 0]
        np.testing.assert_allclose(xyz, np.outer([-0.25, 0.25, 0, 0.25], [1, 1]), atol=1e-9)
        assert float(data.conductivity_error.max()) < 1e-9
        assert set(data.data_vars) >= {"magnetization", "magnetization_error", "magnetization_sensitivity", "carriers"}
        assert data.carriers.units == "1/Angstrom^2"
        assert "cell_volume" not in data.attrs
        m, alpha = 0.2 / 7.6199642, 0.5
        n = (m / np.pi) * (data.mu + m * alpha**2)
        np.testing.assert_allclose(data.carriers[0], n, rtol=1e-6)


def test_orbital_moment_has_no_cell(tmp_path):
    model = models.massive_dirac_cone()
    job = sol.Job({"operator": "charge"}, {"mesh": 8}, {"mu": [0.1]}, {"responses": ["magnetization"]})
    assert sol.compute(model, job, workers=1).magnetization.units == "mu_B per Angstrom^2"


def test_relative_to_a_fermi_level():
    job = sol.Job(
        {"fermi_energy": 0.1},
        {"mesh": 8},
        {"mu": {"from": -0.05, "to": 0.05, "points": 3, "relative_to": "fermi"}},
        {"definitions": ["eq11"]},
    )
    result = sol.compute(models.rashba_gas(), job, workers=1)
    np.testing.assert_allclose(result.mu, [0.05, 0.1, 0.15])
    np.testing.assert_allclose(result.mu_relative, [-0.05, 0, 0.05])


def test_tolerance_instead_of_a_mesh():
    """A tolerance stands for the number of directions."""
    model = models.rashba_gas(beta=0.3, B_z=0.02)
    loose, sharp = (
        sol.compute(model, sol.Job({}, {"tolerance": x}, {"mu": [0.2]}, {}), workers=1) for x in (1e-2, 1e-8)
    )
    assert loose.k_points < sharp.k_points
    assert float(abs(loose - sharp).conductivity.max()) < 1e-2


def test_cutoffs(tmp_path):
    """Of the job, else of the model: holes with cubic coupling end where the lower band turns over."""
    model = models.cubic_rashba_gas()
    assert model.cutoff == pytest.approx(2 * 3.8099821 / 0.45 / 30)
    job = sol.Job({}, {"mesh": 8}, {"mu": [0.05]}, {"definitions": ["eq11"]})
    value = sol.compute(model, job, workers=1).conductivity.sel(current="x", field="y").squeeze()
    assert float(value) == pytest.approx(9 / 4, abs=1e-9)
    cone = models.massive_dirac_cone()
    wide, narrow = (
        sol.compute(
            cone,
            sol.Job({"operator": "charge"}, {"mesh": 8} | zone, {"mu": [0.0]}, {"definitions": ["eq11"]}),
            workers=1,
        )
        for zone in ({}, {"cutoff": 1.0})
    )
    off = float(abs(wide - narrow).conductivity.max())
    assert 1e-2 < off < float(narrow.conductivity_error.max())


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (({"electrons": 1}, {"mesh": 8}), "electrons: rashba_gas is unbounded and has no cell"),
        (({}, {"mesh": [8, 8]}), "has no Brillouin zone, give one number up to 2048, the least number of directions"),
        (({}, {"mesh": 5000}), "give one number up to 2048"),
        (({}, {"mesh": 8, "offset": 0.25}), "has no mesh that could be shifted"),
        (({}, {"mesh": 8, "method": "linear"}), "has no mesh, leave it out"),
        (({}, {"mesh": 8, "symmetry": True}), "no lattice sum whose symmetry"),
        (({"operator": "layer"}, {"mesh": 8}), "rashba_gas has no operator 'layer'"),
    ],
)
def test_keys_without_meaning(job, message):
    system, zone = job
    with pytest.raises(InputError, match=message):
        sol.compute(models.rashba_gas(), sol.Job(system, zone, {"mu": [0.1]}), workers=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"zone": "cutoff = -2"}, "cutoff"),
        ({"model": "massive_dirac_cone", "responses": '["equilibrium"]', "mu": [0.0]}, "diverges"),
        ({"model": "luttinger_gas", "mesh": 40}, "give one number up to 32, the least number of polar angles"),
    ],
)
def test_one_line_for_a_mistake(tmp_path, capsys, changes, message):
    assert cli.main(["run", str(write(tmp_path, **changes)), "-o", str(tmp_path / "out.nc")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert message in lines[0]


def test_symmetrise_and_checks_need_a_lattice(tmp_path, capsys):
    path = write(tmp_path)
    path.write_text(path.read_text().replace("[zone]", "symmetrise = true\n[zone]"))
    assert cli.main(["run", str(path), "-o", str(tmp_path / "out.nc")]) == 2
    assert "symmetrise: rashba_gas has no lattice sum" in capsys.readouterr().err
    assert cli.main(["check", str(write(tmp_path))]) == 2
    assert "rashba_gas" in capsys.readouterr().err


def test_a_warning_reaches_the_result(tmp_path):
    events = []
    job = sol.Job({}, {"mesh": 8}, {"mu": [0.0, 0.1]}, {"definitions": ["eq11"]})
    result = sol.compute(models.rashba_gas(), job, events.append, workers=1)
    assert "edge of a band or a touching" in result.warnings
    assert any(getattr(e, "stage", "") == "directions" for e in events)
