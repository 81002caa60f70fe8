"""Real calculations: operators rebuilt from raw files against references, and one file against another."""

import shutil

import numpy as np
import pytest
from writing import write_spn_text

from solenoidal.readers import find_wannier90_files, read_npz, read_wannier90
from solenoidal.readers.chk import read_chk
from solenoidal.readers.spn import read_spn

SETS = {"Pt": "Pt", "Fe": "Fe", "Fe222": "Fe", "pt-qe": "Pt", "fe-qe": "Fe"}
#: Eight digits of numbers between 10 and 100 eV: half a unit of the last place.
TB_DIGITS = 0.5e-6 * (1 + 1e-6)


def subset(source, target, kinds):
    """Copy the files of some kinds; return the seed name."""
    for kind, path in find_wannier90_files(source).items():
        if kind in kinds:
            shutil.copy(path, target / path.name)
    return target / source.name


def largest_difference(first, second, name):
    """Over the union of both R lists; a vector that one of them lacks counts as zero there."""
    A, B = (dict(zip(map(tuple, m.R.tolist()), getattr(m, name), strict=True)) for m in (first, second))
    return max(abs(A.get(R, 0) - B.get(R, 0)).max() for R in A.keys() | B.keys())


@pytest.mark.parametrize("name", ["Pt", "Fe", "Fe222"])
def test_operators_equal_the_reference(data, name):
    model = read_wannier90(data(name) / SETS[name])
    reference = read_npz(data(name) / "operators.npz")
    assert sorted(model.R.tolist()) == sorted(reference.R.tolist())
    index = {tuple(R): i for i, R in enumerate(model.R.tolist())}
    order = [index[tuple(R)] for R in reference.R.tolist()]
    assert abs(model.lattice - reference.lattice).max() < 1e-12
    assert abs(model.H[order] - reference.H).max() < 1e-10
    assert abs(model.position[order] - reference.position).max() < 1e-10
    ours, theirs = model.operator("spin").matrices[order], reference.operator("spin").matrices
    assert abs(2 * ours - 2 * theirs).max() < 1e-10
    pauli = np.load(data(name) / "operators.npz")["S_R"]
    assert abs(2 * ours - np.moveaxis(pauli, -1, 1)).max() < 1e-10


@pytest.mark.parametrize(("name", "energy"), [("Pt", 18.3823), ("Fe", None), ("Fe222", 12.6279), ("pt-qe", None)])
def test_the_fermi_energy_is_that_of_win(data, name, energy):
    assert read_wannier90(data(name) / SETS[name], use_ws_distance=False).fermi_energy == energy


@pytest.mark.parametrize("images", [None, False])
@pytest.mark.parametrize("name", SETS)
def test_tb_equals_raw_to_its_digits(data, tmp_path, name, images):
    source = data(name) / SETS[name]
    raw = read_wannier90(source, position="log-diagonal", use_ws_distance=images)
    tb = read_wannier90(subset(source, tmp_path, ("tb", "wsvec")), use_ws_distance=images)
    assert np.array_equal(raw.R, tb.R)
    assert largest_difference(raw, tb, "H") < TB_DIGITS
    # Positions have eight digits of numbers below 1 or 10 Angstrom.
    assert largest_difference(raw, tb, "position") < 0.5e-7


@pytest.mark.parametrize("name", SETS)
def test_images_from_centres_are_those_of_wsvec(data, tmp_path, name):
    source = data(name) / SETS[name]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    recorded = read_wannier90(subset(source, tmp_path / "a", ("tb", "wsvec")))
    found = read_wannier90(subset(source, tmp_path / "b", ("tb", "win")), use_ws_distance=True)
    assert np.array_equal(recorded.R, found.R)
    assert largest_difference(recorded, found, "H") < 1e-12


@pytest.mark.parametrize(("name", "position"), [("Pt", True), ("pt-qe", True), ("fe-qe", False)])
def test_hr_and_r_equal_tb_to_their_digits(data, tmp_path, name, position):
    source = data(name) / SETS[name]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    tb = read_wannier90(subset(source, tmp_path / "a", ("tb", "wsvec")))
    hr = read_wannier90(subset(source, tmp_path / "b", ("hr", "r", "wsvec", "win")))
    # Half a unit of six decimals in real and imaginary part, and the digits of _tb.dat.
    assert largest_difference(hr, tb, "H") < 0.5e-6 * 2**0.5 + TB_DIGITS
    assert (hr.position is not None) == position
    if position:
        assert largest_difference(hr, tb, "position") < 0.5e-6 * 2**0.5 + 0.5e-7


def test_both_forms_of_the_checkpoint_are_identical(data, tmp_path):
    folder = data("pt-qe")
    binary, text = read_chk(folder / "Pt.chk.xz"), read_chk(folder / "Pt.chk.fmt.xz")
    assert binary.mp_grid == text.mp_grid
    for name in ("lattice", "reciprocal", "kpoints", "centres", "spreads", "V"):
        # 17 significant digits name a double exactly.
        assert np.allclose(getattr(binary, name), getattr(text, name), rtol=1e-15, atol=1e-16), name
    assert (binary.num_kpoints, binary.num_bands, binary.num_wann, binary.num_neighbours) == (64, 40, 18, 8)


def test_a_spn_written_as_text_reads_the_same(data, tmp_path):
    path = data("Fe") / "Fe.spn.xz"
    sigma = np.array(list(read_spn(path, 20, 27)))
    write_spn_text(tmp_path / "Fe.spn", sigma)
    assert np.array_equal(np.array(list(read_spn(tmp_path / "Fe.spn", 20, 27))), sigma)
    # Pauli matrices of a subspace: no eigenvalue beyond 1.
    assert abs(np.linalg.eigvalsh(sigma)).max() < 1 + 1e-6


@pytest.mark.parametrize("name", SETS)
def test_real_models_are_exactly_hermitian(data, name):
    model = read_wannier90(data(name) / SETS[name])
    index = {tuple(R): i for i, R in enumerate(model.R.tolist())}
    partner = [index[tuple(-x for x in R)] for R in model.R.tolist()]
    for X in (model.H, model.position, model.operator("spin").matrices):
        assert np.array_equal(X[partner].conj().swapaxes(-1, -2), X)


@pytest.mark.parametrize("name", ["pt-qe"])
def test_bands_at_mesh_points_are_the_frozen_ones(data, name):
    folder = data(name)
    model = read_wannier90(folder / SETS[name])
    chk = read_chk(folder / "Pt.chk.xz")
    energies = np.loadtxt(folder / "Pt.eig")[:, 2].reshape(chk.num_kpoints, chk.num_bands)
    for k in (0, 5, 63):
        H = np.tensordot(np.exp(2j * np.pi * model.R @ chk.kpoints[k]), model.H, axes=1)
        frozen = energies[k][energies[k] < 24.6]  # dis_froz_max of Pt.win
        assert abs(np.linalg.eigvalsh(H)[: len(frozen)] - frozen).max() < 1e-6
