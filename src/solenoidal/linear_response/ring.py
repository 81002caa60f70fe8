"""A crystal in a slowly varying potential of finite strength, diagonalised exactly, against local equilibrium.

``H + U cos(2 pi xi / L)`` with the coordinate xi of one lattice direction in cells: rings of L cells, every wave vector
across them.  Their densities of torque and current must be those of Xiao and Niu, Phys. Rev. B 104, L241411 (2021),
Eqs. 1-5,

    J^i = int f J^i - d_l D^{lis} + O(L^-2),    tau = -d_i D^{i tau} + d_i d_l Q^{il tau} + O(L^-3),

with every integral at the local chemical potential mu - U(x) (theory notes, section 2).  Nothing is expanded on the
side of the ring.  It is written in the Bloch states of its L wave vectors, which the potential couples to their
neighbours through the transport of :mod:`solenoidal.linear_response.displaced`: any position matrix will do.
"""

import itertools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from solenoidal import engine, responses
from solenoidal.bloch import fourier, select_axes, velocity
from solenoidal.compiled import one_blas_thread
from solenoidal.engine.task import Task
from solenoidal.errors import InputError
from solenoidal.linear_response.displaced import OPERATOR, adjoint, shifts, transport
from solenoidal.model import BlochModel
from solenoidal.statistics import fermi

__all__ = ["Comparison", "Modulation", "Ring", "compare", "densities", "local_equilibrium", "scaling"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

#: Steps that the transport between neighbouring wave vectors is made of.
STEPS = 4


@dataclass(frozen=True)
class Modulation:
    """A potential and the mesh of wave vectors that sees it.

    Attributes
    ----------
    cells
        L: period of the potential in cells.
    amplitude
        U, eV.
    direction
        Number of the lattice vector along which it varies.
    mu, kT
        eV, kT > 0.
    mesh
        k-points of the crystal without potential by direction; along ``direction`` a multiple of ``cells``.
    offset
        In units of the spacing of that mesh.
    """

    cells: int
    amplitude: float
    direction: int
    mu: float
    kT: float
    mesh: tuple[int, ...]
    offset: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.cells < 3:
            raise InputError(f"cells = {self.cells}: a ring needs at least 3 cells.")
        if not 0 <= self.direction < len(self.mesh) or len(self.offset) != len(self.mesh):
            raise InputError(f"direction = {self.direction}: mesh {list(self.mesh)} has no such direction or offset.")
        if self.mesh[self.direction] % self.cells:
            raise InputError(
                f"mesh {list(self.mesh)}: along the potential the number of points must be a multiple of {self.cells}."
            )
        if not self.kT > 0.0:
            raise InputError("kT: a ring is compared with local equilibrium for T > 0 only.")

    @property
    def potential(self) -> Real:
        """``(L,)`` U(x) at the origin of every cell, eV."""
        return np.asarray(self.amplitude * np.cos(2 * np.pi * np.arange(self.cells) / self.cells))


@dataclass(frozen=True)
class Ring:
    """Densities at the origin of every cell, per Angstrom^D.

    Attributes
    ----------
    torque
        ``(L, component)``, eV: of the crystal, i [H, s] without the potential.
    current
        ``(L, i, component)``: conventional current, eV Angstrom.
    """

    torque: Real
    current: Real


@dataclass(frozen=True)
class Comparison:
    """Largest difference of a ring from local equilibrium, order by order.

    Attributes
    ----------
    cells
        L.
    torque, torque_dipole, torque_quadrupole
        The torque; what is left of it after ``-d_i D^{i tau}``; after ``d_i d_l Q^{il tau}`` as well: falls as L^-3.
    current, current_local, current_dipole
        The current; what is left of it after ``int f J^i``; after ``-d_l D^{lis}`` as well: falls as L^-2.
    """

    cells: int
    torque: float
    torque_dipole: float
    torque_quadrupole: float
    current: float
    current_local: float
    current_dipole: float


@one_blas_thread
def densities(
    model: BlochModel, modulation: Modulation, operator: str = "spin", axes: tuple[str, ...] | None = None
) -> Ring:
    """Exact densities of torque and current.

    Parameters
    ----------
    model
        Fermions without a metric.
    modulation
        The potential.
    operator, axes
        Whose torque and current.

    Raises
    ------
    InputError
        If mesh and model do not fit, or the model has a metric or is one of bosons.
    """
    if model.metric is not None or model.statistics != "fermi":
        raise InputError(f"{model.source}: a ring in a potential needs fermions without a metric.")
    if len(modulation.mesh) != model.dimension:
        raise InputError(f"mesh {list(modulation.mesh)}: {model.source} has {model.dimension} periodic directions.")
    op = select_axes(model.operator(operator), axes, model.source)
    source, L = replace(model, operators={OPERATOR: op}), modulation.cells
    D, n_s = model.dimension, len(op.components)
    starts = _starts(modulation)
    total = np.zeros((L // 2 + 1, (1 + D) * n_s), dtype=np.complex128)
    for k in starts:
        total += _harmonics(source, modulation, k)
    points = _synthesis(total, L) / (len(starts) * model.volume)
    return Ring(points[:, :n_s], points[:, n_s:].reshape(L, D, n_s))


def local_equilibrium(
    model: BlochModel, modulation: Modulation, operator: str = "spin", axes: tuple[str, ...] | None = None
) -> tuple[Real, Real, Real, Real]:
    """Orders of the gradient expansion at mu - U(x), from the integrals of the engine on the same mesh.

    Returns
    -------
    ndarray
        ``-d_i D^{i tau}`` and ``d_i d_l Q^{il tau}``, ``(L, component)``; ``int f J^i`` and ``-d_l D^{lis}``,
        ``(L, i, component)``.
    """
    local, inverse = np.unique(np.round(modulation.mu - modulation.potential, 12), return_inverse=True)
    task = Task(
        mesh=modulation.mesh,
        offset=modulation.offset,
        mu=local,
        kT=np.array([modulation.kT]),
        operator=operator,
        axes=axes,
        definitions=(),
        error=False,
        responses=("equilibrium", "dipole_density"),
    )
    values = engine.run(model, task).values
    J, D_tau = (_row(values, task, "equilibrium", part)[inverse] for part in ("conventional", "torque_dipole"))
    D, Q = (_row(values, task, "dipole_density", part)[inverse] for part in ("current_dipole", "torque_quadrupole"))
    slope = np.linalg.inv(model.lattice)[:, modulation.direction]  # d xi / d r
    first = -_derivative(np.einsum("i,xia->xa", slope, D_tau))
    second = _derivative(_derivative(np.einsum("i,l,xila->xa", slope, slope, Q)))
    return first, second, J, -_derivative(np.einsum("l,xila->xia", slope, D))


def compare(
    model: BlochModel, modulation: Modulation, operator: str = "spin", axes: tuple[str, ...] | None = None
) -> Comparison:
    """Differences of the ring from local equilibrium; parameters as in :func:`densities`."""
    ring = densities(model, modulation, operator, axes)
    first, second, J, dipole = local_equilibrium(model, modulation, operator, axes)
    left = [ring.torque, ring.torque - first, ring.torque - first - second]
    left += [ring.current, ring.current - J, ring.current - J - dipole]
    return Comparison(modulation.cells, *(float(abs(x).max()) for x in left))


def scaling(
    model: BlochModel,
    modulation: Modulation,
    lengths: tuple[int, ...] = (12, 24, 48),
    operator: str = "spin",
    axes: tuple[str, ...] | None = None,
) -> tuple[Comparison, ...]:
    """One :class:`Comparison` for every period in ``lengths``, all on the mesh of ``modulation``.

    Raises
    ------
    InputError
        As :func:`densities` does, and if the mesh is not a multiple of every period.
    """
    return tuple(compare(model, replace(modulation, cells=L), operator, axes) for L in lengths)


def _row(values: dict[str, Real], task: Task, response: str, part: str) -> Real:
    """Entry of a response by its name, ``(mu, ...)``."""
    return np.asarray(values[response][list(responses.get(response).terms(task.choice)).index(part), 0])


def _starts(modulation: Modulation) -> Real:
    """First wave vector of every ring, fractional."""
    counts = list(modulation.mesh)
    counts[modulation.direction] //= modulation.cells
    index = np.array(list(itertools.product(*map(range, counts))), dtype=np.float64)
    return np.asarray((index + np.array(modulation.offset)) / np.array(modulation.mesh))


def _harmonics(source: BlochModel, modulation: Modulation, start: Real) -> Complex:
    """``Tr rho {O, exp(-ipqr)} / 2`` of torque and current for p = 0 .. L/2, ``(p, both)``."""
    L, N, D = modulation.cells, source.size, source.dimension
    k = np.repeat(start[None], L, axis=0)
    k[:, modulation.direction] += np.arange(L) / L
    block = fourier(source, k, OPERATOR)
    E = _phase(source, modulation, k)
    H = np.zeros((L, N, L, N), dtype=np.complex128)
    m = np.arange(L)
    H[m, :, m] = block.H
    H[m, :, (m + 1) % L] += 0.5 * modulation.amplitude * E
    H[(m + 1) % L, :, m] += 0.5 * modulation.amplitude * adjoint(E)
    e, V = np.linalg.eigh(H.reshape(L * N, L * N))
    rho = ((V * fermi(e - modulation.mu, modulation.kT)) @ V.conj().T).reshape(L, N, L, N)
    v, s = velocity(block).swapaxes(1, 2)[:, :, None], block.s[:, None]
    tau = 1j * (block.H[:, None] @ block.s - block.s @ block.H[:, None])
    J = (0.5 * (v @ s + s @ v)).reshape(L, D * s.shape[2], N, N)
    O = np.concatenate([tau, J], axis=1)
    out, power = [], np.broadcast_to(np.eye(N, dtype=np.complex128), (L, N, N))
    for p in range(L // 2 + 1):
        far = (m + p) % L
        half = 0.5 * (O @ power[:, None] + power[:, None] @ O[far])
        out.append(np.einsum("mba,mcab->c", rho[far, :, m], half))
        power = power @ E[far]
    return np.array(out)


def _phase(source: BlochModel, modulation: Modulation, k: Real) -> Complex:
    """``<k|exp(-iqr)|k + q>`` for every k of a ring, ``(L, N, N)``."""
    b = np.linalg.inv(source.lattice)[:, modulation.direction]
    direction, step = b / np.linalg.norm(b), 2 * np.pi * float(np.linalg.norm(b)) / (modulation.cells * STEPS)
    q = np.full(len(k), step)
    E = np.broadcast_to(np.eye(source.size, dtype=np.complex128), (len(k), source.size, source.size))
    for part in range(STEPS):
        W = transport(source, k + (part + 0.5) * shifts(source, direction, q), direction, q)
        E = E if W is None else E @ W
    return E


def _synthesis(harmonics: Complex, L: int) -> Real:
    """``(1 / L) sum_p exp(2 pi i p x / L) O_p`` at x = 0 .. L - 1, with O_-p = O_p^*."""
    p = np.arange(len(harmonics))
    weight = np.where((p == 0) | (2 * p == L), 1.0, 2.0) / L
    wave = np.exp(2j * np.pi * np.outer(np.arange(L), p) / L)
    return np.asarray((wave @ (weight[:, None] * harmonics)).real)


def _derivative(x: Real) -> Real:
    """Derivative along the ring, per cell, of ``x (L, ...)``."""
    L = len(x)
    p = np.fft.fftfreq(L, 1.0 / L)
    p[2 * abs(p) == L] = 0.0
    factor = (2j * np.pi / L * p).reshape(-1, *(1,) * (x.ndim - 1))
    return np.asarray(np.fft.ifft(factor * np.fft.fft(x, axis=0), axis=0).real)
