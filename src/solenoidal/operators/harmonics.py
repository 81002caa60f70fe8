"""Real harmonics, hybrids and angular momentum in the orbital order of Wannier90."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.registry import nearest

__all__ = ["LARGEST", "SHELLS", "angular_momentum", "components", "expansion", "rotation", "shell"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

#: Highest l of an orbital label.
LARGEST = 3

#: Real harmonics of each shell, Wannier90 user guide, table "angular functions": m = 0, then cos and sin of 1, 2, ...
SHELLS: dict[str, tuple[str, ...]] = {
    "s": ("s",),
    "p": ("pz", "px", "py"),
    "d": ("dz2", "dxz", "dyz", "dx2-y2", "dxy"),
    "f": ("fz3", "fxz2", "fyz2", "fz(x2-y2)", "fxyz", "fx(x2-3y2)", "fy(3x2-y2)"),
}

_HARMONICS = tuple(name for names in SHELLS.values() for name in names)
_2, _3, _6, _12 = (1 / float(np.sqrt(n)) for n in (2, 3, 6, 12))

#: Hybrids of the same guide as sums of real harmonics.
_HYBRIDS: dict[str, tuple[dict[str, float], ...]] = {
    "sp": ({"s": _2, "px": _2}, {"s": _2, "px": -_2}),
    "sp2": (
        {"s": _3, "px": -_6, "py": _2},
        {"s": _3, "px": -_6, "py": -_2},
        {"s": _3, "px": 2 * _6},
    ),
    "sp3": (
        {"s": 0.5, "px": 0.5, "py": 0.5, "pz": 0.5},
        {"s": 0.5, "px": 0.5, "py": -0.5, "pz": -0.5},
        {"s": 0.5, "px": -0.5, "py": 0.5, "pz": -0.5},
        {"s": 0.5, "px": -0.5, "py": -0.5, "pz": 0.5},
    ),
    "sp3d": (
        {"s": _3, "px": -_6, "py": _2},
        {"s": _3, "px": -_6, "py": -_2},
        {"s": _3, "px": 2 * _6},
        {"pz": _2, "dz2": _2},
        {"pz": -_2, "dz2": _2},
    ),
    "sp3d2": (
        {"s": _6, "px": -_2, "dz2": -_12, "dx2-y2": 0.5},
        {"s": _6, "px": _2, "dz2": -_12, "dx2-y2": 0.5},
        {"s": _6, "py": -_2, "dz2": -_12, "dx2-y2": -0.5},
        {"s": _6, "py": _2, "dz2": -_12, "dx2-y2": -0.5},
        {"s": _6, "pz": -_2, "dz2": _3},
        {"s": _6, "pz": _2, "dz2": _3},
    ),
}


def components(label: str) -> tuple[str, ...]:
    """Names of the orbitals that a label stands for: ``"p"`` gives pz, px, py; ``"sp3"`` gives sp3-1 to sp3-4.

    Raises
    ------
    InputError
        If there is no such orbital; the sentence gives the nearest valid label.
    """
    if label in SHELLS:
        return SHELLS[label]
    if label in _HYBRIDS:
        return tuple(f"{label}-{i + 1}" for i in range(len(_HYBRIDS[label])))
    single = (*_HARMONICS, *(name for hybrid in _HYBRIDS for name in components(hybrid)))
    if label in single:
        return (label,)
    raise InputError(f"unknown orbital '{label}': {nearest(label, {*SHELLS, *_HYBRIDS, *single})}.")


def expansion(label: str) -> Real:
    """Orbitals of a label as sums of real harmonics.

    Parameters
    ----------
    label
        A shell (s, p, d, f), a set of hybrids (sp, sp2, sp3, sp3d, sp3d2) or one orbital of either (px, sp3-2).

    Returns
    -------
    NDArray
        ``(n_orbitals, 16)`` coefficients on the harmonics of s, p, d and f in the order of :data:`SHELLS`.

    Raises
    ------
    InputError
        If there is no such orbital.
    """
    rows = np.zeros((len(components(label)), len(_HARMONICS)))
    for row, name in zip(rows, components(label), strict=True):
        for harmonic, weight in _terms(name).items():
            row[_HARMONICS.index(harmonic)] = weight
    return rows


def _terms(name: str) -> dict[str, float]:
    if name in _HARMONICS:
        return {name: 1.0}
    hybrid, _, number = name.rpartition("-")
    return _HYBRIDS[hybrid][int(number) - 1]


@lru_cache
def shell(l: int) -> Complex:
    """Angular momentum of one shell between real harmonics.

    Parameters
    ----------
    l
        0, 1, 2, ...

    Returns
    -------
    NDArray
        ``(3, 2 l + 1, 2 l + 1)`` in hbar, components x, y, z; real harmonics m = 0, then cos and sin of m = 1, 2, ...
        (Condon-Shortley phases: px = (Y_-1 - Y_1) / sqrt 2, py = i (Y_-1 + Y_1) / sqrt 2).
    """
    m = np.arange(-l, l + 1)
    raising = np.diag(np.sqrt(l * (l + 1) - m[:-1] * (m[:-1] + 1)), -1)
    L = np.array([(raising + raising.T) / 2, (raising - raising.T) / 2j, np.diag(m)], dtype=np.complex128)
    U = np.zeros((2 * l + 1, 2 * l + 1), dtype=np.complex128)
    U[0, l] = 1
    for n in range(1, l + 1):
        parity = (-1) ** n
        U[2 * n - 1, [l - n, l + n]] = np.array([1, parity]) * _2
        U[2 * n, [l - n, l + n]] = np.array([1j, -1j * parity]) * _2
    # Rows of U are the kets of the real harmonics in the complex ones.
    out = np.asarray(U.conj() @ L @ U.T, dtype=np.complex128)
    out.flags.writeable = False
    return out


def angular_momentum(coefficients: Real) -> Complex:
    """Angular momentum between orbitals of one atom.

    Parameters
    ----------
    coefficients
        ``(n, 16)`` of the orbitals, rows as :func:`expansion` gives them.

    Returns
    -------
    NDArray
        ``(3, n, n)`` in hbar: P L P, projected on the span of the orbitals.
    """
    L = np.zeros((3, len(_HARMONICS), len(_HARMONICS)), dtype=np.complex128)
    for l in range(LARGEST + 1):
        part = slice(l * l, (l + 1) ** 2)
        L[:, part, part] = shell(l)
    return np.asarray(coefficients @ L @ coefficients.T, dtype=np.complex128)


def rotation(l: int, direction: Real) -> Real:
    """Rotate the real harmonics of one shell so that the z axis points along ``direction``.

    Parameters
    ----------
    l
        0, 1, 2, ...
    direction
        ``(3,)`` vector of any length but zero.

    Returns
    -------
    NDArray
        ``(2 l + 1, 2 l + 1)`` orthogonal; column b is the rotated harmonic b on the unrotated ones.
    """
    x, y, z = direction / np.linalg.norm(direction)
    polar, azimuth = np.arctan2(np.hypot(x, y), z), np.arctan2(y, x)
    about_y, about_z = (_turn(shell(l)[axis], angle) for axis, angle in ((1, polar), (2, azimuth)))
    return about_z @ about_y


def _turn(L: Complex, angle: float) -> Real:
    """``exp(-i angle L)``: real, because L is imaginary between real harmonics."""
    m, U = np.linalg.eigh(L)
    return np.asarray(((U * np.exp(-1j * angle * m)) @ U.conj().T).real)
