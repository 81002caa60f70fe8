"""A calculation cut into parts that can be computed anywhere, in any order."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solenoidal import quantities, responses
from solenoidal.bloch import select_axes
from solenoidal.engine.collector import Collector, Recipe, functions_wanted
from solenoidal.engine.task import Task
from solenoidal.model import BlochModel, Operator
from solenoidal.spectral import plan
from solenoidal.zone import Chunk, Interpolator, Mesh

if TYPE_CHECKING:
    from solenoidal.symmetry import Operation

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
        return Interpolator(self.model, self._operator, any(quantities.get(name).curvature for name in self.functions))

    def recipe(self, mesh: Mesh) -> Recipe:
        """What is collected on a mesh."""
        task = self.task
        cells = self.model.dimension if task.method == "linear" else 0
        return Recipe(task, plan(task.mu, task.kT, cells), self.functions, mesh.cell(self.model.lattice))

    def parts(self, mesh: Mesh) -> list[Part]:
        """Cut a mesh into parts of about a second each."""
        size = min(POINTS * (18 / self.model.size) ** 2, max(LEAST, self.size(mesh) / PARTS))
        out, first, points = [], 0, 0
        chunks = self.source.chunks(mesh)
        for number, chunk in enumerate(chunks):
            points += self._points(mesh, chunk)
            if points >= size or number == len(chunks) - 1:
                out.append(Part((first, number + 1), points))
                first, points = number + 1, 0
        return out

    def weights(self, mesh: Mesh) -> NDArray[np.int64] | None:
        """Points that each point of a mesh stands for, None without symmetry."""
        return self._reduced(mesh)[0] if self.task.operations else None

    def projectors(self, mesh: Mesh) -> dict[str, Real]:
        """By response: ``(m, m)`` from the weighted sum over irreducible points to that over the whole mesh."""
        if not self.task.operations:
            return {}
        from solenoidal.symmetry import projector, response_matrices

        model, operator, kept = self.model, self._operator, self._reduced(mesh)[1]
        return {
            name: projector(response_matrices(kept, responses.get(name), operator, model.dimension, model.source))
            for name in self.task.responses
        }

    def _reduced(self, mesh: Mesh) -> tuple[NDArray[np.int64], "tuple[Operation, ...]"]:
        """Weights of a mesh and the operations that keep it."""
        if mesh.n not in self._known:
            from solenoidal.symmetry import irreducible_points

            found = irreducible_points(mesh, self.task.operations)
            weights = np.zeros(mesh.n, dtype=np.int64)
            weights[tuple(found.index.T)] = found.weights
            self._known[mesh.n] = weights, found.operations
        return self._known[mesh.n]

    @cached_property
    def _known(self) -> "dict[tuple[int, ...], tuple[NDArray[np.int64], tuple[Operation, ...]]]":
        return {}

    @cached_property
    def _operator(self) -> Operator:
        return select_axes(self.model.operator(self.task.operator), self.task.axes, self.model.source)

    def size(self, mesh: Mesh) -> int:
        """Points of a mesh that are computed."""
        weights = self.weights(mesh)
        return mesh.size if weights is None else int((weights > 0).sum())

    def _points(self, mesh: Mesh, chunk: Chunk) -> int:
        weights = self.weights(mesh)
        if weights is None:
            return len(chunk[0]) * len(chunk[1]) * mesh.n[-1]
        part = weights.reshape((1,) * (3 - len(mesh.n)) + mesh.n)[slice(chunk[0].start, chunk[0].stop)]
        return int((part[:, slice(chunk[1].start, chunk[1].stop)] > 0).sum())

    def compute(self, mesh: Mesh, part: Part, done: Callable[[int], None], stop: threading.Event) -> Collector:
        """Collect one part; ``done`` is told of finished points, ``stop`` ends it early."""
        recipe = self.recipe(mesh)
        out = Collector(recipe)
        for chunk in self.source.chunks(mesh)[slice(*part.chunks)]:
            for block in self.source.blocks(mesh, chunk, weights=self.weights(mesh)):
                if stop.is_set():
                    return out
                out.add(recipe.solve(block), block.weight)
                done(len(block.H))
        return out
