"""Three dimensions: the Luttinger gas against scaling, its symmetry, and the closed form of its spherical limit."""

import numpy as np
import pytest

import solenoidal as sol
from solenoidal import models
from solenoidal.builders.effective_mass import inverse_mass
from solenoidal.continuum.integrate import run
from solenoidal.engine.task import Task


def integrals(model, mu, kT=0.0, **options):
    task = {"mesh": (4,), "offset": (), "workers": 1, "degeneracy": 1e-6, "tolerance": 1e-4} | options
    return run(model, Task(mu=np.atleast_1d(mu).astype(float), kT=np.atleast_1d(kT).astype(float), **task))


def test_scaling_with_mu_and_temperature():
    """H is homogeneous of degree two: a conductivity is mu^(1/2) times a function of kT / mu."""
    model = models.luttinger_gas()
    for kT in (0.0, 0.1):
        one, four = (
            integrals(model, 0.01 * x, 0.01 * x * kT, degeneracy=1e-6 * x, axes=("z",), tolerance=1.0) for x in (1, 4)
        )
        np.testing.assert_allclose(four.conductivity, 2 * one.conductivity, rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(four.carriers, 8 * one.carriers, rtol=1e-8)


def test_cubic_symmetry():
    """sigma^{ila} is that of the cubic group without inversion breaking: xyz cyclic, antisymmetric under yxz."""
    X = integrals(models.luttinger_gas(), 0.02).conductivity[:, 0, 0]
    scale = abs(X).max(axis=(1, 2, 3), keepdims=True)
    cyclic = np.zeros((4, 3, 3, 3))
    for i, l, a in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        cyclic[:, i, l, a], cyclic[:, l, i, a] = X[:, 0, 1, 2], -X[:, 0, 1, 2]
    assert (abs(X - cyclic) < 1e-4 * scale).all()
    assert (abs(X[:, 0, 1, 2]) > 0.3 * scale[:, 0, 0, 0]).all()


def test_spherical_density():
    """gamma_2 = gamma_3: masses gamma_1 -+ 2 gamma_2, each band twice."""
    model = models.luttinger_gas(gamma_1=5.0, gamma_2=1.5, gamma_3=1.5)
    found = integrals(model, 0.03, definitions=("conventional",))
    k = [np.sqrt(0.03 / (inverse_mass(1.0) * g)) for g in (2.0, 8.0)]
    assert found.carriers[0, 0] == pytest.approx(sum(2 * x**3 / (6 * np.pi**2) for x in k), rel=1e-12)


@pytest.mark.parametrize(("gamma_1", "gamma_2"), [(5.0, 1.5), (9.0, 1.0)])
def test_spherical_berry_curvature(gamma_1, gamma_2):
    """gamma_2 = gamma_3: |sigma^{xyz}| of Eq. 15 = (3 k_h - k_l) / 4 pi^2.

    Curvature lambda (2 lambda^2 - 7/2) / k^2 along k for the helicity lambda (Murakami, Nagaosa, Zhang, Science 301,
    1348 (2003)), s_n = lambda along k: traces 9/2 and -3/2, and 1/3 from the average over directions.  Below k_c heavy
    and light holes are one multiplet.
    """
    model, mu, close = models.luttinger_gas(gamma_1=gamma_1, gamma_2=gamma_2, gamma_3=gamma_2), 0.03, 1e-6
    X = integrals(model, mu, degeneracy=close, axes=("z",)).conductivity[2, 0, 0, 0, 1, 0]
    unit = inverse_mass(1.0)
    heavy, light = (np.sqrt(mu / (unit * (gamma_1 + s * 2 * gamma_2))) for s in (-1, 1))
    together = np.sqrt(close / (4 * unit * gamma_2))
    assert abs(X) == pytest.approx((3 * heavy - light - 2 * together) / (4 * np.pi**2), rel=1e-8)


def test_zeeman_splitting_gives_a_hall_effect():
    """Time reversal forbids it at h_z = 0."""
    options = {"operator": "charge", "definitions": ("kubo",), "tolerance": 1e-2}
    none, some = (integrals(models.luttinger_gas(h_z=h), 0.05, 0.005, **options) for h in (0.0, 0.01))
    assert abs(none.conductivity).max() < 1e-9
    X = some.conductivity[0, 0, 0, :, :, 0]
    np.testing.assert_allclose(X, -X.T, atol=1e-9)
    assert abs(X[0, 1]) > 1e-5
    assert abs(X[0, 2]) < 1e-9


@pytest.mark.slow
def test_against_the_lattice():
    """A lattice constant much shorter than the wavelength: the lattice version tends to the gas like a^2."""
    unit, gammas = inverse_mass(1.0), {"gamma_1": 4.0, "gamma_2": 0.8, "gamma_3": 1.2}
    scan = {"mu": [0.2], "temperature": [600.0]}
    compute = {"definitions": ["conventional", "kubo"], "degeneracy": 1e-6}

    def spin_hall(model, zone):
        data = sol.compute(model, sol.Job({"axes": ["z"]}, zone, scan, compute), workers=1)
        return data.conductivity.sel(current="x", field="y").squeeze().values

    exact = spin_hall(models.luttinger_gas(**gammas), {"mesh": 4, "tolerance": 1e-5})
    off = []
    for a, n in ((3.5, 70), (2.5, 98)):
        crystal = models.luttinger(a=a, **{name: g * unit / a**2 for name, g in gammas.items()})
        off.append(spin_hall(crystal, {"mesh": n}) - exact)
    assert (abs(off[1]) < 0.1 * abs(exact)).all()
    np.testing.assert_allclose(off[0] / off[1], (3.5 / 2.5) ** 2, rtol=0.1)
