"""``solenoidal check``: table on standard output, exit status 1 if an identity fails."""

from pathlib import Path

import pytest

from solenoidal import checks, cli
from solenoidal.job import Job

ROOT = Path(__file__).resolve().parents[2]
JOB = """
[system]
model = "haldane"
operator = "charge"

[zone]
mesh = [24, 24]

[scan]
mu = [0.0]
temperature = [0]
"""


@pytest.fixture(name="job")
def _job(tmp_path):
    path = tmp_path / "job.toml"
    path.write_text(JOB)
    return path


def test_identities_hold(job, capsys):
    assert cli.main(["check", str(job), "--workers", "1"]) == 0
    captured = capsys.readouterr()
    for name in checks.names():
        assert name in captured.out
    assert " 0 fail" in captured.out
    assert "kT = 0.1 eV" in captured.err


def test_identity_fails(job, capsys, monkeypatch):
    check = checks.get("velocity")
    monkeypatch.setitem(
        checks._registry._entries,
        "velocity",
        checks.Check(
            check.name, check.kind, check.says, check.source, 1e-30, check.failure, lambda context: checks.Finding(0.5)
        ),
    )
    assert cli.main(["check", str(job), "--workers", "1"]) == 1
    out = capsys.readouterr().out
    assert "1 fail" in out
    assert out.rstrip().endswith("velocity")


def test_mistake(job, capsys):
    job.write_text(JOB.replace("charge", "spin"))
    assert cli.main(["check", str(job)]) == 2
    assert "[system] operator" in capsys.readouterr().err


def test_platinum_says_that_its_basis_is_truncated(capsys):
    """Derivative identities fail by about ||D_i s|| and the curvature of the connection, algebraic ones pass."""
    assert cli.main(["check", str(ROOT / "examples" / "pt" / "pt.toml"), "--workers", "1"]) == 1
    out = capsys.readouterr().out
    failed = set(out.rstrip().rpartition("not applicable: ")[2].split(", "))
    assert failed >= {"commuting operator", "flat connection", "dipole curl", "polarizability", "torque curvature"}
    assert not failed & {"dipole slope", "moment", "quadrupole", "Einstein relation", "dipole and quadrupole"}
    assert "truncated" in out
    assert "multiplets" in out


def test_platinum_residuals():
    job = Job.from_toml(ROOT / "examples" / "pt" / "pt.toml")
    from solenoidal import load_model
    from solenoidal.checks.context import prepare

    context = prepare(load_model(job), job, lambda event: None, 1)
    for name in ("torque dipole", "torque average", "velocity", "band sum"):
        assert checks.get(name).examine(context).residual < 1e-9
    for name in ("quadrupole", "moment", "dipole slope", "Einstein relation"):
        assert checks.get(name).examine(context).residual < 1e-7
    for name in ("torque curvature", "dipole curl", "polarizability"):
        assert 1e-3 < checks.get(name).examine(context).residual < 0.1
