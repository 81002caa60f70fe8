"""Scatterers: their matrix elements between the states of a Fermi surface.

A scatterer at the origin is ``<k'|V|k> = sum_t u_t(k' - k) M_t`` with Hermitian matrices M_t of the orbitals (spin
included) and form factors u_t, ``u(-q) = u(q)^*``.  On a lattice the potential is given in real space on the orbitals,
so that its form factor ``u(q) = sum_R exp(-i q.R) u(R + tau - c)`` is periodic whatever the cell; c is the centre of
the scatterer and the origin of the side jump.  In the continuum u is a real function of q.

Units: the amplitude <k'|V|k> is normalised to the volume, eV Angstrom^D, the density of scatterers is per volume,
Angstrom^-D.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solenoidal.disorder.fermi_surface import FermiSurface
from solenoidal.errors import InputError
from solenoidal.model import BlochModel

__all__ = ["Form", "Impurity", "Lattice", "Smooth", "Term", "amplitude", "gaussian", "screened", "short_range"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

#: Part of the largest value at which a potential in real space ends.
TAIL = 1e-5
#: Orbitals closer than this (Angstrom) sit on one site.
SITE = 0.01


class Form(Protocol):
    """Form factor of a scatterer."""

    @property
    def real(self) -> bool:
        """Whether u is real: then it drops out of the side jump."""

    def pairs(self, bra: Real, ket: Real) -> Real | Complex:
        """``u(k' - k)``, ``(n', n)``, for Cartesian ``bra (n', D)`` and ``ket (n, D)``."""

    def slopes(self, bra: Real, ket: Real) -> Complex:
        """``du/dq_i`` with the position counted from the centre, ``(D, n', n)``, Angstrom."""


@dataclass(frozen=True)
class Smooth:
    """Real form factor of the continuum.

    Attributes
    ----------
    u, gradient
        ``(..., D) -> (...)``: even function of q in 1/Angstrom; ``(..., D) -> (..., D)``: its derivative, Angstrom,
        which only scatterers of several terms need.
    """

    u: Callable[[Real], Real]
    gradient: Callable[[Real], Real] | None = None
    real: bool = field(default=True, init=False)

    def pairs(self, bra: Real, ket: Real) -> Real:
        """See :class:`Form`."""
        return np.asarray(self.u(bra[:, None, :] - ket[None, :, :]))

    def slopes(self, bra: Real, ket: Real) -> Complex:
        """See :class:`Form`.

        Raises
        ------
        InputError
            If the derivative was not given.
        """
        if self.gradient is None:
            raise InputError("the side jump of a scatterer with several form factors needs their derivatives.")
        return np.moveaxis(self.gradient(bra[:, None, :] - ket[None, :, :]).astype(np.complex128), -1, 0)


@dataclass(frozen=True)
class Lattice:
    """Form factor of a potential on the orbitals of one site of every cell.

    Attributes
    ----------
    R
        ``(n_R, D)`` cells, Cartesian, Angstrom.
    x
        ``(n_R, D)`` the orbitals there, counted from the centre of the scatterer, Angstrom.
    values
        ``(n_R,)`` potential at x, relative to its strength.
    """

    R: Real
    x: Real
    values: Real

    @cached_property
    def real(self) -> bool:
        """Whether the site lies in the centre and the potential has its mirror image there."""
        order = np.lexsort(np.round(self.R / SITE).T)
        R, values = self.R[order], self.values[order]
        return all(np.allclose(a, b) for a, b in ((self.R, self.x), (R, -R[::-1]), (values, values[::-1])))

    def pairs(self, bra: Real, ket: Real) -> Real | Complex:
        """See :class:`Form`."""
        return self._cosines(bra, ket) if self.real else self._sum(bra, ket, self.values)

    def slopes(self, bra: Real, ket: Real) -> Complex:
        """See :class:`Form`."""
        return np.stack([self._sum(bra, ket, -1j * x * self.values) for x in self.x.T])

    def _cosines(self, bra: Real, ket: Real) -> Real:
        """``sum_R u(R) cos q.R`` with one of each pair R, -R."""
        sign = np.zeros(len(self.R))
        for x in self.R.T[::-1]:
            sign = np.where(abs(x) > SITE, np.sign(x), sign)
        R, values = self.R[sign >= 0.0], (self.values * (1.0 + sign))[sign >= 0.0]
        left, right = bra @ R.T, ket @ R.T
        return np.asarray((np.cos(left) * values) @ np.cos(right).T + (np.sin(left) * values) @ np.sin(right).T)

    def _sum(self, bra: Real, ket: Real, values: Real | Complex) -> Complex:
        left = np.exp(-1j * bra @ self.R.T) * values
        return np.asarray(left @ np.exp(1j * ket @ self.R.T).T)


@dataclass(frozen=True)
class Term:
    """One product of a form factor and a matrix ``(N, N)`` of the orbitals."""

    form: Form
    matrix: Complex


@dataclass(frozen=True)
class Impurity:
    """One kind of scatterer, at random places.

    Attributes
    ----------
    density
        n_i, Angstrom^-D.
    terms
        Potential of one scatterer, eV Angstrom^D.
    name
        What messages call it.

    Raises
    ------
    InputError
        If the density is not positive or a matrix is not Hermitian.
    """

    density: float
    terms: tuple[Term, ...]
    name: str = field(default="scatterer")

    def __post_init__(self) -> None:
        if not (np.isfinite(self.density) and self.density > 0.0):
            raise InputError(f"{self.name}: the density of scatterers is {self.density:g}, it must be positive.")
        for term in self.terms:
            M = np.asarray(term.matrix)
            square = M.ndim == 2 and M.shape[0] == M.shape[1]
            if not square or abs(M - M.conj().T).max() > 1e-10 * abs(M).max(initial=0.0):
                raise InputError(f"{self.name}: the matrix of a scatterer must be square and Hermitian.")


def short_range(
    model: BlochModel, strength: float, concentration: float, matrix: ArrayLike | None = None, centre: int | None = None
) -> Impurity:
    """Scatterer on the orbitals of one cell.

    Parameters
    ----------
    model
        The crystal.
    strength
        eV.
    concentration
        Scatterers per cell.
    matrix
        ``(N, N)`` Hermitian structure in the orbitals, 1 by default; a Pauli matrix for a magnetic scatterer.
    centre
        Orbital at whose site it sits, with all orbitals there; None: all orbitals of the cell, centre at its origin.

    Raises
    ------
    InputError
        If the matrix does not fit.
    """
    M = _matrix(model, matrix)
    c = np.zeros(model.dimension) if centre is None else _position(model, centre)
    terms = []
    for tau, P in _sites(model, M):
        here = centre is None or np.linalg.norm(tau - c) < SITE
        form = Lattice(np.zeros((1, model.dimension)), (tau - c)[None], np.ones(1))
        terms += [Term(form, model.volume * strength * P)] if here else []
    return Impurity(concentration / model.volume, tuple(terms), "short-range scatterer")


def gaussian(
    model: BlochModel,
    strength: float,
    concentration: float,
    length: float,
    matrix: ArrayLike | None = None,
    centre: int | None = None,
) -> Impurity:
    """Scatterer with the potential ``strength exp(-r^2 / 2 length^2)`` at distance r from its centre.

    It ends where it has fallen to 1e-5 of its strength.

    Parameters
    ----------
    length
        Range, Angstrom.
    model, strength, concentration, matrix, centre
        As in :func:`short_range`; ``centre`` is the orbital at which r = 0, None for the origin of the cell.

    Raises
    ------
    InputError
        If the range is not positive or the matrix connects orbitals at different places.
    """
    _positive("length", length)
    reach = length * np.sqrt(-2.0 * np.log(TAIL))

    def u(r: Real) -> Real:
        return np.asarray(np.exp(-0.5 * (r / length) ** 2))

    return _finite(model, u, reach, strength, concentration, matrix, centre, "Gaussian scatterer")


def screened(
    model: BlochModel,
    strength: float,
    concentration: float,
    length: float,
    core: float,
    matrix: ArrayLike | None = None,
    centre: int | None = None,
) -> Impurity:
    """Screened charge ``strength core exp(-r / length) / sqrt(r^2 + core^2)``, which is ``strength`` at its centre.

    It ends where the exponential has fallen to 1e-5.

    Parameters
    ----------
    length
        Screening length, Angstrom.
    core
        Size of the orbitals, below which the potential of a charge is cut off, Angstrom.
    model, strength, concentration, matrix, centre
        As in :func:`gaussian`.

    Raises
    ------
    InputError
        If a length is not positive or the matrix connects orbitals at different places.
    """
    _positive("length", length)
    _positive("core", core)

    def u(r: Real) -> Real:
        return np.asarray(core * np.exp(-r / length) / np.hypot(r, core))

    return _finite(model, u, -length * np.log(TAIL), strength, concentration, matrix, centre, "screened scatterer")


def amplitude(impurity: Impurity, bra: Complex, ket: Complex, k_bra: Real, k_ket: Real) -> Complex:
    """``<k'|V|k>`` between columns ``bra (n', N, G')`` and ``ket (n, N, G)``, ``(G', n', G, n)``, eV Angstrom^D."""
    total = np.zeros((bra.shape[2], len(bra), ket.shape[2], len(ket)), dtype=np.complex128)
    for term in impurity.terms:
        part = element(term.matrix, bra, ket)
        part *= term.form.pairs(k_bra, k_ket)[None, :, None, :]
        total += part
    return total


def element(M: Complex, bra: Complex, ket: Complex) -> Complex:
    """``<k'|M|k>`` for all pairs, ``(G', n', G, n)``: one matrix product."""
    n, N, G = ket.shape
    left = bra.conj().transpose(2, 0, 1).reshape(-1, N)
    right = M @ ket.transpose(1, 2, 0).reshape(N, -1)
    return np.asarray((left @ right).reshape(bra.shape[2], len(bra), G, n))


def check_size(impurity: Impurity, surface: FermiSurface) -> None:
    """Refuse a scatterer of another model."""
    N = surface.amplitude.shape[1]
    for term in impurity.terms:
        if term.matrix.shape != (N, N):
            raise InputError(f"{impurity.name}: its matrix is {term.matrix.shape}, {surface.name} has {N} orbitals.")


def _positive(key: str, x: float) -> None:
    if not (np.isfinite(x) and x > 0.0):
        raise InputError(f"{key} = {x:g} Angstrom: a range must be positive.")


def _finite(
    model: BlochModel,
    u: Callable[[Real], Real],
    reach: float,
    strength: float,
    concentration: float,
    matrix: ArrayLike | None,
    centre: int | None,
    name: str,
) -> Impurity:
    """Potential of finite range on every site of the crystal."""
    M = _matrix(model, matrix)
    c = np.zeros(model.dimension) if centre is None else _position(model, centre)
    sites = _sites(model, M)
    if len(sites) > 1 and abs(sum(P for _, P in sites) - M).max() > 1e-12 * abs(M).max():
        raise InputError(f"{name}: its matrix connects orbitals at different places, it must act on single sites.")
    terms = []
    for tau, P in sites:
        R, x = _cells(model, tau - c, reach)
        terms.append(Term(Lattice(R, x, u(np.linalg.norm(x, axis=1))), model.volume * strength * P))
    return Impurity(concentration / model.volume, tuple(terms), name)


def _cells(model: BlochModel, shift: Real, reach: float) -> tuple[Real, Real]:
    """Cells whose site lies within ``reach`` of the centre: R and R + shift, Cartesian."""
    heights = 1.0 / np.linalg.norm(np.linalg.inv(model.lattice), axis=0)
    far = np.ceil((reach + np.linalg.norm(shift)) / heights).astype(int)
    R = np.array(list(itertools.product(*(range(-m, m + 1) for m in far)))) @ model.lattice
    near = np.linalg.norm(R + shift, axis=1) <= reach
    return R[near], R[near] + shift


def _matrix(model: BlochModel, matrix: ArrayLike | None) -> Complex:
    M = np.eye(model.size, dtype=np.complex128) if matrix is None else np.asarray(matrix, dtype=np.complex128)
    if M.shape != (model.size,) * 2:
        raise InputError(f"the matrix of a scatterer is {M.shape}, {model.name} has {model.size} orbitals.")
    return M


def _positions(model: BlochModel) -> Real:
    """``(N, D)`` centres of the orbitals in the home cell, Angstrom."""
    if model.position is None:
        return np.zeros((model.size, model.dimension))
    origin = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    return np.asarray(np.einsum("iaa->ai", model.position[origin]).real)


def _position(model: BlochModel, orbital: int) -> Real:
    if not 0 <= orbital < model.size:
        raise InputError(f"centre = {orbital}: {model.name} has orbitals 0 to {model.size - 1}.")
    return np.asarray(_positions(model)[orbital])


def _sites(model: BlochModel, M: Complex) -> list[tuple[Real, Complex]]:
    """Places of the orbitals with the part of M that acts on each."""
    tau = _positions(model)
    out, left = [], np.arange(model.size)
    while len(left):
        here = left[np.linalg.norm(tau[left] - tau[left[0]], axis=1) < SITE]
        part = np.zeros_like(M)
        part[np.ix_(here, here)] = M[np.ix_(here, here)]
        out.append((np.asarray(tau[here].mean(axis=0)), part))
        left = np.setdiff1d(left, here)
    return out
