"""Operators that are one matrix at R = 0: spin of a known basis order, charge, pseudospin."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from solenoidal.errors import InputError
from solenoidal.model import BlochModel, Operator, Transformation
from solenoidal.readers.spin_order import SpinOrder, spin_of_pairs

__all__ = ["charge", "check_index", "euclidean", "local", "pseudospin", "spin"]


def local(
    model: BlochModel,
    matrices: ArrayLike,
    components: Sequence[str],
    *,
    unit: str = "hbar",
    time_reversal: int | None = None,
    transformation: Transformation | None = None,
) -> Operator:
    """Operator with the given matrices at R = 0 and nothing elsewhere.

    Parameters
    ----------
    model
        Model that it shall act on.
    matrices
        ``(n_components, N, N)``, Hermitian, in ``unit``.
    components
        Their names.
    unit, time_reversal, transformation
        See :class:`~solenoidal.model.Operator`.

    Raises
    ------
    InputError
        If the shape does not fit or a matrix is not Hermitian.
    """
    X = np.asarray(matrices, dtype=np.complex128)
    want = (len(components), model.size, model.size)
    if X.shape != want:
        raise InputError(f"{model.source}: the matrices of the operator have shape {X.shape}, they must be {want}.")
    for name, x in zip(components, X, strict=True):
        if not np.allclose(x, x.conj().T, rtol=0, atol=1e-12 * max(1.0, float(abs(x).max()))):
            raise InputError(f"{model.source}: component '{name}' of the operator is not Hermitian.")
    s = np.zeros((len(model.R), *X.shape), dtype=np.complex128)
    s[(model.R == 0).all(axis=1)] = X
    return Operator(s, tuple(components), unit=unit, time_reversal=time_reversal, transformation=transformation)


def spin(model: BlochModel, order: SpinOrder) -> Operator:
    """Spin sigma / 2 of a basis of pairs that differ in their spin only.

    Parameters
    ----------
    model
        Electrons: no metric.
    order
        ``"interlaced"`` (up, down, up, down) or ``"blocks"`` (first half up, second half down).

    Returns
    -------
    Operator
        Components x, y, z in hbar, odd under time reversal.

    Raises
    ------
    InputError
        If the number of orbitals is odd, the order has another name or the model has a metric.
    """
    euclidean(model)
    matrices = spin_of_pairs(model.R, model.size, order, model.source)
    return Operator(matrices, ("x", "y", "z"), time_reversal=-1, transformation="axial")


def charge(model: BlochModel) -> Operator:
    """Charge in units of the carrier's: the metric of the model, with the unit of a charge current."""
    return model.operator("charge")


def pseudospin(model: BlochModel, upper: Sequence[int], lower: Sequence[int]) -> Operator:
    """Layer or sublattice pseudospin: the projector on ``upper`` minus that on ``lower``.

    Parameters
    ----------
    model
        Electrons: no metric.
    upper, lower
        Numbers of the orbitals, from 0, without common member.

    Returns
    -------
    Operator
        Component z, dimensionless, even under time reversal.

    Raises
    ------
    InputError
        If an orbital does not exist or is in both lists, or the model has a metric.
    """
    euclidean(model)
    up, down = check_index(model, upper), check_index(model, lower)
    common = sorted(set(up) & set(down))
    if common:
        raise InputError(f"{model.source}: orbital {common[0]} is in both lists of the pseudospin, leave it in one.")
    sign = np.zeros(model.size)
    sign[up], sign[down] = 1, -1
    return local(model, np.diag(sign)[None], ("z",), unit="1", time_reversal=+1)


def check_index(model: BlochModel, orbitals: Sequence[int]) -> list[int]:
    """Return the orbital numbers, or refuse one that does not exist."""
    numbers = [int(a) for a in orbitals]
    bad = [a for a in numbers if not 0 <= a < model.size]
    if bad:
        raise InputError(f"{model.source}: there is no orbital {bad[0]}, they are numbered 0 to {model.size - 1}.")
    return numbers


def euclidean(model: BlochModel) -> None:
    """Refuse a model with a metric: its states are not amplitudes on orbitals alone."""
    if model.metric is not None:
        raise InputError(
            f"{model.source}: this operator is defined for electrons only, for a model with a metric give its "
            "matrices to operators.local."
        )
