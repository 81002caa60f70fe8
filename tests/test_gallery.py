"""Every built-in model reproduces the exact result that it claims: its sentence is the docstring of the check."""

import inspect
import itertools
import re
from pathlib import Path

import numpy as np
import pytest

import solenoidal as sol
from solenoidal import cli, gallery, models
from solenoidal.bloch import fourier
from solenoidal.builders.effective_mass import inverse_mass
from solenoidal.builders.pauli import ONE, SX, SY
from solenoidal.builders.platinum_slater_koster import E_EG, E_T2G, FIRST, SECOND, _in_eV
from solenoidal.builders.two_centre import scaled
from solenoidal.continuum import ContinuumModel
from solenoidal.diagnostics import band_range
from solenoidal.errors import InputError
from solenoidal.model import BlochModel

ROOT = Path(__file__).resolve().parent.parent
CHECKS = {}


def verifies(check):
    """Register the check of the model that it is called like."""
    CHECKS[check.__name__] = check
    return check


def energies(model, k):
    return np.linalg.eigvalsh(fourier(model, np.asarray(k, dtype=float), "charge").H)


def random_k(dimension, n=7):
    return np.random.default_rng(2).uniform(-0.5, 0.5, size=(n, dimension))


def conductivity(model, mu, mesh, *, temperature=0.0, operator="spin", **zone):
    """``(definition, current, field, component)`` of every definition, in e/2pi or e^2/h."""
    job = sol.Job(
        system={"model": model.name, "operator": operator},
        zone={"mesh": [mesh] * model.dimension, **zone},
        scan={"mu": [mu], "temperature": [temperature]},
    )
    return sol.compute(model, job).conductivity.isel(temperature=0, mu=0)


def hall(values):
    """Antisymmetric part of xy for the component z, or for the charge."""
    last = values.isel(spin=-1).values
    return (last[..., 0, 1] - last[..., 1, 0]) / 2


SLOW = {"luttinger_gas"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in models.names()]
)
def test_the_sentence_of_every_model_is_verified(name):
    sentence = models.describe(name).exact
    assert sentence, f"model '{name}' names no exact result: give register(exact=...) and a check here"
    assert name in CHECKS, f"model '{name}' has no check of '{sentence}'"
    assert " ".join(inspect.getdoc(CHECKS[name]).split()) == sentence, "the check verifies another sentence"
    assert sentence in " ".join(str(models.describe(name)).split())
    CHECKS[name]()


# ------------------------------------------------------------------------------------------------------------
# two dimensions: gaps that carry quanta


def gap_carries(name, operator, cases, mesh=48, **fixed):
    """Every definition gives the quantum; ``cases``: (parameters, energy in the gap, quantum)."""
    for parameters, mu, quantum in cases:
        values = conductivity(models.build(name, **fixed, **parameters), mu, mesh, operator=operator)
        np.testing.assert_allclose(hall(values), quantum, atol=1e-5, err_msg=str(parameters))
        np.testing.assert_allclose(values.isel(spin=-1).sel(current="x", field="x"), 0, atol=1e-5)


@verifies
def bhz():
    """For lambda_R = delta = D = 0 and B > 0 the gap carries sigma^z_xy = -1 e/2pi for 0 < M < 4 B, +1 e/2pi for
    4 B < M < 8 B and none otherwise, in every definition."""
    quanta = {-1.0: 0, 1.0: -1, 3.0: -1, 5.0: 1, 7.0: 1, 9.0: 0}
    cases = [({"M": M}, 0.0, q) for M, q in quanta.items()]
    gap_carries("bhz", "spin", cases, lambda_R=0.0, delta=0.0)
    gap_carries("bhz", "spin", [({"M": 1.0, "B": 0.5, "A": 0.8}, 0.0, -1)], lambda_R=0.0, delta=0.0)


@verifies
def kane_mele():
    """For lambda_R = 0 the gap carries sigma^z_xy = -sign(lambda_so) e/2pi for |lambda_v| < 3 sqrt(3) |lambda_so|
    and none beyond, in every definition."""
    quanta = {(0.2, 0.1): -1, (-0.2, 0.1): 1, (0.2, -0.5): -1, (0.2, 1.6): 0, (-0.2, -1.6): 0}
    cases = [({"lambda_so": so, "lambda_v": v}, 0.0, q) for (so, v), q in quanta.items()]
    gap_carries("kane_mele", "spin", cases, mesh=72, lambda_R=0.0)


@verifies
def haldane():
    """The gap carries sigma_xy = sign(t2 sin phi) e^2/h for |M| < 3 sqrt(3) |t2 sin phi| and none beyond."""
    third = np.pi / 3
    quanta = {(0.2, third, 0.3): 1, (0.2, -third, 0.3): -1, (-0.2, third, -0.3): -1}
    quanta |= {(0.2, third, 1.5): 0, (0.2, third, -1.5): 0}
    # Both corners of the zone have their gap around -3 t2 cos phi.
    cases = [({"t2": t, "phi": p, "M": M}, -3 * t * np.cos(p), q) for (t, p, M), q in quanta.items()]
    gap_carries("haldane", "charge", cases, mesh=72)


@verifies
def massive_dirac():
    """For r > 0 the gap carries sigma_xy = 1 e^2/h for -2 r < delta < 0, -1 e^2/h for -4 r < delta < -2 r and none
    otherwise."""
    quanta = {0.5: 0, -0.5: 1, -1.5: 1, -2.5: -1, -3.5: -1, -4.5: 0}
    gap_carries("massive_dirac", "charge", [({"delta": d}, 0.0, q) for d, q in quanta.items()])
    gap_carries("massive_dirac", "charge", [({"delta": -1.5, "r": 0.6}, 0.0, -1)])


# ------------------------------------------------------------------------------------------------------------
# two dimensions: winding numbers of the spin-orbit field, exact on the lattice for every shape of the contours


def from_the_winding(name, mu, temperature, mesh, **parameters):
    model = models.build(name, **parameters)
    values = conductivity(model, mu, mesh, temperature=temperature).sel(definition=["eq11"])
    return float(hall(values)[0])


@verifies
def rashba():
    """For B_z = 0 and one Fermi contour of each band, around the zone centre, eq11 gives sigma^z_xy = 1/4 e/2pi on
    the lattice as in the continuum: the spin 1/2 times half the winding number 1."""
    for mu, coupling in ((2.0, 0.5), (1.8, 0.8)):
        got = from_the_winding("rashba", mu, 1000.0, 160, B_z=0.0, lambda_R=coupling)
        assert got == pytest.approx(0.25, abs=1e-6)


@verifies
def cubic_rashba():
    """For B_z = 0 and one Fermi contour of each band, around the zone centre, eq11 gives sigma^z_xy = 9/4 e/2pi: the
    angular momentum 3/2 times half the winding number 3."""
    for coupling in (0.03, 0.1):
        got = from_the_winding("cubic_rashba", 0.8, 400.0, 160, lambda_3=coupling)
        assert got == pytest.approx(2.25, abs=1e-5)


@verifies
def rashba_dresselhaus():
    """Without field and for one Fermi contour of each band, around the zone centre, eq11 gives the antisymmetric
    sigma^z_xy = sign(alpha^2 - beta^2)/4 e/2pi; for alpha = +-beta every spin conductivity vanishes."""
    for alpha, beta in ((0.5, 0.2), (0.2, 0.5), (-0.5, 0.2), (0.3, -0.6)):
        got = from_the_winding("rashba_dresselhaus", 2.0, 1500.0, 120, alpha=alpha, beta=beta, B_z=0.0)
        assert got == pytest.approx(np.sign(alpha**2 - beta**2) / 4, abs=1e-6)
    for sign in (1, -1):
        model = models.rashba_dresselhaus(alpha=0.4, beta=0.4 * sign, B_z=0.0)
        np.testing.assert_allclose(conductivity(model, 2.0, 24, temperature=1000.0), 0, atol=1e-12)


# ------------------------------------------------------------------------------------------------------------
# two dimensions: magnets


@verifies
def altermagnet():
    """For lambda_R = 0 the bands of the two spins are mirror images, E_up(kx, ky) = E_down(ky, kx), and every
    intrinsic spin conductivity vanishes."""
    model, k = models.altermagnet(), random_k(2)
    up, down = (np.linalg.eigvalsh(fourier(model, q, "charge").H[:, s::2, s::2]) for q, s in ((k, 0), (k[:, ::-1], 1)))
    np.testing.assert_allclose(up, down, atol=1e-13)
    assert abs(up - np.linalg.eigvalsh(fourier(model, k, "charge").H[:, 1::2, 1::2])).max() > 0.1
    for theta in (0.0, 0.7):
        values = conductivity(models.altermagnet(theta=theta), -1.0, 20, temperature=1000.0)
        np.testing.assert_allclose(values, 0, atol=1e-12)


@verifies
def kagome_antiferromagnet():
    """For canting = 0 the charge and the in-plane spin have no intrinsic conductivity whatever the couplings; without
    spin-orbit coupling only sigma^z_xy = -sigma^z_yx is left, which does not depend on phi and is odd in the
    chirality."""

    def at(operator, **parameters):
        model = models.kagome_antiferromagnet(**parameters)
        return conductivity(model, 0.4, 18, temperature=2000.0, operator=operator, offset=0.0).values

    coupled = {"phi": 0.4, "lambda_so": 0.15, "lambda_R": 0.3}
    assert abs(at("charge", **coupled)).max() < 1e-12
    assert abs(at("spin", **coupled)[..., :2]).max() < 1e-12
    one, turned, mirrored = (at("spin", **p) for p in ({}, {"phi": 0.9}, {"chirality": -1.0}))
    assert abs(one[..., :2]).max() < 1e-12
    z = one[..., 2]
    np.testing.assert_allclose(z, -z.swapaxes(1, 2), atol=1e-12)
    assert abs(z[0, 0, 1]) > 0.1
    np.testing.assert_allclose(turned, one, atol=1e-12)
    np.testing.assert_allclose(mirrored, -one, atol=1e-12)


# ------------------------------------------------------------------------------------------------------------
# three dimensions


@verifies
def luttinger():
    """For h_z = 0 there are two bands, each twice degenerate: E = gamma_1 sum u_i +- 2 sqrt(gamma_2^2 (sum u_i^2 -
    sum_i<j u_i u_j) + 3 gamma_3^2 sum_i<j w_ij^2)."""
    k = random_k(3)
    u, sine = 2 * (1 - np.cos(2 * np.pi * k)), np.sin(2 * np.pi * k)
    pairs = list(itertools.combinations(range(3), 2))
    axial = (u**2).sum(axis=1) - sum(u[:, i] * u[:, j] for i, j in pairs)
    mixed = sum((sine[:, i] * sine[:, j]) ** 2 for i, j in pairs)
    root = 2 * np.sqrt(0.35**2 * axial + 3 * 0.5**2 * mixed)
    mean = 1.2 * u.sum(axis=1)
    want = np.stack([mean - root, mean - root, mean + root, mean + root], axis=1)
    model = models.luttinger(gamma_1=1.2, gamma_2=0.35, gamma_3=0.5)
    np.testing.assert_allclose(energies(model, k), want, atol=1e-12)


@verifies
def wilson_dirac():
    """Without field there are two bands, each twice degenerate: E = +-sqrt(A^2 sum_i sin^2 ki + (M - 2 B sum_i (1 -
    cos ki))^2)."""
    k = random_k(3)
    angle = 2 * np.pi * k
    mass = 0.9 - 2 * 0.4 * (1 - np.cos(angle)).sum(axis=1)
    root = np.sqrt(1.1**2 * (np.sin(angle) ** 2).sum(axis=1) + mass**2)
    model = models.wilson_dirac(A=1.1, B=0.4, M=0.9, h_z=0.0)
    np.testing.assert_allclose(energies(model, k), root[:, None] * [-1, -1, 1, 1], atol=1e-12)


def without_spin_orbit_coupling(name, nearest, levels):
    model = models.build(name, xi_p=0.0, xi_d=0.0)
    near = {p.name: p.default for p in models.describe(name).parameters}
    V = {(2, 2, m): near[f"dd_{kind}"] for m, kind in enumerate(("sigma", "pi", "delta"))}
    t2g, eg = levels([V[2, 2, m] for m in range(3)], [scaled(V, 1 / nearest)[2, 2, m] for m in range(3)])
    at_centre = np.diag(fourier(model, np.zeros((1, 3)), "charge").H[0]).real
    np.testing.assert_allclose(at_centre[8:], near["E_d"] + np.repeat([eg, t2g, t2g, eg, t2g], 2), atol=1e-12)
    np.testing.assert_allclose(conductivity(model, 1.0, 4, temperature=1000.0), 0, atol=1e-9)


@verifies
def slater_koster_fcc():
    """Without spin-orbit coupling every spin conductivity vanishes and the d levels of the zone centre are E_d + 3
    dd_sigma + 4 dd_pi + 5 dd_delta + 4 dd_pi' + 2 dd_delta' (t2g) and E_d + 3/2 dd_sigma + 6 dd_pi + 9/2 dd_delta + 3
    dd_sigma' + 3 dd_delta' (eg), primes for second neighbours."""

    def levels(near, far):
        return 3 * near[0] + 4 * near[1] + 5 * near[2] + 4 * far[1] + 2 * far[2], (
            1.5 * near[0] + 6 * near[1] + 4.5 * near[2] + 3 * far[0] + 3 * far[2]
        )

    without_spin_orbit_coupling("slater_koster_fcc", np.sqrt(1 / 2), levels)


@verifies
def slater_koster_bcc():
    """Without spin-orbit coupling every spin conductivity vanishes and the d levels of the zone centre are E_d + 8/9
    (3 dd_sigma + 2 dd_pi + 4 dd_delta) + 4 dd_pi' + 2 dd_delta' (t2g) and E_d + 8/3 (2 dd_pi + dd_delta) + 3
    dd_sigma' + 3 dd_delta' (eg), primes for second neighbours."""

    def levels(near, far):
        t2g = 8 / 9 * (3 * near[0] + 2 * near[1] + 4 * near[2]) + 4 * far[1] + 2 * far[2]
        return t2g, 8 / 3 * (2 * near[1] + near[2]) + 3 * far[0] + 3 * far[2]

    without_spin_orbit_coupling("slater_koster_bcc", np.sqrt(3 / 4), levels)


@verifies
def platinum_slater_koster():
    """For h_z = 0 the d levels of the zone centre are t + xi_d (twice) and, four times each, the eigenvalues of [[e,
    sqrt(3/2) xi_d], [sqrt(3/2) xi_d, t - xi_d/2]], with t and e the t2g and eg levels that the integrals give without
    spin-orbit coupling."""
    rydberg = 13.605693122994
    near, far = ([_in_eV(X)[2, 2, m] for m in range(3)] for X in (FIRST, SECOND))
    t = rydberg * E_T2G + 3 * near[0] + 4 * near[1] + 5 * near[2] + 4 * far[1] + 2 * far[2]
    e = rydberg * E_EG + 1.5 * near[0] + 6 * near[1] + 4.5 * near[2] + 3 * far[0] + 3 * far[2]
    xi = 0.7
    low, high = np.linalg.eigvalsh([[e, np.sqrt(1.5) * xi], [np.sqrt(1.5) * xi, t - xi / 2]])
    got = energies(models.platinum_slater_koster(xi_d=xi), np.zeros((1, 3)))[0]
    np.testing.assert_allclose(got[2:12], np.sort([*[low] * 4, t + xi, t + xi, *[high] * 4]), atol=1e-9)


# ------------------------------------------------------------------------------------------------------------
# pictures and the command


# ------------------------------------------------------------------------------------------------------------
# models without a lattice, and the moire lattice


def in_the_gas(model, mu, **options):
    """``(definition, mu, current, field, component)`` at T = 0."""
    wanted = {"definitions": ["conventional", "eq11", "kubo"]}
    job = sol.Job({"model": model.name, **options}, {"mesh": 8}, {"mu": list(mu)}, wanted)
    return sol.compute(model, job).conductivity.isel(temperature=0)


@verifies
def rashba_gas():
    """For beta = B_z = q = 0 and mu > 0 sigma^z_xy = -1/4 e/2pi in the conventional definition and +1/4 e/2pi in eq11
    and kubo, for every mass and coupling."""
    for m, alpha in ((0.2, 0.5), (0.9, 1.3)):
        values = in_the_gas(models.build("rashba_gas", m=m, alpha=alpha), [0.05, 0.8])
        for definition, value in {"conventional": -0.25, "eq11": 0.25, "kubo": 0.25}.items():
            for field, current, sign in (("y", "x", 1), ("x", "y", -1)):
                got = values.sel(definition=definition, current=current, field=field, spin="z")
                np.testing.assert_allclose(got, sign * value, atol=1e-6)


@verifies
def cubic_rashba_gas():
    """For B_z = 0 and mu > 0 below the turning point eq11 gives sigma^z_xy = +9/4 e/2pi and the conventional definition
    -(9/4) (hbar^2/2m) (1/k_+ - 1/k_-) / beta e/2pi with the Fermi wave numbers k_+ < k_-."""
    m, beta, mu = 0.45, 10.0, 0.02
    half = inverse_mass(m)
    model = models.build("cubic_rashba_gas", m=m, beta=beta)
    # half k^2 +- beta k^3 = mu: the smaller root of each sign inside the turning point of the lower band.
    plus, minus = (
        min(x.real for x in np.roots([sign * beta, half, 0.0, -mu]) if abs(x.imag) < 1e-9 and x.real > 0)
        for sign in (1, -1)
    )
    assert minus < half / (1.5 * beta)
    values = in_the_gas(model, [mu]).sel(current="x", field="y", spin="z").isel(mu=0)
    assert float(values.sel(definition="eq11")) == pytest.approx(9 / 4, abs=1e-6)
    expected = -9 / 4 * half * (1 / plus - 1 / minus) / beta
    assert float(values.sel(definition="conventional")) == pytest.approx(expected, rel=1e-6)


@verifies
def luttinger_gas():
    """For h_z = 0 every conductivity at T = 0 grows like the square root of mu, and for gamma_2 = gamma_3
    sigma^z_xy = sigma^x_yz = -sigma^z_yx."""
    values = in_the_gas(models.build("luttinger_gas"), [0.1, 0.4])
    for definition, accuracy in {"conventional": 1e-4, "kubo": 1e-4, "eq11": 0.05}.items():
        # The energy at which levels count as degenerate has no part in the scaling, and matters to eq11.
        one, four = values.sel(definition=definition).transpose("mu", ...).values
        np.testing.assert_allclose(four, 2 * one, atol=accuracy * abs(four).max())
        assert abs(four).max() > 1.0
    isotropic = in_the_gas(models.build("luttinger_gas", gamma_2=2.5, gamma_3=2.5), [0.2]).isel(mu=0)
    xy, yz, yx = (isotropic.sel(current=i, field=l, spin=a).values for i, l, a in ("xyz", "yzx", "yxz"))
    np.testing.assert_allclose(yz, xy, atol=1e-4 * abs(xy).max())
    np.testing.assert_allclose(yx, -xy, atol=1e-4 * abs(xy).max())


@verifies
def massive_dirac_cone():
    """For tilt = b = 0 the charge has sigma_xy = -(1/2) delta / max(|mu|, |delta|) e^2/h, for b > 0 and delta > 0 with
    mu in the gap -1 e^2/h."""
    for delta in (0.2, -0.3):
        mu = np.array([-0.7, 0.1, 0.25, 0.6])
        values = in_the_gas(models.build("massive_dirac_cone", delta=delta), mu, operator="charge")
        got = values.sel(definition="kubo", current="x", field="y").isel(spin=0)
        np.testing.assert_allclose(got, -0.5 * delta / np.maximum(abs(mu), abs(delta)), atol=1e-5)
    values = in_the_gas(models.build("massive_dirac_cone", b=4.0), [0.0], operator="charge")
    np.testing.assert_allclose(values.sel(current="x", field="y").isel(spin=0, mu=0), -1.0, atol=1e-5)


@verifies
def twisted_bilayer():
    """For V_z = 0 the lowest band has the Chern number -1, and a bias V_z of 2 meV makes it 0."""
    for V_z, chern in ((0.0, -1), (2.0, 0)):
        model = models.build("twisted_bilayer", V_z=V_z)
        e = energies(model, random_k(2, 60))
        mu = (e[:, 0].max() + e[:, 1].min()) / 2
        job = sol.Job(
            {"model": "twisted_bilayer", "operator": "charge"}, {"mesh": 24}, {"mu": [mu]}, {"degeneracy": 1e-5}
        )
        values = sol.compute(model, job).conductivity.sel(definition="kubo", current="x", field="y")
        assert float(values.squeeze()) == pytest.approx(-chern, abs=0.02)


@pytest.mark.parametrize("name", models.names())
def test_page_and_picture_of_every_model(name):
    """docs/models.md has title, source and exact result of each model, and a small picture."""
    about, page = models.describe(name), (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {name}$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert section, f"docs/models.md has no section '{name}'"
    text = " ".join(section[1].split())
    for part in (about.title, about.reference, about.exact, f"(models/{name}.png)"):
        assert part in text
    assert (ROOT / "docs" / "models" / f"{name}.png").stat().st_size <= 60_000


def crystal(lattice):
    lattice = np.asarray(lattice, dtype=float)
    hop = {tuple(int(x) for x in row): [[0.3]] for row in np.eye(len(lattice))}
    return BlochModel.from_hoppings(lattice, hop, name="lattice")


@pytest.mark.parametrize(
    ("lattice", "labels", "corner"),
    [
        ([[2.0]], "ΓX", [np.pi / 2]),
        ([[2, 0], [0, 2]], "ΓXMΓ", [np.pi / 2, 0]),
        ([[2, 0], [0, 3]], "ΓXMYΓ", [np.pi / 2, 0]),
        ([[2, 0], [1, np.sqrt(3)]], "ΓKMΓ", [2 * np.pi / 3, 0]),
        ([[2, 0], [-1, np.sqrt(3)]], "ΓKMΓ", [np.pi / 3, np.pi / np.sqrt(3)]),
        (2 * np.eye(3), "ΓXMΓRX", [0, np.pi / 2, 0]),
        (1 - np.eye(3), "ΓXWLΓK", [0, np.pi, 0]),
        ([[1, 1, 0], [0, 1, 1], [1, 2, 3]], "ΓXWLΓK", [0, np.pi, 0]),
        (1 - 2 * np.eye(3), "ΓHNΓPH", [0, np.pi, 0]),
    ],
)
def test_default_path(lattice, labels, corner):
    """Labels of the lattice, whatever its basis; the second stop is where it belongs in Cartesian coordinates."""
    model = crystal(lattice)
    path = gallery.default_path(model)
    assert "".join(label for _, label in path.ticks) == labels
    at = int(np.argmin(abs(path.distance - path.ticks[1][0])))
    k = path.k[at] @ (2 * np.pi * np.linalg.inv(model.lattice).T)
    np.testing.assert_allclose(k, corner, atol=1e-9)


@pytest.mark.parametrize(("coupling", "reach"), [(0.5, 2 * 0.5 / 3.8), (0.0, gallery.REACH)])
def test_default_path_of_a_continuum_model(coupling, reach):
    """A Cartesian line through k = 0, twice as long as the scale of the model: alpha k = k^2 / 2m at 2 m alpha."""
    terms = {(2, 0): 3.8 * ONE, (0, 2): 3.8 * ONE, (0, 1): coupling * SX, (1, 0): -coupling * SY}
    path = gallery.default_path(ContinuumModel.from_polynomial(terms, name="gas"))
    assert path.k[[0, 200, -1]] == pytest.approx(np.array([[-reach, 0], [0, 0], [reach, 0]]), abs=1e-12)
    assert path.distance[-1] == pytest.approx(2 * reach)
    assert [label for _, label in path.ticks][1] == "0"


def test_other_lattices_are_left_to_seekpath():
    path = gallery.default_path(crystal(np.diag([2.0, 2.0, 3.0])))
    assert {"Γ", "Z"} <= {label for _, label in path.ticks}


@pytest.mark.parametrize("name", ["cubic_rashba", "haldane", "luttinger", "rashba"])
def test_bands_lie_in_the_picture(name):
    """The axis holds all levels; models without spin, with pairs and without s_z get another colour."""
    figure = gallery.draw(name)
    low, high = figure.axes[0].get_ylim()
    bottom, top = band_range(models.build(name))
    assert low <= bottom + 0.1 * (top - bottom)
    assert high >= top - 0.1 * (top - bottom)
    symbol = {"cubic_rashba": "d^", "haldane": "Omega^{xy}_n", "luttinger": "Omega^{xy} s^{z}", "rashba": "s^{x}"}[name]
    assert symbol in figure.axes[1].get_ylabel()


def test_parameters_reach_the_picture():
    narrow, wide = (gallery.draw("rashba", {"t": t}).axes[0].get_ylim() for t in (0.5, 2.0))
    assert np.ptp(wide) > 3 * np.ptp(narrow)


def test_models_command(tmp_path, capsys, monkeypatch):
    assert cli.main(["models", "rashba"]) == 0
    assert capsys.readouterr().out.strip() == str(models.describe("rashba"))
    output = tmp_path / "bands.png"
    assert cli.main(["models", "rashba", "-o", str(output), "--set", "t=2", "lambda_R=0.1"]) == 0
    assert output.stat().st_size > 1000
    monkeypatch.setattr(models, "names", lambda: ("haldane", "rashba"))
    assert cli.main(["models", "--figures", str(tmp_path / "all")]) == 0
    assert sorted(p.name for p in (tmp_path / "all").iterdir()) == ["haldane.png", "rashba.png"]
    assert "written to" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-o", "x.png"], "-o and --set concern one model"),
        (["--set", "t=1"], "-o and --set concern one model"),
        (["rashba", "--figures", "x"], "--figures draws all models"),
        (["rashba", "--set", "t=1"], "--set concerns a figure"),
        (["rashb"], "unknown model 'rashb': did you mean 'rashba'"),
        (["rashba", "-o", "x.png", "--set", "tt=1"], "model 'rashba' has no parameter 'tt'"),
        (["rashba", "-o", "x.jpg"], "is not a format for figures"),
    ],
)
def test_mistakes_of_the_command(arguments, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["models", *arguments]) == cli.MISTAKE
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("setting", "sentence"), [("t", "give it as key=value"), ("t=x", "'x' is not a number")])
def test_settings_are_numbers(setting, sentence, capsys):
    with pytest.raises(SystemExit):
        cli.main(["models", "rashba", "-o", "x.png", "--set", setting])
    assert sentence in capsys.readouterr().err


def test_figures_need_a_folder(tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("")
    with pytest.raises(InputError, match="this is a file, give the name of a folder"):
        gallery.draw_all(taken)
