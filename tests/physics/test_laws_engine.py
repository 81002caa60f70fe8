"""Laws of the conductivity as the package computes it: reference, cells, symmetries, limits."""

import numpy as np
import oracle
import pytest
import random_models as rm

from solenoidal import models
from solenoidal.engine import Task, run

DEFINITIONS = ("conventional", "eq11", "eq15", "kubo")
CONV, EQ11, EQ15, KUBO = range(4)
#: Energies are collected on a grid for warm, with exact Fermi factors for cold temperatures (spectral.plan).
WARM, COLD = 0.25, 0.01
ACCURACY = {WARM: 2e-8, COLD: 1e-11}
MU = (-0.4, 0.1, 0.7)


def conductivity(model, mesh, mu=MU, kT=(WARM,), offset=0.5, **options):
    """X (definition, T, mu, i, l, c)."""
    task = Task(
        mesh=tuple(mesh),
        offset=tuple(np.broadcast_to(offset, len(mesh)).tolist()),
        mu=np.array(mu, dtype=float),
        kT=np.array(kT, dtype=float),
        **{"definitions": DEFINITIONS, "degeneracy": 1e-6, "error": False, "workers": 1, **options},
    )
    return run(model, task).conductivity


def assert_close(actual, desired, tolerance, message=""):
    scale = max(1.0, float(abs(np.asarray(desired)).max()))
    np.testing.assert_allclose(actual, desired, rtol=0, atol=tolerance * scale, err_msg=message)


CRYSTALS = {
    "2D": (lambda: rm.electrons(1, 2, 3), (6, 5), 0.5),
    "3D": (lambda: rm.electrons(2, 3, 4), (4, 3, 5), (0.3, 0.5, 0.1)),
    "2D with positions": (lambda: rm.electrons(3, 2, 4, positions=True), (6, 5), 0.5),
    "3D with positions": (lambda: rm.electrons(3, 3, 4, positions=True), (3, 4, 3), 0.1),
    "doublets": (lambda: rm.doublets(1), (5, 6), 0.5),
    "doublets 3D": (lambda: rm.doublets(2, 3), (3, 3, 3), 0.5),
    "Kane-Mele, Gamma-centred": (lambda: models.kane_mele(lambda_so=0.12), (6, 6), 0.0),
    "Rashba, Gamma-centred": (lambda: models.rashba(B_z=0.0), (6, 6), 0.0),
    "BHZ, s_z conserved": (lambda: models.bhz(lambda_R=0.0, delta=0.0), (6, 6), 0.0),
    "Wilson-Dirac": (models.wilson_dirac, (4, 4, 4), 0.5),
}


@pytest.mark.parametrize(("form", "gamma"), [("S", None), ("P", None), ("S", 0.1)], ids=["S", "P", "gamma"])
@pytest.mark.parametrize("crystal", CRYSTALS)
def test_engine_is_the_reference(crystal, form, gamma):
    """Every definition, form, component pair, temperature and chemical potential."""
    make, mesh, offset = CRYSTALS[crystal]
    model = make()
    X = conductivity(model, mesh, kT=(COLD, WARM), offset=offset, form=form, gamma=gamma)
    for d, name in enumerate(DEFINITIONS):
        for t, kT in enumerate((COLD, WARM)):
            for j, mu in enumerate(MU):
                rate = gamma if name == "kubo" else None
                want = oracle.conductivity(model, name, mu, kT, mesh, form, rate, offset=offset)
                assert_close(X[d, t, j], want, ACCURACY[kT], f"{name}, kT = {kT}, mu = {mu}")


def test_selected_components_and_charge():
    model = rm.electrons(2, 3, 4, components=3)
    mesh = (3, 4, 3)
    every = conductivity(model, mesh)
    assert_close(conductivity(model, mesh, axes=("z", "x")), every[..., [2, 0]], 1e-13)
    charge = conductivity(model, mesh, operator="charge")
    assert charge.shape[-1] == 1
    assert abs(charge).max() > 1e-3
    for d in (EQ11, EQ15, KUBO):
        assert_close(charge[d], charge[CONV], 1e-7, "for s = 1 the dipole vanishes and all definitions are one")


def test_carriers():
    model, mesh = rm.electrons(1, 2, 3), (6, 5)
    task = Task(mesh, (0.5, 0.5), np.array(MU), np.array([WARM]), error=False, workers=1)
    e = oracle.solve(model, oracle.mesh_points(mesh)).e
    want = [oracle.Fermi(mu, WARM).f(e).sum() / len(e) for mu in MU]
    assert_close(run(model, task).carriers[0], want, 1e-7)


@pytest.mark.parametrize("positions", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
def test_doubled_cell(axis, positions):
    """A cell twice as long, half as many k-points along it: the same points, the same crystal."""
    model = rm.electrons(3, 2, 4, positions=positions)
    mesh = [6, 6]
    small = conductivity(model, mesh, kT=(COLD, WARM))
    mesh[axis] = 3
    large = conductivity(rm.doubled_cell(model, axis), mesh, kT=(COLD, WARM))
    assert abs(small).max() > 1e-2
    assert_close(large[:, 0], small[:, 0], 1e-9)
    assert_close(large[:, 1], small[:, 1], ACCURACY[WARM])


def test_full_filling():
    """With every band filled kubo and conventional vanish on any mesh; eq11 does not for more than two bands."""
    model = rm.electrons(1, 2, 3)
    for gamma in (None, 0.2):
        X = conductivity(model, (5, 4), mu=(60.0,), kT=(COLD, WARM), gamma=gamma)
        assert_close(X[[CONV, KUBO]], 0.0, 1e-12)
        assert abs(X[EQ11]).max() > 1e-3


def test_empty_bands():
    assert_close(conductivity(rm.electrons(1, 2, 3), (5, 4), mu=(-60.0,), kT=(0.0, COLD, WARM)), 0.0, 1e-15)


# Symmetry partners (theory notes, section 3): act on the hoppings, compare every definition.


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("parity", [-1, +1], ids=["spin-like", "charge-like"])
def test_time_reversal(dimension, parity):
    """H(k) -> H(-k)^*, s -> parity s^*: sigma -> -parity sigma."""
    model = rm.electrons(1, dimension, 3)
    partner = rm.transformed(model, lambda R, h: (R, h.conj()), lambda s: parity * s.conj())
    mesh = (4, 5, 4)[:dimension]
    X, Y = conductivity(model, mesh), conductivity(partner, mesh)
    assert min(abs(x).max() for x in X) > 1e-3
    assert_close(Y, -parity * X, 1e-10)


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("parity", [-1, +1])
def test_inversion(dimension, parity):
    """H(k) -> H(-k), s -> parity s: sigma -> parity sigma."""
    model = rm.electrons(1, dimension, 3)
    partner = rm.transformed(model, lambda R, h: (tuple(-x for x in R), h), lambda s: parity * s)
    mesh = (4, 5, 4)[:dimension]
    assert_close(conductivity(partner, mesh), parity * conductivity(model, mesh), 1e-10)


@pytest.mark.parametrize("dimension", [2, 3])
def test_mirror(dimension):
    """x -> -x with even s: sigma^{il} changes sign with every index x."""
    model = rm.electrons(1, dimension, 3)
    mirror = np.diag([-1.0, 1.0, 1.0][:dimension])
    partner = rm.transformed(model, lambda R, h: (R, h), lambda s: s, lattice=model.lattice @ mirror)
    mesh = (4, 5, 4)[:dimension]
    want = np.einsum("ij,...jkc,kl->...ilc", mirror, conductivity(model, mesh), mirror)
    assert_close(conductivity(partner, mesh), want, 1e-10)


def test_rotation():
    """Turning the lattice turns the tensor."""
    model = rm.electrons(2, 3, 4)
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    partner = rm.transformed(model, lambda R, h: (R, h), lambda s: s, lattice=model.lattice @ Q.T)
    want = np.einsum("ij,...jkc,lk->...ilc", Q, conductivity(model, (3, 4, 3)), Q)
    assert_close(conductivity(partner, (3, 4, 3)), want, 1e-10)


def test_exchange_of_electrons_and_holes():
    """H -> -H, mu -> -mu: conventional and kubo change sign; eq11 does not obey this for N > 2."""
    model = rm.electrons(1, 2, 3)
    partner = rm.transformed(model, lambda R, h: (R, -h), lambda s: s)
    X = conductivity(model, (6, 5), kT=(COLD, WARM))
    Y = conductivity(partner, (6, 5), mu=tuple(-m for m in MU[::-1]), kT=(COLD, WARM))[:, :, ::-1]
    for d in (CONV, KUBO):
        assert_close(Y[d, 0], -X[d, 0], 1e-10)
        assert_close(Y[d, 1], -X[d, 1], ACCURACY[WARM])
    assert abs(Y[EQ11] + X[EQ11]).max() > 1e-2


def test_real_crystal_has_no_charge_hall_effect():
    """Real hoppings, s = 1: every definition vanishes by time reversal."""
    model = rm.electrons(1, 2, 3)
    real = rm.transformed(model, lambda R, h: (R, h.real), lambda s: s)
    X = conductivity(real, (6, 6), operator="charge")
    assert_close(X, 0.0, 1e-12)


# Relations between definitions


def test_forms_of_eq11_agree():
    """(S) = (P) = (sea) once the mesh resolves kT."""
    model = rm.electrons(5, 2, 3, gap=0.8)
    S, P = (conductivity(model, (80, 80), mu=(0.1,), form=form)[EQ11, 0, 0] for form in ("S", "P"))
    sea = oracle.conductivity(model, "eq11", 0.1, WARM, (80, 80), "sea")
    assert abs(S).max() > 1e-3
    assert_close(P, S, ACCURACY[WARM])
    assert_close(sea, S, ACCURACY[WARM])


@pytest.mark.parametrize("make", [lambda: rm.electrons(5, 2, 3, gap=0.8), lambda: rm.doublets(1)])
def test_kubo_is_the_limit_of_finite_wave_vectors(make):
    """(K) = conventional + torque response at q -> 0 of the same mesh."""
    model, mesh = make(), (24, 24)
    X = conductivity(model, mesh, mu=(0.1,))[:, 0, 0]
    for i in (0, 1):
        torque = oracle.richardson(lambda q, i=i: oracle.finite_q(model, i, q, 0.1, WARM, mesh), 0.02)
        assert_close(X[KUBO, i], X[CONV, i] + torque, 1e-7)


def test_kubo_minus_eq11():
    """Section 5: antisymmetric, and equal to the closed form pointwise in form (P)."""
    model, mesh = rm.electrons(3, 2, 4, positions=True), (6, 5)
    X = conductivity(model, mesh, mu=(0.1,), form="P")[:, 0, 0]
    F = oracle.Fermi(0.1, WARM)
    want = oracle.integrate(model, lambda b: oracle.kubo_minus_eq11(b, F), mesh)
    assert abs(want).max() > 1e-3
    assert_close(X[KUBO] - X[EQ11], want, ACCURACY[WARM])


def test_conserved_spin_in_a_metal():
    """s_z conserved (block BHZ): no dipole, all definitions are one."""
    model = models.bhz(lambda_R=0.0, delta=0.0)
    X = conductivity(model, (8, 8), mu=(-1.5, 0.0, 1.5), axes=("z",))
    assert abs(X).max() > 1e-2
    for d in (EQ11, EQ15, KUBO):
        assert_close(X[d], X[CONV], ACCURACY[WARM])


def test_small_rates_and_multiplets():
    """(K gamma) of exactly degenerate pairs tends to (K) with multiplet traces, as gamma^2 as long as gamma << kT."""
    model, mesh = rm.doublets(1), (5, 6)
    K = conductivity(model, mesh)[KUBO]
    gap = [conductivity(model, mesh, gamma=gamma)[KUBO] - K for gamma in (0.04, 0.02)]
    assert 1e-6 < abs(gap[1]).max() < 1e-4
    assert_close(gap[0] / 4, gap[1], 0.02 * abs(gap[1]).max())


def test_kubo_is_continuous_in_an_insulator():
    """Filled pairs that split by 1e-4: (K) moves by as little, eq11 by a finite amount unless the pairs are grouped."""
    mesh, mu, kT = (16, 16), (1.9,), (COLD,)
    crystals = [rm.doublets(1, splitting=x, split_seed=2, gap=3.0) for x in (0.0, 1e-4)]
    e = oracle.solve(crystals[0], oracle.mesh_points(mesh)).e
    assert e[:, 3].max() < 1.9 - 30 * COLD
    assert e[:, 4].min() > 1.9 + 30 * COLD
    exact, split = (conductivity(m, mesh, mu, kT) for m in crystals)
    grouped = conductivity(crystals[1], mesh, mu, kT, degeneracy=0.02)
    assert abs(split[KUBO] - exact[KUBO]).max() < 1e-4
    assert abs(grouped - exact).max() < 1e-4
    assert abs(split[EQ11] - exact[EQ11]).max() > 1e-3


# T = 0 insulators


@pytest.mark.parametrize(
    ("model", "quantum"),
    [
        (models.kane_mele(lambda_so=0.12, lambda_R=0.0, lambda_v=0.1), 1.0),
        (models.kane_mele(lambda_so=0.06, lambda_R=0.0, lambda_v=1.5), 0.0),
        (models.bhz(lambda_R=0.0, delta=0.0), 1.0),
    ],
    ids=["Kane-Mele inverted", "Kane-Mele normal", "BHZ inverted"],
)
def test_quantum_spin_hall_insulator(model, quantum):
    """sigma^{xy} = -sigma^{yx} = 1 / 2 pi in every definition at T = 0, sigma^{xx} = 0; forms (S) and (P)."""
    for form in ("S", "P"):
        X = conductivity(model, (72, 72), mu=(0.0,), kT=(0.0,), axes=("z",), form=form)[:, 0, 0, :, :, 0]
        for x in X * 2 * np.pi:
            assert_close(x, quantum * np.array([[0, 1], [-1, 0]]), 1e-6)


@pytest.mark.parametrize(("lambda_R", "kubo"), [(0.1, 0.95655), (0.03, 0.99609), (0.01, 0.99957), (0.001, 1.00000)])
def test_kane_mele_with_rashba_coupling(lambda_R, kubo):
    """(K) tends to the quantum as spin becomes conserved; lambda_so = 0.12, lambda_v = 0.1."""
    model = models.kane_mele(lambda_so=0.12, lambda_R=lambda_R, lambda_v=0.1)
    X = conductivity(model, (72, 72), mu=(0.0,), kT=(0.0,), axes=("z",))[:, 0, 0, :, :, 0] * 2 * np.pi
    assert X[KUBO, 0, 1] == pytest.approx(kubo, abs=6e-6)
    for d in (EQ11, EQ15, KUBO):
        assert_close(X[d], -X[d].T, 1e-9, "the conserved currents of an insulator are pure Hall currents")
    assert abs(X[EQ11, 0, 1] - 1) > 0.2, "eq. (12) of resolved filled bands does not tend to the quantum"


def chern_number(model, band, n=24):
    """(1 / 2 pi) integral of Omega^{xy} from link variables (Fukui, Hatsugai, Suzuki 2005)."""
    H = oracle.lattice_sum(model, model.H, oracle.mesh_points((n, n), 0.0))
    u = np.linalg.eigh(H)[1][:, :, band].reshape(n, n, -1)
    right, up = (np.einsum("xya,xya->xy", u.conj(), np.roll(u, -1, axis)) for axis in (0, 1))
    loop = right * np.roll(up, -1, 0) * np.roll(right, -1, 1).conj() * up.conj()
    return -np.angle(loop).sum() / (2 * np.pi)  # <u(k)|u(k + dk)> = exp(-i A.dk)


@pytest.mark.parametrize("phi", [np.pi / 3, -np.pi / 3])
def test_haldane_insulator(phi):
    """sigma^{xy} = -(1 / 2 pi) Chern number for the charge, sign and size from link variables."""
    model = models.haldane(phi=phi)
    C = chern_number(model, 0)
    assert abs(C) == pytest.approx(1, abs=1e-9)
    X = conductivity(model, (60, 60), mu=(-0.2,), kT=(0.0,), operator="charge")
    for x in X[:, 0, 0, :, :, 0] * 2 * np.pi:
        assert_close(x, -C * np.array([[0, 1], [-1, 0]]), 1e-6)


def test_wilson_dirac_has_no_spin_hall_response_without_coupling():
    """A = 0: spin is conserved and H diagonal, nothing flows."""
    X = conductivity(models.wilson_dirac(A=0.0), (4, 4, 4), mu=(0.0,))
    assert_close(X[[CONV, EQ15]], 0.0, 1e-12)


def test_rashba_lattice_low_density():
    """Few electrons on the lattice are the continuum gas: conv -> 1, eq11, kubo -> -1 in units of e / 8 pi."""
    model = models.rashba(t=0.5, lambda_R=0.05, B_z=0.0)
    X = conductivity(model, (360, 360), mu=(0.06,), kT=(0.004,), axes=("z",))[:, 0, 0, :, :, 0] * 8 * np.pi
    for d, value in ((CONV, 1), (EQ11, -1), (KUBO, -1)):
        assert_close(X[d], value * np.array([[0, 1], [-1, 0]]), 0.03)
