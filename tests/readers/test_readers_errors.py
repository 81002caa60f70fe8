"""Every mistake in a file leads to one sentence that names the file and what is wrong."""

import lzma
import re

import numpy as np
import pytest
from writing import (
    LATTICE,
    calculation,
    record,
    tables,
    write_all,
    write_chk,
    write_chk_text,
    write_mmn,
    write_spn,
    write_spn_text,
    write_tables,
    write_tb,
)

from solenoidal.errors import InputError
from solenoidal.readers import read_wannier90


@pytest.fixture
def seed(tmp_path):
    return write_all(tmp_path, calculation(True))


@pytest.fixture
def table_seed(tmp_path):
    return write_tables(tmp_path, calculation())


def refused(seed, *parts, **options):
    """The reader refuses ``seed`` with one sentence that has these parts in this order."""
    with pytest.raises(InputError) as caught:
        read_wannier90(seed, **options)
    sentence = str(caught.value)
    assert re.search(".*".join(re.escape(part) for part in parts), sentence), sentence
    assert "\n" not in sentence
    assert sentence.endswith((".", ")."))


def edit(path, change):
    """Rewrite a text file as ``change`` of its list of lines."""
    lines = path.read_text().splitlines()
    path.write_text("\n".join(change(lines)) + "\n")


def set_line(path, number, text):
    edit(path, lambda lines: [*lines[: number - 1], text, *lines[number:]])


def test_nothing_there(tmp_path):
    refused(tmp_path / "none", "none", "no file with this seed name", ".chk", ".eig", "_tb.dat", "_hr.dat")


@pytest.mark.parametrize(("gone", "kept"), [("eig", "tiny.chk"), ("chk", "tiny.eig")])
def test_half_of_what_is_needed(seed, tmp_path, gone, kept):
    (tmp_path / f"tiny.{gone}").unlink()
    refused(seed, "tiny: only", kept, "found", "the other one is missing")


def test_a_table_without_lattice(table_seed, tmp_path):
    (tmp_path / "tiny_tb.dat").unlink()
    (tmp_path / "tiny.win").unlink()
    refused(table_seed, "tiny_hr.dat", "lattice", ".win")


def test_eig_with_a_missing_line(seed, tmp_path):
    edit(tmp_path / "tiny.eig", lambda lines: lines[:6] + lines[7:])
    refused(seed, "tiny.eig", "line 7", "band 3 of k-point 2 should", "found band 4 of k-point 2")


def test_eig_with_a_missing_kpoint(seed, tmp_path):
    edit(tmp_path / "tiny.eig", lambda lines: lines[:12])
    refused(seed, "tiny.eig", "ends after line 12", "k-point 4 of 4", "truncated")


def test_eig_with_too_many_lines(seed, tmp_path):
    edit(tmp_path / "tiny.eig", lambda lines: [*lines, lines[-1]])
    refused(seed, "tiny.eig", "line 17", "more than its header says")


@pytest.mark.parametrize(
    ("text", "why"), [("NaN", "finite"), ("Infinity", "finite"), ("****", "fit its column"), ("x", "not a number")]
)
def test_eig_with_a_bad_number(seed, tmp_path, text, why):
    set_line(tmp_path / "tiny.eig", 6, f"    2    2  {text}")
    refused(seed, "tiny.eig: line 6", text, why)


def test_eig_of_more_bands(seed, tmp_path):
    calc = calculation()
    lines = [f"{n + 1} {k + 1} {n}.0" for k in range(4) for n in range(len(calc.E[0]) + 1)]
    (tmp_path / "tiny.eig").write_text("\n".join(lines))
    refused(seed, "tiny.eig", "line 5", "band 1 of k-point 2 should", "found band 5 of k-point 1", "4 bands")


@pytest.mark.parametrize("name", ["tiny.eig", "tiny.mmn", "tiny.spn", "tiny.chk"])
def test_truncated_files(seed, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-60])
    refused(seed, name, "end")


def test_truncated_compression(seed, tmp_path):
    path = tmp_path / "tiny.mmn"
    (tmp_path / "tiny.mmn.xz").write_bytes(lzma.compress(path.read_bytes())[:-50])
    path.unlink()
    refused(seed, "tiny.mmn.xz", "damaged or truncated")


def test_what_is_not_compressed_at_all(seed, tmp_path):
    (tmp_path / "tiny.eig").rename(tmp_path / "tiny.eig.gz")
    refused(seed, "tiny.eig.gz", "compressed file is damaged")


def test_big_endian_files(seed, tmp_path):
    calc = calculation(True)
    write_spn(tmp_path / "tiny.spn", calc.sigma, ">")
    refused(seed, "tiny.spn", "big-endian", "-export")
    write_chk(tmp_path / "tiny.chk", calc, order=">")
    refused(seed, "tiny.chk", "big-endian")


def test_no_fortran_file(seed, tmp_path):
    (tmp_path / "tiny.chk").write_bytes(b"PK\3\4 something else")
    refused(seed, "tiny.chk", "not a Fortran unformatted file")


def test_record_marks_that_differ(seed, tmp_path):
    path = tmp_path / "tiny.spn"
    data = bytearray(path.read_bytes())
    data[64] += 1
    path.write_bytes(data)
    refused(seed, "tiny.spn", "header", "opens with 60 bytes and closes with 61")


@pytest.mark.parametrize("writer", [write_spn, write_spn_text])
def test_spn_of_another_calculation(seed, tmp_path, writer):
    writer(tmp_path / "tiny.spn", calculation().sigma[:, :, :3, :3])
    refused(seed, "tiny.spn", "3 bands and 4 k-points", "checkpoint has 4 and 4")


def test_spn_that_cannot_be_pauli_matrices(seed, tmp_path):
    sigma = calculation().sigma.copy()
    sigma[2, 1] *= 1.6
    write_spn(tmp_path / "tiny.spn", sigma)
    refused(seed, "tiny.spn", "sigma_y", "k-point 3", "cannot exceed 1")


def test_spn_with_nan(seed, tmp_path):
    sigma = calculation().sigma.copy()
    sigma[1, 0, 0, 0] = np.nan
    write_spn(tmp_path / "tiny.spn", sigma)
    refused(seed, "tiny.spn", "k-point 2", "NaN")


def test_spn_and_spin_order_together(seed):
    refused(seed, "tiny", ".spn", "remove spin_order", spin_order="blocks")


def test_mmn_of_another_calculation(seed, tmp_path):
    set_line(tmp_path / "tiny.mmn", 2, "5 4 6")
    refused(seed, "tiny.mmn", "5 bands, 4 k-points and 6 neighbours", "4, 4 and 6")


@pytest.mark.parametrize("counts", ["4 4", "4 4 x", "4 -4 6", "4 99999999999999999999 6"])
def test_mmn_with_a_bad_header(seed, tmp_path, counts):
    set_line(tmp_path / "tiny.mmn", 2, counts)
    refused(seed, "tiny.mmn: line 2", "numbers of bands, k-points and neighbours")


def test_mmn_with_a_wrong_neighbour(seed, tmp_path):
    calc = calculation()
    k, k2, G, M = calc.neighbours[7]
    calc.neighbours[7] = (k, k2, np.add(G, [0, 0, 1]), M)
    write_mmn(tmp_path / "tiny.mmn", calc)
    refused(seed, "tiny.mmn", "neighbours of k-point 2", "differ")


def test_mmn_without_complete_shells(seed, tmp_path):
    calc = calculation()
    calc.neighbours = [(k, k2, np.array([G[0], G[1], 1]), M) for k, k2, G, M in calc.neighbours]
    write_mmn(tmp_path / "tiny.mmn", calc)
    refused(seed, "tiny.mmn", "complete shells")


def test_mmn_with_a_kpoint_twice(seed, tmp_path):
    calc = calculation()
    calc.neighbours[6:12] = calc.neighbours[:6]
    write_mmn(tmp_path / "tiny.mmn", calc)
    refused(seed, "tiny.mmn", "k-point 1 comes twice")


def test_mmn_with_a_missing_line(seed, tmp_path):
    edit(tmp_path / "tiny.mmn", lambda lines: lines[:10] + lines[11:])
    refused(seed, "tiny.mmn: line 19", "2 numbers", "overlaps of k-point 1")


def test_mmn_with_a_doubled_line(seed, tmp_path):
    edit(tmp_path / "tiny.mmn", lambda lines: [*lines[:10], lines[9], *lines[10:]])
    refused(seed, "tiny.mmn: line 20", "k k2 g1 g2 g3")


@pytest.mark.parametrize("write", [write_chk, write_chk_text])
def test_an_unfinished_run(seed, tmp_path, write):
    (tmp_path / "tiny.chk").unlink()
    name = "tiny.chk" if write is write_chk else "tiny.chk.fmt"
    write(tmp_path / name, calculation(True), stage="postdis")
    refused(seed, name, "postdis", "wannier90.x", "postwann")


def _chk(tmp_path, change, disentangled=True):
    calc = calculation(disentangled)
    change(calc)
    write_chk(tmp_path / "tiny.chk", calc)


def test_matrices_that_are_not_unitary(seed, tmp_path):
    _chk(tmp_path, lambda calc: calc.U.__setitem__(2, 1.01 * calc.U[2]))
    refused(seed, "tiny.chk", "k-point 3", "not orthonormal")


def test_matrices_with_nan(seed, tmp_path):
    _chk(tmp_path, lambda calc: calc.U.__setitem__((1, 0, 0), np.nan))
    refused(seed, "tiny.chk", "k-point 2", "not orthonormal")


def test_a_window_with_a_hole(seed, tmp_path):
    _chk(tmp_path, lambda calc: calc.window.__setitem__((0, 1), False))
    refused(seed, "tiny.chk", "window of k-point 1")


@pytest.mark.parametrize(("vector", "why"), [([3.0, 3.5, 0.0], "linearly independent"), ([np.inf, 0, 0], "not finite")])
def test_a_lattice_that_is_none(seed, tmp_path, vector, why):
    write_chk(tmp_path / "tiny.chk", calculation(True), lattice=np.array([*LATTICE[:2], vector]))
    refused(seed, "tiny.chk", "lattice vectors", why)


def test_a_reciprocal_lattice_of_another_crystal(seed, tmp_path):
    write_chk(tmp_path / "tiny.chk", calculation(True), reciprocal=np.eye(3))
    refused(seed, "tiny.chk", "reciprocal lattice do not belong together")


def test_kpoints_off_the_mesh(seed, tmp_path):
    (tmp_path / "tiny.win").unlink()
    _chk(tmp_path, lambda calc: calc.kpoints.__iadd__(0.1))
    refused(seed, "tiny.chk", "k-point 1", "(0.1, 0.1, 0.1)", "Gamma-centred mesh (2, 2, 1)")


def test_a_kpoint_twice(seed, tmp_path):
    _chk(tmp_path, lambda calc: calc.kpoints.__setitem__(3, calc.kpoints[1] + 1))
    refused(seed, "tiny.chk", "k-points 2 and 4 are the same point")


def test_kpoints_in_another_order_than_in_win(seed, tmp_path):
    _chk(tmp_path, lambda calc: calc.kpoints.__setitem__(slice(None), calc.kpoints[::-1].copy()))
    refused(seed, "tiny.win and", "tiny.chk", "k-point 1 differs")


def test_kpoints_in_another_order_than_in_mmn(seed, tmp_path):
    (tmp_path / "tiny.win").unlink()
    _chk(tmp_path, lambda calc: calc.kpoints.__setitem__(slice(None), calc.kpoints[[0, 3, 1, 2]].copy()))
    refused(seed, "tiny.mmn", "neighbours")


def test_counts_that_are_too_large_allocate_nothing(seed, tmp_path):
    path = tmp_path / "tiny.chk"
    data = path.read_bytes()
    head = record(b"written for a test".ljust(33)) + record((2**31 - 1).to_bytes(4, "little"))
    path.write_bytes(head + data[len(head) :])
    refused(seed, "tiny.chk", "bytes where", "follow from the counts")


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("num_wann = 2", "num_wann = 3", ["num_wann is 3 and 2"]),
        ("NUM_BANDS : 4", "NUM_BANDS : 5", ["num_bands is 5 and 4"]),
        ("mp_grid 2 2 1", "mp_grid 2 1 2", ["mp_grid is (2, 1, 2) and (2, 2, 1)"]),
        ("mp_grid 2 2 1", "mp_grid 2 2", ["line 4", "mp_grid needs 3 positive integer(s)"]),
        ("3.50000000", "3.60000000", ["lattice vectors differ by 0.1 Angstrom"]),
        ("2.5d-1", "NaN", ["line 5", "fermi_energy needs one finite number"]),
        ("2.5d-1", "1.0 2.0", ["line 5", "fermi_energy needs one finite number"]),
        ("2.5d-1", "1.0\nfermi_energy = 2.0", ["line 6", "'fermi_energy'", "line 5"]),
        ("2.5d-1", "1.0\nuse_ws_distance = maybe", ["line 6", "use_ws_distance", ".true. or .false.", "maybe"]),
        ("end kpoints", "", ["begin kpoints", "not closed"]),
        ("4.00000000", "x", ["line 10", "unit_cell_cart", "three finite numbers"]),
        ("0.00000000 0.00000000 4.00000000", "3 3.5 0", ["linearly independent"]),
    ],
)
def test_win(seed, tmp_path, old, new, parts):
    path = tmp_path / "tiny.win"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    refused(seed, "tiny.win", *parts)


def test_wsvec_of_another_calculation(table_seed, tmp_path):
    path = tmp_path / "tiny_wsvec.dat"
    path.write_text(
        path.read_text().replace(".false.", ".true.").replace("   -1   -1    0    1    2", "    0    0    0    1    2")
    )
    refused(table_seed, "tiny_wsvec.dat: line 5", "(-1, -1, 0, 1, 2)", "should stand here", "one calculation")


def test_wsvec_that_ends_in_its_comment(table_seed, tmp_path):
    (tmp_path / "tiny_wsvec.dat").write_text("## written for a test  with use_ws_distance=.tr")
    refused(table_seed, "tiny_wsvec.dat: line 1", "use_ws_distance", "truncated")


def test_images_that_nobody_knows(table_seed, tmp_path):
    (tmp_path / "tiny.win").unlink()
    refused(table_seed, "tiny_tb.dat", "nearest images", "_wsvec.dat", use_ws_distance=True)


@pytest.mark.parametrize(
    ("number", "text", "parts"),
    [
        (2, " 1 0", ["line 2", "expected 3 numbers on a line of the lattice"]),
        (3, "6.0 0.0 0.0", ["lattice vectors", "linearly independent"]),
        (6, "12", ["line 9", "the degeneracies"]),
        (6, "0", ["line 6", "must be positive"]),
        (7, "4 2 4 2 1 2 4 2 5", ["inverse degeneracies"]),
        (7, "4 2 4 2 1 2 4 2.5 4", ["line 7", "positive integers"]),
        (9, "7 7 0", ["different R vectors"]),
        (10, "    1    2   0.1 0.1", ["line 10", "element (1, 1)", "found (1, 2)"]),
        (10, "    1    1   9.9 0.1", ["Hamiltonian is not Hermitian", "R = "]),
    ],
)
def test_tb(table_seed, tmp_path, number, text, parts):
    set_line(tmp_path / "tiny_tb.dat", number, text)
    refused(table_seed, "tiny_tb.dat", *parts)


@pytest.mark.parametrize(("R", "parts"), [([7, 7, 0], ["(-7, -7, 0)", "missing"]), ([0, 0, 0], ["listed twice"])])
def test_vectors_that_are_no_wigner_seitz_cell(table_seed, tmp_path, R, parts):
    t = tables(calculation())
    t.R[0] = R
    write_tb(tmp_path / "tiny_tb.dat", t)
    refused(table_seed, "tiny_tb.dat", "R vector", *parts)


def test_r_of_another_calculation(table_seed, tmp_path):
    (tmp_path / "tiny_tb.dat").unlink()
    set_line(tmp_path / "tiny_r.dat", 2, "5")
    refused(table_seed, "tiny_r.dat", "5 Wannier functions and 9 R vectors", "tiny_hr.dat")


def test_hr_with_a_missing_line(table_seed, tmp_path):
    (tmp_path / "tiny_tb.dat").unlink()
    edit(tmp_path / "tiny_hr.dat", lambda lines: lines[:8] + lines[9:])
    refused(table_seed, "tiny_hr.dat: line 20", "every R vector has 16 lines")


def test_mesh_of_another_calculation(table_seed, tmp_path):
    t = tables(calculation())
    t.ndegen = np.ones_like(t.ndegen)
    write_tb(tmp_path / "tiny_tb.dat", t)
    refused(table_seed, "tiny.win and", "tiny_tb.dat", "number of k-points by mp_grid is 4 and 9")


def test_odd_number_of_partners(tmp_path):
    calc = calculation()
    calc.V = calc.U = calc.U[:, :, :3]
    seed = write_tables(tmp_path, calc)
    refused(seed, "tiny", "3 Wannier functions", "spin_order", spin_order="blocks")


@pytest.mark.parametrize(("key", "value"), [("spin_order", "alternating"), ("position", "exact")])
def test_options_with_unknown_values(table_seed, key, value):
    refused(table_seed, f"{key} is '{value}'", "must be", **{key: value})


def test_a_folder_in_place_of_a_file(tmp_path):
    (tmp_path / "tiny.chk").mkdir()
    (tmp_path / "tiny.eig").mkdir()
    refused(tmp_path / "tiny", "no file with this seed name")
