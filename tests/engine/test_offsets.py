"""Two meshes that are shifted against each other: exact means, errors that see what one mesh hides, refusals."""

from dataclasses import replace

import numpy as np
import pytest

from solenoidal import Job, compute
from solenoidal.engine import Processes, Task, run
from solenoidal.errors import InputError
from solenoidal.models import build

TASK = Task(
    (12, 12), (0.5, 0.5), np.linspace(-1.0, 1.0, 9), np.array([0.0, 0.05]), definitions=("conventional", "eq11")
)
JOB = {
    "system": {"model": "kane_mele"},
    "zone": {"mesh": 12, "offset": 0.5, "second_offset": 0.0},
    "scan": {"mu": [-0.3, 0.2], "temperature": [300]},
}


def test_values_are_means_and_errors_cover_the_differences():
    model, both = build("kane_mele"), replace(TASK, second_offset=(0.0, 0.25))
    found = run(model, both)
    a, b = (run(model, replace(TASK, offset=x, error=False)) for x in (TASK.offset, both.second_offset))
    np.testing.assert_array_equal(found.conductivity, 0.5 * (a.conductivity + b.conductivity))
    np.testing.assert_array_equal(found.carriers, 0.5 * (a.carriers + b.carriers))
    assert (found.error >= abs(a.conductivity - b.conductivity)).all()
    assert found.k_points == 2 * 144
    assert found.mesh == (12, 12)


def test_two_meshes_are_all_points_of_a_denser_one():
    """In one direction: offsets 0 and 1/2 of n points are 2 n points, whose offset is 0."""
    mu, kT = np.linspace(-1.0, 1.0, 9), np.array([0.05])
    task = Task((10, 16), (0.0, 0.0), mu, kT, error=False)
    model = build("kane_mele")
    both = run(model, replace(task, second_offset=(0.5, 0.0)))
    dense = run(model, replace(task, mesh=(20, 16)))
    np.testing.assert_allclose(both.conductivity, dense.conductivity, atol=1e-13 * abs(dense.conductivity).max())


def test_same_bits_with_processes_and_from_a_state_on_disk(tmp_path):
    model, both = build("kane_mele"), replace(TASK, second_offset=(0.0, 0.0))
    expected = run(model, both)
    others = (
        run(model, both, crew=Processes(2)),
        run(model, both, keep=tmp_path / "a"),
        _broken_off(model, both, tmp_path),
    )
    for other in others:
        assert np.array_equal(other.conductivity, expected.conductivity)
        assert np.array_equal(other.error, expected.error)


def _broken_off(model, task, folder):
    """Interrupted in the second mesh, then resumed."""
    points = []

    def listen(event):
        points.append(getattr(event, "done", 0))
        if points[-1] > 144:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(model, replace(task, workers=1), listen, keep=folder / "b")
    return run(model, task, keep=folder / "b", resume=True)


def test_with_the_irreducible_zone():
    from solenoidal.symmetry import exact_operations

    model, both = build("kane_mele"), replace(TASK, second_offset=(0.0, 0.0))
    reduced = run(model, replace(both, operations=exact_operations(model, None)))
    warm = reduced.conductivity[:, 1], run(model, both).conductivity[:, 1]
    np.testing.assert_allclose(*warm, atol=1e-10 * abs(warm[1]).max())


def test_a_job_says_what_its_error_is():
    job = Job.from_dict(JOB)
    result = compute(build("kane_mele"), job)
    assert "shifted" in result.conductivity_error.long_name
    assert result.attrs["second_offset"] == "[0.0, 0.0]"


@pytest.mark.parametrize(
    ("zone", "word"),
    [
        ({"mesh": 12, "offset": 0.5, "second_offset": 1.5}, "the same"),
        ({"mesh": 12, "second_offset": 0.0, "tolerance": 0.1}, "tolerance"),
        ({"mesh": 12, "second_offset": 0.0, "method": "linear"}, "share"),
        ({"mesh": 12, "second_offset": [0.0, 0.1, 0.2]}, "second_offset"),
        ({"mesh": 12, "second_offset": "x"}, "second_offset"),
    ],
)
def test_what_makes_no_sense_is_refused(zone, word):
    with pytest.raises(InputError, match=word):
        compute(build("kane_mele"), Job.from_dict({**JOB, "zone": zone}))


def test_a_model_without_a_mesh_is_refused():
    with pytest.raises(InputError, match="no mesh that could be shifted"):
        compute(build("rashba_gas"), Job.from_dict({**JOB, "system": {"model": "rashba_gas"}}))
