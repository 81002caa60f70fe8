"""Laws: T -> 0, Mott, slopes in gaps, vanishing currents, invariances, and a brute-force sum over a fine mesh."""

import os
import signal
from dataclasses import replace

import numpy as np
import oracle
import pytest
from gases import UNIT, dirac, hall, integrals, rashba
from scipy import integrate

from solenoidal.builders.pauli import ONE, SX, SY, SZ, spin_operator
from solenoidal.continuum import ContinuumModel
from solenoidal.continuum.integrate import run
from solenoidal.engine import Processes, Task, Threads

#: Anisotropic, without any mirror, with a field.
CROOKED = rashba(0.5, 0.1, 0.05, 0.3)
ALL = ("conductivity", "nernst", "magnetization", "equilibrium", "dipole_density")


def brute_force(model, mu, kT, spacing=0.06, largest=5.0):
    """Plain sum over a square mesh of k with the formulas of the slow reference."""
    edge = np.arange(-largest, largest, spacing) + 0.37 * spacing
    k = np.stack(np.meshgrid(edge, edge, indexing="ij"), axis=-1).reshape(-1, 2)
    F, S = oracle.Fermi(mu, kT), oracle.Entropy(mu, kT)
    total = {}
    for part in np.array_split(k, len(k) // 2000):
        block = model.block(part, model.operator("spin"))
        zero = np.zeros((len(part), 2, 2, 2, 2), dtype=complex)
        s = block.s[:, 2:]
        ds = np.zeros((len(part), 2, 1, 2, 2), dtype=complex)
        b = oracle.diagonalise(oracle.Matrices(block.H, block.dH, zero, s, ds, np.eye(2)), degeneracy=1e-6)
        for name, x in {
            "conventional": oracle.conventional(b, F),
            "eq11": oracle.eq11(b, F),
            "eq15": oracle.eq15(b, F),
            "kubo": oracle.kubo(b, F),
            "nernst eq11": oracle.eq11(b, S),
            "magnetization": oracle.magnetization(b, F),
        }.items():
            total[name] = total.get(name, 0.0) + x.sum(axis=0) * spacing**2 / (2 * np.pi) ** 2
    return total


@pytest.mark.parametrize("mu", [0.6, -0.1])
def test_brute_force(mu):
    """A square mesh converges exponentially at kT = 0.1."""
    found, mesh = integrals(CROOKED, mu, 0.1, responses=ALL), brute_force(CROOKED, mu, 0.1)
    for d, name in enumerate(("conventional", "eq11", "eq15", "kubo")):
        np.testing.assert_allclose(found.conductivity[d, 0, 0], mesh[name], atol=1e-8)
    np.testing.assert_allclose(found.values["nernst"][1, 0, 0], mesh["nernst eq11"], atol=1e-8)
    M = mesh["magnetization"]
    np.testing.assert_allclose(found.values["magnetization"][0, 0, 0, 0], (M[0, 1] - M[1, 0]) / 2, atol=1e-8)


@pytest.mark.parametrize("mu", [0.6, -0.2])
def test_low_temperature(mu):
    """T -> 0 like T^2 (Sommerfeld), also where rays touch the Fermi surface: crescents at mu = -0.2."""
    kT = np.array([0.0, 0.002, 0.004])
    found = integrals(CROOKED, mu, kT)
    X = found.conductivity[:, :, 0]
    assert np.isclose(X[:, 0, 0, 1], X[:, 1, 0, 1], atol=2e-3 * abs(X).max()).all()
    extrapolated = X[:, 1] - (X[:, 2] - X[:, 1]) / 3
    np.testing.assert_allclose(X[:, 0], extrapolated, atol=1e-5 * abs(X).max())
    assert found.error[:, 0].max() < 1e-6 * abs(X).max()


def test_crescents():
    """Two pockets that do not contain k = 0: sums between the rays that touch them converge exponentially.

    eq11 vanishes for one nondegenerate band of a two-band model with traceless s and no field, and (K) = -2 conv.
    """
    found = integrals(rashba(beta=0.3), [-0.25, -0.1, -0.05])
    conv, eq11, _, kubo = found.conductivity[:, 0, :, 0, 1, 0] / UNIT
    np.testing.assert_allclose(eq11, 0, atol=1e-9)
    np.testing.assert_allclose(kubo, -2 * conv, atol=1e-9)
    assert found.error.max() < 1e-9
    assert found.k_points < 100_000


def test_mott():
    """alpha = integral (-f') (e - mu) / T sigma(e, T = 0), with the entropy in k_B."""
    mu, kT = 0.6, 0.03
    nodes, weights = np.polynomial.legendre.leggauss(36)
    e = mu + 18 * kT * nodes
    cold = integrals(CROOKED, e, tolerance=1e-6).conductivity[:, 0]
    x = (e - mu) / kT
    factor = 18 * weights * x / (4 * np.cosh(x / 2) ** 2)
    alpha = np.einsum("dmilc,m->dilc", cold, factor)
    found = integrals(CROOKED, mu, kT, responses=("nernst",)).values["nernst"][:, 0, 0]
    np.testing.assert_allclose(found, alpha, atol=1e-6)


@pytest.mark.parametrize("kT", [0.0, 0.01])
def test_slope_of_the_magnetization_in_a_gap(kT):
    """dM/dmu = -int f Omega s in a gap, for the charge and for spin: a gapped metal has more."""
    for operator in ("charge", "spin"):
        model, step = dirac(0.4, 1.0, 0.2, 0.3), 1e-3
        options = {"operator": operator, "responses": ("magnetization", "conductivity"), "definitions": ("eq11",)}
        found = integrals(model, [-step, 0.0, step], kT, **options)
        M = found.values["magnetization"][0, 0, :, 0, 0]
        assert (M[2] - M[0]) / (2 * step) == pytest.approx(found.conductivity[0, 0, 1, 0, 1, 0], abs=1e-8)


@pytest.mark.parametrize("kT", [0.0, 0.05])
def test_equilibrium_current_vanishes(kT):
    found = integrals(CROOKED, [-0.2, 0.6], kT, responses=("equilibrium",), axes=None)
    conventional, dipole, total = found.values["equilibrium"][:, 0]
    assert abs(conventional).max() > 1e-3
    np.testing.assert_allclose(total, 0, atol=1e-10)
    assert abs(dipole).max() > 1e-3


def test_dipole_and_quadrupole_make_the_magnetization():
    found = integrals(CROOKED, [-0.2, 0.6], [0.0, 0.05], responses=("dipole_density", "magnetization"))
    total = found.values["dipole_density"][-1]
    np.testing.assert_allclose(total, -total.swapaxes(-3, -2), atol=1e-9)
    np.testing.assert_allclose(total[:, :, 1, 0, 0], found.values["magnetization"][0, :, :, 0, 0], atol=1e-9)


def test_forms_agree_without_touching():
    """(S) and (P) are equal where no bands touch; (K gamma) tends to (K)."""
    S, P = (integrals(CROOKED, 0.6, form=form).conductivity for form in "SP")
    np.testing.assert_allclose(S[1:3], P[1:3], atol=1e-8)
    sharp = integrals(CROOKED, 0.6, gamma=2e-4, definitions=("kubo",)).conductivity[0]
    np.testing.assert_allclose(sharp, S[3], atol=2e-5)


def test_density():
    """Electrons per area of a parabola with two spins at any T."""
    plain = ContinuumModel.from_polynomial({(2, 0): 0.5 * ONE, (0, 2): 0.5 * ONE}, local_operators=spin_operator(1))
    mu, kT = np.array([-0.1, 0.3]), np.array([0.0, 0.02, 0.3])
    expected = [np.maximum(mu, 0) if T == 0 else T * np.log1p(np.exp(mu / T)) for T in kT]
    found = integrals(plain, mu, kT)
    np.testing.assert_allclose(found.carriers, np.array(expected) / np.pi, atol=1e-9)
    np.testing.assert_allclose(found.conductivity, 0, atol=1e-12)


def test_units_of_length_do_not_matter():
    """k in other units: a conductivity in two dimensions has no length."""
    small = replace(CROOKED, H=CROOKED.H * 1e3 ** CROOKED.powers.sum(axis=1)[:, None, None])
    np.testing.assert_allclose(
        integrals(small, [-0.2, 0.6]).conductivity, integrals(CROOKED, [-0.2, 0.6]).conductivity, atol=1e-10
    )


def test_turning_the_axes():
    """A rotation of k turns sigma^{il}."""
    c, s = np.cos(0.7), np.sin(0.7)
    linear = {(1, 0): -0.5 * SY + 0.3 * SX, (0, 1): 0.5 * SX - 0.3 * SY}
    quadratic = {(2, 0): 0.5 * ONE, (0, 2): 0.8 * ONE, (0, 0): 0.1 * SZ}
    turned = {
        (1, 0): c * linear[1, 0] + s * linear[0, 1],
        (0, 1): -s * linear[1, 0] + c * linear[0, 1],
        (2, 0): (0.5 * c * c + 0.8 * s * s) * ONE,
        (0, 2): (0.5 * s * s + 0.8 * c * c) * ONE,
        (1, 1): 2 * (0.8 - 0.5) * s * c * ONE,
        (0, 0): 0.1 * SZ,
    }
    R = np.array([[c, -s], [s, c]])  # k = R k'
    X, Y = (
        integrals(ContinuumModel.from_polynomial(t, local_operators=spin_operator(1)), 0.6).conductivity[
            :, 0, 0, :, :, 0
        ]
        for t in (linear | quadratic, turned)
    )
    np.testing.assert_allclose(Y, R.T @ X @ R, atol=1e-9)


def test_pairs_of_bands():
    """Two copies of a model, mixed by a constant unitary: everywhere degenerate, twice the traces of one."""
    U = np.linalg.qr(np.random.default_rng(3).normal(size=(4, 4)) + 1j * np.random.default_rng(4).normal(size=(4, 4)))[
        0
    ]
    double = lambda X: U.conj().T @ np.kron(np.eye(2), X) @ U  # noqa: E731
    H = np.array([double(x) for x in CROOKED.H])
    s = {"spin": (np.array([double(x) for x in (SX / 2, SY / 2, SZ / 2)]), "xyz")}
    terms = dict(zip(map(tuple, CROOKED.powers.tolist()), H, strict=True))
    pair = ContinuumModel.from_polynomial(terms, local_operators=s)
    for mu, kT in ((-0.2, 0.0), (0.6, 0.05)):
        one, two = (integrals(m, mu, kT, responses=("conductivity", "magnetization")) for m in (CROOKED, pair))
        np.testing.assert_allclose(two.conductivity, 2 * one.conductivity, atol=1e-9)
        np.testing.assert_allclose(two.values["magnetization"], 2 * one.values["magnetization"], atol=1e-9)
        assert abs(two.sensitivity).max() < 1e-9


def test_sensitivity():
    """Bands split by less than the degeneracy energy and by more than a third of it: form (S) moves, and says so."""
    found = integrals(rashba(h=2e-3), 1.0, degeneracy=5e-3)
    finer = integrals(rashba(h=2e-3), 1.0, degeneracy=5e-3 / 3)
    np.testing.assert_allclose(found.sensitivity, finer.conductivity - found.conductivity, atol=1e-9)
    assert abs(found.sensitivity[1]).max() > 0.1 * UNIT
    assert any("degeneracy" in text for text in found.warnings)


def test_one_dimension():
    """A helical wire: d_k s_n is a total derivative, so the magnetic torque dipole and the current cancel."""
    wire = ContinuumModel.from_polynomial(
        {(2,): 0.5 * ONE, (1,): 0.4 * SX, (0,): 0.3 * SZ}, local_operators=spin_operator(1), name="wire"
    )
    found = integrals(wire, [-0.1, 0.5], [0.0, 0.02], axes=None, responses=("equilibrium", "conductivity"))
    assert found.values["equilibrium"].shape == (3, 2, 2, 1, 3)
    np.testing.assert_allclose(found.values["equilibrium"][2], 0, atol=1e-10)
    k = np.linspace(-6, 6, 40001)
    e = 0.5 * k**2 - np.sqrt(0.16 * k**2 + 0.09)
    n = integrate.trapezoid(1.0 * (e < -0.1), k) / (2 * np.pi)
    assert found.carriers[0, 0] == pytest.approx(n, abs=1e-3)


def test_many_at_once_equal_one_at_a_time():
    mu, kT = np.array([-0.2, -0.12, 0.7]), np.array([0.0, 0.02, 0.05])
    every = integrals(CROOKED, mu, kT, responses=("conductivity", "nernst"))
    for t, m in ((0, 0), (1, 2), (2, 1)):
        one = integrals(CROOKED, mu[m], kT[t], responses=("conductivity", "nernst"))
        for name in ("conductivity", "nernst"):
            np.testing.assert_allclose(one.values[name][:, 0, 0], every.values[name][:, t, m], atol=1e-7)


def test_same_bits_whoever_computes():
    """Threads, processes, and processes of which one dies."""
    task = Task((40,), (), np.array([0.6]), np.array([0.0, 0.02]), axes=("z",))
    one = run(CROOKED, task, crew=Threads(1))
    for crew in (Threads(3), Processes(2), _Mortal(2)):
        other = run(CROOKED, task, crew=crew)
        for name, x in one.values.items():
            assert np.array_equal(x, other.values[name])
            assert np.array_equal(one.errors[name], other.errors[name])


class _Mortal(Processes):
    """The first worker is killed when the fourth part is sent."""

    sent = 0

    def submit(self, *args):
        self.sent += 1
        if self.sent == 4:
            os.kill(next(iter(self.executor._processes)), signal.SIGKILL)
        return super().submit(*args)


def test_edge_of_a_band():
    """mu at the bottom of the upper band: what may jump has an error as large as itself, and a warning says why."""
    found = integrals(rashba(h=0.1), [0.1, 0.2])
    assert any("edge of a band" in text for text in found.warnings)
    assert (found.error[:, 0, 0] >= abs(found.conductivity[:, 0, 0])).all()
    assert found.error[:, 0, 1].max() < 1e-9
    assert hall(integrals(rashba(h=0.1), 0.2))[1] == pytest.approx(0, abs=1e-9)
