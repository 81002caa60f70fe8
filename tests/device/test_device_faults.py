"""What goes wrong on a device: wrong eigenpairs, full memory, no device at all, jobs that are not for it."""

import sys
import types
from dataclasses import replace

import numpy as np
import pytest
import random_models as rm

import solenoidal as sol
from solenoidal import cli, engine, models
from solenoidal.device import Accelerator, crew, find
from solenoidal.device.backend import host
from solenoidal.device.crew import batch_size, bytes_per_point
from solenoidal.device.eigen import eigenpairs
from solenoidal.device.reference import Held, Reference
from solenoidal.engine import Task, run
from solenoidal.errors import InputError
from solenoidal.events import Message, Progress

TASK = Task((6, 5, 4), (0.5,) * 3, np.linspace(-1.0, 1.0, 3), np.array([0.0, 0.03]), device="numpy", error=False)


@pytest.fixture(scope="module")
def model():
    return rm.doublets(1, 3)


@pytest.fixture(scope="module")
def expected(model):
    return run(model, TASK, crew=Accelerator(find("numpy"), 1))


def close(a, b):
    for name, x in b.values.items():
        np.testing.assert_allclose(a.values[name], x, rtol=0, atol=1e-12 * abs(x).max())


def texts(events):
    return [event.text for event in events if isinstance(event, Message)]


def exchanged(H, e, U, k):
    """Pairs of another matrix: orthonormal, ascending, wrong."""
    e[k], U[k] = e[k - 1], U[k - 1]


def vectors_of_another(H, e, U, k):
    U[k] = U[k - 1]


def diagonal(H, e, U, k):
    e[k], U[k] = np.sort(np.diagonal(H[k]).real), np.eye(H.shape[1])


def nothing(H, e, U, k):
    e[k], U[k] = np.nan, np.nan


def twice(H, e, U, k):
    """One pair twice: every residual vanishes."""
    e[k, 1], U[k, :, 1] = e[k, 0], U[k, :, 0]


def unsorted(H, e, U, k):
    e[k], U[k] = e[k][::-1].copy(), U[k][:, ::-1].copy()


def inaccurate(H, e, U, k):
    """Pairs good to eight digits only."""
    e[k] = e[k] * (1.0 + 1e-8)


FAULTS = [exchanged, vectors_of_another, diagonal, nothing, twice, unsorted, inaccurate]


class Faulty(Reference):
    """A solver that errs at one k-point of every batch."""

    def __init__(self, fault, k=3):
        super().__init__()
        self.fault, self.k = fault, k

    def eigh(self, H):
        e, U = (host(x) for x in super().eigh(H))
        self.fault(host(H), e, U, self.k)
        return Held(e), Held(U)


@pytest.mark.parametrize("fault", FAULTS)
def test_wrong_eigenpairs_are_found_and_mended(fault):
    rng = np.random.default_rng(0)
    H = rng.normal(size=(6, 5, 5)) + 1j * rng.normal(size=(6, 5, 5))
    H = H + H.conj().swapaxes(1, 2)
    e, U, sign, repaired = eigenpairs(Held(H), Faulty(fault))
    assert repaired == 1
    assert sign is None
    U = host(U)
    np.testing.assert_allclose(H @ U, U * e[:, None, :], atol=1e-13)
    np.testing.assert_allclose(U.conj().swapaxes(1, 2) @ U, np.broadcast_to(np.eye(5), U.shape), atol=1e-13)
    np.testing.assert_allclose(e, np.linalg.eigvalsh(H), atol=1e-13)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e5])
def test_right_eigenpairs_are_left_alone(scale):
    """At any energy scale, with degenerate levels, zero matrices and one band."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 36, 36)) + 1j * rng.normal(size=(200, 36, 36))
    H = scale * (X + X.conj().swapaxes(1, 2))
    H[0], H[1] = 0.0, scale * np.eye(36)
    H[2] = np.kron(H[2, :18, :18], np.eye(2))
    for part in (H, H[:, :1, :1]):
        assert eigenpairs(Held(part.copy()), Reference()).repaired == 0


def test_a_run_with_wrong_eigenpairs_is_mended_and_says_so(model, expected):
    said = []
    close(run(model, TASK, said.append, crew=Accelerator(Faulty(exchanged), 1, said.append)), expected)
    assert texts(said)[-1] == "numpy: wrong eigenpairs at 1 k-points, computed again on the CPU"


class Small(Reference):
    """A device that holds a few matrices."""

    def __init__(self, most):
        super().__init__()
        self.most, self.released = most, 0

    def eigh(self, H):
        if len(H) > self.most:
            raise MemoryError("out of memory")
        return super().eigh(H)

    def release(self):
        self.released += 1


@pytest.mark.parametrize("most", [1, 2, 7, 50])
def test_full_memory_halves_the_batches(most, model, expected):
    said, device = [], Small(most)
    close(run(model, TASK, said.append, crew=Accelerator(device, 2, said.append)), expected)
    sizes = [int(text.split("batches of ")[1].split()[0]) for text in texts(said) if "memory full" in text]
    assert sizes
    assert sizes == sorted(sizes, reverse=True)
    assert device.released > len(sizes)
    counts = [event.done for event in said if isinstance(event, Progress)]
    assert counts[-1] == 120


def test_a_device_without_room_for_one_point_is_one_sentence(model):
    with pytest.raises(InputError, match="does not hold a single k-point"):
        run(model, TASK, crew=Accelerator(Small(0), 1))


def test_operators_that_do_not_fit_are_one_sentence(model, monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(crew, "source", full)
    with pytest.raises(InputError, match="does not hold the operators"):
        run(model, TASK, crew=Accelerator(find("numpy"), 1))


def test_other_errors_are_not_taken_for_full_memory(model, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(crew, "solve", broken)
    with pytest.raises(ZeroDivisionError):
        run(model, TASK, crew=Accelerator(find("numpy"), 1))


def test_batches_follow_the_memory():
    point = bytes_per_point(18, 3, 3)
    assert batch_size(1e12, 4, point) == engine.work.BATCH
    sizes = [batch_size(free, 4, point) for free in (1e5, 1e7, 1e9, 1e10)]
    assert sizes == sorted(sizes)
    assert sizes[0] == 1
    for free, size in zip((1e7, 1e9, 1e10), sizes[1:], strict=True):
        assert 4 * size * point <= free
        assert size & (size - 1) == 0
    assert bytes_per_point(36, 3, 3) > 3.5 * point


def test_arrays_of_the_reference_refuse_what_those_of_cupy_refuse():
    X = find("numpy").xp.asarray(np.ones((2, 2)))
    for wrong in (np.asarray, lambda x: x * np.ones(2), lambda x: np.ones(2) @ x, lambda x: np.einsum("ii", x)):
        with pytest.raises(TypeError):
            wrong(X)
    with pytest.raises(TypeError):
        np.zeros((2, 2))[:] = X
    np.testing.assert_array_equal((2.0 * X @ X).get(), 4.0)


def fake_cupy(count=1, broken=None):
    """The part of CuPy that a lookup touches."""
    cupy = types.ModuleType("cupy")

    class CudaError(RuntimeError):
        pass

    class FullError(MemoryError):
        pass

    def devices():
        if not count:
            raise CudaError("cudaErrorNoDevice: no CUDA-capable device is detected")
        return count

    def eigh(X, UPLO):
        if broken:
            raise broken
        return tuple(map(Held, np.linalg.eigh(host(X), UPLO)))

    pool = types.SimpleNamespace(free_bytes=lambda: 5, free_all_blocks=lambda: None)
    cupy.__version__, cupy.ndarray, cupy.asarray = "14.2.0", type("ndarray", (Held,), {}), find("numpy").xp.asarray
    cupy.linalg, cupy.get_default_memory_pool = types.SimpleNamespace(eigh=eigh), lambda: pool
    runtime = types.SimpleNamespace(
        CUDARuntimeError=CudaError,
        getDeviceCount=devices,
        runtimeGetVersion=lambda: 12060,
        getDeviceProperties=lambda n: {"name": b"Test GPU"},
        memGetInfo=lambda: (100, 200),
    )
    cupy.cuda = types.SimpleNamespace(
        runtime=runtime, Device=lambda n: Reference().active(), memory=types.SimpleNamespace(OutOfMemoryError=FullError)
    )
    return cupy


@pytest.fixture
def install(monkeypatch):
    return lambda **how: monkeypatch.setitem(sys.modules, "cupy", fake_cupy(**how))


def test_lookup_of_a_gpu(install):
    install(count=2)
    gpu = find("gpu:1")
    assert gpu.name == "Test GPU, CuPy 14.2.0, CUDA 12.6"
    assert gpu.free() == 105
    gpu.release()
    assert gpu.full(gpu.xp.cuda.memory.OutOfMemoryError())
    assert gpu.full(RuntimeError("CUSOLVER_STATUS_ALLOC_FAILED"))
    assert not gpu.full(RuntimeError("CUSOLVER_STATUS_INVALID_VALUE"))
    assert find("cpu") is None


def test_a_gpu_that_cannot_be_used_is_one_sentence(install, monkeypatch):
    cases = [
        ("gpu:2", {"count": 2}, "this machine has 2, counted from 0"),
        ("gpu", {"count": 0}, "no CUDA-capable device"),
        ("gpu", {"broken": ImportError("libcusolver.so.11 is missing.\nmore")}, r"\(libcusolver.so.11 is missing\)"),
    ]
    for name, how, words in cases:
        install(**how)
        with pytest.raises(InputError, match=words):
            find(name)
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(InputError, match=r"pip install 'solenoidal\[gpu\]'"):
        find("gpu")
    with pytest.raises(InputError, match="'gpux' is not known: give cpu, gpu"):
        find("gpux")


JOB = sol.Job({"model": "kane_mele", "fermi_energy": 0.0}, {"mesh": 6}, {"mu": [0.1], "temperature": 300})
TEXT = """
[system]
model = "kane_mele"
fermi_energy = 0.0
[zone]
mesh = 6
[scan]
mu = [0.1]
temperature = 300
"""


def test_result_says_where_it_was_computed():
    model = models.build("kane_mele")
    there, here = (sol.compute(model, JOB, device=name) for name in ("numpy", "cpu"))
    assert there.attrs["device"] == "numpy"
    assert here.attrs["device"] == "cpu"
    np.testing.assert_allclose(there.conductivity, here.conductivity, atol=1e-12 * abs(here.conductivity).max())


def test_jobs_that_are_not_for_a_device_are_refused():
    kane_mele = models.build("kane_mele")
    tetrahedra = replace(JOB, zone=replace(JOB.zone, method="tetrahedron"))
    rays = sol.Job({"model": "rashba_gas"}, {"mesh": 8}, {"mu": [0.1], "temperature": 300})
    with pytest.raises(InputError, match=r'\[zone\] method = "tetrahedron" is computed on the CPU only'):
        sol.compute(kane_mele, tetrahedra, device="numpy")
    mixed = replace(JOB, zone=replace(JOB.zone, precision="mixed"))
    with pytest.raises(InputError, match=r'\[zone\] precision = "mixed" is for the CPU only'):
        sol.compute(kane_mele, mixed, device="numpy")
    with pytest.raises(InputError, match="has no mesh"):
        sol.compute(sol.load_model(rays), rays, device="numpy")
    with pytest.raises(InputError, match="in this process"):
        sol.compute(kane_mele, JOB, executor=engine.Threads(1), device="numpy")


def test_option_of_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.toml").write_text(TEXT)
    assert cli.main(["run", "run.toml", "--device", "numpy", "--workers", "2"]) == 0
    assert sol.load("run.nc").attrs["device"] == "numpy"
    capsys.readouterr()
    monkeypatch.setitem(sys.modules, "cupy", None)
    for name, words in (("gpu", "pip install"), ("gpus", "not known")):
        assert cli.main(["run", "run.toml", "--device", name, "-o", "other.nc"]) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert words in line
    assert not (tmp_path / "other.nc").exists()


def test_state_of_another_device_is_refused(model, tmp_path):
    keep = tmp_path / "state"

    def stop(event):
        if isinstance(event, Progress) and event.done == event.total:
            raise KeyboardInterrupt

    mesh = replace(TASK, mesh=(24, 24, 24))
    with pytest.raises(KeyboardInterrupt):
        run(model, mesh, stop, crew=Accelerator(find("numpy"), 1), keep=keep)
    assert any(keep.iterdir())
    with pytest.raises(InputError, match="its device was 'numpy' and is now 'cpu'"):
        run(model, replace(mesh, device="cpu"), keep=keep, resume=True)
    resumed = run(model, mesh, crew=Accelerator(find("numpy"), 2), keep=keep, resume=True)
    whole = run(model, mesh, crew=Accelerator(find("numpy"), 1))
    assert np.array_equal(resumed.conductivity, whole.conductivity)
