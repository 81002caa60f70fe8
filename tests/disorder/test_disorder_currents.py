"""Scattering dipole, side jump and drift: Eq. 15 = Eq. 11 + J_dp from the solved Boltzmann equation."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import random_models as rm
from physics import continuum
from test_disorder_boltzmann import NAMES, ONE, contour, point, scatterers

from solenoidal import bloch, disorder, eigen, models
from solenoidal.errors import InputError
from solenoidal.model import BlochModel

UNIT = continuum.UNIT

CRYSTALS = {
    "Rashba and Zeeman": (lambda: models.rashba(), 2.0, 24, 2),
    "random": (lambda: rm.electrons(2, 2, 3), 0.1, 48, 2),
    "Kane-Mele": (lambda: models.kane_mele(lambda_v=0.3), 0.9, 24, 2),
    "doublets": (lambda: rm.doublets(1), 0.1, 24, 2),
    "Wilson-Dirac": (lambda: models.wilson_dirac(h_x=0.2, h_y=0.1), 1.2, 8, 1),
    "random 3D": (lambda: rm.electrons(4, 3, 4), 0.1, 10, 1),
}


@pytest.fixture(scope="module", params=CRYSTALS)
def crystal(request):
    make, mu, mesh, order = CRYSTALS[request.param]
    model = make()
    return model, mu, disorder.fermi_surface(model, mu, mesh, order=order)


def expected(distribution):
    """-int (-f') v_l d^i with the force that the distribution answers to: v less its mean."""
    p = distribution.surface
    return -np.einsum("n,nl,nia->ila", p.weight, distribution.drive, p.dipole / p.count[:, None, None])


@pytest.mark.parametrize("name", NAMES)
def test_scattering_dipole_is_minus_the_surface_term(crystal, name):
    """From the solved distribution, for every scatterer, to rounding; and the mean force is an error of quadrature."""
    model, _, surface = crystal
    distribution = disorder.solve(surface, scatterers(model)[name])
    J_dp = disorder.scattering_dipole(distribution)
    term = disorder.dipole_surface(surface)
    assert abs(term).max() > 1e-4
    np.testing.assert_allclose(J_dp, expected(distribution), atol=1e-12 * abs(term).max())
    bound = np.einsum("l,i->il", abs(distribution.imbalance), np.ones(model.dimension))
    size = np.linalg.norm(surface.v, axis=1).max() * surface.integral(abs(surface.dipole)).max()
    assert (abs(J_dp + term).max(axis=2) <= bound * size + 1e-12 * abs(term).max()).all()
    if np.abs(distribution.imbalance).max() < 1e-14:
        np.testing.assert_allclose(J_dp, -term, atol=1e-12 * abs(term).max())


def test_mean_force_vanishes_with_the_mesh():
    """Random crystal without any symmetry: |J_dp + surface term| falls as n^-4 with two Gauss points."""
    model = rm.electrons(2, 2, 3)
    gaps = []
    for n in (24, 48, 96):
        surface = disorder.fermi_surface(model, 0.1, n)
        J_dp = disorder.scattering_dipole(disorder.solve(surface, disorder.gaussian(model, 0.2, 0.01, 0.7)))
        gaps.append(abs(J_dp + disorder.dipole_surface(surface)).max())
    assert gaps[0] > 12 * gaps[1] > 144 * gaps[2]
    assert gaps[2] < 1e-8


@pytest.mark.parametrize(
    ("make", "mu", "far", "near"),
    [
        (lambda: rm.electrons(2, 2, 3), 0.1, 2e-2, 1e-3),
        (lambda: models.kane_mele(lambda_v=0.3), 0.9, 3e-2, 2e-3),
        (lambda: rm.doublets(1), 0.1, 3e-2, 2e-3),
    ],
    ids=["random", "Kane-Mele", "doublets"],
)
def test_eq15_of_the_engine_is_eq11_plus_scattering_dipole(make, mu, far, near):
    """Sums over the zone at T = 0 on two meshes against the Boltzmann equation; the gap closes with the mesh."""
    model = make()
    surface = disorder.fermi_surface(model, mu, 96)
    J_dp = disorder.scattering_dipole(disorder.solve(surface, disorder.gaussian(model, 0.2, 0.01, 0.7)))
    gaps = []
    for n in (48, 240):
        eq11, eq15 = disorder.intrinsic(model, mu, (n, n), workers=1)
        gaps.append(abs(eq11 + J_dp - eq15).max() / abs(J_dp).max())
    assert gaps[0] < 4 * far
    assert gaps[1] < 4 * near
    assert gaps[1] < 0.4 * gaps[0]


def test_eq15_of_the_engine_in_three_dimensions():
    model = rm.electrons(4, 3, 4)
    surface = disorder.fermi_surface(model, 0.1, 12, order=1)
    J_dp = disorder.scattering_dipole(disorder.solve(surface, disorder.gaussian(model, 0.2, 0.01, 0.5)))
    eq11, eq15 = disorder.intrinsic(model, 0.1, (24, 24, 24), workers=1)
    fine = disorder.dipole_surface(disorder.fermi_surface(model, 0.1, 24, order=1))
    error = abs(fine + J_dp).max()  # of the coarse surface
    assert error < 0.12 * abs(J_dp).max()
    assert abs(eq11 + J_dp - eq15).max() < error + 0.05 * abs(J_dp).max()


def test_eq15_of_the_engine_in_three_dimensions_converges():
    model = rm.electrons(4, 3, 4)
    fine = disorder.dipole_surface(disorder.fermi_surface(model, 0.1, 40, order=1))
    gaps = []
    for n in (16, 48):
        eq11, eq15 = disorder.intrinsic(model, 0.1, (n, n, n), workers=1)
        gaps.append(abs(eq11 - fine - eq15).max() / abs(fine).max())
    assert gaps[1] < 0.01
    assert gaps[1] < 0.3 * gaps[0]


# Exact two-level cases: the signs


@pytest.mark.parametrize(
    ("h", "J_dp", "J_sj", "kubo"),
    [(0.0, 1.0, 0.0, -1.0), (0.1, 0.97559, 0.00961, -0.98520), (0.3, 0.81514, 0.06464, -0.87978)],
)
def test_rashba_gas(h, J_dp, J_sj, kubo):
    """Continuum, m = 1, alpha = 0.5, mu = 1, scalar point scatterers, xy in e / 8 pi: theory notes, section 8.

    (K) + J_dp + J_sj + J_c vanishes for every h; without field eq11 + J_dp = eq15 = 0 as in the Letter.
    """
    model = continuum.rashba(h=h)
    found = disorder.solve(contour(model, 1.0), point())
    dp, sj, c = (x(found)[:, :, 0] / UNIT for x in (disorder.scattering_dipole, disorder.side_jump, disorder.drift))
    assert dp[0, 1] == pytest.approx(J_dp, abs=6e-6)
    assert sj[0, 1] == pytest.approx(J_sj, abs=6e-6)
    for x in (dp, sj):
        np.testing.assert_allclose(x, x[0, 1] * np.array([[0, 1], [-1, 0]]), atol=1e-12)
    shi, eq11, eq15 = (continuum.conductivity(model, name, 1.0)[0, 1, 0] / UNIT for name in ("kubo", "eq11", "eq15"))
    assert shi == pytest.approx(kubo, abs=6e-6)
    assert shi + dp[0, 1] + sj[0, 1] + c[0, 1] == pytest.approx(0.0, abs=1e-8)
    assert eq11 + dp[0, 1] == pytest.approx(eq15, abs=1e-8)
    assert eq15 == pytest.approx(0.0 if h == 0.0 else J_dp, abs=6e-6)


@pytest.mark.parametrize("delta", [0.2, 0.6])
def test_side_jump_of_massive_dirac_electrons(delta):
    """s = 1: -(delta / 4 pi mu) 2 (vk)^2 / (4 delta^2 + (vk)^2), half of Sinitsyn et al., PRB 75, 045315 (2007)."""
    found = disorder.solve(contour(continuum.massive_dirac(delta), 1.0), point())
    vk = 1.0 - delta**2
    value = -delta / (4 * np.pi) * 2 * vk / (4 * delta**2 + vk)
    np.testing.assert_allclose(disorder.side_jump(found)[:, :, 0], value * np.array([[0, 1], [-1, 0]]), atol=1e-10)
    np.testing.assert_allclose(disorder.scattering_dipole(found), 0.0, atol=1e-14)  # s = 1 has no dipole


# What must not matter


def test_strength_and_density_do_not_matter_to_side_jump_and_dipole():
    model = models.rashba()
    surface = disorder.fermi_surface(model, 2.0, 24)
    one, other = (disorder.solve(surface, disorder.gaussian(model, V, c, 1.0)) for V, c in ((0.1, 0.01), (0.7, 0.3)))
    for part in (disorder.scattering_dipole, disorder.side_jump):
        np.testing.assert_allclose(part(one), part(other), atol=1e-12)
    np.testing.assert_allclose(disorder.drift(one), 49 * 30 * disorder.drift(other), rtol=1e-9, atol=1e-6)


@pytest.fixture(name="stirred")
def _stirred(monkeypatch):
    """Eigenstates with a random unitary in every degenerate set and random phases elsewhere."""

    def eigenstates(H, metric=None, k=None, rng=np.random.default_rng(8)):  # noqa: B008
        e, U, sign = eigen.eigenstates(H, metric, k)
        pairs = bool((np.diff(e, axis=1)[:, ::2] < 1e-9).all())
        turn = np.zeros_like(U)
        for block in [slice(i, i + 1 + pairs) for i in range(0, U.shape[2], 1 + pairs)]:
            size = block.stop - block.start
            X = rng.normal(size=(len(U), size, size)) + 1j * rng.normal(size=(len(U), size, size))
            turn[:, block, block] = np.linalg.qr(X)[0]
        return e, U @ turn, sign

    def stir():
        monkeypatch.setattr(bloch, "eigenstates", eigenstates)
        monkeypatch.setattr(sys.modules["solenoidal.disorder.fermi_surface"], "eigenstates", eigenstates)

    return stir


def everything(model, mu, mesh):
    surface = disorder.fermi_surface(model, mu, mesh)
    found = disorder.solve(surface, scatterers(model)["two kinds"])
    out = {"J_dp": disorder.scattering_dipole(found), "J_c": disorder.drift(found)}
    if surface.covariant is not None:
        out["J_sj"] = disorder.side_jump(found)
    return surface, out


@pytest.mark.parametrize(
    ("make", "mu"),
    [(lambda: models.kane_mele(lambda_v=0.3), 0.9), (lambda: rm.doublets(1), 0.1)],
    ids=["phases", "U(2)"],
)
def test_basis_of_states_does_not_matter(stirred, make, mu):
    model = make()
    surface, before = everything(model, mu, 16)
    stirred()
    turned, after = everything(model, mu, 16)
    assert abs(turned.amplitude - surface.amplitude).max() > 0.1
    for name, value in before.items():
        np.testing.assert_allclose(after[name], value, atol=1e-9 * abs(value).max())


def relabelled(model):
    """The same crystal with every orbital of the second site counted to the next cell."""
    hop, shift = {}, np.array([0, 0, 1, 1])
    for R, H in zip(model.R, model.H, strict=True):
        for a, b in np.ndindex(4, 4):
            if H[a, b]:
                r = (int(R[0] - shift[b] + shift[a]), int(R[1]))
                hop.setdefault(r, np.zeros((4, 4), dtype=complex))[a, b] += H[a, b]
    origin = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    tau = np.einsum("iaa->ai", model.position[origin]).real + shift[:, None] * model.lattice[0]
    s = model.operators["spin"].matrices[origin]
    return BlochModel.from_hoppings(
        model.lattice, hop, orbital_positions=tau, local_operators={"spin": (s, ("x", "y", "z"))}
    )


@pytest.mark.parametrize("site", [0, 2])
def test_choice_of_the_cell_does_not_matter(site):
    """Positions, phases and the centre of the scatterer belong together: side jump and drift of a magnet."""
    model = models.kane_mele(lambda_v=0.3)
    origin = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    H = model.H.copy()
    H[origin] += 0.2 * np.kron(np.eye(2), rm.PAULI[2]) + 0.1 * np.kron(np.eye(2), rm.PAULI[0])
    model = replace(model, H=H)
    magnetic = np.kron(np.eye(2), rm.PAULI[0] + 0.5 * rm.PAULI[2] + 0.3 * ONE)
    found = []
    for m in (model, relabelled(model)):
        surface = disorder.fermi_surface(m, 1.1, 16)
        kinds = [
            disorder.gaussian(m, 0.2, 0.01, 0.5, magnetic, centre=site),
            disorder.short_range(m, 0.3, 0.01, centre=site),
        ]
        distribution = disorder.solve(surface, kinds)
        found.append([x(distribution) for x in (disorder.side_jump, disorder.drift, disorder.scattering_dipole)])
    for x, y in zip(*found, strict=True):
        assert abs(x).max() > 1e-3
        np.testing.assert_allclose(x, y, atol=1e-9 * abs(x).max())


def test_doubled_cell_gives_the_same_currents():
    model = rm.electrons(2, 2, 3)
    large = rm.doubled_cell(model)
    half = np.kron(np.diag([1.0, 0.0]), np.eye(3))
    cases = [
        (model, (60, 60), disorder.short_range(model, 0.2, 0.01)),
        (large, (30, 60), disorder.short_range(large, 0.2, 0.02, half, centre=0)),
    ]
    found = [disorder.solve(disorder.fermi_surface(m, 0.1, n, order=3), imp) for m, n, imp in cases]
    for part in (disorder.scattering_dipole, disorder.side_jump, disorder.drift):
        x, y = (part(f) for f in found)
        np.testing.assert_allclose(x, y, atol=2e-5 * abs(x).max())


def test_origin_away_from_the_centre_adds_the_displacement_of_s():
    """Displacing the origin by R adds sum delta f P (s' - s) R to the side jump (theory notes, section 8)."""
    model = models.rashba()
    surface = disorder.fermi_surface(model, 2.0, 24)
    good = disorder.gaussian(model, 0.2, 0.01, 0.8)
    R = np.array([1.0, -2.0])
    forms = [disorder.Term(replace(t.form, x=t.form.x + R, R=t.form.R + R), t.matrix) for t in good.terms]
    moved = replace(good, terms=tuple(forms))
    distribution = disorder.solve(surface, good)
    change = disorder.side_jump(disorder.solve(surface, moved)) - disorder.side_jump(distribution)
    gain = distribution.collision(surface.s)
    expected = np.einsum("n,nl,na,i->ila", surface.weight, distribution.g, gain, R)
    assert abs(expected).max() > 1e-3
    np.testing.assert_allclose(change, expected, atol=1e-10)


def test_real_factor_of_the_continuum_with_its_derivative():
    """One term or the same split in two: the derivative of the real factor drops out by itself."""
    surface = contour(continuum.rashba(h=0.3), 1.0)

    def u(q):
        return np.exp(-0.5 * (q**2).sum(axis=-1))

    def gradient(q):
        return -q * u(q)[..., None]

    one = disorder.Impurity(0.01, (disorder.Term(disorder.Smooth(u), 0.3 * ONE),))
    two = disorder.Impurity(0.01, (disorder.Term(disorder.Smooth(u, gradient), 0.15 * ONE),) * 2)
    x, y = (disorder.side_jump(disorder.solve(surface, imp)) for imp in (one, two))
    np.testing.assert_allclose(x, y, atol=1e-13)
    without = disorder.Impurity(0.01, (disorder.Term(disorder.Smooth(u), 0.15 * ONE),) * 2)
    with pytest.raises(InputError, match="derivatives"):
        disorder.side_jump(disorder.solve(surface, without))


def test_time_reversal_forbids_the_drift_of_spin():
    """J_c is odd under time reversal for spin; a magnetic field in the crystal allows it."""
    for B, allowed in ((0.0, False), (0.3, True)):
        model = models.rashba(B_z=B)
        found = disorder.solve(disorder.fermi_surface(model, 2.0, 24), disorder.gaussian(model, 0.2, 0.01, 0.8))
        J_c = disorder.drift(found)
        assert (abs(J_c).max() > 1e-3 * abs(found.g).max()) == allowed


def test_side_jump_of_multiplets_is_refused():
    model = rm.doublets(1)
    found = disorder.solve(disorder.fermi_surface(model, 0.1, 16), disorder.short_range(model, 0.2, 0.01))
    with pytest.raises(InputError, match="nondegenerate bands only"):
        disorder.side_jump(found)


# Table of all parts


def test_table():
    model = models.rashba()
    scatterer = disorder.gaussian(model, 0.2, 0.01, 0.8)
    table = disorder.parts(model, 2.0, scatterer, mesh=96, surface_mesh=24, axes=("z",), workers=1)
    sigma = table.conductivity
    assert list(table.part.values) == ["eq11", "J_dp", "eq15", "J_sj", "J_c"]
    assert sigma.attrs["units"] == "e/(2 pi)"
    found = disorder.solve(disorder.fermi_surface(model, 2.0, 24, axes=("z",)), scatterer)
    for name, part in (("J_dp", disorder.scattering_dipole), ("J_sj", disorder.side_jump), ("J_c", disorder.drift)):
        np.testing.assert_allclose(sigma.sel(part=name).values, -2 * np.pi * part(found), rtol=1e-12)
    gap = sigma.sel(part="eq11") + sigma.sel(part="J_dp") - sigma.sel(part="eq15")
    assert table.attrs["closure"] == pytest.approx(float(abs(gap).max()))
    assert table.attrs["closure"] < 0.01 * float(abs(sigma.sel(part="eq15")).max())
    assert table.attrs["boltzmann_residual"] < 1e-12


def test_table_of_multiplets_has_no_side_jump():
    model = rm.doublets(1)
    table = disorder.parts(model, 0.1, disorder.short_range(model, 0.2, 0.01), mesh=24, surface_mesh=16, workers=1)
    assert list(table.part.values) == ["eq11", "J_dp", "eq15", "J_c"]
    with pytest.raises(InputError, match="finite chemical potential"):
        disorder.parts(model, np.nan, disorder.short_range(model, 0.2, 0.01), mesh=24, surface_mesh=16)
