"""Operations and groups: axioms, spin and orbital parts, space groups of crystals."""

import numpy as np
import pytest
from symmetry_helpers import BCC, FCC, SIGMA, diamond, one_atom

from solenoidal.errors import InputError
from solenoidal.operators.harmonics import shell
from solenoidal.symmetry import Crystal, Group, crystal_group, identity, lattice_rotations, site_operations
from solenoidal.symmetry.operations import harmonics, spin_matrix


def rotation(axis, angle):
    n = np.array(axis) / np.linalg.norm(axis)
    K = np.array([[0, -n[2], n[1]], [n[2], 0, -n[0]], [-n[1], n[0], 0]])
    return np.eye(3) + np.sin(angle) * K + (1 - np.cos(angle)) * K @ K


@pytest.mark.parametrize("make", [lambda: one_atom(FCC), lambda: one_atom(BCC, [[0, 0, 1.0]]), diamond])
def test_group_axioms(make):
    group = make()
    n, table = len(group), group.table
    every = np.arange(n)
    assert (table[0] == every).all()
    assert (table[:, 0] == every).all()
    assert (np.sort(table, axis=1) == every).all()
    assert (table[every, group.inverse] == 0).all()
    a, b, c = np.random.default_rng(1).integers(n, size=(3, 500))
    assert (table[table[a, b], c] == table[a, table[b, c]]).all()


def test_known_space_groups():
    assert len(one_atom(FCC)) == 96
    assert one_atom(FCC).name == "space group Fm-3m"
    assert len(diamond()) == 96
    assert any(g.translation.any() for g in diamond().operations)
    ferromagnet = one_atom(BCC, [[0, 0, 2.2]])
    assert len(ferromagnet) == 16
    assert sum(g.time_reversal for g in ferromagnet.operations) == 8
    assert not ferromagnet.has_time_reversal
    assert len(one_atom(BCC, [2.2])) == 16
    assert one_atom(FCC).has_kramers_pairs


def test_moments_along_111_leave_the_trigonal_group():
    assert len(one_atom(BCC, [[1.0, 1.0, 1.0]])) == 12


def test_antiferromagnet_keeps_time_reversal_with_a_translation():
    crystal = Crystal(np.diag([3.0, 3.0, 6.0]), np.array([[0, 0, 0], [0, 0, 0.5]]), ("Mn", "Mn"))
    group = crystal_group(crystal, [[0, 0, 1.0], [0, 0, -1.0]])
    assert group.has_time_reversal
    assert group.has_kramers_pairs


@pytest.mark.parametrize(
    ("lattice", "count"),
    [
        (np.eye(1), 8),
        (np.eye(2), 16),
        (np.array([[1, 0], [-0.5, np.sqrt(0.75)]]), 24),
        (np.eye(3), 48),
        (FCC, 48),
        (np.array([[1.0, 0.2, 0.1], [0, 1.3, 0.3], [0, 0, 1.7]]), 2),
    ],
)
def test_rotations_of_lattices(lattice, count):
    found = lattice_rotations(lattice)
    assert len(found) == count
    for W, R in found:
        assert abs(W.T @ lattice @ lattice.T @ W - lattice @ lattice.T).max() < 1e-12
        assert abs(R @ R.T - np.eye(3)).max() < 1e-12
        D = len(lattice)
        assert abs(R[:D, :D] @ lattice.T - lattice.T @ W).max() < 1e-12


def test_a_skewed_basis_of_the_same_lattice_has_the_same_rotations():
    skewed = np.array([[1, 0, 0], [1, 1, 0], [2, 1, 1]]) @ np.eye(3)
    assert len(lattice_rotations(skewed)) == 48


def test_spin_turns_as_an_axial_vector():
    rng = np.random.default_rng(5)
    for _ in range(20):
        R = rotation(rng.normal(size=3), rng.uniform(0, np.pi))
        for improper in (1, -1):
            u = spin_matrix(improper * R)
            for a in range(3):
                assert abs(u.conj().T @ SIGMA[a] @ u - np.tensordot(R[a], SIGMA, axes=1)).max() < 1e-12
    assert abs(spin_matrix(np.eye(3), True) + 1j * SIGMA[1]).max() < 1e-15


def test_time_reversal_flips_spin_and_squares_to_minus_one():
    T = spin_matrix(np.eye(3), True)
    for sigma in SIGMA:
        assert abs(T.conj().T @ sigma @ T - -sigma.conj()).max() < 1e-15
    assert abs(T @ T.conj() + np.eye(2)).max() < 1e-15


def test_harmonics_turn_as_functions_on_the_sphere():
    """s, p and d as polynomials: the rotated function at r is the function at R^-1 r."""
    r2, r3 = np.sqrt(2), np.sqrt(3)

    def values(r):
        x, y, z = r
        d = [(3 * z * z - 1) / (2 * r3) * r2 / r2, x * z, y * z, (x * x - y * y) / 2, x * y]
        return np.concatenate([[1.0], np.array([z, x, y]), np.array(d)])

    rng = np.random.default_rng(8)
    for improper in (1, -1):
        R = improper * rotation(rng.normal(size=3), 1.1)
        r = rng.normal(size=3)
        r /= np.linalg.norm(r)
        D = harmonics(R)[:9, :9]
        # Within a shell all functions carry one norm, so that D acts on the values directly.
        assert abs(values(R.T @ r) - D.T @ values(r)).max() < 1e-12


def test_harmonics_of_f_follow_the_angular_momentum():
    n, angle = np.array([0.3, -0.5, 0.8]), 0.7
    n /= np.linalg.norm(n)
    L = np.tensordot(n, shell(3), axes=1)
    small = harmonics(rotation(n, 1e-6))[9:, 9:]
    assert abs((small - np.eye(7)) / 1e-6 - (-1j * L).real).max() < 1e-5
    half = harmonics(rotation(n, angle / 2))[9:, 9:]
    assert abs(half @ half - harmonics(rotation(n, angle))[9:, 9:]).max() < 1e-12


def test_a_set_that_is_no_group_is_refused():
    g = one_atom(FCC).operations
    quarter = next(x for x in g if abs(np.trace(x.cartesian) - 1) < 1e-9 and x.determinant == 1)
    with pytest.raises(InputError, match="is not in the group"):
        Group(FCC, (g[0], quarter))
    with pytest.raises(InputError, match="must be the identity"):
        Group(FCC, (quarter,))


def test_sites_restrict_the_lattice():
    hexagonal = np.array([[1, 0], [-0.5, np.sqrt(0.75)]])
    honeycomb = np.array([[1 / 3, 2 / 3], [2 / 3, 1 / 3]])
    assert len(site_operations(hexagonal, honeycomb, ["C", "C"])) == 24
    assert len(site_operations(hexagonal, honeycomb, ["B", "N"])) == 12
    assert site_operations(hexagonal, honeycomb, ["B", "N"])[0].same(identity(2))


@pytest.mark.parametrize("moments", [[[0, 0]], [[0, 0, np.nan]], [1.0, 2.0]])
def test_moments_that_do_not_fit_are_refused(moments):
    with pytest.raises(InputError, match="one vector for each atom"):
        one_atom(FCC, moments)
