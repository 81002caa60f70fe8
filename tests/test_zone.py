"""The separable sum over a mesh equals the plain Fourier sum at every point."""

import numpy as np
import pytest

from solenoidal import zone
from solenoidal.bloch import fourier
from solenoidal.errors import InputError
from solenoidal.model import BlochModel, Operator
from solenoidal.zone import Interpolator, Mesh


def random_model(D, N=3, positions=True, seed=0):
    rng = np.random.default_rng(seed)
    R = np.stack(np.meshgrid(*[np.arange(-2, 3)] * D, indexing="ij"), axis=-1).reshape(-1, D)

    def hermitian(*shape):
        X = rng.normal(size=(len(R), *shape, N, N)) + 1j * rng.normal(size=(len(R), *shape, N, N))
        return X + X[::-1].conj().swapaxes(-1, -2)

    lattice = np.eye(D) * 2.5 + 0.3 * rng.normal(size=(D, D))
    spin = Operator(hermitian(2), ("x", "z"))
    return BlochModel(lattice, R, hermitian(), hermitian(D) if positions else None, {"spin": spin})


@pytest.mark.parametrize("D", [1, 2, 3])
@pytest.mark.parametrize("positions", [True, False])
@pytest.mark.parametrize("block", [1, 7, 64])
def test_blocks_equal_the_plain_fourier_sum(D, positions, block):
    model = random_model(D, positions=positions)
    mesh = Mesh((5, 4, 3)[:D], (0.5, 0.25, 0.1)[:D])
    source = Interpolator(model, model.operator("spin"))
    seen = []
    for chunk in source.chunks(mesh):
        for got in source.blocks(mesh, chunk, block):
            want = fourier(model, got.k)
            assert abs(got.H - want.H).max() < 1e-12
            assert abs(got.dH - want.dH).max() < 1e-11
            assert abs(got.s - want.s).max() < 1e-12
            assert (got.A is None) == (not positions)
            if positions:
                assert abs(got.A - want.A).max() < 1e-12
            seen.append(got.k.copy())
    seen = np.concatenate(seen)
    grid = np.stack(np.meshgrid(*[mesh.points(i) for i in range(D)], indexing="ij"), axis=-1).reshape(-1, D)
    assert len(seen) == mesh.size
    assert {tuple(np.round(k, 9)) for k in seen} == {tuple(np.round(k, 9)) for k in grid}


def test_cell_edges_tile_the_reciprocal_cell():
    model = random_model(3)
    mesh = Mesh((5, 4, 3), (0.0, 0.0, 0.0))
    assert np.isclose(abs(np.linalg.det(mesh.cell(model.lattice))) * mesh.size * model.volume, (2 * np.pi) ** 3)


def test_derivative_is_the_gradient_of_the_hamiltonian():
    model = random_model(3)
    k, h = np.array([[0.13, 0.37, 0.71]]), 1e-5
    to_fractional = model.lattice.T / (2 * np.pi)  # dk_frac = dk_cart . lattice^T / 2 pi
    dH = fourier(model, k).dH[0]
    for i in range(3):
        step = h * to_fractional[i]
        numeric = (fourier(model, k + step).H[0] - fourier(model, k - step).H[0]) / (2 * h)
        assert abs(numeric - dH[i]).max() < 1e-7 * abs(dH).max()


def test_empty_mesh_is_refused():
    with pytest.raises(InputError, match="at least one point"):
        Mesh((4, 0), (0.5, 0.5))


def test_points_of_a_block_are_fewer_for_larger_matrices():
    counts = [zone.block_points(N) for N in range(1, 300)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 512
    assert counts[-1] == 32
    assert {count.bit_count() for count in counts} == {1}
