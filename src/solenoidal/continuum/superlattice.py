"""A continuum model in a periodic potential: a crystal on plane waves, such as a moire lattice."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solenoidal.bloch import Block
from solenoidal.continuum.model import ContinuumModel
from solenoidal.errors import InputError
from solenoidal.model import BlochModel, Operator

__all__ = ["Superlattice"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Part of a length by which a plane wave on the edge of the cutoff may lie outside.
EDGE = 1e-9


@dataclass(frozen=True)
class Superlattice(BlochModel):
    """Crystal whose Hamiltonian at k is ``<G a|H|G' b> = delta_GG' h_ab(k + G) + V_ab(G - G')``.

    ``h`` is a :class:`~solenoidal.continuum.ContinuumModel` and V the Fourier components of a periodic potential.
    Plane waves with |G| up to a cutoff are kept, and k is folded to the Wigner-Seitz cell of the reciprocal lattice
    around the centre of the cutoff: the bands are then periodic by construction and jump at the edge of that cell by
    what the cutoff leaves out, which falls exponentially with it.  The number of bands grows with the cutoff: only the
    lowest mean anything.

    Operators do not depend on k: ``R`` has the origin alone, and ``H`` is the Hamiltonian at the centre.  Make one
    with :meth:`from_harmonics`.

    Parameters
    ----------
    base
        The model without the potential; its k counts from the k of the superlattice.
    waves
        ``(n_G, D)`` plane waves G in units of the reciprocal lattice vectors; orbital ``g N + a`` of the crystal is
        component a of the base on the g-th.
    potential
        ``(n_G N, n_G N)`` Hermitian, eV.
    centre
        ``(D,)`` Cartesian k at which the plane waves are those nearest to it, 1/Angstrom.
    """

    base: ContinuumModel = field(kw_only=True)
    waves: Index = field(kw_only=True)
    potential: Complex = field(kw_only=True)
    centre: Real = field(kw_only=True)

    @property
    def reciprocal(self) -> Real:
        """``(D, D)`` reciprocal lattice vectors as rows, 1/Angstrom."""
        return np.asarray(2 * np.pi * np.linalg.inv(self.lattice).T)

    def fold(self, k: Real) -> Real:
        """Cartesian k (1/Angstrom) nearest to the centre, equivalent to ``k (n_k, D)`` in lattice coordinates."""
        k = np.asarray(k, dtype=np.float64).reshape(-1, self.dimension) - self.centre @ self.lattice.T / (2 * np.pi)
        steps = np.array(list(itertools.product((0, -1, 1), repeat=self.dimension)))
        images = ((k - np.rint(k))[:, None] + steps) @ self.reciprocal
        # of equally near ones the first, whatever rounding says
        length = np.round((images**2).sum(axis=2) / (self.reciprocal**2).sum(), 12)
        return np.asarray(self.centre + images[np.arange(len(k)), length.argmin(axis=1)])

    def block(self, k: Real, operator: Operator) -> Block:
        """Matrices at ``k (n_k, D)`` in lattice coordinates; ``operator`` with the components wanted."""
        k = np.asarray(k, dtype=np.float64).reshape(-1, self.dimension)
        n_k, n_G, D, N = len(k), len(self.waves), self.dimension, self.base.size
        points = self.fold(k)[:, None] + self.waves @ self.reciprocal
        h, dh = self.base.hamiltonian(points.reshape(-1, D))
        H = np.tile(self.potential.reshape(n_G, N, n_G, N), (n_k, 1, 1, 1, 1))
        dH = np.zeros((n_k, D, n_G, N, n_G, N), dtype=np.complex128)
        diagonal = np.arange(n_G)
        H[:, diagonal, :, diagonal, :] += h.reshape(n_k, n_G, N, N).swapaxes(0, 1)
        dH[:, :, diagonal, :, diagonal, :] = np.moveaxis(dh.reshape(n_k, n_G, D, N, N), 1, 0)
        s = np.broadcast_to(operator.matrices.sum(axis=0), (n_k, *operator.matrices.shape[1:]))
        size = n_G * N
        return Block(H.reshape(n_k, size, size), dH.reshape(n_k, D, size, size), None, np.array(s), None, k)

    @classmethod
    def from_harmonics(
        cls,
        base: ContinuumModel,
        lattice: ArrayLike,
        harmonics: Mapping[tuple[int, ...], ArrayLike],
        cutoff: float,
        centre: ArrayLike | None = None,
        name: str = "superlattice",
    ) -> "Superlattice":
        """Put a continuum model into ``V(r) = sum_G exp(i G.r) V_G``.

        Parameters
        ----------
        base
            Model without the potential, with operators that do not depend on k.
        lattice
            ``(D, D)`` primitive vectors as rows, Angstrom.
        harmonics
            ``{(n1, .., nD): V_G (N, N)}`` for G = n1 b1 + .. + nD bD, eV; if -G is absent the Hermitian conjugate is
            used.
        cutoff
            Largest |G| of the plane waves, 1/Angstrom.
        centre
            ``(D,)`` Cartesian k (1/Angstrom) around which k is folded; None for 0.  A point that keeps the symmetry of
            interest keeps it at every cutoff.
        name
            What it is called.

        Raises
        ------
        InputError
            If a shape is wrong, the potential is not Hermitian, or an operator of the base depends on k.
        """
        vectors = np.asarray(lattice, dtype=np.float64)
        if vectors.shape != (base.dimension, base.dimension) or not abs(np.linalg.det(vectors)) > 1e-12:
            raise InputError(f"{name}: lattice must be {base.dimension} independent vectors of as many components.")
        reciprocal = np.asarray(2 * np.pi * np.linalg.inv(vectors).T, dtype=np.float64)
        middle = np.zeros(base.dimension) if centre is None else np.asarray(centre, dtype=np.float64)
        if middle.shape != (base.dimension,) or not np.isfinite(middle).all():
            raise InputError(f"{name}: centre must be {base.dimension} finite numbers, in 1/Angstrom.")
        waves = _waves(reciprocal, cutoff, name)
        potential = _potential(_completed(harmonics, base, name), waves, base.size)
        h, _ = base.hamiltonian(middle + waves @ reciprocal)
        return cls(
            lattice=vectors,
            R=np.zeros((1, base.dimension), dtype=np.int64),
            H=(potential + _diagonal(h))[None],
            operators={key: _spread(op, base, len(waves), f"{name}: {key}") for key, op in base.operators.items()},
            fermi_energy=base.fermi_energy,
            name=name,
            source=name,
            notes=base.notes,
            base=base,
            waves=waves,
            potential=potential,
            centre=middle,
        )


def _waves(reciprocal: Real, cutoff: float, name: str) -> Index:
    """Plane waves with |G| <= cutoff, the shortest first."""
    shortest = float(np.linalg.svd(reciprocal, compute_uv=False)[-1])
    if not 0.0 < cutoff < 100.0 * shortest:
        raise InputError(f"{name}: cutoff = {cutoff:g} 1/Angstrom is out of range for this lattice.")
    reach = int(np.ceil(cutoff / shortest)) + 1
    n = np.array(list(itertools.product(range(-reach, reach + 1), repeat=len(reciprocal))), dtype=np.int64)
    length = np.linalg.norm(n @ reciprocal, axis=1)
    inside = length <= cutoff * (1 + EDGE)
    order = np.argsort(np.round(length[inside] / cutoff, 9), kind="stable")
    return np.asarray(n[inside][order])


def _completed(
    harmonics: Mapping[tuple[int, ...], ArrayLike], base: ContinuumModel, name: str
) -> dict[tuple[int, ...], Complex]:
    """Harmonics with their partners, checked."""
    table = {tuple(np.atleast_1d(n).tolist()): np.asarray(V, dtype=np.complex128) for n, V in harmonics.items()}
    for n, V in list(table.items()):
        if len(n) != base.dimension or V.shape != (base.size, base.size) or not np.isfinite(V).all():
            raise InputError(
                f"{name}: the harmonic {n} needs {base.dimension} integers and a finite matrix of {base.size} x "
                f"{base.size}."
            )
        table.setdefault(tuple(-x for x in n), V.conj().T)
    for n, V in table.items():
        if abs(table[tuple(-x for x in n)].conj().T - V).max() > 1e-12 * max(1.0, abs(V).max()):
            raise InputError(f"{name}: the potential is not Hermitian, the harmonics {n} and its negative differ.")
    return table


def _potential(harmonics: dict[tuple[int, ...], Complex], waves: Index, N: int) -> Complex:
    """``V(G - G')`` between the plane waves."""
    index = {tuple(G): g for g, G in enumerate(waves.tolist())}
    out = np.zeros((len(waves), N, len(waves), N), dtype=np.complex128)
    for (n, V), (G, g) in itertools.product(harmonics.items(), index.items()):
        to = index.get(tuple(a + b for a, b in zip(G, n, strict=True)))
        if to is not None:
            out[to, :, g, :] += V
    return out.reshape(len(waves) * N, -1)


def _diagonal(blocks: Complex) -> Complex:
    """Block-diagonal matrix from ``(n, N, N)``."""
    n, N, _ = blocks.shape
    out = np.zeros((n, N, n, N), dtype=np.complex128)
    out[np.arange(n), :, np.arange(n), :] = blocks
    return out.reshape(n * N, n * N)


def _spread(op: Operator, base: ContinuumModel, waves: int, what: str) -> Operator:
    """A constant operator on every plane wave."""
    constant = (base.powers == 0).all(axis=1)
    if op.matrices[~constant].any():
        raise InputError(f"{what}: an operator that depends on k has no place in a superlattice, give a constant one.")
    one = np.eye(waves, dtype=np.complex128)
    return replace(op, matrices=np.array([[np.kron(one, s) for s in op.matrices[constant][0]]]))
