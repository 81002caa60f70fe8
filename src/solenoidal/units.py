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
    "CURRENT_3D",
    "KB",
    "MOMENT",
    "NERNST_3D",
    "RYDBERG",
    "Flow",
    "conductivity_factor",
    "conductivity_unit",
    "current_factor",
    "current_unit",
    "magnetization_factor",
    "magnetization_unit",
    "nernst_factor",
    "nernst_unit",
]

#: Boltzmann constant, eV / K.
KB: float = constants.k / constants.e
#: Rydberg energy, eV.
RYDBERG: float = constants.physical_constants["Rydberg constant times hc in eV"][0]
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


#: k_B e / hbar for X in 1/Angstrom, in A / (m K): 209.76.
NERNST_3D: float = constants.k * constants.e / constants.hbar * 1e10
#: |e| eV / (hbar Angstrom^2) for X in eV / Angstrom^2, in A / m^2.
CURRENT_3D: float = constants.e**2 / constants.hbar * 1e20
#: Orbital moment of an electron for X in eV Angstrom^2 per cell, in Bohr magnetons: 0.262468.
MOMENT: float = constants.e**2 / constants.hbar * 1e-20 / constants.physical_constants["Bohr magneton"][0]


def nernst_factor(dimension: int, flow: Flow) -> float:
    """Factor from the zone integral (entropy in k_B) to the printed Nernst-type coefficient.

    ``J = -alpha grad T``: alpha = k_B X for an internal quantity, here in hbar/|e|, and k_B e X for the charge with
    e = -|e| for electrons.  In three dimensions A/(m K), else units of k_B |e| / (2 pi hbar).
    """
    return -_SIGN[flow] * (NERNST_3D if dimension == 3 else 2.0 * math.pi)


def nernst_unit(dimension: int, flow: Flow) -> str:
    """Name of the unit that :func:`nernst_factor` leads to."""
    if dimension == 3:
        return "(hbar/e) A/(m K)" if flow == "internal" else "A/(m K)"
    sheet = "k_B/(2 pi)" if flow == "internal" else "k_B e/h"
    return sheet if dimension == 2 else sheet + " Angstrom"


def current_factor(dimension: int, flow: Flow, volume: float) -> float:
    """Factor from ``X`` in eV Angstrom^(1-D) to a printed current density.

    An internal quantity flows as X / hbar, in three dimensions printed in (hbar/|e|) A/m^2; the charge as e X / hbar.
    """
    if dimension == 3:
        return -_SIGN[flow] * CURRENT_3D
    return 1.0 if flow == "internal" else -1.0


def current_unit(dimension: int, flow: Flow) -> str:
    """Name of the unit that :func:`current_factor` leads to."""
    if dimension == 3:
        return "(hbar/e) A/m^2" if flow == "internal" else "A/m^2"
    length = "" if dimension == 1 else "/Angstrom"
    return f"eV{length}" if flow == "internal" else f"|e| eV{length}/hbar"


def magnetization_factor(dimension: int, flow: Flow, volume: float) -> float:
    """Factor from ``X`` in eV Angstrom^(2-D) to a printed orbital magnetization.

    The charge: Bohr magnetons per cell, electrons carry -|e|.  An internal quantity: per volume, in three dimensions
    (hbar/|e|) A/m.
    """
    if flow == "charge":
        return -MOMENT * volume
    return CURRENT_3D * 1e-10 if dimension == 3 else 1.0


def magnetization_unit(dimension: int, flow: Flow) -> str:
    """Name of the unit that :func:`magnetization_factor` leads to."""
    if flow == "charge":
        return "mu_B per cell"
    return {3: "(hbar/e) A/m", 2: "eV", 1: "eV Angstrom"}[dimension]
