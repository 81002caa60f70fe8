"""A tolerance is reached or said to be missed, and the errors are honest."""

from dataclasses import replace

import numpy as np
import pytest

from solenoidal.engine import Task, run
from solenoidal.engine.refine import estimate
from solenoidal.events import Message, Progress
from solenoidal.models import build

KT = np.array([0.0, 0.005, 0.05])
DEFINITIONS = ("conventional", "eq11", "kubo")


def task(D, mu, **options):
    start = {2: (16, 16), 3: (8, 8, 8)}[D]
    common = {"definitions": DEFINITIONS, "method": "linear", "form": "S" if D == 2 else "P"}
    return Task(start, (0.5,) * D, mu, KT, **{**common, **options})


def scale(x):
    """Largest value of every definition and temperature, not below a hundredth of the largest definition."""
    own = abs(x).max(axis=(2, 3, 4, 5), keepdims=True)
    return np.maximum(own, 0.01 * own.max(axis=0, keepdims=True))


CASES = {
    "rashba_dresselhaus": (2, np.linspace(0.5, 3, 15), {}),
    "kane_mele": (2, np.linspace(-1.5, 1.5, 15), {}),
    "haldane": (2, np.linspace(-2, 2, 15), {"operator": "charge", "definitions": ("conventional", "kubo")}),
}


@pytest.mark.parametrize("name", CASES)
def test_true_error_is_below_the_returned_one(name):
    D, mu, options = CASES[name]
    model = build(name)
    out = run(model, task(D, mu, tolerance=3e-2, most=60_000, **options))
    dense = tuple(3 * n + 1 for n in out.mesh)
    reference = run(model, replace(task(D, mu, error=False, **options), mesh=dense))
    exact, size = reference.conductivity, scale(reference.conductivity)
    true = abs(out.conductivity - exact)
    assert ((true <= out.error) | (true < 1e-9 * size)).mean() >= 0.95
    assert (out.error <= 3e-2 * scale(out.conductivity)).all()
    seen = abs(exact) > 1e-3 * size
    assert np.median(out.error[seen] / np.maximum(true[seen], 1e-300)) < 10.0


def test_linear_and_plain_sums_have_the_same_limit():
    """Their difference falls with the square of the spacing."""
    model, mu = build("kagome_antiferromagnet", lambda_R=0.3), np.array([-1.2, 0.9])

    def difference(n):
        common = {"form": "P", "error": False, "definitions": ("conventional", "eq11")}
        one, two = (
            run(model, Task((n, n), (0.5, 0.5), mu, np.array([0.15]), method=method, **common)).conductivity
            for method in ("plain", "linear")
        )
        return abs(one - two).max() / abs(one).max()

    coarse, fine = difference(32), difference(64)
    assert fine < 0.01
    assert fine < coarse / 3


def test_cell_averages_converge_where_sharp_levels_do_not():
    """kT is a tenth of the spacing of the levels: 20 times fewer points in every direction than that needs."""
    model, mu = build("rashba_dresselhaus"), np.linspace(0.5, 3.0, 15)
    kT = np.array([0.003])
    values = {
        (method, n): run(
            model, Task((n, n), (0.5, 0.5), mu, kT, definitions=("eq11",), error=False, method=method)
        ).conductivity
        for method, n in (("linear", 64), ("plain", 64), ("plain", 1000))
    }
    exact = values["plain", 1000]
    errors = {method: abs(values[method, 64] - exact).max() / abs(exact).max() for method in ("linear", "plain")}
    assert errors["linear"] < 0.05
    assert errors["plain"] > 5 * errors["linear"]


def test_tolerance_that_is_out_of_reach_is_said_so():
    model = build("rashba")
    seen = []
    out = run(model, task(2, np.array([0.1, 0.4]), tolerance=1e-9, most=3000), seen.append)
    assert any("tolerance 1e-09 not reached" in text for text in out.warnings)
    assert max(e.total for e in seen if isinstance(e, Progress)) <= 3000
    steps = [e.text for e in seen if isinstance(e, Message) and e.text.startswith("mesh ")]
    assert steps
    assert all("error" in text for text in steps)


def test_mesh_of_a_result_is_the_last_one():
    out = run(build("haldane"), task(2, np.array([0.0]), tolerance=0.05, operator="charge", definitions=("kubo",)))
    assert out.k_points == np.prod(out.mesh)
    assert out.k_points > 256


def test_progress_tells_memory_and_the_error_of_the_last_mesh():
    seen = []
    run(build("kane_mele"), task(2, np.array([-0.3, 0.8]), tolerance=1e-6, most=12_000), seen.append)
    progress = [event for event in seen if isinstance(event, Progress)]
    assert all(event.memory is None or 1e7 < event.memory < 1e11 for event in progress)
    assert progress[0].error is None
    assert progress[-1].error > 1e-6


def test_an_accidental_zero_of_a_change_does_not_make_an_error_small():
    mu = np.linspace(0, 1, 21)
    values = [np.cos(9 * mu)[None, None] * a for a in (1.0, 0.5, 0.3)]
    error = estimate(values)
    change = abs(values[2] - values[1])
    assert (error >= change).all()
    assert error.min() > 0.3 * change.max()


def test_interrupted_refinement_goes_on_to_the_same_bits(tmp_path):
    model, job = build("kane_mele"), task(2, np.array([-0.3, 0.8]), tolerance=1e-2, most=30_000)
    whole = run(model, job)

    def stop(event):
        if isinstance(event, Progress) and event.total > 4000 and event.done > 2000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(model, job, stop, keep=tmp_path / "state")
    again = run(model, job, keep=tmp_path / "state", resume=True)
    assert np.array_equal(again.conductivity, whole.conductivity)
    assert np.array_equal(again.error, whole.error)
    assert again.mesh == whole.mesh


def test_fermi_surface_at_zero_temperature_sees_cells_that_reach_down_from_above():
    """The highest mu is no exception: cells of levels above it count."""
    model = build("rashba", B_z=0.0)
    one, two = (
        run(model, Task((120, 120), (0.5, 0.5), np.array(mu), np.array([0.0]), definitions=("eq11",), error=False))
        for mu in ([0.6], [0.6, 3.0])
    )
    np.testing.assert_allclose(one.conductivity[0, 0, 0], two.conductivity[0, 0, 0], atol=1e-14)
    assert 2 * np.pi * one.conductivity[0, 0, 0, 1, 0, 2] == pytest.approx(0.25, abs=1e-3)
