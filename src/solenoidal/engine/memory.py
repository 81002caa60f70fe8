"""How much memory a run takes, known before it starts."""

import threading

from solenoidal.engine.schedule import Crew
from solenoidal.engine.surroundings import TILE
from solenoidal.engine.work import BATCH, Work
from solenoidal.errors import InputError
from solenoidal.events import Listener, Message
from solenoidal.zone import PLANES_BYTES, Mesh, block_points

__all__ = ["announce", "collector_bytes", "estimate", "within"]

#: Interpreter and libraries, with compiled kernels.
BASE = 200e6
#: Matrices ``(k, N, N)`` alive at once while a block is worked on, per operator component.
ALIVE = 12
#: Arrays of a quantity in rows alive at once.
COPIES = 4


def collector_bytes(work: Work) -> int:
    """Bytes of the sums of one part, measured on one k-point; with those of the smaller degeneracy energy."""
    mesh = Mesh((1,) * work.model.dimension, (0.37,) * work.model.dimension)
    sums = [work.compute(mesh, part, lambda points: None, threading.Event()) for part in work.parts(mesh)]
    return 2 * sum(array.nbytes for gathered in sums for array in gathered.state()[1].values())


def estimate(work: Work, workers: int, parts: int) -> float:
    """Bytes of this process with so many workers in it and so many parts under way or waiting to be added."""
    N, operators = (
        work.model.size,
        1 + work.model.dimension * 2 + len(work.model.operator(work.task.operator).components),
    )
    matrices = 16.0 * N * N * operators
    scattered = 0.5 if work.task.method == "linear" else 0.0  # for pieces of divided cells
    box = matrices * len(work.model.R) * (1.5 + scattered)
    blocks = workers * (ALIVE * block_points(N) * matrices + PLANES_BYTES + _simplices(work) + _batches(work))
    return BASE + box + blocks + collector_bytes(work) * (1 + parts)


def _batches(work: Work) -> float:
    """Rows of a quantity that come from a device, with copies for their deposit."""
    if work.task.device == "cpu":
        return 0.0
    components = len(work.computed.components)
    return 8.0 * COPIES * BATCH * work.model.size * work.model.dimension**2 * components


def _simplices(work: Work) -> float:
    """Energies around the points of a worker, and weights of the levels of a block at every energy."""
    if not work.simplices:
        return 0.0
    plan = work.recipe(Mesh((1,) * work.model.dimension, (0.0,) * work.model.dimension)).plan
    energies = max(3 * len(plan.mu) if plan.direct else 0, len(plan.energies) if plan.grid else 0)
    return 8.0 * (2 * TILE + 2 * block_points(work.model.size) * work.model.size * energies)


def within(work: Work, crew: Crew) -> int:
    """Number of parts that may be under way at once, as few as the budget of the task demands.

    Raises
    ------
    InputError
        If even one after the other they would take more.
    """
    budget, workers, ahead = work.task.memory, crew.local, crew.ahead
    if budget is None:
        return ahead
    least = max(1, workers)
    room = budget - estimate(work, workers, least)
    if room < 0.0:
        raise InputError(
            f"memory = {budget / 1e9:.3g} GB: this run needs about {(budget - room) / 1e9:.3g} GB, allow more, or ask "
            f" for fewer chemical potentials, definitions, responses or workers."
        )
    return min(ahead, least + int(room // max(1, collector_bytes(work))))


def announce(work: Work, crew: Crew, ahead: int, listen: Listener) -> None:
    """Say what the run takes."""
    size = estimate(work, crew.local, ahead)
    listen(Message(f"memory: about {size / 1e6:.0f} MB, whatever the mesh"))
