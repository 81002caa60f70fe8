"""Average a model over a group, and say how much that changed."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import fourier
from solenoidal.errors import InputError
from solenoidal.model import BlochModel
from solenoidal.symmetry.basis import Basis, Vectors, closed_vectors, rotate
from solenoidal.symmetry.fields import Field, about_sites, fields_of, refuse_other_models, turned
from solenoidal.symmetry.generators import coset_representatives
from solenoidal.symmetry.representation import Representation

__all__ = ["Change", "SymmetryReport", "average", "symmetrise"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Random k-points at which bands are compared, and how far from the Fermi level (eV) is "near".
POINTS, NEAR = 64, 2.0


@dataclass(frozen=True)
class Change:
    """How much symmetrising moved something: largest and root mean square, in ``unit``."""

    largest: float
    rms: float
    unit: str

    def __str__(self) -> str:
        return f"{self.largest:.2g} {self.unit} (rms {self.rms:.2g})"


@dataclass(frozen=True)
class SymmetryReport:
    """What symmetrising did to a model.

    Attributes
    ----------
    group
        The group in words.
    origin
        Where the action on the orbitals comes from.
    matrices
        Change of the matrix elements of H, position and every operator, by name.
    bands, bands_near_fermi
        Change of e(k) at random k, of all levels and of those within 2 eV of the Fermi level (None where that is not
        known or no level lies there).
    pairs_before, pairs_after
        Largest splitting of pairs that the group makes degenerate, eV; None if it makes none.
    """

    group: str
    origin: str
    matrices: dict[str, Change]
    bands: Change
    bands_near_fermi: Change | None
    pairs_before: float | None
    pairs_after: float | None

    def sentences(self) -> tuple[str, ...]:
        """One sentence each for a report."""
        moved = ", ".join(f"{name} {change}" for name, change in self.matrices.items())
        near = (
            "" if self.bands_near_fermi is None else f", within {NEAR:g} eV of the Fermi level {self.bands_near_fermi}"
        )
        out = [
            f"Symmetrised with {self.group}; action on the orbitals: {self.origin}.",
            f"Symmetrising changed matrix elements by at most: {moved}.",
            f"Symmetrising moved the bands at random k by at most {self.bands}{near}.",
        ]
        if self.pairs_before is not None:
            out.append(
                f"Largest splitting of degenerate pairs: {self.pairs_before:.2g} eV before symmetrising, "
                f"{self.pairs_after:.2g} eV after."
            )
        return tuple(out)


def symmetrise(
    model: BlochModel, representation: Representation, fermi_energy: float | None = None
) -> tuple[BlochModel, SymmetryReport]:
    """Average H, the position and every operator of a model over a group.

    ``X_ab(R) = mean over g of M(g)^-1 <g a,0| X |g b,R>``, complex conjugated where g reverses time, with M the matrix
    on the components: 1 for H and charge, R for the position about the sites, det(R) R for spin and orbital moments,
    times the sign under time reversal.  The result has every symmetry exactly and is the nearest such model.

    Parameters
    ----------
    model
        Electrons: no metric.
    representation
        Group and its action on the orbitals, with sites for all of them.
    fermi_energy
        eV, for the report; None: that of the model.

    Returns
    -------
    tuple
        The model, with R vectors closed under the group and the report among its notes; the report.

    Raises
    ------
    InputError
        If the model has a metric, an operator does not declare how it transforms or misses a component that the
        group mixes in, or the representation is for another number of orbitals.
    """
    refuse_other_models(model)
    if representation.basis.size != model.size:
        raise InputError(
            f"{model.source}: the representation is for {representation.basis.size} orbitals, the model has "
            f"{model.size}."
        )
    fields = fields_of(model, representation.basis)
    wide = _widened(model, fields, representation)
    fields = fields_of(wide, representation.basis)
    means = {field.name: average(field, Vectors(wide.R), representation) for field in fields}
    after = _trimmed(_with(wide, means, representation.basis))
    fermi = model.fermi_energy if fermi_energy is None else fermi_energy
    report = _report(wide, after, fermi, {f.name: f for f in fields}, means, representation)
    return replace(after, notes=(*model.notes, *report.sentences())), report


def average(field: Field, vectors: Vectors, representation: Representation) -> Complex:
    """Mean of the images of one operator, ``(n_R, n, N, N)`` on R vectors that are closed under the group.

    Taken through subgroups, see :func:`solenoidal.symmetry.generators.coset_representatives`.

    Raises
    ------
    InputError
        If an operation mixes in a component that the operator does not have.
    """
    group, X = representation.group, field.X
    matrices = [field.matrix(g) for g in group.operations]
    if (mixing := next((g for g, M in zip(group.operations, matrices, strict=True) if M is None), None)) is not None:
        raise InputError(
            f"{representation.basis.source}: the operation {mixing} mixes components of operator '{field.name}' that "
            f"the model does not have, give all three."
        )
    for step in coset_representatives(group.table):
        total = X.copy()
        for i in step:
            image = rotate(X, vectors, representation.basis, group.operations[i], representation.D[i])
            # g^-1 X g = M X, M orthogonal.
            total += turned(np.asarray(matrices[i]).T, image)
        X = total / (1 + len(step))
    partner = vectors.find(-vectors.R)
    return np.asarray((X + X[partner].conj().swapaxes(-1, -2)) / 2)


def _widened(model: BlochModel, fields: list[Field], representation: Representation) -> BlochModel:
    """The model with zeros on the R vectors that its images reach."""
    members = representation.basis.members
    occupied = [[np.logical_or.reduce([_filled(f.X, a, b) for f in fields]) for b in members] for a in members]
    R = closed_vectors(model.R, occupied, representation.basis, representation.group.operations)
    R = np.unique(np.concatenate([R, model.R]), axis=0)
    where = Vectors(R).find(model.R)
    return _mapped(model, R, lambda X: _spread(X, len(R), where))


def _filled(X: Complex, rows: Index, columns: Index) -> NDArray[np.bool_]:
    return np.asarray(X[:, :, rows[:, None], columns].any(axis=(1, 2, 3)))


def _spread(X: Complex, count: int, where: Index) -> Complex:
    out = np.zeros((count, *X.shape[1:]), dtype=np.complex128)
    out[where] = X
    return out


def _trimmed(model: BlochModel) -> BlochModel:
    """The model without R vectors at which everything is zero."""
    arrays = [model.H, *(op.matrices for op in model.operators.values())]
    arrays += [] if model.position is None else [model.position]
    keep = np.logical_or.reduce([X.reshape(len(X), -1).any(axis=1) for X in arrays])
    keep |= keep[Vectors(model.R).find(-model.R)] | (model.R == 0).all(axis=1)
    return _mapped(model, model.R[keep], lambda X: X[keep])


def _mapped(model: BlochModel, R: Index, change: Callable[[Complex], Complex]) -> BlochModel:
    """The model on other R vectors."""
    return replace(
        model,
        R=R,
        H=change(model.H),
        position=None if model.position is None else change(model.position),
        operators={name: replace(op, matrices=change(op.matrices)) for name, op in model.operators.items()},
    )


def _with(model: BlochModel, means: dict[str, Complex], basis: Basis) -> BlochModel:
    ops = {name: replace(op, matrices=means[name]) for name, op in model.operators.items()}
    position = None
    if model.position is not None:
        position = about_sites(replace(model, position=means["position"]), basis, +1)
    return replace(model, H=np.ascontiguousarray(means["H"][:, 0]), position=position, operators=ops)


def _report(
    wide: BlochModel,
    after: BlochModel,
    fermi: float | None,
    fields: dict[str, Field],
    means: dict[str, Complex],
    representation: Representation,
) -> SymmetryReport:
    units = {"H": "eV", "position": "Angstrom"}
    units |= {name: "" if op.unit == "1" else op.unit for name, op in wide.operators.items()}
    matrices = {name: _change(f.X, means[name], units[name]) for name, f in fields.items()}
    k = np.random.default_rng(1962).uniform(size=(POINTS, wide.dimension))
    old, new = (np.linalg.eigvalsh(fourier(m, k, "charge").H) for m in (wide, after))
    near = None
    if fermi is not None and (window := abs(old - fermi) < NEAR).any():
        near = _change(old[window], new[window], "eV")
    before, done = (_pair_splitting(m, representation) for m in (wide, after))
    text = representation.group.describe()
    return SymmetryReport(text, representation.origin, matrices, _change(old, new, "eV"), near, before, done)


def _change(old: NDArray[np.inexact], new: NDArray[np.inexact], unit: str) -> Change:
    gap = abs(new - old)
    return Change(float(gap.max(initial=0.0)), float(np.sqrt(np.mean(gap**2))), unit)


def _pair_splitting(model: BlochModel, representation: Representation) -> float | None:
    """Largest distance within the pairs of levels 1-2, 3-4, ... that an antiunitary operation with square -1 makes."""
    square = _squares(representation)
    if not square or model.size % 2:
        return None
    k = np.concatenate([_kept_points(U, model.dimension) for U in square])
    e = np.linalg.eigvalsh(fourier(model, k, "charge").H)
    return float((e[:, 1::2] - e[:, ::2]).max())


def _squares(representation: Representation) -> list[Index]:
    """Action on k of the antiunitary operations without translation that square to -1, the one of every k first."""
    found = []
    for g, D in zip(representation.group.operations, representation.D, strict=True):
        same = (g.rotation @ g.rotation == np.eye(len(g.rotation))).all() and not g.translation.any()
        if g.time_reversal and same and np.allclose(D @ D.conj(), -np.eye(len(D)), atol=1e-6):
            found.append(g.reciprocal)
    every, centre = ([U for U in found if np.array_equal(U, sign * np.eye(len(U)))] for sign in (1, -1))
    return every[:1] or centre[:1]


def _kept_points(U: Index, dimension: int) -> Real:
    """k-points that U keeps: random ones, or the time-reversal points."""
    if np.array_equal(U, np.eye(dimension)):
        return np.random.default_rng(1962).uniform(size=(POINTS, dimension))
    return np.array(list(np.ndindex(*(2,) * dimension))) / 2
