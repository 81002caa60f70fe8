"""Round trips of a tiny calculation whose operators are known exactly."""

import bz2
import gzip
import lzma

import numpy as np
import pytest
from writing import (
    FERMI,
    LATTICE,
    PAULI,
    TAU,
    at,
    calculation,
    split_record,
    spn_values,
    tables,
    write_all,
    write_flat,
    write_spn,
    write_tables,
)

from solenoidal.errors import InputError
from solenoidal.events import Progress
from solenoidal.readers import find_wannier90_files, read_wannier90
from solenoidal.readers.fortran import FortranFile

ROUNDING = 1e-12


@pytest.mark.parametrize("disentangled", [False, True])
@pytest.mark.parametrize("chk", ["chk", "chk.fmt"])
@pytest.mark.parametrize("spn", ["unformatted", "text"])
@pytest.mark.parametrize("images", [True, False])
def test_operators_at_mesh_points_are_those_of_the_bloch_states(tmp_path, disentangled, chk, spn, images):
    calc = calculation(disentangled)
    model = read_wannier90(write_all(tmp_path, calc, chk=chk, spn=spn), use_ws_distance=images)
    H, S = calc.hamiltonian(), calc.on_mesh(calc.sigma) if not disentangled else _spin(calc)
    for k, kpoint in enumerate(calc.kpoints):
        assert abs(at(model, model.H, kpoint) - H[k]).max() < ROUNDING
        assert abs(2 * at(model, model.operator("spin").matrices, kpoint) - S[k]).max() < ROUNDING
    assert model.fermi_energy == FERMI
    assert np.array_equal(model.lattice, LATTICE)
    assert model.operator("spin").components == ("x", "y", "z")
    assert model.operator("spin").time_reversal == -1


def _spin(calc):
    return np.array([[V.conj().T @ s @ V for s in sigma] for V, sigma in zip(calc.V, calc.sigma, strict=True)])


def test_the_gauge_of_the_orbitals_gives_the_model_back(tmp_path):
    calc = calculation()
    model = read_wannier90(write_all(tmp_path, calc), position="log-diagonal")
    spin = np.array([np.kron(s, np.eye(2)) for s in PAULI]) / 2
    tau = np.array([np.diag(TAU[:, i]) for i in range(3)])
    for kpoint in calc.kpoints:
        assert abs(at(model, model.operator("spin").matrices, kpoint) - spin).max() < ROUNDING
        # Every |b . tau| < pi, so that the logarithm gives the positions exactly.
        assert abs(at(model, model.position, kpoint) - tau).max() < ROUNDING


def test_the_default_position_is_the_hermitian_part_of_the_first_difference(tmp_path):
    calc = calculation()
    model = read_wannier90(write_all(tmp_path, calc))
    # One pair of neighbours +-b along each axis: i w b (exp(-i b tau) - exp(i b tau)) = sin(b tau) / b.
    b = 2 * np.pi / np.diag(LATTICE) / np.array([2, 2, 1])
    want = np.array([np.diag(np.sin(b[i] * TAU[:, i]) / b[i]) for i in range(3)])
    assert abs(at(model, model.position, calc.kpoints[3]) - want).max() < ROUNDING


@pytest.mark.parametrize("images", [True, False])
def test_the_list_is_closed_and_exactly_hermitian(tmp_path, images):
    model = read_wannier90(write_all(tmp_path, calculation(True)), use_ws_distance=images)
    index = {tuple(R): i for i, R in enumerate(model.R.tolist())}
    partner = [index[tuple(-x for x in R)] for R in model.R.tolist()]
    for X in (model.H, model.position, model.operator("spin").matrices):
        assert np.array_equal(X[partner].conj().swapaxes(-1, -2), X)


@pytest.mark.parametrize(
    ("suffix", "compress"), [(".bz2", bz2.compress), (".xz", lzma.compress), (".gz", gzip.compress)]
)
def test_compressed_files_give_the_same_model(tmp_path, suffix, compress):
    seed = write_all(tmp_path, calculation(True))
    plain = read_wannier90(seed)
    for path in list(tmp_path.iterdir()):
        (tmp_path / (path.name + suffix)).write_bytes(compress(path.read_bytes()))
        path.unlink()
    packed = read_wannier90(seed)
    assert np.array_equal(plain.H, packed.H)
    assert np.array_equal(plain.position, packed.position)
    assert np.array_equal(plain.operator("spin").matrices, packed.operator("spin").matrices)


def test_a_plain_file_wins_over_a_compressed_one(tmp_path):
    seed = write_all(tmp_path, calculation())
    (tmp_path / "tiny.eig.xz").write_bytes(b"not read")
    assert find_wannier90_files(seed)["eig"].name == "tiny.eig"
    assert read_wannier90(seed).size == 4


def test_a_file_name_serves_as_seed(tmp_path):
    seed = write_all(tmp_path, calculation())
    write_tables(tmp_path, calculation())
    for name in ("tiny.win", "tiny.chk", "tiny_tb.dat"):
        assert find_wannier90_files(tmp_path / name) == find_wannier90_files(seed)
    assert set(find_wannier90_files(seed)) == {"win", "eig", "chk", "mmn", "spn", "tb", "hr", "r", "wsvec"}


@pytest.mark.parametrize("kinds", [("tb", "wsvec"), ("tb", "win"), ("hr", "r", "win"), ("hr", "wsvec", "win")])
def test_tables_give_the_hamiltonian_to_their_digits(tmp_path, kinds):
    calc = calculation()
    seed = write_tables(tmp_path, calc)
    for kind, path in find_wannier90_files(seed).items():
        if kind not in kinds:
            path.unlink()
    model = read_wannier90(seed, use_ws_distance=None if "wsvec" in kinds else "r" in kinds or "tb" in kinds)
    digits = 1e-7 if "tb" in kinds else 4 * 1e-6
    for k, kpoint in enumerate(calc.kpoints):
        assert abs(at(model, model.H, kpoint) - calc.hamiltonian()[k]).max() < digits
    if "tb" in kinds or "r" in kinds:
        origin = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
        assert abs(np.diagonal(model.position[origin], axis1=1, axis2=2).T - TAU).max() < 1e-6
    else:
        assert model.position is None


def test_tables_and_raw_files_use_the_same_images(tmp_path):
    calc = calculation()
    (tmp_path / "raw").mkdir()
    (tmp_path / "tables").mkdir()
    raw = read_wannier90(write_all(tmp_path / "raw", calc), use_ws_distance=True)
    seed = write_tables(tmp_path / "tables", calc)
    folded = read_wannier90(seed, use_ws_distance=True)
    assert np.array_equal(raw.R, folded.R)
    assert abs(raw.H - folded.H).max() < 1e-7


def test_an_old_r_file_without_the_number_of_vectors(tmp_path):
    seed = write_tables(tmp_path, calculation())
    find_wannier90_files(seed)["tb"].unlink()
    new = read_wannier90(seed)
    t = tables(calculation())
    write_flat(f"{seed}_r.dat", t, t.r, ndegen=False, count=False)
    assert np.array_equal(read_wannier90(seed).position, new.position)


def test_columns_that_touch_are_split_by_width(tmp_path):
    seed = write_tables(tmp_path, calculation())
    find_wannier90_files(seed)["tb"].unlink()
    path = find_wannier90_files(seed)["hr"]
    plain = read_wannier90(seed)
    lines = path.read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("    0    0    0    1    1"))
    lines[start] = "    0    0    0    1    1100000.12346    0.000000"
    path.write_text("\n".join(lines) + "\n")
    origin = int(np.flatnonzero((plain.R == 0).all(axis=1))[0])
    assert read_wannier90(seed).H[origin, 0, 0] == pytest.approx(100000.12346, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5D+00", 1.5), ("1.5d-2", 0.015), ("0.25E+01", 2.5), ("-0.0", 0.0), ("0.1234-102", 0.1234e-102)],
)
def test_numbers_as_fortran_spells_them(tmp_path, text, value):
    seed = write_all(tmp_path, calculation())
    path = tmp_path / "tiny.eig"
    lines = path.read_text().splitlines()
    lines[5] = f"    2    2  {text}"
    path.write_text("\n".join(lines) + "\n")
    model = read_wannier90(seed)
    calc = calculation()
    calc.E[1, 1] = value
    assert abs(at(model, model.H, calc.kpoints[1]) - calc.hamiltonian()[1]).max() < ROUNDING


def test_records_of_more_than_one_part(tmp_path):
    path = tmp_path / "parts"
    path.write_bytes(split_record(bytes(range(100)), 30))
    with FortranFile(path) as file:
        assert file.record(100, "bytes") == bytes(range(100))
        file.finish()


def test_spin_order_without_spn(tmp_path):
    seed = write_tables(tmp_path, calculation())
    blocks = read_wannier90(seed, spin_order="blocks").operator("spin").matrices.sum(axis=0)
    interlaced = read_wannier90(seed, spin_order="interlaced").operator("spin").matrices.sum(axis=0)
    assert np.array_equal(np.diag(blocks[2]), [0.5, 0.5, -0.5, -0.5])
    assert np.array_equal(np.diag(interlaced[2]), [0.5, -0.5, 0.5, -0.5])
    for s in (blocks, interlaced):
        assert abs(s[0] @ s[1] - s[1] @ s[0] - 1j * s[2]).max() < 1e-15
    assert any("Spin assumed" in note for note in read_wannier90(seed, spin_order="blocks").notes)


def test_no_spin_unless_a_file_or_the_user_gives_it(tmp_path):
    model = read_wannier90(write_tables(tmp_path, calculation()))
    with pytest.raises(InputError, match=r"no operator 'spin'.*\.spn.*spin_order"):
        model.operator("spin")


def test_without_mmn_the_table_or_the_centres_give_the_position(tmp_path):
    calc = calculation()
    seed = write_all(tmp_path, calc)
    (tmp_path / "tiny.mmn").unlink()
    centres = read_wannier90(seed)
    assert any("only the Wannier centres" in note for note in centres.notes)
    want = np.array([np.diag(TAU[:, i]) for i in range(3)])
    assert abs(centres.position.sum(axis=0) - want).max() < 1e-15
    write_tables(tmp_path, calc)
    table = read_wannier90(seed)
    assert any("position matrix from tiny_tb.dat" in note for note in table.notes)
    assert abs(table.position.sum(axis=0) - want).max() < 1e-7
    assert abs(at(table, table.H, calc.kpoints[2]) - calc.hamiltonian()[2]).max() < ROUNDING


def test_who_decides_about_nearest_images(tmp_path):
    calc = calculation()
    seed = write_all(tmp_path, calc)
    assert "true, the default of Wannier90" in " ".join(read_wannier90(seed).notes)
    with open(tmp_path / "tiny.win", "a") as file:
        file.write("\nuse_ws_distance = .false.")
    assert "false, as in tiny.win" in " ".join(read_wannier90(seed).notes)
    (tmp_path / "tiny_wsvec.dat").write_text("## with use_ws_distance=.true.\n")
    notes = " ".join(read_wannier90(seed).notes)
    assert "true, as recorded in tiny_wsvec.dat while tiny.win says false" in notes
    assert "false, as asked for" in " ".join(read_wannier90(seed, use_ws_distance=False).notes)


def test_progress_reaches_every_kpoint(tmp_path):
    seen = []
    read_wannier90(write_all(tmp_path, calculation()), listen=seen.append)
    stages = {event.stage: event for event in seen if isinstance(event, Progress)}
    assert {stage: (event.done, event.total) for stage, event in stages.items()} == {
        "reading tiny.mmn": (4, 4),
        "reading tiny.spn": (4, 4),
    }


def test_lengths_in_bohr(tmp_path):
    seed = write_tables(tmp_path, calculation())
    find_wannier90_files(seed)["tb"].unlink()
    path = tmp_path / "tiny.win"
    path.write_text(path.read_text().replace("Ang", "Bohr"))
    assert np.allclose(read_wannier90(seed).lattice, LATTICE * 0.529177210903, rtol=1e-9)


def test_imaginary_parts_of_spin_diagonals_are_dropped(tmp_path):
    calc = calculation()
    seed = write_all(tmp_path, calc)
    clean = read_wannier90(seed).operator("spin").matrices
    calc.sigma = calc.sigma + 1e-3j * np.eye(4)
    assert abs(spn_values(calc.sigma).imag).max() > 0
    write_spn(f"{seed}.spn", calc.sigma)
    assert abs(read_wannier90(seed).operator("spin").matrices - clean).max() < ROUNDING
