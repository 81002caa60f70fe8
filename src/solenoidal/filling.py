"""Fermi level for a given number of electrons, in memory that does not grow with the mesh."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from solenoidal import zone
from solenoidal.bloch import select_axes
from solenoidal.compiled import one_blas_thread
from solenoidal.diagnostics import band_range
from solenoidal.eigen import eigenstates
from solenoidal.errors import InputError
from solenoidal.events import Counter, Listener, silent
from solenoidal.model import BlochModel
from solenoidal.zone import Interpolator, Mesh

__all__ = ["fermi_level"]

Real = NDArray[np.float64]

#: Bins of the first pass; the second looks at the levels of one or two of them.
BINS = 1 << 20


@one_blas_thread
def fermi_level(
    model: BlochModel,
    electrons: float,
    mesh: tuple[int, ...],
    offset: tuple[float, ...],
    listen: Listener = silent,
) -> float:
    """Chemical potential (eV) at T = 0 that holds ``electrons`` per cell on a mesh.

    It lies midway between the highest filled and the lowest empty level: in a gap, in its middle.  Levels are counted
    in bins first; a second pass sorts those of the bins that matter.

    Raises
    ------
    InputError
        If the bands cannot hold that many electrons.
    """
    N = model.size
    if not 0.0 < electrons < N:
        raise InputError(f"electrons = {electrons:g}: {model.source} has {N} bands, give a number between 0 and {N}.")
    grid = Mesh(tuple(mesh), tuple(offset))
    source = zone.source(model, select_axes(model.operator("charge"), None))
    counter = Counter(listen, 2 * grid.size, "Fermi level")
    ranks = _ranks(electrons * grid.size, N * grid.size)
    low, high = _window(source, grid, counter, ranks)
    below, near = 0, []
    for e in _energies(source, grid, counter):
        below += int((e < low).sum())
        near.append(e[(e >= low) & (e <= high)])
    levels = np.sort(np.concatenate(near))
    return 0.5 * float(levels[ranks[0] - below] + levels[ranks[1] - below])


def _ranks(filled: float, levels: int) -> tuple[int, int]:
    """Ranks of the highest filled and lowest empty of all levels; the same one where a level is partly filled."""
    last, first = int(np.floor(filled - 0.5)), int(np.ceil(filled - 0.5))
    return max(last, 0), min(max(first, 0), levels - 1)


def _window(source: Interpolator, grid: Mesh, counter: Counter, ranks: tuple[int, int]) -> tuple[float, float]:
    """Energies between which the levels of both ranks lie."""
    low, high = band_range(source.model)
    edges = np.linspace(low - 1e-6, high + 1e-6, BINS + 1)
    count = np.zeros(BINS + 2, dtype=np.int64)
    for e in _energies(source, grid, counter):
        count += np.bincount(np.searchsorted(edges, e, side="right"), minlength=BINS + 2)
    first, last = (int(np.searchsorted(np.cumsum(count), n, side="right")) for n in ranks)
    padded = np.concatenate([[-np.inf], edges, [np.inf]])
    return float(padded[first]), float(padded[last + 1])


def _energies(source: Interpolator, mesh: Mesh, counter: Counter) -> Iterator[Real]:
    for chunk in source.chunks(mesh):
        for block in source.blocks(mesh, chunk):
            e, _, _ = eigenstates(block.H, block.metric, block.k)
            counter.add(len(e))
            yield e.ravel()
