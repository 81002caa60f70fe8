"""Rings in a potential, diagonalised exactly: against real space, linear response and local equilibrium."""

import itertools
from dataclasses import replace

import numpy as np
import oracle
import pytest
import random_models as rm
from turned import turned

from solenoidal.errors import InputError
from solenoidal.linear_response.ring import Modulation, compare, densities, scaling
from solenoidal.linear_response.static import static_response
from solenoidal.zone import Mesh

MU, KT = 0.1, 0.25


def modulation(model, cells=6, points=4, amplitude=0.3, direction=0, offset=0.5):
    mesh = [points] * model.dimension
    mesh[direction] = 2 * cells
    return Modulation(cells, amplitude, direction, MU, KT, tuple(mesh), (offset,) * model.dimension)


def in_real_space(model, m):
    """One chain of all cells for every wave vector across it, with the position of every orbital in the potential."""
    a, N, L = m.direction, model.size, m.mesh[m.direction]
    origin = int(np.flatnonzero(~model.R.any(axis=1))[0])
    tau = np.zeros((N, model.dimension))
    if model.position is not None:
        tau = np.einsum("iaa->ai", model.position[origin]).real
    fraction = (tau @ np.linalg.inv(model.lattice))[:, a]
    bond = (model.R @ model.lattice)[:, None, None] + tau[None, None] - tau[None, :, None]
    v_R = 1j * np.moveaxis(bond, -1, 1) * model.H[:, None]
    across = [i for i in range(model.dimension) if i != a]
    grids = np.meshgrid(*[(np.arange(m.mesh[i]) + m.offset[i]) / m.mesh[i] for i in across], indexing="ij")
    waves = np.stack([g.ravel() for g in grids], axis=1) if across else np.zeros((1, 0))
    s = np.kron(np.eye(L), 1)[None, :, None, :, None] * model.operators["spin"].matrices[origin][:, None, :, None, :]
    s = s.reshape(len(s), L * N, L * N)
    place = (np.arange(L)[:, None] + fraction).ravel()
    out = np.zeros((L, 1 + model.dimension, len(s)))
    for k in waves:
        phase = np.exp(2j * np.pi * model.R[:, across] @ k)

        def chain(X, phase=phase):
            Y = np.zeros((L, N, L, N), dtype=complex)
            for j in range(L):
                for R, p, x in zip(model.R, phase, X, strict=True):
                    turns, to = divmod(j + R[a], L)  # once around costs the phase of the offset
                    Y[j, :, to] += p * np.exp(2j * np.pi * m.offset[a] * turns) * x
            return Y.reshape(L * N, L * N)

        H = chain(model.H)
        e, V = np.linalg.eigh(H + np.diag(m.amplitude * np.cos(2 * np.pi * place / m.cells)))
        rho = (V * oracle.Fermi(m.mu, m.kT).f(e)) @ V.conj().T
        tau_s = 1j * (H @ s - s @ H)
        v = [chain(v_R[:, i]) for i in range(model.dimension)]
        for o, O in enumerate([tau_s, *[(x @ s + s @ x) / 2 for x in v]]):
            both = np.einsum("xy,cyx->xc", rho, O).real.reshape(L, N, -1)  # Re diag(rho O) = {O, P_x} / 2
            out[:, o] += both.sum(axis=1)
    out /= len(waves) * model.volume
    return out[:, 0], out[:, 1:]


@pytest.mark.parametrize(("dimension", "direction"), [(1, 0), (2, 0), (2, 1), (3, 1)])
def test_real_space(dimension, direction):
    """Orbitals at the origins of their cells: the density at a cell is what its orbitals carry."""
    model = rm.electrons(2, dimension, 2)
    m = modulation(model, 6, 3 if dimension == 3 else 4, direction=direction)
    torque, current = in_real_space(model, m)
    ring = densities(model, m)
    assert abs(torque).max() > 1e-3
    period = slice(0, m.cells)
    np.testing.assert_allclose(ring.torque, torque[period], atol=1e-12)
    np.testing.assert_allclose(ring.current, current[period], atol=1e-12)


def test_real_space_with_positions():
    """Orbitals between the origins see the potential where they are: the sum over the ring of every density."""
    model = rm.electrons(3, 2, 4, positions=True)
    m = modulation(model)
    ring, (torque, current) = densities(model, m), in_real_space(model, m)
    np.testing.assert_allclose(ring.torque.sum(axis=0), torque[: m.cells].sum(axis=0), atol=1e-12)
    np.testing.assert_allclose(ring.current.sum(axis=0), current[: m.cells].sum(axis=0), atol=1e-12)
    assert abs(current.sum(axis=0)).max() > 1e-2


@pytest.mark.parametrize("positions", [False, True])
@pytest.mark.parametrize("direction", [0, 1])
def test_linear_response(positions, direction):
    """A weak potential: the harmonic at q is the static response at the same q, whatever its size."""
    model = rm.electrons(3, 2, 4, positions=positions)
    cells, U = 5, 1e-3
    m = modulation(model, cells, amplitude=U, direction=direction)
    up, down = (densities(model, replace(m, amplitude=x)) for x in (U, -U))
    wave = 2 / cells * np.exp(-2j * np.pi * np.arange(cells) / cells)
    # Ring points are k -+ q/2 of a mesh moved by half of q.
    offset = list(m.offset)
    offset[direction] += m.mesh[direction] / cells / 2
    q = 2 * np.pi / cells * np.linalg.inv(model.lattice)[:, direction]
    want = static_response(model, q, np.array([MU]), np.array([KT]), Mesh(m.mesh, tuple(offset)))
    for name in ("torque", "current"):
        harmonic = np.tensordot(wave, (getattr(up, name) - getattr(down, name)) / (2 * U), axes=1)
        assert abs(harmonic).max() > 1e-3
        np.testing.assert_allclose(harmonic, getattr(want, name)[0, 0], atol=1e-6)


def test_no_potential():
    """Uniform: no torque, and the current of the crystal."""
    model = rm.electrons(2)
    m = modulation(model, amplitude=0.0)
    ring, b = densities(model, m), oracle.solve(model, oracle.mesh_points(m.mesh, m.offset))
    J = np.einsum("kn,knic->ic", oracle.Fermi(MU, KT).f(b.e), oracle.current(b)) / (np.prod(m.mesh) * model.volume)
    np.testing.assert_allclose(ring.torque, 0.0, atol=1e-14)
    np.testing.assert_allclose(ring.current, np.broadcast_to(J, ring.current.shape), atol=1e-13)


@pytest.mark.parametrize(
    ("model", "direction"),
    [(rm.electrons(2), 0), (rm.electrons(3, 2, 4, positions=True), 1)],
    ids=["cells", "positions"],
)
def test_local_equilibrium(model, direction):
    """Torque to order L^-3 and current to order L^-2 (theory notes, section 2), each only with its last term."""
    mesh = (96, 32) if direction == 0 else (32, 96)
    m = Modulation(12, 0.3, direction, MU, KT, mesh, (0.5, 0.5))
    table = scaling(model, m)
    assert [row.cells for row in table] == [12, 24, 48]
    for coarse, fine in itertools.pairwise(table):
        order = {
            name: np.log2(getattr(coarse, name) / getattr(fine, name))
            for name in ("torque", "torque_dipole", "torque_quadrupole", "current", "current_local", "current_dipole")
        }
        assert order["torque_quadrupole"] == pytest.approx(3, abs=0.35)
        assert order["current_dipole"] == pytest.approx(2, abs=0.1)
        assert order["torque_dipole"] < 2.4
        assert order["current_local"] < 1.4
        assert order["torque"] < 1.1
        assert abs(order["current"]) < 0.2
    last = table[-1]
    assert last.torque_quadrupole < 0.3 * last.torque_dipole < 0.1 * last.torque
    assert last.current_dipole < 0.3 * last.current_local < 0.2 * last.current


def test_three_dimensions():
    model = rm.electrons(4, 3, 4, positions=True)
    m = Modulation(12, 0.3, 2, MU, 0.5, (8, 8, 24), (0.5, 0.5, 0.5))
    coarse, fine = compare(model, replace(m, cells=6)), compare(model, m)
    assert fine.torque_quadrupole < coarse.torque_quadrupole / 5
    assert fine.torque_quadrupole < 0.5 * fine.torque_dipole
    assert fine.current_dipole < coarse.current_dipole / 3


def test_smooth_gauge():
    """The transport between the wave vectors of a ring knows any position matrix."""
    plain = rm.electrons(3, 2, 2, positions=True)
    m = modulation(plain, 6, 3)
    a, b = (densities(x, m) for x in (turned(plain), plain))
    np.testing.assert_allclose(a.current, b.current, atol=1e-7)
    np.testing.assert_allclose(a.torque, b.torque, atol=1e-7)
    without = densities(replace(turned(plain), position=None), m)
    assert abs(without.current - b.current).max() > 1e-3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cells": 2}, "at least 3 cells"),
        ({"cells": 5}, "multiple of 5"),
        ({"direction": 2}, "no such direction"),
        ({"kT": 0.0}, "T > 0"),
    ],
)
def test_mistakes(change, words):
    m = modulation(rm.electrons(2))
    with pytest.raises(InputError, match=words):
        replace(m, **change)


def test_models_that_do_not_fit():
    m = modulation(rm.electrons(2))
    with pytest.raises(InputError, match="3 periodic directions"):
        densities(rm.electrons(4, 3, 4), m)
    with pytest.raises(InputError, match="fermions without a metric"):
        densities(rm.bosons(1), m)
