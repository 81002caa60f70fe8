"""A run that is killed goes on with the same bits; a state of anything else is refused."""

import dataclasses
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from solenoidal import cli, engine, models, results
from solenoidal.engine import Task, checkpoint, run
from solenoidal.engine.checkpoint import NAMES, Checkpoint, fingerprint
from solenoidal.engine.work import Work
from solenoidal.errors import InputError
from solenoidal.events import Progress, Warned
from solenoidal.zone import Mesh

TASK = Task(
    (24, 24, 24),
    (0.5, 0.5, 0.5),
    np.array([-0.4, 0.1]),
    np.array([0.0, 0.001, 0.1]),
    responses=("conductivity", "equilibrium"),
    workers=1,
)


@pytest.fixture(scope="module")
def model():
    return models.build("wilson_dirac")


@pytest.fixture(scope="module")
def uninterrupted(model):
    return run(model, TASK)


@pytest.fixture
def eager(monkeypatch):
    """A state after every part."""
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)


def same(a, b):
    for kind in ("values", "errors", "shifts"):
        for name, x in getattr(a, kind).items():
            assert np.array_equal(x, getattr(b, kind)[name]), (kind, name)
    assert np.array_equal(a.carriers, b.carriers)
    assert a.bands == b.bands
    assert a.floors == b.floors


def broken_off(model, folder, points, task=TASK):
    """Run until so many points are done, then Ctrl-C."""

    def listen(event):
        if isinstance(event, Progress) and event.done >= points:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(model, task, listen, keep=folder)


@pytest.mark.parametrize("points", [5000, 13000, 15000])
def test_interrupted_run_goes_on_to_the_same_bits(model, uninterrupted, tmp_path, points):
    """In the middle of the mesh, near its end, and in the half mesh of the error."""
    folder = tmp_path / "state"
    broken_off(model, folder, points)
    seen = []
    outcome = run(model, TASK, seen.append, keep=folder, resume=True)
    same(outcome, uninterrupted)
    first = next(e for e in seen if isinstance(e, Progress))
    assert 0 < first.done <= points


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "gone"])
def test_older_state_serves_if_the_newer_is_damaged(model, uninterrupted, tmp_path, eager, damage):
    folder = tmp_path / "state"
    broken_off(model, folder, 9000)
    newest = max((folder / name for name in NAMES), key=lambda path: path.stat().st_mtime_ns)
    content = bytearray(newest.read_bytes())
    if damage == "cut":
        newest.write_bytes(content[: len(content) // 2])
    elif damage == "flip":
        content[len(content) // 2] ^= 1
        newest.write_bytes(content)
    elif damage == "empty":
        newest.write_bytes(b"")
    else:
        newest.unlink()
    seen = []
    same(run(model, TASK, seen.append, keep=folder, resume=True), uninterrupted)
    assert next(e for e in seen if isinstance(e, Progress)).done > 0


def test_without_a_state_a_resumed_run_starts_from_the_beginning(model, uninterrupted, tmp_path):
    seen = []
    same(run(model, TASK, seen.append, keep=tmp_path / "none", resume=True), uninterrupted)
    assert any("nothing to resume" in getattr(e, "text", "") for e in seen)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"mesh": (26, 24, 24)}, "mesh was (24, 24, 24) and is now (26, 24, 24)"),
        ({"degeneracy": 0.01}, "degeneracy"),
        ({"mu": np.array([-0.4, 0.2])}, "mu"),
        ({"responses": ("conductivity",)}, "responses"),
    ],
)
def test_state_of_another_job_is_refused(model, tmp_path, change, word):
    folder = tmp_path / "state"
    broken_off(model, folder, 5000)
    with pytest.raises(InputError, match="is not this one") as refused:
        run(model, dataclasses.replace(TASK, **change), keep=folder, resume=True)
    assert word in str(refused.value)
    assert "\n" not in str(refused.value)


def test_state_of_other_operators_or_of_another_version_is_refused(model, tmp_path, monkeypatch):
    folder = tmp_path / "state"
    broken_off(model, folder, 5000)
    with pytest.raises(InputError, match="operators were others"):
        run(models.build("wilson_dirac", h_z=0.01), TASK, keep=folder, resume=True)
    monkeypatch.setattr(checkpoint, "__version__", "9.9")
    with pytest.raises(InputError, match=r"this is 9\.9"):
        run(model, TASK, keep=folder, resume=True)


def test_number_of_workers_does_not_matter_to_a_state(model, uninterrupted, tmp_path):
    folder = tmp_path / "state"
    broken_off(model, folder, 5000)
    same(run(model, dataclasses.replace(TASK, workers=2), keep=folder, resume=True), uninterrupted)


def test_run_goes_on_without_a_state_if_the_disk_is_full(model, uninterrupted, tmp_path, eager, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(checkpoint, "replace_file", full)
    seen = []
    same(run(model, TASK, seen.append, keep=tmp_path / "state"), uninterrupted)
    assert any(isinstance(e, Warned) and "No space left" in e.text for e in seen)


def test_restored_collector_is_equal(model):
    """Every number and array survives, in every kind of accumulator."""
    work = Work(model, TASK)
    mesh = Mesh((8, 8, 8), (0.5,) * 3)
    import threading

    (part, *_) = work.parts(mesh)
    before = work.compute(mesh, part, lambda n: None, threading.Event())
    numbers, arrays = before.state()
    after = type(before).restore(work.recipe(mesh), numbers, {k: a.copy() for k, a in arrays.items()})
    again = after.state()
    assert again[0] == numbers
    assert again[1].keys() == arrays.keys()
    assert len(arrays) > 10
    for key, array in arrays.items():
        assert np.array_equal(again[1][key], array), key


def test_nothing_is_written_before_a_part_is_done(model, tmp_path):
    folder = tmp_path / "state"
    assert not Checkpoint(folder, fingerprint(Work(model, TASK))).write()
    assert not folder.exists()


DRIVER = """
import sys
from solenoidal.engine import checkpoint
checkpoint.EVERY = 0.0
from solenoidal.cli import main
sys.exit(main(sys.argv[1:]))
"""
JOB = """
[system]
model = "wilson_dirac"
[zone]
mesh = [40, 40, 40]
[scan]
mu = {from = -1.0, to = 1.0, points = 41}
temperature = [0, 300]
[compute]
responses = ["conductivity", "magnetization"]
"""


def start(tmp_path, *options):
    command = [sys.executable, "-c", DRIVER, "run", "job.toml", "-o", "out.nc", "--resume", *options]
    return subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def test_killed_again_and_again_the_result_is_the_same(tmp_path):
    """SIGKILL at random times until a run comes through; the data are those of a run that nobody killed."""
    (tmp_path / "job.toml").write_text(JOB)
    assert cli.main(["run", str(tmp_path / "job.toml"), "-o", str(tmp_path / "whole.nc")]) == 0
    rng = np.random.default_rng(int.from_bytes(os.urandom(4), "little"))
    kills = 0
    while True:
        process = start(tmp_path)
        state, since = tmp_path / "out.nc.resume", time.monotonic()
        patience = rng.uniform(0.05, 0.6) if kills < 3 else 1e9
        while process.poll() is None:
            written = state.is_dir() and any(state.glob("state-*"))
            since = since if written else time.monotonic()
            if written and time.monotonic() - since > patience:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
                break
            time.sleep(0.01)
        else:
            process.communicate()
            assert process.returncode == 0
            break
        process.stderr.close()
    assert kills > 0
    assert not state.exists()
    whole, pieces = (results.load(tmp_path / name) for name in ("whole.nc", "out.nc"))
    assert whole.identical(pieces.assign_attrs(created=whole.attrs["created"]))


def test_ctrl_c_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    (tmp_path / "job.toml").write_text(JOB)
    monkeypatch.chdir(tmp_path)
    real = engine.run

    def interrupted(model, task, listen, **how):
        def stop(event):
            listen(event)
            if isinstance(event, Progress) and event.done > 30000:
                raise KeyboardInterrupt

        return real(model, task, stop, **how)

    monkeypatch.setattr(engine, "run", interrupted)
    assert cli.main(["run", "job.toml"]) == 130
    assert "out" not in os.listdir(tmp_path)
    assert "kept in job.nc.resume, add --resume" in capsys.readouterr().err
    monkeypatch.setattr(engine, "run", real)
    assert cli.main(["run", "job.toml", "--resume"]) == 0
    assert "going on with the unfinished run" in capsys.readouterr().err
    assert not (tmp_path / "job.nc.resume").exists()
