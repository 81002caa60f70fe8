"""Strong and weak scaling on this machine, and what the overheads mean for more: ``python benchmarks/scaling.py``.

One and two threads take turns, and so do one run alone and two runs side by side, each in a process of its own with
one thread: what these lose they lose to the memory that cores share, and no engine can do better.  Medians of ratios
within a round.

Processes of a pool are warm before the clock starts; their start is timed by itself.  What one part costs the process
that adds parts up (unpickling and adding) bounds the number of workers that it can feed.
"""

import argparse
import os
import pickle
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from solenoidal.engine import Remote, Task, Threads, run
from solenoidal.engine.work import Work
from solenoidal.model import BlochModel
from solenoidal.readers import read_wannier90
from solenoidal.zone import Mesh

PLATINUM = Path(__file__).resolve().parents[1] / "examples" / "pt" / "Pt"
#: Points per direction for one worker, 48 equal parts; k-points of the weak test grow with the number of workers.
MESH = 48
WORKERS = (1, 2)


def task(points: int) -> Task:
    """All four definitions, 27 components, 101 chemical potentials, two temperatures."""
    mu = 17.6251 + np.linspace(-1, 1, 101)
    return Task((points,) * 3, (0.5,) * 3, mu, np.array([0.0, 0.0259]), error=False)


def seconds(model: BlochModel, job: Task, crew: object) -> float:
    """Wall time of one run."""
    start = time.perf_counter()
    run(model, job, crew=crew)
    return time.perf_counter() - start


def alone(model: BlochModel, job: Task) -> float:
    """Wall time of one run on one thread."""
    return seconds(model, job, Threads(1))


def side_by_side(model: BlochModel, job: Task, executor: ProcessPoolExecutor, count: int) -> float:
    """Mean wall time of so many independent runs at once."""
    return float(np.mean([f.result() for f in [executor.submit(alone, model, job) for _ in range(count)]]))


def threads(model: BlochModel, job: Task, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """``(rounds, 2)`` wall times on one and two threads, and of one and two independent runs."""
    shared, independent = [], []
    with pool(2) as executor:
        side_by_side(model, replace(job, mesh=(6, 6, 6)), executor, 2)
        for _ in range(rounds):
            shared.append([seconds(model, job, Threads(n)) for n in WORKERS])
            independent.append([side_by_side(model, job, executor, n) for n in WORKERS])
    return np.array(shared), np.array(independent)


def pool(workers: int) -> ProcessPoolExecutor:
    """Processes that are not forked, as on a cluster."""
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


def processes(model: BlochModel, job: Task, workers: int, rounds: int) -> tuple[float, float]:
    """Median wall time with warm processes, and the time that the first small run took."""
    with pool(workers) as executor:
        first = seconds(model, replace(job, mesh=(4, 4, 4)), Remote(executor, workers))
        return float(np.median([seconds(model, job, Remote(executor, workers)) for _ in range(rounds)])), first


def overheads(model: BlochModel, job: Task) -> tuple[float, float, float, float]:
    """Seconds to compute a part, to add one up, bytes of its sums, bytes of the operators."""
    work, mesh = Work(model, job), Mesh(job.mesh, job.offset)
    part, stop = work.parts(mesh)[1], threading.Event()
    total = work.compute(mesh, part, lambda n: None, stop)
    start = time.perf_counter()
    content = pickle.dumps(work.compute(mesh, part, lambda n: None, stop))
    compute = time.perf_counter() - start
    start = time.perf_counter()
    total.merge(pickle.loads(content))
    return compute, time.perf_counter() - start, len(content), len(pickle.dumps(work))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    model, job = read_wannier90(PLATINUM), task(MESH)
    seconds(model, replace(job, mesh=(6, 6, 6)), Threads(1))
    print(f"platinum, {MESH}^3 k-points, load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores")
    shared, independent = threads(model, job, rounds)
    one, two = np.median(shared, axis=0)
    print(f"threads:   1: {one:.2f} s   2: {two:.2f} s   speed-up {np.median(shared[:, 0] / shared[:, 1]):.2f}", end="")
    print(f" of the {np.median(2 * independent[:, 0] / independent[:, 1]):.2f} of two independent runs")
    strong = {n: processes(model, job, n, rounds) for n in WORKERS}
    print("processes, the same mesh:     " + "   ".join(f"{n}: {t:.2f} s" for n, (t, _) in strong.items()), end="")
    print(f"   speed-up {strong[1][0] / strong[2][0]:.2f}   start {strong[2][1]:.1f} s")
    weak = {n: processes(model, task(round(MESH * n ** (1 / 3))), n, rounds)[0] for n in WORKERS}
    sizes = {n: round(MESH * n ** (1 / 3)) ** 3 / n for n in WORKERS}
    print("processes, points per worker: " + "   ".join(f"{n}: {t:.2f} s" for n, t in weak.items()), end="")
    print(f"   efficiency {weak[1] / sizes[1] / (weak[2] / sizes[2]):.2f}")
    compute, add, result, operators = overheads(model, job)
    print(f"a part: {compute:.2f} s to compute, {1e3 * add:.1f} ms to add, {result / 1e6:.1f} MB of sums", end="")
    print(f"; operators {operators / 1e6:.1f} MB, once for each worker")
    print(
        f"on paper: parts are added while others are computed, so one adding process feeds {compute / add:.0f} workers"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
