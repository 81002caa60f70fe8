"""The irreducible part of a uniform mesh: one point of each star, with its weight."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solenoidal import responses
from solenoidal.compiled import jit
from solenoidal.division import Division
from solenoidal.errors import InputError
from solenoidal.model import Operator
from solenoidal.symmetry.fields import declared
from solenoidal.symmetry.operations import Group, Operation
from solenoidal.symmetry.tensors import projector, response_matrices
from solenoidal.zone import Mesh

__all__ = ["Irreducible", "irreducible_points", "keeping", "keeps_mesh", "point_maps", "unmixed"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Deviation from whole numbers that counts as rounding.
WHOLE = 1e-9


@dataclass(frozen=True, eq=False)
class Irreducible:
    """Irreducible points of a mesh.

    Attributes
    ----------
    index
        ``(n, D)`` integers i of the points ``k = (i + offset) / mesh``.
    k
        ``(n, D)`` in units of the reciprocal lattice vectors.
    weights
        ``(n,)`` points of the star of each; their sum is the number of points of the mesh.
    operations
        Those of the group that take the mesh to itself: a subgroup.  Their projector takes the weighted sum of a tensor
        over the points to the sum over the whole mesh.
    """

    index: Index
    k: Real
    weights: Index
    operations: tuple[Operation, ...]

    def whole(self, response: str, values: Real, operator: Operator, source: str) -> Real:
        """Sum over the whole mesh from the weighted sum ``(label, T, mu, ...)`` of a response over the points.

        Parameters
        ----------
        response
            Its name.
        values
            Last index: components of the operator.
        operator
            With the components wanted.
        source
            What messages call the model.

        Raises
        ------
        InputError
            If response or operator do not declare how they transform.
        """
        matrices = response_matrices(self.operations, responses.get(response), operator, self.k.shape[1], source)
        P = projector(matrices)
        return np.asarray((values.reshape(*values.shape[:3], len(P)) @ P.T).reshape(values.shape))


def unmixed(operations: Sequence[Operation], operator: Operator) -> tuple[Operation, ...]:
    """Operations that do not mix the components of an operator with others: a subgroup.

    Raises
    ------
    InputError
        If the operator does not declare how it transforms.
    """
    field = declared("of the response", operator, "model")
    return tuple(g for g in operations if field.matrix(g) is not None)


def keeping(operations: Sequence[Operation], mesh: Mesh, division: Division) -> tuple[Operation, ...]:
    """Operations that take a mesh and the simplices between its points to themselves: a subgroup."""
    maps = ((g, _affine(g, mesh)) for g in operations)
    return tuple(g for g, found in maps if found is not None and division.keeps(found[0]))


def keeps_mesh(g: Operation, mesh: Mesh) -> bool:
    """Whether an operation takes a mesh to itself: ``U (i + offset) / n`` is a point of it for every i."""
    return _affine(g, mesh) is not None


def _affine(g: Operation, mesh: Mesh) -> tuple[Index, Index] | None:
    """Integers (T, c) with ``i -> T i + c``, or None."""
    n, offset = np.array(mesh.n, dtype=float), np.array(mesh.offset)
    T = g.reciprocal * n[:, None] / n[None, :]
    c = T @ offset - offset
    if abs(T - np.rint(T)).max() > WHOLE or abs(c - np.rint(c)).max() > WHOLE:
        return None
    return np.rint(T).astype(np.int64), np.rint(c).astype(np.int64)


def irreducible_points(mesh: Mesh, group: Group | Sequence[Operation]) -> Irreducible:
    """One point of every star of a uniform mesh.

    Parameters
    ----------
    mesh
        Any numbers of points and offset.
    group
        Operations of the crystal; those that do not take the mesh to itself are left out.

    Returns
    -------
    Irreducible
        Points, weights and the operations used.

    Raises
    ------
    InputError
        If the operations are for another dimension than the mesh.
    """
    operations = group.operations if isinstance(group, Group) else tuple(group)
    T, c = (np.array(part, dtype=np.int64) for part in zip(*point_maps(operations, mesh), strict=True))
    weights = np.zeros(mesh.size, dtype=np.int32)
    _count_stars(T, c, np.array(mesh.n, dtype=np.int64), weights)
    chosen = np.flatnonzero(weights)
    index = np.stack(np.unravel_index(chosen, mesh.n), axis=1)
    kept = tuple(g for g in operations if keeps_mesh(g, mesh))
    return Irreducible(
        index, (index + np.array(mesh.offset)) / np.array(mesh.n), weights[chosen].astype(np.int64), kept
    )


def point_maps(operations: Sequence[Operation], mesh: Mesh) -> list[tuple[Index, Index]]:
    """Different maps ``i -> T i + c`` (T ``(D, D)``, c ``(D,)``) of the points of a mesh to each other, a group.

    Operations that do not take the mesh to itself are left out; time reversal times inversion maps as the identity.

    Raises
    ------
    InputError
        If the operations are for another dimension than the mesh.
    """
    if any(len(g.rotation) != len(mesh.n) for g in operations):
        raise InputError(f"mesh {list(mesh.n)}: the operations are for {len(operations[0].rotation)} directions.")
    affine = [found for g in operations if (found := _affine(g, mesh)) is not None]
    return list({T.tobytes() + (c % mesh.n).tobytes(): (T, c % mesh.n) for T, c in affine}.values())


@jit
def _count_stars(T: Index, c: Index, n: Index, weights: NDArray[np.int32]) -> None:
    """Weight of every point of a mesh whose number is the lowest among its images ``T i + c``: the size of its star.

    That is the order of the group of maps divided by the number of those that keep the point.
    """
    D = len(n)
    i = np.zeros(D, dtype=np.int64)
    for number in range(len(weights)):
        rest = number
        for d in range(D - 1, -1, -1):
            i[d] = rest % n[d]
            rest //= n[d]
        kept = 0
        for g in range(len(T)):
            image = 0
            for d in range(D):
                x = c[g, d]
                for e in range(D):
                    x += T[g, d, e] * i[e]
                image = image * n[d] + x % n[d]
            if image < number:
                kept = 0
                break
            if image == number:
                kept += 1
        if kept:
            weights[number] = len(T) // kept
