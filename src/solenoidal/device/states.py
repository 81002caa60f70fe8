"""Eigenstates of a batch with matrix elements on a device; energies and groups here."""

import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.device.backend import Array, Device, host, namespace
from solenoidal.device.eigen import eigenpairs
from solenoidal.device.sums import diagonal, inverse_differences
from solenoidal.elements import Elements
from solenoidal.multiplets import group_levels
from solenoidal.packed import Packed, pack

__all__ = ["Batch", "DeviceElements", "DeviceStates", "solve"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


class Batch(NamedTuple):
    """Matrices of k-points on a device, operators as ``(n_k, row, p, column)``; see :class:`solenoidal.bloch.Block`.

    ``metric``, ``k``, ``weight`` are arrays of this machine.
    """

    H: Array
    dH: Array
    A: Array | None
    s: Array
    metric: Complex | None
    k: Real | None
    curl: Array | None = None
    weight: NDArray[np.int32] | None = None


class DeviceElements(Elements):
    """Matrix elements ``(n_k, N, P, N)`` on a device; what stands for the packed layout is a view of them."""

    def __init__(self, X: Array) -> None:
        super().__init__(plain=X)

    @cached_property
    def packed(self) -> Array:
        """Seen as ``(n_k, P, N, N)``."""
        return self.plain.swapaxes(1, 2)

    @cached_property
    def diagonal(self) -> Real:
        """``(n_k, N, P)`` diagonal elements, here."""
        return diagonal(self.plain)

    def take(self, index: NDArray[np.bool_]) -> "DeviceElements":
        """Return the k-points that ``index (n_k,)`` marks."""
        return DeviceElements(_taken(self.plain, index))


@dataclass(frozen=True)
class DeviceStates(States):
    """States whose v, s, w, G and B are arrays of a device."""

    @cached_property
    def w(self) -> Array:
        """See :class:`~solenoidal.bloch.States`."""
        e = namespace(self.v).asarray(self.e)
        return e[:, :, None] - e[:, None, :]

    @cached_property
    def G(self) -> Array:
        """See :class:`~solenoidal.bloch.States`."""
        return inverse_differences(self.w, self.group)

    @cached_property
    def B(self) -> Array:
        """See :class:`~solenoidal.bloch.States`."""
        return self.v * self.G[:, :, None, :]

    @cached_property
    def sG(self) -> Array:
        """See :class:`~solenoidal.bloch.States`."""
        return self.s * self.G[:, :, None, :]

    @cached_property
    def packed_G(self) -> Array:
        """G in the rows wanted."""
        return self.G[:, self.wanted]

    @cached_property
    def packed_B(self) -> Array:
        """B in the rows wanted, seen as ``(n_k, D, rows, N)``."""
        return self.B[:, self.wanted].swapaxes(1, 2)

    @cached_property
    def packed_sG(self) -> Array:
        """s_nm / w_nm in the rows wanted, seen as ``(n_k, n_s, rows, N)``."""
        return self.sG[:, self.wanted].swapaxes(1, 2)

    @property
    def _slopes(self) -> Packed:
        """Copied from the device: wanted where levels are spread over cells."""
        return pack(host(self.velocity.plain))

    def take(self, index: NDArray[np.bool_]) -> "DeviceStates":
        """Return the k-points that ``index (n_k,)`` marks."""
        part = super(DeviceStates, replace(self, **self._elements)).take(index)
        elements: dict[str, Any] = {"v": part.velocity, "s": part.operator}
        assert isinstance(part, DeviceStates)
        return self._remembered(replace(part, **elements), index)

    @property
    def _elements(self) -> dict[str, Any]:
        return {"v": self.velocity, "s": self.operator}


def _taken(X: Array, index: NDArray[np.bool_]) -> Array:
    return X[namespace(X).asarray(np.flatnonzero(index))]


def solve(
    batch: Batch,
    device: Device,
    degeneracy: float,
    rows_below: float | None,
    cell: Real | None,
    full_below: float | None = None,
    *,
    windowed: bool = False,
) -> tuple[DeviceStates, int]:
    """Diagonalise a batch and rotate its matrices, as :func:`solenoidal.bloch.solve` does with a block.

    Returns
    -------
    DeviceStates, int
        With the number of k-points whose eigenpairs had to be computed again on this machine.
    """
    e, U, sign, repaired = eigenpairs(batch.H, device, batch.metric, batch.k)
    group = group_levels(e, degeneracy, sign)
    v: Any = DeviceElements(_rotate(_velocity(batch), U))
    s: Any = DeviceElements(_rotate(batch.s, U))
    F = None if batch.curl is None else diagonal(_rotate(_basis_curvature(batch), U))
    found = DeviceStates(e, sign, v, s, group, e.shape[1], F, cell=cell)
    return found.narrowed(rows_below, full_below, windowed), repaired


def _rotate(X: Array, U: Array) -> Array:
    """``U^+ X^p U``, ``(n_k, n, p, m)``, in two products per k-point."""
    n_k, N, P, _ = X.shape
    half = U.conj().swapaxes(1, 2) @ X.reshape(n_k, N, P * N)
    return (half.reshape(n_k, N * P, N) @ U).reshape(n_k, N, P, N)


def _velocity(batch: Batch) -> Array:
    """``d_i H + i (H eta A_i - A_i eta H)``, ``(n_k, row, i, column)``."""
    if batch.A is None:
        return batch.dH
    n_k, N, D, _ = batch.A.shape
    energy = batch.H if batch.metric is None else batch.H @ _eta(batch)
    HA = 1j * (energy @ batch.A.reshape(n_k, N, D * N)).reshape(n_k, N, D, N)
    return batch.dH + HA + HA.conj().swapaxes(1, 3)


def _basis_curvature(batch: Batch) -> Array:
    """See :mod:`solenoidal.curvature`."""
    F, A = batch.curl, batch.A
    assert F is not None
    assert A is not None
    for p, (i, l) in enumerate(itertools.combinations(range(A.shape[2]), 2)):
        left = A[:, :, i] if batch.metric is None else A[:, :, i] @ _eta(batch)
        product = left @ A[:, :, l]
        F[:, :, p] -= 1j * (product - product.conj().swapaxes(1, 2))
    return F


def _eta(batch: Batch) -> Array:
    return namespace(batch.H).asarray(batch.metric)
