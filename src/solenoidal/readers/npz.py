"""``.npz`` archives of operators in a Wannier basis."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.events import Listener, Message, silent
from solenoidal.model import BlochModel, Operator

__all__ = ["read_npz"]

Array = NDArray[np.float64] | NDArray[np.complex128]

_NEEDED = ("lattice", "R", "H_R")
_OPTIONAL = ("A_R", "S_R", "fermi_energy")
#: Largest sigma(k), at the one of a few k-points where it is smallest.  At the points of its coarse mesh it is at most
#: 1; between them it overshoots, by 0.06 at the best and 0.54 at the worst of 200 points for Fe from 3 x 3 x 3.
_LARGEST_SIGMA = 1.5
_SOME_K = np.array([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.13, 0.27, 0.41], [0.38, 0.11, 0.79]])


def read_npz(path: str | Path, listen: Listener = silent) -> BlochModel:
    """Read operators ``X(k) = sum_R exp(2 pi i k.R) X_R`` from an archive of numpy arrays.

    Parameters
    ----------
    path
        Archive with ``lattice`` (D, D) rows in Angstrom, ``R`` (n_R, D) integers, ``H_R`` (n_R, N, N) in eV and, where
        known, ``A_R`` (n_R, N, N, D) in Angstrom, ``S_R`` (n_R, N, N, 3) Pauli matrices, ``fermi_energy`` in eV.
    listen
        Told what is read.

    Returns
    -------
    BlochModel
        With the operator ``"spin"`` in hbar, half of ``S_R``, if the archive has it.

    Raises
    ------
    InputError
        If the file is missing or damaged, a key is missing, an array has another shape or kind, or ``S_R`` is too
        large for Pauli matrices.
    """
    path = Path(path)
    listen(Message(f"reading {path.name}"))
    arrays = _load(path)
    missing = [key for key in _NEEDED if key not in arrays]
    if missing:
        raise InputError(
            f"{path}: the key '{missing[0]}' is missing, this archive has {', '.join(arrays) or 'none'}; "
            f"save it under this name."
        )
    R = _integers(path, arrays["R"])
    position = _components_first(path, "A_R", arrays.get("A_R"))
    spin = _components_first(path, "S_R", arrays.get("S_R"))
    notes = ["Position matrix from A_R." if position is not None else "No A_R: every orbital sits at the origin."]
    operators = {}
    if spin is not None:
        if spin.shape[1] != 3:
            raise InputError(f"{path}: S_R has {spin.shape[1]} components, it must have the 3 Pauli matrices.")
        _check_pauli(path, R, spin)
        operators["spin"] = Operator(spin / 2, ("x", "y", "z"), time_reversal=-1, transformation="axial")
        notes.append("Spin in hbar: half of the Pauli matrices S_R.")
    else:
        notes.append(f"No spin operator: there is no S_R in {path.name}, add the Pauli matrices under this name.")
    lattice, H = _real(path, "lattice", arrays["lattice"]), _complex(path, "H_R", arrays["H_R"], 3)
    fermi_energy = _fermi_energy(path, arrays.get("fermi_energy"))
    try:
        return BlochModel(
            lattice=lattice,
            R=R,
            H=H,
            position=position,
            operators=operators,
            fermi_energy=fermi_energy,
            name=path.stem,
            source=str(path),
            notes=tuple(notes),
        )
    except InputError as error:
        raise InputError(f"{str(error).removesuffix('.')}; correct this array and save the archive again.") from None


def _check_pauli(path: Path, R: NDArray[np.int64], sigma: NDArray[np.complex128]) -> None:
    """Refuse ``(n_R, 3, N, N)`` matrices that are too large everywhere; other mistakes are found by the model."""
    if len(R) != len(sigma) or sigma.shape[-1] != sigma.shape[-2] or not np.isfinite(sigma).all():
        return
    at_k = np.tensordot(np.exp(2j * np.pi * _SOME_K[:, : R.shape[1]] @ R.T), sigma, axes=1)
    norm = float(np.linalg.norm(at_k, ord=2, axis=(-2, -1)).max(axis=1).min())
    if norm > _LARGEST_SIGMA:
        raise InputError(
            f"{path}: S_R gives matrices sigma(k) of norm {norm:.3g} or more where Pauli matrices have 1; save the "
            f"Pauli matrices under this name."
        )


def _load(path: Path) -> dict[str, Array]:
    if not path.is_file():
        raise InputError(f"{path}: there is no such file.")
    try:
        _check_sizes(path)
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in (*_NEEDED, *_OPTIONAL) if key in archive.files}
    except InputError:
        raise
    except Exception as error:
        # numpy and zipfile raise a dozen kinds of error, syntax errors among them, on damaged archives.
        kind = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{path}: not a sound .npz archive of plain numbers ({kind}); save it again with numpy.savez."
        ) from None


def _check_sizes(path: Path) -> None:
    """Refuse an array whose header announces another size than it has, before anything is allocated."""
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            with archive.open(info) as stream:
                version = np.lib.format.read_magic(stream)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape, _, dtype = read(stream)
                bytes_ = stream.tell() + dtype.itemsize * int(np.prod([int(n) for n in shape], dtype=object))
            if dtype.hasobject:
                raise InputError(f"{path}: {info.filename} holds Python objects, save arrays of plain numbers.")
            if bytes_ != info.file_size:
                raise InputError(
                    f"{path}: {info.filename} has {info.file_size} bytes where its header asks for {bytes_}; "
                    f"save the archive again."
                )


def _integers(path: Path, R: Array) -> NDArray[np.int64]:
    values = _real(path, "R", R)
    if not (abs(values) < 2**31).all() or (values != np.round(values)).any():
        raise InputError(f"{path}: R must hold integers, the lattice vectors in lattice coordinates.")
    return values.astype(np.int64)


def _real(path: Path, key: str, values: Array) -> NDArray[np.float64]:
    if values.dtype.kind not in "iuf" or values.ndim != 2 or values.shape[0] == 0:
        raise InputError(f"{path}: {key} has shape {values.shape} and type {values.dtype}, it must be a real matrix.")
    return values.astype(np.float64)


def _complex(path: Path, key: str, values: Array, ndim: int) -> NDArray[np.complex128]:
    if values.dtype.kind not in "iufc" or values.ndim != ndim or 0 in values.shape:
        raise InputError(
            f"{path}: {key} has shape {values.shape} and type {values.dtype}, it must be numbers in {ndim} dimensions."
        )
    return values.astype(np.complex128)


def _components_first(path: Path, key: str, values: Array | None) -> NDArray[np.complex128] | None:
    """``(n_R, N, N, C)`` as ``(n_R, C, N, N)``."""
    return None if values is None else np.moveaxis(_complex(path, key, values, 4), -1, 1)


def _fermi_energy(path: Path, value: Array | None) -> float | None:
    if value is None:
        return None
    if value.dtype.kind not in "iuf" or value.size != 1 or not np.isfinite(value).all():
        raise InputError(f"{path}: fermi_energy must be one finite number in eV.")
    return float(value.reshape(()))
