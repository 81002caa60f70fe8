"""The kernel on a device gives what it gives on the CPU.

The device is NumPy behind the walls of CuPy, so that everything but solenoidal.device.cuda runs here; the same tests
run on a GPU where there is one.
"""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import random_models as rm

from solenoidal import models, quantities
from solenoidal.bloch import fourier, select_axes, solve
from solenoidal.device import Accelerator, find
from solenoidal.device import states as there
from solenoidal.device.backend import host
from solenoidal.device.crew import bytes_per_point
from solenoidal.device.fourier import Tile, halves, source
from solenoidal.engine import Task, run
from solenoidal.errors import InputError
from solenoidal.model import BlochModel
from solenoidal.multiplets import RESOLVED
from solenoidal.quantities import Settings
from solenoidal.readers import read_wannier90
from solenoidal.zone import Interpolator, Mesh
from solenoidal.zone import source as plain_source

ALL = ("conventional", "eq11", "eq15", "kubo")
RESPONSES = ("conductivity", "nernst", "equilibrium", "magnetization", "dipole_density")
FERMI = 17.6251
#: Largest difference to the CPU in parts of the largest value of a response, and what is promised.
ROUNDING, PROMISED = 1e-12, 1e-9


def gpu():
    """The first GPU, or why there is none."""
    try:
        return find("gpu"), ""
    except InputError as error:
        return None, str(error)


GPU, WHY_NOT = gpu()
DEVICES = ["numpy", pytest.param("gpu", marks=pytest.mark.skipif(GPU is None, reason=WHY_NOT))]


@pytest.fixture(params=DEVICES)
def device(request):
    return find("numpy") if request.param == "numpy" else GPU


def curved(D=2, N=5, keep=3):
    """A crystal on a truncated basis: hoppings and positions of any kind."""
    rng = np.random.default_rng(D)
    R = np.stack(np.meshgrid(*[np.arange(-1, 2)] * D, indexing="ij"), axis=-1).reshape(-1, D)

    def hermitian(*shape):
        X = rng.normal(size=(len(R), *shape, keep, keep)) + 1j * rng.normal(size=(len(R), *shape, keep, keep))
        return 0.3 * (X + X[::-1].conj().swapaxes(-1, -2))

    return BlochModel(rm.skewed_lattice(rng, D), R, hermitian(), hermitian(D))


@pytest.fixture(scope="module")
def pt():
    return read_wannier90(Path(__file__).parents[2] / "examples/pt/Pt")


MU, KT = np.linspace(-1.0, 1.0, 5), np.array([0.0, 0.025])
CASES = {
    "kane_mele": (models.build("kane_mele"), Task((12, 10), (0.5, 0.5), MU, KT, responses=RESPONSES)),
    "kane_mele with Rashba, spread levels": (
        models.build("kane_mele", lambda_R=0.1),
        Task((12, 10), (0.5, 0.5), MU, KT, method="linear"),
    ),
    "form P": (rm.electrons(3, 3, 4), Task((5, 4, 3), (0.5, 0.2, 0.0), MU, KT, form="P")),
    "wilson_dirac": (models.build("wilson_dirac"), Task((6, 6, 6), (0.5,) * 3, MU, KT, responses=RESPONSES)),
    "thermal": (rm.electrons(7, 2, 5), Task((12, 11), (0.5, 0.2), MU[1:3], KT[1:] / 10, responses=("nernst",))),
    "doublets": (rm.doublets(1, 3), Task((4, 5, 4), (0.5,) * 3, MU, KT, responses=RESPONSES)),
    "doublets that split": (
        rm.doublets(2, 2, splitting=0.01),
        Task((12, 12), (0.5,) * 2, MU, KT, degeneracy=0.05),
    ),
    "orbital positions": (rm.electrons(4, 3, 4, positions=True), Task((4, 4, 4), (0.5,) * 3, MU, KT)),
    "one direction": (rm.electrons(5, 1, 3), Task((40,), (0.5,), MU, KT, responses=("equilibrium",))),
    "curvature of the basis": (
        curved(3),
        Task((4, 4, 4), (0.5,) * 3, MU, KT, operator="charge", definitions=("eq11", "subspace")),
    ),
    "broadened": (rm.electrons(6, 2, 4), Task((9, 9), (0.5,) * 2, MU, KT, gamma=0.05)),
}


def close(got, expected, device):
    tolerance = ROUNDING if device.name == "numpy" else PROMISED
    for kind in ("values", "errors"):
        for name, x in getattr(expected, kind).items():
            y = getattr(got, kind)[name]
            scale = abs(expected.values[name]).max()
            assert scale > 0.0
            np.testing.assert_allclose(y, x, rtol=0, atol=tolerance * scale + expected.floors[name])
    for name, x in expected.shifts.items():
        scale = abs(expected.values[name]).max()
        np.testing.assert_allclose(got.shifts[name], x, rtol=0, atol=tolerance * scale + expected.floors[name])
    np.testing.assert_allclose(got.carriers, expected.carriers, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(got.bands, expected.bands, rtol=tolerance)


def on(device, model, task, listen=lambda event: None, threads=1):
    return run(model, replace(task, device=device.name), listen, crew=Accelerator(device, threads, listen))


@pytest.mark.parametrize("case", CASES)
def test_responses_are_those_of_the_cpu(case, device):
    model, task = CASES[case]
    close(on(device, model, task), run(model, task), device)


@pytest.mark.parametrize(("axes", "degeneracy", "T"), [(None, 1e-3, 0.1), (("z",), 0.05, 0.0)])
def test_platinum_is_that_of_the_cpu(axes, degeneracy, T, device, pt):
    task = Task((4, 4, 4), (0.5,) * 3, FERMI + MU, np.array([T]), axes=axes, degeneracy=degeneracy, error=False)
    close(on(device, pt, task), run(pt, task), device)


def test_a_definition_with_its_own_sum_stays_on_the_cpu(device):
    task = Task((3, 3), (0.5,) * 2, MU[:2], np.array([0.05]), definitions=("eq15", "finite_q"), error=False)
    close(on(device, models.build("kane_mele"), task), run(models.build("kane_mele"), task), device)


def test_memory_of_a_batch_is_within_the_estimate():
    """Host rows and the smallest models are not: their estimate has the workspace of the eigensolver."""
    model = rm.electrons(0, 3, 12, components=3, positions=True)
    task = Task((8,) * 3, (0.5,) * 3, np.linspace(-1.0, 20.0, 3), KT, gamma=0.05, device="numpy", error=False)
    on(find("numpy"), model, replace(task, mesh=(2,) * 3))
    tracemalloc.start()
    on(find("numpy"), model, task)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.3 < peak / (8**3 * bytes_per_point(12, 3, 3)) < 1.0


@pytest.mark.parametrize("axes", [None, ("z",)])
def test_irreducible_points_are_those_of_the_cpu(axes, device):
    pytest.importorskip("spglib")
    from solenoidal import symmetry

    model = models.build("wilson_dirac")
    operations = tuple(symmetry.exact_operations(model, None))
    assert len(operations) > 1
    task = Task((6, 6, 6), (0.0,) * 3, MU, np.array([0.05]), axes=axes, operations=operations)
    close(on(device, model, task), run(model, task), device)


def test_plane_waves_are_those_of_the_cpu(device):
    """A model that gives its matrices itself."""
    model = models.build("twisted_bilayer", cutoff=1.5)
    task = Task((5, 4), (0.5, 0.5), np.array([-0.02, 0.0]), np.array([0.001]), operator="layer", error=False)
    close(on(device, model, task), run(model, task), device)


def test_a_metric_is_that_of_the_cpu(device):
    """Eigenstates of the CPU, everything else of the device."""
    model = replace(rm.bosons(3, "diagonal", 3), statistics="fermi")
    task = Task((4, 4, 4), (0.5,) * 3, np.array([-0.5, 0.5]), np.array([0.05]))
    close(on(device, model, task), run(model, task), device)


def test_a_device_leaves_no_points_out(device):
    """Those that the CPU proves to contribute nothing are computed: the proof would cost more."""
    model = models.build("rashba")
    task = Task((80, 70), (0.5,) * 2, np.array([0.1, 0.3]), np.array([0.01]), error=False)
    here, there = [], []
    got, expected = on(device, model, task, there.append), run(model, task, here.append)
    bound = (ROUNDING if device.name == "numpy" else PROMISED) * abs(expected.conductivity).max()
    np.testing.assert_allclose(got.conductivity, expected.conductivity, rtol=0, atol=bound)
    np.testing.assert_allclose(got.carriers, expected.carriers, rtol=PROMISED)
    for events, said in ((here, True), (there, False)):
        assert any("contribute nothing" in getattr(event, "text", "") for event in events) == said


def states_of(model, device, n, operator="spin", curvature=False, **how):
    """States of a mesh on the device and on the CPU."""
    mesh = Mesh(n, (0.3,) * len(n))
    op = select_axes(model.operator(operator), None)
    plain = Interpolator(model, op, curvature)
    batch = source(plain, device).load(mesh, Tile(*(range(x) for x in (1,) * (3 - len(n)) + n)), None)
    mine, repaired = there.solve(batch, device, how.get("degeneracy", 1e-3), None, None)
    assert repaired == 0
    return mine, solve(fourier(model, batch.k, operator, curvature=curvature), **how)


def curved_bosons(D=2):
    """Any metric beside any position."""
    model, rng = rm.bosons(1, "symplectic", D), np.random.default_rng(0)
    where = {tuple(r): i for i, r in enumerate(model.R.tolist())}
    A = 0.2 * (rng.normal(size=(len(model.R), D, 4, 4)) + 1j * rng.normal(size=(len(model.R), D, 4, 4)))
    mirrored = A[[where[tuple(-x for x in r)] for r in model.R.tolist()]].conj().swapaxes(2, 3)
    return replace(model, position=A + mirrored)


KINDS = {
    "doublets": (rm.doublets(3, 3), {}),
    "wide multiplets": (rm.doublets(3, 2, splitting=0.02), {"degeneracy": 0.6}),
    "curved": (curved(2), {"operator": "charge", "curvature": True}),
    "curved bosons": (curved_bosons(), {"curvature": True}),
    **{f"bosons, {kind}": (rm.bosons(2, kind, positions=True), {}) for kind in rm.METRICS},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [name for name in quantities.names() if not quantities.get(name).derivatives])
def test_every_quantity_is_that_of_the_cpu(name, kind, device):
    """Traces of multiplets, for any metric; states of a multiplet may differ by a unitary."""
    model, how = KINDS[kind]
    mine, plain = states_of(model, device, (3, 2, 4)[: model.dimension], **how)
    q = quantities.get(name)
    if q.resolved:
        mine, plain = mine.regroup(RESOLVED), plain.regroup(RESOLVED)
    got, expected = (q.rows(states, Settings(0.05)) for states in (mine, plain))
    assert type(got) is np.ndarray
    assert (mine.group == plain.group).all()
    if plain.group.max() < plain.e.shape[1] - 1:
        together = plain.group[:, :, None] == plain.group[:, None, :]
        got, expected = (np.einsum("knm,km...->kn...", together, x) for x in (got, expected))
    tolerance = ROUNDING if device.name == "numpy" else PROMISED
    np.testing.assert_allclose(got, expected, rtol=0, atol=10 * tolerance * max(1.0, abs(expected).max()))


def test_taking_points_and_regrouping(device):
    mine, plain = states_of(rm.doublets(1, 2, splitting=0.05), device, (4, 3), degeneracy=0.2)
    index = np.arange(12) % 3 == 1
    q = quantities.get("berry_spin")
    for a, b in ((mine, plain), (mine.regroup(1e-6), plain.regroup(1e-6))):
        part = a.take(index)
        assert isinstance(part, there.DeviceStates)
        np.testing.assert_allclose(
            q.rows(part, Settings()).sum(axis=1), q.rows(b.take(index), Settings()).sum(axis=1), rtol=1e-9, atol=1e-10
        )


def test_curvature_of_the_basis_is_taken_along(device):
    mine, _ = states_of(curved(2), device, (3, 3), "charge", True)
    index = np.arange(9) > 5
    np.testing.assert_array_equal(mine.take(index).F, mine.F[index])


def test_same_bits_whatever_the_number_of_threads(device):
    model, task = CASES["wilson_dirac"]
    task = replace(task, mesh=(20, 20, 20))
    first, second = on(device, model, task, threads=1), on(device, model, task, threads=3)
    for name, x in first.values.items():
        assert np.array_equal(x, second.values[name])
    assert first.floors == second.floors


@pytest.mark.parametrize("size", [1, 3, 7, 12, 60, 1000])
@pytest.mark.parametrize("D", [1, 2, 3])
def test_tiles_hold_every_point_once(D, size):
    model, mesh = rm.electrons(0, D, 2), Mesh((5, 4, 6)[:D], (0.5,) * D)
    plain = plain_source(model, model.operator("spin"))
    chunks = plain.chunks(mesh)
    tiles = list(source(plain, find("numpy")).tiles(mesh, chunks, size))
    assert all(tile.size <= size for tile in tiles)
    points = [p for tile in tiles for p in np.stack(np.meshgrid(*tile, indexing="ij"), -1).reshape(-1, 3).tolist()]
    assert sorted(points) == sorted(p for chunk in chunks for p in plain.positions(mesh, chunk).tolist())


@pytest.mark.parametrize("D", [1, 2, 3])
def test_matrices_at_the_points_that_stand_for_any(D, device):
    model, mesh = rm.electrons(1, D, 3), Mesh((3, 4, 5)[:D], (0.5, 0.1, 0.3)[:D])
    weights = np.arange(mesh.size, dtype=np.int32).reshape(mesh.n) % 3
    there = source(plain_source(model, model.operator("spin")), device)
    tile = Tile(*(range(x) for x in (1,) * (3 - D) + mesh.n))
    batch = there.load(mesh, tile, weights)
    used = np.stack(np.nonzero(weights), axis=1)
    np.testing.assert_allclose(batch.k, (used + np.array(mesh.offset)) / np.array(mesh.n), rtol=1e-14)
    np.testing.assert_array_equal(batch.weight, weights[weights > 0])
    block = fourier(model, batch.k)
    for mine, plain in ((batch.H, block.H), (batch.dH.swapaxes(1, 2), block.dH), (batch.s.swapaxes(1, 2), block.s)):
        np.testing.assert_allclose(host(mine), plain, atol=1e-12)
    assert there.load(mesh, tile, np.zeros_like(weights)) is None


def test_halves_hold_every_point_once():
    tile = Tile(range(2, 3), range(4, 9), range(3))
    a, b = halves(tile)
    assert a.first == b.first == tile.first
    assert [*a.second, *b.second] == [4, 5, 6, 7, 8]
    assert a.size + b.size == tile.size
    assert halves(Tile(range(1), range(1), range(5, 7))) == tuple(
        Tile(range(1), range(1), range(x, x + 1)) for x in (5, 6)
    )


@pytest.mark.skipif(GPU is None, reason=WHY_NOT)
def test_gpu_keeps_its_promise(pt):
    task = Task((12,) * 3, (0.5,) * 3, FERMI + MU, KT, responses=RESPONSES)
    first, again = on(GPU, pt, task, threads=2), on(GPU, pt, task, threads=4)
    close(first, run(pt, task), GPU)
    assert all(np.array_equal(x, again.values[name]) for name, x in first.values.items())
