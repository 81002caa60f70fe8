"""A calculation cut into parts that can be computed anywhere, in any order."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from solenoidal import quantities
from solenoidal.bloch import select_axes
from solenoidal.engine.collector import Collector, Recipe, functions_wanted
from solenoidal.engine.task import Task
from solenoidal.model import BlochModel
from solenoidal.spectral import plan
from solenoidal.zone import Interpolator, Mesh

__all__ = ["Part", "Work"]

Real = NDArray[np.float64]

#: k-points of a part at 18 bands: about a second on one core.
POINTS = 8192
#: A mesh is cut into this many parts if they are then not smaller than the least number of points.
PARTS, LEAST = 64, 1024


@dataclass(frozen=True)
class Part:
    """Consecutive chunks of a mesh.

    Attributes
    ----------
    chunks
        First chunk and the one after the last.
    points
        Number of k-points.
    """

    chunks: tuple[int, int]
    points: int


@dataclass(frozen=True)
class Work:
    """Everything that computing a part needs; the parts of a mesh do not depend on who computes them.

    Attributes
    ----------
    model, task
        As given to :func:`solenoidal.engine.run`.
    """

    model: BlochModel
    task: Task

    def __reduce__(self) -> tuple[type["Work"], tuple[BlochModel, Task]]:
        """Travel without what can be made again."""
        return Work, (self.model, self.task)

    @cached_property
    def functions(self) -> dict[str, tuple[str, ...]]:
        """Energy functions wanted of every quantity."""
        return functions_wanted(self.task)

    @cached_property
    def source(self) -> Interpolator:
        """Gives the matrices on a mesh."""
        operator = select_axes(self.model.operator(self.task.operator), self.task.axes, self.model.source)
        return Interpolator(self.model, operator, any(quantities.get(name).curvature for name in self.functions))

    def recipe(self, mesh: Mesh) -> Recipe:
        """What is collected on a mesh."""
        task = self.task
        cells = self.model.dimension if task.method == "linear" else 0
        return Recipe(task, plan(task.mu, task.kT, cells), self.functions, mesh.cell(self.model.lattice))

    def parts(self, mesh: Mesh) -> list[Part]:
        """Cut a mesh into parts of about a second each."""
        size = min(POINTS * (18 / self.model.size) ** 2, max(LEAST, mesh.size / PARTS))
        out, first, points = [], 0, 0
        chunks = self.source.chunks(mesh)
        for number, chunk in enumerate(chunks):
            points += self.source.points(mesh, chunk)
            if points >= size or number == len(chunks) - 1:
                out.append(Part((first, number + 1), points))
                first, points = number + 1, 0
        return out

    def compute(self, mesh: Mesh, part: Part, done: Callable[[int], None], stop: threading.Event) -> Collector:
        """Collect one part; ``done`` is told of finished points, ``stop`` ends it early."""
        recipe = self.recipe(mesh)
        out = Collector(recipe)
        for chunk in self.source.chunks(mesh)[slice(*part.chunks)]:
            for block in self.source.blocks(mesh, chunk):
                if stop.is_set():
                    return out
                out.add(recipe.solve(block))
                done(len(block.H))
        return out
