"""Speed of the kernel on a GPU: ``python gpu.py``, one file, wherever ``pip install 'solenoidal[gpu]'`` was done.

For crystals of 18 and 36 bands with dense random matrices, all four definitions: k-points per second, the part of the
time that the batched eigensolver alone would take, the ratio to two cores of the same machine, and the largest
difference to their result.  ``--device numpy`` is a smoke test of this script; its speed means nothing.
"""

import argparse
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from solenoidal import engine
from solenoidal.compiled import one_blas_thread
from solenoidal.device import Accelerator, Device, find
from solenoidal.device.backend import host
from solenoidal.device.crew import batch_size, bytes_per_point
from solenoidal.device.eigen import eigenpairs
from solenoidal.device.fourier import source
from solenoidal.device.states import solve
from solenoidal.engine import Task
from solenoidal.engine.collector import Collector
from solenoidal.engine.work import Work
from solenoidal.errors import InputError
from solenoidal.model import BlochModel, Operator
from solenoidal.zone import Mesh

#: Largest difference to the CPU that is promised, in parts of the largest value.
PROMISED = 1e-9


def crystal(N: int, reach: int = 2) -> BlochModel:
    """Dense H, position and spin at ``(2 reach + 1)^3`` lattice vectors, smaller the further away, half filled."""
    rng = np.random.default_rng(1)
    R = np.array(list(itertools.product(range(-reach, reach + 1), repeat=3)))

    def matrices(count: int) -> np.ndarray:
        X = rng.normal(size=(len(R), count, N, N)) + 1j * rng.normal(size=(len(R), count, N, N))
        X *= np.exp(-1.5 * np.linalg.norm(R, axis=1))[:, None, None, None]
        return 0.5 * (X + X[::-1].conj().swapaxes(2, 3))  # the list of R is its own mirror image

    spin = Operator(matrices(3), ("x", "y", "z"))
    return BlochModel(3.0 * np.eye(3), R, matrices(1)[:, 0], 0.1 * matrices(3), {"spin": spin})


def task(n: int) -> Task:
    """One pass over n^3 points."""
    return Task((n,) * 3, (0.5,) * 3, np.linspace(-1.0, 1.0, 21), np.array([0.025]), error=False)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def best(work: Callable[[], object], repeats: int) -> float:
    """Least time after one run that is left out."""
    work()
    return min(seconds(work) for _ in range(repeats))


def on_device(model: BlochModel, device: Device, n: int) -> engine.Outcome:
    return engine.run(model, replace(task(n), device=device.name), crew=Accelerator(device))


@one_blas_thread
def stages(model: BlochModel, device: Device, repeats: int) -> dict[str, float]:
    """Microseconds per k-point of the stages of one batch, each waited for; a run overlaps the last with the others."""
    point = bytes_per_point(model.size, 3, 3)
    n = max(2, round(batch_size(device.free(), 1, point) ** (1 / 3)) - 1)
    work = Work(model, replace(task(n), device=device.name))
    mesh = Mesh((n,) * 3, (0.5,) * 3)
    recipe, there = work.recipe(mesh), source(work.source, device)
    with device.active():
        (tile,) = there.tiles(mesh, work.source.chunks(mesh), n**3)
        batch = there.load(mesh, tile, None)

        def load() -> object:
            return host(there.load(mesh, tile, None).s[:1])

        def states() -> object:
            return solve(batch, device, 1e-3, recipe.plan.highest, None)[0]

        def wait() -> object:
            return host(states().s[:1])

        found = {
            "Fourier sums": best(load, repeats),
            "eigensolver": best(lambda: host(device.eigh(batch.H)[1][:1]), repeats),
            "with verification": best(lambda: host(eigenpairs(batch.H, device).U[:1]), repeats),
            "with rotation": best(wait, repeats),
            "quantities and deposit": best(lambda: Collector(recipe).add(states()), repeats),
        }
    found["quantities and deposit"] -= found["with rotation"]
    return {name: 1e6 * x / n**3 for name, x in found.items()} | {"points": float(n**3)}


def difference(a: engine.Outcome, b: engine.Outcome) -> float:
    """Largest difference in parts of the largest value."""
    return float(abs(a.conductivity - b.conductivity).max() / abs(b.conductivity).max())


def measure(N: int, device: Device, options: argparse.Namespace) -> dict[str, float]:
    """All numbers of one crystal."""
    model, n, few = crystal(N), options.mesh, options.cpu_mesh

    def two_cores() -> engine.Outcome:
        return engine.run(model, task(few), crew=engine.Threads(2))

    differs = difference(on_device(model, device, few), two_cores())
    rate = n**3 / best(lambda: on_device(model, device, n), options.repeats)
    cpu = few**3 / best(two_cores, options.repeats)
    parts = stages(model, device, options.repeats)
    limit = 1e6 / parts["eigensolver"]
    return {
        "bands": N,
        "k-points per second": rate,
        "part of the eigensolver limit": rate / limit,
        "two CPU cores, k-points per second": cpu,
        "ratio to two cores": rate / cpu,
        "difference to the CPU": differs,
        **{f"{name}, us per k-point" if name != "points" else "k-points of the batch": x for name, x in parts.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="gpu", help="gpu, gpu:1, or numpy for a smoke test (default gpu)")
    parser.add_argument("--bands", type=int, nargs="*", default=[18, 36], help="default 18 36")
    parser.add_argument("--mesh", type=int, default=48, help="points per direction on the device (default 48)")
    parser.add_argument("--cpu-mesh", type=int, default=16, help="points per direction on two cores (default 16)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of which the fastest counts (default 3)")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE.json", help="numbers, too")
    options = parser.parse_args()
    try:
        device = find(options.device)
    except InputError as error:
        parser.exit(2, f"{error}\n")
    if device is None:
        parser.exit(2, "give the device to measure: gpu, gpu:1 or numpy\n")
    found = [measure(N, device, options) for N in options.bands]
    print(f"{device.name}, {options.mesh}^3 points\n\n| | " + " | ".join(str(x["bands"]) for x in found) + " |")
    print("|---|" + "---|" * len(found))
    for key in list(found[0])[1:]:
        print(f"| {key} | " + " | ".join(f"{x[key]:.3g}" for x in found) + " |")
    if options.output:
        options.output.write_text(json.dumps({"device": device.name, "results": found}, indent=1))
    if any(not x["difference to the CPU"] < PROMISED for x in found):
        parser.exit(1, f"the result differs from that of the CPU by more than {PROMISED:g}\n")


if __name__ == "__main__":
    main()
