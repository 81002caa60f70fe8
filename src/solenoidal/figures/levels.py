"""Energies of bands with the quantity that colours them, at scattered k-points or on a mesh."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solenoidal import bands, quantities
from solenoidal.bloch import Analytic, States, fourier, solve
from solenoidal.compiled import one_blas_thread
from solenoidal.continuum import ContinuumModel
from solenoidal.derivatives import differentiated, solve_differentiated, states_at
from solenoidal.errors import InputError
from solenoidal.model import BlochModel
from solenoidal.multiplets import group_means
from solenoidal.quantities import Settings
from solenoidal.registry import nearest
from solenoidal.zone import Mesh, source

__all__ = ["COLOURS", "Colour", "Levels", "levels_at", "levels_on_mesh"]

Real = NDArray[np.float64]

#: k-points that are solved together.
TOGETHER = 256
#: Components within this part of the largest count as leading.
LEADING = 0.8


@dataclass(frozen=True)
class Colour:
    """A quantity of a band that can colour it.

    Attributes
    ----------
    rows
        ``States -> (n_k, n, ...)`` with ``directions`` Cartesian indices and one of the operator (absent for the Berry
        curvature); its sum over a multiplet is a trace.
    directions
        Number of Cartesian indices.
    symbol
        For figures, with ``{d}`` for the directions, ``{i}`` and ``{l}`` for the first and the second of them, and
        ``{a}`` for the component of the operator.
    unit
        With ``{s}`` for the unit of the operator.
    internal
        Whether it depends on the operator.
    derivatives
        Whether it needs second derivatives of the Hamiltonian.
    """

    rows: Callable[[States], Real]
    directions: int
    symbol: str
    unit: str
    internal: bool = True
    derivatives: bool = False


def _rows(name: str, states: States) -> Real:
    return quantities.get(name).rows(states, Settings())


def _kernel(name: str) -> Callable[[States], Real]:
    """Registered quantity with its own order of indices, the current first."""
    return lambda states: _rows(name, states)


def _field_first(name: str) -> Callable[[States], Real]:
    """Registered quantity with the first two directions exchanged: ``[l, i, a]`` as in ``Omega^{lis}``."""
    return lambda states: _rows(name, states).swapaxes(2, 3)


def _berry(states: States) -> Real:
    """``Omega^{il}_n`` with the curvature of a Wannier basis, as other codes plot it."""
    basis = _rows("basis_curvature", states)[..., 0]
    return np.asarray(bands.berry_curvature(states) + basis.swapaxes(2, 3))


def _moment(states: States) -> Real:
    """``m^{li}`` of Eq. 6, ``[l, i, a]``: ``(d^{lis} - d^{ils}) / 2 + Tr(d^l v^i - d^i v^l) / 2``."""
    half = 0.5 * (_rows("current_dipole", states) - _rows("velocity_dipole", states))  # [i, l] = d^{lis} - v^l d^i
    return np.asarray(half.swapaxes(2, 3) - half)


def _eq11(states: States) -> Real:
    """What Eq. 11 sums with f, ``[i, l, a]``: ``Tr[Omega^{li} s] + d_l Tr d^i``."""
    return _rows("berry_spin", states) + _rows("dipole_slope", states)


#: Quantities by name, of Xiao and Niu, Phys. Rev. B 104, L241411 (2021), Eqs. 2-6 and 11.
COLOURS = {
    "spin": Colour(bands.spin, 0, r"$s^{{{a}}}_n$", "{s}"),
    "berry": Colour(_berry, 2, r"$\Omega^{{{d}}}_n$", "Angstrom^2", internal=False),
    "berry_spin": Colour(_field_first("berry_spin"), 2, r"$(\Omega^{{{d}}} s^{{{a}}})_n$", "{s} Angstrom^2"),
    "dipole": Colour(bands.s_dipole, 1, r"$d^{{\,{d}}}_n[s^{{{a}}}]$", "{s} Angstrom"),
    "spin_berry": Colour(_field_first("spin_berry"), 2, r"$\Omega^{{{d}s}}_n[s^{{{a}}}]$", "{s} Angstrom^2"),
    "current_dipole": Colour(_field_first("current_dipole"), 2, r"$d^{{\,{d}s}}_n[s^{{{a}}}]$", "{s} eV Angstrom^2"),
    "torque_dipole": Colour(_kernel("torque_dipole"), 1, r"$d^{{\,{d}\tau}}_n[s^{{{a}}}]$", "{s} eV Angstrom"),
    "torque_curvature": Colour(_kernel("torque_curvature"), 1, r"$\partial_{{{d}}}\, s^{{{a}}}_n$", "{s} Angstrom"),
    "torque_quadrupole": Colour(_kernel("torque_quadrupole"), 2, r"$q^{{{d}\tau}}_n[s^{{{a}}}]$", "{s} eV Angstrom^2"),
    "torque_polarizability": Colour(
        _kernel("torque_polarizability"), 2, r"$\chi^{{{d}\tau}}_n[s^{{{a}}}]$", "{s} Angstrom^2", derivatives=True
    ),
    "moment": Colour(_moment, 2, r"$m^{{{d}}}_n[s^{{{a}}}]$", "{s} eV Angstrom^2"),
    "eq11": Colour(
        _eq11,
        2,
        r"$(\Omega^{{{l}{i}}} s^{{{a}}} + \partial_{{{l}}} d^{{\,{i}}})_n$",
        "{s} Angstrom^2",
        derivatives=True,
    ),
}


@dataclass(frozen=True)
class Levels:
    """Energies and one component of a quantity.

    Attributes
    ----------
    e, values
        ``(n_k, N)``, eV and the unit of the quantity.  Every level of a multiplet has the trace over the multiplet
        divided by its size, which does not depend on the states chosen inside it.
    component, symbol, unit
        What ``values`` are.
    """

    e: Real
    values: Real
    component: str
    symbol: str
    unit: str


@one_blas_thread
def levels_at(
    model: BlochModel | ContinuumModel,
    k: Real,
    quantity: str = "spin",
    component: str | None = None,
    operator: str = "spin",
    degeneracy: float = 1e-3,
) -> Levels:
    """Energies and a quantity at scattered k-points.

    Parameters
    ----------
    model
        The crystal.
    k
        ``(n_k, D)`` in units of the reciprocal lattice vectors.
    quantity
        Key of ``COLOURS``: ``"spin"`` (s_n), ``"berry"`` (Omega_n), ``"berry_spin"`` ((Omega s)_n), ``"dipole"``
        (d_n), ``"spin_berry"`` (Omega^{lis}), ``"current_dipole"`` (d^{lis}), ``"torque_dipole"`` (d^{i tau}),
        ``"torque_curvature"`` (d_i s_n), ``"torque_quadrupole"`` (q^{il tau}), ``"torque_polarizability"``
        (chi^{il tau}), ``"moment"`` (m^{li} of Eq. 6) or ``"eq11"`` (Omega^{li} s + d_l d^i, current i first).
    component
        Directions in the order of the symbol, then the component of s: ``"z"`` for s, ``"xy"`` for Omega, ``"xyz"``
        for Omega s, ``"xz"`` for d; None for the leading one.
    operator
        The operator s of the model.
    degeneracy
        Levels closer than this (eV) form a multiplet.

    Raises
    ------
    InputError
        If there is no such quantity, component or operator.
    """
    k = np.asarray(k, dtype=np.float64)
    colour = _colour(quantity)
    chunks = (k[i : i + TOGETHER] for i in range(0, len(k), TOGETHER))
    states: Iterator[States]
    if colour.derivatives:
        lattice = _lattice_sum(model, quantity)
        expanded = differentiated(lattice, operator)
        states = (states_at(lattice, part, operator, None, degeneracy, expanded) for part in chunks)
    else:
        s = _operator(colour, operator)
        states = (solve(fourier(model, part, s, curvature=True), degeneracy) for part in chunks)
    return _levels(model, colour, states, _names(model, colour, operator), component, operator)


@one_blas_thread
def levels_on_mesh(
    model: BlochModel,
    mesh: tuple[int, ...],
    quantity: str = "spin",
    component: str | None = None,
    operator: str = "spin",
    degeneracy: float = 1e-3,
) -> Levels:
    """Energies and a quantity on a mesh centred on Gamma, the last direction fastest.

    Parameters
    ----------
    mesh
        Points in every direction.
    model, quantity, component, operator, degeneracy
        As in :func:`levels_at`.

    Raises
    ------
    InputError
        As :func:`levels_at` does, and if the mesh does not fit the dimension of the crystal.
    """
    if len(mesh) != model.dimension:
        raise InputError(f"mesh {list(mesh)}: {model.name} has {model.dimension} periodic directions, give as many.")
    colour, grid = _colour(quantity), Mesh(tuple(mesh), (0.0,) * len(mesh))
    s = model.operator(_operator(colour, operator))
    wanted = differentiated(_lattice_sum(model, quantity), operator) if colour.derivatives else s
    matrices = source(model, wanted, curvature=True)
    blocks = (block for chunk in matrices.chunks(grid) for block in matrices.blocks(grid, chunk))
    states: Iterator[States]
    if colour.derivatives:
        states = (solve_differentiated(block, len(s.components), degeneracy) for block in blocks)
    else:
        states = (solve(block, degeneracy) for block in blocks)
    return _levels(model, colour, states, _names(model, colour, operator), component, operator)


def _lattice_sum(model: BlochModel | ContinuumModel, quantity: str) -> BlochModel:
    """The model, where its derivatives are sums over lattice vectors."""
    if isinstance(model, Analytic | ContinuumModel):
        raise InputError(f"quantity '{quantity}' needs second derivatives in k, which {model.source} does not give.")
    return model


def _colour(quantity: str) -> Colour:
    if quantity not in COLOURS:
        raise InputError(f"unknown quantity '{quantity}' of a band: {nearest(quantity, COLOURS)}.")
    return COLOURS[quantity]


def _operator(colour: Colour, operator: str) -> str:
    """The charge stands in where no operator is needed, because every model has it."""
    return operator if colour.internal else "charge"


def _names(model: BlochModel | ContinuumModel, colour: Colour, operator: str) -> dict[str, tuple[str, str]]:
    """Directions and component of the operator for every short name, in the order of the array."""
    components = model.operator(operator).components if colour.internal else ("",)
    axes = itertools.product("xyz"[: model.dimension], repeat=colour.directions)
    pairs = ((d, a) for d in map("".join, axes) for a in components)
    return {d + ("" if a == "1" else a): (d, a) for d, a in pairs}


def _levels(
    model: BlochModel | ContinuumModel,
    colour: Colour,
    states: Iterable[States],
    names: dict[str, tuple[str, str]],
    component: str | None,
    operator: str,
) -> Levels:
    if component is not None and component not in names:
        raise InputError(f"component '{component}' does not exist: {nearest(component, names)}.")
    chosen = None if component is None else [list(names).index(component)]
    parts = [_traces(colour, block, chosen) for block in states]
    e, x = (np.concatenate(each) for each in zip(*parts, strict=True))
    if component is None:
        best = _leading(x, list(names))
        component, x = list(names)[best], x[:, :, best]
    directions, a = names[component]
    return Levels(e, x.reshape(e.shape), component, _symbol(colour, directions, a), _unit(model, colour, operator))


def _unit(model: BlochModel | ContinuumModel, colour: Colour, operator: str) -> str:
    """Unit without the factor 1 of an operator without one."""
    s = model.operator(operator).unit if colour.internal else ""
    return colour.unit.format(s=s).removeprefix("1 ")


def _symbol(colour: Colour, directions: str, component: str) -> str:
    name = rf"\mathrm{{{component}}}" if len(component) > 1 else component
    return colour.symbol.format(d=directions, i=directions[:1], l=directions[1:2], a="" if component == "1" else name)


def _traces(colour: Colour, states: States, chosen: list[int] | None) -> tuple[Real, Real]:
    """Energies ``(n_k, N)`` and ``(n_k, N, n)`` traces per level."""
    x = colour.rows(states)
    x = x.reshape(*x.shape[:2], -1)
    columns = range(x.shape[2]) if chosen is None else chosen
    return states.e, np.stack([group_means(x[:, :, c], states.group) for c in columns], axis=2)


def _leading(x: Real, names: list[str]) -> int:
    """First in alphabetical order of the components within ``LEADING`` of the largest."""
    size = abs(x).max(axis=(0, 1), initial=0.0).tolist()
    return min((i for i, x in enumerate(size) if x >= LEADING * max(size)), key=lambda i: names[i])
