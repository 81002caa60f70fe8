"""What a Bloch model accepts and refuses."""

import numpy as np
import pytest

from solenoidal.errors import InputError
from solenoidal.model import BlochModel, Operator

LATTICE = np.array([[2.0, 0.0], [0.5, 1.5]])
PAULI_Z = np.diag([1.0, -1.0])


def make(**change):
    R = np.array([[0, 0], [1, 0], [-1, 0]])
    H = np.array([np.diag([0.0, 1.0]), [[0.1, 0.2j], [0.0, 0.3]], [[0.1, 0.0], [-0.2j, 0.3]]])
    s = np.zeros((3, 1, 2, 2))
    s[0, 0] = PAULI_Z / 2
    parts = {"lattice": LATTICE, "R": R, "H": H, "operators": {"spin": Operator(s, ("z",))}, "source": "test"}
    return BlochModel(**{**parts, **change})


def test_sizes():
    model = make()
    assert (model.dimension, model.size) == (2, 2)
    assert model.volume == pytest.approx(3.0)


def test_charge_always_exists_and_is_the_metric():
    charge = make().operator("charge")
    assert np.array_equal(charge.matrices[0, 0], np.eye(2))
    assert charge.flow == "charge"
    assert charge.time_reversal == 1
    eta = np.diag([1.0, -1.0])
    assert np.array_equal(make(metric=eta).operator("charge").matrices[0, 0], eta)


def nan(x, index):
    y = np.array(x, dtype=complex)
    y[index] = np.nan
    return y


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lattice": np.ones((2, 2))}, "linearly independent"),
        ({"lattice": np.ones((2, 3))}, "lattice has shape"),
        ({"R": np.zeros((3, 3), int)}, "R has shape"),
        ({"R": np.array([[0, 0], [1, 0], [2, 0]])}, r"R = \(1, 0\) is listed but its negative is not"),
        ({"R": np.array([[0, 0], [1, 0], [1, 0]])}, "listed twice"),
        ({"R": np.array([[0, 1], [1, 0], [-1, 0]])}, "origin is missing"),
        ({"R": np.array([[0, 0], [0.5, 0], [-0.5, 0]])}, "R vectors must be integers"),
        ({"R": [[0, 0], [1], [-1, 0]]}, "all of one length"),
        ({"H": np.ones((3, 2, 3))}, "H has shape"),
        ({"H": np.ones((2, 2, 2))}, "H has shape"),
        ({"H": nan(make().H, (1, 0, 0))}, r"H holds NaN or infinity at R = \(1, 0\)"),
        ({"H": np.array([np.eye(2), PAULI_Z, 2 * PAULI_Z])}, "H is not Hermitian"),
        ({"position": np.ones((3, 3, 2, 2))}, "position has shape"),
        ({"operators": {"spin": Operator(np.ones((3, 2, 2, 2)), ("z",))}}, "operator 'spin' has shape"),
        ({"metric": np.diag([1.0, 2.0])}, "square is 1"),
        ({"statistics": "boltzmann"}, "'fermi' or 'bose'"),
    ],
)
def test_refusals_are_one_sentence_with_the_source(change, words):
    with pytest.raises(InputError, match=words) as caught:
        make(**change)
    assert str(caught.value).startswith("test: ")
    assert "\n" not in str(caught.value)


def test_missing_operator_says_what_there_is():
    with pytest.raises(InputError, match=r"no operator 'spin' here, this model has charge \(spin needs"):
        make(operators={}).operator("spin")


def test_from_hoppings_adds_partners_and_positions():
    hop = np.array([[0.1, 0.2j], [0.0, 0.3]])
    model = BlochModel.from_hoppings(
        LATTICE,
        {(0, 0): np.diag([0.0, 1.0]), (1, 0): hop},
        orbital_positions=[[0.0, 0.0], [0.7, 0.2]],
        local_operators={"spin": ([PAULI_Z / 2], ["z"])},
    )
    backward = np.flatnonzero((model.R == [-1, 0]).all(axis=1))[0]
    origin = np.flatnonzero((model.R == 0).all(axis=1))[0]
    assert np.array_equal(model.H[backward], hop.conj().T)
    assert np.array_equal(model.position[origin, 0], np.diag([0.0, 0.7]))
    assert model.operator("spin").time_reversal == -1
    assert model.with_operators(layer=model.operator("spin")).operator("layer").components == ("z",)


@pytest.mark.parametrize(
    ("hoppings", "options", "words"),
    [
        ({}, {}, "no hoppings"),
        ({(0.9, 0): np.eye(2)}, {}, "must be integers"),
        ({(0, 0): np.eye(2), (1, 0): np.eye(3)}, {}, "all of one size"),
        ({(0, 0): np.ones(4)}, {}, "all of one size"),
        ({(0, 0): np.eye(2)}, {"orbital_positions": [[0.0, 0.0]]}, r"orbital_positions has shape \(1, 2\)"),
    ],
)
def test_refused_hoppings(hoppings, options, words):
    with pytest.raises(InputError, match=words):
        BlochModel.from_hoppings(LATTICE, hoppings, **options)
