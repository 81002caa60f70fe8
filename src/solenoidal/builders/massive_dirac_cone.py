"""Massive Dirac cone, without a lattice."""

from solenoidal.builders import positive, register
from solenoidal.builders.pauli import ONE, SX, SY, SZ, Complex, spin_operator
from solenoidal.continuum import ContinuumModel
from solenoidal.errors import InputError

__all__ = ["massive_dirac_cone"]


@register(
    title="massive Dirac cone with optional tilt and curvature of the mass, 2 bands, 2D, unbounded",
    reference="Xiao, Chang, Niu, Rev. Mod. Phys. 82, 1959 (2010); Shen, Shan, Lu, SPIN 1, 33 (2011)",
    exact="For tilt = b = 0 the charge has sigma_xy = -(1/2) delta / max(|mu|, |delta|) e^2/h, for b > 0 and delta > 0 "
    "with mu in the gap -1 e^2/h.",
)
def massive_dirac_cone(v: float = 3.0, delta: float = 0.2, tilt: float = 0.0, b: float = 0.0) -> ContinuumModel:
    """Two bands with a gap, the lower of which is filled for ever.

    ``H(k) = v (kx sx + ky sy) + tilt kx + (delta - b k^2) sz`` with Pauli matrices s.

    Parameters
    ----------
    v
        Velocity times hbar, eV Angstrom.
    delta
        Mass, eV: half the gap of an upright cone.
    tilt
        Velocity times hbar by which the cone leans along x, eV Angstrom; smaller than v.
    b
        Curvature of the mass, eV Angstrom^2.

    Returns
    -------
    ContinuumModel
        Two bands, operator ``spin``.

    Raises
    ------
    InputError
        If ``v`` is not positive or not larger than the tilt.
    """
    positive("massive_dirac_cone", v=v)
    if not abs(tilt) < v:
        raise InputError(f"model 'massive_dirac_cone': tilt = {tilt:g} must be smaller than v = {v:g}.")
    terms: dict[tuple[int, ...], Complex] = {(0, 0): delta * SZ, (1, 0): v * SX + tilt * ONE, (0, 1): v * SY}
    if b:
        terms |= {(2, 0): -b * SZ, (0, 2): -b * SZ}
    return ContinuumModel.from_polynomial(terms, local_operators=spin_operator(1), name="massive_dirac_cone")
