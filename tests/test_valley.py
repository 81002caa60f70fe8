"""The valley operator, and whether every operator of the package commutes with the position."""

import numpy as np
import oracle
import pytest
import random_models as rm

import solenoidal as sol
from solenoidal import models, operators
from solenoidal.diagnostics import operator_defect
from solenoidal.errors import InputError
from solenoidal.inspection import describe
from solenoidal.model import BlochModel

K = np.array([[2 / 3, 1 / 3], [1 / 3, 2 / 3]])


def honeycomb(name="haldane", **parameters):
    model = models.build(name, **parameters)
    half = model.size // 2
    return model.with_operators(valley=operators.valley(model, range(half), range(half, model.size)))


def valley_at(model, k):
    return oracle.lattice_sum(model, model.operator("valley").matrices, np.asarray(k, dtype=float))[:, 0]


# ------------------------------------------------------------------------------------------------------------
# values


@pytest.mark.parametrize("model", [honeycomb(), honeycomb("kane_mele"), honeycomb(a=2.46)], ids=lambda m: m.name)
def test_corners_of_the_zone(model):
    """+1 at K, -1 at K', zero at the points that time reversal maps to themselves, between them within +-1."""
    one = np.eye(model.size)
    np.testing.assert_allclose(valley_at(model, K), [one, -one], atol=1e-14)
    np.testing.assert_allclose(valley_at(model, [[0, 0], [0.5, 0], [0, 0.5], [0.5, 0.5]]), 0, atol=1e-14)
    V = valley_at(model, np.random.default_rng(0).uniform(size=(200, 2)))
    np.testing.assert_allclose(V, V[:, :1, :1] * one, atol=1e-14)
    assert abs(V).max() <= 1


def test_slope_at_the_corners_vanishes():
    model = honeycomb(a=2.46)
    for step in (1e-4, 2e-4):
        near = valley_at(model, K[0] + step * np.eye(2))[:, 0, 0]
        np.testing.assert_allclose(near, 1.0, atol=20 * step**2)


def test_time_reversal():
    """V(-k)^* = -V(k)."""
    model, k = honeycomb("kane_mele"), np.random.default_rng(1).uniform(size=(5, 2))
    np.testing.assert_allclose(valley_at(model, -k).conj(), -valley_at(model, k), atol=1e-14)
    op = model.operator("valley")
    assert (op.time_reversal, op.unit, op.flow, op.components) == (-1, "1", "internal", ("z",))


def test_exchange_of_the_sublattices_turns_the_sign():
    model = models.haldane()
    one, other = operators.valley(model, [0], [1]), operators.valley(model, [1], [0])
    np.testing.assert_allclose(other.matrices, -one.matrices, atol=0)


def test_of_the_two_haldane_masses():
    """The Haldane term is V times the sublattice: sz H(pi/2) = -3 sqrt(3) t2 V without the rest."""
    model = honeycomb(t1=0.0, t2=0.3, phi=np.pi / 2, M=0.0)
    k = np.random.default_rng(2).uniform(size=(5, 2))
    H = oracle.lattice_sum(model, model.H, k)
    np.testing.assert_allclose(rm.PAULI[2] @ H, 3 * np.sqrt(3) * 0.3 * valley_at(model, k), atol=1e-13)


def test_another_basis_of_the_lattice_and_the_cell():
    """The same crystal with other lattice vectors and with A and B shifted to other cells: the same V(k)."""
    a = models.haldane()
    lattice = np.array([a.lattice[0], a.lattice[1] - a.lattice[0]])  # 120 degrees
    k = np.random.default_rng(3).uniform(size=(5, 2))
    hop = {R: np.zeros((2, 2)) for R in ((1, 0), (0, 1), (1, 1))}
    b = BlochModel.from_hoppings(
        lattice, hop, orbital_positions=[[0, 0], [0.5 - 1, 1 / (2 * np.sqrt(3))]], name="other basis"
    )
    b = b.with_operators(valley=operators.valley(b, [0], [1]))
    cartesian = k @ np.linalg.inv(a.lattice).T  # in units of 2 pi
    np.testing.assert_allclose(
        valley_at(b, cartesian @ lattice.T), valley_at(honeycomb(), k)[:, 0, 0][:, None, None] * np.eye(2), atol=1e-13
    )


def test_other_orbitals_have_no_valley():
    model = models.kane_mele()
    V = operators.valley(model, [0], [2]).matrices[:, 0]
    assert not V[:, [1, 3]].any()
    assert V[:, [0, 2], [0, 2]].any()


# ------------------------------------------------------------------------------------------------------------
# valley Hall effect of gapped graphene


def valley_hall(gap, mesh):
    """All definitions, xy, in e/2pi: V is proportional to 1, so that there is no dipole and no torque."""
    model = honeycomb(t2=0.0, M=gap)
    job = sol.Job(
        system={"model": "haldane", "operator": "valley"},
        zone={"mesh": [mesh, mesh]},
        scan={"mu": [0.0], "temperature": [0]},
    )
    sigma = sol.compute(model, job).conductivity.values[:, 0, 0, ..., 0]
    np.testing.assert_allclose(sigma, -sigma.swapaxes(1, 2), atol=1e-9)
    np.testing.assert_allclose(sigma, sigma[:1].repeat(len(sigma), axis=0), atol=1e-9)
    return sigma[0, 0, 1]


def test_valley_hall_conductivity_of_small_gaps():
    """Each Dirac cone carries a half: the sum over the valleys tends to 1, with corrections of order gap and gap^2."""
    wide, middle, narrow = (valley_hall(gap, mesh) for gap, mesh in ((0.1, 150), (0.05, 250), (0.025, 420)))
    assert abs(narrow) == pytest.approx(1, abs=0.04)
    assert abs(wide) < abs(middle) < abs(narrow) < 1
    assert (8 * narrow - 6 * middle + wide) / 3 == pytest.approx(-1, abs=2e-4)
    assert valley_hall(-0.1, 150) == pytest.approx(-wide, abs=1e-9)


# ------------------------------------------------------------------------------------------------------------
# [s, r] = 0 or not, for every operator of the package


def largest_commutator(model, name, k, step=1e-5):
    """``||d_i s + i [s, A_i]||`` from finite differences of s(k) and a plain commutator, ``(D, n)``."""
    op = model.operator(name)
    s, A = (oracle.lattice_sum(model, X, k) for X in (op.matrices, model.position))
    out = []
    for i in range(model.dimension):
        shift = step * model.lattice[:, i] / (2 * np.pi)
        ds = oracle.lattice_sum(model, op.matrices, k + shift) - oracle.lattice_sum(model, op.matrices, k - shift)
        D = ds / (2 * step) + 1j * (s @ A[:, i, None] - A[:, i, None] @ s)
        out.append(np.linalg.norm(D, ord=2, axis=(-2, -1)).max(axis=0))
    return np.array(out)


def with_all_operators(dipole):
    """Kane-Mele in a basis of (s, pz) pairs with every operator; ``dipole``: <1|y|2> between the orbitals of a site."""
    model = models.kane_mele()
    position = model.position.copy()
    home = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    # Between up and down of a site, and between the sites: no operator but the charge commutes with both.
    for a, b in ((0, 1), (2, 3), (0, 2)):
        position[home, 1, a, b] = position[home, 1, b, a] = dipole
    model = BlochModel(**{**model.__dict__, "position": position})
    groups = {"A": [0, 1], "B": [2, 3]}
    return model.with_operators(
        orbital=operators.orbital(model, [("C", "px"), ("C", "py"), ("D", "px"), ("D", "py")]),
        pseudospin=operators.pseudospin(model, [0, 1], [2, 3]),
        sites=operators.projection(model, groups),
        resolved=operators.resolved(model, "spin", groups),
        local=operators.local(model, np.diag([1.0, -1.0, -1.0, 1.0])[None], ("a",)),
        valley=operators.valley(model, [0, 1], [2, 3]),
        charge=operators.charge(model),
    )


NAMES = ("spin", "orbital", "pseudospin", "sites", "resolved", "local", "valley", "charge")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dipole", [0.0, 0.3])
def test_defect_is_measured(name, dipole):
    """At the points of the diagnosis, against finite differences; the charge commutes with everything, the valley with
    nothing, all others with a position that is diagonal."""
    model = with_all_operators(dipole)
    got = operator_defect(model, name)
    k = np.random.default_rng(20210112).uniform(size=(32, 2))
    np.testing.assert_allclose(got, largest_commutator(model, name, k), atol=1e-8)
    commutes = name == "charge" or (dipole == 0.0 and name != "valley")
    assert (got[1].max() < 1e-14) == commutes
    assert (got[0].max() < 1e-14) == (name != "valley")


@pytest.mark.parametrize("dipole", [0.0, 0.3])
def test_inspect_says_which_operators_commute(dipole):
    text = describe(with_all_operators(dipole))
    for name in NAMES:
        line = next(x for x in text.splitlines() if x.startswith("largest ||D_i s||") and f"= {name} " in x)
        commutes = name == "charge" or (dipole == 0.0 and name != "valley")
        assert ("zero: s commutes with the position" in line) == commutes
        assert ("fail by about that" in line) != commutes


def test_inspect_counts_the_charge_too():
    assert "largest ||D_i s|| for s = charge (Angstrom); zero" in describe(models.haldane())


def test_wannier_spin_does_not_commute(data):
    """A truncated basis: 0.03 hbar Angstrom for the platinum of the example."""
    model = sol.read_wannier90(data("pt-qe") / "Pt")
    assert 0.005 < operator_defect(model, "spin").max() < 0.1
    assert operator_defect(model, "charge").max() < 1e-14


# ------------------------------------------------------------------------------------------------------------
# mistakes


def square():
    return BlochModel.from_hoppings(np.eye(2), {(1, 0): np.eye(2)}, orbital_positions=[[0, 0], [0.5, 0.5]], name="sq")


def bare():
    lattice, tau = models.haldane().lattice, [[0, 0], [0.5, 1 / (2 * np.sqrt(3))]]
    hop = {R: np.array([[0, 1], [0, 0]]) for R in ((0, 0), (-1, 0), (0, -1))}
    hop[0, 0] = np.array([[0, 1], [1, 0]])
    return BlochModel.from_hoppings(lattice, hop, orbital_positions=tau, name="graphene")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: operators.valley(models.haldane(), [0], [0]), "orbital 0 is on A and on B"),
        (lambda: operators.valley(models.haldane(), [0], [2]), "no orbital 2, they are numbered 0 to 1"),
        (lambda: operators.valley(models.haldane(), [], [1]), "at least one orbital on sublattice A"),
        (lambda: operators.valley(models.kane_mele(), [0, 2], [1]), "sublattice A do not sit on one site"),
        (lambda: operators.valley(models.rashba(), [0], [1]), "have no positions"),
        (lambda: operators.valley(models.luttinger(), [0], [1]), "defined in two dimensions, this model has 3"),
        (lambda: operators.valley(square(), [0], [1]), "do not form a honeycomb"),
        (lambda: operators.valley(bare(), [0], [1]), r"needs a hopping matrix, zero or not, at R = \((1, -1|-1, 1)\)"),
    ],
)
def test_mistakes(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()
