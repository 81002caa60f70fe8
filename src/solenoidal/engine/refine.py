"""Meshes that grow until every number is as good as asked for, and an error for each.

The error of a number is estimated from the last two changes of its row of chemical potentials: a change may vanish by
accident at one of them, hardly at its neighbours too.
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from solenoidal import responses
from solenoidal.engine.sweep import Sweep
from solenoidal.engine.task import Task
from solenoidal.events import Listener, Message
from solenoidal.zone import Mesh

__all__ = ["Refined", "estimate", "refine", "shared", "unconverged"]

Real = NDArray[np.float64]

#: Growth of the mesh per direction from one to the next, by dimension.
GROWTH = {1: 2.0, 2: 1.6, 3: 1.5}
#: The error is the last change, or BEFORE times its geometric mean with the one before.
BEFORE = 0.7
#: Neighbouring chemical potentials on each side that share their changes.
NEIGHBOURS = 2
#: Definitions smaller than this part of the largest one are measured against that.
SMALL = 0.01


class Refined:
    """Sums over growing meshes.

    Attributes
    ----------
    meshes, sums
        One per step.
    errors, worst
        By response, of the last sum; the largest part of its number that an error above its tolerance is.
    short
        Sentences on what did not reach the tolerance, empty if everything did.
    """

    def __init__(self) -> None:
        self.meshes: list[Mesh] = []
        self.sums: list[Sweep] = []
        self.errors: dict[str, Real] = {}
        self.worst: float | None = None
        self.short: tuple[str, ...] = ()


def refine(task: Task, add: Callable[[Mesh, float | None], Sweep], listen: Listener) -> Refined:
    """Enlarge the mesh of a task until the tolerance is reached or the next mesh would have too many points.

    Parameters
    ----------
    task
        With a tolerance; its mesh is the first one.
    add
        Sums over a mesh; is told the error of the one before.
    listen
        Told of the error after each mesh.
    """
    out, mesh = Refined(), Mesh(tuple(task.mesh), tuple(task.offset))
    while True:
        out.meshes.append(mesh)
        out.sums.append(add(mesh, out.worst))
        if len(out.sums) > 2:
            out.errors = {name: estimate([s.values[name] for s in out.sums[-3:]]) for name in task.responses}
            found = unconverged(task, out)
            missing, out.worst = [text for _, text in found], max((part for part, _ in found), default=None)
            listen(Message(f"mesh {_text(mesh)}: {missing[0] if missing else 'every error is within the tolerance'}"))
            if not missing:
                return out
        mesh = _larger(mesh)
        if mesh.size > task.most and len(out.sums) > 2:
            out.short = tuple(f"tolerance {task.tolerance:g} not reached: {text}" for text in missing)
            return out


def estimate(values: Sequence[Real]) -> Real:
    """Error of the last of three successive values ``(label, T, mu, ...)`` on growing meshes."""
    before, last = (shared(abs(b - a)) for a, b in itertools.pairwise(values))
    return np.asarray(np.maximum(last, BEFORE * np.sqrt(before * last)))


def shared(change: Real) -> Real:
    """The larger of a change and its root mean square over neighbouring chemical potentials."""
    from scipy.ndimage import uniform_filter1d  # takes long to import, only a tolerance needs it

    around = uniform_filter1d(change**2, size=2 * NEIGHBOURS + 1, axis=2, mode="nearest")
    return np.maximum(change, np.sqrt(np.maximum(around, 0.0)))


def unconverged(task: Task, refined: Refined) -> list[tuple[float, str]]:
    """What exceeds the tolerance, the worst first: error as part of the number, and a sentence."""
    found = []
    for name in task.responses:
        values, errors, floor = refined.sums[-1].values[name], refined.errors[name], refined.sums[-1].floors[name]
        response = responses.get(name)
        for d, label in enumerate(response.terms(task.choice)):
            for t, kT in enumerate(task.kT):
                error = float(errors[d, t].max(initial=0.0))
                scale = _scale(name, values[:, t], d)
                if error > max(floor, (task.tolerance or 0.0) * scale):
                    part = error / scale if scale else np.inf
                    found.append((part, f"{_who(name, label)} at kT = {kT:.3g} eV: error {100 * part:.2g} %"))
    return sorted(found, reverse=True)


def _scale(name: str, values: Real, d: int) -> float:
    """Largest value that an error is compared with: of the definition, or of all parts of an equilibrium response."""
    largest = float(abs(values).max(initial=0.0))
    if name not in ("conductivity", "nernst"):
        return largest
    return max(float(abs(values[d]).max(initial=0.0)), SMALL * largest)


def _who(name: str, label: str) -> str:
    return label if name == "conductivity" else f"{name} {label}"


def _larger(mesh: Mesh) -> Mesh:
    growth = GROWTH[len(mesh.n)]
    return Mesh(tuple(max(n + 1, round(growth * n)) if n > 1 else 1 for n in mesh.n), mesh.offset)


def _text(mesh: Mesh) -> str:
    return " x ".join(map(str, mesh.n))
