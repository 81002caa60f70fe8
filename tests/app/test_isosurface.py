"""Triangulated surfaces: closed, oriented, of the right area and topology."""

import itertools

import numpy as np
import pytest

from solenoidal.brillouin import reciprocal_vectors
from solenoidal.isosurface import triangulate

LATTICES = {
    "cubic": np.eye(3),
    "fcc": 0.5 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]),
    "left-handed": np.array([[0, 1, 0], [1, 0, 0], [0.2, 0.1, 1.3]]),
    "oblique": np.array([[1.0, 0.1, 0.0], [0.7, 0.9, 0.2], [-0.4, 0.3, 1.1]]),
}


def points(n):
    """Lattice coordinates of a mesh, ``(n1, n2, n3, 3)``."""
    return np.stack(np.meshgrid(*(np.arange(x) / x for x in n), indexing="ij"), axis=-1)


def smooth(n, seed, reach=2):
    """Random periodic function with a few Fourier components."""
    rng, k = np.random.default_rng(seed), points(n)
    R = np.array(list(itertools.product(range(-reach, reach + 1), repeat=3)))
    return np.tensordot(np.cos(2 * np.pi * (k @ R.T) + rng.uniform(0, 7, len(R))), rng.normal(size=len(R)), axes=1)


def directed_edges(surface):
    t = surface.triangles
    return np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]])


def euler(surface):
    edges = np.unique(np.sort(directed_edges(surface), axis=1), axis=0)
    return len(surface.points) - len(edges) + len(surface.triangles)


def area(corners):
    a, b, c = np.moveaxis(corners, 1, 0)
    return 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()


@pytest.mark.parametrize("lattice", LATTICES)
@pytest.mark.parametrize("kind", ["smooth", "noise", "whole numbers"])
def test_surface_is_closed_and_oriented_in_the_periodic_zone(lattice, kind):
    n = (7, 6, 8)
    rng = np.random.default_rng(3)
    noise = rng.normal(size=n)
    # Whole numbers pass through points of the mesh, where the level is exactly met.
    e = {"smooth": smooth(n, 4), "noise": noise, "whole numbers": np.rint(1.5 * noise)}[kind]
    surface = triangulate(e, e, reciprocal_vectors(LATTICES[lattice]))
    edges = directed_edges(surface)
    once, count = np.unique(edges, axis=0, return_counts=True)
    assert len(surface.triangles) > 300
    assert (count == 1).all()
    np.testing.assert_array_equal(np.unique(edges[:, ::-1], axis=0), once)
    assert euler(surface) % 2 == 0
    # Both triangles of an edge see its ends at the same distance: no triangle reaches across the zone.
    length = np.linalg.norm(surface.corners - np.roll(surface.corners, 1, axis=1), axis=2)
    assert length.max() < 2 * np.sqrt(3) / min(n)


@pytest.mark.parametrize("lattice", LATTICES)
def test_sphere(lattice):
    """Area and volume of a sphere around a point of no symmetry, with errors of second order in the spacing."""
    reciprocal, radius = reciprocal_vectors(LATTICES[lattice]), 1.1
    errors = []
    for n in (20, 40):
        k = points((n, n, n)) - (0.51, 0.48, 0.53)
        images = (k + np.array(list(itertools.product((-1, 0, 1), repeat=3)))[:, None, None, None]) @ reciprocal
        e = np.linalg.norm(images, axis=-1).min(axis=0) - radius
        surface = triangulate(e, 3.0 + e, reciprocal)
        corners = (surface.corners - (0.51, 0.48, 0.53)) @ reciprocal
        volume = np.linalg.det(corners).sum() / 6
        assert euler(surface) == 2
        # Normals point to higher energies, in lattice coordinates.
        assert np.sign(volume) == np.sign(np.linalg.det(reciprocal))
        np.testing.assert_allclose(surface.values, 3.0, atol=1e-12)
        errors.append([1 - area(corners) / (4 * np.pi * radius**2), 1 - abs(volume) / (4 / 3 * np.pi * radius**3)])
    coarse, fine = np.array(errors)
    np.testing.assert_allclose(coarse / fine, 4.0, rtol=0.25)
    # Without the error of second order, what is left is of fourth order.
    np.testing.assert_allclose((4 * fine - coarse) / 3, 0.0, atol=1e-3)


def test_topology_of_the_simple_cubic_band():
    """Half filled: the P surface of Schwarz, of genus 3 per cell; nearly empty or full: a sphere."""
    k = 2 * np.pi * points((12, 14, 16))
    e = np.cos(k).sum(axis=-1)
    for level, expected in ((-2.0, 2), (0.05, -4), (2.0, 2)):
        assert euler(triangulate(e - level, e, np.eye(3))) == expected


def test_values_are_linear_along_the_edges():
    """The energy itself, interpolated, is the level; another linear function of it follows."""
    e, n = smooth((9, 9, 9), 8), 9
    surface = triangulate(e, 2.0 - 3.0 * e, np.eye(3))
    np.testing.assert_allclose(surface.values, 2.0, atol=1e-12)
    # Every vertex lies on an edge of the cut: its distances from the mesh along the three directions are equal or zero.
    rest = np.sort(np.round((surface.points * n) % 1.0, 9) % 1.0, axis=1)
    far = rest.max(axis=1, keepdims=True)
    assert ((rest < 1e-8) | (abs(rest - far) < 1e-8) | (abs(rest + far - 1.0) < 1e-8)).all()


def test_no_crossing_no_triangles():
    surface = triangulate(np.ones((4, 4, 4)), np.ones((4, 4, 4)), np.eye(3))
    assert surface.corners.shape == (0, 3, 3)
