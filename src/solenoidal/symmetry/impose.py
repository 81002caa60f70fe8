"""From a model and its files to the group that it has and the symmetrised model."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solenoidal.errors import InputError
from solenoidal.events import Listener, Message, silent
from solenoidal.model import BlochModel
from solenoidal.symmetry.basis import Basis
from solenoidal.symmetry.candidates import TOLERANCE as COINCIDE
from solenoidal.symmetry.candidates import Crystal, crystal_group, site_operations, with_time_reversal
from solenoidal.symmetry.fields import refuse_other_models
from solenoidal.symmetry.finder import (
    DEFECT,
    EXACT,
    EXACT_QUIET,
    QUIET,
    TOLERANCE,
    Observer,
    accepted,
    exact_representation,
    largest_group,
    rounded,
)
from solenoidal.symmetry.generators import residual_bounds
from solenoidal.symmetry.operations import Group, Operation
from solenoidal.symmetry.projections import read_atoms, read_projections, spin_orders
from solenoidal.symmetry.representation import Representation, from_orbitals, projective_defect
from solenoidal.symmetry.symmetrise import symmetrise

__all__ = ["Observed", "exact_operations", "impose", "observe", "representation_of"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

#: Largest relative change by an operation that is rounding.
EXACT_CHANGE = 1e-9


@dataclass(frozen=True)
class Limits:
    """Largest change of H by a symmetry and by noise without steps, eV."""

    tolerance: float
    quiet: float

    def accept(self, changes: Real) -> float:
        """Largest of these changes that counts as a symmetry."""
        return accepted(changes, self.tolerance, self.quiet)


@dataclass(frozen=True, eq=False)
class Observed:
    """Operations that a model has.

    Attributes
    ----------
    representation
        Group and matrices; those found from the model are as found, a representation to the noise of the model.
    changes
        ``(n,)`` root mean square change of H by each operation, eV.
    broken
        Smallest change of H by a candidate that was not accepted, eV; infinity if all were.
    candidates
        How many operations were tested.
    """

    representation: Representation
    changes: Real
    broken: float
    candidates: int

    @property
    def group(self) -> Group:
        """The operations."""
        return self.representation.group

    def sentence(self) -> str:
        """How well the operations are symmetries."""
        rest = f"; the others by {self.broken:.2g} eV or more" if np.isfinite(self.broken) else ""
        return (
            f"{len(self.group)} of {self.candidates} operations are symmetries of the model, which change H by at most "
            f"{self.changes.max():.2g} eV (root mean square over levels){rest}."
        )


def observe(
    model: BlochModel, win: Path | None = None, moments: ArrayLike | None = None, tolerance: float = TOLERANCE
) -> Observed:
    """Find the operations that a model has, with and without time reversal.

    Candidates are the operations of the space group of the atoms in ``win``, or those of the lattice that take the
    centres of the orbitals to each other.  Each is tested on the Hamiltonian: with the projections of ``win`` in every
    order of the basis that occurs, and where these do not describe the model with matrices found from it.

    Parameters
    ----------
    model
        Electrons: no metric.
    win
        ``.win`` file with atoms and projections, where there is one.
    moments
        Magnetic moments of the atoms, see :func:`solenoidal.symmetry.crystal_group`: the group is then given, and
        refused if the model does not have it.
    tolerance
        Largest change of H (eV, root mean square over levels) that counts as a symmetry; see
        :func:`solenoidal.symmetry.accepted` for how noise and broken symmetries are told apart below it.

    Raises
    ------
    InputError
        If the model has a metric, moments are given without atoms, or a file cannot be read.
    """
    refuse_other_models(model)
    crystal = None if win is None or model.dimension != 3 else read_atoms(win, model.lattice)
    if crystal is None:
        if moments is not None:
            raise InputError(f"{model.source}: magnetic moments need the atoms of a .win file.")
        limits = Limits(tolerance, EXACT_QUIET)
        return max((_found(Observer(model, b), g, limits) for b, g in _site_groups(model)), key=_quality)
    group = crystal_group(crystal, moments)
    limits = Limits(tolerance, QUIET if moments is None else tolerance)
    best = _best_projected(model, group, win, limits)
    if best is None or len(best.chosen) < len(group):
        found = _better(model, crystal, group, limits, best)
    else:
        found = best.observed(limits)
    if moments is not None and len(found.group) < len(group):
        raise InputError(
            f"{model.source}: the model does not have the symmetry of these moments, an operation of the group changes "
            f"H by {found.broken:.2g} eV."
        )
    return found


def _better(model: BlochModel, crystal: Crystal, group: Group, limits: Limits, best: "Trial | None") -> Observed:
    """Operations found from the model where these are more than those of the projections."""
    try:
        found = _found(_by_atoms(model, crystal), group, limits)
    except InputError:
        if best is None or len(best.chosen) == 1:
            raise
        return best.observed(limits)
    return found if best is None or len(found.group) > len(best.chosen) else best.observed(limits)


def _quality(observed: Observed) -> tuple[int, float]:
    return len(observed.group), -float(observed.changes.max())


def _chosen(candidate: Representation, changes: Real, limits: Limits) -> list[int]:
    """Numbers of the largest group among operations with these changes of H."""
    limit = limits.accept(changes[1:])
    return largest_group(candidate.group.operations, changes, limit, candidate.group)


def _observed(candidate: Representation, changes: Real, chosen: list[int]) -> Observed:
    left = np.delete(changes, chosen)
    whole = len(chosen) == len(candidate.group)
    part = candidate if whole else candidate.take(chosen, f"subgroup of {candidate.group.name}")
    return Observed(part, changes[chosen], float(left.min(initial=np.inf)), len(candidate.group))


def _best_projected(model: BlochModel, group: Group, win: Path | None, limits: Limits) -> "Trial | None":
    """Most operations that the projections of a file give in one of their orders, with the least change of H."""
    best: Trial | None = None
    for candidate in _projected(model, group, win):
        # Once the whole group is found another order has to give all of it, too, and changes that are smaller.
        most = best.quality[1] if best and len(best.chosen) == len(group) else -np.inf
        trial = _trial(Observer(model, candidate.basis), candidate, limits, -most)
        if trial and (best is None or trial.quality > best.quality):
            best = trial
    return best


@dataclass(frozen=True, eq=False)
class Trial:
    """Operations with given matrices that were tried on a model.

    Attributes
    ----------
    observer, candidate
        The model, the operations and their matrices.
    changes
        ``(n,)`` eV.  Operations within the tolerance are infinite where they break position or operators; the others
        were tried on H alone.
    chosen
        Numbers of the largest group.
    """

    observer: Observer
    candidate: Representation
    changes: Real
    chosen: list[int]

    @property
    def quality(self) -> tuple[int, float]:
        """Number of operations, the more the better, and least change of H."""
        return len(self.chosen), -float(self.changes[self.chosen].max())

    def observed(self, limits: Limits) -> Observed:
        """The group, and the smallest change by an operation that is none of it but keeps position and operators."""
        changes = self.changes.copy()
        far = np.flatnonzero((changes > limits.tolerance) & np.isfinite(changes))
        for i in far[np.argsort(changes[far], kind="stable")].tolist():
            if self.observer.keeps(self.candidate.group.operations[i], self.candidate.D[i]):
                break
            changes[i] = np.inf
        return _observed(self.candidate, changes, self.chosen)


def _trial(observer: Observer, candidate: Representation, limits: Limits, most: float) -> Trial | None:
    """Try operations; None as soon as one changes H by more than ``most``."""
    changes = np.empty(len(candidate.group))
    for i, (g, D) in enumerate(zip(candidate.group.operations, candidate.D, strict=True)):
        changes[i] = observer.energy_change(g, D)
        if changes[i] > most:
            return None
    _drop_broken(observer, candidate, changes, limits)
    return Trial(observer, candidate, changes, _chosen(candidate, changes, limits))


def _drop_broken(observer: Observer, candidate: Representation, changes: Real, limits: Limits) -> None:
    """Make changes within the tolerance infinite where the operation breaks position or operators."""

    def defect(i: int) -> float:
        return observer.defect(candidate.group.operations[i], candidate.D[i], besides="H")

    near = np.flatnonzero(changes <= limits.tolerance)
    bounds = residual_bounds(candidate.group.table, defect, DEFECT, near.tolist())
    changes[near[bounds[near] > DEFECT]] = np.inf


def _projected(model: BlochModel, group: Group, win: Path | None) -> Iterator[Representation]:
    """Representations by the projections of a file, in every order that fits the number of orbitals."""
    if win is None:
        return
    try:
        for p in read_projections(win, model.lattice):
            for order in spin_orders(p.count, model.size):
                spins = "no spin" if order is None else f"spins {order}"
                text = f"projections of {win.name} ({'sorted by l' if p.by_l else 'as written'}, {spins})"
                yield from_orbitals(group, p.sites, p.orbitals, order, text, model.source)
    except InputError:
        return  # projections that say nothing about the basis: the model itself is asked


def _found(observer: Observer, group: Group, limits: Limits) -> Observed:
    """Operations of a group with matrices found from the model: generators by the linear problem, then products."""
    n, N = len(group), observer.basis.size
    D = np.zeros((n, N, N), dtype=np.complex128)
    D[0], changes, known, tried = np.eye(N), np.full(n, np.inf), [0], {0}
    for i, g in enumerate(group.operations):
        if i in tried:
            continue
        found = observer.look(g)
        if found is None or found.change > limits.tolerance:
            # No product of this operation with a symmetry is one either.
            coset = [int(j) for j in group.table[i, known]]
            changes[coset] = np.inf if found is None else found.change
            tried.update(coset)
        else:
            D[i] = found.D
            known = _generated(group, D, known, i)
            tried.update(known)
    subgroup = group.take(known)
    D[known] = rounded(subgroup, D[known])
    candidate = Representation(group, observer.basis, D, "found from the model itself")
    if projective_defect(subgroup, D[known], EXACT) < EXACT:
        changes[known] = [observer.energy_change(group.operations[i], D[i]) for i in known]
        _drop_broken(observer, candidate, changes, limits)
        for i in [i for i in known if np.isfinite(changes[i]) and changes[i] > limits.tolerance]:
            changes[i] = observer.change(group.operations[i], D[i])
    else:  # matrices of products are no products of matrices, nothing follows from generators
        changes[known] = [observer.change(group.operations[i], D[i]) for i in known]
    changes[0] = 0.0
    out = _observed(candidate, changes, _chosen(candidate, changes, limits))
    # Operations that turn out to be broken have spoilt the others a little: do without them.
    again = len(out.group) < len(known) and (limit := float(out.changes.max())) < limits.tolerance / 2
    return _found(observer, group, replace(limits, tolerance=max(2 * limit, limits.quiet))) if again else out


def _generated(group: Group, D: Complex, known: list[int], new: int) -> list[int]:
    """Numbers of the subgroup that ``known`` and one operation more generate; their matrices are written to D."""
    members, fresh = [*known, new], [new]
    while fresh:
        i = fresh.pop()
        for j in [*known, new]:
            for a, b in ((i, j), (j, i)):
                m = int(group.table[a, b])
                if m not in members:
                    D[m] = D[a] @ (D[b].conj() if group.operations[a].time_reversal else D[b])
                    members.append(m)
                    fresh.append(m)
    return sorted(members)


def _by_atoms(model: BlochModel, crystal: Crystal) -> Observer:
    """Every orbital counted to the atom next to its centre."""
    centres = _centres(model) @ np.linalg.inv(model.lattice)
    gap = centres[:, None] - crystal.positions[None]
    away = np.linalg.norm((gap - np.rint(gap)) @ model.lattice, axis=2)
    site = np.argmin(away, axis=1)
    cells = np.rint(gap[np.arange(model.size), site])
    if cells.any():
        a = int(np.flatnonzero(cells.any(axis=1))[0])
        raise InputError(
            f"{model.source}: orbital {a + 1} is centred on an atom of another cell than the one listed in the .win "
            f"file, so the model cannot be symmetrised; move the atom of the file or the orbital by a lattice vector."
        )
    return Observer(model, Basis(model.lattice, crystal.positions, site, model.source))


def _centres(model: BlochModel) -> Real:
    """``(N, D)`` Cartesian centres of the orbitals; the origin where the model has no positions."""
    if model.position is None:
        return np.zeros((model.size, model.dimension))
    home = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    return np.asarray(np.einsum("iaa->ai", model.position[home]).real)


def _site_groups(model: BlochModel) -> Iterator[tuple[Basis, Group]]:
    """Ways to count orbitals to sites, with the operations of the lattice that each allows."""
    centres = _centres(model)
    sites: list[Real] = []
    site = np.zeros(model.size, dtype=np.int64)
    for a, x in enumerate(centres):
        near = [i for i, y in enumerate(sites) if np.linalg.norm(x - y) < COINCIDE]
        if not near:
            sites.append(x)
        site[a] = near[0] if near else len(sites) - 1
    every = [(np.array(sites), site)]
    if len(sites) > 1:
        every.append((np.zeros((1, model.dimension)), np.zeros(model.size, dtype=np.int64)))
    for where, members in every:
        basis = Basis(model.lattice, where @ np.linalg.inv(model.lattice), members, model.source)
        rotations = site_operations(model.lattice, basis.sites, basis.kinds)
        yield basis, Group(model.lattice, tuple(with_time_reversal(rotations)), "operations of the lattice")


def representation_of(observed: Observed) -> Representation:
    """Exact representation of observed operations.

    Raises
    ------
    InputError
        If the model has no symmetry besides the identity, or its internal symmetries leave the action of the operations
        on the orbitals undetermined.
    """
    r = observed.representation
    if len(r.group) == 1:
        best = f", the best changes H by {observed.broken:.2g} eV" if np.isfinite(observed.broken) else ""
        raise InputError(
            f"{r.basis.source}: the model cannot be symmetrised: none of the {observed.candidates} operations of the "
            f"crystal takes its orbitals to each other and leaves H as it is{best}."
        )
    return exact_representation(r.group, r.basis, r.D, r.origin)


def exact_operations(model: BlochModel, win: Path | None = None) -> tuple[Operation, ...]:
    """Operations that a model has to rounding: those that an irreducible zone may use.

    Parameters
    ----------
    model, win
        See :func:`observe`.

    Raises
    ------
    InputError
        If the model has its symmetry only roughly, and as :func:`observe`.
    """
    known = _known(model)
    if known is not None and _largest_defect(model, known) <= EXACT_CHANGE:
        return known.group.operations
    found = observe(model, win).representation
    if (worst := _largest_defect(model, found)) > EXACT_CHANGE:
        raise InputError(
            f"{model.source}: the operations change H, positions or operators by up to {worst:.2g} of their size, set "
            f"symmetrise = true in [system]."
        )
    return found.group.operations


def _known(model: BlochModel) -> Representation | None:
    """Representation that a model brings along from its averaging, if it fits."""
    r = model.representation
    if not isinstance(r, Representation) or r.basis.size != model.size:
        return None
    return r if np.array_equal(r.group.lattice, model.lattice) else None


def _largest_defect(model: BlochModel, r: Representation) -> float:
    """Largest defect of all operations of a group: a bound by those of generators, or exact where that is too large."""
    observer = Observer(model, r.basis)

    def defect(i: int) -> float:
        return observer.defect(r.group.operations[i], r.D[i])

    return float(residual_bounds(r.group.table, defect, EXACT_CHANGE).max())


def impose(
    model: BlochModel, win: Path | None = None, listen: Listener = silent, fermi_energy: float | None = None
) -> BlochModel:
    """Symmetrise a model with the group that it is observed to have, time reversal included where present.

    Parameters
    ----------
    model, win
        See :func:`observe`.
    listen
        Receives the sentences of the report, which are also among the notes of the model.
    fermi_energy
        eV, where known better than by the model: the report looks at bands near it.

    Raises
    ------
    InputError
        As :func:`observe`, :func:`representation_of` and :func:`solenoidal.symmetry.symmetrise`.
    """
    listen(Message("looking for the symmetry of the model"))
    observed = observe(model, win)
    representation = representation_of(observed)
    out, report = symmetrise(model, representation, fermi_energy)
    for text in (observed.sentence(), *report.sentences()):
        listen(Message(text))
    notes = (*model.notes, observed.sentence(), *report.sentences())
    return replace(out, notes=notes, representation=representation)
