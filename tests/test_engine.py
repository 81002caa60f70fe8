"""The sweep equals the plain sum over the mesh, and says what it does."""

import itertools

import numpy as np
import pytest

from solenoidal import definitions, quantities
from solenoidal.bloch import fourier, solve
from solenoidal.diagnostics import band_range
from solenoidal.engine import Task, run
from solenoidal.errors import InputError
from solenoidal.events import Progress
from solenoidal.filling import fermi_level
from solenoidal.model import BlochModel
from solenoidal.quantities import Settings
from solenoidal.statistics import fermi, fermi_surface
from solenoidal.zone import Mesh

ALL = ("conventional", "eq11", "eq15", "kubo")
MU = np.array([-1.0, 0.2, 0.9])


def random_model(D=2, N=4, seed=0, n_s=2):
    rng = np.random.default_rng(seed)

    def matrix(scale=1.0):
        X = scale * (rng.normal(size=(N, N)) + 1j * rng.normal(size=(N, N)))
        return X

    def hermitian():
        X = matrix()
        return (X + X.conj().T) / 2

    steps = {tuple(int(i == j) for j in range(D)): matrix(0.4) for i in range(D)}
    hoppings = {(0,) * D: hermitian(), **steps}
    s = [hermitian() for _ in range(n_s)]
    return BlochModel.from_hoppings(
        np.eye(D) * 1.7, hoppings, local_operators={"spin": (s, [f"s{i}" for i in range(n_s)])}
    )


def mesh_points(mesh):
    return np.stack(np.meshgrid(*[mesh.points(i) for i in range(len(mesh.n))], indexing="ij"), axis=-1).reshape(
        -1, len(mesh.n)
    )


def plain_sum(model, task):
    """Every quantity at every k with exact Fermi factors: no blocks, no energy grid, no threads."""
    mesh = Mesh(task.mesh, task.offset)
    states = solve(fourier(model, mesh_points(mesh)), task.degeneracy)
    factor = {"sea": fermi, "surface": fermi_surface}
    out = []
    for name in task.definitions:
        total = 0.0
        for term in definitions.terms(name, task.form, task.gamma):
            q = quantities.get(term.quantity)
            st = states.regroup(1e-6) if q.resolved else states
            x = q.rows(st, Settings(task.gamma or 0.0))
            if term.exchanged:
                x = x.swapaxes(2, 3)
            f = [[factor[term.weight](st.e_group - mu, kT) for mu in task.mu] for kT in task.kT]
            total = total + term.coefficient * np.einsum("tukn,knila->tuila", f, x)
        out.append(total)
    return np.array(out) / (mesh.size * model.volume)


@pytest.mark.parametrize(("D", "mesh"), [(1, (9,)), (2, (7, 6)), (3, (5, 4, 3))])
@pytest.mark.parametrize(("form", "gamma"), [("S", None), ("P", None), ("S", 0.05)])
def test_one_pass_equals_the_plain_sum(D, mesh, form, gamma):
    model = random_model(D)
    kT = np.array([1e-4, 0.03, 0.2])
    task = Task(mesh, (0.5,) * D, MU, kT, definitions=ALL, form=form, gamma=gamma, error=False)
    got, want = run(model, task).conductivity, plain_sum(model, task)
    assert got.shape == (4, 3, 3, D, D, 2)
    for d in range(4):
        for t in range(3):
            assert abs(got[d, t] - want[d, t]).max() <= 1e-6 * abs(want[d, t]).max() + 1e-13


def test_zero_temperature_is_exact_for_the_sea():
    model = random_model(3)
    task = Task((4, 4, 4), (0.5,) * 3, MU, np.array([0.0]), definitions=("conventional", "eq15"), error=False)
    got, want = run(model, task).conductivity, plain_sum(model, task)
    assert abs(got - want).max() < 1e-12 * abs(want).max()


def test_zero_temperature_surface_is_the_limit_of_low_temperature():
    """On a dense mesh the cell-averaged delta function and a narrow Fermi function give the same integral."""
    model = random_model(2, N=2, n_s=1)
    kT = np.array([0.0, 0.02, 0.04])
    task = Task((200, 200), (0.5, 0.5), np.array([0.2]), kT, definitions=("eq11",), error=False)
    cold, warm, warmer = run(model, task).conductivity[0]
    limit = (4 * warm - warmer) / 3  # corrections are of order T^2
    assert abs(cold - limit).max() < 0.005 * abs(warm).max()


def test_workers_change_rounding_only():
    model = random_model(3)
    task = Task((6, 5, 4), (0.5,) * 3, MU, np.array([0.05]), workers=1)
    one = run(model, task)
    two = run(model, Task(**{**task.__dict__, "workers": 3}))
    assert abs(one.conductivity - two.conductivity).max() < 1e-13 * abs(one.conductivity).max()
    assert np.allclose(one.error, two.error, rtol=0, atol=1e-12)


def test_error_is_the_difference_to_the_halved_mesh():
    model = random_model(2)
    task = Task((7, 6), (0.5, 0.0), MU, np.array([0.1]))
    half = Task((4, 3), (0.5, 0.0), MU, np.array([0.1]), error=False)
    got = run(model, task)
    assert np.allclose(got.error, abs(got.conductivity - run(model, half).conductivity), atol=1e-13)


def test_sensitivity_is_the_change_with_a_third_of_the_degeneracy():
    model = random_model(2, N=6)
    task = Task((12, 12), (0.5, 0.5), MU, np.array([0.1]), degeneracy=1.5, error=False)
    third = Task(**{**task.__dict__, "degeneracy": 0.5})
    got, finer = run(model, task), run(model, third)
    want = finer.conductivity - got.conductivity
    assert abs(want).max() > 1e-3
    assert abs(got.sensitivity - want).max() < 1e-7 * abs(want).max()


def test_carriers_and_fermi_level_agree():
    model = random_model(2)
    for electrons in (0.7, 1.0, 2.25, 3.9):
        level = fermi_level(model, electrons, (9, 8), (0.5, 0.5))
        task = Task((9, 8), (0.5, 0.5), np.array([level]), np.array([0.0]), definitions=("eq15",), error=False)
        assert abs(run(model, task).carriers[0, 0] - electrons) <= 0.5 / 72 + 1e-12


def test_fermi_level_of_an_insulator_is_the_middle_of_the_gap():
    h = {(0, 0): np.diag([-1.0, 2.0]), (1, 0): np.diag([0.1, 0.0])}
    model = BlochModel.from_hoppings(np.eye(2), h)
    assert abs(fermi_level(model, 1.0, (4, 4), (0.0, 0.0)) - 0.5 * (-0.8 + 2.0)) < 1e-9


@pytest.mark.parametrize("electrons", [1e-4, 3.9999])
def test_fermi_level_of_nearly_empty_and_nearly_full_bands(electrons):
    """Fewer electrons or holes than one per mesh: the lowest or highest level of the mesh."""
    model = random_model(2)
    e = solve(fourier(model, mesh_points(Mesh((9, 8), (0.5, 0.5))))).e
    want = e.min() if electrons < 1 else e.max()
    assert fermi_level(model, electrons, (9, 8), (0.5, 0.5)) == pytest.approx(want, abs=1e-12)


def test_progress_counts_every_point_once():
    events = []
    task = Task((5, 4), (0.5, 0.5), MU, np.array([0.1]), definitions=("eq15",))
    run(random_model(2), task, events.append)
    progress = [e for e in events if isinstance(e, Progress)]
    assert progress[-1].done == progress[-1].total == 20 + 6
    assert all(a.done < b.done for a, b in itertools.pairwise(progress))


def test_charge_conventional_is_minus_the_berry_curvature():
    from solenoidal import bands

    model = random_model(2)
    task = Task((6, 6), (0.5, 0.5), MU, np.array([0.1]), operator="charge", definitions=ALL, error=False)
    got = run(model, task).conductivity[..., 0]
    states = solve(fourier(model, mesh_points(Mesh((6, 6), (0.5, 0.5))), "charge"))
    f = np.array([fermi(states.e - mu, 0.1) for mu in MU])
    want = np.einsum("ukn,knil->uli", f, bands.berry_curvature(states)) / (36 * model.volume)
    for d in (0, 1, 2, 3):
        assert abs(got[d, 0] - want).max() < 1e-7 * abs(want).max()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"definitions": ("eq12",)}, "did you mean 'eq1"),
        ({"definitions": ("subspace",)}, "'subspace' is for the charge, not for operator 'spin'"),
        ({"operator": "orbital"}, "no operator 'orbital'"),
        ({"axes": ("q",)}, "no component 'q'"),
        ({"mesh": (4, 4, 4), "offset": (0, 0, 0)}, "2 periodic directions"),
        ({"mesh": (0, 4)}, "at least one point"),
        ({"mu": np.array([1.0, 0.0])}, "ascending"),
        ({"degeneracy": 0.0}, "equal to rounding"),
        ({"degeneracy": 100.0}, "wider than all bands"),
        ({"gamma": 1e-6}, "loses its digits"),
        ({"gamma": float("nan")}, "loses its digits"),
    ],
)
def test_mistakes_are_one_sentence(change, words):
    task = Task(**{**Task((4, 4), (0.5, 0.5), MU, np.array([0.1])).__dict__, **change})
    with pytest.raises(InputError, match=words):
        run(random_model(2), task)


def test_too_many_electrons_are_refused():
    with pytest.raises(InputError, match="electrons = 9"):
        fermi_level(random_model(2), 9.0, (4, 4), (0.5, 0.5))


def test_an_exception_in_the_listener_stops_every_worker():
    """As Ctrl-C does: no worker goes on with the rest of its part of the mesh."""
    seen = []

    def stop_soon(event):
        seen.append(event)
        raise KeyboardInterrupt

    task = Task((40, 40, 40), (0.5,) * 3, MU, np.array([0.1]), definitions=("eq15",), error=False, workers=2)
    with pytest.raises(KeyboardInterrupt):
        run(random_model(3), task, stop_soon)
    assert len(seen) <= 3


def test_cold_surface_on_a_coarse_mesh_is_a_warning():
    """Both meshes miss the Fermi surface there, so that the error bar cannot show it."""
    task = Task((10, 10), (0.5, 0.5), MU, np.array([1e-4, 0.0]), definitions=("eq11",), error=False)
    warnings = " ".join(run(random_model(2), task).warnings)
    assert "kT = 0.0001 eV: at most" in warnings
    assert "T = 0" in warnings
    sea = Task(**{**task.__dict__, "definitions": ("conventional",)})
    assert "levels of this mesh" not in " ".join(run(random_model(2), sea).warnings)


def test_a_degeneracy_that_joins_all_bands_is_a_warning():
    model = random_model(2)
    low, high = band_range(model)
    task = Task(
        (6, 6), (0.5, 0.5), MU, np.array([0.1]), definitions=("eq11",), degeneracy=0.9 * (high - low), error=False
    )
    assert any("joins all bands" in text for text in run(model, task).warnings)


def test_rounding_noise_is_below_the_floor_and_signal_far_above():
    """A real (time-reversal symmetric) Hamiltonian has no charge Hall response: what is left is rounding."""
    rng = np.random.default_rng(0)
    h = {R: rng.normal(size=(3, 3)) for R in [(1, 0), (0, 1)]} | {(0, 0): np.diag([-1.0, 0.0, 1.0])}
    model = BlochModel.from_hoppings(np.eye(2), h, orbital_positions=rng.uniform(size=(3, 2)))
    task = Task((48, 48), (0.5, 0.5), MU, np.array([0.1]), operator="charge", definitions=ALL)
    out = run(model, task)
    assert abs(out.conductivity).max() < out.floors["conductivity"]
    assert out.warnings == ()
    signal = run(random_model(2), Task((12, 12), (0.5, 0.5), MU, np.array([0.1]), definitions=ALL))
    assert signal.floors["conductivity"] < 1e-8 * abs(signal.conductivity).max()
