"""Archives of operators."""

import re

import numpy as np
import pytest
from writing import LATTICE, PAULI

from solenoidal.errors import InputError
from solenoidal.readers import read_npz


def arrays():
    R = np.array([[-1, 0, 0], [0, 0, 0], [1, 0, 0]])
    h = np.array([[0.1, 0.2j], [0.3, 0.4]])
    H = np.array([h.conj().T, np.diag([1.0, 2.0]), h])
    A = np.zeros((3, 2, 2, 3), complex)
    A[1, 0, 0] = [0.5, 0.6, 0.7]
    S = np.zeros((3, 2, 2, 3), complex)
    S[1] = np.moveaxis(PAULI, 0, -1)
    return {"lattice": LATTICE, "R": R, "H_R": H, "A_R": A, "S_R": S, "fermi_energy": 1.5}


def save(path, **changes):
    content = {key: value for key, value in {**arrays(), **changes}.items() if value is not None}
    np.savez(path, **content)
    return path


def test_arrays_arrive_in_the_shapes_of_the_model(tmp_path):
    model, a = read_npz(save(tmp_path / "o.npz")), arrays()
    assert np.array_equal(model.H, a["H_R"])
    assert np.array_equal(model.position, np.moveaxis(a["A_R"], -1, 1))
    assert np.array_equal(model.operator("spin").matrices[1], PAULI / 2)
    assert model.fermi_energy == 1.5
    assert model.name == "o"


def test_position_spin_and_fermi_energy_are_optional(tmp_path):
    model = read_npz(save(tmp_path / "o.npz", A_R=None, S_R=None, fermi_energy=None))
    assert model.position is None
    assert model.operators == {}
    assert model.fermi_energy is None


def test_two_dimensions(tmp_path):
    a = arrays()
    changes = {"lattice": LATTICE[:2, :2], "R": a["R"][:, :2], "A_R": a["A_R"][..., :2]}
    model = read_npz(save(tmp_path / "o.npz", **changes))
    assert model.dimension == 2
    assert model.position.shape == (3, 2, 2, 2)


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("H_R", None, "key 'H_R' is missing"),
        ("H_R", np.zeros((3, 2)), "H_R has shape (3, 2)"),
        ("H_R", np.full((3, 2, 2), np.nan), "NaN"),
        ("H_R", np.array([object()]), "Python objects"),
        ("H_R", np.array(["text"] * 3), "H_R has shape"),
        ("R", np.zeros((3, 3)), "listed twice"),
        ("R", np.full((3, 3), 0.5), "integers"),
        ("R", np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0]]), "its negative is not"),
        ("lattice", np.ones((3, 3)), "linearly independent"),
        ("lattice", np.array(1.0), "lattice has shape ()"),
        ("A_R", np.zeros((3, 2, 2, 2)), "position has shape"),
        ("S_R", np.zeros((3, 2, 2, 2)), "S_R has 2 components"),
        ("S_R", np.zeros((3, 2, 3, 3)), "spin"),
        ("fermi_energy", np.array([1.0, 2.0]), "fermi_energy"),
        ("fermi_energy", np.array(np.inf), "fermi_energy"),
    ],
)
def test_bad_arrays(tmp_path, key, value, part):
    path = save(tmp_path / "o.npz", **{key: value})
    with pytest.raises(InputError, match=re.escape(part)) as caught:
        read_npz(path)
    assert "o.npz" in str(caught.value)


def test_missing_and_foreign_files(tmp_path):
    with pytest.raises(InputError, match=r"none\.npz: there is no such file"):
        read_npz(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(InputError, match=r"text\.npz: not a sound"):
        read_npz(tmp_path / "text.npz")
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(InputError, match=r"one\.npy: not a sound"):
        read_npz(tmp_path / "one.npy")
