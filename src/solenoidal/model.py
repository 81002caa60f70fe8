"""The one description of a crystal that everything below works on: a Bloch Hamiltonian and named operators.

``X(k) = sum_R exp(2 pi i k.R) X_R`` for the Hamiltonian, the position matrix and every operator, with k and R in
lattice coordinates.  Electrons, Bogoliubov quasiparticles, magnons and phonons differ in ``metric`` and
``statistics`` only; nothing below this module knows which of them it serves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solenoidal.errors import InputError
from solenoidal.units import Flow

__all__ = ["BlochModel", "Operator", "Statistics", "Transformation"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Statistics = Literal["fermi", "bose"]
Transformation = Literal["scalar", "pseudoscalar", "polar", "axial"]

#: Largest ``|X_-R - X_R^+|`` that counts as rounding of a file, relative to the largest element of X.
HERMITICITY = 1e-6


@dataclass(frozen=True)
class Operator:
    """An internal operator ``s`` of the crystal, one matrix per R vector and component.

    Attributes
    ----------
    matrices
        ``(n_R, n_components, N, N)``, on the R vectors of the model, in units of ``unit``.
    components
        Names of the components: ``("x", "y", "z")`` for spin, ``("1",)`` for the charge.
    unit
        Unit of the operator, ``"hbar"`` for spin = sigma / 2.
    flow
        ``"charge"`` if its current carries the signed charge, else ``"internal"``: fixes unit and sign of a result.
    time_reversal
        -1 if time reversal flips it (spin), +1 if not (charge, layer), None where unknown.
    transformation
        How its components turn with the crystal: ``"axial"`` for spin, ``"scalar"`` for the charge, None where not
        declared; needed only where symmetry is used.
    """

    matrices: Complex
    components: tuple[str, ...]
    unit: str = "hbar"
    flow: Flow = "internal"
    time_reversal: int | None = None
    transformation: Transformation | None = None


@dataclass(frozen=True)
class BlochModel:
    """A crystal: lattice, Hamiltonian, positions and operators in a localised basis.

    Parameters
    ----------
    lattice
        ``(D, D)`` primitive vectors as rows, Angstrom; D = 1, 2 or 3.
    R
        ``(n_R, D)`` integer lattice vectors, closed under R -> -R.
    H
        ``(n_R, N, N)`` Hamiltonian, eV; all weights of a Wannier file already folded in.
    position
        ``(n_R, D, N, N)`` Cartesian position matrix <a,0|r|b,R>, Angstrom, or None if every orbital sits at the
        origin of its cell.  For ``metric`` other than 1 it is an observable like the others (r = i d_k + eta A).
    operators
        Named internal operators, on the same R vectors.
    metric
        ``(N, N)`` Hermitian ``eta`` with ``eta^2 = 1``, or None for 1 (electrons, fermionic BdG).
    statistics
        ``"fermi"`` or ``"bose"``.
    fermi_energy
        eV, where the source knows it.
    name, source
        What it is called and where it came from; both are written into every result.
    notes
        Assumptions a reader had to make, one sentence each; shown by ``inspect`` and kept in every result.
    representation
        Group that the model was averaged over with its action on the orbitals, a
        :class:`solenoidal.symmetry.Representation`; None where there is none.  It may be out of date after
        ``dataclasses.replace``: whoever uses it tests it on the matrices.

    Raises
    ------
    InputError
        If a shape, a Hermiticity, the metric, or a number (NaN, infinity) is wrong; the sentence names which.
    """

    lattice: Real
    R: NDArray[np.int64]
    H: Complex
    position: Complex | None = None
    operators: Mapping[str, Operator] = field(default_factory=dict)
    metric: Complex | None = None
    statistics: Statistics = "fermi"
    fermi_energy: float | None = None
    name: str = "model"
    source: str = "arrays"
    notes: tuple[str, ...] = ()
    representation: object | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Bring arrays to one type and refuse what cannot be a crystal."""
        set_ = object.__setattr__
        set_(self, "lattice", np.asarray(self.lattice, dtype=np.float64))
        set_(self, "R", _integers(self.R, self.source))
        set_(self, "H", np.ascontiguousarray(self.H, dtype=np.complex128))
        if self.position is not None:
            set_(self, "position", np.ascontiguousarray(self.position, dtype=np.complex128))
        if self.metric is not None:
            set_(self, "metric", np.asarray(self.metric, dtype=np.complex128))
        set_(self, "operators", {name: _cast(op) for name, op in self.operators.items()})
        _check_shapes(self)
        _check_numbers(self)

    @property
    def dimension(self) -> int:
        """Number of periodic directions D."""
        return len(self.lattice)

    @property
    def size(self) -> int:
        """Number of orbitals (bands) N."""
        return int(self.H.shape[-1])

    @property
    def volume(self) -> float:
        """Cell volume, area or length, Angstrom^D."""
        return float(abs(np.linalg.det(self.lattice)))

    def operator(self, name: str) -> Operator:
        """Return the operator called ``name``; the charge always exists.

        Raises
        ------
        InputError
            If the model has no such operator; the sentence lists those it has.
        """
        if name in self.operators:
            return self.operators[name]
        if name == "charge":
            return self._charge()
        have = ", ".join(sorted({*self.operators, "charge"}))
        hint = ""
        if name == "spin":
            hint = " (spin needs .chk and .spn files, or a basis order given with spin_order)"
        raise InputError(f"{self.source}: no operator '{name}' here, this model has {have}{hint}.")

    def _charge(self) -> Operator:
        s = np.zeros((len(self.R), 1, self.size, self.size), dtype=np.complex128)
        origin = np.flatnonzero((self.R == 0).all(axis=1))[0]
        s[origin, 0] = np.eye(self.size) if self.metric is None else self.metric
        return Operator(s, ("1",), unit="1", flow="charge", time_reversal=+1, transformation="scalar")

    def with_operators(self, **operators: Operator) -> "BlochModel":
        """Return the same crystal with more operators."""
        return replace(self, operators={**self.operators, **operators})

    @classmethod
    def from_hoppings(
        cls,
        lattice: ArrayLike,
        hoppings: Mapping[tuple[int, ...], ArrayLike],
        *,
        orbital_positions: ArrayLike | None = None,
        operators: Mapping[str, Operator] | None = None,
        local_operators: Mapping[str, tuple[ArrayLike, Sequence[str]]] | None = None,
        metric: ArrayLike | None = None,
        statistics: Statistics = "fermi",
        fermi_energy: float | None = None,
        name: str = "model",
    ) -> "BlochModel":
        """Build a tight-binding model from matrices ``{R: H_R}``; missing -R partners are added.

        Parameters
        ----------
        lattice
            ``(D, D)`` primitive vectors as rows, Angstrom.
        hoppings
            ``{(R1, .., RD): (N, N)}``, <a,0|H|b,R> in eV.  If -R is absent, its Hermitian conjugate is used.
        orbital_positions
            ``(N, D)`` Cartesian positions of the orbitals in the home cell, Angstrom.
        local_operators
            ``{name: (matrices (n_components, N, N), component names)}`` of k-independent operators in hbar that
            flip under time reversal (spin-like) and turn as spin does where the components are among x, y, z; use
            ``operators`` for anything else.
        operators, metric, statistics, fermi_energy, name
            See the class.
        """
        if not hoppings:
            raise InputError(f"{name}: no hoppings, give at least the matrix of R = 0.")
        keys = _integers([list(np.atleast_1d(step)) for step in hoppings], name).tolist()
        if len({np.shape(h) for h in hoppings.values()}) > 1 or np.ndim(next(iter(hoppings.values()))) != 2:
            raise InputError(f"{name}: the hopping matrices must be square and all of one size.")
        table = {
            tuple(int(x) for x in step): np.asarray(h, dtype=np.complex128)
            for step, h in zip(keys, hoppings.values(), strict=True)
        }
        for step, h in list(table.items()):
            table.setdefault(tuple(-x for x in step), h.conj().T)
        dimension = len(np.asarray(lattice))
        size = len(next(iter(table.values())))
        table.setdefault((0,) * dimension, np.zeros((size, size), dtype=np.complex128))
        R = np.array(sorted(table), dtype=np.int64).reshape(-1, dimension)
        origin = int(np.flatnonzero((R == 0).all(axis=1))[0])
        position = None
        if orbital_positions is not None:
            position = np.zeros((len(R), dimension, size, size), dtype=np.complex128)
            tau = np.asarray(orbital_positions, dtype=np.float64)
            if tau.shape != (size, dimension):
                raise InputError(f"{name}: orbital_positions has shape {tau.shape}, it must be ({size}, {dimension}).")
            eta = np.eye(size) if metric is None else np.asarray(metric)
            for i in range(dimension):
                position[origin, i] = eta @ np.diag(tau[:, i])
        ops = dict(operators or {})
        for key, (matrices, components) in (local_operators or {}).items():
            local = np.asarray(matrices, dtype=np.complex128)
            s = np.zeros((len(R), *local.shape), dtype=np.complex128)
            s[origin] = local
            kind: Transformation | None = "axial" if set(components) <= set("xyz") else None
            ops[key] = Operator(s, tuple(components), time_reversal=-1, transformation=kind)
        return cls(
            lattice=np.asarray(lattice, dtype=np.float64),
            R=R,
            H=np.array([table[tuple(int(x) for x in r)] for r in R]),
            position=position,
            operators=ops,
            metric=None if metric is None else np.asarray(metric, dtype=np.complex128),
            statistics=statistics,
            fermi_energy=fermi_energy,
            name=name,
            source=name,
        )


def _integers(R: ArrayLike, source: str) -> NDArray[np.int64]:
    """R vectors as integers, refused where they are not."""
    try:
        exact = np.asarray(R, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{source}: the R vectors must be lists of integers, all of one length.") from None
    if not np.isfinite(exact).all() or (exact != np.rint(exact)).any():
        raise InputError(f"{source}: the R vectors must be integers, in units of the lattice vectors.")
    return exact.astype(np.int64)


def _cast(op: Operator) -> Operator:
    return replace(op, matrices=np.ascontiguousarray(op.matrices, dtype=np.complex128))


def _matrices(model: BlochModel) -> dict[str, Complex]:
    """Every array ``(n_R, ..., N, N)`` of the model by name."""
    out = {"H": model.H}
    if model.position is not None:
        out["position"] = model.position
    out.update({f"operator '{name}'": op.matrices for name, op in model.operators.items()})
    return out


def _check_shapes(model: BlochModel) -> None:
    src, D = model.source, len(model.lattice)
    if model.lattice.shape != (D, D) or D not in (1, 2, 3):
        raise InputError(f"{src}: lattice has shape {model.lattice.shape}, it must be (D, D) with D = 1, 2 or 3.")
    if not np.isfinite(model.lattice).all() or abs(np.linalg.det(model.lattice)) < 1e-12:
        raise InputError(f"{src}: the lattice vectors are not finite or not linearly independent.")
    n_R = len(model.R)
    if model.R.shape != (n_R, D):
        raise InputError(f"{src}: R has shape {model.R.shape}, it must be (n_R, {D}).")
    N = model.H.shape[-1]
    want: dict[str, tuple[int, ...]] = {"H": (n_R, N, N)}
    if model.position is not None:
        want["position"] = (n_R, D, N, N)
    for name, op in model.operators.items():
        want[f"operator '{name}'"] = (n_R, len(op.components), N, N)
    for name, X in _matrices(model).items():
        if X.shape != want[name]:
            raise InputError(f"{src}: {name} has shape {X.shape}, it must be {want[name]}.")
    if model.statistics not in ("fermi", "bose"):
        raise InputError(f"{src}: statistics is '{model.statistics}', it must be 'fermi' or 'bose'.")
    eta = model.metric
    if eta is not None and (
        eta.shape != (N, N) or abs(eta - eta.conj().T).max() > 1e-12 or abs(eta @ eta - np.eye(N)).max() > 1e-12
    ):
        raise InputError(f"{src}: the metric must be a Hermitian {N} x {N} matrix whose square is 1.")


def _check_numbers(model: BlochModel) -> None:
    src = model.source
    for name, X in _matrices(model).items():
        if not np.isfinite(X).all():
            bad = np.argwhere(~np.isfinite(X))[0]
            R = tuple(int(x) for x in model.R[bad[0]])
            raise InputError(f"{src}: {name} holds NaN or infinity at R = {R}.")
    partner = partners(model.R, src)
    for name, X in _matrices(model).items():
        gap = abs(X[partner].conj().swapaxes(-1, -2) - X)
        if gap.size and gap.max() > HERMITICITY * max(1.0, float(abs(X).max())):
            worst = np.unravel_index(int(gap.argmax()), gap.shape)[0]
            R = tuple(int(x) for x in model.R[worst])
            raise InputError(
                f"{src}: {name} is not Hermitian, its matrix at R = {R} differs from the conjugate of that at -R "
                f"by {gap.max():.2g}."
            )


def partners(R: NDArray[np.int64], source: str = "R vectors") -> NDArray[np.int64]:
    """Index of -R for every R of the list ``(n_R, D)``.

    Raises
    ------
    InputError
        If an R vector is listed twice, or its negative or the origin is missing.
    """
    index = {tuple(r): i for i, r in enumerate(R.tolist())}
    if len(index) != len(R):
        raise InputError(f"{source}: an R vector is listed twice.")
    if tuple([0] * R.shape[1]) not in index:
        raise InputError(f"{source}: the R vector of the origin is missing.")
    missing = [r for r in index if tuple(-x for x in r) not in index]
    if missing:
        raise InputError(f"{source}: R = {missing[0]} is listed but its negative is not.")
    return np.array([index[tuple(-x for x in r)] for r in R.tolist()], dtype=np.int64)
