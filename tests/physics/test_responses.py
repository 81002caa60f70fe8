"""Equilibrium, magnetization and thermal response: against the reference, and as laws of the results themselves."""

import numpy as np
import oracle
import pytest
import random_models as rm
from scipy import integrate as quadrature

from solenoidal import models, responses
from solenoidal.engine import Task, run

MU = np.array([-0.4, 0.1, 0.7])
KT = np.array([0.01, 0.25])
ACCURACY = (1e-10, 2e-7)
NAMES = ("conductivity", "nernst", "equilibrium", "magnetization", "dipole_density")
PARTS = ("conventional", "torque_dipole", "total")

CRYSTALS = {
    "2D": (lambda: rm.electrons(1, 2, 3), (6, 5)),
    "3D with positions": (lambda: rm.electrons(3, 3, 4, positions=True), (3, 4, 3)),
    "doublets": (lambda: rm.doublets(1), (5, 6)),
    "Kane-Mele": (lambda: models.kane_mele(lambda_so=0.12), (6, 6)),
}


def compute(model, mesh, names=NAMES, mu=MU, kT=KT, **options):
    task = Task(
        tuple(mesh),
        (0.5,) * len(mesh),
        np.asarray(mu, float),
        np.asarray(kT, float),
        **{"degeneracy": 1e-6, "error": False, "responses": names, **options},
    )
    return run(model, task).values


@pytest.fixture(name="case", params=CRYSTALS, scope="module")
def _case(request):
    make, mesh = CRYSTALS[request.param]
    model = make()
    return model, mesh, compute(model, mesh)


def each(case, integrand, kind=oracle.Fermi):
    """Reference at every temperature and chemical potential, with the accuracy to expect."""
    model, mesh, _ = case
    for t, kT in enumerate(KT):
        for j, mu in enumerate(MU):
            F = kind(mu, kT)
            yield t, j, oracle.integrate(model, lambda b, F=F: integrand(b, F), mesh), ACCURACY[t]


def close(a, b, tolerance):
    scale = max(1.0, float(abs(b).max()))
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * scale)


def test_the_responses_there_are():
    assert set(responses.names()) == set(NAMES)


@pytest.mark.parametrize("part", [0, 1])
def test_equilibrium_current_is_the_reference(case, part):
    for t, j, want, tolerance in each(case, lambda b, F: oracle.equilibrium_current(b, F)[part]):
        close(case[2]["equilibrium"][part, t, j], want, tolerance)


def test_total_equilibrium_current_is_the_sum_of_its_parts(case):
    parts = case[2]["equilibrium"]
    np.testing.assert_allclose(parts[2], parts[0] + parts[1], atol=1e-12)


def test_magnetization_is_the_reference(case):
    D = case[0].dimension
    pairs = [(0, 1)] if D == 2 else [(1, 2), (2, 0), (0, 1)]
    for t, j, want, tolerance in each(case, oracle.magnetization):
        axial = np.array([(want[l, i] - want[i, l]) / 2 for l, i in pairs])
        close(case[2]["magnetization"][0, t, j], axial, tolerance)


def test_dipole_and_quadrupole_make_the_magnetization(case):
    """D^{lis} + Q^{il tau} = M^{li}: Eq. 6; here [i, l]."""
    for t, j, want, tolerance in each(case, oracle.magnetization):
        close(case[2]["dipole_density"][-1, t, j].swapaxes(0, 1), want, tolerance)


def test_current_dipole_density_is_the_reference(case):
    def density(b, F):
        d, Omega = oracle.current_dipole(b).swapaxes(2, 3), oracle.spin_berry(b)  # [i, l] = d^{lis}, Omega^{lis}
        return np.einsum("kn,knilc->kilc", F.f(b.e), d) + np.einsum("kn,knilc->kilc", F.g(b.e), Omega)

    for t, j, want, tolerance in each(case, density):
        close(case[2]["dipole_density"][0, t, j], want, tolerance)


@pytest.mark.parametrize("d", [0, 1, 2])
def test_nernst_is_the_reference(case, d):
    functions = (oracle.conventional, oracle.eq11, oracle.eq15)
    for t, j, want, tolerance in each(case, functions[d], oracle.Entropy):
        close(case[2]["nernst"][d, t, j], want, 10 * tolerance / KT[t])


@pytest.mark.parametrize("dimension", [2, 3])
def test_total_equilibrium_current_vanishes(dimension):
    """J = curl M has no uniform part: a law of the converged integral (Eq. 5)."""
    model = rm.electrons(1, dimension, 3)
    n = 48 if dimension == 2 else 24
    current = compute(model, (n,) * dimension, ("equilibrium",), kT=[0.5])["equilibrium"]
    assert abs(current[0]).max() > 1e-2
    assert abs(current[2]).max() < 1e-6 * abs(current[0]).max()


def test_mott_relation_holds_for_every_definition():
    """alpha = int de (-f')(e - mu) sigma_0(e) / kT: an integral over the T = 0 conductivity on the same mesh."""
    model, mesh, mu, kT = rm.electrons(4, 2, 3), (5, 4), 0.1, 0.2
    names = ("conventional", "eq15")  # Fermi sea only: a step at T = 0 on any mesh
    alpha = compute(model, mesh, ("nernst",), [mu], [kT], definitions=names)["nernst"][:, 0, 0]
    e = np.linspace(mu - 20 * kT, mu + 20 * kT, 40001)
    sigma = compute(model, mesh, ("conductivity",), e, [0.0], definitions=names)["conductivity"][:, 0]
    x = (e - mu) / kT
    weight = x / (4 * kT * np.cosh(x / 2) ** 2)
    want = quadrature.trapezoid(weight[:, None, None, None] * sigma, e, axis=1)
    np.testing.assert_allclose(alpha, want, atol=2e-3 * abs(want).max())


@pytest.mark.parametrize("form", ["S", "P"])
def test_mott_relation_at_low_temperature(form):
    """alpha -> (pi^2 / 3) kT d sigma / d mu with the conductivity at the same temperature."""
    model, kT = rm.electrons(5, 2, 3), 0.05
    mu = np.array([0.1 - 1e-3, 0.1, 0.1 + 1e-3])
    out = compute(model, (240, 240), ("conductivity", "nernst"), mu, [kT], form=form)
    slope = (out["conductivity"][:, 0, 2] - out["conductivity"][:, 0, 0]) / 2e-3
    want = np.pi**2 / 3 * kT * slope
    assert abs(out["nernst"][:, 0, 1] - want).max() < 0.15 * abs(want).max()


def test_temperature_slope_of_the_magnetization():
    """dM/dT = int (df/dT) m - S Omega s: with f/T-derivatives by the reference, the same by a difference."""
    model, mesh, mu, kT, h = rm.electrons(1, 2, 3), (6, 5), 0.1, 0.2, 1e-3
    M = compute(model, mesh, ("magnetization",), [mu], [kT - h, kT + h])["magnetization"][0, :, 0, 0]

    class Slope(oracle.Fermi):
        def f(self, e):
            return -self.x(e) * super().df(e)

        def g(self, e):
            return -oracle.Entropy(self.mu, self.T).f(e)

    want = oracle.integrate(model, lambda b: oracle.magnetization(b, Slope(mu, kT)), mesh)[0, 1]
    np.testing.assert_allclose((M[1] - M[0]) / (2 * h), want, atol=1e-5)


@pytest.mark.parametrize("seed", [2, 5])
def test_insulator_rule(seed):
    """In a gap sigma^{xy} = e dM_z/dmu for eq11, whatever the mesh (theory notes, section 3)."""
    model = rm.electrons(seed, 2, 3, gap=1.5)
    levels = oracle.solve(model, oracle.mesh_points((30, 30))).e
    low, high = levels[:, 0].max(), levels[:, 1].min()
    assert high - low > 0.3
    mu, kT, h = 0.5 * (low + high), 0.01, 0.02
    out = compute(model, (30, 30), ("conductivity", "magnetization"), [mu - h, mu, mu + h], [kT], definitions=("eq11",))
    slope = (out["magnetization"][0, 0, 2] - out["magnetization"][0, 0, 0]) / (2 * h)
    sigma = out["conductivity"][0, 0, 1]
    np.testing.assert_allclose(sigma[0, 1], slope[0], atol=1e-7)
    np.testing.assert_allclose(sigma[0, 0], 0.0, atol=1e-9)


def test_magnetization_of_haldane_model():
    """Orbital moment of the charge against finite flakes (theory notes, section 9; per area, a = 1, |e| units)."""
    model = models.haldane(t1=1.0, t2=0.2, phi=np.pi / 3, M=0.3)
    for mu, kT, flake in ((-0.3, 0.08, -0.0146607), (-1.5, 0.12, -0.0501012), (1.2, 0.12, 0.0358799)):
        M = compute(model, (120, 120), ("magnetization",), [mu], [kT], operator="charge")["magnetization"]
        assert M[0, 0, 0, 0, 0] == pytest.approx(flake, abs=2e-5)


def test_equilibrium_quantities_at_zero_temperature():
    """Step and ramp are exact: T = 0 is the limit of the reference at low T away from every level."""
    model = rm.electrons(1, 2, 3)
    names = ("equilibrium", "magnetization")
    cold = compute(model, (4, 3), names, MU, [0.0])
    low = compute(model, (4, 3), names, MU, [1e-5])
    for name in names:
        np.testing.assert_allclose(cold[name], low[name], atol=1e-7)


def test_responses_that_share_a_dimension_share_its_entries():
    """Two responses in one result must not rename each other's rows."""
    from solenoidal.responses import Choice

    choice = Choice(("eq11",))
    entries = {}
    for name in responses.names():
        response = responses.get(name)
        if response.label:
            assert entries.setdefault(response.label, list(response.terms(choice))) == list(response.terms(choice)), (
                name
            )
