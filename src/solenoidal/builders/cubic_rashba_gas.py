"""Two-dimensional heavy holes with cubic Rashba coupling, without a lattice."""

from solenoidal.builders import positive, register
from solenoidal.builders.effective_mass import inverse_mass
from solenoidal.builders.pauli import ONE, SX, SY, SZ, Complex
from solenoidal.continuum import ContinuumModel

__all__ = ["cubic_rashba_gas"]


@register(
    title="two-dimensional heavy holes with cubic Rashba coupling, 2 bands, 2D, unbounded",
    reference="Schliemann and Loss, Phys. Rev. B 71, 085308 (2005)",
    exact="For B_z = 0 and mu > 0 below the turning point eq11 gives sigma^z_xy = +9/4 e/2pi and the conventional "
    "definition -(9/4) (hbar^2/2m) (1/k_+ - 1/k_-) / beta e/2pi with the Fermi wave numbers k_+ < k_-.",
)
def cubic_rashba_gas(m: float = 0.45, beta: float = 10.0, B_z: float = 0.0) -> ContinuumModel:
    """Heavy holes (m_J = +3/2, -3/2) whose coupling winds three times around k = 0.

    ``H(k) = hbar^2 k^2 / 2m + beta (sx P + sy Q) + B_z sz`` with ``P + i Q = (kx + i ky)^3``, Pauli matrices s of the
    pseudospin and hole energies counted upwards.  The lower band turns over at ``k = hbar^2 / 3 m |beta|``: there the
    polynomial ends, and the model says so with its cutoff.

    Parameters
    ----------
    m
        Effective mass, electron masses.
    beta
        Cubic Rashba coupling, eV Angstrom^3.
    B_z
        Zeeman energy of the pseudospin, eV.

    Returns
    -------
    ContinuumModel
        Two bands, operator ``spin`` with the component z = (3/2) sz: the x and y components of the angular momentum
        have no matrix elements between heavy holes.

    Raises
    ------
    InputError
        If ``m`` is not positive.
    """
    positive("cubic_rashba_gas", m=m)
    kinetic = inverse_mass(m)
    terms: dict[tuple[int, ...], Complex] = {
        (0, 0): B_z * SZ,
        (2, 0): kinetic * ONE,
        (0, 2): kinetic * ONE,
        (3, 0): beta * SX,
        (1, 2): -3 * beta * SX,
        (2, 1): 3 * beta * SY,
        (0, 3): -beta * SY,
    }
    return ContinuumModel.from_polynomial(
        terms,
        local_operators={"spin": (1.5 * SZ[None], ("z",))},
        cutoff=2 * kinetic / (3 * abs(beta)) if beta else None,
        name="cubic_rashba_gas",
    )
