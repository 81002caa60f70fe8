"""Luttinger model of the valence bands, without a lattice."""

from solenoidal.builders import register
from solenoidal.builders.effective_mass import inverse_mass
from solenoidal.builders.luttinger import _spin_three_halves
from solenoidal.builders.pauli import Complex
from solenoidal.continuum import ContinuumModel
from solenoidal.errors import InputError

__all__ = ["luttinger_gas"]


@register(
    title="Luttinger model of the valence bands, 4 bands, 3D, unbounded",
    reference="Luttinger, Phys. Rev. 102, 1030 (1956); Murakami, Nagaosa, Zhang, Science 301, 1348 (2003)",
    exact="For h_z = 0 every conductivity at T = 0 grows like the square root of mu, and for gamma_2 = gamma_3 "
    "sigma^z_xy = sigma^x_yz = -sigma^z_yx.",
)
def luttinger_gas(
    gamma_1: float = 6.98, gamma_2: float = 2.06, gamma_3: float = 2.93, h_z: float = 0.0
) -> ContinuumModel:
    """Heavy and light holes: four states of angular momentum J = 3/2 with quadratic dispersion.

    ``H(k) = (hbar^2 / 2 m_0) [(gamma_1 + (5/2) gamma_2) k^2 - 2 gamma_2 sum_i ki^2 J_i^2 - 2 gamma_3 sum_i<j ki kj (J_i
    J_j + J_j J_i)] + h_z J_z`` with hole energies counted upwards.  For h_z = 0 two bands, each twice degenerate:
    ``E = (hbar^2 / 2 m_0) (gamma_1 k^2 +- 2 sqrt(gamma_2^2 k^4 + 3 (gamma_3^2 - gamma_2^2) sum_i<j ki^2 kj^2))``.
    The defaults are those of GaAs.

    Parameters
    ----------
    gamma_1, gamma_2, gamma_3
        Luttinger parameter.
    h_z
        Zeeman energy per J_z, eV.

    Returns
    -------
    ContinuumModel
        Four bands (m_J = 3/2, 1/2, -1/2, -3/2), operator ``spin`` = J in hbar; the spin proper of an electron in
        these states is J / 3.

    Raises
    ------
    InputError
        If heavy holes have no positive mass in every direction.
    """
    # along [100], [111] and [110] the root over k^2 is |gamma_2|, |gamma_3| and a value between them
    if not gamma_1 > 2 * max(abs(gamma_2), abs(gamma_3)):
        raise InputError(
            f"model 'luttinger_gas': gamma_1 = {gamma_1:g} must exceed twice |gamma_2| and |gamma_3|, else the heavy "
            f"holes have a negative mass."
        )
    J, unit = _spin_three_halves(), inverse_mass(1.0)
    terms: dict[tuple[int, ...], Complex] = {(0, 0, 0): h_z * J[2]}
    one = J[0] @ J[0] + J[1] @ J[1] + J[2] @ J[2]  # 15/4
    for i in range(3):
        for j in range(i + 1):
            power = [0, 0, 0]
            power[i] += 1
            power[j] += 1
            if i == j:
                terms[tuple(power)] = unit * ((gamma_1 + 2.5 * gamma_2) * one / 3.75 - 2 * gamma_2 * J[i] @ J[i])
            else:
                terms[tuple(power)] = -2 * unit * gamma_3 * (J[i] @ J[j] + J[j] @ J[i])
    return ContinuumModel.from_polynomial(terms, local_operators={"spin": (J, ("x", "y", "z"))}, name="luttinger_gas")
