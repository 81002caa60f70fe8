"""Widths of levels over a cell: own slopes far from crossings, common ones where the cell mixes levels."""

import numpy as np
import pytest

from solenoidal.bloch import Block, solve
from solenoidal.cells import CellZero
from solenoidal.widths import MIXING

CELL = np.array([[0.3, 0.1], [-0.05, 0.2]])
SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128)


def cone(q, gap, tilt=(0.0, 0.0), degeneracy=1e-6):
    """States of ``tilt.q + q_x sigma_x + q_y sigma_y + gap / 2 sigma_z`` at ``q (n_k, 2)``; the operator is sigma_z."""
    q = np.atleast_2d(q).astype(float)
    H = np.einsum("kp,pab->kab", q, SIGMA[:2]) + 0.5 * gap * SIGMA[2] + (q @ np.array(tilt))[:, None, None] * np.eye(2)
    dH = np.stack([SIGMA[i] + tilt[i] * np.eye(2) for i in range(2)])
    dH, s = (np.broadcast_to(X, (len(q), *X.shape)).copy() for X in (dH, SIGMA[2:]))
    return solve(Block(H, dH, None, s), degeneracy, cell=CELL)


def test_far_from_a_crossing_every_level_has_its_own_slope():
    states = cone([[0.9, 0.4], [-0.3, 0.8], [0.0, 0.7]], gap=0.8, tilt=(0.3, 0.1))
    v = states.velocity.diagonal
    np.testing.assert_allclose(states.widths, abs(v @ CELL.T), rtol=1e-14)
    assert abs(np.diff(states.widths, axis=1)).max() > 0.01


@pytest.mark.parametrize("q", [(0.0, 0.0), (3e-4, 0.0), (-2e-4, 4e-4), (0.02, 0.01)])
def test_across_a_narrow_gap_widths_are_those_of_the_cone(q):
    """At the centre of the gap both velocities vanish, but the cell reaches far up the cone: |b_j| either way."""
    widths = cone([q], gap=1e-3).widths
    np.testing.assert_allclose(widths[0, 0], widths[0, 1], rtol=0)
    np.testing.assert_allclose(widths[0, 0], np.linalg.norm(CELL, axis=1), rtol=1e-12)


def test_levels_are_mixed_where_the_cell_exceeds_the_gap():
    """At q = 0 the coupling is ``sum_j |b_j|`` and the gap decides."""
    bound = np.linalg.norm(CELL, axis=1).sum() / MIXING
    below, above = (cone([[0.0, 0.0]], gap).widths for gap in (0.99 * bound, 1.01 * bound))
    assert below.min() > 0.1
    assert above.max() < 1e-12


def test_widths_do_not_depend_on_the_basis_within_a_multiplet():
    rng = np.random.default_rng(3)
    a = rng.normal(size=(5, 3, 4, 4)) + 1j * rng.normal(size=(5, 3, 4, 4))
    X = a + a.conj().swapaxes(2, 3)
    H = np.diag([-1.0, -1.0, 0.4, 0.4])
    U = np.zeros((4, 4), dtype=np.complex128)
    U[:2, :2], U[2:, 2:] = (np.linalg.qr(rng.normal(size=(2, 2)) + 1j * rng.normal(size=(2, 2)))[0] for _ in range(2))
    H = np.broadcast_to(H, (5, 4, 4)).astype(np.complex128)

    turned = U.conj().T @ X @ U
    for size in (0.01, 1.0, 100.0):
        one, two = (solve(Block(H, Y[:, :2], None, Y[:, 2:]), 1e-6, cell=size * CELL) for Y in (X, turned))
        np.testing.assert_allclose(two.widths, one.widths, rtol=1e-12)
        np.testing.assert_allclose(two.mixing((-1.0, 1.0)), one.mixing((-1.0, 1.0)), rtol=1e-12)


def test_two_copies_mix_like_one():
    q, gap = np.array([[0.03, -0.02]]), 0.3
    one = cone(q, gap)
    H, dH, s = (np.kron(np.eye(2), X) for X in (one.e[0] * np.eye(2), one.v[0].swapaxes(0, 1), one.s[0].swapaxes(0, 1)))
    two = solve(Block(H[None], dH[None], None, s[None]), 1e-6, cell=CELL)
    np.testing.assert_allclose(two.mixing((-1.0, 1.0)), one.mixing((-1.0, 1.0)), rtol=1e-12)
    np.testing.assert_allclose(two.widths[:, ::2], one.widths, rtol=1e-12)


def test_opposite_parts_of_a_near_crossing_cancel_at_every_mu():
    """Parts +-C / gap^2 leave no more than C / (gap x widest width): that of one cell, not of 1 / gap."""
    gap, mu = 1e-4, np.linspace(-0.5, 0.5, 301)
    states = cone([[2e-5, 1e-5]], gap, tilt=(0.4, -0.2))
    widths = states.widths[0]
    collected = CellZero(mu, 1, ("fermi",))
    collected.add(states.e[0], np.array([[1.0], [-1.0]]) / gap**2, widths)
    left = abs(collected.integrals("fermi")[0, :, 0])
    distance = float(np.diff(states.e[0])[0])
    assert 0.0 < left.max() <= distance / gap**2 / widths.max() * (1 + 1e-9)


def test_rows_hold_both_of_two_mixed_levels():
    """The upper one has no slope of its own there, but the width of both reaches down."""
    levels = cone([[0.0, 0.0]], gap=1e-3)
    low = float(levels.e[0, 1] - 0.4 * levels.widths[0, 1].sum())
    H, dH = levels.e[:, :, None] * np.eye(2), levels.v.swapaxes(1, 2)
    assert solve(Block(H.astype(np.complex128), dH, None, levels.s.swapaxes(1, 2)), 1e-6, low, CELL).rows == 2
