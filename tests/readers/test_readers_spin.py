"""Spin matrices that are none, that belong to other states, or that are not there."""

import re

import numpy as np
import pytest
from writing import PAULI, calculation, write_all, write_eig, write_mmn, write_spn, write_tables

from solenoidal.errors import InputError
from solenoidal.readers import find_wannier90_files, read_npz, read_wannier90
from solenoidal.readers.chk import read_chk
from solenoidal.readers.mmn import read_mmn
from solenoidal.readers.spin_check import SpinCheck
from solenoidal.readers.spn import read_spn

SETS = {"Pt": "Pt", "Fe": "Fe", "Fe222": "Fe", "pt-qe": "Pt", "fe-qe": "Fe"}


def refused(seed, *parts):
    with pytest.raises(InputError) as caught:
        read_wannier90(seed)
    assert re.search(".*".join(map(re.escape, parts)), str(caught.value)), caught.value


@pytest.fixture
def seed(tmp_path):
    return write_all(tmp_path, calculation())


def test_zeros(seed, tmp_path):
    write_spn(tmp_path / "tiny.spn", 0 * calculation().sigma)
    refused(seed, "tiny.spn", "lowest band at k-point 1 nearly vanish", "spinors")


def test_zeros_at_one_kpoint(seed, tmp_path):
    sigma = calculation().sigma
    sigma[2] = 0
    write_spn(tmp_path / "tiny.spn", sigma)
    refused(seed, "tiny.spn", "lowest band at k-point 3")


def test_rows_that_are_too_long_together(seed, tmp_path):
    write_spn(tmp_path / "tiny.spn", 1.1 * calculation().sigma)
    refused(seed, "tiny.spn", "squared length 3.63", "cannot exceed 3")


@pytest.mark.parametrize(
    "change",
    [
        np.conj,
        lambda sigma: sigma[:, [1, 0, 2]],
        lambda sigma: sigma[:, [2, 2, 2]],
        lambda sigma: sigma * np.array([1, 1, -1])[:, None, None],
    ],
    ids=["conjugated", "x and y exchanged", "one matrix three times", "z of the other sign"],
)
def test_products_that_are_not_those_of_pauli_matrices(seed, tmp_path, change):
    write_spn(tmp_path / "tiny.spn", change(calculation().sigma))
    refused(seed, "tiny.spn", "differs from i sigma_", "make the file again")


@pytest.mark.parametrize("order", [[1, 0, 2, 3], [0, 2, 1, 3], [3, 2, 1, 0], [1, 2, 3, 0]])
def test_kpoints_in_another_order(seed, tmp_path, order):
    write_spn(tmp_path / "tiny.spn", calculation().sigma[order])
    refused(seed, "tiny.spn and", "tiny.mmn do not belong together", "take both from one calculation")


def test_overlaps_that_vanish_need_no_spin(tmp_path):
    check = SpinCheck(tmp_path / "x.spn", 4, 4)
    calc = calculation()
    calc.neighbours = [(k, k2, G, 0 * M) for k, k2, G, M in calc.neighbours]
    write_mmn(tmp_path / "x.mmn", calc)
    for k, sigma in enumerate(calc.sigma):
        check.keep(k, sigma)
    assert [check.mismatch(block) for block in read_mmn(tmp_path / "x.mmn", 4, 4, 6)] == [0.0] * 4


def real(folder, name):
    """Checkpoint, overlaps and spin matrices (NK, 3, NB, NB)."""
    files = find_wannier90_files(folder / SETS[name])
    chk = read_chk(files["chk"])
    blocks = list(read_mmn(files["mmn"], chk.num_bands, chk.num_kpoints, chk.num_neighbours))
    return blocks, np.array(list(read_spn(files["spn"], chk.num_bands, chk.num_kpoints)))


def mismatches(blocks, sigma):
    check = SpinCheck("x.spn", sigma.shape[-1], len(sigma))
    for k, s in enumerate(sigma):
        check.keep(k, s)
    return [check.mismatch(block) for block in blocks]


@pytest.mark.parametrize("name", SETS)
def test_real_spin_matrices_commute_with_the_overlaps(data, name):
    blocks, sigma = real(data(name), name)
    assert (abs(sigma[:, :, :, 0]) ** 2).sum(axis=(1, 2)).min() > 2.998
    # A hundredth of the bound, which is half of what the mildest exchange of k-points gives.
    assert max(mismatches(blocks, sigma)) < 0.003
    k = np.arange(len(sigma))
    orders = {"rolled": np.roll(k, 1), "reversed": k[::-1], "one pair": np.r_[0, 2, 1, k[3:]]}
    for order in orders.values():
        assert max(mismatches(blocks, sigma[order])) > 0.45


def test_a_real_file_of_another_order_is_refused(data, tmp_path):
    files = find_wannier90_files(data("Fe") / "Fe")
    for kind in ("chk", "eig", "mmn"):
        (tmp_path / files[kind].name).symlink_to(files[kind])
    sigma = np.array(list(read_spn(files["spn"], 20, 27)))
    write_spn(tmp_path / "Fe.spn", sigma[::-1])
    refused(tmp_path / "Fe", "Fe.spn and", "Fe.mmn.xz do not belong together")


def test_no_spin_is_said(tmp_path):
    seed = write_all(tmp_path, calculation())
    assert not any("No spin" in note for note in read_wannier90(seed).notes)
    (tmp_path / "tiny.spn").unlink()
    want = "No spin operator: there is no tiny.spn, give spin_order for a known basis order or make the file"
    assert any(note.startswith(want) for note in read_wannier90(seed).notes)
    assert not any("No spin" in note for note in read_wannier90(seed, spin_order="blocks").notes)


def test_spin_that_a_table_cannot_use_is_said(tmp_path):
    seed = write_tables(tmp_path, calculation())
    write_spn(tmp_path / "tiny.spn", calculation().sigma)
    notes = read_wannier90(seed).notes
    assert any("No spin operator: tiny.spn serves only together with tiny.chk and tiny.eig" in note for note in notes)


def test_energies_that_do_not_ascend_are_said(seed, tmp_path):
    assert not any("ascending" in note for note in read_wannier90(seed).notes)
    calc = calculation()
    calc.E[2] = calc.E[2, ::-1]
    write_eig(tmp_path / "tiny.eig", calc)
    want = "energies of k-point 3 in tiny.eig are not in ascending order (as those of 1 of 4 k-points)"
    assert any(want in note for note in read_wannier90(seed).notes)


@pytest.mark.parametrize("factor", [2.0, 40.0])
@pytest.mark.parametrize("name", ["Pt", "Fe", "Fe222"])
def test_real_matrices_that_are_too_large(data, tmp_path, name, factor):
    arrays = dict(np.load(data(name) / "operators.npz"))
    keys = ("lattice", "R", "H_R", "A_R", "S_R")
    np.savez(tmp_path / "o.npz", **{key: arrays[key] * (factor if key == "S_R" else 1) for key in keys})
    with pytest.raises(InputError, match=r"o\.npz: S_R gives .* Pauli matrices"):
        read_npz(tmp_path / "o.npz")


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_matrices_that_are_too_large_in_any_dimension(tmp_path, dimension):
    lattice, S = np.eye(dimension), np.moveaxis(PAULI, 0, -1)[None]
    content = {"lattice": lattice, "R": np.zeros((1, dimension), dtype=int), "H_R": np.zeros((1, 2, 2))}
    np.savez(tmp_path / "o.npz", **content, S_R=S)
    assert np.array_equal(read_npz(tmp_path / "o.npz").operator("spin").matrices[0], PAULI / 2)
    np.savez(tmp_path / "o.npz", **content, S_R=2 * S)
    with pytest.raises(InputError, match="S_R gives matrices sigma"):
        read_npz(tmp_path / "o.npz")


def test_an_archive_without_spin_says_so_and_mistakes_say_what_to_do(tmp_path):
    content = {"lattice": np.eye(3), "R": np.zeros((1, 3), dtype=int), "H_R": np.zeros((1, 2, 2))}
    np.savez(tmp_path / "o.npz", **content)
    assert any("No spin operator: there is no S_R in o.npz" in note for note in read_npz(tmp_path / "o.npz").notes)
    for H in (np.full((1, 2, 2), np.nan), np.array([[[0, 1], [0, 0]]])):
        np.savez(tmp_path / "o.npz", **{**content, "H_R": H})
        with pytest.raises(InputError, match=r"o\.npz: H .*; correct this array and save the archive again\.$"):
            read_npz(tmp_path / "o.npz")
