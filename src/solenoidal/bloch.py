"""From a model to eigenstates and matrix elements on a block of k-points, for any metric.

Conventions (theory notes, section 1): position r = i d_k + A^W, covariant derivative D_i O = d_i O + i [O, A^W_i],
velocity v^i = D_i H, whose interband elements are <n|d_i H|m> + i w_nm A^W_nm with w_nm = e_n - e_m, interband
connection A^i_nm = -i v^i_nm / w_nm.  With a metric, matrix elements are <n|X|m> of observables X and every inner sum
carries eta_m (bosonic notes, section 1).
"""

from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from solenoidal import packed
from solenoidal.curvature import basis_curvature, position_curl
from solenoidal.eigen import eigenstates, packed_eigenstates
from solenoidal.elements import Elements, MadeElements, lazy
from solenoidal.errors import InputError
from solenoidal.model import BlochModel, Operator
from solenoidal.multiplets import group_levels, group_means
from solenoidal.once import once
from solenoidal.packed import Packed
from solenoidal.sums import inverse_differences
from solenoidal.widths import cell_widths, mixing, reach

__all__ = [
    "Analytic",
    "Block",
    "States",
    "fourier",
    "select_axes",
    "solve",
    "velocity",
]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Index = NDArray[np.int64]


@lazy(H="kij", dH="kpij", A="kpij", s="kpij", curl="kpij")
@dataclass(frozen=True)
class Block:
    """Matrices of a block of k-points in the orbital basis.

    Attributes
    ----------
    H, dH, A, s
        ``(n_k, N, N)`` eV, ``(n_k, D, N, N)`` eV Angstrom (Cartesian d/dk), the same for A^W in Angstrom or None,
        ``(n_k, n_s, N, N)``.
    metric
        ``(N, N)`` or None for 1.
    k
        ``(n_k, D)`` fractional, for messages; may be None.
    curl
        ``(n_k, D (D - 1) / 2, N, N)``: d_i A_l - d_l A_i for i < l, Angstrom^2, or None where
        the curvature of the basis is not wanted.
    weight
        ``(n_k,)`` points of a mesh that each stands for, or None where each stands for itself.
    around
        ``(n_k, N, M)`` energies at the neighbours of each point on a mesh, eV, or None where not wanted.
    """

    H: Complex
    dH: Complex
    A: Complex | None
    s: Complex
    metric: Complex | None = None
    k: Real | None = None
    curl: Complex | None = None
    weight: NDArray[np.int32] | None = None
    around: Real | None = None

    def elements(self, name: Literal["H", "dH", "A", "s", "curl"]) -> Elements:
        """Matrices in either layout; of A and its curl where there are any."""
        elements: Elements = self.__dict__[f"{name}_elements"]
        return elements

    @property
    def flat(self) -> bool:
        """Whether there is no A."""
        return self.__dict__["A_elements"] is None

    @property
    def with_curl(self) -> bool:
        """Whether the curvature of the basis is wanted and there is any."""
        return self.__dict__["curl_elements"] is not None


@runtime_checkable
class Analytic(Protocol):
    """A model that gives its matrices at any k itself, where others are Fourier sums over lattice vectors."""

    @property
    def dimension(self) -> int:
        """Number of directions D."""

    @property
    def source(self) -> str:
        """What messages call it."""

    def operator(self, name: str) -> Operator:
        """Return the operator called ``name``."""

    def block(self, k: Real, operator: Operator) -> Block:
        """Matrices at ``k (n_k, D)``; the operator with the components wanted."""


@lazy(v="kipj", s="kipj")
@dataclass(frozen=True)
class States:
    """Eigenstates of a block with the matrix elements between them, levels ascending.

    Attributes
    ----------
    e
        ``(n_k, N)`` energies, eV.
    sign
        ``(n_k, N)`` norms eta_n, or None where all are 1.
    v, s
        ``(n_k, N, D, N)`` velocity D_i H, eV Angstrom, ``(n_k, N, n_s, N)``: element [k, n, i, m] is <n|X^i|m>.
    group
        ``(n_k, N)`` multiplet number of each level.
    F
        ``(n_k, N, D (D - 1) / 2)`` curvature of the basis <n|F_il|n> for i < l, Angstrom^2, or None where not wanted
        or zero because there is no A^W.
    first, rows
        First level that quantities are wanted for, and the one after the last; sums over m always run over all N.
    full
        How many of the lowest levels are known to be full wherever quantities are wanted: quantities that say so leave
        out what these exchange with each other.
    around
        ``(n_k, N, M)`` energies of each level at the neighbours on a mesh, eV, or None where not wanted.
    cell
        ``(D, D)`` edges of the mesh cell as rows, 1/Angstrom, or None where not wanted.
    """

    e: Real
    sign: Real | None
    v: Complex
    s: Complex
    group: Index
    rows: int
    F: Real | None = None
    around: Real | None = None
    full: int = 0
    cell: Real | None = None
    first: int = 0

    @property
    def wanted(self) -> slice:
        """Levels that quantities are wanted for."""
        return slice(self.first, self.rows)

    @property
    def velocity(self) -> Elements:
        """Elements of v in either layout."""
        elements: Elements = self.__dict__["v_elements"]
        return elements

    @property
    def operator(self) -> Elements:
        """Elements of s in either layout."""
        elements: Elements = self.__dict__["s_elements"]
        return elements

    @once
    def w(self) -> Real:
        """``(n_k, N, N)`` differences e_n - e_m, eV."""
        return np.asarray(self.e[:, :, None] - self.e[:, None, :])

    @once
    def G(self) -> Real:
        """``(n_k, N, N)``: 1 / w_nm between different multiplets, 0 inside one, 1/eV."""
        return inverse_differences(self.e, self.group)

    @once
    def B(self) -> Complex:
        """``(n_k, N, D, N)`` v_nm / w_nm between multiplets = i times the interband connection, Angstrom."""
        return np.asarray(self.v * self.G[:, :, None, :])

    @once
    def sG(self) -> Complex:
        """``(n_k, N, n_s, N)`` s_nm / w_nm between multiplets."""
        return np.asarray(self.s * self.G[:, :, None, :])

    @once
    def packed_G(self) -> Real:
        """G in the rows wanted, in the layout of :mod:`solenoidal.packed`."""
        return packed.inverse_differences(self.e, self.group, self.rows, self.velocity.kind, self.first)

    @once
    def packed_B(self) -> Packed:
        """B in the rows wanted, in that layout."""
        return packed.weighted(self.velocity.packed, self.packed_G, self.first)

    @once
    def packed_sG(self) -> Packed:
        """s_nm / w_nm in the rows wanted, in that layout."""
        return packed.weighted(self.operator.packed, self.packed_G, self.first)

    @once
    def e_group(self) -> Real:
        """``(n_k, N)`` mean energy of the multiplet of each level, eV."""
        return group_means(self.e, self.group)

    @once
    def widths(self) -> Real:
        """``(n_k, N, D)`` widths over the mesh cell, eV."""
        assert self.cell is not None
        return cell_widths(self.e, self.group, self._slopes, self.cell, self.sign)

    @once
    def reach(self) -> tuple[Real, Real]:
        """``(n_k, N)`` lowest and highest energy of every level in its mesh cell and at its neighbours, eV."""
        return reach(self.e, None if self.cell is None else self.widths, self.around)

    def outside(self, window: tuple[float, float]) -> tuple[NDArray[np.bool_], Index]:
        """Points without a level that reaches into a window (eV), nor a multiplet around it, and the levels below it.

        Returns
        -------
        ndarray, ndarray
            ``(n_k,)`` each.
        """
        N = self.e.shape[1]
        low, high = self.reach
        below = np.asarray((high < window[0]).sum(axis=1))
        inner = (below > 0) & (below < N)
        upper, at = np.minimum(below, N - 1), np.arange(len(below))
        cut = inner & (self.group[at, upper] == self.group[at, upper - 1])
        return (below + (low > window[1]).sum(axis=1) == N) & ~cut, below

    def narrowed(self, rows_below: float | None, full_below: float | None, windowed: bool) -> Self:
        """Return the same states with the levels that quantities are wanted for; multiplets stay whole.

        Parameters
        ----------
        rows_below, full_below, windowed
            As in :func:`solve`.
        """
        N = int(self.e.shape[1])
        rows = N if rows_below is None else _whole(self.group, _needed(self.reach[0], rows_below))
        full = 0
        if full_below is not None:
            full = _uncut(self.group, N - _needed(-self.reach[1][:, ::-1], -full_below))
        v: Any = self.velocity
        s: Any = self.operator
        out = replace(self, v=v, s=s, rows=rows, full=full, first=full if windowed else 0)
        return self._remembered(out)

    def _remembered(self, other: Self, index: Any = slice(None)) -> Self:
        """Give others at the same points, or at some of them, what is known of their spread."""
        if "widths" in self.__dict__:
            other.__dict__["widths"] = self.widths[index]
        if "reach" in self.__dict__:
            other.__dict__["reach"] = (self.reach[0][index], self.reach[1][index])
        return other

    def mixing(self, window: tuple[float, float]) -> Real:
        """``(n_k,)``: how much the cell mixes levels that reach into a window (eV), see :mod:`solenoidal.widths`."""
        assert self.cell is not None
        return mixing(self.e, self.group, self._slopes, self.cell, self.widths, window)

    @property
    def _slopes(self) -> Packed:
        """Velocities in the memory of this machine, in the layout of :mod:`solenoidal.packed`."""
        return self.velocity.packed

    @once
    def cache(self) -> dict[str, Complex]:
        """Products shared by several quantities; see :mod:`solenoidal.products`."""
        return {}

    def regroup(self, degeneracy: float) -> "States":
        """Return the same states with multiplets formed at another energy (eV)."""
        group = group_levels(self.e, degeneracy, self.sign)
        v: Any = self.velocity
        s: Any = self.operator
        full, first = _uncut(group, self.full), _uncut(group, self.first)
        return replace(self, v=v, s=s, group=group, full=full, first=first)

    def take(self, index: NDArray[np.bool_]) -> Self:
        """Return the k-points that ``index (n_k,)`` marks."""
        v: Any = self.velocity.take(index)
        s: Any = self.operator.take(index)
        out = replace(
            self,
            e=self.e[index],
            sign=None if self.sign is None else self.sign[index],
            v=v,
            s=s,
            group=self.group[index],
            F=None if self.F is None else self.F[index],
            around=None if self.around is None else self.around[index],
        )
        return self._remembered(out, index)


def fourier(
    model: BlochModel | Analytic,
    k: Real,
    operator: str = "spin",
    axes: tuple[str, ...] | None = None,
    curvature: bool = False,
) -> Block:
    """Matrices of ``model`` at scattered k-points by the plain Fourier sum, or from the model itself.

    Parameters
    ----------
    k
        ``(n_k, D)`` in units of the reciprocal lattice vectors; Cartesian, 1/Angstrom, for a model without a lattice.
    operator, axes
        Name of the operator and the components wanted (all by default).
    curvature
        Also give what the curvature of the basis needs.

    Raises
    ------
    InputError
        If the model has no such operator or component.
    """
    k = np.asarray(k, dtype=np.float64).reshape(-1, model.dimension)
    op = select_axes(model.operator(operator), axes, model.source)
    if isinstance(model, Analytic):
        return model.block(k, op)
    phase = np.exp(2j * np.pi * k @ model.R.T)
    path = model.R @ model.lattice
    H = _sum(phase, model.H)
    dH = np.stack([_sum(phase * (1j * path[:, i]), model.H) for i in range(model.dimension)], axis=1)
    A = None if model.position is None else _sum(phase, model.position)
    curl = None
    if curvature and model.position is not None:
        curl = _sum(phase, position_curl(model.position, path))
    return Block(H, dH, A, _sum(phase, op.matrices), model.metric, k, curl)


def _sum(phase: Complex, X: Complex) -> Complex:
    return np.asarray((phase @ X.reshape(len(X), -1)).reshape(len(phase), *X.shape[1:]))


def select_axes(op: Operator, axes: tuple[str, ...] | None, source: str = "model") -> Operator:
    """Return the operator with the named components only.

    Raises
    ------
    InputError
        If a component does not exist.
    """
    if axes is None:
        return op
    for a in axes:
        if a not in op.components:
            raise InputError(f"{source}: no component '{a}', the operator has {', '.join(op.components)}.")
    index = [op.components.index(a) for a in axes]
    return replace(op, matrices=np.ascontiguousarray(op.matrices[:, index]), components=tuple(axes))


def solve(
    block: Block,
    degeneracy: float = 1e-3,
    rows_below: float | None = None,
    cell: Real | None = None,
    full_below: float | None = None,
    *,
    windowed: bool = False,
    consume: bool = False,
) -> States:
    """Diagonalise a block and rotate its matrices into the eigenbasis, each when it is first asked for.

    Parameters
    ----------
    block
        See :class:`Block`.
    degeneracy
        Levels closer than this (eV) form a multiplet.
    rows_below
        Quantities are only wanted for levels with energy up to this (eV); None for all.
    cell
        ``(D, D)`` edges of the mesh cell as rows, 1/Angstrom: a level is then wanted if its energy reaches down to
        ``rows_below`` anywhere in the cell; likewise at the neighbours that the block knows.
    full_below
        Levels that stay below this energy (eV), in their cell and at the neighbours too, are full; None for none.
    windowed
        Whether quantities are not wanted for full levels either.
    consume
        Whether v and s may be written over dH and s of the block: less memory to pass through the cache.

    Raises
    ------
    UnstableModelError
        For a metric and a Hamiltonian that is not positive definite.
    """
    e, bras, sign = _eigenstates(block)
    group, n_k = group_levels(e, degeneracy, sign), len(e)
    sides = _as_precise(bras, block.elements("dH"))
    s = block.elements("s").packed
    v: Any = _rotated_velocity(block, sides, consume)
    internal: Any = MadeElements(packed.rotate, (s, sides, s) if consume else (s, sides), n_k)
    F = None
    if block.with_curl:
        F = basis_curvature(block.elements("curl"), block.elements("A"), sides, block.metric)
    found = States(e, sign, v, internal, group, e.shape[1], F, block.around, cell=cell)
    return found.narrowed(rows_below, full_below, windowed)


def _eigenstates(block: Block) -> tuple[Real, Packed, Real | None]:
    H = block.elements("H")
    if H.born_packed:
        return packed_eigenstates(H, block.metric, block.k)
    e, U, sign = eigenstates(block.H, block.metric, block.k)
    return e, packed.bras(U), sign


def _needed(lowest: Real, rows_below: float) -> int:
    """Number of rows up to the last level that reaches down to an energy at any k."""
    return 1 + max(np.flatnonzero(lowest.min(axis=0) <= rows_below).tolist(), default=-1)


def velocity(block: Block) -> Complex:
    """``D_i H = d_i H + i (H eta A_i - A_i eta H)``, eV Angstrom, in layout [k, row, i, column]."""
    dH = block.elements("dH")
    if block.flat:
        return dH.plain
    return packed.unpack(packed.velocity(_energy(block), dH.packed, block.elements("A").packed), dH.n_k)


def _rotated_velocity(block: Block, bras: Packed, consume: bool) -> Elements:
    dH = block.elements("dH")
    into = (dH.packed,) if consume else ()
    if block.flat:
        return MadeElements(packed.rotate, (dH.packed, bras, *into), dH.n_k)
    operands = _energy(block), dH.packed, block.elements("A").packed, bras, *into
    return MadeElements(packed.rotated_velocity, operands, dH.n_k)


def _energy(block: Block) -> Packed:
    """``H eta`` as precise as its derivative."""
    H = block.elements("H").packed if block.metric is None else packed.pack((block.H @ block.metric)[:, :, None])
    return _as_precise(H, block.elements("dH"))


def _as_precise(X: Packed, model: Elements) -> Packed:
    return packed.single(X) if model.kind == np.float32 else X


def _whole(group: Index, rows: int) -> int:
    """Smallest number of rows >= ``rows`` that cuts no multiplet at any k."""
    N = group.shape[1]
    while 0 < rows < N and (group[:, rows] == group[:, rows - 1]).any():
        rows += 1
    return rows


def _uncut(group: Index, rows: int) -> int:
    """Largest number of rows <= ``rows`` that cuts no multiplet at any k."""
    N = group.shape[1]
    while 0 < rows < N and (group[:, rows] == group[:, rows - 1]).any():
        rows -= 1
    return rows
