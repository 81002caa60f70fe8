"""Fermi surfaces for three-dimensional viewers."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solenoidal.brillouin import reciprocal_vectors
from solenoidal.figures.sheets import crossing_bands, fermi_level
from solenoidal.model import BlochModel
from solenoidal.results import check_output, replace_file

__all__ = ["write_frmsf"]

Real = NDArray[np.float64]

#: Code of a mesh k = i / n, centred on Gamma.
GAMMA_CENTRED = 1


def write_frmsf(
    path: Path | str,
    model: BlochModel,
    mesh: tuple[int, int, int],
    quantity: str = "spin",
    component: str | None = None,
    *,
    mu: float | None = None,
    operator: str = "spin",
    degeneracy: float = 1e-3,
) -> tuple[int, ...]:
    """Write the Fermi surface with a quantity that colours it, for FermiSurfer.

    The format: three numbers of k-points; 1 for a mesh that holds Gamma; the number of bands; three reciprocal
    lattice vectors; energies from ``mu``, band by band, the third direction fastest; the quantity in the same order.
    M. Kawamura, Comput. Phys. Commun. 239, 197 (2019).  Written are eV, 1/Angstrom and the unit of the quantity.

    Parameters
    ----------
    path
        File to write.
    model
        A crystal of three dimensions.
    mesh
        k-points in every direction.
    quantity, component, operator, degeneracy
        As in :func:`solenoidal.figures.plot_bands`.
    mu
        eV, absolute; None for the Fermi level of the model.

    Returns
    -------
    tuple of int
        Numbers, from 0, of the bands written: those that cross ``mu``.

    Raises
    ------
    InputError
        If the crystal is not three-dimensional, ``mu`` is not known or no band crosses it, the file cannot be
        written, or as :func:`solenoidal.figures.levels.levels_on_mesh` does.
    OSError
        If writing fails.
    """
    check_output(path)
    level = fermi_level(model, mu)
    levels, bands = crossing_bands(model, mesh, level, quantity, component, operator, degeneracy)
    replace_file(Path(path), _text(model, mesh, levels.e[:, bands] - level, levels.values[:, bands]).encode())
    return bands


def _text(model: BlochModel, mesh: tuple[int, ...], e: Real, values: Real) -> str:
    head = [" ".join(map(str, mesh)), str(GAMMA_CENTRED), str(e.shape[1])]
    vectors = [" ".join(f"{x:.10f}" for x in b) for b in reciprocal_vectors(model.lattice)]
    numbers = [f"{x:.9e}" for column in (e, values) for x in column.T.ravel()]
    return "\n".join([*head, *vectors, *numbers, ""])
