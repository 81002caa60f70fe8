"""Measured program: the conductivity by this package."""

from dataclasses import replace

import numpy as np
from common import DEGENERACY, WARM_UP_MESH, Job, measure, read_job, report

from solenoidal.engine import Outcome, Task, run
from solenoidal.model import BlochModel
from solenoidal.readers import read_npz
from solenoidal.units import conductivity_factor


def compute(model: BlochModel, job: Job) -> Outcome:
    """Sweep one mesh at zero temperature, without the second mesh that gives the error bar."""
    task = Task(
        mesh=(job.mesh,) * 3,
        offset=(0.0,) * 3,
        mu=job.levels,
        kT=np.array([0.0]),
        definitions=job.definitions,
        degeneracy=DEGENERACY,
        error=False,
        workers=job.workers,
    )
    return run(model, task)


def main() -> None:
    job = read_job()
    model = read_npz(job.operators)
    compute(model, replace(job, mesh=WARM_UP_MESH))
    outcome, sample = measure(lambda: compute(model, job), job)
    if job.out:
        np.save(job.out, outcome.conductivity[0, 0] * conductivity_factor(3, "internal"))
    report(sample)


if __name__ == "__main__":
    main()
