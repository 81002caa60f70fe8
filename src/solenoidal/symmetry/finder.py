"""Operations that a model has, found from its matrices alone.

The orbitals of a Wannier model need not be the projections it started from: after the localisation they are hybrids in
any order.  The matrix D of an operation still follows from the model, as the solution of ``D X(R) = X'(R) D`` for the
Hamiltonian, the positions and the operators, a linear problem whose smallest singular value says how well the operation
is a symmetry.  The matrices found for a group are then made an exact representation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.model import BlochModel
from solenoidal.symmetry.basis import Basis, Vectors, rotate
from solenoidal.symmetry.fields import Field, fields_of, turned
from solenoidal.symmetry.operations import Group, Operation
from solenoidal.symmetry.representation import Representation, projective_defect, row_defect

__all__ = ["Found", "Observer", "accepted", "exact_representation", "largest_group", "rms_change", "rounded"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Largest change of H (eV, root mean square over levels) under an operation that counts as a symmetry of noisy data.
TOLERANCE = 0.3
#: Between changes of H above QUIET (eV), a step by this factor separates symmetries from broken ones; models that were
#: built and not computed have no noise but rounding, EXACT_QUIET.
STEP, QUIET, EXACT_QUIET = 3.0, 0.01, 1e-6
#: Change of the position or an operator, relative to its norm, above which an operation does not act on it as declared.
DEFECT = 0.2
#: Largest number of unknowns of the linear problem.
MOST_UNKNOWNS = 1600
#: Part of the largest eigenvalue below which solutions count as exact.
NULL = 1e-10
#: Steps towards an exact representation, and the defect that counts as none.
ROUNDS, EXACT = 10, 1e-11


@dataclass(frozen=True)
class Found:
    """An operation with its matrix ``(N, N)`` and the change of H that it brings, eV."""

    operation: Operation
    D: Complex
    change: float


def rms_change(H: Complex, image: Complex) -> float:
    """Root mean square over levels and k of ``H(k) - H'(k)``, eV, for matrices ``(n_R, 1, N, N)``."""
    return float(np.linalg.norm(image - H) / np.sqrt(H.shape[-1]))


@dataclass(frozen=True, eq=False)
class Observer:
    """Looks for operations in one model.

    Attributes
    ----------
    model
        Electrons: no metric.
    basis
        Sites of its orbitals.
    """

    model: BlochModel
    basis: Basis

    @cached_property
    def vectors(self) -> Vectors:
        """R vectors of the model."""
        return Vectors(self.model.R)

    @cached_property
    def fields(self) -> list[tuple[Field, Complex]]:
        """What D has to connect, each with weight 1: H without its mean, r about the sites, declared operators."""
        out = []
        for field in fields_of(self.model, self.basis, undeclared="skip"):
            X = field.X
            if field.name == "H":
                home = self.vectors.find(np.zeros((1, self.model.dimension), dtype=np.int64))[0]
                X = X.copy()
                X[home, 0] -= np.eye(self.model.size) * np.trace(X[home, 0]) / self.model.size
            size = float(np.linalg.norm(X))
            if size > 1e-12:
                out.append((field, X / size))
        return out

    def look(self, g: Operation) -> Found | None:
        """Matrix of an operation; None if it does not map sites on sites or mixes components that are not there.

        Raises
        ------
        InputError
            If the model has too many orbitals on equal sites.
        """
        try:
            image = self.basis.image(g)
        except InputError:
            return None
        pairs = self._pairs(image.target)
        gram = np.zeros((len(pairs[0]),) * 2, dtype=np.complex128)
        one = np.eye(self.model.size, dtype=np.complex128)
        for field, X in self.fields:
            M = field.matrix(g)
            if M is None:
                return None
            # D A(R) = B(R) D with A = M X, conjugated under time reversal, and B the matrices at the image of R.
            A = turned(M, X)
            A = (A.conj() if g.time_reversal else A).reshape(-1, *one.shape)
            B = rotate(X.conj() if g.time_reversal else X, self.vectors, self.basis, g, one, image)
            gram += _gram(A, B.reshape(-1, *one.shape), *pairs, image.target, self.basis)
        return self._solution(g, gram, pairs)

    def _pairs(self, target: Index) -> tuple[Index, Index]:
        """Rows and columns of D that an operation with this action on the sites may fill."""
        site = self.basis.site
        rows, columns = np.nonzero(site[:, None] == target[site][None, :])
        if len(rows) > MOST_UNKNOWNS:
            raise InputError(
                f"{self.model.source}: finding the symmetry of {self.model.size} orbitals from the model itself needs "
                f"{len(rows)} unknowns, at most {MOST_UNKNOWNS} are possible; name the projections in .win."
            )
        return rows, columns

    def _solution(self, g: Operation, gram: Complex, pairs: tuple[Index, Index]) -> Found | None:
        e, V = np.linalg.eigh(gram)
        null = V[:, e < max(NULL * e[-1], 1e-300)] if e[0] < NULL * e[-1] else V[:, :1]
        # Where internal symmetries leave several solutions any invertible mixture of them serves.
        mixture = null @ np.random.default_rng(11).normal(size=null.shape[1])
        X = np.zeros((self.model.size,) * 2, dtype=np.complex128)
        X[pairs] = mixture
        left, s, right = np.linalg.svd(X)
        if s[-1] < 1e-3 * s[0]:
            return None
        return Found(g, left @ right, self.change(g, left @ right))

    def defect(self, g: Operation, D: Complex, besides: str = "") -> float:
        """Largest change of H, position and operators by an operation, relative to their norms.

        Infinite if it mixes in a component that is not there.  ``besides`` names an array that is left out.
        """
        worst = 0.0
        for field, X in self.fields:
            if field.name == besides:
                continue
            M = field.matrix(g)
            if M is None:
                return float("inf")
            gap = rotate(X, self.vectors, self.basis, g, D) - turned(M, X)
            worst = max(worst, float(np.linalg.norm(gap)))
        return worst

    def energy_change(self, g: Operation, D: Complex) -> float:
        """Change of H (eV, root mean square) by an operation, whatever it does to position and operators."""
        H = self.model.H[:, None]
        return rms_change(H, rotate(H, self.vectors, self.basis, g, D))

    def change(self, g: Operation, D: Complex) -> float:
        """Change of H (eV, root mean square) by an operation; infinite if position or operators break it."""
        return self.energy_change(g, D) if self.keeps(g, D) else float("inf")

    def keeps(self, g: Operation, D: Complex) -> bool:
        """Whether an operation acts on position and operators as they are declared, to noise."""
        return self.defect(g, D, besides="H") <= DEFECT


def _gram(A: Complex, B: Complex, rows: Index, columns: Index, target: Index, basis: Basis) -> Complex:
    """Hermitian form of ``sum |D A - B D|^2`` in the entries of D that may differ from zero.

    ``B`` holds the matrices at the image of R, rows and columns on the target sites.
    """
    AA = np.einsum("rij,rkj->ik", A, A.conj(), optimize=True)
    BB = np.einsum("rji,rjk->ik", B.conj(), B, optimize=True)
    n, m = len(A), A.shape[1]
    # cross[(p, q), (k, j)] = sum_r conj(B_pq) A_kj;  <B D, D A> = conj(D_qj) conj(B_pq) D_pk A_kj
    cross = (B.reshape(n, -1).conj().T @ A.reshape(n, -1)).reshape(m, m, m, m)
    mixed = cross[rows[None, :], rows[:, None], columns[None, :], columns[:, None]]
    same_row = rows[:, None] == rows[None, :]
    same_column = columns[:, None] == columns[None, :]
    out = same_row * AA[columns[None, :], columns[:, None]] + same_column * BB[rows[:, None], rows[None, :]]
    return np.asarray(out - mixed - mixed.conj().T)


def accepted(changes: Real, tolerance: float = TOLERANCE, quiet: float = QUIET) -> float:
    """Largest change of H that counts as a symmetry, eV.

    Noise gives all symmetries of a model similar changes and a broken symmetry a much larger one, so that the first
    large step among the changes is the limit; without one it is ``tolerance``.

    Parameters
    ----------
    changes
        Of the operations other than the identity, eV.
    tolerance, quiet
        eV; steps among changes below ``quiet`` are noise of another kind.
    """
    x = np.sort(changes[changes <= tolerance])
    jumps = np.flatnonzero(x[1:] > STEP * np.maximum(x[:-1], quiet))
    return float(x[jumps[0]]) if len(jumps) else tolerance


def largest_group(operations: Sequence[Operation], changes: Real, limit: float, group: Group) -> list[int]:
    """Numbers of the operations with changes up to ``limit``; fewer where these are not closed under products."""
    chosen = [i for i in range(len(operations)) if i == 0 or changes[i] <= limit]
    while True:
        members = set(chosen)
        closed = all(int(group.table[i, j]) in members for i in chosen for j in chosen)
        if closed:
            return chosen
        # Drop the operations with the largest change until the rest is a group.
        largest = max(changes[i] for i in chosen if i)
        chosen = [i for i in chosen if i == 0 or changes[i] < largest * (1 - 1e-3)]


def exact_representation(group: Group, basis: Basis, D: Complex, origin: str = "given matrices") -> Representation:
    """Representation next to matrices that multiply as the operations do only roughly.

    Parameters
    ----------
    group, basis
        Operations and sites.
    D
        ``(n, N, N)`` unitary.

    Raises
    ------
    InputError
        If the matrices do not come to a representation: the model has symmetries besides the operations, which leave D
        undetermined.
    """
    D = rounded(group, D)
    if _multiply(group, D):
        return Representation(group, basis, D, origin)
    raise InputError(
        f"{basis.source}: the action of the operations on the orbitals cannot be found from the model, because it has "
        f"internal symmetries besides; name atoms and projections in .win, or give the matrices."
    )


def _multiply(group: Group, D: Complex) -> bool:
    """Whether matrices multiply as the operations do; most that do not show it in one row of their table."""
    return row_defect(group, D, len(group) - 1)[0] < EXACT and projective_defect(group, D, EXACT) < EXACT


def rounded(group: Group, D: Complex) -> Complex:
    """Matrices next to ``D (n, N, N)`` that multiply as the operations do, as far as there are such.

    ``D(g) <- unitary part of the mean over h of c D(g h) D(h)^-1`` with phases c, repeated; the error squares with
    every round.
    """
    for _ in range(ROUNDS):
        if _multiply(group, D):
            break
        mean = np.empty_like(D)
        for i, g in enumerate(group.operations):
            back = (D.conj() if g.time_reversal else D).conj().swapaxes(1, 2)
            found = D[group.table[i]] @ back
            overlap = np.einsum("ab,hab->h", D[i].conj(), found)
            mean[i] = np.tensordot(overlap.conj() / np.maximum(abs(overlap), 1e-300), found, axes=1)
        left, _, right = np.linalg.svd(mean)
        D = left @ right
    return D
