"""The orbitals of a model on their sites, and how an operation acts on matrices in real space."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.symmetry.candidates import TOLERANCE, permutation
from solenoidal.symmetry.operations import Operation

__all__ = ["Basis", "Image", "Vectors", "rotate"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Basis:
    """Sites in the home cell and the site of every orbital.

    Attributes
    ----------
    lattice
        ``(D, D)`` rows, Angstrom.
    sites
        ``(n_sites, D)`` in lattice coordinates.
    site
        ``(N,)`` number of the site of each orbital.
    source
        What messages call the model.
    """

    lattice: Real
    sites: Real
    site: Index
    source: str = "model"

    @property
    def size(self) -> int:
        """Number of orbitals N."""
        return len(self.site)

    @cached_property
    def members(self) -> list[Index]:
        """Orbitals of every site."""
        return [np.flatnonzero(self.site == i) for i in range(len(self.sites))]

    @property
    def kinds(self) -> list[int]:
        """Number of orbitals of every site."""
        return [len(m) for m in self.members]

    def image(self, g: Operation, tolerance: float = TOLERANCE) -> "Image":
        """Where the sites go.

        Raises
        ------
        InputError
            If a site is not taken to a site with as many orbitals; the sentence names it and the operation.
        """
        if (g, tolerance) not in self._found:
            self._found[g, tolerance] = permutation(self.lattice, self.sites, self.kinds, g, tolerance)
        found = self._found[g, tolerance]
        if found is None:
            raise InputError(
                f"{self.source}: the operation {g} does not take every centre of orbitals to such a centre within "
                f"{tolerance:g} Angstrom."
            )
        return Image(*found)

    @cached_property
    def _found(self) -> dict[tuple[Operation, float], tuple[Index, Index] | None]:
        """Where each operation takes the sites, once it was asked for."""
        return {}

    @cached_property
    def centres(self) -> Real:
        """``(N, D)`` Cartesian position of the site of every orbital, Angstrom."""
        return np.asarray((self.sites @ self.lattice)[self.site])


@dataclass(frozen=True)
class Image:
    """Target site ``(n_sites,)`` and its cell ``(n_sites, D)`` for every site."""

    target: Index
    cell: Index


class Vectors:
    """Look-up of R vectors by value.

    Parameters
    ----------
    R
        ``(n_R, D)``.
    """

    def __init__(self, R: Index) -> None:
        self.R = R
        self.reach = abs(R).max(axis=0, initial=0)
        self.box = np.full(2 * self.reach + 1, -1, dtype=np.int64)
        self.box[tuple((R + self.reach).T)] = np.arange(len(R))

    def find(self, R: Index) -> Index:
        """Numbers of the vectors ``(n, D)``, -1 for those that are not listed."""
        inside = (abs(R) <= self.reach).all(axis=1)
        safe = np.where(inside[:, None], R, 0) + self.reach
        return np.asarray(np.where(inside, self.box[tuple(safe.T)], -1))


def rotate(X: Complex, vectors: Vectors, basis: Basis, g: Operation, D: Complex, image: Image | None = None) -> Complex:
    """Matrix elements between rotated orbitals, ``<g a,0| X |g b,R>``; conjugated if g reverses time.

    An operator that the operation leaves alone is equal to its image.

    Parameters
    ----------
    X
        ``(n_R, n, N, N)``.
    vectors
        The R vectors of X; matrices beyond them are zero.
    basis
        Sites of the orbitals.
    g
        The operation.
    D
        ``(N, N)``: g |a> = sum_b |b> D_ba with b on the site that the site of a is taken to.
    image
        Where the sites go, if known already.

    Returns
    -------
    NDArray
        ``(n_R, n, N, N)``.
    """
    image = image or basis.image(g)
    turned = vectors.R @ g.rotation.T
    moved = X if len(basis.sites) == 1 else np.zeros_like(X)
    if len(basis.sites) == 1:
        moved = _pick(X, vectors.find(turned))
    else:
        for A, p in enumerate(image.target):
            for B, q in enumerate(image.target):
                index = vectors.find(turned + image.cell[B] - image.cell[A])
                block = np.ix_(basis.members[p], basis.members[q])
                moved[(..., *block)] = _pick(X[(..., *block)], index)
    # The rows and columns of "moved" still belong to the target sites; their cells have been accounted for.
    out = D.conj().T @ (moved.reshape(-1, len(D)) @ D).reshape(moved.shape)
    return np.asarray(out.conj() if g.time_reversal else out)


def _pick(X: Complex, index: Index) -> Complex:
    out = X[index]
    out[index < 0] = 0.0
    return out


def closed_vectors(
    R: Index, occupied: Sequence[Sequence[NDArray[np.bool_]]], basis: Basis, operations: Sequence[Operation]
) -> Index:
    """R vectors that the images of a model reach, sorted, with the origin and the negative of each.

    Parameters
    ----------
    R
        ``(n_R, D)`` of the model.
    occupied
        For each pair of sites ``(n_R,)``: where its block is not zero.
    basis, operations
        Sites and group.
    """
    parts = [np.zeros((1, R.shape[1]), dtype=np.int64)]
    for g in operations:
        cell = basis.image(g).cell
        turned = R @ g.rotation.T
        for A in range(len(basis.sites)):
            parts += [turned[occupied[A][B]] + cell[B] - cell[A] for B in range(len(basis.sites))]
    all_ = np.concatenate(parts)
    return np.asarray(np.unique(np.concatenate([all_, -all_]), axis=0))
