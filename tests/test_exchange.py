"""Models of PythTB, TBmodels and Kwant: same bands, same positions, there and back."""

import importlib
import warnings

import numpy as np
import oracle
import pytest

from solenoidal import exchange, models
from solenoidal.errors import InputError
from solenoidal.exchange.common import need, periodic_space
from solenoidal.model import BlochModel

CRYSTALS = {
    "haldane": models.haldane(a=1.7),
    "kane_mele": models.kane_mele(),
    "kagome": models.kagome_antiferromagnet(canting=0.3, lambda_R=0.2),
    "wilson_dirac": models.wilson_dirac(h_x=0.1),
    "cubic_rashba": models.cubic_rashba(B_z=0.2),
}


def package(name):
    """The package, without the warnings of its import, or a skip."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(name)
        except ImportError:
            return pytest.skip(f"{name} is not installed: it is optional")


@pytest.fixture
def pythtb():
    return package("pythtb")


@pytest.fixture
def tbmodels():
    return package("tbmodels")


@pytest.fixture
def kwant():
    found = package("kwant")
    package("kwant.wraparound")
    return found


def random_k(dimension, n=6):
    return np.random.default_rng(2).uniform(-1, 1, size=(n, dimension))


def centres(model):
    home = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    if model.position is None:
        return np.zeros((model.size, model.dimension))
    return np.einsum("iaa->ai", model.position[home]).real


def centred(model, k):
    """H(k) with the phases of the positions: the same whatever cell an orbital is counted in."""
    phase = np.exp(2j * np.pi * k @ (centres(model) @ np.linalg.inv(model.lattice)).T)
    return phase.conj()[:, :, None] * oracle.lattice_sum(model, model.H, k) * phase[:, None, :]


def energies(model, k):
    return np.linalg.eigvalsh(oracle.lattice_sum(model, model.H, k))


def assert_same(one, other):
    k = random_k(one.dimension)
    np.testing.assert_allclose(other.lattice, one.lattice, atol=1e-13)
    np.testing.assert_allclose(centred(other, k), centred(one, k), atol=1e-12)


# ------------------------------------------------------------------------------------------------------------
# PythTB


def haldane_of_pythtb(pythtb):
    lattice = [[1.0, 0.0], [0.5, np.sqrt(3) / 2]]
    model = pythtb.tb_model(2, 2, lattice, [[1 / 3, 1 / 3], [2 / 3, 2 / 3]])
    model.set_onsite([-0.2, 0.2])
    for R in ([0, 0], [-1, 0], [0, -1]):
        model.set_hop(-1.0 + 0.1j, 0, 1, R)
    for R in ([1, 0], [-1, 1], [0, -1]):
        model.set_hop(0.15 * np.exp(0.7j), 0, 0, R)
        model.set_hop(0.12 * np.exp(-0.4j), 1, 1, R)
    return model


def test_from_pythtb(pythtb):
    source = haldane_of_pythtb(pythtb)
    model = exchange.from_pythtb(source)
    k = random_k(2)
    np.testing.assert_allclose(energies(model, k), source.solve_all(k).T, atol=1e-12)
    np.testing.assert_allclose(centred(model, k), [source._gen_ham(q) for q in k], atol=1e-12)
    np.testing.assert_allclose(centres(model), [[0.5, np.sqrt(3) / 6], [1.0, np.sqrt(3) / 3]], atol=1e-14)
    assert model.operators == {}


def test_pythtb_with_spin(pythtb):
    source = pythtb.tb_model(1, 1, [[2.0]], [[0.0], [0.4]], nspin=2)
    source.set_onsite([[0.1, 0.2, 0.3, 0.4], [-0.1, 0.0, 0.2, 0.1]])
    source.set_hop([1.0, 0.1j, 0.2j, 0.3], 0, 1, [0])
    source.set_hop(0.4 + 0.2j, 1, 0, [1])
    model = exchange.from_pythtb(source)
    k = random_k(1)
    np.testing.assert_allclose(energies(model, k), source.solve_all(k).T, atol=1e-12)
    home = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    np.testing.assert_allclose(np.diag(model.operator("spin").matrices[home, 2]), [0.5, -0.5, 0.5, -0.5])
    field = np.einsum("iab,ba->i", model.operator("spin").matrices[home][:, :2, :2], model.H[home][:2, :2])
    np.testing.assert_allclose(field, [0.2, 0.3, 0.4], atol=1e-14)


def test_pythtb_ribbon(pythtb):
    """One direction cut: the bands of the ribbon, positions along its axis."""
    source = haldane_of_pythtb(pythtb).cut_piece(4, 1)
    model = exchange.from_pythtb(source)
    k = random_k(1)
    np.testing.assert_allclose(energies(model, k), source.solve_all(k[:, 0]).T, atol=1e-12)
    assert model.dimension == 1
    np.testing.assert_allclose(centres(model)[:2, 0], [0.5, 1.0], atol=1e-14)


def test_pythtb_without_hoppings(pythtb):
    source = pythtb.tb_model(2, 2, np.eye(2), [[0, 0]])
    source.set_onsite([0.7])
    np.testing.assert_allclose(energies(exchange.from_pythtb(source), random_k(2)), 0.7)


def test_pythtb_molecule(pythtb):
    with pytest.raises(InputError, match="no periodic direction"):
        exchange.from_pythtb(pythtb.tb_model(0, 2, np.eye(2), [[0, 0]]))


@pytest.mark.parametrize("name", CRYSTALS)
def test_to_pythtb(pythtb, name):
    model = CRYSTALS[name]
    written = exchange.to_pythtb(model)
    k = random_k(model.dimension)
    np.testing.assert_allclose([written._gen_ham(q) for q in k], centred(model, k), atol=1e-12)
    assert_same(model, exchange.from_pythtb(written))


# ------------------------------------------------------------------------------------------------------------
# TBmodels


def test_from_tbmodels(tbmodels):
    source = tbmodels.Model(
        on_site=[1.0, -0.5], pos=[[0.0, 0.0], [0.25, 0.4]], occ=1, uc=[[2.0, 0.0], [0.5, 1.5]], dim=2
    )
    source.add_hop(0.3 + 0.1j, 0, 1, [1, 0])
    source.add_hop(0.2j, 0, 0, [0, 1])
    source.add_hop(0.4, 0, 1, [0, 0])
    model = exchange.from_tbmodels(source)
    k = random_k(2)
    np.testing.assert_allclose(oracle.lattice_sum(model, model.H, k), source.hamilton(k, convention=2), atol=1e-13)
    np.testing.assert_allclose(centred(model, k), source.hamilton(k, convention=1), atol=1e-13)
    np.testing.assert_allclose(centres(model)[1], [0.7, 0.6], atol=1e-14)


def test_tbmodels_sparse_and_empty(tbmodels):
    source = tbmodels.Model(on_site=[1.0, -0.5], uc=np.eye(1), dim=1, sparse=True)
    source.add_hop(0.3j, 0, 1, [2])
    k = random_k(1)
    np.testing.assert_allclose(energies(exchange.from_tbmodels(source), k), np.array(source.eigenval(k)), atol=1e-13)
    empty = tbmodels.Model(on_site=[0.0, 0.0], uc=np.eye(1), dim=1)
    assert exchange.from_tbmodels(empty).size == 2


def test_tbmodels_without_cell(tbmodels):
    with pytest.raises(InputError, match="no unit cell"):
        exchange.from_tbmodels(tbmodels.Model(on_site=[1.0], dim=1))


@pytest.mark.parametrize("name", CRYSTALS)
def test_to_tbmodels(tbmodels, name):
    model = CRYSTALS[name]
    written = exchange.to_tbmodels(model)
    k = random_k(model.dimension)
    np.testing.assert_allclose(written.hamilton(k, convention=1), centred(model, k), atol=1e-12)
    assert_same(model, exchange.from_tbmodels(written))


# ------------------------------------------------------------------------------------------------------------
# Kwant


def kwant_energies(kwant, builder, k, **params):
    """Bands of Kwant's own Bloch Hamiltonian; its momenta are phases along the periods."""
    system = kwant.wraparound.wraparound(builder).finalized()
    names = ["k_x", "k_y", "k_z"]
    out = []
    for q in k:
        momenta = dict(zip(names, 2 * np.pi * q, strict=False))
        out.append(np.linalg.eigvalsh(system.hamiltonian_submatrix(params={**momenta, **params})))
    return np.array(out)


def hopping(site_1, site_2, phase):
    return 0.7 * np.exp(1j * phase) * np.array([[1, 0.2], [0.1j, -0.5]])


def kwant_crystal(kwant):
    lattice = kwant.lattice.general([[2.0, 0.0], [0.5, 1.5]], [[0, 0], [0.6, 0.7]], norbs=[1, 2])
    A, B = lattice.sublattices
    builder = kwant.Builder(kwant.TranslationalSymmetry((2.0, 0.0), (0.5, 1.5)))
    builder[A(0, 0)] = 0.3
    builder[B(3, -1)] = lambda site, shift: np.diag([shift, -0.1])
    builder[A(0, 0), B(0, 0)] = np.array([[0.5, 0.2j]])
    builder[A(0, 0), B(-1, 2)] = np.array([[0.1, 0.3 + 0.2j]])
    builder[B(0, 0), B(1, 0)] = hopping
    builder[A(1, 1), A(1, 2)] = 0.2 + 0.3j
    return builder


def test_from_kwant(kwant):
    """Matrices per site, functions with parameters, sites given in other cells."""
    builder = kwant_crystal(kwant)
    model = exchange.from_kwant(builder, {"phase": 0.3, "shift": 0.4})
    k = random_k(2)
    np.testing.assert_allclose(energies(model, k), kwant_energies(kwant, builder, k, phase=0.3, shift=0.4), atol=1e-12)
    np.testing.assert_allclose(model.lattice, [[2.0, 0.0], [0.5, 1.5]])
    inside = centres(model) - centres(model)[0]
    np.testing.assert_allclose(inside[1], inside[2], atol=1e-14)
    steps = (inside[1] - [0.6, 0.7]) @ np.linalg.inv(model.lattice)
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-12)
    moved = exchange.from_kwant(builder, {"phase": 0.3, "shift": 0.9})
    assert abs(energies(moved, k) - energies(model, k)).max() > 0.05


def test_kwant_ribbon(kwant):
    lattice = kwant.lattice.square(1.5, norbs=1)
    builder = kwant.Builder(kwant.TranslationalSymmetry((1.5, 1.5)))
    builder[(lattice(0, j) for j in range(3))] = 0.2
    builder[lattice.neighbors()] = -1.0 + 0.3j
    model = exchange.from_kwant(builder)
    k = random_k(1)
    np.testing.assert_allclose(energies(model, k), kwant_energies(kwant, builder, k), atol=1e-12)
    np.testing.assert_allclose(model.lattice, [[1.5 * np.sqrt(2)]])
    assert model.size == 3


def test_kwant_mistakes(kwant):
    with pytest.raises(InputError, match="no Kwant Builder with a TranslationalSymmetry"):
        exchange.from_kwant(kwant.Builder())
    with pytest.raises(InputError, match="no sites"):
        exchange.from_kwant(kwant.Builder(kwant.TranslationalSymmetry((1.0,))))
    with pytest.raises(InputError, match="needs the parameter 'phase', give it in params"):
        exchange.from_kwant(kwant_crystal(kwant), {"shift": 0.4})
    chain = kwant.lattice.chain(norbs=1)
    builder = kwant.Builder(kwant.TranslationalSymmetry((1,)))
    builder[chain(0)] = None
    with pytest.raises(InputError, match="has no value at"):
        exchange.from_kwant(builder)


@pytest.mark.parametrize("name", CRYSTALS)
def test_to_kwant(kwant, name):
    model = CRYSTALS[name]
    written = exchange.to_kwant(model)
    k = random_k(model.dimension)
    np.testing.assert_allclose(kwant_energies(kwant, written, k), energies(model, k), atol=1e-12)
    assert_same(model, exchange.from_kwant(written))


# ------------------------------------------------------------------------------------------------------------
# without any of them


@pytest.mark.parametrize("read", [exchange.from_pythtb, exchange.from_tbmodels, exchange.from_kwant])
def test_wrong_object(read):
    with pytest.raises(InputError, match=r"^BlochModel is no"):
        read(CRYSTALS["haldane"])


@pytest.mark.parametrize("write", [exchange.to_pythtb, exchange.to_tbmodels, exchange.to_kwant])
def test_what_cannot_be_written(write):
    position = np.zeros((1, 1, 2, 2))
    position[0, 0] = [[0.0, 0.2], [0.2, 0.5]]
    model = BlochModel(lattice=np.eye(1), R=np.zeros((1, 1)), H=np.zeros((1, 2, 2)), position=position)
    with pytest.raises(InputError, match=r"other elements up to 0\.2 Angstrom"):
        write(model)
    magnons = BlochModel.from_hoppings([[1.0]], {(0,): np.eye(2)}, metric=np.diag([1, -1]), statistics="bose")
    with pytest.raises(InputError, match="a model with a metric has no"):
        write(magnons)


def test_absent_package():
    with pytest.raises(InputError, match="needs the package no_such_package_here, install it with pip"):
        need("no_such_package_here")


def test_periodic_space_keeps_lengths_and_angles():
    rng = np.random.default_rng(0)
    periods, r = rng.normal(size=(2, 3)), rng.normal(size=(4, 3))
    lattice, tau = periodic_space(periods, r)
    np.testing.assert_allclose(lattice @ lattice.T, periods @ periods.T, atol=1e-14)
    np.testing.assert_allclose(tau @ lattice.T, r @ periods.T, atol=1e-14)
    assert lattice[0, 0] > 0
    assert abs(lattice[0, 1]) < 1e-14
    square = rng.normal(size=(2, 2))
    np.testing.assert_array_equal(periodic_space(square, r[:, :2])[0], square)
