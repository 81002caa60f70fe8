"""Continuum (k.p) models: polynomials of k, unbounded or on the plane waves of a superlattice.

:class:`ContinuumModel` has no Brillouin zone: its bands go on to infinite k, and :mod:`solenoidal.continuum.integrate`
sums over them along rays.  :class:`Superlattice` adds a periodic potential: a crystal whose Hamiltonian at k is a
matrix between plane waves, summed over its zone by :mod:`solenoidal.engine` like any other.
"""

from solenoidal.continuum.model import ContinuumModel
from solenoidal.continuum.superlattice import Superlattice

__all__ = ["ContinuumModel", "Superlattice"]
