"""A calculation cut into parts that can be computed anywhere, in any order."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from solenoidal import quantities, zone
from solenoidal.bloch import Block, States, select_axes
from solenoidal.division import divide
from solenoidal.engine.collector import Collector, Recipe, functions_wanted
from solenoidal.engine.components import cheapest
from solenoidal.engine.crossings import PIECES, bound, divided
from solenoidal.engine.direct import begin, direct_blocks, direct_names, direct_parts
from solenoidal.engine.pruning import Pruning, Skipped, choose
from solenoidal.engine.surroundings import surrounded
from solenoidal.engine.task import Task
from solenoidal.model import BlochModel, Operator
from solenoidal.scattered import Scattered
from solenoidal.spectral import plan
from solenoidal.symmetry.operations import Operation
from solenoidal.symmetry.reduce import Irreducible, irreducible_points, keeping, point_maps, unmixed
from solenoidal.zone import Chunk, Interpolator, Mesh, Weights

__all__ = ["Part", "Work"]

Real = NDArray[np.float64]

#: k-points of a part at 18 bands: about a second on one core.
POINTS = 8192
#: A mesh is cut into this many parts if they are then not smaller than the least number of points.
PARTS, LEAST = 64, 1024
#: How many times larger they are for a device, and most k-points of a batch there.
ON_DEVICE, BATCH = 8, 8192


@dataclass(frozen=True)
class Part:
    """Consecutive chunks of a mesh.

    Attributes
    ----------
    chunks
        First chunk and the one after the last.
    points
        Number of k-points.
    definition
        The definition whose own sum over k-points this is a part of, and its chunks are blocks of points; None for a
        part of what all other definitions are made of.
    """

    chunks: tuple[int, int]
    points: int
    definition: str | None = None


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
        bare = self.model if self.model.representation is None else replace(self.model, representation=None)
        return Work, (bare, self.task)

    @cached_property
    def functions(self) -> dict[str, tuple[str, ...]]:
        """Energy functions wanted of every quantity."""
        return functions_wanted(self.task)

    @cached_property
    def source(self) -> Interpolator:
        """Gives the matrices on a mesh."""
        return zone.source(self.model, self.computed, self.curvature, self.task.precision)

    @cached_property
    def scattered(self) -> Scattered:
        """Gives them away from it."""
        return Scattered(self.model, self.computed, self.curvature)

    @cached_property
    def curvature(self) -> bool:
        """Whether the curvature of the basis is needed."""
        return any(quantities.get(name).curvature for name in self.functions)

    @cached_property
    def operator(self) -> Operator:
        """The operator with the components wanted."""
        return select_axes(self.model.operator(self.task.operator), self.task.axes, self.model.source)

    @cached_property
    def computed(self) -> Operator:
        """The operator with the components that are computed on irreducible points: those wanted, or more of them."""
        if not self.task.operations:
            return self.operator
        mesh = Mesh(tuple(self.task.mesh), tuple(self.task.offset))

        def maps(operator: Operator) -> int:
            return len(point_maps(self._operations(operator, mesh), mesh))

        return cheapest(self.model.operator(self.task.operator), self.operator, maps)

    @property
    def shown(self) -> list[int]:
        """Positions of the components wanted among those that are computed."""
        return [self.computed.components.index(c) for c in self.operator.components]

    def recipe(self, mesh: Mesh) -> Recipe:
        """What is collected on a mesh."""
        task = self.task
        cells = self.model.dimension if task.method == "linear" else 0
        steps = plan(task.mu, task.kT, cells, simplices=self.simplices)
        return Recipe(task, steps, self.functions, mesh.cell(self.model.lattice))

    @property
    def simplices(self) -> bool:
        """Whether energies are linear in simplices."""
        return self.task.method == "tetrahedron"

    def parts(self, mesh: Mesh) -> list[Part]:
        """Cut a mesh into parts of about a second each; those of sums that definitions bring themselves come last."""
        return self._shared_parts(mesh) + [
            Part(blocks, points, name) for name in direct_names(self.task) for blocks, points in direct_parts(mesh)
        ]

    def _shared_parts(self, mesh: Mesh) -> list[Part]:
        scale = 1 if self.task.device == "cpu" else ON_DEVICE
        size = scale * min(POINTS * (18 / self.model.size) ** 2, max(LEAST, self.size(mesh) / PARTS))
        out, first, points = [], 0, 0
        chunks, weights = self.source.chunks(mesh), self.weights(mesh)
        for number, chunk in enumerate(chunks):
            mine = None if weights is None else self.source.cut(mesh, chunk, weights)
            points += self.source.points(mesh, chunk, mine)
            if points >= size or number == len(chunks) - 1:
                out.append(Part((first, number + 1), points))
                first, points = number + 1, 0
        return out

    def irreducible(self, mesh: Mesh) -> Irreducible | None:
        """Points of a mesh that stand for all of it, None without symmetry."""
        if not self.task.operations:
            return None
        if mesh not in self._known:
            self._known[mesh] = irreducible_points(mesh, self._operations(self.computed, mesh))
        return self._known[mesh]

    def _operations(self, operator: Operator, mesh: Mesh) -> tuple[Operation, ...]:
        """Operations that may be used for an operator with these components."""
        operations = unmixed(self.task.operations, operator)
        if self.simplices:  # points of a star share their weights only where the simplices go over into each other
            operations = keeping(operations, mesh, divide(mesh.cell(self.model.lattice)))
        return operations

    @cached_property
    def _known(self) -> dict[Mesh, Irreducible]:
        return {}

    def weights(self, mesh: Mesh) -> Weights | None:
        """Points that each point of a mesh stands for, ``mesh.n``; None without symmetry."""
        found = self.irreducible(mesh)
        if found is None:
            return None
        if mesh not in self._weights:
            out = np.zeros(mesh.n, dtype=np.int32)
            out[tuple(found.index.T)] = found.weights
            self._weights[mesh] = out
        return self._weights[mesh]

    @cached_property
    def _weights(self) -> dict[Mesh, Weights]:
        return {}

    def total(self, mesh: Mesh) -> int:
        """Points that all parts of a mesh have together."""
        return self.size(mesh) + len(direct_names(self.task)) * mesh.size

    def size(self, mesh: Mesh) -> int:
        """Points of a mesh that are computed."""
        found = self.irreducible(mesh)
        return mesh.size if found is None else len(found.weights)

    def compute(self, mesh: Mesh, part: Part, done: Callable[[int], None], stop: threading.Event) -> Collector:
        """Collect one part; ``done`` is told of finished points, ``stop`` ends it early."""
        recipe = self.recipe(mesh)
        out = Collector(recipe)
        if part.definition is not None:
            total = begin(part.definition, self.model, self.operator, self.task)
            for k in direct_blocks(mesh, part.chunks):
                if stop.is_set():
                    return out
                total.add(k)
                done(len(k))
            out.direct[part.definition] = total.arrays()
            return out

        def wanted(chunk: Chunk) -> Weights | None:
            weights, skipped = self.wanted(mesh, chunk)
            if skipped is not None:
                out.skip(skipped.filled, skipped.bands)
                done(skipped.points)
            return weights

        for block in self._blocks(mesh, part, recipe, wanted):
            if stop.is_set():
                return out
            states = recipe.solve(block)
            self.add(out, mesh, states, block.k, block.weight)
            done(len(states.e))
        return out

    def add(self, out: Collector, mesh: Mesh, states: States, k: Real | None, weight: Weights | None) -> None:
        """Add points of a mesh, with pieces in the place of the cells that mix most."""
        limit = self.crossing(mesh)
        chosen = None if limit is None else states.mixing(out.recipe.window) > limit
        if chosen is None or not chosen.any():
            out.add(states, weight)
            return
        assert k is not None
        each = np.ones(len(states.e)) if weight is None else weight.astype(np.float64)
        out.add(states, np.where(chosen, 0.0, each))
        n = np.array(mesh.n, dtype=np.float64)
        for pieces, part in divided(self.scattered, k[chosen], each[chosen], n):
            out.add(out.recipe.solve(pieces, PIECES), part)

    def _blocks(
        self, mesh: Mesh, part: Part, recipe: Recipe, wanted: Callable[[Chunk], Weights | None]
    ) -> Iterator[Block]:
        """Points of a part."""
        chunks = self.source.chunks(mesh)[slice(*part.chunks)]
        if self.simplices:
            yield from surrounded(self.source, mesh, recipe.division, chunks, wanted)
            return
        for chunk in chunks:
            yield from self.source.blocks(mesh, chunk, weights=wanted(chunk))

    def wanted(self, mesh: Mesh, chunk: Chunk) -> tuple[Weights | None, Skipped | None]:
        """Weights of the points of a chunk, None if all are 1, and what is left out of them because it is nothing."""
        whole, pruning = self.weights(mesh), self.pruning(mesh)
        weights = None if whole is None else self.source.cut(mesh, chunk, whole)
        return (weights, None) if pruning is None else pruning.sift(chunk, weights)

    def crossing(self, mesh: Mesh) -> float | None:
        """Mixing of levels above which cells are divided, None where levels are not spread over cells."""
        if mesh not in self._crossings:
            recipe = self.recipe(mesh)
            self._crossings[mesh] = bound(recipe, self.scattered, mesh) if recipe.plan.cells else None
        return self._crossings[mesh]

    @cached_property
    def _crossings(self) -> dict[Mesh, float | None]:
        return {}

    def pruning(self, mesh: Mesh) -> Pruning | None:
        """What tells which points of a mesh contribute nothing, None where that is not worth while: beside a device."""
        if self.task.device != "cpu":
            return None
        if mesh not in self._prunings:
            self._prunings[mesh] = choose(self.source, mesh, self.recipe(mesh))
        return self._prunings[mesh]

    @cached_property
    def _prunings(self) -> dict[Mesh, Pruning | None]:
        return {}
