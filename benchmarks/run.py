"""Compare with WannierBerri and with the LAPACK floor: ``make bench``.

Every measurement is a process of its own, the programs take turns, the first round is not counted.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import operators
import peer_environment
import tables
from common import Job, Sample

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / ".bench"
#: Largest difference of the two codes at any level, relative to the largest component there.
AGREEMENT = 1e-6
#: Points per direction where threads are compared, and where memory is.
THREADS_MESH, MEMORY_MESHES = 40, (25, 60)
FOUR = ("conventional", "eq11", "eq15", "kubo")
Program = tuple[str, str, Job]
Samples = dict[str, list[Sample]]


def execute(python: str, script: str, job: Job) -> Sample:
    """Run one program to its end and return what it measured."""
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [python, str(HERE / script), json.dumps(asdict(job))]
    done = subprocess.run(command, capture_output=True, text=True, cwd=FOLDER, env={**os.environ, **single})
    if done.returncode:
        raise SystemExit(f"benchmarks/{script} failed with status {done.returncode}:\n{done.stderr.strip()}")
    return Sample(**json.loads(done.stdout.splitlines()[-1]))


def take_turns(programs: dict[str, Program], rounds: int) -> Samples:
    """Run the programs A B C A B C ...; the first round fills caches and is left out."""
    samples: Samples = {name: [] for name in programs}
    for number in range(rounds + 1):
        for name, program in programs.items():
            sample = execute(*program)
            if number:
                samples[name].append(sample)
    return samples


def disagreement(ours: Path, peer: Path) -> float:
    """Largest difference at any level, relative to the largest component at that level."""
    a, b = np.load(ours), np.load(peer)
    if a.shape != b.shape:
        raise SystemExit(f"the two conductivities have shapes {a.shape} and {b.shape}: they cannot be compared.")
    axes = (1, 2, 3)
    return float((abs(a - b).max(axis=axes) / abs(b).max(axis=axes)).max())


def compare(job: Job, rounds: int, peer: str | None) -> tuple[Samples, float | None]:
    """Rates of the peer, of this package and of eigh; how much the two conductivities differ."""
    ours, theirs = FOLDER / "ours.npy", FOLDER / "peer.npy"
    programs: dict[str, Program] = {}
    if peer is not None:
        programs[tables.PEER] = (peer, "peer_wannierberri.py", replace(job, out=str(theirs)))
    programs["solenoidal, conventional"] = (sys.executable, "ours.py", replace(job, out=str(ours)))
    programs["solenoidal, all four"] = (sys.executable, "ours.py", replace(job, definitions=FOUR))
    programs[tables.FLOOR] = (sys.executable, "floor.py", job)
    samples = take_turns(programs, rounds)
    return samples, None if peer is None else disagreement(ours, theirs)


def threads(job: Job, rounds: int) -> Samples:
    """One worker against two, all four definitions."""
    job = replace(job, mesh=THREADS_MESH, definitions=FOUR)
    return take_turns({str(n): (sys.executable, "ours.py", replace(job, workers=n)) for n in (1, 2)}, rounds)


def memory(job: Job) -> dict[int, float]:
    """Peak resident memory in MB by mesh: all four definitions, two workers."""
    job = replace(job, definitions=FOUR, workers=2)
    return {n: execute(sys.executable, "ours.py", replace(job, mesh=n)).peak for n in MEMORY_MESHES}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare with WannierBerri and with numpy.linalg.eigh.")
    parser.add_argument("--rounds", type=int, default=3, help="rounds that count (default 3), one more comes first")
    parser.add_argument("--without-peer", action="store_true", help="do not install or run WannierBerri")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


def main() -> int:
    options = arguments()
    FOLDER.mkdir(exist_ok=True)
    path, fermi, name = operators.provide(FOLDER)
    peer = None if options.without_peer else str(peer_environment.provide(FOLDER))
    job = Job(operators=str(path), fermi=fermi)
    print(f"{name}: {job.mesh}^3 k-points, {len(job.levels)} Fermi levels, T = 0, 27 components", flush=True)
    samples, difference = compare(job, options.rounds, peer)
    print(tables.rates(samples), flush=True)
    if difference is not None:
        print(tables.agreement(difference, AGREEMENT), flush=True)
    if (os.cpu_count() or 1) < 2:
        print("one core only: workers are not compared.")
    else:
        load = os.getloadavg()[0]
        print(tables.threads(threads(job, options.rounds), THREADS_MESH, load), flush=True)
    print(tables.memory(memory(job)))
    return int(difference is not None and not difference <= AGREEMENT)


if __name__ == "__main__":
    sys.exit(main())
