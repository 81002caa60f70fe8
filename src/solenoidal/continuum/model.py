"""Hamiltonians that are polynomials of the Cartesian wave vector."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solenoidal.bloch import Block
from solenoidal.errors import InputError
from solenoidal.model import Operator

__all__ = ["ContinuumModel"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Largest ``|X_p - X_p^+|`` that counts as rounding, relative to the largest element.
HERMITICITY = 1e-10


@dataclass(frozen=True)
class ContinuumModel:
    """An unbounded k.p model: ``H(k) = sum_p k_x^p1 k_y^p2 .. H_p`` for every real k.

    All components sit at the origin: the position is i d_k alone.

    Parameters
    ----------
    powers
        ``(n_p, D)`` exponents p of the Cartesian components of k, D = 1, 2 or 3; those of the constant term among them.
    H
        ``(n_p, N, N)`` Hermitian coefficients, eV Angstrom^|p|.
    operators
        Named internal operators, polynomials on the same powers ``(n_p, n_components, N, N)``; one that is given with
        a single matrix per component ``(1, n_components, N, N)`` does not depend on k.
    fermi_energy
        eV, where it is known.
    cutoff
        1/Angstrom: the largest |k| at which the polynomial means anything; None if it may be used at every k.
    name, source, notes
        As in :class:`solenoidal.BlochModel`.

    Raises
    ------
    InputError
        If a shape, a power, a Hermiticity or a number (NaN, infinity) is wrong; the sentence names which.

    Examples
    --------
    >>> from solenoidal.builders.pauli import ONE, SX, SY, spin_operator
    >>> terms = {(2, 0): 3.8 * ONE, (0, 2): 3.8 * ONE, (0, 1): 0.5 * SX, (1, 0): -0.5 * SY}
    >>> gas = ContinuumModel.from_polynomial(terms, local_operators=spin_operator(1), name="gas")
    >>> gas.dimension, gas.size
    (2, 2)
    """

    powers: Index
    H: Complex
    operators: Mapping[str, Operator] = field(default_factory=dict)
    fermi_energy: float | None = None
    cutoff: float | None = None
    name: str = "continuum"
    source: str = "arrays"
    notes: tuple[str, ...] = ()

    #: No cell: densities are per Angstrom^D.
    volume: ClassVar[float] = 1.0
    statistics: ClassVar[str] = "fermi"

    def __post_init__(self) -> None:
        """Bring arrays to one type and refuse what is no Hamiltonian."""
        set_ = object.__setattr__
        set_(self, "powers", _powers(self.powers, self.source))
        set_(self, "H", np.ascontiguousarray(self.H, dtype=np.complex128))
        set_(self, "operators", {name: self._on_powers(op) for name, op in self.operators.items()})
        self._check()

    @property
    def dimension(self) -> int:
        """Number of directions D."""
        return int(self.powers.shape[1])

    @property
    def size(self) -> int:
        """Number of bands N."""
        return int(self.H.shape[-1])

    @property
    def degree(self) -> int:
        """Highest total power of k in the Hamiltonian."""
        return int(self.powers.sum(axis=1).max())

    def operator(self, name: str) -> Operator:
        """Return the operator called ``name``, with matrices on :attr:`powers`; the charge always exists.

        Raises
        ------
        InputError
            If the model has no such operator; the sentence lists those it has.
        """
        if name in self.operators:
            return self.operators[name]
        if name == "charge":
            one = np.eye(self.size, dtype=np.complex128)[None, None]
            return self._on_powers(Operator(one, ("1",), unit="1", flow="charge", time_reversal=+1))
        have = ", ".join(sorted({*self.operators, "charge"}))
        raise InputError(f"{self.source}: no operator '{name}' here, this model has {have}.")

    def with_operators(self, **operators: Operator) -> "ContinuumModel":
        """Return the same model with more operators."""
        return replace(self, operators={**self.operators, **operators})

    def block(self, k: Real, operator: Operator) -> Block:
        """Matrices at Cartesian wave vectors.

        Parameters
        ----------
        k
            ``(n_k, D)``, 1/Angstrom.
        operator
            From :meth:`operator`, with the components wanted.
        """
        k = np.asarray(k, dtype=np.float64).reshape(-1, self.dimension)
        s = self._sum(_monomials(_powers_of(k, int(self.powers.max())), self.powers), operator.matrices)
        return Block(*self.hamiltonian(k), None, s, None, k)

    def hamiltonian(self, k: Real) -> tuple[Complex, Complex]:
        """H ``(n_k, N, N)``, eV, and d_i H ``(n_k, D, N, N)``, eV Angstrom, at Cartesian ``k (n_k, D)``, 1/Angstrom."""
        table = _powers_of(k, int(self.powers.max()))
        slopes = [self._sum(_derivative(table, self.powers, i), self.H) for i in range(self.dimension)]
        return self._sum(_monomials(table, self.powers), self.H), np.stack(slopes, axis=1)

    @staticmethod
    def _sum(monomials: Real, X: Complex) -> Complex:
        return np.asarray(np.tensordot(monomials, X, axes=1))

    def operator_gradient(self, k: Real, operator: Operator) -> float:
        """Largest ``||d_i s||`` at the points ``k (n_k, D)``, unit of s times Angstrom; 0 if s commutes with r."""
        table = _powers_of(np.asarray(k, dtype=np.float64), int(self.powers.max()))
        slopes = [self._sum(_derivative(table, self.powers, i), operator.matrices) for i in range(self.dimension)]
        return float(max(np.linalg.norm(ds, ord=2, axis=(-2, -1)).max(initial=0.0) for ds in slopes))

    def radial(self, directions: Real) -> Complex:
        """Coefficients of r^j along unit vectors ``(n, D)``: ``H(r n) = sum_j r^j A_j``, ``(n, degree + 1, N, N)``."""
        monomials = _monomials(_powers_of(directions, int(self.powers.max())), self.powers)
        total = self.powers.sum(axis=1)
        out = np.zeros((len(directions), self.degree + 1, self.size, self.size), dtype=np.complex128)
        for j in range(self.degree + 1):
            out[:, j] = self._sum(monomials[:, total == j], self.H[total == j])
        return out

    @classmethod
    def from_polynomial(
        cls,
        polynomial: Mapping[tuple[int, ...], ArrayLike],
        *,
        operators: Mapping[str, Operator] | None = None,
        local_operators: Mapping[str, tuple[ArrayLike, Sequence[str]]] | None = None,
        fermi_energy: float | None = None,
        cutoff: float | None = None,
        name: str = "continuum",
    ) -> "ContinuumModel":
        """Build a model from ``{powers of kx, ky, ..: matrix}``.

        Parameters
        ----------
        polynomial
            ``{(p1, .., pD): (N, N)}`` Hermitian matrices, eV Angstrom^|p|.
        operators
            See the class; matrices of one that depends on k stand in the order of the sorted powers.
        local_operators
            ``{name: (matrices (n_components, N, N), component names)}`` of k-independent operators in hbar that flip
            under time reversal (spin-like); use ``operators`` for anything else.
        fermi_energy, cutoff, name
            See the class.
        """
        table = {tuple(np.atleast_1d(p).tolist()): np.asarray(X, dtype=np.complex128) for p, X in polynomial.items()}
        if not table:
            raise InputError(f"{name}: the polynomial has no terms, give at least one matrix.")
        shapes = {X.shape for X in table.values()}
        if len(shapes) > 1 or len(next(iter(shapes))) != 2 or len({len(p) for p in table}) > 1:
            raise InputError(f"{name}: the terms must be matrices of one size with one power per direction of k.")
        table.setdefault((0,) * len(next(iter(table))), np.zeros(next(iter(shapes)), dtype=np.complex128))
        ops = dict(operators or {})
        for key, (matrices, components) in (local_operators or {}).items():
            local = np.asarray(matrices, dtype=np.complex128)
            ops[key] = Operator(local[None], tuple(components), time_reversal=-1)
        powers = sorted(table)
        H = np.array([table[p] for p in powers])
        return cls(np.array(powers), H, ops, fermi_energy, cutoff, name=name, source=name)

    def _on_powers(self, op: Operator) -> Operator:
        """Spread a constant operator over the powers."""
        s = np.asarray(op.matrices, dtype=np.complex128)
        if s.ndim == 4 and len(s) == 1 and len(self.powers) > 1:
            constant = (self.powers == 0).all(axis=1)
            s = np.where(constant[:, None, None, None], s, 0.0)
        return replace(op, matrices=np.ascontiguousarray(s))

    def _check(self) -> None:
        n_p, N, src = len(self.powers), self.H.shape[-1], self.source
        if self.cutoff is not None and not 0.0 < self.cutoff < np.inf:
            raise InputError(f"{src}: cutoff = {self.cutoff:g} 1/Angstrom must be finite and greater than zero.")
        want: dict[str, tuple[Complex, tuple[int, ...]]] = {"H": (self.H, (n_p, N, N))}
        for name, op in self.operators.items():
            want[f"operator '{name}'"] = (op.matrices, (n_p, len(op.components), N, N))
        for name, (X, shape) in want.items():
            if X.shape != shape:
                raise InputError(f"{src}: {name} has shape {X.shape}, it must be {shape}.")
            if not np.isfinite(X).all():
                raise InputError(f"{src}: {name} holds NaN or infinity.")
            gap = abs(X - X.conj().swapaxes(-1, -2)).reshape(n_p, -1).max(axis=1, initial=0.0)
            if gap.max() > HERMITICITY * max(1.0, float(abs(X).max())):
                power = tuple(self.powers[int(gap.argmax())].tolist())
                raise InputError(f"{src}: {name} is not Hermitian, its matrix at the power {power} is not.")


def _powers(powers: ArrayLike, source: str) -> Index:
    """Exponents as integers, refused where they are no list of distinct powers with the constant term."""
    p = np.asarray(powers, dtype=np.float64)
    if p.ndim != 2 or p.shape[1] not in (1, 2, 3):
        raise InputError(f"{source}: the powers of k must be lists of 1, 2 or 3 numbers, one per direction.")
    if not np.isfinite(p).all() or (p != np.rint(p)).any() or (p < 0).any():
        raise InputError(f"{source}: the powers of k must be whole numbers, 0 or more.")
    if len(np.unique(p, axis=0)) < len(p):
        raise InputError(f"{source}: a power of k is listed twice.")
    if not (p == 0).all(axis=1).any():
        raise InputError(f"{source}: the constant term is missing, its power is {(0,) * p.shape[1]}.")
    return p.astype(np.int64)


def _powers_of(k: Real, highest: int) -> Real:
    """``k^j`` for j = 0 .. ``highest``, ``(n_k, D, highest + 1)``."""
    return np.stack([k**j for j in range(highest + 1)], axis=2)


def _monomials(table: Real, powers: Index) -> Real:
    """``k^p``, ``(n_k, n_p)``, from the table of :func:`_powers_of`."""
    out = table[:, 0, powers[:, 0]].copy()
    for i in range(1, powers.shape[1]):
        out *= table[:, i, powers[:, i]]
    return out


def _derivative(table: Real, powers: Index, i: int) -> Real:
    """``d k^p / d k_i``, ``(n_k, n_p)``."""
    lower = powers.copy()
    lower[:, i] = np.maximum(powers[:, i] - 1, 0)
    return np.asarray(powers[:, i] * _monomials(table, lower))
