"""What the checks share: the job on a moderate mesh, random k-points with well separated levels, sums over the zone."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solenoidal import calculation, definitions, diagnostics
from solenoidal.bloch import States, fourier, solve
from solenoidal.checks.flatness import curvature
from solenoidal.eigen import eigenstates
from solenoidal.engine import Outcome, Task
from solenoidal.engine import run as run_engine
from solenoidal.errors import InputError
from solenoidal.events import Event, Listener, Progress, silent
from solenoidal.job import Job
from solenoidal.model import BlochModel
from solenoidal.multiplets import group_levels
from solenoidal.units import KB

__all__ = ["Context", "Probe", "prepare"]

Real = NDArray[np.float64]

SEED = 20211104
#: Random k-points looked at, and how many of them with the best separated levels are used.
CANDIDATES, POINTS = 96, 6
#: Most points per direction of a mesh, by dimension; of one on which an identity holds point by point.
LARGEST = {1: 256, 2: 96, 3: 24}
SMALL = {1: 16, 2: 8, 3: 4}
#: Identities hold at every temperature; at this kT (eV) or above a moderate mesh can decide them.
WARM = 0.1
#: Step of a finite difference: part of the smallest gap by which a level may move.
STEP = 2e-3
#: Relative ``||D_i s||`` and curvature of the connection above which the basis counts as truncated.
COMPLETE = 1e-8


@dataclass(frozen=True)
class Probe:
    """States at random k-points whose multiplets are well separated.

    Attributes
    ----------
    k
        ``(n_k, D)`` fractional.
    states
        With levels grouped at the degeneracy energy of the job.
    single
        True if no two levels of any of these points form a multiplet.
    step
        Step of finite differences, 1/Angstrom.
    """

    k: Real
    states: States
    single: bool
    step: float

    @property
    def form(self) -> str:
        """How the bands were treated, for the user."""
        return "single bands" if self.single else "traces over multiplets"


@dataclass(frozen=True)
class Context:
    """Everything a check may look at.

    Attributes
    ----------
    model, job, workers
        As given.
    axes
        Components of the operator, None for all.
    mesh, offset
        Moderate mesh, one number per periodic direction.
    mu
        ``(3,)`` chemical potentials, eV.
    kT
        eV, positive.
    listen
        Receives messages, but not the progress of single integrals.
    """

    model: BlochModel
    job: Job
    axes: tuple[str, ...] | None
    mesh: tuple[int, ...]
    offset: tuple[float, ...]
    mu: Real
    kT: float
    workers: int | None = None
    listen: Listener = silent

    @property
    def small(self) -> tuple[int, ...]:
        """Mesh for identities that hold point by point."""
        return (SMALL[self.model.dimension],) * self.model.dimension

    @property
    def length(self) -> float:
        """Size of the cell, Angstrom."""
        return float(self.model.volume ** (1.0 / self.model.dimension))

    @cached_property
    def width(self) -> float:
        """Distance of the highest from the lowest level, eV."""
        low, high = diagnostics.band_range(self.model)
        return high - low

    @cached_property
    def s_size(self) -> float:
        """Largest matrix element of s at the probe."""
        return float(abs(self.probe.states.s).max())

    @property
    def definitions(self) -> tuple[str, ...]:
        """Definitions of the job, by default all that apply to its operator."""
        flow = self.model.operator(self.job.system.operator).flow
        return self.job.compute.definitions or definitions.applicable(flow)

    @property
    def degeneracy(self) -> float:
        """Levels closer than this (eV) form a multiplet."""
        return self.job.compute.degeneracy

    def states(self, k: Real) -> States:
        """States at scattered k-points ``(n_k, D)``."""
        return solve(fourier(self.model, k, self.job.system.operator, self.axes), self.degeneracy)

    @cached_property
    def probe(self) -> Probe:
        """Random k-points; single bands where that is possible."""
        k = np.random.default_rng(SEED).uniform(size=(CANDIDATES, self.model.dimension))
        block = fourier(self.model, k, "charge")
        e, _, sign = eigenstates(block.H, block.metric, k)
        group = group_levels(e, self.degeneracy, sign)
        gap = np.where(np.diff(group, axis=1) > 0, np.diff(e, axis=1), np.inf).min(axis=1, initial=np.inf)
        alone = group[:, -1] == self.model.size - 1
        single = int(alone.sum()) >= POINTS
        best = np.argsort(np.where(alone | (not single), -gap, np.inf), kind="stable")[:POINTS]
        states = self.states(k[best])
        return Probe(k[best], states, single, self._step(states, float(gap[best].min())))

    def _step(self, states: States, gap: float) -> float:
        reach = float(np.linalg.norm(self.model.R @ self.model.lattice, axis=1).max(initial=0.0))
        speed = float(abs(states.v).max()) + 1e-300
        return STEP * min(gap / speed, 1.0 / max(reach, self.length))

    def gradient(self, quantity: Callable[[States], Real]) -> Real:
        """Cartesian derivative of a quantity of the bands at the probe, appended as last axis; fourth order."""
        out = []
        for i in range(self.model.dimension):
            step = self.probe.step * self.model.lattice[:, i] / (2 * np.pi)
            at = {n: quantity(self.states(self.probe.k + n * step)) for n in (-2, -1, 1, 2)}
            out.append((8.0 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12.0 * self.probe.step))
        return np.stack(out, axis=-1)

    def integrate(self, **options: Any) -> Outcome:
        """Sums over the moderate mesh at ``mu`` and ``kT`` in closed form; ``options`` replace entries of the task."""
        task: dict[str, Any] = {
            "mesh": self.mesh,
            "offset": self.offset,
            "mu": self.mu,
            "kT": np.array([self.kT]),
            "operator": self.job.system.operator,
            "axes": self.axes,
            "degeneracy": self.degeneracy,
            "error": False,
            "workers": self.workers,
        }
        return run_engine(self.model, Task(**{**task, **options}), self.listen)

    @cached_property
    def outcome(self) -> Outcome:
        """Every response on the moderate mesh and on half of it, form (S); definitions conventional, eq11, kubo."""
        return self.integrate(
            responses=("conductivity", "equilibrium", "magnetization", "dipole_density"),
            definitions=("conventional", "eq11", "kubo"),
            error=True,
        )

    @cached_property
    def operator_defect(self) -> tuple[float, float]:
        """Largest ``||D_i s||`` in Angstrom, and relative to s times the size of the cell."""
        defect = float(diagnostics.operator_defect(self.model, self.job.system.operator, self.axes).max(initial=0.0))
        return defect, defect / (self.s_size * self.length) if self.s_size else 0.0

    @cached_property
    def flatness(self) -> float:
        """Largest ``||F_ij||`` at random k, relative to the square of the size of the cell."""
        return curvature(self.model, self.probe.k) / self.length**2

    @property
    def truncation(self) -> str:
        """A sentence on how incomplete the basis is, or nothing if it is complete."""
        _, relative = self.operator_defect
        if relative <= COMPLETE and self.flatness <= COMPLETE:
            return ""
        return (
            f"The basis is truncated, as every Wannier basis is (||D_i s|| is {100 * relative:.2g} % of s times the "
            f"cell, the curvature of the connection {self.flatness:.2g} of its square): expect errors of the size of "
            f"the residual, which no mesh removes."
        )

    @property
    def without_integrals(self) -> str:
        """Why sums over the zone are not possible, or nothing."""
        return "" if self.model.statistics == "fermi" else "sums over the zone are made for fermions only."

    def describe(self) -> str:
        """One line: on what the checks are made."""
        return (
            f"checks on mesh {' x '.join(map(str, self.mesh))} at mu = {self.mu[1]:.6g} eV and kT = {self.kT:.3g} eV; "
            f"{len(self.probe.k)} random k-points, {self.probe.form}"
        )


def prepare(model: BlochModel, job: Job, listen: Listener, workers: int | None) -> Context:
    """Check that the job fits the model and reduce it to a moderate size.

    Raises
    ------
    InputError
        As :func:`solenoidal.compute` does.
    """
    if not isinstance(job, Job):
        raise InputError(f"a job must be a solenoidal.Job, not a {type(job).__name__}: use Job.from_dict.")
    calculation.check_workers(workers)
    axes = calculation.check_operator(model, job)
    most = LARGEST[model.dimension]
    mesh = tuple(min(int(n), most) for n in calculation.per_direction(model, job, "mesh"))
    offset = calculation.per_direction(model, job, "offset")
    kT = max(WARM, KB * max(job.scan.temperature))
    quiet = _without_progress(listen)
    mu = _middle(model, job, mesh, offset, quiet)
    return Context(model, job, axes, mesh, offset, mu + kT * np.array([-1.0, 0.0, 1.0]), kT, workers, quiet)


def _middle(model: BlochModel, job: Job, mesh: tuple[int, ...], offset: tuple[float, ...], listen: Listener) -> float:
    """Fermi level if known and within the scan, else the middle of the scan."""
    fermi = calculation.fermi_energy(model, job, mesh, offset, listen)
    mu = calculation.chemical_potentials(model, job, fermi)
    calculation.check_range(model, job, mu, fermi)
    if fermi is not None and mu[0] <= fermi <= mu[-1]:
        return fermi
    return float(mu[len(mu) // 2])


def _without_progress(listen: Listener) -> Listener:
    """Pass on everything but the progress of single integrals."""

    def pass_on(event: Event) -> None:
        if not isinstance(event, Progress):
            listen(event)

    return pass_on
