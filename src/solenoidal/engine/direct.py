"""Definitions that bring their own sum over k-points: its parts, and how it begins."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from solenoidal import definitions, responses
from solenoidal.definitions import DirectSettings, DirectSum
from solenoidal.engine.task import Task
from solenoidal.model import BlochModel, Operator
from solenoidal.responses import Response
from solenoidal.zone import BLOCK, Mesh

__all__ = ["begin", "direct_blocks", "direct_names", "direct_parts", "made_of_definitions"]

Real = NDArray[np.float64]

#: Blocks of a part, least, and parts of a mesh, most.
LEAST, PARTS = 4, 64


def made_of_definitions(task: Task) -> list[Response]:
    """Responses of a task whose rows are definitions."""
    return [responses.get(name) for name in task.responses if responses.get(name).label == "definition"]


def direct_names(task: Task) -> tuple[str, ...]:
    """Definitions of a task that bring their own sum, if a response of the task is made of definitions."""
    if not made_of_definitions(task):
        return ()
    return tuple(name for name in task.definitions if definitions.get(name).direct)


def begin(name: str, model: BlochModel, operator: Operator, task: Task) -> DirectSum:
    """Empty sum of the definition ``name``; the operator with the components wanted."""
    direct = definitions.get(name).direct
    assert direct is not None
    functions = sorted({response.functions["sea"] for response in made_of_definitions(task)})
    settings = DirectSettings(task.mu, task.kT, tuple(functions), task.degeneracy, task.gamma)
    return direct(model, operator, settings)


def direct_parts(mesh: Mesh) -> Iterator[tuple[tuple[int, int], int]]:
    """Consecutive blocks of a mesh: the first and the one after the last, and their number of points."""
    blocks = -(-mesh.size // BLOCK)
    size = max(LEAST, -(-blocks // PARTS))
    for first in range(0, blocks, size):
        last = min(first + size, blocks)
        yield (first, last), min(last * BLOCK, mesh.size) - first * BLOCK


def direct_blocks(mesh: Mesh, blocks: tuple[int, int]) -> Iterator[Real]:
    """``(n_k, D)`` fractional coordinates of the points of blocks, the last direction fastest."""
    for first in range(blocks[0] * BLOCK, min(blocks[1] * BLOCK, mesh.size), BLOCK):
        number = np.arange(first, min(first + BLOCK, mesh.size))
        index = np.stack(np.unravel_index(number, mesh.n), axis=1)
        yield (index + np.array(mesh.offset)) / np.array(mesh.n)
