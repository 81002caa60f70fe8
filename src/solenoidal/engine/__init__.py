"""Where the zone is swept: blocks of k-points on threads, quantities collected in energy, one pass for everything."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solenoidal import definitions
from solenoidal.compiled import announced_compilation, one_blas_thread
from solenoidal.diagnostics import band_range
from solenoidal.engine import checkpoint, memory, offsets, quality
from solenoidal.engine.checkpoint import Checkpoint, Stage, fingerprint
from solenoidal.engine.refine import refine
from solenoidal.engine.schedule import Crew, Processes, Remote, Threads
from solenoidal.engine.sweep import Sweep, sweep
from solenoidal.engine.task import MOST, Outcome, Task
from solenoidal.engine.threads import cores
from solenoidal.engine.work import Work
from solenoidal.errors import InputError
from solenoidal.events import Counter, Listener, Message, silent
from solenoidal.model import BlochModel
from solenoidal.multiplets import RESOLVED
from solenoidal.quantities import SMALLEST_GAMMA
from solenoidal.tetrahedra import nodes
from solenoidal.zone import Mesh

__all__ = ["MOST", "Crew", "Outcome", "Processes", "Remote", "Task", "Threads", "cores", "run"]

Real = NDArray[np.float64]

#: Between the points and the offsets of a mesh in its name.
AT = " at "
#: Degeneracy energies above this (eV) are compared with the width of the bands.
WIDE = 0.1


def run(
    model: BlochModel,
    task: Task,
    listen: Listener = silent,
    *,
    crew: Crew | None = None,
    keep: Path | None = None,
    resume: bool = False,
) -> Outcome:
    """Compute every response on one mesh, or on growing ones until a tolerance is reached.

    Parameters
    ----------
    model, task
        See the classes.
    listen
        Receives progress and messages.
    crew
        Who computes; None for threads of this process.  The result is the same to the last bit for all.
    keep
        Folder for the state of the run, None to keep none; the caller removes it when the result is safe.
    resume
        Go on with the run whose state is in ``keep``.

    Raises
    ------
    InputError
        For an unknown definition, operator or component, a mesh that does not fit the model, or a state that belongs
        to another run.
    UnstableModelError
        For a bosonic model that is not positive definite on the mesh.
    WorkersLostError
        If the workers die and cannot be replaced.
    """
    _check(model, task)
    work = Work(model, task)
    state = _checkpoint(work, keep, resume, listen)
    return _run(work, crew or Threads(task.workers), state, listen)


@one_blas_thread
def _run(work: Work, crew: Crew, state: Checkpoint | None, listen: Listener) -> Outcome:
    task = work.task

    def add(mesh: Mesh, error: float | None = None) -> Sweep:
        stage = state.stage(_name(mesh)) if state else Stage()
        if pruning := work.pruning(mesh):
            listen(Message(f"about {100 * pruning.part:.0f} % of the k-points contribute nothing and are left out"))
        count = counter or Counter(listen, work.total(mesh), error=error)
        out = sweep(work, mesh, crew, count, stage, state, most)
        return out

    counter: Counter | None = None
    short: tuple[str, ...] = ()
    try:
        with announced_compilation(listen):
            most = memory.within(work, crew)
            memory.announce(work, crew, most, listen)
            if task.tolerance is None:
                meshes = _uniform(task)
                mesh = meshes[0]
                counter = Counter(listen, sum(map(work.total, meshes)))
                fine, *others = map(add, meshes)
                errors = {name: abs(fine.values[name] - x.values[name]) for x in others for name in fine.values}
                if task.second_offset is not None:
                    fine, errors = offsets.mean(fine, others[0]), offsets.differences(fine, others[0])
            else:
                refined = refine(task, add, listen)
                mesh, fine, errors, short = refined.meshes[-1], refined.sums[-1], refined.errors, refined.short
    finally:
        crew.close()
    if state:
        state.finish()
    small = quality.residuals(work.model, task) | quality.limit_residuals(task, fine, fine.limits)
    return Outcome(
        fine.values,
        errors,
        fine.shifts,
        fine.carriers,
        mesh.size * (1 if task.second_offset is None else 2),
        fine.bands,
        small,
        (*short, *quality.warnings(task, fine, errors if task.tolerance is None else {}, small)),
        fine.floors,
        fine.limits,
        mesh.n,
    )


def _uniform(task: Task) -> list[Mesh]:
    """The mesh of a task, and the one that it is compared with."""
    mesh = Mesh(tuple(task.mesh), tuple(task.offset))
    if task.second_offset is not None:
        return [mesh, Mesh(mesh.n, tuple(task.second_offset))]
    return [mesh, *([mesh.halved()] if task.error else [])]


def _name(mesh: Mesh) -> str:
    """Name of the sum over a mesh in a state on disk."""
    return "x".join(map(str, mesh.n)) + AT + " ".join(map(repr, mesh.offset))


def _named(name: str) -> Mesh:
    n, offset = name.split(AT)
    return Mesh(tuple(map(int, n.split("x"))), tuple(map(float, offset.split())))


def _checkpoint(work: Work, keep: Path | None, resume: bool, listen: Listener) -> Checkpoint | None:
    """State of the run: an earlier one, an empty one, or none."""
    if keep is None:
        return None
    out = Checkpoint(keep, fingerprint(work), checkpoint.EVERY, listen)
    if not resume:
        if out.found():
            listen(Message(f"an unfinished run in {keep} is dropped: --resume would have gone on with it"))
        out.discard()
    elif out.resume(lambda name: work.recipe(_named(name))):
        out.announce()
    else:
        listen(Message(f"nothing to resume in {keep}: starting from the beginning"))
    return out


def _check(model: BlochModel, task: Task) -> None:
    if len(task.mesh) != model.dimension:
        raise InputError(f"mesh {list(task.mesh)}: {model.source} has {model.dimension} periodic directions.")
    if model.statistics != "fermi":
        raise InputError(f"{model.source}: a conductivity needs fermions, this model obeys Bose statistics.")
    flow = model.operator(task.operator).flow
    for name in task.definitions:
        if flow not in definitions.get(name).flows:
            kinds = "the charge" if flow == "internal" else "internal operators such as spin"
            raise InputError(f"definition '{name}' is for {kinds}, not for operator '{task.operator}'.")
        if definitions.get(name).direct and not np.all(np.asarray(task.kT) > 0.0):
            raise InputError(
                f"temperature: definition '{name}' needs T > 0, take 0 out of the list or drop the definition."
            )
    offsets.check(task)
    if task.degeneracy > WIDE and 0.0 < (width := float(np.subtract(*band_range(model)[::-1]))) <= task.degeneracy:
        raise InputError(
            f"degeneracy = {task.degeneracy:g} eV is wider than all bands of {model.source} ({width:.3g} eV): "
            f"every level would be one multiplet, give a smaller energy."
        )
    if task.degeneracy < RESOLVED:
        raise InputError(
            f"degeneracy = {task.degeneracy:g} eV: levels closer than {RESOLVED:g} eV are equal to rounding."
        )
    if task.gamma is not None and not task.gamma >= SMALLEST_GAMMA:
        raise InputError(
            f"gamma = {task.gamma:g} eV: form (K gamma) loses its digits below {SMALLEST_GAMMA:g} eV, "
            f"give a larger rate or none for form (K)."
        )
    warm = np.asarray(task.kT)[np.asarray(task.kT) > 0.0]
    if task.method == "tetrahedron" and len(task.mu) and len(warm):
        nodes(task.mu, warm)
    if not len(task.mu) or np.any(np.diff(task.mu) < 0.0):
        raise InputError("mu: the chemical potentials must be ascending and at least one.")
