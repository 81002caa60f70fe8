"""The reference obeys the band identities of the theory (notes, section 2; bosonic notes, section 2)."""

import numpy as np
import oracle
import pytest
import random_models as rm

FAMILIES = {
    "2D": lambda: rm.electrons(1, 2, 3),
    "3D": lambda: rm.electrons(2, 3, 4),
    "2D with positions": lambda: rm.electrons(3, 2, 4, positions=True),
    "3D with positions": lambda: rm.electrons(4, 3, 4, positions=True),
    "bosons, diag(1,-1)": lambda: rm.bosons(5, "diagonal"),
    "bosons, particle-hole": lambda: rm.bosons(6, "particle-hole"),
    "bosons, symplectic": lambda: rm.bosons(7, "symplectic"),
    "bosons with positions": lambda: rm.bosons(9, "particle-hole", positions=True),
}
#: Largest |A - B| relative to max(1, |A|): rounding of sums over a handful of bands.
ROUNDING = 1e-12


@pytest.fixture(params=FAMILIES, name="model")
def _model(request):
    return FAMILIES[request.param]()


@pytest.fixture(name="k")
def _k(model):
    return np.random.default_rng(11).uniform(size=(6, model.dimension))


@pytest.fixture(name="b")
def _bands(model, k):
    return oracle.solve(model, k)


def close(a, b, tolerance=ROUNDING):
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1.0, float(abs(np.asarray(a)).max())))


def curvature_spin(b):
    """Omega^{li}_n s_n, (n_k, N, i, l, c)."""
    return np.einsum("knli,knc->knilc", oracle.berry(b), oracle.spin(b))


def velocity_times_dipole(b):
    return np.einsum("knl,knic->knilc", oracle.velocity(b), oracle.dipole(b))


def test_s_commutes_with_position(model, k):
    m = oracle.matrices(model, k)
    close(m.ds, 0 * m.ds)


def test_torque_dipole(b):
    v, s = oracle.velocity(b)[..., None], oracle.spin(b)[:, :, None]
    close(oracle.torque_dipole(b), -oracle.current(b) + v * s)


def test_polarizability(b):
    chi = oracle.polarizability(b)
    gradient = np.einsum("knlic->knilc", oracle.dipole_gradient(b))
    close(oracle.spin_berry(b) + chi, gradient + curvature_spin(b))


def test_polarizability_needs_the_intraband_term(b):
    """Dropping the last term of note [33] must be visible, or the identity would test nothing."""
    dropped = oracle.interband_torque_dipole(b) - 1j * (
        b.tau[:, None] * np.einsum("kinn->kin", b.v)[:, :, None, None, :] * b.G[:, None, None]
    )
    chi = np.einsum("knilc->knilc", oracle.dipole_gradient(b)) - 2 * (
        np.einsum("klnm,kicmn,knm->knilc", b.v, dropped, b.G**2).imag
    )
    gradient = np.einsum("knlic->knilc", oracle.dipole_gradient(b))
    gap = oracle.spin_berry(b) + chi - gradient - curvature_spin(b)
    assert abs(gap).max() > 1e-3


def test_antisymmetric_dipole_gradient(b):
    gradient = oracle.dipole_gradient(b)
    left = np.einsum("knlic->knilc", gradient) - gradient + curvature_spin(b)
    close(left, oracle.dipole_antisymmetry(b))


def test_quadrupole_and_magnetization(b):
    vd, d2 = velocity_times_dipole(b), oracle.current_dipole(b)
    q = oracle.quadrupole(b)
    close(q, (vd + vd.swapaxes(2, 3)) / 2 - (d2 + d2.swapaxes(2, 3)) / 2)
    m_li = np.einsum("knlic->knilc", d2) + q - vd
    close(m_li, -m_li.swapaxes(2, 3))


def test_derivatives_against_differences(model, k, b):
    """v_n = d e_n, Omega^{i tau}_n = d_i s_n and the analytic d_l d^i_n; central differences, h = 1e-4."""
    h = 1e-4
    for l in range(model.dimension):
        step = h * model.lattice[:, l] / (2 * np.pi)
        plus, minus = (oracle.solve(model, k + sign * step) for sign in (1, -1))

        def slope(f, plus=plus, minus=minus):
            return (f(plus) - f(minus)) / (2 * h)

        close(slope(lambda x: x.e), oracle.velocity(b)[:, :, l], 2e-6)
        close(slope(oracle.spin), oracle.torque_berry(b)[:, :, l], 2e-6)
        close(slope(oracle.dipole), oracle.dipole_gradient(b)[:, :, l], 2e-6)


def test_blocks_reduce_to_bands(b):
    """A multiplet of one level is a band."""
    close(oracle.berry_spin(b), curvature_spin(b))
    close(oracle.velocity_dipole(b), velocity_times_dipole(b))
    close(oracle.spin_moment(b), np.einsum("knc,knil->knilc", oracle.spin(b), oracle.moment(b)))


def test_particle_hole_partner():
    """e, s, Omega, d, J odd and v even under n -> partner at -k."""
    model = rm.bosons(6, "particle-hole")
    k = np.random.default_rng(3).uniform(size=(4, 2))
    a, b = oracle.solve(model, k), oracle.solve(model, -k)
    for f, parity in (
        (oracle.spin, -1),
        (oracle.berry, -1),
        (oracle.dipole, -1),
        (oracle.current, -1),
        (oracle.velocity, 1),
    ):
        close(f(a), parity * f(b)[:, ::-1])
    close(a.e, -b.e[:, ::-1])
    assert np.array_equal(a.sign, -b.sign[:, ::-1])


@pytest.mark.parametrize("dimension", [2, 3])
def test_rotations_inside_multiplets(dimension):
    """A random U(2) in every doublet changes no trace."""
    model = rm.doublets(1, dimension)
    rng = np.random.default_rng(0)
    k = rng.uniform(size=(5, dimension))
    plain, mixed = oracle.solve(model, k), oracle.solve(model, k, rotate=rng)
    assert plain.same.sum() == 5 * 3 * 4, "every level is twofold"
    F = oracle.Fermi(0.1, 0.25)
    for f in (oracle.kubo, oracle.eq11, oracle.eq15, oracle.conventional):
        close(f(plain, F), f(mixed, F))
    close(oracle.kubo_gamma(plain, F, 0.1), oracle.kubo_gamma(mixed, F, 0.1))
    resolved = abs(oracle.spin(plain) - oracle.spin(mixed)).max()
    assert resolved > 1e-2, "the rotation must have done something"
