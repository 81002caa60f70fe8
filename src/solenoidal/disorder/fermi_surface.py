"""Fermi surface of a crystal as quadrature points with everything a kinetic equation asks of a state.

The surface is found on a mesh of simplices (:mod:`solenoidal.disorder.simplices`) and then made exact.  A facet with
vertices p_a and directions u_a (of the velocity at the vertex, common to all facets that meet there) carries the
coordinates (lambda, h) of ``k = sum_a lambda_a (p_a + h u_a)``.  They are continuous from facet to facet, so the true
surface is covered once, and

    int d^Dk delta(e - mu) x = sum over facets of int dlambda |det(dk/dlambda, u)| / |u.v| x at e(k) = mu,

where h solves ``e = mu`` (Newton).  With Gauss points in lambda the error falls as ``n^(-2 order)`` with the number n
of mesh points per direction, as long as the band is smooth.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from solenoidal import bands, zone
from solenoidal.bloch import Block, States, fourier, solve, velocity
from solenoidal.disorder.simplices import Facets, cut, gauss
from solenoidal.eigen import eigenstates
from solenoidal.errors import InputError
from solenoidal.events import Listener, Progress, silent
from solenoidal.model import BlochModel
from solenoidal.multiplets import group_levels
from solenoidal.zone import Mesh

__all__ = ["FermiSurface", "fermi_surface", "surface_points"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: k-points of a block.
BLOCK = 512
#: Newton steps at most, and distances from the level in units of speed times mesh spacing: one that ends them, and one
#: that is still on it.
STEPS, CLOSE, FOUND = 40, 1e-13, 1e-8
#: Farthest that a point may move, in mesh spacings; farthest step of a vertex.
REACH, NUDGE = 1.5, 0.25
#: Fewest points that describe a surface, by dimension.
FEWEST = {1: 2, 2: 12, 3: 40}


@dataclass(frozen=True)
class FermiSurface:
    """Quadrature points of ``e_n(k) = mu``.

    A point stands for ``count`` degenerate bands (1 where there is no degeneracy) and carries the density matrix
    ``rho``, the projector on their multiplet divided by its size, times ``count``: traces with it do not depend on the
    basis of the multiplet.

    Attributes
    ----------
    k
        ``(n, D)`` Cartesian, 1/Angstrom.
    weight
        ``(n,)`` dS / ((2 pi)^D |v|), 1/(eV Angstrom^D).
    count
        ``(n,)`` Tr rho.
    v
        ``(n, D)`` Tr[rho v] / count, eV Angstrom.
    s, dipole, flow
        ``(n, a)`` Tr[rho s]; ``(n, D, a)`` Tr[rho d^i], Angstrom; ``(n, D, a)`` Tr[rho v^i s], eV Angstrom.
    amplitude
        ``(n, N, G)`` columns Psi in the orbital basis with ``rho = Psi Psi^+``.
    covariant
        ``(n, D, N)`` covariant derivative |D_i n> of the state, Angstrom, or None where levels are degenerate.
    sheet
        ``(n,)`` number of the lowest band of the sheet.
    mu
        eV.
    name
        What it is the Fermi surface of.
    """

    k: Real
    weight: Real
    count: Real
    v: Real
    s: Real
    dipole: Real
    flow: Real
    amplitude: Complex
    covariant: Complex | None
    sheet: Index
    mu: float
    name: str = "surface"

    def __len__(self) -> int:
        return len(self.k)

    @property
    def dimension(self) -> int:
        """Number of periodic directions D."""
        return int(self.k.shape[1])

    @property
    def density_of_states(self) -> float:
        """States per energy and volume, 1/(eV Angstrom^D)."""
        return float(self.weight @ self.count)

    def integral(self, x: Real) -> Real:
        """``int (-f') x`` at T = 0 for ``x (n, ...)``, a trace with rho at every point."""
        return np.asarray(np.einsum("n,n...->...", self.weight, x))


def fermi_surface(
    model: BlochModel,
    mu: float,
    mesh: int | tuple[int, ...],
    operator: str = "spin",
    axes: tuple[str, ...] | None = None,
    *,
    order: int = 2,
    offset: float = 0.5,
    degeneracy: float = 1e-3,
    listen: Listener = silent,
) -> FermiSurface:
    """Fermi surface of a crystal with several sheets, touching bands and multiplets.

    Bands that are one multiplet wherever they cross ``mu`` (Kramers pairs) share a sheet.

    Parameters
    ----------
    model
        A crystal of fermions in one, two or three dimensions.
    mu
        Chemical potential, eV.
    mesh
        Points per periodic direction of the mesh on which the surface is looked for.
    operator, axes
        Name of the operator ``s`` and its components, all by default.
    order
        Gauss points per direction of a facet: the error falls as n^(-2 order).
    offset
        Offset of the mesh in units of its spacing.
    degeneracy
        Levels closer than this (eV) form a multiplet.
    listen
        Receives progress.

    Raises
    ------
    InputError
        If the model is bosonic, no band crosses ``mu``, or the mesh does not resolve the surface.
    """
    sizes = _sizes(model, mesh)
    e = _mesh_energies(model, Mesh(sizes, (offset,) * model.dimension)) - mu
    parts = []
    for members in _sheets(e, degeneracy):
        facets = cut(e[..., members].mean(axis=-1))
        k, weight = _points(model, mu, facets, sizes, offset, members, order)
        parts.append((k, weight, members))
    if not parts:
        raise InputError(f"no band of {model.name} crosses mu = {mu:g} eV on the mesh {list(sizes)}: no Fermi surface.")
    _enough(model.name, sum(len(k) for k, _, _ in parts), model.dimension)
    pieces = []
    for k, weight, members in parts:
        for part in _blocks(len(k)):
            block = fourier(model, k[part], operator, axes)
            pieces.append(_describe(block, k[part] @ _reciprocal(model), weight[part], members, degeneracy, mu))
            listen(Progress("Fermi surface", sum(map(len, pieces)), sum(len(x[0]) for x in parts)))
    return replace(_join(pieces), name=model.name)


def surface_points(
    k: Real, area: Real, H: Complex, dH: Complex, s: Complex, mu: float, *, degeneracy: float = 1e-6
) -> FermiSurface:
    """Fermi surface from points that are known, as on the circles of an isotropic continuum model.

    Parameters
    ----------
    k
        ``(n, D)`` Cartesian points with one level (or multiplet) at ``mu``, 1/Angstrom.
    area
        ``(n,)`` elements of the surface dS, Angstrom^(1 - D).
    H, dH, s
        ``(n, N, N)`` eV, ``(n, D, N, N)`` eV Angstrom, ``(n, a, N, N)`` at the points; positions are i d/dk.
    mu
        eV.
    degeneracy
        Levels closer than this (eV) form a multiplet.

    Raises
    ------
    InputError
        If a point has no level at ``mu``.
    """
    e, _, _ = eigenstates(H)
    nearest = abs(e - mu).argmin(axis=1)
    off = abs(e - mu).min(axis=1)
    if off.max() > 1e-6 * max(1.0, float(abs(e).max())):
        at = ", ".join(f"{x:.4g}" for x in k[off.argmax()])
        raise InputError(f"k = ({at}) 1/Angstrom is not on the surface: its next level is {off.max():.2g} eV from mu.")
    group = group_levels(e, degeneracy)
    members = group == np.take_along_axis(group, nearest[:, None], axis=1)
    block = Block(H, dH, None, np.asarray(s, dtype=np.complex128), None, k)
    surface = _describe(block, k, np.ones(len(k)), members, degeneracy, mu)
    speed = np.linalg.norm(surface.v, axis=1)
    return replace(surface, weight=area / ((2 * np.pi) ** k.shape[1] * speed))


def _sizes(model: BlochModel, mesh: int | tuple[int, ...]) -> tuple[int, ...]:
    if model.statistics != "fermi" or model.metric is not None:
        raise InputError(f"{model.name}: a Fermi surface needs electrons.")
    sizes = (mesh,) * model.dimension if isinstance(mesh, int) else tuple(int(n) for n in mesh)
    if len(sizes) != model.dimension or min(sizes) < 3:
        raise InputError(f"mesh {list(sizes)}: {model.name} needs {model.dimension} numbers of at least 3 points.")
    return sizes


def _enough(name: str, points: int, D: int) -> None:
    if points < FEWEST[D]:
        raise InputError(f"the mesh gives {points} points on the Fermi surface of {name}, which is too few: refine it.")


def _reciprocal(model: BlochModel) -> Real:
    """Reciprocal vectors as rows, 1/Angstrom."""
    return np.asarray(2 * np.pi * np.linalg.inv(model.lattice).T)


def _bare(model: BlochModel) -> BlochModel:
    """The Hamiltonian alone."""
    return replace(model, position=None, operators={})


def _blocks(n: int) -> list[slice]:
    return [slice(i, i + BLOCK) for i in range(0, n, BLOCK)]


def _mesh_energies(model: BlochModel, mesh: Mesh) -> Real:
    """``(n_1, .., n_D, N)`` levels on the mesh, eV."""
    source = zone.source(_bare(model), model.operator("charge"))
    blocks = itertools.chain.from_iterable(source.blocks(mesh, chunk) for chunk in source.chunks(mesh))
    e = np.concatenate([eigenstates(block.H, None, block.k)[0] for block in blocks])
    return e.reshape(*mesh.n, model.size)


def _sheets(e: Real, degeneracy: float) -> list[list[int]]:
    """Bands that cross zero, together where they are one multiplet at every corner of the cells they cross."""
    axes = tuple(range(e.ndim - 1))
    crossing = np.flatnonzero((e.min(axis=axes) < 0.0) & (e.max(axis=axes) >= 0.0))
    sheets: list[list[int]] = []
    for n in map(int, crossing):
        near = _near(e[..., n])
        if sheets and sheets[-1][-1] == n - 1 and (e[..., n] - e[..., n - 1])[near].max() < degeneracy:
            sheets[-1].append(n)
        else:
            sheets.append([n])
    return sheets


def _near(values: Real) -> Mask:
    """Corners of the cells in which ``values`` change sign."""
    axes = tuple(range(values.ndim))
    steps = list(itertools.product((0, 1), repeat=values.ndim))
    below = np.stack([np.roll(values < 0.0, [-x for x in step], axis=axes) for step in steps])
    cells = below.any(axis=0) & ~below.all(axis=0)
    return np.asarray(np.stack([np.roll(cells, step, axis=axes) for step in steps]).any(axis=0))


class _Level:
    """Mean energy and velocity of the bands of a sheet at any point."""

    def __init__(self, model: BlochModel, mu: float, members: list[int]) -> None:
        self.model, self.mu, self.members = _bare(model), mu, members

    def __call__(self, k: Real) -> tuple[Real, Real]:
        """``(n,)`` energy from mu, eV, and ``(n, D)`` velocity, eV Angstrom, at ``k (n, D)`` fractional."""
        e, v = np.empty(len(k)), np.empty((len(k), self.model.dimension))
        for part in _blocks(len(k)):
            block = fourier(self.model, k[part], "charge")
            levels, U, _ = eigenstates(block.H, None, block.k)
            u = U[:, None, :, self.members]
            e[part] = levels[:, self.members].mean(axis=1) - self.mu
            v[part] = np.einsum("kiam,kiam->ki", u.conj(), block.dH @ u).real / len(self.members)
        return e, v


def _points(
    model: BlochModel, mu: float, facets: Facets, sizes: tuple[int, ...], offset: float, members: list[int], order: int
) -> tuple[Real, Real]:
    """Fractional k ``(n, D)`` on the surface and weights ``(n,)``."""
    level, b = _Level(model, mu, members), _reciprocal(model)
    n = np.array(sizes)
    spacing = float(np.linalg.norm(b / n[:, None], axis=1).max())
    p, u = _vertices(level, (facets.vertices + offset) / n, b, NUDGE * spacing)
    p, u = p[facets.corners] + (facets.shift / n) @ b, u[facets.corners]
    to_fraction = np.linalg.inv(b)
    points, weights = gauss(model.dimension, order)
    base, direction = (np.einsum("qa,fai->fqi", points, x).reshape(-1, len(n)) for x in (p, u))
    h, v = _newton(lambda k: level(k @ to_fraction), base, direction, spacing)
    _resolved(model, h, base @ to_fraction, sizes)
    jacobian = _jacobian(p, u, h.reshape(len(p), -1), direction.reshape(len(p), -1, len(n)))
    slope = abs(np.einsum("ni,ni->n", direction, v))
    weight = np.tile(weights, len(p)) * jacobian.ravel() / (slope * (2 * np.pi) ** len(n))
    return (base + h[:, None] * direction) @ to_fraction, weight


def _vertices(level: _Level, k: Real, b: Real, farthest: float) -> tuple[Real, Real]:
    """Cartesian vertices close to the surface and unit directions of the velocity there."""
    e, v = level(k)
    for _ in range(2):
        square = np.maximum((v**2).sum(axis=1), 1e-300)
        step = -(e / square)[:, None] * v
        length = np.linalg.norm(step, axis=1)
        step *= np.minimum(1.0, farthest / np.maximum(length, 1e-300))[:, None]
        k = k + step @ np.linalg.inv(b)
        e, v = level(k)
    speed = np.maximum(np.linalg.norm(v, axis=1), 1e-300)
    return k @ b, v / speed[:, None]


def _jacobian(p: Real, u: Real, h: Real, direction: Real) -> Real:
    """``|det(dk/dlambda_1, .., dk/dlambda_(D-1), u)|`` at the points of each facet, ``(n_f, q)``."""
    tangents = (p[:, 1:] - p[:, :1])[:, None] + h[:, :, None, None] * (u[:, 1:] - u[:, :1])[:, None]
    return np.asarray(abs(np.linalg.det(np.concatenate([tangents, direction[:, :, None]], axis=2))))


def _newton(
    level: Callable[[Real], tuple[Real, Real]], base: Real, direction: Real, spacing: float
) -> tuple[Real, Real]:
    """Distance h along ``direction`` to the level, NaN where it is not found, and the velocity there."""
    h, v, miss = np.zeros(len(base)), np.zeros_like(base), np.zeros(len(base))
    low, high = np.full(len(base), -REACH * spacing), np.full(len(base), REACH * spacing)
    active = np.arange(len(base))
    for _ in range(STEPS):
        e, v[active] = level(base[active] + h[active, None] * direction[active])
        slope = np.einsum("ni,ni->n", direction[active], v[active])
        miss[active] = abs(e) / (spacing * np.maximum(np.linalg.norm(v[active], axis=1), 1e-300))
        # e grows along u: what is known of the sign of e keeps Newton between two bounds.
        low[active] = np.where(e < 0.0, np.maximum(low[active], h[active]), low[active])
        high[active] = np.where(e > 0.0, np.minimum(high[active], h[active]), high[active])
        target = h[active] - e / np.where(slope > 0.0, slope, np.inf)
        inside = (target > low[active]) & (target < high[active]) & (slope > 0.0)
        moved = np.where(inside, target, 0.5 * (low[active] + high[active]))
        ended = (miss[active] <= CLOSE) | (moved == h[active])
        h[active] = np.where(ended, h[active], moved)
        active = active[~ended]
        if not len(active):
            break
    h[(miss > FOUND) | (abs(h) >= 0.999 * REACH * spacing)] = np.nan
    return h, v


def _resolved(model: BlochModel, h: Real, k: Real, sizes: tuple[int, ...]) -> None:
    if np.isnan(h).any():
        at = ", ".join(f"{x:.4f}" for x in k[np.isnan(h).argmax()])
        raise InputError(
            f"the mesh {list(sizes)} does not resolve the Fermi surface of {model.name} near k = ({at}): refine or "
            f"shift it."
        )


def _describe(
    block: Block, k: Real, weight: Real, members: list[int] | Mask, degeneracy: float, mu: float
) -> FermiSurface:
    """Everything about the states of a block; ``members`` are the bands of the sheet or ``(n, N)`` marks of them."""
    if block.metric is not None:
        raise InputError("a Fermi surface needs electrons, this block has a metric.")
    states = solve(block, degeneracy)
    n, N = states.e.shape
    marks = np.zeros((n, N), dtype=bool)
    if isinstance(members, list):
        marks[:, members] = True
    else:
        marks = members
    same = states.group[:, :, None] == states.group[:, None, :]
    share = np.einsum("knm,km->kn", same, marks / same.sum(axis=2))
    amplitude, covariant = _amplitudes(block, share, states.group)
    count = share.sum(axis=1)
    return FermiSurface(
        k=np.asarray(k),
        weight=weight,
        count=count,
        v=np.einsum("kn,kni->ki", share, bands.velocity(states)) / count[:, None],
        s=np.einsum("kn,kna->ka", share, bands.spin(states)),
        dipole=np.einsum("kn,knia->kia", share, bands.s_dipole(states)),
        flow=np.einsum("kn,knia->kia", share, _flow(states, same)),
        amplitude=amplitude,
        covariant=covariant,
        sheet=marks.argmax(axis=1),
        mu=mu,
    )


def _flow(states: States, same: Mask) -> Real:
    """Rows of ``Tr[v^i_N s_N]``, ``(n_k, N, D, a)``."""
    return np.asarray(np.einsum("knim,kman,knm->knia", states.v, states.s, same, optimize=True).real)


def _amplitudes(block: Block, share: Real, group: Index) -> tuple[Complex, Complex | None]:
    """Columns Psi with ``rho = Psi Psi^+``, and |D_i n> where every point has a single level."""
    e, U, _ = eigenstates(block.H, None, block.k)
    width = int((share > 0.0).sum(axis=1).max())
    first = np.argsort(share == 0.0, axis=1, kind="stable")[:, :width]
    root = np.sqrt(np.take_along_axis(share, first, axis=1))
    amplitude = np.take_along_axis(U, first[:, None, :], axis=2) * root[:, None, :]
    if width > 1:
        return amplitude, None
    apart = group != np.take_along_axis(group, first, axis=1)
    w = np.where(apart, np.take_along_axis(e, first, axis=1) - e, np.inf)
    v = np.einsum("kam,kaib,kb->kmi", U.conj(), velocity(block), amplitude[:, :, 0], optimize=True)
    return amplitude, np.einsum("kam,kmi->kia", U, v / w[:, :, None])


def _join(pieces: list[FermiSurface]) -> FermiSurface:
    """One surface from pieces of different multiplicity."""
    width = max(p.amplitude.shape[2] for p in pieces)
    wide = [np.pad(p.amplitude, ((0, 0), (0, 0), (0, width - p.amplitude.shape[2]))) for p in pieces]
    derivatives = [p.covariant for p in pieces if p.covariant is not None]
    return FermiSurface(
        k=np.concatenate([p.k for p in pieces]),
        weight=np.concatenate([p.weight for p in pieces]),
        count=np.concatenate([p.count for p in pieces]),
        v=np.concatenate([p.v for p in pieces]),
        s=np.concatenate([p.s for p in pieces]),
        dipole=np.concatenate([p.dipole for p in pieces]),
        flow=np.concatenate([p.flow for p in pieces]),
        amplitude=np.concatenate(wide),
        covariant=np.concatenate(derivatives) if width == 1 else None,
        sheet=np.concatenate([p.sheet for p in pieces]),
        mu=pieces[0].mu,
    )
