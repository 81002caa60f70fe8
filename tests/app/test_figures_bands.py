"""Bands along a path and on a plane: what they show is read back from the artists."""

import dataclasses
import itertools

import numpy as np
import pytest
import scipy.linalg
from random_models import bosons, electrons

import solenoidal as sol
from solenoidal import bands, quantities
from solenoidal.bloch import fourier, solve
from solenoidal.errors import InputError
from solenoidal.figures import Plane, plot_bands, plot_plane
from solenoidal.figures.levels import levels_at, levels_on_mesh
from solenoidal.figures.planes import whole_zone, zone_section
from solenoidal.model import partners
from solenoidal.paths import path_through
from solenoidal.quantities import Settings

STOPS = [("Γ", (0.02, 0.01)), ("K", (2 / 3, 1 / 3)), None, ("M", (0.5, 0.1)), ("Y", (0.0, 0.4))]


@pytest.fixture(scope="module")
def model():
    return sol.models.kane_mele(lambda_R=0.2, lambda_v=0.3)


@pytest.fixture(scope="module")
def states(model):
    k = np.random.default_rng(2).random((20, 2))
    return k, solve(fourier(model, k, curvature=True))


@pytest.mark.parametrize(
    ("quantity", "component", "expected"),
    [
        ("spin", "y", lambda s: bands.spin(s)[..., 1]),
        ("berry", "xy", lambda s: bands.berry_curvature(s)[..., 0, 1]),
        (
            "berry_spin",
            "xyz",
            lambda s: (bands.berry_curvature(s)[..., None] * bands.spin(s)[:, :, None, None])[..., 0, 1, 2],
        ),
        ("dipole", "xy", lambda s: bands.s_dipole(s)[..., 0, 1]),
    ],
)
def test_values_are_the_quantities_of_single_bands(quantity, component, expected, model, states):
    k, s = states
    found = levels_at(model, k, quantity, component)
    np.testing.assert_allclose(found.e, s.e, atol=1e-12)
    np.testing.assert_allclose(found.values, expected(s), atol=1e-10)
    assert abs(found.values).max() > 1e-3


@pytest.mark.parametrize("quantity", ["spin", "berry", "berry_spin", "dipole"])
def test_mesh_and_scattered_points_agree(quantity, model):
    k = np.array(list(np.ndindex(5, 3))) / (5, 3)
    on_mesh = levels_on_mesh(model, (5, 3), quantity)
    scattered = levels_at(model, k, quantity, on_mesh.component)
    # Γ is degenerate: there the traces of pairs agree, whatever the states.
    np.testing.assert_allclose(on_mesh.e, scattered.e, atol=1e-10)
    np.testing.assert_allclose(on_mesh.values, scattered.values, atol=1e-8)


def flux(model, k, step):
    """Berry flux of every band through a small square around k, from the overlaps along its edges."""
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]) * step / 2
    inverse = model.lattice.T / (2 * np.pi)
    total = np.ones(model.size, dtype=complex)
    for start, end in itertools.pairwise(corners):
        ends, middle = (fourier(model, k + x @ inverse, "charge") for x in (np.stack([start, end]), (start + end) / 2))
        first, second = np.linalg.eigh(ends.H)[1]
        A = np.einsum("iab,i->ab", middle.A[0], end - start)
        total *= np.einsum("an,ab,bn->n", first.conj(), scipy.linalg.expm(-1j * A), second)
    return -np.angle(total)


def test_berry_curvature_is_the_flux_with_the_connection_of_the_basis():
    model = electrons(5, dimension=2, n=3)
    rng = np.random.default_rng(6)
    position = np.zeros((len(model.R), 2, 3, 3), dtype=complex)
    for here, there in enumerate(partners(model.R)):
        if here <= there:
            X = 0.2 * (rng.normal(size=(2, 3, 3)) + 1j * rng.normal(size=(2, 3, 3)))
            position[here] += X
            position[there] += X.conj().swapaxes(1, 2)
    model, step = dataclasses.replace(model, position=position), 1e-3
    for k in rng.random((4, 2)):
        found = levels_at(model, k[None], "berry", "xy").values[0]
        np.testing.assert_allclose(found, flux(model, k, step) / step**2, rtol=1e-3, atol=1e-3)
        # A truncated basis has a curvature of its own: the sum over its bands is not zero.
        assert abs(found.sum()) > 1e-2


def test_levels_of_a_multiplet_share_the_trace():
    model = sol.models.kane_mele(lambda_R=0.0, lambda_v=0.0)  # every level is doubly degenerate
    k = np.random.default_rng(4).random((12, 2))
    s = solve(fourier(model, k))
    found = levels_at(model, k, "berry_spin", "xyz")
    np.testing.assert_allclose(found.values[:, ::2], found.values[:, 1::2], atol=1e-12)
    trace = quantities.get("berry_spin").rows(s, Settings())[:, :, 1, 0, 2]
    np.testing.assert_allclose(found.values[:, ::2], trace.reshape(12, 2, 2).mean(axis=2), atol=1e-10)
    assert abs(found.values).max() > 1e-3
    # A single state of the pair has any spin one likes, the trace has none.
    np.testing.assert_allclose(levels_at(model, k, "spin", "z").values, 0.0, atol=1e-10)


@pytest.mark.parametrize("kind", ["diagonal", "symplectic"])
def test_bosons_are_coloured_with_their_metric(kind):
    model = bosons(7, kind)
    k = np.random.default_rng(8).random((5, 2))
    s = solve(fourier(model, k))
    first = model.operator("spin").components[0]
    np.testing.assert_allclose(levels_at(model, k, "spin", first).values, bands.spin(s)[..., 0], atol=1e-10)
    np.testing.assert_allclose(
        levels_at(model, k, "berry", "xy").values, bands.berry_curvature(s)[..., 0, 1], atol=1e-8
    )


def test_segments_are_the_bands_and_none_crosses_the_jump(model):
    path = path_through(model, STOPS, points=12)
    figure = plot_bands(model, path, "spin", "y")
    lines = figure.axes[0].collections[0]
    found = levels_at(model, path.k, "spin", "y")
    expected = {}
    for i in range(len(path.k) - 1):
        if i + 1 not in path.jumps:
            for n in range(4):
                ends = (path.distance[i], found.e[i, n], path.distance[i + 1], found.e[i + 1, n])
                expected[tuple(np.round(ends, 9))] = found.values[i : i + 2, n].mean()
    drawn = {tuple(np.round(seg.ravel(), 9)): x for seg, x in zip(lines.get_segments(), lines.get_array(), strict=True)}
    assert drawn.keys() == expected.keys()
    for ends, x in expected.items():
        assert drawn[ends] == pytest.approx(x, abs=1e-9)


def test_axes_carry_the_labels_of_the_path(model):
    axes = plot_bands(model, STOPS, fermi_energy=0.5, window=(-1.0, 2.0)).axes[0]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["Γ", "K|M", "Y"]
    assert axes.get_ylim() == (-1.0, 2.0)
    assert r"E_\mathrm{F}" in axes.get_ylabel()
    assert r"E_\mathrm{F}" not in plot_bands(model, STOPS).axes[0].get_ylabel()


def test_colours_are_symmetric_and_limited(model):
    norm = plot_bands(model, STOPS, "berry", limit=2.0).axes[0].collections[0].norm
    assert (norm.vmin, norm.vmax) == (-2.0, 2.0)
    path = path_through(model, STOPS)
    largest = abs(levels_at(model, path.k, "spin", "x").values).max()
    assert plot_bands(model, path, "spin", "x").axes[0].collections[0].norm.vmax == pytest.approx(largest)


def test_logarithmic_colour_bar_has_ticks_of_both_signs(model):
    bar = plot_bands(model, STOPS, "berry", limit=10.0, logarithmic=True).axes[1]
    np.testing.assert_allclose(bar.get_yticks(), [-10, -1, -0.1, 0, 0.1, 1, 10])


def test_fermi_lines_lie_where_the_level_is_mu(model):
    mu, plane, points = 1.2, whole_zone(model), 61
    axes = plot_plane(model, "spin", "x", mu=mu, points=points).axes[0]
    vertices = np.concatenate([p.vertices for c in axes.collections[1:] for p in c.get_paths()])
    assert len(vertices) > 100
    k = vertices @ model.lattice.T / (2 * np.pi)
    e = solve(fourier(model, k)).e
    # Linear interpolation misses by the square of the spacing.
    spacing = np.linalg.norm(np.asarray(plane.first)) / (points - 1)
    assert abs(e - mu).min(axis=1).max() < 40 * spacing**2


def test_map_is_the_sum_over_filled_levels_or_one_band(model):
    plane, mu, points = Plane((1.0, 0.0), (0.0, 1.0), (0.1, 0.2)), -0.5, 9
    t = np.linspace(-0.5, 0.5, points)
    k = np.array([(0.1 + x, 0.2 + y) for y in t for x in t])
    levels = levels_at(model, k, "berry_spin", "xyz")
    image = plot_plane(model, "berry_spin", "xyz", plane=plane, mu=mu, points=points).axes[0].collections[0]
    filled = np.where(levels.e < mu, levels.values, 0.0).sum(axis=1)
    np.testing.assert_allclose(np.ravel(image.get_array()), filled, atol=1e-10)
    K = k @ (2 * np.pi * np.linalg.inv(model.lattice).T)
    np.testing.assert_allclose(image.get_coordinates().reshape(-1, 2), K, atol=1e-12)
    band = plot_plane(model, "berry_spin", "xyz", plane=plane, mu=mu, points=points, band=3).axes[0].collections[0]
    np.testing.assert_allclose(np.ravel(band.get_array()), levels.values[:, 3], atol=1e-10)


def test_zone_outline_is_the_first_zone(model):
    corners = plot_plane(model, "spin", mu=0.0, points=5).axes[0].lines[0].get_xydata()[:-1]
    assert len(corners) == 6
    np.testing.assert_allclose(np.linalg.norm(corners, axis=1), 4 * np.pi / 3, atol=1e-9)


def test_axes_of_a_plane_in_space_are_named():
    model = sol.models.luttinger()
    operator = next(iter(model.operators))
    axes = plot_plane(model, "berry_spin", plane=Plane((1, 1, 0), (0, 0, 1)), mu=0.0, points=5, operator=operator).axes[
        0
    ]
    assert "(1 1 0)" in axes.get_xlabel()
    assert "(0 0 1)" in axes.get_ylabel()
    width = np.ptp(axes.collections[0].get_coordinates()[..., 0])
    assert width == pytest.approx(2 * np.pi * np.sqrt(2))


@pytest.mark.parametrize(
    "draw", [lambda m, f: plot_bands(m, STOPS, output=f), lambda m, f: plot_plane(m, mu=0.0, points=5, output=f)]
)
def test_figures_are_written(draw, model, tmp_path):
    draw(model, tmp_path / "a.pdf")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"quantity": "spni"}, "unknown quantity 'spni' of a band: did you mean 'spin'"),
        ({"component": "w"}, "component 'w' does not exist"),
        ({"operator": "orbital"}, "no operator 'orbital'"),
        ({"window": (1.0, -1.0)}, "lowest energy first"),
        ({"window": (50.0, 60.0)}, "no band lies there"),
        ({"limit": 0.0}, "positive limit"),
        ({"output": "a.gif"}, "not a format for figures"),
    ],
)
def test_mistakes_about_bands_are_one_sentence(arguments, words, model):
    with pytest.raises(InputError, match=words):
        plot_bands(model, STOPS, **arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "does not tell its Fermi level, give mu"),
        ({"mu": 0.0, "band": 4}, "band = 4: .* has 4 bands"),
        ({"mu": 0.0, "points": 1}, "needs at least 2 along each edge"),
        ({"mu": 0.0, "plane": Plane((1, 0, 0), (0, 1, 0))}, "edges and centre need 2 coordinates"),
        ({"mu": 0.0, "plane": Plane((1, 0), (2, 0))}, "its edges are parallel"),
    ],
)
def test_mistakes_about_planes_are_one_sentence(arguments, words, model):
    with pytest.raises(InputError, match=words):
        plot_plane(model, **arguments)


def test_whole_zone_needs_a_layer():
    with pytest.raises(InputError, match="its whole zone is no plane"):
        whole_zone(sol.models.luttinger())


def test_plane_of_a_crystal_is_the_section_of_its_zone():
    """Simple cubic: a square with a dashed border, whose corners are those of the zone."""
    model = sol.models.luttinger(a=2.0)
    axes = plot_plane(model, "berry", mu=0.0, points=5).axes[0]
    border = axes.lines[0].get_xydata()
    assert len(border) == 5
    np.testing.assert_allclose(abs(border), np.pi / 2)
    assert axes.get_xlabel().startswith("$k$ along (1 0 0)")
    assert axes.get_ylabel().startswith("$k$ along (0 1 0)")
    assert np.pi / 2 < axes.get_xlim()[1] < 1.1 * np.pi / 2


def test_section_counts_from_the_point_nearest_to_the_centre_of_the_zone():
    model = sol.models.luttinger(a=2.0)
    plane = zone_section(model, (1, 1, 1), (0.3, 0.0, 0.0))
    np.testing.assert_allclose(plane.centre, 0.1)
    k, centre = plane.grid(3)
    np.testing.assert_allclose(k @ np.ones(3), 0.0, atol=1e-12)
    np.testing.assert_allclose(centre, plane.centre)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"normal": (0, 0, 0)}, "normal not zero"),
        ({"normal": (1, 0)}, "need three numbers"),
        ({"centre": (0, 0, 2)}, "does not meet the first zone"),
    ],
)
def test_mistakes_about_sections_are_one_sentence(arguments, words):
    with pytest.raises(InputError, match=words):
        zone_section(sol.models.luttinger(), **arguments)
    with pytest.raises(InputError, match="2 periodic directions"):
        zone_section(sol.models.kane_mele())


def test_quantity_that_vanishes_has_no_colour_bar():
    """Pairs have no spin: a bar would show the scale of the rounding."""
    model = sol.models.kane_mele(lambda_R=0.0, lambda_v=0.0)
    for figure in (plot_bands(model, STOPS, "spin", "z"), plot_plane(model, "spin", "z", mu=0.0, points=9)):
        assert len(figure.axes) == 1
        assert "= 0" in figure.axes[0].get_title()
    assert len(plot_bands(model, STOPS, "berry_spin", "xyz").axes) == 2
