"""Components that symmetry needs are computed inside: users see those asked for, from as few points as for all."""

import pickle
import threading
from dataclasses import replace

import numpy as np
import pytest
from symmetry_helpers import BCC, FCC, one_atom, random_model, spinful

from solenoidal import models, symmetry
from solenoidal.engine import Task, Threads, run
from solenoidal.engine.components import cheapest, cost
from solenoidal.engine.work import Work
from solenoidal.errors import InputError
from solenoidal.events import Progress
from solenoidal.model import Operator
from solenoidal.zone import Mesh

CUBIC = 3.0 * np.eye(3)


def symmetric(group):
    r = spinful(group)
    return symmetry.symmetrise(random_model(r), r)[0], group.operations


@pytest.fixture(scope="module")
def cubic():
    return symmetric(one_atom(CUBIC))


@pytest.fixture(scope="module")
def fcc():
    return symmetric(one_atom(FCC))


@pytest.fixture(scope="module")
def ferromagnet():
    return symmetric(one_atom(BCC, [[0, 0, 1.0]]))


def task(n, offset=0.0, kT=(0.1,), **options):
    options = {"responses": ("conductivity", "magnetization"), "workers": 1, "axes": ("z",)} | options
    return Task((n,) * 3, (offset,) * 3, np.linspace(-0.6, 0.6, 5), np.array(kT), **options)


def meet(part, whole, k, tolerance=1e-10):
    """Values, errors and sensitivities are components k of those of the whole zone."""
    for kind in ("values", "errors", "shifts"):
        for name, x in getattr(whole, kind).items():
            size = abs(whole.values[name]).max()
            assert getattr(part, kind)[name].shape[-1] == len(k)
            assert abs(getattr(part, kind)[name] - x[..., k]).max() < tolerance * size
    assert abs(part.carriers - whole.carriers).max() < 1e-10


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("fcc", {"n": 6}),
        ("fcc", {"n": 6, "offset": 0.5}),
        ("fcc", {"n": 8, "method": "tetrahedron", "kT": (0.0, 0.1)}),
        # The cell of a mesh is as symmetric as the crystal only where its axes are perpendicular.
        ("cubic", {"n": 6, "offset": 0.5, "method": "linear", "kT": (0.0, 0.1)}),
    ],
)
def test_spin_z_of_the_whole_zone_from_the_points_of_all_components(name, options, request):
    model, operations = request.getfixturevalue(name)
    only_z = task(operations=operations, **options)
    whole = run(model, replace(only_z, axes=None, operations=()))
    assert abs(whole.values["conductivity"][..., 2]).max() > 1e-6
    # Averages over cells are differences of powers, divided by widths that may be small: digits are lost there.
    meet(run(model, only_z), whole, [2], 1e-8 if only_z.method == "linear" else 1e-10)
    mesh = Mesh(only_z.mesh, only_z.offset)
    works = [Work(model, replace(only_z, axes=axes)) for axes in (("z",), None)]
    few, all_components = (w.size(mesh) for w in works)
    assert works[0].computed.components == ("x", "y", "z")
    assert few == all_components
    alone = symmetry.irreducible_points(mesh, symmetry.reduce.unmixed(operations, works[0].operator))
    assert few < 0.7 * len(alone.k)


def test_components_in_the_order_asked_for(fcc):
    model, operations = fcc
    asked = task(6, axes=("z", "x"), operations=operations)
    meet(run(model, asked), run(model, replace(asked, axes=None, operations=())), [2, 0])


def test_only_components_that_save_points_are_computed(ferromagnet):
    """A fourfold axis along z turns s_x into s_y; nothing turns s_z into another component."""
    model, operations = ferromagnet
    found = {
        axes: Work(model, task(6, axes=axes, operations=operations)).computed.components for axes in ("x", "y", "z")
    }
    assert found == {"x": ("x", "y"), "y": ("x", "y"), "z": ("z",)}
    asked = task(6, axes=("y",), operations=operations)
    meet(run(model, asked), run(model, replace(asked, axes=None, operations=())), [1])


def test_without_symmetry_nothing_else_is_computed(fcc):
    model, _ = fcc
    work = Work(model, task(6))
    assert work.computed is work.operator
    assert work.source.counts[0] == 1


def test_choice_by_points_times_cost():
    """One component alone against all three at n times fewer points."""
    op = Operator(np.zeros((1, 3, 2, 2)), ("x", "y", "z"), time_reversal=-1, transformation="axial")
    one = replace(op, matrices=op.matrices[:, 2:], components=("z",))
    assert cost(3, 3) < cost(1, 1) < cost(3, 1)
    for more, wanted in ((1, ("z",)), (2, ("x", "y", "z"))):
        found = cheapest(op, one, lambda o, more=more: 8 * (more if len(o.components) == 3 else 1))
        assert found.components == wanted
    scalar = replace(op, transformation="scalar")
    assert cheapest(scalar, one, lambda o: len(o.components) ** 3) is one


def test_tolerance(cubic):
    """The error is that of the component asked for, on meshes that are those without symmetry."""
    model, operations = cubic
    asked = task(4, 0.5, (0.3,), tolerance=0.1, definitions=("conventional",), responses=("conductivity",))
    whole, part = run(model, asked), run(model, replace(asked, operations=operations))
    assert part.mesh == whole.mesh
    meet(part, whole, [0])


def test_any_number_of_threads_and_a_resumed_run_give_the_same_bits(fcc, tmp_path, monkeypatch):
    """A run is broken off on the half mesh of the error."""
    model, operations = fcc
    asked = task(12, operations=operations)
    points = Work(model, asked).size(Mesh(asked.mesh, asked.offset))
    expected = run(model, asked, crew=Threads(1))

    def same(outcome):
        assert all(np.array_equal(outcome.values[name], x) for name, x in expected.values.items())

    def break_off():
        with pytest.raises(KeyboardInterrupt):
            run(model, asked, stop, keep=tmp_path / "state")
        assert (tmp_path / "state").is_dir()

    def stop(event):
        if isinstance(event, Progress) and event.done > points:
            raise KeyboardInterrupt

    same(run(model, asked, crew=Threads(3)))
    break_off()
    same(run(model, asked, keep=tmp_path / "state", resume=True))
    break_off()
    monkeypatch.setattr("solenoidal.engine.components.ALONE", 0.0)
    with pytest.raises(InputError, match="components computed was x, y, z and is now z"):
        run(model, asked, keep=tmp_path / "state", resume=True)


def test_work_that_was_sent_elsewhere_gives_the_same_bits(fcc):
    """As processes and clusters do it."""
    model, operations = fcc
    here = Work(model, task(6, operations=operations))
    there = pickle.loads(pickle.dumps(here))
    mesh = Mesh(here.task.mesh, here.task.offset)
    (part,) = here.parts(mesh)
    sums = [w.compute(mesh, part, lambda points: None, threading.Event()).state()[1] for w in (here, there)]
    assert sums[0].keys() == sums[1].keys()
    assert all(np.array_equal(sums[1][key], x) for key, x in sums[0].items())


def test_a_representation_stays_at_home():
    """Workers need operations, not the matrices that symmetrised the model."""
    model = symmetry.impose(models.build("luttinger"))
    assert model.representation is not None
    there = pickle.loads(pickle.dumps(Work(model, task(4))))
    assert there.model.representation is None
    assert np.array_equal(there.model.H, model.H)
