"""Moire continuum model of a twisted homobilayer of transition metal dichalcogenides."""

import numpy as np
from numpy.typing import NDArray

from solenoidal.builders import positive, register
from solenoidal.builders.effective_mass import inverse_mass
from solenoidal.continuum import ContinuumModel, Superlattice
from solenoidal.errors import InputError
from solenoidal.model import Operator

__all__ = ["twisted_bilayer"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

#: b_1 .. b_6 of the reference, a sixth of a turn apart, in units of the first two.
STARS = ((1, 0), (0, 1), (-1, 1), (-1, 0), (0, -1), (1, -1))
BOTTOM: Complex = np.diag([1.0, 0.0]).astype(np.complex128)
TOP: Complex = np.diag([0.0, 1.0]).astype(np.complex128)


@register(
    title="moire bands of holes in a twisted homobilayer of transition metal dichalcogenides, one valley, 2D",
    reference="Wu, Lovorn, Tutuc, MacDonald, Phys. Rev. Lett. 122, 086402 (2019)",
    exact="For V_z = 0 the lowest band has the Chern number -1, and a bias V_z of 2 meV makes it 0.",
)
def twisted_bilayer(
    a0: float = 3.47,
    m: float = 0.62,
    V: float = 8.0,
    psi: float = -89.6,
    w: float = -8.5,
    theta: float = 1.2,
    V_z: float = 0.0,
    cutoff: float = 3.5,
) -> Superlattice:
    """Holes of one valley in two layers, on plane waves of the moire lattice.

    The negative of the Hamiltonian of the reference, so that energies of holes count upwards: ``H = hbar^2 (k - K_l)^2
    / 2m - Delta_l(r) -+ V_z / 2`` in the layers l = b, t with ``Delta_l = 2 V sum_(j = 1, 3, 5) cos(b_j.r +- psi)``,
    coupled by ``-w (1 + exp(-i b_2.r) + exp(-i b_3.r))`` from t to b; K_b and K_t are neighbouring corners of the
    moire zone, b_j = 4 pi theta / sqrt(3) a0.  k counts from the centre of the moire zone; the plane waves are those
    nearest to the point halfway between K_b and K_t, which treats the layers alike.

    Gaps are below 1 meV: give a ``degeneracy`` of 1e-5 eV, and temperatures of a few K.  One valley alone breaks time
    reversal; the other has opposite conductivities.  Results carry the sign of electrons (charge -e): for holes reverse
    that of a conductivity.

    Parameters
    ----------
    a0
        Lattice constant of a layer, Angstrom.
    m
        Mass of the holes, electron masses.
    V
        Moire potential in a layer, meV.
    psi
        Phase of the potential, degrees.
    w
        Tunnelling between the layers, meV.
    theta
        Twist angle, degrees.
    V_z
        Energy by which holes in the bottom layer lie below those in the top layer, meV.
    cutoff
        Largest plane wave in units of b_1: 2.7 keeps 62 plane waves, 3.5 keeps 86, 4 keeps 122.

    Returns
    -------
    Superlattice
        Hole bands, lowest first; operator ``layer``, +1 in the bottom and -1 in the top layer.

    Raises
    ------
    InputError
        If a length, mass, angle or the cutoff is not positive, or the cutoff exceeds 12.
    """
    positive("twisted_bilayer", a0=a0, m=m, theta=theta, cutoff=cutoff)
    if cutoff > 12.0:
        raise InputError(f"model 'twisted_bilayer': cutoff = {cutoff:g} means over 900 plane waves, give 12 or less.")
    b = 4 * np.pi * np.radians(theta) / (np.sqrt(3) * a0) * np.array([[1.0, 0.0], [0.5, np.sqrt(0.75)]])
    star = np.array(STARS) @ b
    corners = -(star[0] + star[1]) / 3, -(star[0] + star[5]) / 3
    base = ContinuumModel.from_polynomial(
        _layers(inverse_mass(m), corners, 1e-3 * V_z),
        operators={"layer": Operator((BOTTOM - TOP)[None, None], ("z",), unit="1", time_reversal=+1)},
        name="twisted_bilayer",
    )
    lattice = 2 * np.pi * np.linalg.inv(b).T
    length = float(np.linalg.norm(b[0]))
    middle = (corners[0] + corners[1]) / 2
    return Superlattice.from_harmonics(
        base, lattice, _harmonics(1e-3 * V, np.radians(psi), 1e-3 * w), cutoff * length, middle, "twisted_bilayer"
    )


def _layers(kinetic: float, corners: tuple[Real, Real], V_z: float) -> dict[tuple[int, ...], Complex]:
    """``kinetic (k - K_l)^2 -+ V_z / 2`` as a polynomial."""
    terms: dict[tuple[int, ...], Complex] = {(0, 0): -0.5 * V_z * (BOTTOM - TOP)}
    for layer, K in zip((BOTTOM, TOP), corners, strict=True):
        pieces = {
            (0, 0): K @ K,
            (1, 0): -2 * K[0],
            (0, 1): -2 * K[1],
            (2, 0): 1.0,
            (0, 2): 1.0,
        }
        for power, x in pieces.items():
            terms[power] = terms.get(power, np.zeros((2, 2))) + kinetic * x * layer
    return terms


def _harmonics(V: float, psi: float, w: float) -> dict[tuple[int, ...], Complex]:
    """Fourier components of the moire potential and the tunnelling."""
    tunnel = np.zeros((2, 2), dtype=np.complex128)
    tunnel[0, 1] = -w
    out: dict[tuple[int, ...], Complex] = {(0, 0): tunnel + tunnel.T}
    for j in (0, 2, 4):
        within = -V * (np.exp(1j * psi) * BOTTOM + np.exp(-1j * psi) * TOP)
        _add(out, STARS[j], within)
    for j in (1, 2):
        _add(out, (-STARS[j][0], -STARS[j][1]), tunnel)
    return out


def _add(harmonics: dict[tuple[int, ...], Complex], n: tuple[int, int], V: Complex) -> None:
    """Add ``exp(i G.r) V`` and its Hermitian conjugate."""
    for key, X in ((n, V), ((-n[0], -n[1]), V.conj().T)):
        harmonics[key] = harmonics.get(key, np.zeros((2, 2), dtype=np.complex128)) + X
