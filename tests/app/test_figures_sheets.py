"""Fermi surfaces in the first zone: areas, orientation, degenerate bands, and the topology of platinum."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from test_isosurface import euler

import solenoidal as sol
from solenoidal.brillouin import reciprocal_vectors
from solenoidal.errors import InputError
from solenoidal.figures.levels import levels_at, levels_on_mesh
from solenoidal.figures.sheets import fermi_surface
from solenoidal.isosurface import triangulate

ROOT = Path(__file__).resolve().parents[2]
CUBIC, LEFT_HANDED = np.eye(3), np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]])
UP_AND_DOWN = {"spin": (np.array([np.diag([0.5, -0.5])]), ("z",))}


def band(lattice, splitting=0.0):
    """Two copies of ``-2 (cos k_x + cos k_y + cos k_z)`` with spin up and down, the second one higher."""
    hoppings = {(0, 0, 0): np.diag([0.0, splitting])}
    for axis in CUBIC:
        R = tuple(int(x) for x in np.rint(axis @ np.linalg.inv(lattice)))
        hoppings[R] = -np.eye(2)
    return sol.BlochModel.from_hoppings(lattice, hoppings, local_operators=UP_AND_DOWN, name="cosine")


@pytest.mark.parametrize("lattice", [CUBIC, LEFT_HANDED, np.array([[1.0, 0, 0], [1, 1, 0], [-1, 0, 1]])])
def test_small_pocket_is_a_sphere_with_outward_normals(lattice):
    depth, areas, volumes = 0.3, [], []
    for n in (24, 48):
        (sheet,) = fermi_surface(band(lattice), (n, n, n), "spin", "z", mu=-6.0 + depth).sheets
        assert sheet.bands == (0, 1)
        areas.append(sheet.area)
        volumes.append(np.linalg.det(sheet.corners).sum() / 6)
    # e = k^2 - sum k_i^4 / 12 to fourth order; the error of second order in the spacing is taken out.
    assert (4 * areas[1] - areas[0]) / 3 == pytest.approx(4 * np.pi * depth * (1 + depth / 20), rel=5e-3)
    assert (4 * volumes[1] - volumes[0]) / 3 == pytest.approx(
        4 / 3 * np.pi * depth**1.5 * (1 + depth * 3 / 40), rel=5e-3
    )
    assert areas[1] == pytest.approx(areas[0], rel=0.1)


def test_split_bands_are_two_sheets_with_their_own_colours():
    surface = fermi_surface(band(CUBIC, 0.02), (16, 16, 16), "spin", "z", mu=-3.0)
    assert [sheet.bands for sheet in surface.sheets] == [(0,), (1,)]
    for sheet, s in zip(surface.sheets, (0.5, -0.5), strict=True):
        np.testing.assert_allclose(sheet.values, s, atol=1e-12)
    (merged,) = fermi_surface(band(CUBIC, 0.02), (16, 16, 16), "spin", "z", mu=-3.0, degeneracy=0.03).sheets
    np.testing.assert_allclose(merged.values, 0.0, atol=1e-12)
    assert surface.sheets[1].area < merged.area < surface.sheets[0].area


def test_corners_lie_at_the_level_and_values_are_those_of_the_band():
    model = sol.models.luttinger(h_z=0.3, a=3.0)
    operator = next(iter(model.operators))
    k = np.random.default_rng(1).random((50, 3))
    mu = float(np.median(levels_at(model, k, "berry").e))
    surface = fermi_surface(model, (40, 40, 40), "spin", "z", mu=mu, operator=operator)
    assert surface.component == "z"
    for sheet in surface.sheets:
        at = sheet.corners[::50, 0] @ model.lattice.T / (2 * np.pi)
        found = levels_at(model, at, "spin", "z", operator)
        (n,) = sheet.bands
        e, width = found.e[:, n] - mu, np.ptp(found.e)
        assert abs(e).max() < 0.01 * width
        assert np.median(abs(found.values[:, n] - sheet.values[::50, 0])) < 0.01


def test_surface_keeps_the_symmetry_of_the_zone():
    """A cubic band: the areas in the eight octants are equal, whatever the diagonal that the cells are cut along."""
    (sheet,) = fermi_surface(band(CUBIC), (24, 24, 24), "spin", "z", mu=0.7).sheets
    a, b, c = np.moveaxis(sheet.corners, 1, 0)
    areas, middle = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1), sheet.corners.mean(axis=1)
    octants = [areas[(middle * s > 0).all(axis=1)].sum() for s in itertools.product((1, -1), repeat=3)]
    np.testing.assert_allclose(octants, sheet.area / 8, rtol=0.02)


def test_platinum_has_the_three_sheets_that_experiment_finds():
    """Pockets at X, an open network of tubes from X to X through W, a closed sheet around Gamma.

    Measured: J. B. Ketterson, L. R. Windmiller, Phys. Rev. B 2, 4813 (1970).  Three pockets have Euler
    characteristic 6; the network 2 (3 X - 6 W-tubes) = -6; the closed sheet 2.
    """
    model = sol.read_wannier90(ROOT / "examples" / "pt" / "Pt")
    mesh, mu = (20, 20, 20), 17.6251
    levels = levels_on_mesh(model, mesh, "berry_spin", "xyz")
    found = []
    for n in (6, 8, 10):
        np.testing.assert_allclose(levels.e[:, n], levels.e[:, n + 1], atol=1e-6)
        e, x = ((y[:, n]).reshape(mesh) for y in (levels.e - mu, levels.values))
        found.append(euler(triangulate(e, x, reciprocal_vectors(model.lattice))))
    assert found == [6, -6, 2]
    surface = fermi_surface(model, mesh, "berry_spin", "xyz", mu=mu)
    assert [sheet.bands for sheet in surface.sheets] == [(6, 7), (8, 9), (10, 11)]
    pockets, network, closed = surface.sheets
    X = 2 * np.pi / 3.92
    distance = abs(pockets.corners).max(axis=2) - X
    assert abs(distance).max() < 0.15
    assert not any(surface.zone._touching(closed.corners).ravel())
    assert surface.zone._touching(network.corners).any()
    # Occupied by electrons inside: the radius along [100] lies between half and all of Gamma-X.
    radius = np.linalg.norm(closed.corners, axis=2)
    assert 0.5 * X < radius.min() < radius.max() < X


def test_mistakes_are_one_sentence():
    with pytest.raises(InputError, match="needs 3"):
        fermi_surface(sol.models.kane_mele(), (4, 4, 4), mu=0.0)
    with pytest.raises(InputError, match="no band of cosine crosses mu = 7 eV"):
        fermi_surface(band(CUBIC), (4, 4, 4), "spin", mu=7.0)
    with pytest.raises(InputError, match="does not tell its Fermi level"):
        fermi_surface(band(CUBIC), (4, 4, 4), "spin")
