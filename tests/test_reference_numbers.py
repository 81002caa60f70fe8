"""The page of reference numbers: quick rows agree with the notes, and the page on disk has the rows of the script."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"


def script():
    spec = importlib.util.spec_from_file_location("reference_numbers", DOCS / "reference_numbers.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


NUMBERS = script()
MAKERS = {maker.__name__: maker for table in NUMBERS.QUICK for maker in table.makers}


@pytest.mark.parametrize("name", MAKERS)
def test_rows_agree_with_the_notes(name):
    page = (DOCS / "reference-numbers.md").read_text(encoding="utf-8")
    rows = list(MAKERS[name]())
    assert rows
    for row in rows:
        assert row.ok, row.line()
        assert "| " + " | ".join((row.system, row.quantity, row.stated)) + " |" in page, "the page is out of date"


def table(value, stated="0.25", **options):
    rows = [NUMBERS.row("system", "quantity", stated, value, "call", **options)]
    return NUMBERS.Table("heading", (lambda: iter(rows),), "a note")


def page(monkeypatch, *tables):
    for name, value in (("QUICK", tables), ("LONG", ()), ("OTHER_CODES", ())):
        monkeypatch.setattr(NUMBERS, name, value)
    text = []
    return NUMBERS.main(text.append), "".join(text)


def test_status_and_mark_of_a_wrong_number(monkeypatch):
    status, text = page(monkeypatch, table(0.2549), table(0.2551))
    assert status == 1
    assert "| 0.25 | 0.2549 | 4.9e-03 | 0.005 | call |" in text
    assert "| 0.25 | 0.2551 | 5.1e-03 | 0.005 **exceeded** | call |" in text
    assert page(monkeypatch, table(0.2549))[0] == 0
    assert page(monkeypatch, table(0.2549, accuracy=1e-3))[0] == 1
    assert page(monkeypatch, table(float("nan")))[0] == 1


def test_closed_form_takes_the_place_of_a_rounded_number():
    (row,) = table(0.26, exact=0.26).rows()
    assert row.ok
    assert row.stated == "0.25 (closed form 0.26)"
    assert not replace(row, value=0.25).ok


def test_rows_of_absent_data_are_left_out_with_a_word(monkeypatch, tmp_path):
    monkeypatch.setattr(NUMBERS, "DATA", tmp_path)
    status, text = page(monkeypatch, *NUMBERS.OTHER_CODES)
    assert status == 0
    assert "No reference data (SOLENOIDAL_DATA) for Fe222, Fe, Pt, fe-qe, fe-qe-6x6x6." in text
    assert "| how |" not in text
