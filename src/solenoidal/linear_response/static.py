"""Response of torque and current to a static perturbation exp(iqr), exact at any q, and its expansion in q.

For H + U_q exp(iqr) first-order perturbation theory gives, with divided differences f[., .] (theory notes, section 2),

    delta O(q) = U_q int sum_nm <n-|O(q)|m+> <m+|n-> f[e_n-, e_m+],    O(q) = {O, exp(-iqr)} / 2,

n- at k - q/2 and m+ at k + q/2, all pairs.  Its expansion is that of J = int f J - d_l D^l and tau = -d_i D^i +
d_i d_l Q^il of Xiao and Niu, Phys. Rev. B 104, L241411 (2021), Eqs. 1-5, at the local chemical potential mu - U(r):

    delta J^i(q) = -U_q d/dmu [int f J^i - i q_l D^{lis}]
    delta tau(q) = -U_q d/dmu [-i q_i D^{i tau} - q_i q_l Q^{il tau}]

so that the densities follow without any curvature, dipole moment or polarizability of a band.  At every k the double
sum has the coefficients of the band sums; only the antisymmetric part of Q cannot be seen in a torque density, and the
symmetric part is that of the band sums if s commutes with the position.  With g[., .] in the place of f[., .] the
derivative d/dmu and the sign go away: f = -dg/dmu.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import select_axes
from solenoidal.compiled import one_blas_thread
from solenoidal.errors import InputError
from solenoidal.linear_response.displaced import OPERATOR, Displaced, displace, levels, portions
from solenoidal.linear_response.extrapolation import LENGTHS, SIXTH
from solenoidal.linear_response.weights import fermi_quotient, potential_quotient
from solenoidal.model import BlochModel, Operator
from solenoidal.zone import BLOCK, Mesh

__all__ = ["Expansion", "StaticResponse", "expansion", "static_response"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Quotient = Callable[[Real, Real, float], Real]

#: Part of kT by which levels move over the shortest q of an expansion; also its part of the inverse cell.
STEP = 0.05


@dataclass(frozen=True)
class StaticResponse:
    """Response per amplitude of the perturbation, per Angstrom^D.

    Attributes
    ----------
    s, torque
        ``(T, mu, component)``: density of s, 1/eV, and its torque, dimensionless.
    current
        ``(T, mu, i, component)``: conventional current along i, Angstrom.
    """

    s: Complex
    torque: Complex
    current: Complex


@dataclass(frozen=True)
class Expansion:
    """What the expansion of the static response in q contains, per Angstrom^D.

    Attributes
    ----------
    J
        ``(T, mu, i, component)``: int f J^i, eV Angstrom.
    D
        ``(T, mu, i, l, component)``: D^{lis} of the current along i, position along l, eV Angstrom^2.
    D_tau
        ``(T, mu, i, component)``: D^{i tau}, eV Angstrom.
    Q
        ``(T, mu, i, l, component)``: symmetric part of Q^{il tau}, eV Angstrom^2.
    """

    J: Real
    D: Real
    D_tau: Real
    Q: Real


@one_blas_thread
def static_response(
    model: BlochModel,
    q: Real,
    mu: Real,
    kT: Real,
    mesh: Mesh,
    operator: str = "spin",
    axes: tuple[str, ...] | None = None,
    perturbation: Operator | None = None,
) -> StaticResponse:
    """Exact linear response to a static modulation with wave vector q.

    Parameters
    ----------
    model
        Fermions without a metric.
    q
        ``(D,)`` Cartesian, 1/Angstrom, not zero.
    mu, kT
        eV; every kT positive.
    mesh
        Points k over which the states at k -+ q/2 are summed.
    operator, axes
        Whose torque and current respond.
    perturbation
        Operator X with one component for H + V_q {X, exp(iqr)} / 2; None for the scalar potential exp(iqr).

    Raises
    ------
    InputError
        For q = 0, T = 0, a model with a metric or of bosons, a perturbation with several components.
    """
    q = np.asarray(q, dtype=np.float64)
    length = float(np.linalg.norm(q))
    if not length > 0.0:
        raise InputError("q = 0: a static response needs a wave vector, give a small one for the limit.")
    source, count = _prepare(model, kT, operator, axes, perturbation)
    D, n_s = model.dimension, len(source.operator(OPERATOR).components)
    total = np.zeros((len(kT), len(mu), (2 + D) * n_s), dtype=np.complex128)
    for k in _blocks(source, mesh):
        pair = displace(source, k, q / length, np.full(len(k), length))
        into = pair.overlap if perturbation is None else pair.s[:, count]
        total += _sums(pair, into, mu, kT, fermi_quotient)
    total = total[..., _kept(D, count, n_s)] / (mesh.size * model.volume)
    s, torque, current = np.split(total, [count, 2 * count], axis=-1)
    return StaticResponse(s, torque, current.reshape(*current.shape[:2], D, count))


@one_blas_thread
def expansion(
    model: BlochModel,
    mu: Real,
    kT: Real,
    mesh: Mesh,
    operator: str = "spin",
    axes: tuple[str, ...] | None = None,
    derivative: bool = False,
) -> Expansion:
    """Coefficients of the static response to a scalar potential in powers of q.

    Three lengths of q at every point, directions along the axes and halfway between two of them; error O(q^6).

    Parameters
    ----------
    model, mu, kT, mesh, operator, axes
        As in :func:`static_response`.
    derivative
        Give d/dmu of every density, as the response has it, instead of the density itself.

    Raises
    ------
    InputError
        As :func:`static_response` does.
    """
    source, count = _prepare(model, kT, operator, axes)
    sign, quotient = (-1.0, fermi_quotient) if derivative else (1.0, potential_quotient)
    D, density = model.dimension, sign / (mesh.size * model.volume)
    along = [density * _coefficients(source, axis, mu, kT, mesh, quotient, count) for axis in np.eye(D)]
    Q = np.zeros((len(kT), len(mu), D, D, count))
    for i in range(D):
        Q[:, :, i, i] = along[i][2, :, :, 0]
        for l in range(i):
            axis = (np.eye(D)[i] + np.eye(D)[l]) / np.sqrt(2.0)
            mixed = density * _coefficients(source, axis, mu, kT, mesh, quotient, count)[2, :, :, 0]
            Q[:, :, i, l] = mixed - 0.5 * (along[i][2, :, :, 0] + along[l][2, :, :, 0])
            Q[:, :, l, i] = Q[:, :, i, l]
    J = along[0][0, :, :, 1:]
    dipoles = np.stack([x[1] for x in along], axis=2)  # [T, mu, l, torque and current along i, component]
    return Expansion(J, dipoles[:, :, :, 1:].swapaxes(2, 3), dipoles[:, :, :, 0], Q)


def _coefficients(
    source: BlochModel, axis: Real, mu: Real, kT: Real, mesh: Mesh, quotient: Quotient, count: int
) -> Real:
    """Re R, -Im R / q, -Re R / q^2 at q -> 0 along ``axis``, ``(3, T, mu, torque and current, component)``."""
    D = source.dimension
    out = np.zeros((3, len(kT), len(mu), (1 + D) * count))
    for k in _blocks(source, mesh):
        q = _lengths(source, k, kT)
        for length, weight in zip(LENGTHS, SIXTH, strict=True):
            pair = displace(source, k, axis, length * q)
            into = pair.overlap / (length * q)[:, None, None]
            parts = [pair.overlap, into, into / (length * q)[:, None, None]]
            R = np.stack([_sums(pair, part, mu, kT, quotient)[..., count:] for part in parts])
            out += weight * np.stack([R[0].real, -R[1].imag, -R[2].real])
    return np.asarray(out.reshape(3, len(kT), len(mu), 1 + D, count))


def _lengths(source: BlochModel, k: Real, kT: Real) -> Real:
    """Shortest q at every point, ``(n_k,)``, 1/Angstrom: all pairs count, so only kT sets the scale."""
    v = levels(source, k).v
    speed = np.sqrt((abs(v) ** 2).sum(axis=3)).max(axis=(1, 2))
    cell = source.volume ** (1.0 / source.dimension)
    return np.asarray(STEP / np.maximum(cell, speed / float(np.min(kT))))


def _sums(pair: Displaced, into: Complex, mu: Real, kT: Real, quotient: Quotient) -> Complex:
    """``sum_knm <n-|O(q)|m+> conj(into_nm) F[e_n-, e_m+]`` of s, torque and current, ``(T, mu, all of them)``."""
    n_k, D, n_s, N, _ = pair.J.shape
    elements = np.concatenate([pair.s, pair.tau, pair.J.reshape(n_k, D * n_s, N, N)], axis=1)
    flat = (elements * into.conj()[:, None]).swapaxes(0, 1).reshape((2 + D) * n_s, -1)
    x, y = pair.minus.e[:, :, None], pair.plus.e[:, None, :]
    weights = np.array([[quotient(x - m, y - m, float(T)).ravel() for m in mu] for T in kT])
    return np.asarray((weights.reshape(-1, flat.shape[1]) @ flat.T).reshape(len(kT), len(mu), -1))


def _kept(D: int, count: int, n_s: int) -> list[int]:
    """Entries of :func:`_sums` that belong to the first ``count`` of ``n_s`` components."""
    return [row * n_s + a for row in range(2 + D) for a in range(count)]


def _prepare(
    model: BlochModel,
    kT: Real,
    operator: str,
    axes: tuple[str, ...] | None,
    perturbation: Operator | None = None,
) -> tuple[BlochModel, int]:
    """Model with the operator, and after it the perturbation, under one name; number of components of the operator."""
    if model.metric is not None or model.statistics != "fermi":
        raise InputError(f"{model.source}: a static response needs fermions without a metric.")
    if not (np.asarray(kT) > 0.0).all():
        raise InputError("temperature: a static response is computed for T > 0 only.")
    op = select_axes(model.operator(operator), axes, model.source)
    count, both = len(op.components), op
    if perturbation is not None:
        if len(perturbation.components) != 1:
            raise InputError("perturbation: one component is needed, select it first.")
        matrices = np.concatenate([op.matrices, perturbation.matrices], axis=1)
        both = replace(op, matrices=matrices, components=(*op.components, "perturbation"))
    return replace(model, operators={OPERATOR: both}), count


def _blocks(source: BlochModel, mesh: Mesh) -> Iterator[Real]:
    """Points of a mesh, fractional, a few at a time."""
    for first in range(0, mesh.size, BLOCK):
        index = np.stack(np.unravel_index(np.arange(first, min(first + BLOCK, mesh.size)), mesh.n), axis=1)
        yield from portions(source, (index + np.array(mesh.offset)) / np.array(mesh.n))
