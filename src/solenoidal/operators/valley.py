"""Valley of electrons on the honeycomb lattice, from imaginary hopping between second neighbours."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.model import BlochModel, Operator
from solenoidal.operators.local import check_index, euclidean

__all__ = ["valley"]

Real = NDArray[np.float64]

#: Deviation from three equal bonds at 120 degrees, in bond lengths, that still counts as a honeycomb.
TOLERANCE = 1e-3


def valley(model: BlochModel, a: Sequence[int], b: Sequence[int]) -> Operator:
    """Valley operator: +1 at one corner of the zone, -1 at the other.

    ``V = i / (3 sqrt(3)) sum_<<ij>> xi_i nu_ij c_i^+ c_j`` over second neighbours with nu_ij = +1 (-1) if the path from
    j to i turns left (right) and xi = +1 on A, -1 on B.  On both sublattices ``V(k) = -2 / (3 sqrt(3)) sum_R sin k.R``
    over the three second neighbours R of the left turns: it is proportional to 1 at every k, exactly +1 and -1 with
    zero slope at the corners, and goes through zero between them.  In the built-in models it is +1 at k = (2/3, 1/3),
    that is (4 pi / 3 a, 0); exchanging A and B turns its sign.

    V does not commute with the position, ``D_i V = d_i V != 0`` away from the corners: the identities of the theory
    hold for it only as far as the carriers are at the corners. :func:`solenoidal.diagnostics.operator_defect` and
    ``solenoidal inspect`` report the size of D_i V.

    Parameters
    ----------
    model
        Electrons in two dimensions with positions and with hopping matrices, zero or not, between second neighbours.
    a, b
        Numbers of the orbitals on A and on B, from 0; on all other orbitals the operator is zero.

    Returns
    -------
    Operator
        Component z, dimensionless, odd under time reversal.

    Raises
    ------
    InputError
        If the model has a metric, is not two-dimensional, has no positions or no matrix at an R vector that is needed,
        if an orbital does not exist or is in both lists, or if A and B do not form a honeycomb.

    References
    ----------
    Colomes and Franz, Phys. Rev. Lett. 120, 086603 (2018).
    """
    euclidean(model)
    upper, lower = check_index(model, a), check_index(model, b)
    if set(upper) & set(lower):
        raise InputError(f"{model.source}: orbital {min(set(upper) & set(lower))} is on A and on B, leave it on one.")
    bonds = _bonds(model, _site(model, upper, "A"), _site(model, lower, "B"))
    index = {tuple(R): n for n, R in enumerate(model.R.tolist())}
    V = np.zeros((len(model.R), 1, model.size, model.size), dtype=np.complex128)
    on = np.zeros(model.size)
    on[upper + lower] = 1.0
    for first, second in itertools.permutations(bonds, 2):
        # From j along the first bond, back along the second to i in the home cell: j lies at R = second - first.
        R = tuple(int(x) for x in np.rint((second - first) @ np.linalg.inv(model.lattice)))
        nu = np.sign(first[1] * second[0] - first[0] * second[1])
        if R not in index:
            raise InputError(f"{model.source}: the valley needs a hopping matrix, zero or not, at R = {R}.")
        V[index[R], 0] = 1j * nu / (3 * np.sqrt(3)) * np.diag(on)
    return Operator(V, ("z",), unit="1", time_reversal=-1)


def _site(model: BlochModel, orbitals: Sequence[int], name: str) -> Real:
    """``(2,)`` common centre of the orbitals, Angstrom."""
    if model.dimension != 2:
        raise InputError(f"{model.source}: the valley is defined in two dimensions, this model has {model.dimension}.")
    if model.position is None:
        raise InputError(f"{model.source}: the orbitals have no positions, the valley needs the honeycomb they form.")
    if not orbitals:
        raise InputError(f"{model.source}: the valley needs at least one orbital on sublattice {name}.")
    home = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    centres = np.einsum("iaa->ai", model.position[home]).real[list(orbitals)]
    if abs(centres - centres[0]).max() > TOLERANCE * np.sqrt(model.volume):
        raise InputError(f"{model.source}: the orbitals of sublattice {name} do not sit on one site of the cell.")
    return np.asarray(centres[0])


def _bonds(model: BlochModel, A: Real, B: Real) -> list[Real]:
    """The three shortest vectors from A to B, of equal length and 120 degrees apart."""
    cells = np.array(list(itertools.product(range(-3, 4), repeat=2)))
    paths = B - A + cells @ model.lattice
    nearest = paths[np.argsort(np.linalg.norm(paths, axis=1), kind="stable")[:3]]
    length = np.linalg.norm(nearest, axis=1)
    if np.ptp(length) > TOLERANCE * length[0] or np.linalg.norm(nearest.sum(axis=0)) > TOLERANCE * length[0]:
        raise InputError(f"{model.source}: sublattices A and B do not form a honeycomb, the bonds of A to B differ.")
    return list(nearest)
