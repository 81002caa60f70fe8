"""Measured program of ``equal_error.py``: WannierBerri on the same operators, with its symmetry and its refinement."""

import logging
import os
import tempfile
from collections.abc import Iterator

import numpy as np
import wannierberri as wb
from common import WARM_UP_MESH, Job
from error_job import KB, Found, Ladder, Step, processor_time, read_ladder, report
from peer_wannierberri import build
from wannierberri.system import System_R

#: At finite temperature it is given a finer scan, convolved afterwards: eV between its levels, its margin in kT.
SPACING, MARGIN = 0.002, 12.0
#: S/m in S/cm.
UNIT = 0.01


class Clock(logging.Handler):
    """Processor time when every iteration of its refinement begins, which it tells its log."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Note the time of such a line."""
        if record.getMessage().startswith("Iteration"):
            self.times.append(processor_time())


def scan(ladder: Ladder) -> np.ndarray:
    """Levels that it is given."""
    if ladder.kelvin == 0.0:
        return ladder.levels
    margin = SPACING * np.ceil(MARGIN * KB * ladder.kelvin / SPACING)
    low, high = ladder.levels[0] - margin, ladder.levels[-1] + margin
    return np.linspace(low, high, round((high - low) / SPACING) + 1)


def warmed(cold: np.ndarray, ladder: Ladder) -> np.ndarray:
    """Conductivity at the levels of the comparison from that at T = 0 on the scan."""
    if ladder.kelvin == 0.0:
        return cold
    kT = KB * ladder.kelvin
    weights = 1.0 / np.cosh((ladder.levels[:, None] - scan(ladder)) / (2 * kT)) ** 2
    return (weights @ cold) / weights.sum(axis=1)


def component(data: np.ndarray, ladder: Ladder) -> np.ndarray:
    """Conductivity in S/cm: xyz, or z of the pseudovector."""
    return warmed(UNIT * (data[:, 0, 1, 2] if ladder.response == "spin" else data[:, 2]), ladder)


def compute(system: System_R, ladder: Ladder, step: Step, clock: Clock) -> list[Found]:
    """What every iteration of its refinement gives, with the processor time until then."""
    options = {"Efermi": scan(ladder), "tetra": step.tetra, "save_mode": "bin"}
    if ladder.response == "spin":
        calculator = wb.calculators.static.SHC(kwargs_formula={"spin_current_type": "simple"}, **options)
    else:
        calculator = wb.calculators.static.AHC(**options)
    clock.times.clear()
    start = processor_time()
    wb.run(
        system,
        wb.Grid(system, NK=step.mesh, NKFFT=step.fft),
        {"x": calculator},
        parallel=False,
        adpt_num_iter=step.iterations,
        adpt_fac=step.spread,
    )
    ends = [*clock.times[1:], processor_time()]
    files = [np.load(f"result-x_iter-{i:04d}.npz")["data"] for i in range(len(ends))]
    return [Found(end - start, component(x, ladder).tolist()) for end, x in zip(ends, files, strict=True)]


def steps(ladder: Ladder) -> Iterator[list[Found]]:
    """Every step after one on a small mesh."""
    clock, log = Clock(), logging.getLogger("wannierberri")
    log.addHandler(clock)
    log.setLevel(logging.INFO)
    system = build(Job(ladder.operators, ladder.fermi))
    system.set_pointgroup(symmetry_gen=list(ladder.generators))
    for tetra in {step.tetra for step in ladder.steps}:
        compute(system, ladder, Step(WARM_UP_MESH, fft=WARM_UP_MESH, tetra=tetra), clock)
    for step in ladder.steps:
        yield compute(system, ladder, step, clock)


def main() -> None:
    ladder = read_ladder()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        report(steps(ladder))


if __name__ == "__main__":
    main()
