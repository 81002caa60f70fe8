"""``solenoidal plot`` of a job file: bands, planes, Fermi surfaces, and options that do not fit."""

import importlib.util

import numpy as np
import pytest
from test_command_line import one_line

import solenoidal as sol
from solenoidal import cli, cli_plot, figures
from solenoidal.figures.levels import levels_on_mesh

needs_seekpath = pytest.mark.skipif(importlib.util.find_spec("seekpath") is None, reason="needs seekpath")
CRYSTAL = ('model = "kane_mele"', 'model = "wilson_dirac"')
MESH = ("mesh = [6, 6]", "mesh = [6, 7, 8]")
PATH = ["--path", "G 0 0, M .5 0 | K 2/3 1/3, gamma 0 0"]


@pytest.fixture
def crystal(write_job):
    """Job file of a crystal of three dimensions."""
    return write_job(CRYSTAL, MESH, ('axes = ["z"]\n', ""))


@pytest.fixture
def spy(monkeypatch):
    """Record the arguments of a function of ``solenoidal.figures`` and call it."""
    seen = {}

    def watch(name, module=figures):
        real = getattr(module, name)

        def called(*args, **kwargs):
            seen[name] = (args, kwargs)
            return real(*args, **kwargs)

        monkeypatch.setattr(module, name, called)
        return seen

    return watch


def test_bands_are_drawn_along_the_path_from_the_fermi_level_of_the_job(write_job, tmp_path, spy, capsys):
    seen = spy("plot_bands")
    job = write_job(("fermi_energy = 0.0", "fermi_energy = 0.25"))
    arguments = ["--bands", *PATH, "--quantity", "dipole", "--component", "xz", "--window", "-1", "2"]
    assert cli.main(["plot", job, *arguments, "-o", "b.pdf"]) == 0
    assert capsys.readouterr().out == "written to b.pdf\n"
    assert (tmp_path / "b.pdf").read_bytes().startswith(b"%PDF")
    options = seen["plot_bands"][1]
    assert options["fermi_energy"] == 0.25
    assert (options["quantity"], options["component"], options["window"]) == ("dipole", "xz", (-1.0, 2.0))
    assert options["path"] == [("Γ", [0, 0]), ("M", [0.5, 0]), None, ("K", [2 / 3, 1 / 3]), ("Γ", [0, 0])]
    assert options["degeneracy"] == 1e-3


@needs_seekpath
def test_bands_need_no_more_than_the_job(write_job, tmp_path, spy):
    seen = spy("plot_bands")
    assert cli.main(["plot", write_job(), "--bands"]) == 0
    assert (tmp_path / "run-bands.png").read_bytes().startswith(b"\x89PNG")
    assert seen["plot_bands"][1]["quantity"] == "spin"


def test_energy_asked_for_comes_before_that_of_the_job(write_job, spy):
    seen = spy("plot_bands")
    assert cli.main(["plot", write_job(), "--bands", *PATH, "--mu", "0.5"]) == 0
    assert seen["plot_bands"][1]["fermi_energy"] == 0.5


def test_number_of_electrons_gives_the_fermi_level(write_job, spy):
    seen = spy("plot_plane")
    job = write_job(("fermi_energy = 0.0", "electrons = 2"), ("[6, 6]", "[12, 12]"))
    assert cli.main(["plot", job, "--plane", "-o", "p.svg"]) == 0
    level, model = seen["plot_plane"][1]["mu"], sol.models.kane_mele()
    e = levels_on_mesh(model, (12, 12), "spin").e
    assert e[:, 1].max() < level < e[:, 2].min()
    assert seen["plot_plane"][1]["quantity"] == "berry"


def test_plane_of_a_crystal_is_a_section_of_its_zone(crystal, tmp_path, spy):
    seen = spy("plot_plane")
    section = ["--normal", "1 1 0", "--centre", "0 0 1/4"]
    options = ["--mu", "1.5", "--quantity", "spin", "--component", "z", "--band", "1"]
    assert cli.main(["plot", crystal, "--plane", *section, *options, "--logarithmic", "--limit", "0.4"]) == 0
    assert (tmp_path / "run-plane.png").is_file()
    plane, given = seen["plot_plane"][1]["plane"], seen["plot_plane"][1]
    edges = np.array([plane.first, plane.second])
    np.testing.assert_allclose(edges @ [1, 1, 0], 0.0, atol=1e-12)
    np.testing.assert_allclose(plane.centre, 0.0, atol=1e-12)  # the point of the plane nearest to Gamma
    assert (given["band"], given["mu"], given["limit"], given["logarithmic"]) == (1, 1.5, 0.4, True)


def test_surface_is_a_page(crystal, tmp_path, spy):
    pytest.importorskip("plotly")
    seen = spy("plot_surface")
    assert cli.main(["plot", crystal, "--surface", "--mu", "1.5"]) == 0
    assert (tmp_path / "run-surface.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert seen["plot_surface"][1]["mesh"] == (6, 7, 8)


def test_surface_for_fermisurfer_reads_back(crystal, tmp_path):
    """Read by position: numbers, then energies and colours of every band, the third direction fastest."""
    options = ["--mu", "1.5", "--quantity", "berry_spin", "--component", "xyz"]
    assert cli.main(["plot", crystal, "--surface", *options, "-o", "s.frmsf"]) == 0
    lines = (tmp_path / "s.frmsf").read_text().splitlines()
    mesh = tuple(map(int, lines[0].split()))
    assert mesh == (6, 7, 8)
    assert lines[1] == "1"
    count = int(lines[2])
    model = sol.models.wilson_dirac()
    vectors = np.array([line.split() for line in lines[3:6]], dtype=float)
    np.testing.assert_allclose(vectors @ model.lattice.T, 2 * np.pi * np.eye(3), atol=1e-8)
    numbers = np.array(lines[6:], dtype=float).reshape(2, count, *mesh)
    levels = levels_on_mesh(model, mesh, "berry_spin", "xyz")
    for i, n in enumerate(np.flatnonzero((levels.e.min(axis=0) < 1.5) & (levels.e.max(axis=0) > 1.5))):
        np.testing.assert_allclose(numbers[0, i], levels.e[:, n].reshape(mesh) - 1.5, atol=1e-8)
        np.testing.assert_allclose(numbers[1, i], levels.values[:, n].reshape(mesh), atol=1e-8)
    assert count == i + 1


def test_mesh_of_a_surface(crystal, write_job, spy, monkeypatch):
    from solenoidal import surfaces

    seen = spy("write_frmsf", surfaces)
    assert cli.main(["plot", crystal, "--surface", "--mu", "1.5", "--mesh", "5", "-o", "s.frmsf"]) == 0
    assert seen["write_frmsf"][1]["mesh"] == (5, 5, 5)
    monkeypatch.setattr(cli_plot, "DENSEST", 7)
    assert cli.main(["plot", crystal, "--surface", "--mu", "1.5", "-o", "s.frmsf"]) == 0
    assert seen["write_frmsf"][1]["mesh"] == (6, 7, 7)


def test_charge_is_coloured_with_the_berry_curvature(write_job, spy):
    seen = spy("plot_bands")
    job = write_job(('operator = "spin"\naxes = ["z"]', 'operator = "charge"'))
    assert cli.main(["plot", job, "--bands", *PATH]) == 0
    assert (seen["plot_bands"][1]["quantity"], seen["plot_bands"][1]["operator"]) == ("berry", "charge")


MISTAKES = {
    "no kind": ([], ["--bands, --plane or --surface"]),
    "variable": (["--bands", "--variable", "nernst"], ["--variable goes with a result, not with --bands"]),
    "normal of bands": (["--bands", "--normal", "0 0 1"], ["--normal goes with --plane, not with --bands"]),
    "path of a plane": (["--plane", *PATH], ["--path goes with --bands, not with --plane"]),
    "quantity of a result": (["--quantity", "spin"], ["not with the figure of a result"]),
    "logarithmic surface": (["--surface", "--logarithmic"], ["--bands or --plane, not with --surface"]),
    "surface as a picture": (["--surface", "-o", "a.png"], ["a.png", ".html or .frmsf"]),
    "bands as a page": (["--bands", "-o", "a.html"], ["a.html", ".pdf, .png, .svg"]),
    "limit for FermiSurfer": (["--surface", "--limit", "1", "-o", "a.frmsf"], ["--limit goes with a page"]),
    "window upside down": (["--bands", "--window", "1", "-1"], ["--window 1 -1", "lowest energy first"]),
    "path without numbers": (["--bands", "--path", "G, X"], ["--path: 'G' is no point"]),
    "path with a word": (["--bands", "--path", "G 0 0, X a b"], ["--path: 'a b' is no list of numbers"]),
    "path in three directions": (["--bands", "--path", "G 0 0 0, X 1 0 0"], ["must have 2 finite coordinates"]),
    "normal of a layer": (["--plane", "--normal", "0 0 1"], ["2 periodic directions"]),
    "surface of a layer": (["--surface", "-o", "a.frmsf"], ["needs 3"]),
    "small mesh": (["--surface", "--mesh", "1", "-o", "a.frmsf"], ["--mesh 1", "at least 2"]),
    "unknown quantity": (["--bands", *PATH, "--quantity", "spni"], ["'spni'", "did you mean 'spin'"]),
    "unknown component": (["--plane", "--component", "w"], ["component 'w' does not exist"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_one_line_and_leaves_nothing(mistake, write_job, tmp_path, capsys):
    arguments, words = MISTAKES[mistake]
    if mistake == "surface as a picture":
        pytest.importorskip("plotly")
    assert cli.main(["plot", write_job(), *arguments]) == 2
    line = one_line(capsys)
    for word in words:
        assert word in line
    assert [path.name for path in tmp_path.iterdir()] == ["run.toml"]


def test_plane_that_misses_the_zone_is_one_line(crystal, capsys):
    assert cli.main(["plot", crystal, "--plane", "--centre", "0 0 2"]) == 2
    assert "does not meet the first zone" in one_line(capsys)


def test_result_cannot_be_drawn_as_bands(tmp_path, capsys):
    assert cli.main(["plot", str(tmp_path / "a.nc"), "--bands"]) == 2
    assert "--bands needs a job file" in one_line(capsys)


def test_page_without_plotly_says_what_to_install(crystal, capsys, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert cli.main(["plot", crystal, "--surface"]) == 2
    line = one_line(capsys)
    assert 'pip install "solenoidal[page]"' in line
    assert ".frmsf" in line
