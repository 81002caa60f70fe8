"""Weak disorder: Boltzmann equation on any Fermi surface and the currents that scattering adds to Eq. 11.

Eq. 15 of Xiao and Niu, Phys. Rev. B 104, L241411 (2021), follows from Eq. 11 because collisions change the s-dipole
of the electrons (Eq. 14).  Here that current is computed from the distribution, so that Eq. 15 = Eq. 11 + J_dp is seen.

Examples
--------
>>> from solenoidal import disorder, models
>>> model = models.rashba()
>>> surface = disorder.fermi_surface(model, mu=2.0, mesh=24)
>>> scatterer = disorder.gaussian(model, strength=0.1, concentration=0.01, length=1.5)
>>> distribution = disorder.solve(surface, scatterer)
>>> gap = disorder.scattering_dipole(distribution) + disorder.dipole_surface(surface)
>>> bool(abs(gap).max() < 1e-12)
True
"""

from solenoidal.disorder.boltzmann import Collision, Distribution, solve
from solenoidal.disorder.currents import dipole_surface, drift, scattering_dipole, side_jump
from solenoidal.disorder.fermi_surface import FermiSurface, fermi_surface, surface_points
from solenoidal.disorder.impurities import Impurity, Lattice, Smooth, Term, gaussian, screened, short_range
from solenoidal.disorder.parts import intrinsic, parts

__all__ = [
    "Collision",
    "Distribution",
    "FermiSurface",
    "Impurity",
    "Lattice",
    "Smooth",
    "Term",
    "dipole_surface",
    "drift",
    "fermi_surface",
    "gaussian",
    "intrinsic",
    "parts",
    "scattering_dipole",
    "screened",
    "short_range",
    "side_jump",
    "solve",
    "surface_points",
]
