"""Where the zone is swept: blocks of k-points on threads, quantities collected in energy, one pass for everything."""

import numpy as np

from solenoidal import definitions, quantities, zone
from solenoidal.bloch import select_axes
from solenoidal.compiled import announced_compilation, one_blas_thread
from solenoidal.diagnostics import band_range
from solenoidal.engine import quality
from solenoidal.engine.direct import add_direct, direct_names
from solenoidal.engine.sweep import functions_wanted, sweep
from solenoidal.engine.task import Outcome, Task
from solenoidal.engine.threads import cores
from solenoidal.errors import InputError
from solenoidal.events import Counter, Listener, silent
from solenoidal.model import BlochModel, Operator
from solenoidal.multiplets import RESOLVED
from solenoidal.quantities import SMALLEST_GAMMA
from solenoidal.symmetry.reduce import Irreducible, irreducible_points, unmixed
from solenoidal.zone import Mesh

__all__ = ["Outcome", "Task", "cores", "run"]

#: Degeneracy energies above this (eV) are compared with the width of the bands.
WIDE = 0.1


@one_blas_thread
def run(model: BlochModel, task: Task, listen: Listener = silent) -> Outcome:
    """Compute every definition of the conductivity on one mesh.

    Parameters
    ----------
    model, task
        See the classes.
    listen
        Receives progress and messages.

    Raises
    ------
    InputError
        For an unknown definition, operator or component, or a mesh that does not fit the model.
    UnstableModelError
        For a bosonic model that is not positive definite on the mesh.
    """
    _check(model, task)
    operator = select_axes(model.operator(task.operator), task.axes, model.source)
    mesh = Mesh(tuple(task.mesh), tuple(task.offset))
    coarse = mesh.halved()
    functions = functions_wanted(task)
    source = zone.source(model, operator, any(quantities.get(name).curvature for name in functions))
    passes = 1 + len(direct_names(task))
    counter = Counter(listen, passes * (mesh.size + (coarse.size if task.error else 0)))
    with announced_compilation(listen):
        fine = sweep(source, task, functions, mesh, counter, _stars(task, operator, mesh))
        limits = add_direct(fine, model, operator, task, mesh, counter)
    errors = {}
    if task.error:
        half = sweep(source, task, functions, coarse, counter, _stars(task, operator, coarse))
        add_direct(half, model, operator, task, coarse, counter)
        errors = {name: abs(fine.values[name] - half.values[name]) for name in fine.values}
    small = quality.residuals(model, task) | quality.limit_residuals(task, fine, limits)
    return Outcome(
        fine.values,
        errors,
        fine.shifts,
        fine.carriers,
        mesh.size,
        fine.bands,
        small,
        quality.warnings(task, fine, errors, small),
        fine.floors,
        limits,
    )


def _stars(task: Task, operator: Operator, mesh: Mesh) -> Irreducible | None:
    """Irreducible points of a mesh, where the task has symmetry."""
    if not task.operations:
        return None
    if (np.asarray(task.kT) == 0.0).any():
        raise InputError(
            "temperature: at T = 0 Fermi surfaces are averaged over mesh cells, which symmetry does not keep: take 0 "
            "out of the list or set symmetry = false in [zone]."
        )
    return irreducible_points(mesh, unmixed(task.operations, operator))


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
    if not len(task.mu) or np.any(np.diff(task.mu) < 0.0):
        raise InputError("mu: the chemical potentials must be ascending and at least one.")
