"""Whatever happens to the bytes of a file: an InputError of one sentence, or a model of the right shape.

A digit that turns into another digit cannot be noticed; everything else in the model must then be untouched.
"""

import os
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from writing import calculation, write_all, write_tables

from solenoidal.errors import InputError
from solenoidal.readers import read_npz, read_wannier90

RAW = ("tiny.eig", "tiny.mmn", "tiny.spn", "tiny.chk", "tiny.win")
#: Set SOLENOIDAL_FUZZ to a number of examples to search longer, with new random numbers.
EXAMPLES = int(os.environ.get("SOLENOIDAL_FUZZ", "25"))
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="SOLENOIDAL_FUZZ" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Intact files by route: binary and text raw files, tables with and without _tb.dat, an archive."""
    folder = tmp_path_factory.mktemp("sources")
    calc = calculation(True)
    for route in ("binary", "text", "tb", "hr"):
        (folder / route).mkdir()
    write_all(folder / "binary", calc)
    write_all(folder / "text", calc, chk="chk.fmt", spn="text")
    for route, gone in (("tb", ("hr", "r")), ("hr", ("tb",))):
        write_tables(folder / route, calc)
        path = folder / route / "tiny_wsvec.dat"
        path.write_text(path.read_text().replace(".false.", ".true."))
        for kind in gone:
            (folder / route / f"tiny_{kind}.dat").unlink()
    model = read_wannier90(folder / "binary" / "tiny")
    (folder / "npz").mkdir()
    A, S = np.moveaxis(model.position, 1, -1), np.moveaxis(model.operator("spin").matrices, 1, -1)
    np.savez(folder / "npz" / "tiny.npz", lattice=model.lattice, R=model.R, H_R=model.H, A_R=A, S_R=S)
    return folder


def read(folder):
    if folder.name.startswith("npz"):
        return read_npz(folder / "tiny.npz")
    return read_wannier90(folder / "tiny")


def attempt(folder):
    """The model and no sentence, or no model and the sentence; any other exception is a failure."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return read(folder), ""
    except InputError as error:
        return None, str(error)


def outcome(intact, folder, name, data):
    """Read the calculation with the bytes of one file replaced; the model, or None after an InputError."""
    broken = folder.parent / f"{folder.name}-broken"
    broken.mkdir(exist_ok=True)
    for path in folder.iterdir():
        (broken / path.name).write_bytes(data if path.name == name else path.read_bytes())
    model, sentence = attempt(broken)
    if model is None:
        assert "\n" not in sentence
        assert "tiny" in sentence
        return None
    assert model.size == intact.size
    assert model.R.shape[1] == 3
    assert all(np.isfinite(X).all() for X in (model.H, model.position))
    return model


def cases():
    routes = [("binary", name) for name in RAW]
    routes += [("text", name) for name in ("tiny.spn", "tiny.chk.fmt")]
    routes += [("tb", "tiny_tb.dat"), ("tb", "tiny_wsvec.dat"), ("hr", "tiny_hr.dat"), ("hr", "tiny_r.dat")]
    return [*routes, ("npz", "tiny.npz")]


def texts():
    binary = [("binary", "tiny.spn"), ("binary", "tiny.chk"), ("binary", "tiny.win"), ("npz", "tiny.npz")]
    return [case for case in cases() if case not in binary]


@pytest.mark.parametrize(("route", "name"), cases())
@FUZZ
@given(data=st.data())
def test_flipped_bytes(sources, route, name, data):
    folder = sources / route
    content = bytearray((folder / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        # Half of the flips hit the first bytes, where the counts stand.
        last = data.draw(st.sampled_from([min(200, len(content)), len(content)])) - 1
        content[data.draw(st.integers(0, last))] = data.draw(st.integers(0, 255))
    outcome(read(folder), folder, name, bytes(content))


@pytest.mark.parametrize(("route", "name"), cases())
@FUZZ
@given(data=st.data())
def test_truncated(sources, route, name, data):
    folder = sources / route
    content = (folder / name).read_bytes()
    kept = data.draw(st.integers(0, len(content) - 1))
    model = outcome(read(folder), folder, name, content[:kept])
    # Only the end of .win and the end of the last line of a text of fixed columns can go unseen.
    assert model is None or name == "tiny.win" or (len(content) - kept == 1 and content.endswith(b"\n"))


@pytest.mark.parametrize(("route", "name"), texts())
@pytest.mark.parametrize("what", ["deleted", "doubled", "swapped", "nan"])
@FUZZ
@given(data=st.data())
def test_lines(sources, route, name, what, data):
    folder = sources / route
    intact = read(folder)
    lines = (folder / name).read_bytes().splitlines(keepends=True)
    # Line 0 is a comment; _r.dat without line 2 is the form of older versions.
    i = data.draw(st.integers(3 if name == "tiny_r.dat" else 1, len(lines) - 2))
    if what == "deleted":
        changed = lines[:i] + lines[i + 1 :]
    elif what == "doubled":
        changed = [*lines[: i + 1], lines[i], *lines[i + 1 :]]
    elif what == "swapped":
        changed = [*lines[:i], lines[i + 1], lines[i], *lines[i + 2 :]]
    else:
        fields = lines[i].split()
        changed = [*lines[:i], b" ".join([*fields[:-1], b"NaN"]) + b"\n", *lines[i + 1 :]]
    model = outcome(intact, folder, name, b"".join(changed))
    passed_over = name == "tiny.chk.fmt" and not lines[i].strip(b" 0.E+-\n")  # its overlaps, all zero here
    if what in ("deleted", "doubled") and not passed_over:
        assert model is None
    if what == "nan" and not passed_over:
        assert model is None
    if model is not None and changed != lines and name == "tiny.spn":
        assert np.array_equal(model.H, intact.H)
        assert np.array_equal(model.position, intact.position)


@FUZZ
@given(counts=st.lists(st.integers(-(2**31), 2**31 - 1), min_size=3, max_size=3))
def test_counts_of_any_size(sources, counts):
    folder = sources / "text"
    intact = read(folder)
    for name, line, n in (("tiny.mmn", 1, 3), ("tiny.spn", 1, 2), ("tiny.chk.fmt", 1, 1), ("tiny.chk.fmt", 5, 1)):
        lines = (folder / name).read_bytes().splitlines()
        lines[line] = " ".join(str(x) for x in counts[:n]).encode()
        assert outcome(intact, folder, name, b"\n".join(lines)) is None


def test_the_texts_are_what_the_binaries_hold(sources):
    """The corruption tests start from files that agree."""
    binary, text = read(sources / "binary"), read(sources / "text")
    assert abs(binary.H - text.H).max() < 1e-13
    assert abs(binary.operator("spin").matrices - text.operator("spin").matrices).max() < 1e-13
