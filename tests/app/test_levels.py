"""Band-resolved quantities that colour figures: values, order of indices, names, units."""

import numpy as np
import pytest
import random_models as rm

import solenoidal as sol
from solenoidal import bands
from solenoidal.bloch import fourier, solve
from solenoidal.errors import InputError
from solenoidal.figures import Plane, plot_bands, plot_plane
from solenoidal.figures.levels import COLOURS, levels_at, levels_on_mesh
from solenoidal.surfaces import write_frmsf


@pytest.fixture(scope="module")
def model():
    return rm.electrons(1, 2, 4, components=3)


@pytest.fixture(scope="module")
def k():
    return np.random.default_rng(2).random((12, 2))


def slope(model, k, h=2e-4):
    """d_l d^i by a central difference, ``[l, i, a]``."""
    out = []
    for l in range(model.dimension):
        step = h * model.lattice[:, l] / (2 * np.pi)
        d = {n: bands.s_dipole(solve(fourier(model, k + n * step), 1e-9)) for n in (-2, -1, 1, 2)}
        out.append((8 * (d[1] - d[-1]) - (d[2] - d[-2])) / (12 * h))
    return np.stack(out, axis=2)


def curvature_and_slope(model, k, s):
    """Omega^{li} s + d_l d^i, ``[l, i, a]``."""
    return bands.berry_curvature(s)[..., None] * bands.spin(s)[:, :, None, None] + slope(model, k)


#: Quantity -> component, directions and index of s, single bands from their own formulas.
SINGLE = {
    "spin_berry": ("xyz", (0, 1, 2), lambda m, k, s: bands.s_berry_curvature(s)),
    "current_dipole": ("xyz", (0, 1, 2), lambda m, k, s: bands.current_dipole(s)),
    "torque_dipole": ("yz", (1, 2), lambda m, k, s: bands.torque_dipole(s)),
    "torque_curvature": ("yz", (1, 2), lambda m, k, s: bands.torque_curvature(s)),
    "torque_quadrupole": ("xyz", (0, 1, 2), lambda m, k, s: bands.torque_quadrupole(s)),
    "torque_polarizability": (
        "xyz",
        (0, 1, 2),
        lambda m, k, s: slope(m, k) + bands.polarizability_interband(s),  # [i, l] = d_i d^l + ...
    ),
    "moment": ("xyz", (0, 1, 2), lambda m, k, s: bands.moment(s)),
    "eq11": ("xyz", (1, 0, 2), lambda m, k, s: curvature_and_slope(m, k, s)),  # current x, field y
}


@pytest.mark.parametrize("quantity", SINGLE)
def test_values_are_the_quantities_of_single_bands(quantity, model, k):
    component, index, formula = SINGLE[quantity]
    s = solve(fourier(model, k), 1e-9)
    found = levels_at(model, k, quantity, component)
    assert found.component == component
    want = formula(model, k, s)[(..., *index)]
    scale = abs(want).max()
    assert scale > 1e-2
    np.testing.assert_allclose(found.values, want, rtol=0, atol=1e-8 * scale)
    if len(index) == 3:  # the other order of the directions is another number, but for the quadrupole
        other = abs(levels_at(model, k, quantity, "yxz").values - found.values).max()
        assert (other > 1e-3 * scale) == (quantity != "torque_quadrupole")


@pytest.mark.parametrize("quantity", COLOURS)
def test_mesh_and_scattered_points_agree(quantity, model):
    points = np.array(list(np.ndindex(5, 3))) / (5, 3)
    on_mesh = levels_on_mesh(model, (5, 3), quantity)
    scattered = levels_at(model, points, quantity, on_mesh.component)
    np.testing.assert_allclose(on_mesh.e, scattered.e, atol=1e-10)
    scale = max(1.0, abs(scattered.values).max())
    np.testing.assert_allclose(on_mesh.values, scattered.values, rtol=0, atol=1e-9 * scale)


@pytest.mark.parametrize("quantity", [name for name in COLOURS if name != "berry"])  # that vanishes in the pairs
def test_levels_of_a_multiplet_share_the_trace(quantity):
    model = rm.doublets(1)
    found = levels_at(model, np.random.default_rng(4).random((6, 2)), quantity)
    np.testing.assert_allclose(found.values[:, ::2], found.values[:, 1::2], atol=1e-12)
    assert abs(found.values).max() > 1e-2


@pytest.mark.parametrize("kind", ["particle-hole", "symplectic"])
def test_bosons_have_their_metric(kind):
    model, k = rm.bosons(7, kind), np.random.default_rng(8).random((5, 2))
    s = solve(fourier(model, k), 1e-9)
    want = curvature_and_slope(model, k, s)[:, :, 1, 0, 0]
    np.testing.assert_allclose(levels_at(model, k, "eq11", "xyx").values, want, rtol=0, atol=1e-8)
    want = bands.torque_quadrupole(s)[:, :, 0, 1, 0]
    np.testing.assert_allclose(levels_at(model, k, "torque_quadrupole", "xyx").values, want, atol=1e-10)


@pytest.mark.parametrize("quantity", COLOURS)
def test_units_are_those_of_the_dimensions(quantity):
    """A crystal twice as large with half the hoppings: each quantity changes by the powers of its unit."""
    model = rm.electrons(3, 2, 4, positions=True)
    scaled = sol.BlochModel(
        lattice=2.0 * model.lattice,
        R=model.R,
        H=0.5 * model.H,
        position=2.0 * model.position,
        operators=model.operators,
    )
    k = np.random.default_rng(3).random((4, 2))
    a = levels_at(model, k, quantity, degeneracy=1e-6)
    b = levels_at(scaled, k, quantity, a.component, degeneracy=1e-6)
    length = 2 if "Angstrom^2" in a.unit else int("Angstrom" in a.unit)
    factor = 2.0 ** (length - ("eV" in a.unit))
    np.testing.assert_allclose(b.values, factor * a.values, rtol=0, atol=1e-10 * factor * abs(a.values).max())
    assert ("hbar" in a.unit) == COLOURS[quantity].internal


@pytest.mark.parametrize("quantity", COLOURS)
def test_labels_are_set_as_formulas(quantity, tmp_path):
    model = sol.models.kane_mele(lambda_R=0.2, lambda_v=0.3)
    path = [("Γ", (0.02, 0.01)), ("K", (2 / 3, 1 / 3))]
    figure = plot_bands(model, path, quantity, output=tmp_path / "a.svg")
    label = figure.axes[1].get_ylabel()
    assert "Angstrom" not in label
    assert "hbar]" not in label
    assert ("Å" in label) == (quantity != "spin")
    unit = levels_at(model, np.zeros((1, 2)), quantity, operator="charge").unit
    assert unit == "1" if quantity == "spin" else not unit.startswith("1")


def test_symbol_of_the_integrand_of_eq11_has_the_field_first_in_the_curvature(model, k):
    assert levels_at(model, k, "eq11", "xyz").symbol == r"$(\Omega^{yx} s^{z} + \partial_{y} d^{\,x})_n$"


@pytest.mark.parametrize(
    ("quantity", "component"), [("torque_quadrupole", "xz"), ("torque_curvature", "xyz"), ("eq11", "xzx")]
)
def test_components_are_checked(quantity, component, model, k):
    with pytest.raises(InputError, match=f"component '{component}' does not exist: did you mean"):
        levels_at(model, k, quantity, component)


def test_planes_and_fermi_surfaces(tmp_path):
    model = rm.electrons(4, 3, 4, positions=True)
    plane = Plane((1, 0, 0), (0, 1, 0))
    image = plot_plane(model, "eq11", "xyx", plane=plane, mu=0.0, points=5).axes[0].collections[0]
    t = np.linspace(-0.5, 0.5, 5)
    levels = levels_at(model, np.array([(x, y, 0.0) for y in t for x in t]), "eq11", "xyx")
    want = np.where(levels.e < 0.0, levels.values, 0.0).sum(axis=1)
    np.testing.assert_allclose(np.ravel(image.get_array()), want, rtol=0, atol=1e-9 * abs(want).max())
    written = write_frmsf(tmp_path / "a.frmsf", model, (4, 4, 4), "torque_polarizability", "xyx", mu=0.0)
    numbers = np.array((tmp_path / "a.frmsf").read_text().split()[14:], dtype=float).reshape(2, len(written), 64)
    on_mesh = levels_on_mesh(model, (4, 4, 4), "torque_polarizability", "xyx")
    np.testing.assert_allclose(numbers[1], on_mesh.values[:, list(written)].T, rtol=1e-6, atol=1e-8)
