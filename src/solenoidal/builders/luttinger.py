"""Luttinger model of the valence bands on the simple cubic lattice."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.builders import positive, register
from solenoidal.builders.hoppings import Vector, plus_conjugate
from solenoidal.model import BlochModel

__all__ = ["luttinger"]

Complex = NDArray[np.complex128]


@register(
    title="Luttinger model of the valence bands on the cubic lattice, 4 bands, 3D",
    reference="Luttinger, Phys. Rev. 102, 1030 (1956); Murakami, Nagaosa, Zhang, Science 301, 1348 (2003)",
    exact=(
        "For h_z = 0 there are two bands, each twice degenerate: E = gamma_1 sum u_i +- 2 sqrt(gamma_2^2 (sum u_i^2 - "
        "sum_i<j u_i u_j) + 3 gamma_3^2 sum_i<j w_ij^2)."
    ),
)
def luttinger(
    gamma_1: float = 1.0, gamma_2: float = 0.3, gamma_3: float = 0.4, h_z: float = 0.0, a: float = 1.0
) -> BlochModel:
    """Heavy and light holes: four states of angular momentum J = 3/2 with quadratic dispersion.

    ``H(k) = sum_i u_i (gamma_1 + (5/2) gamma_2 - 2 gamma_2 J_i^2) - 2 gamma_3 sum_i<j w_ij (J_i J_j + J_j J_i) +
    h_z J_z`` with ``u_i = 2 (1 - cos ki)`` (ki^2 for small k), ``w_ij = sin ki sin kj``, k in units of 1/a and
    hole energies counted upwards.  For h_z = 0 two bands, each twice degenerate: ``E = gamma_1 sum u_i +- 2
    sqrt(gamma_2^2 (sum u_i^2 - sum_i<j u_i u_j) + 3 gamma_3^2 sum_i<j w_ij^2)``.

    Parameters
    ----------
    gamma_1, gamma_2, gamma_3
        Luttinger parameter times (hbar^2 / 2 m_0 a^2), eV.
    h_z
        Zeeman energy per J_z, eV.
    a
        Lattice constant, Angstrom.

    Returns
    -------
    BlochModel
        Four bands (m_J = 3/2, 1/2, -1/2, -3/2), operator ``spin`` = J in hbar; the spin proper of an electron in
        these states is J / 3.

    Raises
    ------
    InputError
        If ``a`` is not positive.
    """
    positive("luttinger", a=a)
    J = _spin_three_halves()
    one = np.eye(4, dtype=np.complex128)
    diagonal = [(gamma_1 + 2.5 * gamma_2) * one - 2 * gamma_2 * X @ X for X in J]
    bonds: list[tuple[Vector, Complex]] = []
    for i in range(3):
        bonds.append((_vector(i), -diagonal[i]))
        for j in range(i):
            # sin ki sin kj = [cos(ki - kj) - cos(ki + kj)] / 2
            mixed = -0.5 * gamma_3 * (J[i] @ J[j] + J[j] @ J[i])
            bonds += [(_vector(i, j, -1), mixed), (_vector(i, j, +1), -mixed)]
    onsite = np.asarray(2 * sum(diagonal) + h_z * J[2], dtype=np.complex128)
    return BlochModel.from_hoppings(
        np.eye(3) * a,
        plus_conjugate(onsite, bonds),
        local_operators={"spin": (J, ("x", "y", "z"))},
        name="luttinger",
    )


def _spin_three_halves() -> Complex:
    """``(3, 4, 4)`` matrices of J = 3/2 in the basis m = 3/2, 1/2, -1/2, -3/2."""
    m = np.array([1.5, 0.5, -0.5, -1.5])
    raising = np.diag(np.sqrt(3.75 - m[1:] * (m[1:] + 1)), 1)
    return np.array([(raising + raising.T) / 2, (raising - raising.T) / 2j, np.diag(m)], dtype=np.complex128)


def _vector(i: int, j: int = 0, sign: int = 0) -> Vector:
    R = [0, 0, 0]
    R[i] = 1
    R[j] += sign
    return tuple(R)
