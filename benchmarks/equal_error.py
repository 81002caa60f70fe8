"""Processor time to a given error, not on a given mesh: ``python benchmarks/equal_error.py``.

This package, WannierBerri with its symmetry and refinement, and postw90; spin Hall conductivity of platinum, anomalous
Hall conductivity of iron, 21 Fermi levels.  The error is the root mean square over the levels of the difference to the
limit, in parts of the largest value.  The time to an error is that from which on all denser meshes stay below it.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import error_postw90
import numpy as np
import peer_environment
from error_job import Ladder, Step

from solenoidal import symmetry
from solenoidal.readers import read_wannier90

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
FOLDER = ROOT / ".bench"
DATA = Path(os.environ.get("SOLENOIDAL_DATA", ROOT.parent / "shared" / "data"))
TARGETS = (1e-1, 1e-2, 1e-3)
#: Steps that took longer (s) are not repeated.
LONG = 4.0


@dataclass(frozen=True)
class Case:
    """A crystal and its response, how dense meshes may be (sharp levels, spread ones, peer), how the limit is found."""

    name: str
    seed: Path
    fermi: float
    response: str
    kelvin: float
    generators: tuple[str, ...]
    last: int
    spread_last: int
    peer_last: int
    method: str
    reference: tuple[int, int]
    tolerance: float

    @property
    def ladder(self) -> Ladder:
        """Without steps."""
        path = FOLDER / f"{self.seed.name}-symmetric.npz"
        win = str(self.seed.with_suffix(".win"))
        return Ladder(str(path), self.fermi, self.response, self.kelvin, self.generators, (), win)


PT = ("Inversion", "C4z", "C4x", "TimeReversal")
FE = ("Inversion", "C4z", "TimeReversal*C2x")
CASES = {
    "pt": Case(
        "Pt, T = 0", ROOT / "examples/pt/Pt", 17.6251, "spin", 0.0, PT, 100, 100, 80, "linear", (120, 200), 0.01
    ),
    "fe": Case("Fe, 300 K", DATA / "fe-qe/Fe", 13.2234, "charge", 300.0, FE, 240, 128, 100, "plain", (400, 520), 0.05),
}
LADDER = (10, 12, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 80, 96, 100, 128, 160, 200, 240)
#: Meshes of the peer and the size of its Fourier transforms, which must divide them; 5 and 6 are the fastest.
PEER_LADDER = {12: 6, 20: 5, 24: 6, 30: 6, 36: 6, 40: 5, 48: 6, 54: 6, 60: 6, 72: 6, 80: 5, 100: 5}
#: Its refinement: first mesh, size of the transforms, iterations, cells divided by each.
PEER_REFINED = ((12, 4, 24, 1), (24, 6, 8, 1), (40, 5, 8, 2))
PEER_TETRA = (24, 40)
POSTW90, PLAIN = "postw90", "solenoidal, plain, Gamma"


@dataclass
class Point:
    """One result of a program: processor times of the rounds, values at the levels."""

    label: str
    times: list[float]
    values: np.ndarray
    error: float = 0.0
    at_fermi: float = 0.0

    @property
    def cpu(self) -> float:
        """Median of the rounds, s."""
        return median(self.times)


@dataclass
class Series:
    """Results of one program with one choice of options, from the coarsest on."""

    start_up: float = 0.0
    points: list[Point] = field(default_factory=list)

    def needed(self, target: float, kind: str) -> float | None:
        """Seconds from which the error stays below a target; None unless the last two are below: one may be chance."""
        points = sorted(self.points, key=lambda p: p.cpu)
        errors = [getattr(p, kind) for p in points]
        above = [i for i, e in enumerate(errors) if e > target]
        first = above[-1] + 1 if above else 0
        if first > len(points) - min(2, len(points)):
            return None
        if first == 0:
            return points[0].cpu
        (t0, e0), (t1, e1) = ((points[i].cpu, max(errors[i], 1e-15)) for i in (first - 1, first))
        return float(np.exp(np.interp(-np.log(target), -np.log([e0, e1]), np.log([t0, t1]))))


def execute(python: str, script: str, ladder: Ladder) -> dict[str, object]:
    """Run one program to its end: what its steps gave, and its start-up time."""
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [python, str(HERE / script), ladder.text()], capture_output=True, text=True, env={**os.environ, **single}
    )
    if done.returncode:
        raise SystemExit(f"benchmarks/{script} failed with status {done.returncode}:\n{done.stderr.strip()}")
    return json.loads(done.stdout.splitlines()[-1])


def own_series(case: Case) -> dict[str, tuple[Step, ...]]:
    """Steps of this package by choice of options."""
    last = {"plain": case.last, "linear": case.spread_last}
    choices = {(m, o): f"solenoidal, {m}, {'half' if o else 'Gamma'}" for o in (0.0, 0.5) for m in last}
    out = {name: tuple(Step(n, o, m) for n in LADDER if n <= last[m]) for (m, o), name in choices.items()}
    out["solenoidal, tetrahedron, half"] = tuple(Step(n, 0.5, "tetrahedron") for n in LADDER if n <= 64)
    out["solenoidal, linear, half, no symmetry"] = tuple(Step(n, 0.5, "linear", False) for n in LADDER if n <= 40)
    name = f"solenoidal, tolerance {case.tolerance:g}"
    return {**out, name: (Step(12, 0.5, "linear", tolerance=case.tolerance),)}


def peer_series(last: int) -> dict[str, tuple[Step, ...]]:
    """Steps of WannierBerri by choice of options."""
    out = {"WannierBerri": tuple(Step(n, fft=fft) for n, fft in PEER_LADDER.items() if n <= last)}
    out["WannierBerri, tetrahedra"] = tuple(Step(n, fft=PEER_LADDER[n], tetra=True) for n in PEER_TETRA)
    for n, fft, iterations, spread in PEER_REFINED:
        out[f"WannierBerri, {n} refined"] = (Step(n, fft=fft, iterations=iterations, spread=spread),)
    return out


def take_turns(programs: dict[str, tuple[str, str, Ladder]], rounds: int) -> dict[str, Series]:
    """Run the programs A B C A B C ...; steps that took long only in the first round."""
    series = {name: Series() for name in programs}
    for number in range(rounds):
        for name, (python, script, ladder) in programs.items():
            every = range(len(ladder.steps))
            chosen = [i for i in every if number == 0 or _short(series[name], ladder.steps, i)]
            if chosen:
                answer = execute(python, script, replace(ladder, steps=tuple(ladder.steps[i] for i in chosen)))
                series[name].start_up = float(answer["start_up"])
                _note(series[name], [ladder.steps[i] for i in chosen], answer["steps"])
    return series


def _labels(step: Step, count: int) -> list[str]:
    return [f"{step.mesh}" if count == 1 else f"{step.mesh} iteration {i}" for i in range(count)]


def _short(series: Series, steps: tuple[Step, ...], i: int) -> bool:
    own = [p.cpu for p in series.points if p.label.split()[0] == str(steps[i].mesh)]
    return max(own) < LONG


def _note(series: Series, steps: list[Step], answers: list[list[dict[str, object]]]) -> None:
    known = {p.label: p for p in series.points}
    for step, found in zip(steps, answers, strict=True):
        for label, x in zip(_labels(step, len(found)), found, strict=True):
            if label in known:
                known[label].times.append(float(x["cpu"]))
            else:
                series.points.append(Point(label, [float(x["cpu"])], np.array(x["values"])))


def reference(case: Case) -> tuple[np.ndarray, float]:
    """The limit, and the difference of the two densest meshes: kept in ``.bench``."""
    rows = []
    for n in case.reference:
        path = FOLDER / f"limit-{case.seed.name}-{case.kelvin:g}-{n}.npy"
        if not path.is_file():
            ladder = replace(case.ladder, steps=(Step(n, 0.5, case.method),))
            np.save(path, execute(sys.executable, "error_ours.py", ladder)["steps"][0][0]["values"])
        rows.append(np.load(path))
    return rows[1], error_of(rows[0], rows[1])


def error_of(values: np.ndarray, limit: np.ndarray) -> float:
    """Root mean square over the levels, in parts of the largest value."""
    return float(np.sqrt(((values - limit) ** 2).mean()) / abs(limit).max())


def export(case: Case) -> None:
    """Write the operators, symmetrised."""
    model = symmetry.impose(read_wannier90(case.seed), case.seed.with_suffix(".win"), fermi_energy=case.fermi)
    A, s = (np.moveaxis(x, 1, -1) for x in (model.position, model.operator("spin").matrices))
    np.savez(case.ladder.operators, lattice=model.lattice, R=model.R, H_R=model.H, A_R=A, S_R=2.0 * s)


def postw90(case: Case, plain: Series) -> Series:
    """Its time on the meshes of the ladder, from its time per point, with the error of the same sum by this package."""
    cost = error_postw90.measure(case.seed, FOLDER / f"postw90-{case.response}", case.response, case.fermi)
    same = next(p for p in plain.points if p.label == str(error_postw90.MESHES[1]))
    print(f"postw90: {1 / cost.point:.0f} k-points per CPU-second")
    if case.kelvin == 0.0:
        print(f"its numbers and ours on the same mesh differ by {error_of(cost.values, same.values):.1e}")
    points = [Point(p.label, [cost.time(int(p.label))], p.values, p.error, p.at_fermi) for p in plain.points]
    return Series(cost.start_up, points)


def table(series: dict[str, Series]) -> Iterator[str]:
    """One line per program: seconds to every target, start-up excluded, and start-up."""
    heads = [f"{100 * t:g} % {where}" for where in ("all levels", "at E_F") for t in TARGETS]
    yield f"\n| program | {' | '.join(heads)} | start-up | smallest error |"
    yield "|---" * (len(heads) + 3) + "|"
    for name, s in series.items():
        best = min(p.error for p in s.points)
        cells = [_seconds(s.needed(t, kind), s) for kind in ("error", "at_fermi") for t in TARGETS]
        yield f"| {name} | {' | '.join(cells)} | {s.start_up:.1f} | {100 * best:.2g} % |"


def ratios(series: dict[str, Series]) -> Iterator[str]:
    """The best choice of options of this package against the best of every other program."""
    families = {"solenoidal", "WannierBerri", POSTW90} & {name.split(",")[0] for name in series}
    yield ""
    for kind, where in (("error", "all levels"), ("at_fermi", "at E_F")):
        for target in TARGETS:
            best = {who: _best(series, who, target, kind) for who in families}
            own, own_name, own_reached = best.pop("solenoidal")
            for _, (time, name, reached) in sorted(best.items()):
                if not own_reached and not reached:
                    text = f"neither {own_name} nor {name}"
                elif not own_reached:
                    text = f"{name} alone ({time:.2f} s)"
                elif not reached and time < own:
                    text = f"{own_name} ({own:.2f} s); {name} not within the {time:.0f} s it was given"
                else:
                    more = "" if reached else "more than "
                    text = f"{own_name} ({own:.2f} s), {more}{time / own:.1f} times less than {name}"
                yield f"{100 * target:g} % {where}: {text}"


def _best(series: dict[str, Series], who: str, target: float, kind: str) -> tuple[float, str, bool]:
    """Least time to a target, with what, and whether it was reached; else the longest time spent."""
    own = {name: s for name, s in series.items() if name.split(",")[0] == who}
    found = {name: time for name, s in own.items() if (time := s.needed(target, kind)) is not None}
    if found:
        name = min(found, key=lambda x: found[x])
        return found[name], name, True
    name = max(own, key=lambda x: max(p.cpu for p in own[x].points))
    return max(p.cpu for p in own[name].points), name, False


def _seconds(time: float | None, series: Series) -> str:
    return f"{time:.2f}" if time is not None else f"> {max(p.cpu for p in series.points):.3g}"


def details(series: dict[str, Series]) -> Iterator[str]:
    """Every point of every series."""
    for name, s in series.items():
        yield f"\n{name}\n" + "\n".join(
            f"  {p.label:>16} {p.cpu:9.3f} s   all {100 * p.error:8.3f} %   E_F {100 * p.at_fermi:8.3f} %"
            for p in s.points
        )


def compare(case: Case, rounds: int, peer: str | None) -> None:
    """Print everything about one case."""
    if not Path(case.ladder.operators).is_file():
        export(case)
    limit, uncertain = reference(case)
    print(f"\n## {case.name}: limit known to {100 * uncertain:.2g} %", flush=True)
    programs = {
        name: (sys.executable, "error_ours.py", replace(case.ladder, steps=steps))
        for name, steps in own_series(case).items()
    }
    if peer is not None:
        for name, steps in peer_series(case.peer_last).items():
            programs[name] = (peer, "error_wannierberri.py", replace(case.ladder, steps=steps))
    series = take_turns(programs, rounds)
    middle = len(limit) // 2
    for point in (p for s in series.values() for p in s.points):
        point.error = error_of(point.values, limit)
        point.at_fermi = abs(point.values[middle] - limit[middle]) / abs(limit[middle])
    if error_postw90.available():
        series[POSTW90] = postw90(case, series[PLAIN])
    print("\n".join([*details(series), *table(series), *ratios(series)]), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"default: all of {', '.join(CASES)}")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of every step that takes less than 4 s (2)")
    parser.add_argument("--without-peer", action="store_true", help="do not install or run WannierBerri")
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    peer = None if options.without_peer else str(peer_environment.provide(FOLDER))
    for name in options.cases or CASES:
        if not list(CASES[name].seed.parent.glob("*.eig")):
            print(f"{name} is left out: {CASES[name].seed.parent} is absent (set SOLENOIDAL_DATA).")
            continue
        compare(CASES[name], options.rounds, peer)


if __name__ == "__main__":
    main()
