"""Definitions that bring their own sum over k-points, dealt to threads like everything else."""

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from solenoidal import definitions, responses
from solenoidal.definitions import Direct, DirectSettings, DirectSum
from solenoidal.engine.sweep import Sweep
from solenoidal.engine.task import Task
from solenoidal.engine.threads import deal
from solenoidal.events import Counter
from solenoidal.model import BlochModel, Operator
from solenoidal.zone import BLOCK, Mesh

__all__ = ["add_direct", "direct_names"]

Real = NDArray[np.float64]


def direct_names(task: Task) -> tuple[str, ...]:
    """Definitions of a task that bring their own sum, if a response of the task is made of definitions."""
    if not any(responses.get(name).label == "definition" for name in task.responses):
        return ()
    return tuple(name for name in task.definitions if definitions.get(name).direct)


def add_direct(
    sweep: Sweep, model: BlochModel, operator: Operator, task: Task, mesh: Mesh, counter: Counter
) -> dict[str, dict[str, Real]]:
    """Add the direct sums of one mesh to the integrals of a sweep over it.

    Parameters
    ----------
    sweep
        Changed in place: values, shifts and floors of the responses that are made of definitions.
    model, operator
        The operator with the components wanted.
    task, mesh, counter
        As in :func:`solenoidal.engine.sweep.sweep`.

    Returns
    -------
    dict
        By response and definition: error of the limit that the sum takes, ``(T, mu, current, field, component)``.
    """
    chosen = [responses.get(name) for name in task.responses if responses.get(name).label == "definition"]
    functions = {response.name: response.functions["sea"] for response in chosen}
    settings = DirectSettings(task.mu, task.kT, tuple(sorted(set(functions.values()))), task.degeneracy, task.gamma)
    errors: dict[str, dict[str, Real]] = {name: {} for name in functions}
    for name in direct_names(task):
        direct = definitions.get(name).direct
        assert direct is not None
        total = _sum(direct, model, operator, settings, mesh, counter, task.workers)
        row, density = task.definitions.index(name), 1.0 / (mesh.size * model.volume)
        for response, function in functions.items():
            limit = total.limit(function)
            sweep.values[response][row] += density * limit.value
            sweep.shifts[response][row] += density * limit.shift
            sweep.floors[response] = max(sweep.floors[response], density * limit.floor)
            errors[response][name] = density * limit.error
    return errors


def _sum(
    direct: Direct,
    model: BlochModel,
    operator: Operator,
    settings: DirectSettings,
    mesh: Mesh,
    counter: Counter,
    workers: int | None,
) -> DirectSum:
    def work(part: Sequence[range], stop: threading.Event) -> DirectSum:
        mine = direct(model, operator, settings)
        for block in part:
            if stop.is_set():
                return mine
            index = np.stack(np.unravel_index(np.array(block), mesh.n), axis=1)
            mine.add((index + np.array(mesh.offset)) / np.array(mesh.n))
            counter.add(len(block))
        return mine

    blocks = [range(first, min(first + BLOCK, mesh.size)) for first in range(0, mesh.size, BLOCK)]
    return deal(work, blocks, workers)
