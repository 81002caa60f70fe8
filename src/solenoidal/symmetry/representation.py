"""What operations do to the orbitals of a model: matrices D(g), from projections or given by the user."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solenoidal.errors import InputError
from solenoidal.readers.spin_order import SpinOrder
from solenoidal.symmetry.basis import Basis
from solenoidal.symmetry.generators import residual_bounds
from solenoidal.symmetry.operations import Group, harmonics

__all__ = ["Representation", "from_matrices", "from_orbitals", "projective_defect", "row_defect"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

#: Largest deviation of a matrix of a representation from a unitary one.
UNITARY = 1e-6


@dataclass(frozen=True, eq=False)
class Representation:
    """A group with a matrix for every operation.

    Attributes
    ----------
    group
        n operations.
    basis
        Sites of the N orbitals.
    D
        ``(n, N, N)`` unitary: g |a> = sum_b |b> D_ba, an antiunitary g being D times complex conjugation.
    origin
        Where the matrices come from, for reports.
    """

    group: Group
    basis: Basis
    D: Complex
    origin: str

    def take(self, index: Sequence[int], name: str | None = None) -> "Representation":
        """Return the representation of the subgroup of these operations."""
        return Representation(self.group.take(index, name), self.basis, self.D[list(index)], self.origin)


@dataclass(frozen=True)
class Orbitals:
    """Orbitals without spin that share a site and a radial function.

    Attributes
    ----------
    site
        Number of the site.
    radial
        Orbitals of different radial functions do not mix.
    coefficients
        ``(n, 16)`` on the real harmonics along the Cartesian axes, rows orthonormal.
    """

    site: int
    radial: str
    coefficients: Real


def from_orbitals(
    group: Group,
    sites: Real,
    orbitals: Sequence[Orbitals],
    spin_order: SpinOrder | None,
    origin: str = "atomic orbitals",
    source: str = "model",
) -> Representation:
    """Representation on atomic orbitals: rotated harmonics times rotated spins.

    Parameters
    ----------
    group
        Operations.
    sites
        ``(n_sites, D)`` in lattice coordinates.
    orbitals
        In the order of the basis.
    spin_order
        None without spin, else how the two spins of each orbital follow: ``"interlaced"`` or ``"blocks"``.
    origin, source
        For reports and messages.

    Raises
    ------
    InputError
        If an operation takes a site to no site or to one with other orbitals, or turns an orbital into one that the
        basis does not have.
    """
    lone = np.concatenate([[o.site] * len(o.coefficients) for o in orbitals]).astype(np.int64)
    spins = 1 if spin_order is None else 2
    site = np.repeat(lone, spins) if spin_order == "interlaced" else np.tile(lone, spins)
    basis = Basis(group.lattice, sites, site, source)
    turn = _orbital_part(group, orbitals, basis)
    D = np.zeros((len(group), len(lone), spins, len(lone), spins), dtype=np.complex128)
    for out, part, g in zip(D, turn, group.operations, strict=True):
        np.multiply(part[:, None, :, None], (g.spin if spins == 2 else np.eye(1))[:, None, :], out=out)
    if spin_order == "blocks":
        D = D.transpose(0, 2, 1, 4, 3)
    return Representation(group, basis, D.reshape(len(group), basis.size, basis.size), origin)


def _orbital_part(group: Group, orbitals: Sequence[Orbitals], basis: Basis) -> Real:
    """``(n, N, N)`` without spin."""
    C = np.concatenate([o.coefficients for o in orbitals])
    site = np.concatenate([[o.site] * len(o.coefficients) for o in orbitals])
    radial = np.concatenate([[o.radial] * len(o.coefficients) for o in orbitals])
    target = np.array([basis.image(g).target for g in group.operations])[:, site]
    allowed = (site[:, None] == target[:, None, :]) & (radial[:, None] == radial)
    out = np.where(allowed, C @ np.array([harmonics(g.cartesian) for g in group.operations]) @ C.T, 0.0)
    defect = abs(out.swapaxes(1, 2) @ out - np.eye(len(C))).max(axis=1)
    if (defect > UNITARY).any():
        i = int(np.argmax(defect.max(axis=1) > UNITARY))
        raise InputError(
            f"{basis.source}: the operation {group.operations[i]} turns orbital {int(np.argmax(defect[i])) + 1} "
            f"(without spin) into one that the basis does not have."
        )
    return np.asarray(out)


def from_matrices(group: Group, basis: Basis, D: ArrayLike, origin: str = "given matrices") -> Representation:
    """Representation that the user gives.

    Parameters
    ----------
    group
        n operations.
    basis
        Sites of the orbitals; the permutation of the sites follows from it.
    D
        ``(n, N, N)``: g |a> = sum_b |b> D_ba; for an operation with time reversal the matrix before K.

    Raises
    ------
    InputError
        If the shape is wrong, a matrix is not unitary or connects sites that the operation does not, or the matrices do
        not multiply as the operations do, up to phases.
    """
    matrices = np.asarray(D, dtype=np.complex128)
    want = (len(group), basis.size, basis.size)
    if matrices.shape != want:
        raise InputError(f"{basis.source}: the representation has shape {matrices.shape}, it must be {want}.")
    for i, (g, X) in enumerate(zip(group.operations, matrices, strict=True)):
        if abs(X.conj().T @ X - np.eye(basis.size)).max() > UNITARY:
            raise InputError(f"{basis.source}: the matrix of operation {i + 1} ({g}) is not unitary.")
        foreign = basis.site[:, None] != basis.image(g).target[basis.site][None, :]
        if abs(X[foreign]).max(initial=0.0) > UNITARY:
            raise InputError(f"{basis.source}: the matrix of operation {i + 1} ({g}) connects orbitals of wrong sites.")
    out = Representation(group, basis, matrices, origin)
    if (defect := projective_defect(group, matrices, UNITARY)) > UNITARY:
        raise InputError(
            f"{basis.source}: the matrices do not multiply as the operations do (difference up to {defect:.2g})."
        )
    return out


def partners_of(group: Group, D: Complex, i: int) -> Complex:
    """``D_i D_h`` for every h: complex conjugation of the second factor where operation i reverses time."""
    return np.asarray(D[i] @ (D.conj() if group.operations[i].time_reversal else D))


def projective_defect(group: Group, D: Complex, limit: float = 0.0) -> float:
    """Largest element of ``D(g) D(h) - c D(gh)`` with the best phase c for every pair.

    With ``d(g)`` the largest norm of these differences over all h, ``d(g g') <= 2 d(g) + d(g')``, so that ``d`` of a
    product is at most twice the sum over its factors: few g have to be tried where that is small enough.

    Parameters
    ----------
    group, D
        Operations and their matrices ``(n, N, N)``, unitary.
    limit
        A result above it is exact, one that is not above it may be such a bound.
    """
    rows: dict[int, tuple[float, float]] = {}

    def measure(i: int) -> float:
        rows[i] = row_defect(group, D, i)
        return 2 * rows[i][1]

    bound = float(residual_bounds(group.table, measure, limit).max())
    if bound <= limit:
        return bound
    return max((rows.get(i) or row_defect(group, D, i))[0] for i in range(len(group)))


def row_defect(group: Group, D: Complex, i: int) -> tuple[float, float]:
    """Largest element and largest norm of ``D(g) D(h) - c D(gh)`` of one g, with the best phase c for every h."""
    found, want = partners_of(group, D, i), D[group.table[i]]
    overlap = np.einsum("hab,hab->h", want.conj(), found)
    c = np.where(abs(overlap) > 1e-12, overlap / np.maximum(abs(overlap), 1e-300), 1.0)
    gap = abs(found - c[:, None, None] * want)
    return float(gap.max()), float(np.linalg.norm(gap, axis=(1, 2)).max())
