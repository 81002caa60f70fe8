"""From a job to a labelled result: the crystal, the Fermi level, the engine, the units."""

import math
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solenoidal import definitions, diagnostics, engine, filling, models
from solenoidal.bloch import Analytic
from solenoidal.continuum import ContinuumModel
from solenoidal.errors import InputError
from solenoidal.events import Listener, Message, Warned, silent
from solenoidal.job import Job, MuRange
from solenoidal.model import BlochModel
from solenoidal.registry import nearest
from solenoidal.symmetry.operations import Operation
from solenoidal.units import KB

if TYPE_CHECKING:
    import xarray as xr

    from solenoidal.device import Device

__all__ = [
    "check_operator",
    "check_range",
    "check_workers",
    "chemical_potentials",
    "compute",
    "fermi_energy",
    "find_device",
    "inputs",
    "load_crystal",
    "load_model",
    "per_direction",
    "win_file",
]

Real = NDArray[np.float64]

#: First mesh of a calculation with a tolerance where the job names none, by dimension.
FIRST_MESH = {1: (64,), 2: (32,), 3: (12,)}
#: Part of the band width by which a coarse mesh may miss the true edges of the bands.
EDGE = 0.05


def load_model(job: Job, listen: Listener = silent) -> BlochModel | ContinuumModel:
    """Read or build the crystal that a job names, symmetrised where the job asks for it.

    Parameters
    ----------
    job
        Names a Wannier90 seed, an operator file or a built-in model.
    listen
        Receives what was read and how much symmetrising changed.

    Raises
    ------
    InputError
        If the job names no crystal, a file is missing or damaged, the built-in model is unknown, or the model cannot be
        symmetrised.
    """
    model = _as_given(job, listen)
    if not job.system.symmetrise:
        return model
    if isinstance(model, Analytic):
        raise InputError(
            f"{job.origin}: [system] symmetrise: {model.source} has no lattice sum to average, leave it out."
        )
    return _symmetrised(model, job, listen)


def _symmetrised(model: BlochModel, job: Job, listen: Listener) -> BlochModel:
    from solenoidal import symmetry

    try:
        return symmetry.impose(model, win_file(job), listen, job.system.fermi_energy)
    except InputError as error:
        raise InputError(f"{job.origin}: [system] symmetrise: {error}") from None


def win_file(job: Job) -> Path | None:
    """Input file of Wannier90 beside the data that a job names: it lists atoms and projections."""
    from solenoidal import readers

    seed = job.system.wannier90
    return None if seed is None else readers.find_wannier90_files(job.resolve(seed)).get("win")


def _as_given(job: Job, listen: Listener) -> BlochModel | ContinuumModel:
    key = job.require_source()
    if key == "model":
        return _built_in(job)
    from solenoidal import readers

    path = job.resolve(getattr(job.system, key))
    if key == "npz":
        model = readers.read_npz(path, listen=listen)
    else:
        model = readers.read_wannier90(path, spin_order=job.system.spin_order, listen=listen)
    for note in model.notes:
        listen(Message(f"note: {note}"))
    return model


def load_crystal(job: Job, purpose: str, listen: Listener = silent) -> BlochModel:
    """Load the model of a job where only one with a Brillouin zone will do.

    Raises
    ------
    InputError
        As :func:`load_model` does, and if the model has no zone; ``purpose`` says what needs it.
    """
    model = load_model(job, listen)
    if isinstance(model, ContinuumModel):
        raise InputError(f"{job.origin}: {purpose} needs a Brillouin zone, and {model.source} has none.")
    return model


def inputs(job: Job) -> tuple[Path, ...]:
    """Files that a job reads and that a result must not replace."""
    from solenoidal import readers

    if job.system.npz is not None:
        return (Path(job.resolve(job.system.npz)),)
    if job.system.wannier90 is not None:
        return tuple(readers.find_wannier90_files(job.resolve(job.system.wannier90)).values())
    return ()


def _built_in(job: Job) -> BlochModel | ContinuumModel:
    try:
        return models.build(str(job.system.model), **job.system.parameters)
    except InputError as error:
        raise InputError(f"{job.origin}: [system] {error}") from None


def compute(
    model: BlochModel | ContinuumModel,
    job: Job,
    listen: Listener = silent,
    workers: int | None = None,
    *,
    executor: Executor | engine.Crew | None = None,
    keep: Path | None = None,
    resume: bool = False,
    device: str = "cpu",
) -> "xr.Dataset":
    """Compute every definition of the conductivity that a job asks for.

    Parameters
    ----------
    model
        The crystal, from :func:`load_model`, a reader or arrays; or an unbounded continuum model.
    job
        What to compute; its source of the crystal is not looked at.
    listen
        Receives progress, messages and warnings.
    workers
        Threads, None for all cores.
    executor
        Computes instead of threads of this process: any :class:`concurrent.futures.Executor` of other processes
        (a process pool, ``mpi4py.futures.MPIPoolExecutor``, ``dask.distributed.Client.get_executor()``).
        It gets the operators once per worker and the result does not depend on it.
    keep
        Folder where a long run keeps its state, None for nowhere; remove it when the result is saved.
    resume
        Go on with the run whose state is in ``keep``.
    device
        ``"gpu"``, ``"gpu:1"``: the kernel on an NVIDIA GPU (extra ``gpu``); ``executor`` is then left out and
        ``workers`` are the threads that feed it.

    Returns
    -------
    xarray.Dataset
        See :func:`solenoidal.results.build`.

    Raises
    ------
    InputError
        If the job does not fit the model: operator, axes, length of the mesh, an unknown Fermi level,
        chemical potentials outside the bands; if the device cannot be used, or not for this job.

    Notes
    -----
    Chemical potentials beyond the bands are allowed as far as half the band width (at least 1 eV), with a
    warning, because a scan often starts below the lowest band; a scan that misses the bands altogether is
    refused.

    An unbounded model has no zone: ``[zone] mesh`` is then one number, the least number of directions of k (polar
    angles in three dimensions), which are doubled until nothing moves by more than ``[zone] tolerance`` (1e-8 if it
    is not given); ``[zone] cutoff`` is the largest |k|.  ``keep`` is for sums over a zone.
    """
    from solenoidal import results

    if not isinstance(job, Job):
        raise InputError(f"a job must be a solenoidal.Job, not a {type(job).__name__}: use Job.from_dict.")
    check_workers(workers)
    found = find_device(model, job, device, executor)
    axes = check_operator(model, job)
    mesh = tuple(int(n) for n in per_direction(model, job, "mesh"))
    offset = per_direction(model, job, "offset")
    second = None if job.zone.second_offset is None else per_direction(model, job, "second_offset")
    fermi = fermi_energy(model, job, mesh, offset, listen)
    mu = chemical_potentials(model, job, fermi)
    warnings = () if isinstance(model, ContinuumModel) else check_range(model, job, mu, fermi)
    task = engine.Task(
        operator=job.system.operator,
        axes=axes,
        mesh=mesh,
        offset=offset,
        mu=mu,
        kT=KB * np.array(job.scan.temperature),
        definitions=job.compute.definitions or definitions.applicable(model.operator(job.system.operator).flow),
        degeneracy=job.compute.degeneracy,
        form=job.compute.form,
        gamma=job.compute.gamma,
        workers=workers,
        responses=job.compute.responses,
        method=job.zone.integration,
        tolerance=job.zone.tolerance,
        most=job.zone.max_points or engine.MOST,
        memory=None if job.zone.memory is None else 1e9 * job.zone.memory,
        precision=_precision(model, job),
        operations=_operations(model, job),
        device=found.name if found else "cpu",
        second_offset=second,
    )
    crew = engine.Remote(executor) if isinstance(executor, Executor) else executor
    if found:
        from solenoidal.device import Accelerator

        crew = Accelerator(found, workers, listen)
    outcome = _run(model, job, task, listen, crew, keep, resume)
    for text in (*outcome.warnings, *warnings):
        listen(Warned(text))
    return results.build(model, job, task, outcome, fermi, warnings)


def _precision(model: BlochModel | ContinuumModel, job: Job) -> str:
    """Precision of matrix elements, which can be single only in Fourier sums and where 1 / gamma^2 does not cancel."""
    if job.zone.precision == "mixed":
        if not isinstance(model, BlochModel) or isinstance(model, Analytic):
            raise InputError(
                f"{job.origin}: [zone] precision: the matrices of {model.source} are no Fourier sum, leave it out."
            )
        if job.compute.gamma is not None:
            raise InputError(
                f'{job.origin}: [zone] precision: "mixed" leaves no digits of terms of order 1 / gamma^2 that cancel, '
                "leave out precision or [compute] gamma."
            )
    return job.zone.precision


def _run(
    model: BlochModel | ContinuumModel,
    job: Job,
    task: engine.Task,
    listen: Listener,
    crew: engine.Crew | None,
    keep: Path | None,
    resume: bool,
) -> engine.Outcome:
    """Sum over the zone, or along rays for a model without one."""
    cutoff = job.zone.cutoff
    if isinstance(model, ContinuumModel):
        from solenoidal.continuum import integrate

        if job.zone.method not in (None, "plain"):
            raise InputError(f"{job.origin}: [zone] method: {model.source} has no mesh, leave it out.")
        return integrate.run(model, task, model.cutoff if cutoff is None else cutoff, listen, crew)
    if cutoff is not None:
        raise InputError(f"{job.origin}: [zone] cutoff: {model.source} has a Brillouin zone, which ends by itself.")
    if isinstance(model, Analytic):
        for name in task.definitions:
            if definitions.get(name).direct is not None:
                raise InputError(
                    f"{job.origin}: [compute] definitions: '{name}' follows states from k to k, but the plane waves of "
                    f"{model.source} are folded at the edge of the zone: leave it out."
                )
    return engine.run(model, task, listen, crew=crew, keep=keep, resume=resume)


def _operations(model: BlochModel | ContinuumModel, job: Job) -> tuple[Operation, ...]:
    """Operations for the irreducible zone, where the job asks for it."""
    if not job.zone.symmetry:
        return ()
    from solenoidal import symmetry

    try:
        if isinstance(model, Analytic):
            raise InputError(f"{model.source} is no lattice sum whose symmetry could be found, set it to false.")
        return symmetry.exact_operations(model, win_file(job))
    except InputError as error:
        raise InputError(f"{job.origin}: [zone] symmetry: {error}") from None


def check_workers(workers: int | None) -> None:
    """Refuse a number of threads that is none."""
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise InputError(f"workers = {workers!r}: at least one thread is needed, give a whole number.")


def find_device(
    model: BlochModel | ContinuumModel, job: Job, name: str, executor: Executor | engine.Crew | None = None
) -> "Device | None":
    """Device of a name, None for the processor.

    Raises
    ------
    InputError
        If it cannot be used, or not for this job.
    """
    if name == "cpu":
        return None
    from solenoidal.device import find

    if executor is not None:
        raise InputError(f"device '{name}': it computes in this process, leave --workers or --cluster (executor) out.")
    if isinstance(model, ContinuumModel):
        raise InputError(f"device '{name}': {model.source} has no mesh, its rays are integrated on the CPU only.")
    if job.zone.integration == "tetrahedron":
        raise InputError(
            f'{job.origin}: [zone] method = "tetrahedron" is computed on the CPU only: take "plain" or "linear" '
            f"for device '{name}'."
        )
    if job.zone.precision != "double":
        raise InputError(
            f'{job.origin}: [zone] precision = "{job.zone.precision}" is for the CPU only: leave it out for device '
            f"'{name}'."
        )
    return find(name)


def check_operator(model: BlochModel | ContinuumModel, job: Job) -> tuple[str, ...] | None:
    """Axes asked for, after a look at what the model has."""
    name, axes = job.system.operator, job.system.axes
    known = {*model.operators, "charge"}
    if name not in known:
        raise InputError(f"{job.origin}: [system] operator: {_missing(model, job, known)}.")
    components = model.operator(name).components
    for axis in axes or ():
        if axis not in components:
            raise InputError(
                f"{job.origin}: [system] axes: operator '{name}' has no component '{axis}': "
                f"{nearest(axis, components)}."
            )
    return axes


def _missing(model: BlochModel | ContinuumModel, job: Job, known: set[str]) -> str:
    """What to do about an operator that the model does not have."""
    name = job.system.operator
    if name == "spin" and job.system.wannier90 is not None:
        return (
            f"there is no spin data for {model.source}, add its .spn file (write_spn of the interface to Wannier90) "
            'beside .chk, or give spin_order if the order of the basis is known, or choose operator = "charge"'
        )
    if name == "spin" and job.system.npz is not None:
        remedy = 'add the array S_R (Pauli matrices), or choose operator = "charge"'
        return f"there is no spin data in {model.source}, {remedy}"
    return f"{model.source} has no operator '{name}': {nearest(name, known)}"


def per_direction(model: BlochModel | ContinuumModel, job: Job, key: str) -> tuple[float, ...]:
    """Entry of ``[zone]`` with one number per periodic direction; a lone number stands for all of them.

    For a model without a zone the mesh has one number, and there is nothing to shift.
    """
    D = model.dimension
    if isinstance(model, ContinuumModel):
        return _without_zone(model, job, key, getattr(job.zone, key) or (1,))
    entries: tuple[float, ...] = getattr(job.zone, key) or FIRST_MESH[D]
    if len(entries) == 1:
        return entries * D
    if len(entries) != D:
        raise InputError(
            f"{job.origin}: [zone] {key}: {list(entries)} has {len(entries)} numbers but {model.source} "
            f"has {D} periodic direction{'s' * (D > 1)}, give {D} or a single one for all."
        )
    return entries


def _without_zone(model: ContinuumModel, job: Job, key: str, entries: tuple[float, ...]) -> tuple[float, ...]:
    from solenoidal.continuum.directions import LARGEST

    if key != "mesh":
        if entries != (0.5,) or key == "second_offset":
            raise InputError(
                f"{job.origin}: [zone] {key}: {model.source} has no mesh that could be shifted, leave it out."
            )
        return ()
    most = LARGEST[model.dimension] // 2 if model.dimension > 1 else math.inf
    if len(entries) != 1 or entries[0] > most:
        raise InputError(
            f"{job.origin}: [zone] mesh: {model.source} has no Brillouin zone, give one number up to {most:g}, "
            f"the least number of {'polar angles' if model.dimension == 3 else 'directions'} of k."
        )
    return entries


def fermi_energy(
    model: BlochModel | ContinuumModel, job: Job, mesh: tuple[int, ...], offset: tuple[float, ...], listen: Listener
) -> float | None:
    """Fermi level of the job, else from its number of electrons, else of the model."""
    system = job.system
    if system.fermi_energy is not None:
        return system.fermi_energy
    if system.electrons is None:
        return model.fermi_energy
    if isinstance(model, ContinuumModel):
        raise InputError(
            f"{job.origin}: [system] electrons: {model.source} is unbounded and has no cell that electrons could be "
            f"counted in, give fermi_energy or absolute mu."
        )
    if system.electrons >= model.size:
        raise InputError(
            f"{job.origin}: [system] electrons: {model.source} has {model.size} bands, "
            f"{system.electrons:g} electrons per cell fill or exceed them all, give a smaller number."
        )
    level = filling.fermi_level(model, system.electrons, mesh, offset, listen)
    listen(Message(f"Fermi level for {system.electrons:g} electrons per cell: {level:.6f} eV"))
    return level


def chemical_potentials(model: BlochModel | ContinuumModel, job: Job, fermi: float | None) -> Real:
    """Absolute chemical potentials of the scan, eV."""
    mu = job.scan.mu
    if not isinstance(mu, MuRange):
        return np.array(mu)
    energies = np.linspace(mu.start, mu.stop, mu.points)
    if mu.relative_to == "absolute":
        return energies
    if fermi is None:
        raise InputError(
            f"{job.origin}: [scan] mu is relative to the Fermi level, which {model.source} does not tell: "
            'give fermi_energy or electrons in [system], or relative_to = "absolute".'
        )
    return energies + fermi


def check_range(model: BlochModel | ContinuumModel, job: Job, mu: Real, fermi: float | None) -> tuple[str, ...]:
    """Warnings about a scan that leaves the bands; a scan far outside is refused."""
    if isinstance(model, ContinuumModel):
        raise InputError(f"{job.origin}: {model.source} is unbounded, its bands have no range and no zone to sum over.")
    low, high = diagnostics.band_range(model)
    width = high - low
    edge, far = EDGE * width + 1e-6, max(0.5 * width, 1.0)
    bands = f"the bands of {model.source} lie between {low:.4g} and {high:.4g} eV"
    scan = f"{mu[0]:.4g}" if len(mu) == 1 else f"{mu[0]:.4g} .. {mu[-1]:.4g}"
    relative = isinstance(job.scan.mu, MuRange) and job.scan.mu.relative_to == "fermi"
    origin = f" (Fermi level {fermi:.4g} eV)" if relative else ""
    hint = "" if relative or fermi is None else ', or relative_to = "fermi" is meant'
    inside = (mu >= low - edge) & (mu <= high + edge)
    if not inside.any() or mu[0] < low - far or mu[-1] > high + far:
        raise InputError(
            f"{job.origin}: [scan] mu = {scan} eV{origin} leaves the bands: {bands}, choose energies there{hint}."
        )
    if mu[0] < low - edge or mu[-1] > high + edge:
        return (f"mu = {scan} eV goes beyond the bands: {bands}.",)
    return ()
