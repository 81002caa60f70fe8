"""What a user types: every mistake ends in one line and status 2, and an earlier result is never harmed."""

import errno
import json
import os
import resource
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from solenoidal import calculation, cli, engine, results

HEAVY = ("numpy", "scipy", "numba", "xarray", "h5netcdf", "matplotlib", "plotly")


def one_line(capsys):
    """The line on standard error."""
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("solenoidal: ")
    return lines[0]


def test_run_writes_a_result_and_prints_a_table(write_job, tmp_path, capsys):
    assert cli.main(["run", write_job(), "--workers", "1"]) == 0
    printed = capsys.readouterr().out
    for word in ("xyz", "conventional", "eq11", "eq15", "kubo", "T = 300 K", "T = 600 K", "run.nc"):
        assert word in printed
    with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as dataset:
        assert dict(dataset.sizes) == {
            "definition": 4,
            "temperature": 2,
            "mu": 3,
            "current": 2,
            "field": 2,
            "spin": 1,
        }


def test_output_goes_where_it_is_told(write_job, tmp_path):
    (tmp_path / "out").mkdir()
    assert cli.main(["run", write_job(), "-o", "out/km.nc", "--workers", "1"]) == 0
    assert (tmp_path / "out" / "km.nc").is_file()
    assert not (tmp_path / "run.nc").exists()


def test_relative_paths_start_from_the_folder_of_the_job(write_job, tmp_path, capsys):
    (tmp_path / "jobs").mkdir()
    write_job(('model = "kane_mele"', 'npz = "operators.npz"'), name="jobs/run.toml")
    assert cli.main(["run", "jobs/run.toml"]) == 2
    assert "solenoidal: jobs/operators.npz: there is no such file." in capsys.readouterr().err


MISTAKES = {
    "unknown key": (("mesh =", "mash ="), ["[zone]", "'mash'", "did you mean 'mesh'?"]),
    "unknown section": (("[scan]", "[scam]"), ["[scam]", "did you mean '[scan]'?"]),
    "unknown operator": (('"spin"', '"spine"'), ["[system] operator", "did you mean 'spin'?", "charge"]),
    "unknown axis": (('["z"]', '["w"]'), ["[system] axes", "no component 'w'", "valid: x, y, z"]),
    "unknown model": (("kane_mele", "kane_male"), ["[system]", "'kane_male'", "did you mean 'kane_mele'?"]),
    "unknown parameter": (("[zone]", "[system.parameters]\nlambda_q = 1\n[zone]"), ["'lambda_q'"]),
    "parameter is text": (("[zone]", '[system.parameters]\nt = "one"\n[zone]'), ["t = 'one'"]),
    "zero mesh": (("[6, 6]", "[6, 0]"), ["[zone] mesh", "0 is out of range"]),
    "fractional mesh": (("[6, 6]", "6.5"), ["[zone] mesh", "6.5"]),
    "mesh of another dimension": (("[6, 6]", "[6, 6, 6]"), ["[zone] mesh", "3 numbers", "2 periodic directions"]),
    "offset of another dimension": (("[6, 6]", "6\noffset = [0, 0, 0]"), ["[zone] offset", "3 numbers"]),
    "other method": (("[6, 6]", '6\nmethod = "cubic"'), ["[zone] method", "valid: linear, plain"]),
    "negative temperature": (("[300, 600]", "[-300]"), ["[scan] temperature", "-300"]),
    "infinite temperature": (("[300, 600]", "inf"), ["[scan] temperature", "inf"]),
    "no points": (("points = 3", "points = 0"), ["[scan] mu.points", "0 is out of range"]),
    "NaN": (("from = -0.5", "from = nan"), ["[scan] mu.from", "nan"]),
    "empty mu": (('mu = { from = -0.5, to = 0.5, points = 3, relative_to = "fermi" }', "mu = []"), ["[scan] mu"]),
    "outside the bands": (("to = 0.5", "to = 50.0"), ["[scan] mu", "bands of kane_mele lie between -3"]),
    "no Fermi level": (("fermi_energy = 0.0", ""), ["fermi_energy or electrons", "relative_to"]),
    "too many electrons": (("fermi_energy = 0.0", "electrons = 4"), ["[system] electrons", "4 bands"]),
    "unknown definition": (("[scan]", '[compute]\ndefinitions = ["kubbo"]\n[scan]'), ["did you mean 'kubo'?"]),
    "unknown response": (("[scan]", '[compute]\nresponses = ["nernts"]\n[scan]'), ["did you mean 'nernst'"]),
    "two sources": (("[zone]", 'npz = "a.npz"\n[zone]'), ["npz and model exclude each other"]),
    "no source": (('model = "kane_mele"', ""), ["wannier90, npz or model"]),
    "not TOML": (("mesh = [6, 6]", "mesh = [6, 6"), ["not valid TOML", "line 1"]),
    "duplicate key": (("mesh = [6, 6]", "mesh = 6\nmesh = 7"), ["not valid TOML", "line 10"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_in_a_job_is_one_line_and_harms_nothing(mistake, write_job, tmp_path, capsys, monkeypatch):
    replacement, words = MISTAKES[mistake]
    (tmp_path / "run.nc").write_bytes(b"an earlier result")
    monkeypatch.setattr(engine, "run", lambda *_, **__: pytest.fail("the long run was started"))
    assert cli.main(["run", write_job(replacement)]) == 2
    line = one_line(capsys)
    assert "run.toml" in line
    for word in words:
        assert word in line
    assert (tmp_path / "run.nc").read_bytes() == b"an earlier result"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.nc", "run.toml"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "absent.toml"], ["absent.toml", "no such job file"]),
        (["run", "."], [".", "cannot be read"]),
        (["run", "binary.toml"], ["binary.toml", "UTF-8"]),
        (["run", "run.toml", "-o", "absent/out.nc"], ["absent", "does not exist"]),
        (["run", "run.toml", "-o", "."], ["folder"]),
        (["run", "run.toml", "-o", "run.toml"], ["replace the job file"]),
        (["plot", "absent.nc"], ["absent.nc", "no such result"]),
        (["plot", "binary.dat", "-o", "a.png"], ["binary.dat", "not a netCDF 4 file"]),
        (["plot", "binary.dat", "-o", "a.xyz"], ["a.xyz", ".pdf, .png, .svg"]),
        (["plot", "foreign.nc"], ["foreign.nc", "not a result of solenoidal"]),
        (["inspect", "absent.npz"], ["absent.npz"]),
        (["inspect", "."], ["folder"]),
    ],
)
def test_mistake_on_the_command_line_is_one_line(arguments, words, write_job, tmp_path, capsys):
    write_job()
    for name in ("binary.toml", "binary.dat"):
        (tmp_path / name).write_bytes(b"\xff\xfe\x00")
    xr.Dataset({"a": ("x", [1.0])}).to_netcdf(tmp_path / "foreign.nc", engine="h5netcdf")
    before = (tmp_path / "run.toml").read_bytes()
    assert cli.main(arguments) == 2
    line = one_line(capsys)
    for word in words:
        assert word in line
    assert (tmp_path / "run.toml").read_bytes() == before


def test_full_disk_is_one_line_and_leaves_the_earlier_result(write_job, tmp_path, capsys, monkeypatch):
    job = write_job()
    assert cli.main(["run", job, "--workers", "1"]) == 0
    before = (tmp_path / "run.nc").read_bytes()
    capsys.readouterr()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert cli.main(["run", job, "--workers", "1"]) == 2
    captured = capsys.readouterr()
    line = captured.err.splitlines()[-1]
    assert line.startswith("solenoidal: ")
    assert "run.nc: the file system refused (No space left on device)" in line
    assert "Traceback" not in captured.err
    assert (tmp_path / "run.nc").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.nc", "run.toml"]


def test_limit_of_the_operating_system_is_one_line_and_status_2(write_job, tmp_path):
    """No file may grow beyond 8 KiB: what a full disk does, without filling one."""
    job = write_job()
    assert cli.main(["run", job, "--workers", "1"]) == 0
    before = (tmp_path / "run.nc").read_bytes()
    assert len(before) > 8192
    done = subprocess.run(
        [sys.executable, "-B", "-m", "solenoidal.cli", "run", job],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
    )
    assert done.returncode == 2
    assert "File too large" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert (tmp_path / "run.nc").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.nc", "run.toml"]


def test_interrupt_is_one_line_and_status_130(write_job, tmp_path, capsys, monkeypatch):
    (tmp_path / "run.nc").write_bytes(b"an earlier result")

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "run", interrupt)
    assert cli.main(["run", write_job()]) == 130
    assert one_line(capsys) == "solenoidal: interrupted."
    assert (tmp_path / "run.nc").read_bytes() == b"an earlier result"


INTERRUPTED_RUN = """
import os, signal, sys
from solenoidal import terminal
from solenoidal.cli import main
from solenoidal.events import Progress

show = terminal.Terminal.__call__
sent = []

def interrupt(self, event):
    show(self, event)
    if isinstance(event, Progress) and event.stage == "k-points" and not sent:
        sent.append(event)
        os.kill(os.getpid(), signal.SIGINT)

terminal.Terminal.__call__ = interrupt
sys.exit(main(sys.argv[1:]))
"""


def test_interrupt_stops_the_workers_of_a_real_run(tmp_path):
    """Ctrl-C at the first progress of a sweep that would take minutes: status 130, one line, no result."""
    job = tmp_path / "long.toml"
    job.write_text(
        '[system]\nmodel = "wilson_dirac"\n[zone]\nmesh = [400, 400, 400]\n[scan]\nmu = [0.0]\ntemperature = [300]\n'
    )
    out = tmp_path / "long.nc"
    command = [sys.executable, "-c", INTERRUPTED_RUN, "run", str(job), "-o", str(out)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert ended.returncode == 130
    assert ended.stderr.endswith("solenoidal: interrupted.\n")
    assert "Traceback" not in ended.stderr
    assert not out.exists()


def test_unexpected_errors_are_not_hidden(write_job, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(engine, "run", fail)
    with pytest.raises(ZeroDivisionError):
        cli.main(["run", write_job()])


def test_number_of_workers_reaches_the_engine(write_job, monkeypatch):
    seen = []
    real = engine.run

    def spy(model, task, listen, **how):
        seen.append((task, how))
        return real(model, task, listen, **how)

    monkeypatch.setattr(engine, "run", spy)
    assert cli.main(["run", write_job(), "--workers", "2"]) == 0
    ((task, how),) = seen
    assert task.workers == 2
    assert isinstance(how["crew"], engine.Processes)
    assert how["crew"].workers == 2
    assert task.mesh == (6, 6)
    assert task.offset == (0.5, 0.5)
    assert task.axes == ("z",)
    assert task.definitions == ("conventional", "eq11", "eq15", "kubo")
    np.testing.assert_allclose(task.mu, [-0.5, 0.0, 0.5])
    np.testing.assert_allclose(task.kT, [300 * 8.617333262e-5, 600 * 8.617333262e-5], rtol=1e-9)


@pytest.mark.parametrize("count", ["0", "-1", "two"])
def test_impossible_number_of_workers_is_refused(count, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["run", "run.toml", "--workers", count])
    assert stop.value.code == 2
    assert "--workers" in capsys.readouterr().err


def test_plot_draws_beside_the_result(result, tmp_path, capsys):
    results.save(result, tmp_path / "km.nc")
    assert cli.main(["plot", str(tmp_path / "km.nc")]) == 0
    assert (tmp_path / "km.png").read_bytes().startswith(b"\x89PNG")
    assert str(tmp_path / "km.png") in capsys.readouterr().out


def test_plot_of_an_absent_component_lists_the_valid_ones(result, tmp_path, capsys):
    results.save(result, tmp_path / "km.nc")
    assert cli.main(["plot", str(tmp_path / "km.nc"), "--component", "xyw"]) == 2
    line = one_line(capsys)
    assert "'xyw'" in line
    assert "xyz" in line


def test_models_lists_every_model_with_its_parameters(capsys):
    assert cli.main(["models"]) == 0
    printed = capsys.readouterr().out
    for word in ("kane_mele", "lambda_so", "rashba"):
        assert word in printed


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == "solenoidal 0.1.0\n"


@pytest.mark.parametrize("statement", ["import solenoidal", "import solenoidal.cli"])
def test_nothing_heavy_is_imported_at_the_start(statement):
    code = f"import sys; {statement}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_reading_a_wrong_job_imports_nothing_heavy(write_job, tmp_path):
    code = (
        "import sys; from solenoidal.job import Job; from solenoidal.errors import InputError\n"
        "try: Job.from_toml('run.toml')\n"
        "except InputError: pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    write_job(("mesh =", "mash ="))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]"


def test_the_job_in_a_result_runs_again(result):
    from solenoidal.job import Job

    job = Job.from_dict(json.loads(result.attrs["job"]))
    again = calculation.compute(calculation.load_model(job), job, workers=1)
    assert job.zone.mesh == (8,)
    xr.testing.assert_allclose(again, result, rtol=1e-12)


def test_tolerance_of_the_command_line_is_reached(write_job, tmp_path, capsys):
    assert cli.main(["run", write_job(), "--tolerance", "0.05"]) == 0
    dataset = results.load(tmp_path / "run.nc")
    assert dataset.attrs["tolerance"] == 0.05
    assert dataset.attrs["method"] == "linear"
    size = abs(dataset.conductivity).max(["mu", "current", "field", "spin"])
    size = size.clip(0.01 * size.max("definition"))
    worst = (dataset.conductivity_error.max(["mu", "current", "field", "spin"]) / size).max()
    assert float(worst) <= 0.05
    assert "every error is within the tolerance" in capsys.readouterr().err
    assert cli.main(["run", write_job(), "--tolerance", "7"]) == 2
    assert "[zone] tolerance" in capsys.readouterr().err


def test_events_are_lines_of_json(write_job, tmp_path):
    assert cli.main(["run", write_job(), "--events", str(tmp_path / "events.jsonl")]) == 0
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert {line["event"] for line in lines} >= {"progress", "message"}
    last = [line for line in lines if line["event"] == "progress"][-1]
    assert last["done"] == last["total"]
    assert last["time"] > 1.7e9


def test_memory_is_bounded_or_refused(write_job, capsys):
    assert cli.main(["run", write_job(("[6, 6]", "6\nmemory = 0.1"))]) == 2
    assert "memory = 0.1 GB: this run needs about" in capsys.readouterr().err
    assert cli.main(["run", write_job(("[6, 6]", "6\nmemory = 1.0"))]) == 0
    assert "memory: about" in capsys.readouterr().err
