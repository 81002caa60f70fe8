"""Whoever computes the parts, wherever and in whatever order, the bits are the same."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

import solenoidal
from solenoidal import cli, results
from solenoidal.engine import Processes, Remote, Task, Threads, run, schedule
from solenoidal.engine.collector import Collector
from solenoidal.engine.work import Work
from solenoidal.errors import UnstableModelError, WorkersLostError
from solenoidal.events import Progress
from solenoidal.models import build
from solenoidal.zone import Mesh

TASK = Task((20, 20, 20), (0.5, 0.5, 0.5), np.array([-0.4, 0.1]), np.array([0.0, 0.001, 0.1]))


@pytest.fixture(scope="module")
def model():
    return build("wilson_dirac")


@pytest.fixture(scope="module")
def expected(model):
    return run(model, TASK, crew=Threads(1))


def same(a, b):
    for kind in ("values", "errors", "shifts"):
        for name, x in getattr(a, kind).items():
            assert np.array_equal(x, getattr(b, kind)[name]), (kind, name)


class Backwards(Executor):
    """Computes the last task first."""

    def __init__(self):
        self.waiting, self.pool = [], ThreadPoolExecutor(1)
        self.sent = []

    def submit(self, function, *arguments, **_):
        self.sent.append(len(arguments[1] or b""))
        future = Future()
        self.waiting.append((future, function, arguments))
        self.pool.submit(self._work)
        return future

    def _work(self):
        time.sleep(0.02)
        future, function, arguments = self.waiting.pop()
        future.set_result(function(*arguments))


def test_parts_cover_a_mesh_once_and_do_not_depend_on_the_workers(model):
    for shape in ((20, 20, 20), (7, 40, 3), (64, 1, 1)):
        mesh = Mesh(shape, (0.5,) * 3)
        parts = Work(model, TASK).parts(mesh)
        assert sum(p.points for p in parts) == mesh.size
        assert [p.chunks[0] for p in parts[1:]] == [p.chunks[1] for p in parts[:-1]]


@pytest.mark.parametrize("count", [2, 3, 5])
def test_any_number_of_threads(model, expected, count):
    same(run(model, TASK, crew=Threads(count)), expected)


def test_processes(model, expected):
    same(run(model, TASK, crew=Processes(2)), expected)


def test_any_order(model, expected, monkeypatch):
    monkeypatch.setattr(schedule, "_KNOWN", {})
    executor = Backwards()
    same(run(model, TASK, crew=Remote(executor)), expected)
    # The operators travel only to a worker that does not have them: with the second try of the first parts.
    assert executor.sent[0] == 0
    assert 1 <= sum(size > 0 for size in executor.sent) <= schedule.LEAST_AHEAD


def test_progress_of_other_workers_counts_every_point_once(model):
    seen = []
    with ThreadPoolExecutor(2) as pool:
        run(model, TASK, seen.append, crew=Remote(pool))
    counts = [e.done for e in seen if isinstance(e, Progress)]
    assert counts == sorted(set(counts))
    assert counts[-1] == 20**3 + 10**3


def test_processes_that_are_killed_are_replaced(model, expected, monkeypatch):
    """SIGKILL by process id, twice, in mid-run."""
    monkeypatch.setattr("solenoidal.engine.work.PARTS", 1000)
    monkeypatch.setattr("solenoidal.engine.work.LEAST", 1)
    crew, killed = Processes(2), []

    def listen(event):
        if isinstance(event, Progress) and len(killed) < 2 and event.done > (1 + 3 * len(killed)) * 1000:
            victim = next(iter(crew.executor._processes))
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

    outcome = run(model, TASK, listen, crew=crew)
    assert len(killed) == 2
    finer = run(model, TASK, crew=Threads(2))
    same(outcome, finer)
    np.testing.assert_allclose(outcome.conductivity, expected.conductivity, atol=1e-12)


def test_executor_that_breaks_is_one_sentence(model):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(time.sleep, 0).result()

        def listen(event):
            if isinstance(event, Progress):
                os.kill(next(iter(pool._processes)), signal.SIGKILL)

        with pytest.raises(WorkersLostError, match="workers were lost") as lost:
            run(model, TASK, listen, crew=Remote(pool))
    assert "\n" not in str(lost.value)


def test_mistakes_found_by_a_worker_reach_the_user(model):
    class Failing(Executor):
        def submit(self, function, *arguments, **_):
            future = Future()
            future.set_exception(UnstableModelError("not positive definite at k = (0, 0, 0)."))
            return future

    with pytest.raises(UnstableModelError, match="k = "):
        run(model, TASK, crew=Remote(Failing()))


def test_stopped_threads_end_at_their_next_block(model):
    crew = Threads(2)

    def listen(event):
        if isinstance(event, Progress):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(model, TASK, listen, crew=crew)
    assert not [t for t in threading.enumerate() if t.name.startswith("ThreadPoolExecutor") and t.is_alive()]


SOURCE = str(Path(solenoidal.__file__).parents[1])
JOB = """
[system]
model = "wilson_dirac"
[zone]
mesh = [{n}, {n}, {n}]
[scan]
mu = [-0.4, 0.1]
temperature = [0, 300]
"""


@pytest.fixture
def job(tmp_path):
    path = tmp_path / "job.toml"
    path.write_text(JOB.format(n=96))
    return path


def bits(path):
    return {name: x.values.tobytes() for name, x in results.load(path).data_vars.items()}


class DaskCluster:
    """A real scheduler and real worker processes."""

    def __init__(self, folder):
        self.folder, self.children = folder, []
        self.environment = {**os.environ, "PYTHONPATH": SOURCE, "OMP_NUM_THREADS": "1"}

    def scheduler(self, name):
        self.file = self.folder / name
        self._start("dask.__main__", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                    "--scheduler-file", str(self.file))  # fmt: skip
        while not self.file.is_file() or not self.file.read_text().strip().endswith("}"):
            time.sleep(0.05)
        return self.children[-1]

    def worker(self):
        self._start("dask.__main__", "worker", "--scheduler-file", str(self.file), "--nthreads", "1", "--no-nanny",
                    "--no-dashboard", "--death-timeout", "60", "--local-directory", str(self.folder))  # fmt: skip
        return self.children[-1]

    def _start(self, module, *arguments):
        command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
        with (self.folder / f"log-{len(self.children)}").open("w") as log:
            child = subprocess.Popen(command, env=self.environment, cwd=self.folder, stdout=log, stderr=log)
        self.children.append(child)

    def close(self):
        for child in self.children:
            child.kill()
            child.wait()


@pytest.fixture
def dask(tmp_path):
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    cluster = DaskCluster(tmp_path)
    yield cluster
    cluster.close()


#: A line of progress at every tenth, whatever the time; a state after every part.
EAGER = """
import sys
from solenoidal import cli, terminal
from solenoidal.engine import checkpoint
terminal.SECONDS, checkpoint.EVERY = 0.0, 0.0
sys.exit(cli.main(sys.argv[1:]))
"""


def client(job, out, address, *options):
    """The command line on a cluster, in a process of its own."""
    command = [sys.executable, "-c", EAGER, "run", str(job), "-o", str(out), "--cluster", str(address)]
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    return subprocess.Popen(
        [*command, *options], env=environment, cwd=job.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_progress(running, part):
    """Read the plain lines of progress until that part is done."""
    for line in running.stderr:
        found = re.search(r"k-points +(\d+) %", line)
        if found and int(found[1]) >= 100 * part:
            return
    pytest.fail(f"the run ended before {part} of it was seen: status {running.wait()}")


@pytest.mark.slow
def test_cluster_with_a_worker_that_dies_and_one_that_comes_late(job, dask, tmp_path):
    assert cli.main(["run", str(job), "-o", str(tmp_path / "here.nc"), "--workers", "1"]) == 0
    dask.scheduler("scheduler.json")
    first = dask.worker()
    running = client(job, tmp_path / "there.nc", dask.file)
    wait_for_progress(running, 0.1)
    dask.worker()  # late
    wait_for_progress(running, 0.4)
    first.send_signal(signal.SIGKILL)
    _, err = running.communicate(timeout=300)
    assert running.returncode == 0, err
    assert "Traceback" not in err
    assert bits(tmp_path / "there.nc") == bits(tmp_path / "here.nc")


@pytest.mark.slow
def test_scheduler_that_dies_leaves_a_run_that_another_one_finishes(job, dask, tmp_path, monkeypatch):
    assert cli.main(["run", str(job), "-o", str(tmp_path / "here.nc"), "--workers", "2"]) == 0
    scheduler = dask.scheduler("first.json")
    dask.worker()
    running = client(job, tmp_path / "there.nc", dask.file)
    state = tmp_path / "there.nc.resume"
    wait_for_progress(running, 0.2)
    scheduler.kill()
    _, err = running.communicate(timeout=300)
    assert running.returncode == 2, err
    assert "Traceback" not in err
    assert state.is_dir()
    assert "--resume" in err
    dask.scheduler("second.json")
    dask.worker()
    again = client(job, tmp_path / "there.nc", dask.file, "--resume")
    _, err = again.communicate(timeout=300)
    assert again.returncode == 0, err
    assert "going on with" in err
    assert not state.exists()
    assert bits(tmp_path / "there.nc") == bits(tmp_path / "here.nc")


def test_nobody_at_the_address_is_one_sentence(job, monkeypatch, capsys):
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    monkeypatch.setattr("solenoidal.engine.cluster.CONNECT", 1)
    assert cli.main(["run", str(job), "--cluster", "tcp://127.0.0.1:9"]) == 2
    assert "no cluster there" in capsys.readouterr().err.splitlines()[-1]


def test_cluster_without_dask_names_the_extra(job, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert cli.main(["run", str(job), "--cluster", "tcp://127.0.0.1:9"]) == 2
    assert "solenoidal[cluster]" in capsys.readouterr().err


MPI = """
import sys
from mpi4py import MPI
from mpi4py.futures import MPIPoolExecutor
import solenoidal as sol

if __name__ == "__main__":
    job = sol.Job.from_toml(sys.argv[1])
    with MPIPoolExecutor() as executor:
        result = sol.compute(sol.load_model(job), job, executor=executor)
    result.attrs["ranks"] = MPI.COMM_WORLD.Get_size()
    sol.save(result, sys.argv[2])
"""


def test_mpi(job, tmp_path):
    pytest.importorskip("mpi4py", reason="mpi4py is not installed")
    beside = Path(sys.executable).with_name("mpiexec")
    mpiexec = str(beside) if beside.is_file() else shutil.which("mpiexec")
    if not mpiexec:
        pytest.skip("there is no mpiexec")
    job.write_text(JOB.format(n=20))
    (tmp_path / "mpi.py").write_text(MPI)
    command = [mpiexec, "-n", "3", sys.executable, "-m", "mpi4py.futures", "mpi.py", str(job), "mpi.nc"]
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert results.load(tmp_path / "mpi.nc").attrs["ranks"] == 3
    assert cli.main(["run", str(job), "-o", str(tmp_path / "here.nc"), "--workers", "1"]) == 0
    assert bits(tmp_path / "mpi.nc") == bits(tmp_path / "here.nc")


def test_merged_collectors_do_not_share_memory(model):
    """A part that is added stays what it was, so that it can be added again."""
    work, mesh = Work(model, TASK), Mesh((8, 8, 8), (0.5,) * 3)
    part = work.parts(mesh)[0]
    one, two = (work.compute(mesh, part, lambda n: None, threading.Event()) for _ in range(2))
    before = {k: a.copy() for k, a in two.state()[1].items()}
    one.merge(two)
    assert all(np.array_equal(a, before[k]) for k, a in two.state()[1].items())
    assert isinstance(one, Collector)
