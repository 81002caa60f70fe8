"""Single steps of the readers on cases with known answers."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solenoidal.errors import InputError
from solenoidal.readers.folding import close, fold, mesh_to_vectors, nearest_images, wigner_seitz
from solenoidal.readers.shells import Shells
from solenoidal.readers.win import read_kpoint_path

FCC = np.array([[-1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [-1.0, 1.0, 0.0]])
HEX = np.array([[1.0, 0.0, 0.0], [-0.5, 0.75**0.5, 0.0], [0.0, 0.0, 1.6]])


def shell_vectors(lattice, grid, digits=None):
    """Vectors to the mesh points around the origin that are nearest, for a few lengths."""
    reciprocal = 2 * np.pi * np.linalg.inv(lattice).T
    steps = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    k = steps / grid if digits is None else np.round(steps / grid, digits)
    b = k @ reciprocal
    length = np.linalg.norm(b, axis=1)
    return b[(length > 0) & (length < length[length > 0].min() * 1.01)]


def test_weights_of_a_cubic_shell():
    b = shell_vectors(np.eye(3) * 2.0, 4)
    # Six vectors of length b: sum of w b b = 2 w b^2 in every direction.
    want = np.full(6, 1 / (2 * (2 * np.pi / 8) ** 2))
    assert np.allclose(Shells(Path("x"), b).weights(b, 0), want, rtol=1e-14)


def test_weights_do_not_depend_on_the_order_of_the_vectors():
    x, z = 1.3, 0.7  # two shells, as in a tetragonal crystal
    b = np.array([[x, 0, 0], [-x, 0, 0], [0, x, 0], [0, -x, 0], [0, 0, z], [0, 0, -z]])
    shells = Shells(Path("x"), b)
    assert np.allclose(shells.weights(b, 0), [1 / (2 * x**2)] * 4 + [1 / (2 * z**2)] * 2, rtol=1e-13)
    order = np.array([3, 0, 5, 1, 2, 4])
    assert np.array_equal(shells.weights(b[order], 1), shells.weights(b, 0)[order])


def test_kpoints_of_six_digits_are_enough():
    exact, rounded = shell_vectors(FCC, 3), shell_vectors(FCC, 3, digits=6)
    assert len(exact) == 8
    assert np.allclose(
        Shells(Path("x"), rounded).weights(rounded, 0), Shells(Path("x"), exact).weights(exact, 0), rtol=1e-5
    )


def test_an_incomplete_shell_is_refused():
    with pytest.raises(InputError, match=r"x: the neighbours k \+ b do not form complete shells"):
        Shells(Path("x"), shell_vectors(FCC, 3)[:4])


@pytest.mark.parametrize("lattice", [FCC, HEX, np.eye(3)])
@pytest.mark.parametrize("grid", [(1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 4, 4), (3, 2, 1)])
def test_wigner_seitz_cells_hold_every_kpoint_once(lattice, grid):
    R, weight = wigner_seitz(lattice, grid, "x")
    assert weight.sum() == pytest.approx(np.prod(grid), abs=1e-12)
    cell = np.ravel_multi_index(tuple(np.mod(R, grid).T), grid)
    assert np.allclose(np.bincount(cell, weight), 1, atol=1e-12)


def test_wigner_seitz_vectors_of_fcc_4x4x4_are_the_93_of_wannier90():
    R, weight = wigner_seitz(FCC * 1.96, (4, 4, 4), "x")
    assert len(R) == 93
    assert sorted(np.round(1 / weight).astype(int).tolist()).count(6) == 6


def test_a_needle_of_a_cell_is_refused():
    with pytest.raises(InputError, match="x: the cell is too skewed"):
        wigner_seitz(np.array([[1.0, 0, 0], [0, 1, 0], [1000, 0, 1e-3]]), (4, 4, 4), "x")


@given(
    grid=st.tuples(*[st.integers(1, 3)] * 3),
    centres=st.lists(st.tuples(*[st.floats(-2, 2)] * 3), min_size=2, max_size=2),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_folding_keeps_every_mesh_point(grid, centres, seed):
    """Whatever the centres, the images change X(k) between the points of the mesh only."""
    rng = np.random.default_rng(seed)
    kpoints = np.stack(np.meshgrid(*[np.arange(n) / n for n in grid], indexing="ij"), axis=-1).reshape(-1, 3)
    X = rng.normal(size=(len(kpoints), 1, 2, 2)) + 1j * rng.normal(size=(len(kpoints), 1, 2, 2))
    X = X + X.conj().swapaxes(-1, -2)
    R, weight = wigner_seitz(HEX, grid, "x")
    XR = mesh_to_vectors(X, kpoints, R) * weight[:, None, None, None]
    images = nearest_images(R, HEX, grid, np.array(centres), "x")
    for folded in (close(R, XR), fold(XR, images)):
        back = np.tensordot(np.exp(2j * np.pi * kpoints @ folded.R.T), folded.X, axes=1)
        assert abs(back - X).max() < 1e-12
        assert np.array_equal(folded.X[::-1].conj().swapaxes(-1, -2), folded.X)
        assert np.array_equal(folded.R[::-1], -folded.R)


def test_an_image_is_nearest_for_its_pair():
    centres = np.array([[0.0, 0.0, 0.0], [0.9, 0.0, 0.0]])
    images = nearest_images(np.array([[1, 0, 0]]), np.eye(3), (2, 2, 2), centres, "x")
    share = {tuple(R): w for R, w in zip(images.R.tolist(), images.weight, strict=True)}
    # |1 + 0.9| > |-1 + 0.9| for the pair (1, 2); equal distances for (1, 1).
    assert share[(-1, 0, 0)][0, 1] == 1
    assert share[(1, 0, 0)][1, 0] == 1
    assert share[(1, 0, 0)][0, 0] == share[(-1, 0, 0)][0, 0] == 0.5


def test_path_of_a_win_file(tmp_path):
    """Lines that go on where the last one ended are one piece, others a jump."""
    path = tmp_path / "x.win"
    path.write_text("begin kpoint_path\nG 0 0 0 X 0.5 0 0\nX 0.5 0 0 M 0.5 0.5 0\nK 1 0 0 G 0 0 0\nend kpoint_path\n")
    stops = read_kpoint_path(path)
    assert [stop and stop[0] for stop in stops] == ["G", "X", "M", None, "K", "G"]
    np.testing.assert_array_equal(stops[2][1], [0.5, 0.5, 0])
    path.write_text("begin kpoint_path\nG 0 0 0 X 0.5 0\nend kpoint_path\n")
    with pytest.raises(InputError, match="line 2: kpoint_path needs two labels"):
        read_kpoint_path(path)
    path.write_text("num_wann = 2\n")
    assert read_kpoint_path(path) == []
