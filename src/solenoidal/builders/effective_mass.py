"""Effective masses in the units of the package."""

from solenoidal.units import MOMENT

__all__ = ["inverse_mass"]


def inverse_mass(m: float) -> float:
    """``hbar^2 / 2m`` in eV Angstrom^2 for ``m`` in electron masses.

    A Bohr magneton is e hbar / 2 m_0: :data:`solenoidal.units.MOMENT` is the inverse of hbar^2 / 2 m_0.
    """
    return 1.0 / (MOMENT * m)
