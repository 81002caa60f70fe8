"""Every physical constant, unit and sign of the package.

Inside the package energies are eV, lengths Angstrom, wave vectors fractional, temperatures enter as kT in eV
and conductivities are the bare zone integrals ``X`` of the theory (hbar = e = 1).  This module turns ``X`` into
what users read, with the sign of postw90 and WannierBerri for electrons (charge ``-|e|``).
"""

import math
from typing import Literal

from scipy import constants

__all__ = [
    "BOHR",
    "CONDUCTANCE_3D",
    "KB",
    "Flow",
    "conductivity_factor",
    "conductivity_unit",
    "sheet_count",
]

#: Boltzmann constant, eV / K.
KB: float = constants.k / constants.e
#: Bohr radius, Angstrom.
BOHR: float = constants.physical_constants["Bohr radius"][0] * 1e10
#: e^2 / hbar for X in 1/Angstrom, in S/cm: 24341.348.
CONDUCTANCE_3D: float = constants.e**2 / constants.hbar * 1e10 / 100.0

#: What flows: ``"charge"`` (the current carries the signed charge e) or ``"internal"`` (spin and the like, in hbar).
Flow = Literal["charge", "internal"]

# Response of an internal quantity to E: J = e X E with e = -|e| for electrons, quoted in hbar/|e|: minus.
# Response of the charge current: e^2 X: plus.
_SIGN: dict[Flow, float] = {"internal": -1.0, "charge": +1.0}


def conductivity_factor(dimension: int, flow: Flow) -> float:
    """Factor from the zone integral ``X`` to the printed conductivity.

    Parameters
    ----------
    dimension
        Dimension of the crystal: 3, 2 or 1.  ``X`` is in Angstrom^(2 - dimension).
    flow
        ``"internal"`` for spin-like operators, ``"charge"`` for the charge itself.

    Returns
    -------
    float
        Signed factor; units are those of :func:`conductivity_unit`.  Notes: theory, section "Units and signs";
        Qiao et al., Phys. Rev. B 98, 214402 (2018) for the sign convention of Wannier90.
    """
    return _SIGN[flow] * (CONDUCTANCE_3D if dimension == 3 else 2.0 * math.pi)


def conductivity_unit(dimension: int, flow: Flow) -> str:
    """Name of the unit that :func:`conductivity_factor` leads to."""
    if dimension == 3:
        return "(hbar/e) S/cm" if flow == "internal" else "S/cm"
    sheet = "e/(2 pi)" if flow == "internal" else "e^2/h"
    return sheet if dimension == 2 else sheet + " Angstrom"


def sheet_count(dimension: int) -> str:
    """Name of the density of cells: what ``1 / volume`` is measured in."""
    return f"1/Angstrom^{dimension}"
