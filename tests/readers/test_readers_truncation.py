"""Files cut inside their last line, empty files, and bytes behind the end."""

import bz2
import gzip
import lzma
import re
import shutil

import numpy as np
import pytest
from writing import calculation, record, write_all, write_chk, write_tables

from solenoidal.errors import InputError
from solenoidal.readers import read_wannier90
from solenoidal.readers.opening import open_lines, open_stream
from solenoidal.readers.text import TextFile

COMPRESS = {".bz2": bz2.compress, ".xz": lzma.compress, ".gz": gzip.compress}


def refused(seed, *parts):
    with pytest.raises(InputError) as caught:
        read_wannier90(seed)
    sentence = str(caught.value)
    assert re.search(".*".join(map(re.escape, parts)), sentence), sentence
    assert sentence.isprintable()


def raw(folder, text=False):
    return write_all(folder, calculation(True), **({"chk": "chk.fmt", "spn": "text"} if text else {}))


def flat_tables(folder, kind):
    """Tables of which only those that ``kind`` needs are left."""
    seed = write_tables(folder, calculation())
    if kind in ("hr", "r"):
        (folder / "tiny_tb.dat").unlink()
    path = folder / "tiny_wsvec.dat"
    path.write_text(path.read_text().replace(".false.", ".true."))
    return seed


@pytest.mark.parametrize("cut", [2, 3, 5, 7, 12, 15])
@pytest.mark.parametrize("name", ["tiny.eig", "tiny.mmn", "tiny.spn", "tiny.chk.fmt"])
def test_a_raw_text_cut_in_its_last_number(tmp_path, name, cut):
    seed = raw(tmp_path, text=True)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-cut])
    refused(seed, name, "truncated", "restore it or make it again")


@pytest.mark.parametrize("cut", range(2, 13))
@pytest.mark.parametrize("kind", ["tb", "hr", "r", "wsvec"])
def test_a_table_cut_in_its_last_number(tmp_path, kind, cut):
    seed = flat_tables(tmp_path, kind)
    path = tmp_path / f"tiny_{kind}.dat"
    path.write_bytes(path.read_bytes()[:-cut])
    refused(seed, path.name, "truncated", "restore it or make it again")


def test_a_cut_last_line_is_named(tmp_path):
    seed = flat_tables(tmp_path, "tb")
    path = tmp_path / "tiny_tb.dat"
    path.write_bytes(path.read_bytes()[:-4])
    lines = path.read_bytes().count(b"\n") + 1
    refused(seed, f"tiny_tb.dat: line {lines}: the last line has no line end", "truncated")


@pytest.mark.parametrize("name", ["tiny.eig", "tiny.mmn", "tiny.spn"])
def test_a_whole_last_line_without_its_end_is_read(tmp_path, name):
    seed = raw(tmp_path, text=True)
    whole = read_wannier90(seed)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-1])
    assert np.array_equal(read_wannier90(seed).H, whole.H)
    assert np.array_equal(read_wannier90(seed).position, whole.position)


def test_real_energies_cut_inside_the_last_number(data, tmp_path):
    for path in data("Pt").glob("Pt.*"):
        shutil.copyfile(path, tmp_path / path.name)
    eig = tmp_path / "Pt.eig"
    content = eig.read_bytes()
    assert not content.endswith(b"\n")  # this real file is whole and lacks its last line end
    for cut in (1, 6, 14):
        eig.write_bytes(content[:-cut])
        refused(tmp_path / "Pt", "Pt.eig", "truncated")


@pytest.mark.parametrize("peeked", [False, True])
def test_a_single_line_has_nothing_to_be_compared_with(tmp_path, peeked):
    (tmp_path / "x").write_text("1.25")
    with TextFile(tmp_path / "x") as file:
        if peeked:
            file.peek("a number")
        file.numbers(1, "a number")
        with pytest.raises(InputError, match="line 1: the last line has no line end"):
            file.finish()


def test_white_space_behind_a_whole_file(tmp_path):
    seed = raw(tmp_path)
    whole = read_wannier90(seed)
    with open(tmp_path / "tiny.eig", "a") as file:
        file.write("\n  \n ")
    assert np.array_equal(read_wannier90(seed).H, whole.H)


@pytest.mark.parametrize("name", ["tiny.eig", "tiny.mmn", "tiny.chk", "tiny.chk.fmt", "tiny.spn"])
def test_empty_files(tmp_path, name):
    seed = raw(tmp_path, text=name.endswith("fmt"))
    (tmp_path / name).write_bytes(b"")
    refused(seed, f"{name}: the file is empty, restore it or make it again.")


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_other_line_ends_and_a_byte_order_mark(tmp_path, end):
    seed = raw(tmp_path, text=True)
    want = read_wannier90(seed)
    for path in tmp_path.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", end))
    model = read_wannier90(seed)
    assert np.array_equal(model.H, want.H)
    assert np.array_equal(model.position, want.position)
    assert model.fermi_energy == want.fermi_energy


@pytest.mark.parametrize("size", [1, 2, 5, 1 << 20])
def test_only_three_line_ends(tmp_path, size):
    (tmp_path / "x").write_bytes(b"\xef\xbb\xbfa\x85b\x0b\x0c\x1c\x1d\x1ec\r\nd\re\r\r\n\nf\r")
    with open_lines(tmp_path / "x") as stream:
        out = b""
        while piece := stream.raw.read(size):
            out += piece
    assert out == b"a\x85b\x0b\x0c\x1c\x1d\x1ec\nd\ne\n\n\nf\n"


@pytest.mark.parametrize("suffix", COMPRESS)
def test_streams_of_several_parts(tmp_path, suffix):
    parts = [bytes(range(256)) * 1000, b"", b"second"]
    padding = b"" if suffix == ".bz2" else bytes(8)
    (tmp_path / f"x{suffix}").write_bytes(b"".join(COMPRESS[suffix](part) + padding for part in parts))
    with open_stream(tmp_path / f"x{suffix}") as stream:
        assert stream.read() == b"".join(parts)


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("change", ["garbage behind", "cut", "plain"])
def test_compressed_files_that_are_not_sound(tmp_path, suffix, change):
    seed = raw(tmp_path)
    path = tmp_path / "tiny.eig"
    packed = COMPRESS[suffix](path.read_bytes())
    broken = {"garbage behind": packed + b"garbage", "cut": packed[:-9], "plain": path.read_bytes()}[change]
    (tmp_path / f"tiny.eig{suffix}").write_bytes(broken)
    path.unlink()
    refused(seed, f"tiny.eig{suffix}: not a {suffix} file, or the compressed file is damaged", "restore it")


def test_bytes_behind_the_records(tmp_path):
    seed = raw(tmp_path)
    for name in ("tiny.chk", "tiny.spn"):
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content + record(b"more"))
        refused(seed, name, "goes on behind its last record", "restore it or make it again")
        (tmp_path / name).write_bytes(content)


def test_lines_behind_a_checkpoint_as_text(tmp_path):
    seed = raw(tmp_path, text=True)
    with open(tmp_path / "tiny.chk.fmt", "a") as file:
        file.write("0.0 0.0\n")
    refused(seed, "tiny.chk.fmt", "should have ended before this line")


def test_overlaps_of_the_checkpoint_that_are_not_finite(tmp_path):
    seed = raw(tmp_path)
    path = tmp_path / "tiny.chk"
    overlaps = np.zeros(2 * 2 * 6 * 4, dtype="<c16")
    whole = record(overlaps.tobytes())
    assert path.read_bytes().count(whole) == 1
    overlaps[5] = np.nan
    path.write_bytes(path.read_bytes().replace(whole, record(overlaps.tobytes())))
    refused(seed, "tiny.chk", "overlaps hold NaN", "repeat the run")


def test_overlaps_of_a_checkpoint_as_text_that_are_not_finite(tmp_path):
    seed = raw(tmp_path, text=True)
    path = tmp_path / "tiny.chk.fmt"
    lines = path.read_text().splitlines()
    last = max(i for i, line in enumerate(lines) if line.split() == ["0.00000000000000000E+00"] * 2)
    lines[last] = "NaN 0.0"
    path.write_text("\n".join(lines) + "\n")
    refused(seed, f"tiny.chk.fmt: line {last + 1}", "'NaN' in the overlaps is not finite")


def test_a_stage_with_strange_bytes_stays_on_one_line(tmp_path):
    seed = raw(tmp_path)
    write_chk(tmp_path / "tiny.chk", calculation(True), stage="post\ndis")
    refused(seed, "tiny.chk", "stage 'post?dis'")


COMMENT = b"! a in \xc3\x85 use_ws_distance = .false.\n"


@pytest.mark.parametrize("byte", [b"\x85", b"\x0b", b"\x0c", b"\x1c", b"\x1d", b"\x1e", b"\xe2\x80\xa8", b"\xc2\x85"])
def test_a_comment_ends_with_its_line(tmp_path, byte):
    seed = raw(tmp_path)
    path = tmp_path / "tiny.win"
    path.write_bytes(COMMENT + b"# a" + byte + b"use_ws_distance = .false.\n" + path.read_bytes())
    assert any("use_ws_distance = true" in note for note in read_wannier90(seed).notes)


def test_a_keyword_behind_a_byte_order_mark(tmp_path):
    seed = raw(tmp_path)
    path = tmp_path / "tiny.win"
    path.write_bytes(b"\xef\xbb\xbfuse_ws_distance = .false.\n" + path.read_bytes())
    assert any("use_ws_distance = false" in note for note in read_wannier90(seed).notes)


def test_a_sentence_about_strange_letters_stays_on_one_line(tmp_path):
    seed = raw(tmp_path)
    path = tmp_path / "tiny.win"
    path.write_bytes(b"use_ws_distance = no\x0b\xe2\x80\xa8t\n" + path.read_bytes())
    refused(seed, "tiny.win: line 1: use_ws_distance needs .true. or .false.")
