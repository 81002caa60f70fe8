"""From matrices on the coarse mesh, or on the R list of a file, to a plain list ``X(k) = sum_R exp(2 pi i k.R) X_R``.

The Wigner-Seitz weights, and with centres the minimal images of every pair of Wannier functions, are folded in
once: notes of Wannier90 on ``use_ws_distance``; Pizzi et al., J. Phys.: Condens. Matter 32, 165902 (2020), Sec. 4.2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError

__all__ = [
    "TOLERANCE",
    "Folded",
    "Images",
    "close",
    "fold",
    "merge",
    "mesh_to_vectors",
    "nearest_images",
    "scatter",
    "wigner_seitz",
]

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
    """Nearest images of lattice vectors.

    Attributes
    ----------
    index
        ``(n,)`` number of the vector whose image this is.
    R
        ``(n, 3)`` lattice vectors of the images; one can be the image of several vectors.
    weight
        ``(n, N, N)`` share of this image for each pair.
    """

    index: Integers
    R: Integers
    weight: Real


def mesh_to_vectors(X: Complex, kpoints: Real, R: Integers) -> Complex:
    """Fourier sum ``X_R = (1/NK) sum_k exp(-2 pi i k.R) X_k`` over a coarse mesh.

    The k-points enter as their file has them, as in Wannier90: 0.33333333 for 1/3 moves H_R by 1e-7 eV.

    Parameters
    ----------
    X
        ``(NK, C, N, N)`` on the k-points.
    kpoints
        ``(NK, 3)`` fractional.
    R
        ``(n_R, 3)`` lattice vectors.

    Returns
    -------
    NDArray
        ``(n_R, C, N, N)``.
    """
    phase = np.exp(-2j * np.pi * (R @ kpoints.T)) / len(kpoints)
    return np.asarray((phase @ X.reshape(len(X), -1)).reshape(len(R), *X.shape[1:]))


def wigner_seitz(
    lattice: Real, mp_grid: tuple[int, int, int], source: str, tolerance: float = TOLERANCE
) -> tuple[Integers, Real]:
    """Lattice vectors in the Wigner-Seitz cell of the supercell of a mesh, and their weights.

    Parameters
    ----------
    lattice
        ``(3, 3)`` rows, Angstrom.
    mp_grid
        The mesh.
    source
        File name for errors.
    tolerance
        Distances closer than this are equal, Angstrom.

    Returns
    -------
    R
        ``(n_R, 3)``, those on the border with all their images.
    weight
        ``(n_R,)`` one over the number of images (1/ndegen); they add up to NK.

    Raises
    ------
    InputError
        As :func:`nearest_images`.
    """
    cells = np.stack(np.meshgrid(*map(np.arange, mp_grid), indexing="ij"), axis=-1).reshape(-1, 3)
    images = nearest_images(cells, lattice, mp_grid, np.zeros((1, 3)), source, tolerance)
    return images.R, images.weight[:, 0, 0]


def nearest_images(
    R: Integers,
    lattice: Real,
    mp_grid: tuple[int, int, int],
    centres: Real,
    source: str,
    tolerance: float = TOLERANCE,
) -> Images:
    """Images ``R + T`` that minimise ``|R + T + r_b - r_a|`` for each pair (a, b); T is a vector of the supercell.

    Parameters
    ----------
    R
        ``(n_R, 3)`` lattice vectors.
    lattice, mp_grid, source, tolerance
        As in :func:`wigner_seitz`.
    centres
        ``(N, 3)`` Cartesian, Angstrom.

    Raises
    ------
    InputError
        If the cell is so skewed that nearest images cannot be searched.
    """
    N = np.array(mp_grid)
    d = centres[None, :] - centres[:, None]
    T = N * _translations(lattice * N[:, None], d, source)
    reach = 2 * float(np.linalg.norm(d, axis=-1).max())
    index, vectors, weight = [], [], []
    for i, vector in enumerate(R - N * np.floor(R / N + 0.5).astype(np.int64)):
        distance = np.linalg.norm((vector + T) @ lattice, axis=1)
        near = vector + T[distance <= distance.min() + reach + tolerance]
        share = _shares(near @ lattice, d, tolerance)
        used = np.flatnonzero(share.any(axis=(1, 2)))
        index += [i] * len(used)
        vectors.append(near[used])
        weight.append(share[used])
    return Images(np.array(index), np.concatenate(vectors), np.concatenate(weight))


def fold(X: Complex, images: Images) -> Folded:
    """Distribute matrices ``(n_R, C, N, N)``, degeneracies divided out, over their images; make the list Hermitian."""
    vectors, place = np.unique(images.R, axis=0, return_inverse=True)
    out = np.zeros((len(vectors), *X.shape[1:]), dtype=np.complex128)
    for i, j, weight in zip(place.reshape(-1), images.index, images.weight, strict=True):
        out[i] += X[j] * weight
    return close(vectors, out)


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
