"""The identity table of the theory, for every metric, through the kernel that computes the conductivities.

Xiao and Niu, PRB 104, L241411 (2021), Eqs. 1-6 and note 33; metric signs as in the bosonic notes, section 2.
"""

import numpy as np
import pytest
import random_models as rm

from solenoidal import bands
from solenoidal.bloch import fourier, solve
from solenoidal.eigen import eigenstates

MODELS = {
    "electrons 2D": lambda: rm.electrons(1, 2, 4),
    "electrons 3D with positions": lambda: rm.electrons(4, 3, 4),
    "metric diag(1,-1)": lambda: rm.bosons(5, "diagonal"),
    "metric diag(1,-1), particle-hole symmetric": lambda: rm.bosons(6, "particle-hole"),
    "symplectic metric": lambda: rm.bosons(7, "symplectic"),
}


@pytest.fixture(name="model", params=MODELS, scope="module")
def _model(request):
    return MODELS[request.param]()


@pytest.fixture(name="k", scope="module")
def _k(model):
    return np.random.default_rng(7).uniform(size=(5, model.dimension))


@pytest.fixture(name="states", scope="module")
def _states(model, k):
    return solve(fourier(model, k), 1e-9)


def gradient(model, k, quantity, h=2e-5):
    """Cartesian central difference of a band quantity, appended as the last axis."""
    out = []
    for i in range(model.dimension):
        step = h * model.lattice[:, i] / (2 * np.pi)
        plus, minus = (quantity(solve(fourier(model, k + sign * step), 1e-9)) for sign in (1, -1))
        out.append((plus - minus) / (2 * h))
    return np.stack(out, axis=-1)


def close(a, b, tolerance):
    scale = max(1.0, float(abs(a).max()), float(abs(b).max()))
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * scale)


def test_torque_dipole_completes_the_current(states):
    vs = bands.velocity(states)[:, :, :, None] * bands.spin(states)[:, :, None, :]
    close(bands.torque_dipole(states), vs - bands.current(states), 1e-12)


def test_torque_has_no_expectation_value(states):
    tau = np.einsum("knan->kna", bands.torque(states))
    assert abs(tau).max() < 1e-12


def test_velocity_is_the_slope_of_the_energy(model, k, states):
    close(bands.velocity(states), gradient(model, k, lambda st: st.e), 1e-7)


def test_torque_curvature_is_the_slope_of_s(model, k, states):
    close(bands.torque_curvature(states), gradient(model, k, bands.spin).swapaxes(2, 3), 1e-6)


def test_polarizability_identity(model, k, states):
    """Omega^{lis} + chi^{il tau} = d_l d^i + Omega^{li} s, with chi = d_i d^l - 2 Im sum v^l d^{i tau} / w^2."""
    slope = gradient(model, k, bands.s_dipole).transpose(0, 1, 4, 2, 3)  # [l, i, a] = d_l d^i
    chi = slope + bands.polarizability_interband(states)  # [i, l, a] = d_i d^l + ...
    left = bands.s_berry_curvature(states) + chi.swapaxes(2, 3)
    right = slope + bands.berry_curvature(states)[..., None] * bands.spin(states)[:, :, None, None, :]
    close(left, right, 1e-6)


def test_polarizability_identity_fails_without_the_intraband_term(model, k, states):
    """Dropping the term with v_n of note 33 breaks the identity at O(1): the test above can fail."""
    tau = bands.torque(states)
    full = bands.polarizability_interband(states)
    signs = np.ones_like(states.e) if states.sign is None else states.sign
    v = bands.velocity(states)
    GGG = states.G**3
    B_term = np.einsum("kn,km,knlm,kman,kni,knm->knila", signs, signs, states.v, -1j * tau, v, GGG, optimize=True)
    without = full + 2.0 * B_term.imag
    slope = gradient(model, k, bands.s_dipole).transpose(0, 1, 4, 2, 3)
    right = slope + bands.berry_curvature(states)[..., None] * bands.spin(states)[:, :, None, None, :]
    left = bands.s_berry_curvature(states) + (slope + without).swapaxes(2, 3)
    assert abs(left - right).max() > 1e-3


def test_quadrupole_identity(states):
    """q^{il} = (d^i v^l + d^l v^i) / 2 - (d^{lis} + d^{ils}) / 2."""
    dv = bands.s_dipole(states)[:, :, :, None, :] * bands.velocity(states)[:, :, None, :, None]
    dJ = bands.current_dipole(states)
    want = 0.5 * (dv + dv.swapaxes(2, 3)) - 0.5 * (dJ + dJ.swapaxes(2, 3))
    close(bands.torque_quadrupole(states), want, 1e-11)


def test_magnetization_identity(states):
    """d^{lis} + q^{il} - v^l d^i = m^{li} of Eq. 6, which is antisymmetric although no term is."""
    dJ, q = bands.current_dipole(states), bands.torque_quadrupole(states)
    vd = bands.velocity(states)[:, :, :, None, None] * bands.s_dipole(states)[:, :, None, :, :]  # [l, i, a]
    m = bands.moment(states)
    close(dJ + q.swapaxes(2, 3) - vd, m, 1e-11)
    close(m, -m.swapaxes(2, 3), 1e-12)


def test_berry_curvature_is_the_phase_of_a_plaquette(model, k, states):
    h = 1e-3
    to_k = model.lattice / (2 * np.pi)
    eta = np.eye(model.size) if model.metric is None else model.metric
    corners = [np.array(c) for c in [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]]
    U = []
    for c in corners:
        shift = h * (c[0] * to_k[:, 0] + c[1] * to_k[:, 1])
        block = fourier(model, k + shift)
        U.append(eigenstates(block.H, block.metric)[1])
    phase = 1.0
    for a, b in zip(U, U[1:] + U[:1], strict=True):
        phase = phase * np.einsum("kin,ij,kjn->kn", a.conj(), eta, b)
    want = -np.angle(phase) / h**2
    got = bands.berry_curvature(states)[:, :, 0, 1]
    close(got, want, 1e-4)


def test_uniform_equilibrium_current_vanishes(model):
    """The zone integral of f (J + d^tau) + g Omega^tau is zero: f(e) = e^2 / 2, g = e^3 / 6, any function does."""
    n = 40 if model.dimension == 2 else 14
    axes = np.meshgrid(*[(np.arange(n) + 0.5) / n] * model.dimension, indexing="ij")
    total, size = 0.0, 0.0
    for part in np.array_split(np.stack(axes, -1).reshape(-1, model.dimension), 40):
        st = solve(fourier(model, part), 1e-9)
        f, g = st.e**2 / 2, st.e**3 / 6
        J = bands.current(st) + bands.torque_dipole(st)
        terms = np.einsum("kn,knia->ia", f, J), np.einsum("kn,knia->ia", g, bands.torque_curvature(st))
        total, size = total + sum(terms), size + abs(terms[0])
    assert size.max() > 1e-2
    assert abs(total).max() < 1e-6 * size.max()


def test_conserved_s_has_one_current():
    """If s commutes with H the dipoles vanish and all definitions agree band by band."""
    model = rm.electrons(1, 2, 4)
    block = fourier(model, np.random.default_rng(0).uniform(size=(4, 2)), "charge")
    states = solve(block, 1e-9)
    assert abs(bands.s_dipole(states)).max() < 1e-12
    close(bands.s_berry_curvature(states)[..., 0], bands.berry_curvature(states), 1e-12)


def test_charge_moment_is_antisymmetric(states):
    m = bands.charge_moment(states)
    close(m, -m.swapaxes(2, 3), 1e-12)
