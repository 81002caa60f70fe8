"""Spin Hall effect of the kagome antiferromagnet: what its symmetries allow, with and without spin-orbit coupling.

Zhang, Zelezny, Sun, van den Brink, Yan, New J. Phys. 20, 073028 (2018): a noncollinear magnet has a spin Hall effect
without spin-orbit coupling, even under time reversal and with the spin normal to the plane of the moments.  Zelezny,
Zhang, Felser, Yan, Phys. Rev. Lett. 119, 187204 (2017): the part that is odd, a current of the Fermi surface that grows
with the lifetime, carries spin in that plane.
"""

import numpy as np
import oracle
import pytest

import solenoidal as sol
from solenoidal import models

EVERYTHING = {"phi": 0.4, "lambda_so": 0.15, "lambda_R": 0.3}


def conductivity(operator="spin", mesh=24, offset=0.5, degeneracy=1e-3, mu=0.4, temperature=2000.0, **parameters):
    """``(definition, current, field, component)``; definitions conventional, eq11, eq15, kubo."""
    model = models.kagome_antiferromagnet(**parameters)
    job = sol.Job(
        system={"model": model.name, "operator": operator},
        zone={"mesh": [mesh, mesh], "offset": offset},
        scan={"mu": [mu], "temperature": [temperature]},
        compute={"degeneracy": degeneracy},
    )
    return sol.compute(model, job).conductivity.isel(temperature=0, mu=0).values


def mapped(sigma, space, spin):
    """The tensor after ``space (2, 2)`` acts on directions and ``spin (3, 3)`` on components."""
    return np.einsum("ij,lm,cd,xjmd->xilc", space, space, spin, sigma)


def turn(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]])


def turn_of_spin(angle):
    return np.block([[turn(angle), np.zeros((2, 1))], [np.zeros((1, 2)), np.eye(1)]])


# ------------------------------------------------------------------------------------------------------------
# coplanar moments: half turn about a site times time reversal


@pytest.mark.parametrize("chirality", [1.0, -1.0])
def test_in_plane_spin_and_charge_do_not_flow(chirality):
    """It leaves k, velocities and the in-plane spin as they are and turns s_z: no Im(v v s) of charge, s_x or s_y."""
    assert abs(conductivity(chirality=chirality, **EVERYTHING)[..., :2]).max() < 1e-12
    assert abs(conductivity("charge", chirality=chirality, **EVERYTHING)).max() < 1e-12


def test_eq15_vanishes():
    """The same symmetry leaves no Berry curvature of a single band: eq15 is zero, and eq11 is its dipole alone."""
    sigma = conductivity(degeneracy=1e-6, **EVERYTHING)[..., 2]
    assert abs(sigma[2]).max() < 1e-12
    assert abs(sigma[[0, 1, 3], 0, 1]).min() > 1e-3


def test_canting_releases_them():
    """A scalar chirality breaks the symmetry: anomalous Hall effect, in-plane components, eq15."""
    sigma = conductivity(canting=0.4)
    assert abs(conductivity("charge", canting=0.4)[0, 0, 1, 0]) > 1e-3
    assert abs(sigma[0, ..., :2]).max() > 1e-3
    assert abs(sigma[2, 0, 1, 2]) > 1e-2


# ------------------------------------------------------------------------------------------------------------
# no spin-orbit coupling: the spin turns by itself


def test_spin_hall_effect_without_spin_orbit_coupling():
    """Only s_z, only the Hall component; nothing without moments or with collinear ones.  (A mesh around Gamma has all
    rotations of the lattice.)"""
    sigma = conductivity(offset=0.0)
    np.testing.assert_allclose(sigma[..., :2], 0, atol=1e-12)
    np.testing.assert_allclose(sigma[:, [0, 1], [0, 1], 2], 0, atol=1e-12)
    np.testing.assert_allclose(sigma[:, 0, 1, 2], -sigma[:, 1, 0, 2], atol=1e-12)
    assert abs(sigma[0, 0, 1, 2]) > 0.1
    for collinear in ({"J": 0.0}, {"canting": np.pi / 2}):
        np.testing.assert_allclose(conductivity(offset=0.0, **collinear), 0, atol=1e-12)


@pytest.mark.parametrize("canting", [0.0, 0.4])
def test_rotations_of_the_spin(canting):
    """Turning all moments by phi turns the spin index alone; a third of a turn of the lattice turns it as well."""
    one, turned = (conductivity(offset=0.0, canting=canting, phi=phi) for phi in (0.0, 0.9))
    np.testing.assert_allclose(turned, mapped(one, np.eye(2), turn_of_spin(0.9)), atol=1e-12)
    third = 2 * np.pi / 3
    np.testing.assert_allclose(one, mapped(one, turn(third), turn_of_spin(third)), atol=1e-12)


@pytest.mark.parametrize("lambda_so", [0.0, 0.15])
def test_chirality_is_the_sign(lambda_so):
    """Half a turn of the spin about x turns the chirality, s_z and the spin-orbit field of s_z."""
    one, other = (conductivity(chirality=c, lambda_so=c * lambda_so) for c in (1.0, -1.0))
    np.testing.assert_allclose(other[..., 2], -one[..., 2], atol=1e-12)
    assert abs(one[0, 0, 1, 2]) > 0.1


def test_sign_of_the_exchange_does_not_matter():
    """J to -J is half a turn of all moments about z."""
    np.testing.assert_allclose(conductivity(J=-1.7), conductivity(J=1.7), atol=1e-12)


# ------------------------------------------------------------------------------------------------------------
# the part that is odd under time reversal, which is not computed: for comparison


def magnetic_current(**parameters):
    """``sum -f' v^i v^l s`` (times a lifetime the magnetic spin Hall effect), ``(i, l, component)``."""
    F = oracle.Fermi(0.4, 0.25)

    def integrand(b):
        v, s = np.einsum("kinn->kin", b.v).real, np.einsum("kcnn->kcn", b.s).real
        return np.einsum("kin,kln,kcn,kn->kilc", v, v, s, -F.df(b.e))

    return oracle.integrate(models.kagome_antiferromagnet(**parameters), integrand, (24, 24), degeneracy=0.0)


def test_the_odd_part_is_the_complement():
    """The magnetic spin Hall effect of coplanar moments has the in-plane components only, where the even part has
    none; it turns its sign with the moments, phi to phi + pi, which the even part does not."""
    one, reversed_ = (magnetic_current(phi=phi) for phi in (0.0, np.pi))
    assert abs(one[..., :2]).max() > 0.01
    np.testing.assert_allclose(one[..., 2], 0, atol=1e-12)
    np.testing.assert_allclose(reversed_, -one, atol=1e-12)
    np.testing.assert_allclose(conductivity(phi=np.pi), conductivity(phi=0.0), atol=1e-12)
