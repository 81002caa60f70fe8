"""What the formats share: optional imports, geometry of the periodic directions, checks before writing."""

import importlib
from collections.abc import Iterator
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.model import BlochModel

__all__ = ["half_of", "need", "orbital_positions", "periodic_space"]

Real = NDArray[np.float64]


def need(package: str) -> ModuleType:
    """Import a package that is not a dependency.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise InputError(f"writing a {package} model needs the package {package}, install it with pip.") from error


def periodic_space(periods: Real, positions: Real) -> tuple[Real, Real]:
    """Express a ribbon or slab in the space that its periods span.

    Parameters
    ----------
    periods
        ``(D, n)`` primitive vectors, D <= n.
    positions
        ``(N, n)``.

    Returns
    -------
    tuple
        Lattice ``(D, D)`` and positions ``(N, D)``: unchanged for D = n, otherwise in orthonormal axes of the span,
        the first along the first period.
    """
    if periods.shape[0] == periods.shape[1]:
        return periods, positions
    Q, triangle = np.linalg.qr(periods.T)
    Q = Q * np.sign(np.diag(triangle))
    return periods @ Q, positions @ Q


def orbital_positions(model: BlochModel, package: str) -> Real:
    """``(N, D)`` centres of the orbitals, Angstrom; zero if the model has no positions.

    Raises
    ------
    InputError
        If the model has a metric or a position matrix with more than its diagonal at R = 0, which the other package
        cannot hold.
    """
    if model.metric is not None:
        raise InputError(f"{model.source}: a model with a metric has no {package} form.")
    if model.position is None:
        return np.zeros((model.size, model.dimension))
    home = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    centres = np.asarray(np.einsum("iaa->ai", model.position[home]).real, dtype=np.float64)
    rest = model.position.copy()
    rest[home] -= np.einsum("ai,ab->iab", centres, np.eye(model.size))
    if abs(rest).max() > 1e-8:
        raise InputError(
            f"{model.source}: {package} holds the centres of the orbitals only, the position matrix has other elements "
            f"up to {abs(rest).max():.2g} Angstrom; set position to its diagonal at R = 0 to write the model."
        )
    return centres


def half_of(model: BlochModel) -> Iterator[tuple[complex, int, int, tuple[int, ...]]]:
    """Hoppings ``(<a,0|H|b,R>, a, b, R)`` that are not zero, one of each Hermitian pair, without R = 0, a = b."""
    home = (0,) * model.dimension
    for R, H in zip(model.R.tolist(), model.H, strict=True):
        step = tuple(R)
        if step < home:
            continue
        upper = np.triu(H, 1) if step == home else H
        for a, b in np.argwhere(upper):
            yield complex(H[a, b]), int(a), int(b), step
