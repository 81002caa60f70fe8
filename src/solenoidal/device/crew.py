"""Parts of a mesh computed on a device: batches there, deposits here, on a few threads that take turns."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

from solenoidal.device.backend import Device
from solenoidal.device.fourier import Source, Tile, halves, source
from solenoidal.device.states import solve
from solenoidal.engine.collector import Collector, Recipe
from solenoidal.engine.schedule import Divisible, Threads
from solenoidal.engine.threads import cores
from solenoidal.engine.work import BATCH, Part, Work
from solenoidal.errors import InputError
from solenoidal.events import Counter, Listener, Message, silent
from solenoidal.zone import Mesh

__all__ = ["Accelerator", "batch_size", "bytes_per_point"]

T = TypeVar("T")

#: Threads that deposit while another one waits for the device.
TURNS = 4
#: Bytes that a batch may take: more of them make nothing faster.
BATCH_BYTES = 5e9
#: Part of the free memory of a device that batches may fill.
SHARE = 0.8
#: Rows of a matrix in the workspace of the batched eigensolver, at least.
WORKSPACE = 32


def bytes_per_point(N: int, directions: int, components: int) -> float:
    """Bytes of a device that a k-point takes while its batch is worked on, at the most.

    Parameters
    ----------
    N, directions, components
        Bands, directions, components of the operator.

    Notes
    -----
    Matrices of N^2 complex numbers: H, U, their products and what verifies them (8); derivatives, position, velocity,
    B, s, s/w, each with a copy for a product (8 D + 4 n_s); three products of two operators, with a copy (6 D n_s).
    """
    matrices = 8 + 8 * directions + 4 * components + 6 * directions * components
    return 16.0 * (matrices * N**2 + max(N, WORKSPACE) ** 2)


def batch_size(free: float, threads: int, point: float) -> int:
    """k-points of a batch: a power of two, so that a little more or less memory or threads changes no result.

    Parameters
    ----------
    free
        Bytes of the device.
    threads
        Batches under way at once.
    point
        From :func:`bytes_per_point`.
    """
    room = min(SHARE * free / max(TURNS, threads), BATCH_BYTES) / point
    return min(BATCH, 1 << max(0, int(room).bit_length() - 1))


class Accelerator(Threads):
    """A device and the threads that feed it.

    Parameters
    ----------
    device
        From :func:`solenoidal.device.find`.
    count
        Threads; None for some that suffice.
    listen
        Told how large batches are, when they become smaller, and how many eigenpairs had to be mended.
    """

    def __init__(self, device: Device, count: int | None = None, listen: Listener = silent) -> None:
        super().__init__(count or min(TURNS, cores()))
        self.device, self.listen = device, listen
        self.batch = 0
        self.repaired = 0
        self._source: tuple[Work, Source] | None = None
        self._lock = threading.Lock()

    def submit(self, work: Divisible[T], mesh: Any, part: Part, counter: Counter) -> "Future[T]":
        """See :class:`~solenoidal.engine.schedule.Crew`; a sum that a definition brings itself stays here."""
        whole: Any = work
        if part.definition is not None or not isinstance(whole, Work):
            return super().submit(work, mesh, part, counter)
        sums: Future[Any] = self.pool.submit(self._compute, whole, mesh, part, counter)
        return sums

    def close(self) -> None:
        """See :class:`~solenoidal.engine.schedule.Crew`."""
        super().close()
        self._source = None
        self.device.release()
        if self.repaired:
            self.listen(
                Message(f"{self.device.name}: wrong eigenpairs at {self.repaired} k-points, computed again on the CPU")
            )

    def _compute(self, work: Work, mesh: Mesh, part: Part, counter: Counter) -> Collector:
        """Collect one part, tile by tile in their order."""
        recipe = work.recipe(mesh)
        out = Collector(recipe)
        with self.device.active():
            there = self._there(work)
            chunks = work.source.chunks(mesh)[slice(*part.chunks)]
            for tile in there.tiles(mesh, chunks, self.batch):
                for collected, points in self._tile(there, recipe, mesh, tile, work):
                    if self.stop.is_set():
                        return out
                    out.merge(collected)
                    counter.add(points)
        return out

    def _there(self, work: Work) -> Source:
        """Operators on the device, brought there once."""
        with self._lock:
            if self._source is None or self._source[0] is not work:
                try:
                    self._source = work, source(work.source, self.device)
                except Exception as error:
                    if not self.device.full(error):
                        raise
                    raise InputError(f"{self.device.name}: its memory does not hold the operators.") from None
                self._choose(work)
            return self._source[1]

    def _choose(self, work: Work) -> None:
        free, model = self.device.free(), work.model
        point = bytes_per_point(model.size, model.dimension, len(work.computed.components))
        self.batch = batch_size(free, self.count, point)
        self.listen(
            Message(
                f"{self.device.name}: batches of {self.batch} k-points on {self.count} threads, about "
                f"{self.count * self.batch * point / 1e9:.2g} of {free / 1e9:.3g} GB of its memory"
            )
        )

    def _tile(
        self, there: Source, recipe: Recipe, mesh: Mesh, tile: Tile, work: Work
    ) -> Iterator[tuple[Collector, int]]:
        """Collect a tile with its number of points; in halves if it is too much for the memory of the device."""
        found = None
        try:
            found = self._collect(there, recipe, mesh, tile, work)
        except Exception as error:
            if not self.device.full(error):
                raise
        if found is not None:
            yield found
            return
        # Here the frames of the error are gone, and with them the arrays that they held.
        self._shrink(tile)
        for half in halves(tile):
            yield from self._tile(there, recipe, mesh, half, work)

    def _shrink(self, tile: Tile) -> None:
        self.device.release()
        if tile.size == 1:
            raise InputError(f"{self.device.name}: its memory does not hold a single k-point of this model.")
        with self._lock:
            if tile.size <= self.batch:
                self.batch = max(1, tile.size // 2)
                self.listen(Message(f"{self.device.name}: memory full, batches of {self.batch} k-points from now on"))

    def _collect(self, there: Source, recipe: Recipe, mesh: Mesh, tile: Tile, work: Work) -> tuple[Collector, int]:
        out = Collector(recipe)
        batch = there.load(mesh, tile, work.weights(mesh))
        if batch is None:
            return out, 0
        cell = recipe.cell if recipe.wide else None
        states, repaired = solve(
            batch,
            self.device,
            recipe.task.degeneracy,
            recipe.plan.highest,
            cell,
            recipe.full_below,
            windowed=recipe.windowed,
        )
        work.add(out, mesh, states, batch.k, batch.weight)
        with self._lock:
            self.repaired += repaired
        return out, len(states.e)
