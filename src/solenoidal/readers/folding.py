"""From matrices on the coarse mesh, or on the R list of a file, to a plain list ``X(k) = sum_R exp(2 pi i k.R) X_R``.

The Wigner-Seitz weights, and with centres the minimal images of every pair of Wannier functions, are folded in
once: notes of Wannier90 on ``use_ws_distance``; Pizzi et al., J. Phys.: Condens. Matter 32, 165902 (2020), Sec. 4.2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError

__all__ = ["TOLERANCE", "Folded", "Images", "close", "fold", "merge", "mesh_to_cells", "scatter", "wigner_seitz"]

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]
Integers = NDArray[np.int64]

#: Distances closer than this count as equal, Angstrom (the ws_distance_tol of Wannier90).
TOLERANCE = 1e-5
#: Most supercell translations searched; a sensible cell needs 125.
_MOST_IMAGES = 20000


@dataclass(frozen=True)
class Folded:
    """Matrices ``X`` ``(n_R, C, N, N)`` on lattice vectors ``R`` ``(n_R, 3)``, X_-R = X_R^+ exactly."""

    R: Integers
    X: Complex


@dataclass(frozen=True)
class Images:
    """Nearest images of the cells of a mesh.

    Attributes
    ----------
    cell
        ``(n_R,)`` index of the cell of the supercell whose image this is, in C order of the mesh.
    R
        ``(n_R, 3)`` lattice vectors.
    weight
        ``(n_R, N, N)`` share of this image for each pair, or ``(n_R, 1, 1)`` if the same for all.
    """

    cell: Integers
    R: Integers
    weight: Real


def mesh_to_cells(X: Complex, grid_index: Integers, mp_grid: tuple[int, int, int]) -> Complex:
    """Discrete Fourier transform ``X_r = (1/NK) sum_k exp(-2 pi i k.r) X_k`` to the cells of the supercell.

    Parameters
    ----------
    X
        ``(NK, C, N, N)`` on the k-points.
    grid_index
        ``(NK, 3)`` position of each k-point on the mesh.
    mp_grid
        The mesh.

    Returns
    -------
    NDArray
        ``(NK, C, N, N)`` on the cells 0 <= r < mp_grid in C order.
    """
    grid = np.empty((*mp_grid, *X.shape[1:]), dtype=np.complex128)
    grid[tuple(grid_index.T)] = X
    return np.asarray(np.fft.fftn(grid, axes=(0, 1, 2), norm="forward").reshape(X.shape))


def wigner_seitz(
    lattice: Real, mp_grid: tuple[int, int, int], centres: Real | None, source: str, tolerance: float = TOLERANCE
) -> Images:
    """Images ``r + T`` of every cell that minimise ``|r + T + r_b - r_a|`` for each pair (a, b).

    Parameters
    ----------
    lattice
        ``(3, 3)`` rows, Angstrom.
    mp_grid
        The mesh; T runs over its multiples.
    centres
        ``(N, 3)`` Cartesian, Angstrom; None minimises |r + T|, which gives the usual weights 1/ndegen.
    source
        File name for errors.
    tolerance
        Distances closer than this are equal, Angstrom.

    Raises
    ------
    InputError
        If the cell is so skewed that nearest images cannot be searched.
    """
    N = np.array(mp_grid)
    r = np.stack(np.meshgrid(*map(np.arange, mp_grid), indexing="ij"), axis=-1).reshape(-1, 3)
    r = r - N * ((2 * r) // N)  # about the origin, so that few translations need a look
    d = np.zeros((1, 1, 3)) if centres is None else centres[None, :] - centres[:, None]
    T = N * _translations(lattice * N[:, None], d, source)
    reach = 2 * float(np.linalg.norm(d, axis=-1).max())
    cell, R, weight = [], [], []
    for i in range(len(r)):
        distance = np.linalg.norm((r[i] + T) @ lattice, axis=1)
        near = r[i] + T[distance <= distance.min() + reach + tolerance]
        share = _shares(near @ lattice, d, tolerance)
        used = np.flatnonzero(share.any(axis=(1, 2)))
        cell += [i] * len(used)
        R.append(near[used])
        weight.append(share[used])
    return Images(np.array(cell), np.concatenate(R), np.concatenate(weight))


def fold(cells: Complex, images: Images) -> Folded:
    """Distribute the matrices of the cells ``(NK, C, N, N)`` over their images and make the list Hermitian."""
    X = cells[images.cell] * images.weight[:, None]
    return close(images.R, X)


def scatter(R: Integers, a: Integers, b: Integers, X: Complex, size: int) -> Folded:
    """Sum entries ``X`` ``(n, C)`` of pairs (a, b) at lattice vectors ``R`` ``(n, 3)`` and make the list Hermitian."""
    vectors, index = np.unique(R, axis=0, return_inverse=True)
    out = np.zeros((len(vectors), X.shape[1], size, size), dtype=np.complex128)
    for c in range(X.shape[1]):
        np.add.at(out[:, c], (index.reshape(-1), a, b), X[:, c])
    return close(vectors, out)


def close(R: Integers, X: Complex) -> Folded:
    """Add missing partners -R to distinct vectors ``R`` ``(n, 3)`` and take ``(X_R + X_-R^+) / 2``."""
    vectors, index = np.unique(np.concatenate([R, -R]), axis=0, return_inverse=True)
    index = index.reshape(2, -1)
    out = np.zeros((len(vectors), *X.shape[1:]), dtype=np.complex128)
    out[index[0]] += X / 2
    out[index[1]] += X.conj().swapaxes(-1, -2) / 2
    return Folded(vectors, out)


def merge(first: Folded, second: Folded) -> Folded:
    """Put the components of both, one after the other, on the union of their R vectors."""
    vectors, index = np.unique(np.concatenate([first.R, second.R]), axis=0, return_inverse=True)
    index = index.reshape(-1)
    split, size = first.X.shape[1], first.X.shape[-1]
    out = np.zeros((len(vectors), split + second.X.shape[1], size, size), dtype=np.complex128)
    out[index[: len(first.R)], :split] = first.X
    out[index[len(first.R) :], split:] = second.X
    return Folded(vectors, out)


def _translations(supercell: Real, d: Real, source: str) -> Integers:
    """Every T, in units of the supercell, that can take any point to its image nearest to the origin."""
    inverse = np.linalg.inv(supercell)
    # Some image lies within half the sum of the edges; its coordinates along the reciprocal axes are bounded.
    radius = 0.5 * np.linalg.norm(supercell, axis=1).sum()
    reach = radius * np.linalg.norm(inverse, axis=0) + 0.5 + abs(d @ inverse).max(axis=(0, 1))
    if not np.prod(2.0 * np.floor(reach) + 1) < _MOST_IMAGES:
        raise InputError(
            f"{source}: the cell is too skewed, or its Wannier centres too far from the cell, to search for nearest "
            f"images; choose shorter lattice vectors."
        )
    n = np.floor(reach).astype(np.int64)
    axes = [np.arange(-m, m + 1) for m in n]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def _shares(near: Real, d: Real, tolerance: float) -> Real:
    """``1 / (number of nearest images)`` where an image is nearest, else 0: ``(n_T, N, N)``."""
    distance = np.linalg.norm(near[:, None, None] + d, axis=-1)
    nearest = distance <= distance.min(axis=0) + tolerance
    return np.asarray(nearest / nearest.sum(axis=0))
