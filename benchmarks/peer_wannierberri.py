"""Measured program: the conventional conductivity by WannierBerri, given the same operators."""

from dataclasses import replace

import numpy as np
import wannierberri as wb
from common import WARM_UP_MESH, Job, measure, read_job, report
from wannierberri.fourier.rvectors import Rvectors
from wannierberri.system import System_R

#: Points per direction of its Fourier transforms.  They must divide the mesh; of 5 and 25, 5 is the faster.
FFT = 5


def build(job: Job) -> System_R:
    """Set the matrices directly; with all centres at the origin nothing is added to the diagonal of A."""
    operators = np.load(job.operators)
    system = System_R(name="benchmark", silent=True, spinor=True)
    system.set_real_lattice(operators["lattice"])
    system.num_wann = operators["H_R"].shape[-1]
    system.set_wannier_centers()
    system.rvec = Rvectors(
        lattice=system.real_lattice, iRvec=operators["R"], shifts_left_red=system.wannier_centers_red
    )
    for key, name in (("Ham", "H_R"), ("AA", "A_R"), ("SS", "S_R")):
        system.set_R_mat(key, operators[name])
    system.set_pointgroup()
    return system


def compute(system: System_R, job: Job) -> np.ndarray:
    """Conductivity in (hbar/e) S/cm, one thread, every k-point of the mesh."""
    calculator = wb.calculators.static.SHC(Efermi=job.levels, kwargs_formula={"spin_current_type": "simple"})
    result = wb.run(
        system,
        wb.Grid(system, NK=job.mesh, NKFFT=FFT),
        {"shc": calculator},
        parallel=False,
        use_irred_kpt=False,
        symmetrize=False,
    )
    return result.results["shc"].data / 100.0  # it gives S/m


def main() -> None:
    job = read_job()
    system = build(job)
    compute(system, replace(job, mesh=WARM_UP_MESH))
    sigma, sample = measure(lambda: compute(system, job), job)
    np.save(job.out, sigma)
    report(sample)


if __name__ == "__main__":
    main()
