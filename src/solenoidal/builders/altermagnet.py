"""Collinear d-wave altermagnet on the square lattice."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.builders import positive, register
from solenoidal.builders.hoppings import Vector, plus_conjugate
from solenoidal.builders.pauli import ONE, SX, SY, SZ, Complex, orbital_and_spin, spin_operator
from solenoidal.model import BlochModel

__all__ = ["altermagnet"]


@register(
    title="d-wave altermagnet with two sites and optional Rashba coupling, 4 bands, 2D",
    reference="Smejkal, Sinova, Jungwirth, Phys. Rev. X 12, 031042 (2022)",
    exact=(
        "For lambda_R = 0 the bands of the two spins are mirror images, E_up(kx, ky) = E_down(ky, kx), and every "
        "intrinsic spin conductivity vanishes."
    ),
)
def altermagnet(
    t1: float = 1.0,
    t2: float = 0.2,
    t_d: float = 0.3,
    J: float = 0.8,
    theta: float = 0.0,
    lambda_R: float = 0.0,
    a: float = 1.0,
) -> BlochModel:
    """Two antiparallel moments whose surroundings differ by a quarter turn: spin splitting without magnetisation.

    ``H(k) = 4 t1 cos(kx/2) cos(ky/2) tx + 2 t2 (cos kx + cos ky) + 2 t_d (cos kx - cos ky) tz + J tz n.s + i
    lambda_R sum_<ij> c_i^+ (s x d_ij)_z c_j`` with k in units of 1/a, Pauli matrices t of the site (A at the
    corner, B at the centre of the cell) and s of the spin, n = (sin theta, 0, cos theta), d_ij the unit vector
    from j to i between neighbours A and B.  For lambda_R = 0 the spin along n is conserved and the bands are
    ``E = 2 t2 (cos kx + cos ky) +- sqrt((4 t1 cos(kx/2) cos(ky/2))^2 + (2 t_d (cos kx - cos ky) +- J)^2)``:
    the spins change places under kx <-> ky.

    Parameters
    ----------
    t1
        Hopping between A and B, eV.
    t2
        Mean hopping between neighbours of one kind, eV.
    t_d
        Its difference between x and y, opposite on A and B, eV.
    J
        Exchange field on A, eV.
    theta
        Angle of the moments from z towards x, rad.
    lambda_R
        Rashba coupling of the bonds between A and B, eV.
    a
        Lattice constant, Angstrom.

    Returns
    -------
    BlochModel
        Four bands (A up, A down, B up, B down) with the orbital positions, operator ``spin``.

    Raises
    ------
    InputError
        If ``a`` is not positive.

    References
    ----------
    Models of this form, two sites and a hopping that differs between them: Roig et al., Phys. Rev. B 110, 144412
    (2024).
    """
    positive("altermagnet", a=a)
    exchange = J * orbital_and_spin(SZ, np.sin(theta) * SX + np.cos(theta) * SZ)
    same = [((1, 0), _same(t2, t_d)), ((0, 1), _same(t2, -t_d))]
    cells: list[Vector] = [(0, 0), (-1, 0), (0, -1), (-1, -1)]
    between = [(R, _between(t1, lambda_R, np.array(R) + 0.5)) for R in cells]
    return BlochModel.from_hoppings(
        np.eye(2) * a,
        plus_conjugate(exchange, same + between),
        orbital_positions=np.repeat([[0.0, 0.0], [a / 2, a / 2]], 2, axis=0),
        local_operators=spin_operator(2),
        name="altermagnet",
    )


def _same(t2: float, t_d: float) -> Complex:
    return orbital_and_spin(t2 * ONE + t_d * SZ, ONE)


def _between(t1: float, lambda_R: float, path: NDArray[np.float64]) -> Complex:
    """Matrix element <A| H |B> of a bond that leads from A to B along ``path``."""
    d = -path / np.linalg.norm(path)
    from_B_to_A = np.array([[0, 1], [0, 0]], dtype=np.complex128)
    return orbital_and_spin(from_B_to_A, t1 * ONE + 1j * lambda_R * (SX * d[1] - SY * d[0]))
