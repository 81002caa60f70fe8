"""``.spn``: Pauli matrices between Bloch states, as text or as Fortran records.

For every k-point the lower triangle ``n <= m`` in the order m, n, (x, y, z) with the component fastest; each value is
``<psi_nk| sigma_s |psi_mk>``.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.readers.fortran import FortranFile
from solenoidal.readers.opening import open_stream, stream_errors
from solenoidal.readers.text import TextFile

__all__ = ["read_spn"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

#: A row of a Pauli matrix between normalised states has length <= 1; augmentation left out adds a little to that.
_LONGEST_ROW = 1.5
#: Bounds of sum_s sum_m |<m|sigma_s|n>|^2, which is 3 in a complete set of bands and less where bands are left out.
#: The lowest band of seven calculations of Pt and Fe has 2.9987 to 3.0000, the highest of any band is 3 + 2e-14; an
#: isolated pair of j = 1/2, the smallest that a good set of bands can have, has 1/3.
_SMALLEST_WEIGHT, _LARGEST_WEIGHT = 0.2, 3.3
#: Room in |<n| sigma_x sigma_y - i sigma_z |n>| <= sqrt((1 - w_x) (1 - w_y)): 2e-12 in those calculations, and above
#: 1.6 for conjugated matrices or exchanged components.
_ALGEBRA = 0.2


def read_spn(path: Path, num_bands: int, num_kpoints: int) -> Iterator[Complex]:
    """Read the Pauli matrices k-point by k-point, from either form of the file.

    Memory: the ``3 NB^2`` numbers of one k-point.

    Parameters
    ----------
    path
        The ``.spn`` or ``.spn.fmt`` file, plain or compressed; its first bytes tell the form.
    num_bands, num_kpoints
        NB and NK of the calculation, from the checkpoint.

    Yields
    ------
    NDArray
        ``(3, NB, NB)`` Hermitian sigma_x, sigma_y, sigma_z, in the order of the k-points.

    Raises
    ------
    InputError
        If the file is damaged, belongs to another calculation, or its numbers cannot be Pauli matrices: a row that is
        too long, a band whose three rows have a squared length above 3, a lowest band for which it nearly vanishes, or
        products that are not those of Pauli matrices by more than the bands left out allow.
    """
    blocks = _formatted if _is_text(path) else _unformatted
    for k, values in enumerate(blocks(path, num_bands, num_kpoints)):
        sigma = _unpack(values, num_bands)
        _check_pauli(path, sigma, k)
        yield sigma


def _is_text(path: Path) -> bool:
    with stream_errors(path), open_stream(path) as stream:
        return b"\0" not in stream.read(4)


def _formatted(path: Path, num_bands: int, num_kpoints: int) -> Iterator[Complex]:
    size = 3 * num_bands * (num_bands + 1) // 2
    with TextFile(path) as file:
        file.line("the header")
        bands, kpoints = file.counts(2, "numbers of bands and k-points")
        _check_counts(path, bands, kpoints, num_bands, num_kpoints)
        for k in range(num_kpoints):
            yield file.rows(size, 2, f"the spin matrices of k-point {k + 1}").view(np.complex128)[:, 0]
        file.finish()


def _unformatted(path: Path, num_bands: int, num_kpoints: int) -> Iterator[Complex]:
    size = 3 * num_bands * (num_bands + 1) // 2
    with FortranFile(path) as file:
        file.header()
        bands, kpoints = np.frombuffer(file.record(8, "numbers of bands and k-points"), "<i4").tolist()
        _check_counts(path, bands, kpoints, num_bands, num_kpoints)
        for k in range(num_kpoints):
            values = np.frombuffer(file.record(16 * size, f"the spin matrices of k-point {k + 1}"), "<c16")
            if not np.isfinite(values).all():
                raise InputError(
                    f"{path}: the spin matrices of k-point {k + 1} hold NaN or infinity; make the file again."
                )
            yield values.astype(np.complex128)
        file.finish()


def _check_counts(path: Path, bands: int, kpoints: int, num_bands: int, num_kpoints: int) -> None:
    if (bands, kpoints) != (num_bands, num_kpoints):
        raise InputError(
            f"{path}: the file has {bands} bands and {kpoints} k-points but the checkpoint has {num_bands} and "
            f"{num_kpoints}; take both from one calculation."
        )


def _unpack(values: Complex, num_bands: int) -> Complex:
    m, n = np.tril_indices(num_bands)
    triangle = values.reshape(-1, 3).T.copy()
    triangle[:, m == n] = triangle[:, m == n].real  # the imaginary part of a diagonal element is rounding
    sigma = np.zeros((3, num_bands, num_bands), dtype=np.complex128)
    sigma[:, n, m] = triangle
    sigma[:, m, n] = triangle.conj()
    return sigma


def _check_pauli(path: Path, sigma: Complex, k: int) -> None:
    with np.errstate(over="ignore"):
        length = np.sqrt((sigma.real**2 + sigma.imag**2).sum(axis=-1))
    s, n = np.unravel_index(int(length.argmax()), length.shape)
    if not length[s, n] <= _LONGEST_ROW:
        raise InputError(
            f"{path}: sigma_{'xyz'[int(s)]} of band {int(n) + 1} at k-point {k + 1} has length {length[s, n]:.3g}, a "
            f"Pauli matrix cannot exceed 1; the file is damaged or not a .spn file, make it again."
        )
    weight = length**2
    _check_weights(path, weight.sum(axis=0), k)
    _check_algebra(path, sigma, weight, k)


def _check_weights(path: Path, weight: Real, k: int) -> None:
    """``(NB,)`` squared lengths of the rows of all three matrices."""
    n = int(weight.argmax())
    if weight[n] > _LARGEST_WEIGHT:
        raise InputError(
            f"{path}: the spin matrices of band {n + 1} at k-point {k + 1} have the squared length {weight[n]:.3g}, "
            f"Pauli matrices cannot exceed 3; the file is damaged or not a .spn file, make it again."
        )
    if weight[0] < _SMALLEST_WEIGHT:
        raise InputError(
            f"{path}: the spin matrices of the lowest band at k-point {k + 1} nearly vanish (squared length "
            f"{weight[0]:.2g} where Pauli matrices have up to 3); make the file again from a calculation with spinors."
        )


def _check_algebra(path: Path, sigma: Complex, weight: Real, k: int) -> None:
    """``sigma_x sigma_y = i sigma_z`` and cyclic, up to what the Cauchy-Schwarz inequality leaves to missing bands."""
    missing = np.sqrt(np.clip(1 - weight, 0, None))
    for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        product = (sigma[a] * sigma[b].T).sum(axis=1)
        excess = abs(product - 1j * np.diagonal(sigma[c])) - missing[a] * missing[b]
        n = int(excess.argmax())
        if excess[n] > _ALGEBRA:
            raise InputError(
                f"{path}: sigma_{'xyz'[a]} sigma_{'xyz'[b]} differs from i sigma_{'xyz'[c]} for band {n + 1} at "
                f"k-point {k + 1} by {excess[n]:.2g} more than the missing bands allow; the matrices are conjugated, "
                f"exchanged or damaged, make the file again."
            )
