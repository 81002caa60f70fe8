import numpy as np
import pytest

from solenoidal import diagnostics, inspect, models
from solenoidal.inspection import describe
from solenoidal.model import BlochModel


def test_model_is_described_in_full():
    text = describe(models.build("kane_mele"))
    for word in (
        "dimension          2",
        "bands              4",
        "R vectors          7",
        "spin       components x, y, z",
    ):
        assert word in text
    assert "odd under time reversal" in text
    assert "max |X_R - X_-R^+|" in text
    assert "D_x            0           0           0" in text


def test_counts_of_close_levels_are_those_of_the_splittings():
    model = models.build("kane_mele")
    splittings = diagnostics.pair_splittings(model)
    line = next(line for line in describe(model).splitlines() if "below 1e-01" in line)
    assert f"{(splittings < 0.1).sum()} of {splittings.size}" in line


def doublets(split):
    H = np.kron(np.diag([-1.0, 1.0]), np.eye(2)) + np.kron(np.eye(2), np.diag([0.0, split]))
    hop = 0.2 * np.eye(4)
    return BlochModel.from_hoppings([[1.0]], {(0,): H, (1,): hop})


def test_exact_pairs_are_said_to_be_exact():
    assert "the bands are degenerate in pairs" in describe(doublets(0.0))


def test_split_pairs_are_said_to_be_split():
    text = describe(doublets(0.03))
    assert "the smaller half reaches 0.03 eV" in text
    assert "degenerate in pairs" not in text


def test_one_band_has_no_distances():
    assert "distances" not in describe(BlochModel.from_hoppings([[1.0]], {(1,): [[0.5]]}))


@pytest.mark.parametrize("name", ["Pt", "Pt.win", "Pt_tb.dat.xz"])
def test_any_file_of_a_calculation_leads_to_all_of_them(name, data):
    text = inspect(data("pt-qe") / name)
    for word in ("Pt.chk.xz", "Pt.spn.xz", "bands              18", "R vectors          93", "notes"):
        assert word in text
    assert "the bands are degenerate in pairs" in text


def test_split_kramers_pairs_of_a_model_are_reported(data):
    text = inspect(data("Pt") / "operators.npz")
    assert "if this crystal has Kramers pairs at every k" in text
