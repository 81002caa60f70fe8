"""Operators built for a model obey the algebra that their names promise."""

import doctest
import itertools

import numpy as np
import pytest
import random_models as rm

from solenoidal import models, operators
from solenoidal.diagnostics import operator_defect
from solenoidal.errors import InputError
from solenoidal.model import BlochModel
from solenoidal.operators.harmonics import SHELLS, angular_momentum, components, expansion, rotation, shell

CYCLIC = ((0, 1, 2), (1, 2, 0), (2, 0, 1))


def crystal(size, *, positions=True, seed=0):
    """A random cubic crystal with ``size`` orbitals at the corner and, for half of them, at the centre."""
    rng = np.random.default_rng(seed)
    H = rng.normal(size=(2, size, size)) + 1j * rng.normal(size=(2, size, size))
    home = H[0] + H[0].conj().T
    tau = np.zeros((size, 3))
    tau[size // 2 :] = 1.0
    return BlochModel.from_hoppings(
        2.0 * np.eye(3), {(0, 0, 0): home, (1, 0, 0): H[1]}, orbital_positions=tau if positions else None
    )


def at_home(model, op):
    """The matrices at R = 0, after a check that there are no others."""
    home = (model.R == 0).all(axis=1)
    assert not op.matrices[~home].any()
    return op.matrices[home][0]


# ------------------------------------------------------------------------------------------------------------
# harmonics


def harmonics(r):
    """The real harmonics at points r (n, 3) as polynomials, from the user guide of Wannier90."""
    x, y, z = r.T / np.linalg.norm(r, axis=1)
    one = np.ones_like(x)
    c = 1 / np.sqrt(4 * np.pi)
    p, d = np.sqrt(3), np.sqrt(15)
    f3, f1, f2 = np.sqrt(7) / 2, np.sqrt(21 / 2) / 2, np.sqrt(105)
    f33 = np.sqrt(35 / 2) / 2
    values = [one, p * z, p * x, p * y]
    values += [np.sqrt(5) * (3 * z**2 - 1) / 2, d * x * z, d * y * z, d * (x**2 - y**2) / 2, d * x * y]
    values += [f3 * z * (5 * z**2 - 3), f1 * x * (5 * z**2 - 1), f1 * y * (5 * z**2 - 1)]
    values += [f2 * z * (x**2 - y**2) / 2, f2 * x * y * z]
    values += [f33 * x * (x**2 - 3 * y**2), f33 * y * (3 * x**2 - y**2)]
    return c * np.array(values).T


@pytest.mark.parametrize("l", range(6))
def test_shell_algebra(l):
    """[L_x, L_y] = i L_z, L^2 = l (l + 1), Hermitian, and odd under complex conjugation: time reversal."""
    L = shell(l)
    for i, j, k in CYCLIC:
        np.testing.assert_allclose(L[i] @ L[j] - L[j] @ L[i], 1j * L[k], atol=1e-13)
    np.testing.assert_allclose(sum(X @ X for X in L), l * (l + 1) * np.eye(2 * l + 1), atol=1e-13)
    np.testing.assert_allclose(L, L.conj().swapaxes(1, 2), atol=1e-15)
    np.testing.assert_allclose(L.conj(), -L, atol=1e-14)


def test_shell_acts_as_a_differential_operator():
    """-i (r x grad) Y_b = sum_a Y_a L_ab, with the polynomials of the guide: order, signs and phases at once."""
    r = np.random.default_rng(3).normal(size=(20, 3))
    L = angular_momentum(np.eye(16))
    h = 1e-5
    gradient = np.array([(harmonics(r + h * e) - harmonics(r - h * e)) / (2 * h) for e in np.eye(3)])
    for i, j, k in CYCLIC:
        LY = -1j * (r[:, j, None] * gradient[k] - r[:, k, None] * gradient[j])
        np.testing.assert_allclose(LY, harmonics(r) @ L[i], atol=1e-8)


@pytest.mark.parametrize("l", range(4))
def test_rotation(l):
    """Orthogonal, equal to the rotated polynomials, and L turns as a vector."""
    direction = np.array([0.3, -0.8, -0.5])
    U = rotation(l, direction)
    np.testing.assert_allclose(U @ U.T, np.eye(2 * l + 1), atol=1e-13)
    turn = rotation(1, direction)[np.ix_([1, 2, 0], [1, 2, 0])]  # order x, y, z
    np.testing.assert_allclose(turn[:, 2], direction / np.linalg.norm(direction), atol=1e-14)
    r = np.random.default_rng(4).normal(size=(10, 3))
    part = slice(l * l, (l + 1) ** 2)
    np.testing.assert_allclose(harmonics(r @ turn)[:, part], harmonics(r)[:, part] @ U, atol=1e-12)
    L = shell(l)
    np.testing.assert_allclose(U.T @ L @ U, np.tensordot(turn, L, axes=1), atol=1e-12)


@pytest.mark.parametrize("label", ["sp", "sp2", "sp3", "sp3d", "sp3d2"])
def test_hybrids_are_orthonormal(label):
    C = expansion(label)
    assert len(C) == {"sp": 2, "sp2": 3, "sp3": 4, "sp3d": 5, "sp3d2": 6}[label]
    np.testing.assert_allclose(C @ C.T, np.eye(len(C)), atol=1e-14)
    for name, row in zip(components(label), C, strict=True):
        np.testing.assert_array_equal(expansion(name), row[None])


@pytest.mark.parametrize(("label", "angles"), [("sp", {180}), ("sp2", {120}), ("sp3", {109.471}), ("sp3d2", {90, 180})])
def test_hybrids_point_where_they_should(label, angles):
    """Angles between the p parts: the directions of the lobes."""
    p = expansion(label)[:, 1:4]
    p = p / np.linalg.norm(p, axis=1)[:, None]
    found = {round(float(np.degrees(np.arccos(a @ b))), 3) for a, b in itertools.combinations(p, 2)}
    assert found == angles


# ------------------------------------------------------------------------------------------------------------
# orbital angular momentum of a model


def test_orbital_of_sp3_is_that_of_s_and_p():
    """A complete set: L in the hybrids is the rotated L of the shells."""
    model = crystal(4)
    L = at_home(model, operators.orbital(model, [("C", "sp3")]))
    shells = at_home(model, operators.orbital(model, [("C", "s"), ("C", "p")]))
    C = expansion("sp3")[:, :4]
    np.testing.assert_allclose(L, C @ shells @ C.T, atol=1e-14)
    for i, j, k in CYCLIC:
        np.testing.assert_allclose(L[i] @ L[j] - L[j] @ L[i], 1j * L[k], atol=1e-14)
    np.testing.assert_allclose(np.linalg.eigvalsh(L[2]), [-1, 0, 0, 1], atol=1e-14)


def test_orbitals_of_one_atom_mix_in_any_order():
    """Labels one by one, shells split over the list: the same matrix with rows and columns exchanged."""
    model = crystal(9)
    L = at_home(model, operators.orbital(model, [("Pt", "s"), ("Pt", "p"), ("Pt", "d")]))
    names = [name for label in "spd" for name in SHELLS[label]]
    order = np.random.default_rng(0).permutation(9)
    mixed = at_home(model, operators.orbital(model, [("Pt", names[i]) for i in order]))
    np.testing.assert_allclose(mixed, L[:, order[:, None], order], atol=1e-15)
    np.testing.assert_allclose(np.einsum("iab,iba->", L, L), 3 * 2 + 5 * 6, atol=1e-12)


def test_atoms_do_not_mix():
    model = crystal(6)
    L = at_home(model, operators.orbital(model, [("A", "p"), ("B", "p")]))
    np.testing.assert_array_equal(L[:, :3, 3:], 0)
    np.testing.assert_allclose(L[:, 3:, 3:], shell(1))


def test_t2g_is_projected():
    """L of t2g is minus that of p: [Lx, Ly] = -i Lz, the known partial quenching."""
    model = crystal(3)
    L = at_home(model, operators.orbital(model, [("Ru", "dyz"), ("Ru", "dxz"), ("Ru", "dxy")]))
    for i, j, k in CYCLIC:
        np.testing.assert_allclose(L[i] @ L[j] - L[j] @ L[i], -1j * L[k], atol=1e-14)


@pytest.mark.parametrize("order", ["interlaced", "blocks"])
def test_orbital_and_spin_commute(order):
    model = crystal(10)
    op = operators.orbital(model, [("Pt", "d")], spin_order=order)
    L, S = at_home(model, op), at_home(model, operators.spin(model, order))
    for X, Y in itertools.product(L, S):
        np.testing.assert_allclose(X @ Y, Y @ X, atol=1e-15)
    J = np.sort(np.linalg.eigvalsh(sum(X @ Y for X, Y in zip(L, S, strict=True))))
    np.testing.assert_allclose(J, [-1.5] * 4 + [1.0] * 6, atol=1e-13)
    assert op.components == ("x", "y", "z")
    assert op.time_reversal == -1


def test_orbital_of_the_built_in_metal():
    model = models.slater_koster_fcc()
    op = operators.orbital(model, [("a", "s"), ("a", "p"), ("a", "d")], spin_order="interlaced")
    np.testing.assert_allclose(op.matrices, model.operator("orbital").matrices, atol=1e-14)
    spin = operators.spin(model, "interlaced")
    np.testing.assert_allclose(spin.matrices, model.operator("spin").matrices, atol=1e-15)


@pytest.mark.parametrize(
    ("labels", "spin_order", "message"),
    [
        ([("Pt", "g")], None, "unknown orbital 'g'"),
        ([("Pt", "d_xy")], None, "unknown orbital 'd_xy': did you mean 'dxy'"),
        ([], None, "needs the labels"),
        ([("Pt", "d")], None, "the labels name 5 orbitals but the model has 6 states"),
        ([("Pt", "d")], "blocks", "5 orbitals, each with two spins, but the model has 6 states"),
        ([("Pt", "p"), ("Pt", "p")], None, "orbitals of atom 'Pt' are not orthogonal"),
        ([("Pt", "sp2"), ("Pt", "p")], None, "orbitals of atom 'Pt' are not orthogonal"),
        ([("Pt", "p"), ("Pu", "p")], "pairs", "spin_order is 'pairs', it must be 'blocks', 'interlaced' or None"),
    ],
)
def test_orbital_mistakes(labels, spin_order, message):
    with pytest.raises(InputError, match=message):
        operators.orbital(crystal(6), labels, spin_order)


# ------------------------------------------------------------------------------------------------------------
# spin, charge, pseudospin, projections


@pytest.mark.parametrize("order", ["interlaced", "blocks"])
def test_spin(order):
    model = crystal(4)
    S = at_home(model, operators.spin(model, order))
    for i, j, k in CYCLIC:
        np.testing.assert_allclose(S[i] @ S[j] - S[j] @ S[i], 1j * S[k], atol=1e-15)
    assert S[2].diagonal().real.tolist() == (
        [0.5, -0.5, 0.5, -0.5] if order == "interlaced" else [0.5, 0.5, -0.5, -0.5]
    )


def test_charge_is_that_of_the_model():
    model = crystal(4)
    assert operators.charge(model).flow == "charge"
    np.testing.assert_array_equal(at_home(model, operators.charge(model))[0], np.eye(4))


def test_sites():
    model = crystal(4)
    groups = operators.site_groups(model)
    assert groups == {"1": [0, 1], "2": [2, 3]}
    P = at_home(model, op := operators.projection(model, groups))
    np.testing.assert_allclose(P @ P, P, atol=0)
    np.testing.assert_allclose(P.sum(axis=0), np.eye(4), atol=0)
    assert (op.unit, op.flow, op.time_reversal) == ("1", "internal", 1)
    sublattice = at_home(model, operators.pseudospin(model, groups["1"], groups["2"]))
    np.testing.assert_allclose(sublattice[0], P[0] - P[1], atol=0)


def test_pseudospin_leaves_other_orbitals_alone():
    model = crystal(6)
    X = at_home(model, op := operators.pseudospin(model, [0, 3], [5]))
    assert X[0].diagonal().real.tolist() == [1, 0, 0, 1, 0, -1]
    assert op.time_reversal == 1


def test_resolved_parts_add_up():
    """{P, s} / 2, Hermitian, for an operator that depends on k: the sum over a partition is s."""
    model = rm.electrons(5, dimension=2, n=4, positions=True)
    s = model.operator("spin")
    groups = {"a": [0, 2], "b": [1], "c": [3]}
    op = operators.resolved(model, "spin", groups)
    n = len(s.components)
    assert op.components == tuple(f"{c}@{g}" for g in groups for c in s.components)
    parts = op.matrices.reshape(len(model.R), 3, n, model.size, model.size)
    np.testing.assert_allclose(parts.sum(axis=1), s.matrices, atol=1e-15)
    P = np.diag([1.0, 0, 1, 0])
    np.testing.assert_allclose(parts[:, 0], (P @ s.matrices + s.matrices @ P) / 2, atol=1e-15)
    model.with_operators(resolved=op)  # checks Hermiticity
    assert (op.unit, op.time_reversal) == (s.unit, s.time_reversal)


def test_local_refuses_what_is_no_operator():
    model = crystal(4)
    with pytest.raises(InputError, match=r"shape \(1, 3, 3\), they must be \(1, 4, 4\)"):
        operators.local(model, np.eye(3)[None], ("1",))
    with pytest.raises(InputError, match="component 'b' of the operator is not Hermitian"):
        operators.local(model, [np.eye(4), np.triu(np.ones((4, 4)))], ("a", "b"))
    op = operators.local(model, np.eye(4)[None], ("n",), unit="1", time_reversal=1)
    assert (op.components, op.unit, op.time_reversal) == (("n",), "1", 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: operators.spin(m, "pairs"), "must be 'blocks' or 'interlaced'"),
        (lambda m: operators.pseudospin(m, [0], [4]), "no orbital 4, they are numbered 0 to 3"),
        (lambda m: operators.pseudospin(m, [0], [-1]), "no orbital -1"),
        (lambda m: operators.pseudospin(m, [0, 1], [1, 2]), "orbital 1 is in both lists"),
        (lambda m: operators.projection(m, {}), "at least one group"),
        (lambda m: operators.resolved(m, "spin", {"a": [0]}), "no operator 'spin'"),
        (lambda m: operators.site_groups(crystal(4, positions=False)), "no positions"),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(InputError, match=message):
        call(crystal(4))


def test_only_for_electrons():
    home = np.diag([1.0, 1.0])
    magnons = BlochModel.from_hoppings([[1.0]], {(0,): home}, metric=np.diag([1, -1]), statistics="bose")
    for call in (
        lambda: operators.spin(magnons, "blocks"),
        lambda: operators.projection(magnons, {"a": [0]}),
        lambda: operators.orbital(magnons, [("a", "s"), ("b", "s")]),
    ):
        with pytest.raises(InputError, match="for electrons only"):
            call()


# ------------------------------------------------------------------------------------------------------------
# do they commute with the position?


def test_defect_of_local_operators():
    """Site-diagonal operators commute with a diagonal position; a transition dipole between s and pz does not
    commute with L, by |<s|z|pz>| for L_x and the displacement z."""
    model = crystal(4)
    model = model.with_operators(
        orbital=operators.orbital(model, [("a", "px"), ("a", "py"), ("b", "px"), ("b", "py")]),
        sites=operators.projection(model, operators.site_groups(model)),
    )
    assert operator_defect(model, "orbital").max() < 1e-14
    assert operator_defect(model, "sites").max() < 1e-14
    dipole = 0.37
    position = np.zeros((1, 3, 4, 4), dtype=complex)
    for i, a in enumerate((2, 3, 1)):  # x, y, z in the basis s, pz, px, py
        position[0, i, 0, a] = position[0, i, a, 0] = dipole
    atom = BlochModel(lattice=np.eye(3), R=np.zeros((1, 3), dtype=int), H=np.zeros((1, 4, 4)), position=position)
    atom = atom.with_operators(orbital=operators.orbital(atom, [("a", "s"), ("a", "p")]))
    np.testing.assert_allclose(operator_defect(atom, "orbital"), dipole * (1 - np.eye(3)), atol=1e-14)


def test_examples_in_docstrings():
    result = doctest.testmod(operators)
    assert result.attempted > 0
    assert result.failed == 0
