"""The first zone: known polyhedra, independence of the primitive vectors, folding, cutting, sections."""

import itertools

import numpy as np
import pytest
from scipy.spatial import ConvexHull
from test_isosurface import area, smooth

from solenoidal.brillouin import first_zone, reciprocal_vectors
from solenoidal.isosurface import triangulate

FCC = 1.96 * np.array([[-1, 0, 1], [0, 1, 1], [-1, 1, 0]])
BCC = np.array([[1, 1, -1], [1, -1, 1], [-1, 1, 1]])
HEXAGONAL = np.array([[1, 0, 0], [-0.5, np.sqrt(0.75), 0], [0, 0, 1.6]])
SKEWED = np.array([[1, 0, 0], [7.2, 1.3, 0], [3.3, -9.1, 1.1]])
ALL = {"cubic": np.eye(3), "fcc": FCC, "bcc": BCC, "hexagonal": HEXAGONAL, "skewed": SKEWED}


@pytest.mark.parametrize(
    ("lattice", "faces", "corners", "edges"),
    [("cubic", 6, 8, 12), ("fcc", 14, 24, 36), ("bcc", 12, 14, 24), ("hexagonal", 8, 12, 18)],
)
def test_known_polyhedra(lattice, faces, corners, edges):
    zone = first_zone(ALL[lattice])
    assert (len(zone.faces), len(zone.corners), len(zone.edges)) == (faces, corners, edges)


@pytest.mark.parametrize("lattice", ALL)
def test_volume_is_that_of_the_reciprocal_cell(lattice):
    zone = first_zone(ALL[lattice])
    assert ConvexHull(zone.corners).volume == pytest.approx((2 * np.pi) ** 3 / abs(np.linalg.det(ALL[lattice])))
    assert len(zone.corners) - len(zone.edges) + len(zone.faces) == 2


def test_zone_does_not_depend_on_the_primitive_vectors():
    other = np.array([[1, 3, -2], [0, 1, 4], [0, 0, 1]]) @ FCC
    ours, theirs = (np.array(sorted(first_zone(x).corners.round(8).tolist())) for x in (FCC, other))
    np.testing.assert_allclose(ours, theirs, atol=1e-7)


def test_layer_is_a_polygon():
    zone = first_zone(HEXAGONAL[:2, :2])
    np.testing.assert_allclose(np.linalg.norm(zone.corners, axis=1), 4 * np.pi / 3)
    assert len(zone.faces) == len(zone.corners) == 6


@pytest.mark.parametrize("lattice", ALL)
def test_folding_finds_the_shortest_equivalent(lattice):
    zone, rng = first_zone(ALL[lattice]), np.random.default_rng(5)
    k = rng.uniform(-3, 3, (40, 3)) @ zone.basis
    folded = zone.fold(k)
    steps = np.array(list(itertools.product(range(-5, 6), repeat=3))) @ zone.basis
    shortest = np.linalg.norm(k[:, None] - steps, axis=2).min(axis=1)
    np.testing.assert_allclose(np.linalg.norm(folded, axis=1), shortest, atol=1e-12)
    np.testing.assert_allclose(np.exp(1j * (folded - k) @ ALL[lattice].T), 1.0, atol=1e-9)
    assert all(zone.holds(x) for x in folded)
    assert not zone.holds(1.01 * zone.corners[0])


@pytest.mark.parametrize("lattice", ALL)
def test_cut_triangles_have_the_area_of_the_periodic_surface(lattice):
    zone, reciprocal = first_zone(ALL[lattice]), reciprocal_vectors(ALL[lattice])
    n = (12, 60, 60) if lattice == "skewed" else (12, 11, 12)
    e = smooth(n, 6, reach=1)
    surface = triangulate(e, e, reciprocal)
    whole = surface.corners @ reciprocal
    # The values are a periodic function that is linear in each triangle only; its integral is kept as well.
    values = np.cos(2 * np.pi * surface.points[:, 0])[surface.triangles]
    corners, carried = zone.clip(whole, values)
    assert len(corners) > len(whole)
    assert (corners @ zone.faces.T <= 0.5 * (zone.faces**2).sum(axis=1) * (1 + 1e-8)).all()
    assert area(corners) == pytest.approx(area(whole), rel=1e-9)
    first = integral(whole, values)
    assert integral(corners, carried) == pytest.approx(first, rel=1e-8, abs=1e-8 * area(whole))


def integral(corners, values):
    a, b, c = np.moveaxis(corners, 1, 0)
    return 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1) @ values.mean(axis=1)


@pytest.mark.parametrize(("normal", "corners"), [((0, 0, 1), 8), ((1, 1, 1), 6)])
def test_section_of_the_fcc_zone(normal, corners):
    zone, normal = first_zone(FCC), np.array(normal, dtype=float)
    polygon = zone.section(normal, np.zeros(3))
    assert len(polygon) == corners
    np.testing.assert_allclose(polygon @ normal, 0.0, atol=1e-12)
    on = abs(polygon @ zone.faces.T - 0.5 * (zone.faces**2).sum(axis=1)) < 1e-9
    assert (on.sum(axis=1) >= 2).all()
    assert all(zone.holds(k * (1 - 1e-12)) for k in polygon)


def test_sections_add_up_to_the_volume():
    zone, normal = first_zone(SKEWED), np.array([0.3, -0.5, 0.8])
    normal /= np.linalg.norm(normal)
    height = (zone.corners @ normal).max()
    # Areas are quadratic between corners: the midpoint rule converges fast.
    heights = height * (np.arange(-200, 200) + 0.5) / 200
    areas = [polygon_area(zone.section(normal, h * normal)) for h in heights]
    assert sum(areas) * height / 200 == pytest.approx(ConvexHull(zone.corners).volume, rel=1e-4)
    assert zone.section(normal, 1.1 * height * normal).shape == (0, 3)


def polygon_area(polygon):
    turned = np.roll(polygon, -1, axis=0)
    return 0.5 * np.linalg.norm(np.cross(polygon, turned).sum(axis=0))
