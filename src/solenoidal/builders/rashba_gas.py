"""Two-dimensional electron gas with Rashba and Dresselhaus coupling."""

from solenoidal.builders import positive, register
from solenoidal.builders.effective_mass import inverse_mass
from solenoidal.builders.pauli import ONE, SX, SY, SZ, Complex, spin_operator
from solenoidal.continuum import ContinuumModel
from solenoidal.errors import InputError

__all__ = ["rashba_gas"]


@register(
    title="two-dimensional electron gas with Rashba and Dresselhaus coupling, 2 bands, 2D, unbounded",
    reference="Sinova et al., Phys. Rev. Lett. 92, 126603 (2004)",
    exact="For beta = B_z = q = 0 and mu > 0 sigma^z_xy = -1/4 e/2pi in the conventional definition and +1/4 e/2pi in "
    "eq11 and kubo, for every mass and coupling.",
)
def rashba_gas(
    m: float = 0.2, alpha: float = 0.5, beta: float = 0.0, B_z: float = 0.0, q: float = 0.0
) -> ContinuumModel:
    """Parabolic band with a spin texture, without a lattice.

    ``H(k) = hbar^2 k^2 / 2m + q k^4 + alpha (sx ky - sy kx) + beta (sx kx - sy ky) + B_z sz`` with Pauli matrices s.
    For B_z = 0 and q = 0 the bottom of the lower band lies at ``-(|alpha| + |beta|)^2 m / 2 hbar^2``; below 0 the Fermi
    sea is a ring, or two crescents that do not contain k = 0 if alpha and beta are both there and mu is low: give
    a temperature then.

    Parameters
    ----------
    m
        Effective mass, electron masses.
    alpha
        Rashba coupling, eV Angstrom.
    beta
        Dresselhaus coupling, eV Angstrom.
    B_z
        Zeeman energy along z, eV.
    q
        Quartic term of the band, eV Angstrom^4, not negative.

    Returns
    -------
    ContinuumModel
        Two bands, operator ``spin``.

    Raises
    ------
    InputError
        If ``m`` is not positive or ``q`` is negative.
    """
    positive("rashba_gas", m=m)
    if q < 0.0:
        raise InputError(f"model 'rashba_gas': q = {q:g} must not be negative, the band would have no bottom.")
    kinetic = inverse_mass(m) * ONE
    terms: dict[tuple[int, ...], Complex] = {
        (0, 0): B_z * SZ,
        (1, 0): -alpha * SY + beta * SX,
        (0, 1): alpha * SX - beta * SY,
        (2, 0): kinetic,
        (0, 2): kinetic,
    }
    if q:
        terms |= {(4, 0): q * ONE, (2, 2): 2 * q * ONE, (0, 4): q * ONE}
    return ContinuumModel.from_polynomial(terms, local_operators=spin_operator(1), name="rashba_gas")
