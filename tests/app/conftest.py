import pytest

JOB = """
[system]
model = "kane_mele"
operator = "spin"
axes = ["z"]
fermi_energy = 0.0

[zone]
mesh = [6, 6]

[scan]
mu = { from = -0.5, to = 0.5, points = 3, relative_to = "fermi" }
temperature = [300, 600]
"""


@pytest.fixture
def job_text():
    return JOB


@pytest.fixture
def write_job(tmp_path, monkeypatch):
    """Write a job file, with text replaced or appended, into the current folder; returns its name."""
    monkeypatch.chdir(tmp_path)

    def write(*replacements, text=JOB, name="run.toml"):
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / name).write_text(text)
        return name

    return write


@pytest.fixture(scope="session")
def result():
    """A small but real result: Kane-Mele with all definitions."""
    import solenoidal as sol

    job = sol.Job(
        {"model": "kane_mele", "fermi_energy": 0.0},
        {"mesh": 8},
        {"mu": {"from": -1.0, "to": 1.0, "points": 5, "relative_to": "fermi"}, "temperature": [0, 300]},
    )
    return sol.compute(sol.load_model(job), job, workers=1)
