"""Fermi surface files, read back by a reader written for the test."""

import numpy as np
import pytest

import solenoidal as sol
from solenoidal.bands import spin
from solenoidal.bloch import fourier, solve
from solenoidal.errors import InputError
from solenoidal.surfaces import write_frmsf

MESH = (4, 5, 6)


def read_frmsf(path):
    """Mesh, kind of mesh, reciprocal vectors, energies and colours ``(band, n1, n2, n3)``."""
    words = path.read_text().split()
    mesh, kind, n = tuple(map(int, words[:3])), int(words[3]), int(words[4])
    vectors = np.array(words[5:14], dtype=float).reshape(3, 3)
    data = np.array(words[14:], dtype=float).reshape(2, n, *mesh)
    return mesh, kind, vectors, data[0], data[1]


@pytest.fixture(scope="module")
def model():
    return sol.models.luttinger(h_z=0.3, a=3.0)


@pytest.fixture(scope="module")
def middle(model):
    k = np.random.default_rng(1).random((50, 3))
    return float(np.median(solve(fourier(model, k, next(iter(model.operators)))).e))


def test_round_trip(model, middle, tmp_path):
    operator = next(iter(model.operators))
    bands = write_frmsf(tmp_path / "a.frmsf", model, MESH, "spin", "z", mu=middle, operator=operator)
    mesh, kind, vectors, e, colour = read_frmsf(tmp_path / "a.frmsf")
    assert (mesh, kind, len(e)) == (MESH, 1, len(bands))
    np.testing.assert_allclose(vectors @ model.lattice.T, 2 * np.pi * np.eye(3), atol=1e-8)
    k = np.array(list(np.ndindex(*MESH))) / np.array(MESH)
    states = solve(fourier(model, k, operator))
    np.testing.assert_allclose(e.reshape(len(bands), -1).T, states.e[:, bands] - middle, atol=1e-8)
    z = model.operator(operator).components.index("z")
    alone = np.array([np.bincount(g)[g] == 1 for g in states.group])[:, bands]
    assert alone.mean() > 0.5
    expected = spin(states)[:, bands, z]
    np.testing.assert_allclose(colour.reshape(len(bands), -1).T[alone], expected[alone], atol=1e-8)


def test_only_bands_that_cross_are_written(model, middle, tmp_path):
    operator = next(iter(model.operators))
    bands = write_frmsf(tmp_path / "a.frmsf", model, MESH, "berry", mu=middle)
    *_, e, _ = read_frmsf(tmp_path / "a.frmsf")
    assert ((e.min(axis=(1, 2, 3)) < 0) & (e.max(axis=(1, 2, 3)) > 0)).all()
    k = np.array(list(np.ndindex(*MESH))) / np.array(MESH)
    every = solve(fourier(model, k, operator)).e - middle
    assert bands == tuple(np.flatnonzero((every.min(axis=0) < 0) & (every.max(axis=0) > 0)))


def test_mistakes_are_one_sentence(model, middle, tmp_path):
    path = tmp_path / "a.frmsf"
    with pytest.raises(InputError, match="needs 3"):
        write_frmsf(path, sol.models.kane_mele(), (4, 4, 4), mu=0.0)
    with pytest.raises(InputError, match=r"no band of luttinger crosses mu = 10000 eV"):
        write_frmsf(path, model, MESH, "berry", mu=1e4)
    with pytest.raises(InputError, match="give as many"):
        write_frmsf(path, model, (4, 4), "berry", mu=middle)
    with pytest.raises(InputError, match="does not tell its Fermi level"):
        write_frmsf(path, model, MESH, "berry")
    with pytest.raises(InputError, match="does not exist, create it"):
        write_frmsf(tmp_path / "no" / "a.frmsf", model, MESH, "berry", mu=middle)
    assert not path.exists()
