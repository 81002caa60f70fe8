"""The examples of the documentation run as they are printed."""

import re
from pathlib import Path

import pytest

from solenoidal.figures.levels import COLOURS

ROOT = Path(__file__).resolve().parents[2]


def test_examples_of_the_figure_pages_run(tmp_path, monkeypatch):
    pytest.importorskip("plotly")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(examples) >= 5
    names: dict[str, object] = {}
    for code in examples:
        exec(compile(code, "docs/figures.md", "exec"), names)
    promised = set(re.findall(r'"([\w-]+\.(?:pdf|frmsf|html))"', "".join(examples)))
    written = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert promised == written
    assert {Path(name).suffix for name in written} == {".pdf", ".frmsf", ".html"}


def test_every_quantity_is_explained():
    text = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
    assert set(re.findall(r'^\| `"(\w+)"` \|', text, re.MULTILINE)) == set(COLOURS)
