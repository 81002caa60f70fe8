"""Pictures of the built-in models: their bands along a path through the zone, coloured by s_n."""

import io
import os
from collections.abc import Mapping
from pathlib import Path as File
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solenoidal import models
from solenoidal.builders.slater_koster import BCC, FCC
from solenoidal.continuum import ContinuumModel
from solenoidal.errors import InputError
from solenoidal.figures import check_figure, plot_bands
from solenoidal.figures.levels import levels_at
from solenoidal.model import BlochModel
from solenoidal.paths import Path, automatic_path, path_through
from solenoidal.results import replace_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["default_path", "draw", "draw_all"]

Real = NDArray[np.float64]

#: Cubic lattices: primitive vectors, corners of the zone in units of 2 pi / a, and the path through them.
_CUBIC: tuple[tuple[Real, dict[str, tuple[float, float, float]], str], ...] = (
    (np.eye(3), {"Γ": (0, 0, 0), "X": (0, 0.5, 0), "M": (0.5, 0.5, 0), "R": (0.5, 0.5, 0.5)}, "ΓXMΓRX"),
    (
        FCC,
        {"Γ": (0, 0, 0), "X": (0, 1, 0), "W": (0.5, 1, 0), "L": (0.5, 0.5, 0.5), "K": (0.75, 0.75, 0)},
        "ΓXWLΓK",
    ),
    (BCC, {"Γ": (0, 0, 0), "H": (0, 1, 0), "N": (0.5, 0.5, 0), "P": (0.5, 0.5, 0.5)}, "ΓHNΓPH"),
)
#: Energies shown (eV) of the models whose highest bands would flatten the others.
WINDOWS = {
    "platinum_slater_koster": (-3.0, 15.0),
    "slater_koster_bcc": (-10.5, 7.0),
    "slater_koster_fcc": (-13.5, 6.0),
    "twisted_bilayer": (-0.024, 0.006),
}
#: Energies in eV below which levels are degenerate, where bands lie closer than usual.
DEGENERACIES = {"twisted_bilayer": 1e-6}
#: Colours in the order in which they are tried, with their components; None for the leading one.
_CHOICES: tuple[tuple[str, str | None], ...] = (("spin", None), ("berry_spin", "xyz"), ("dipole", None))
#: Largest value of a quantity that is rounding, in its unit.
ROUNDING = 1e-6
#: Part of the values that a logarithmic scale covers: above are hot spots near crossings.
COVERED = 0.95
#: Where the line of a continuum model without any scale ends, 1/Angstrom.
REACH = 0.5
#: Pixels per inch of the pictures of :func:`draw_all`.
RESOLUTION = 150


def default_path(model: BlochModel | ContinuumModel) -> Path:
    """Path through the points of high symmetry of the bare lattice; for a continuum model a line through k = 0.

    Chains, all lattices in two dimensions and the three cubic ones need nothing else; for others see
    :func:`~solenoidal.paths.automatic_path`.  The line of a continuum model lies along x and is Cartesian, in
    1/Angstrom; it reaches twice as far as where the highest power of k outweighs the others.

    Parameters
    ----------
    model
        The crystal; the axes of a cubic lattice must be those of the coordinates.

    Raises
    ------
    InputError
        If the lattice is none of these and seekpath is not installed.
    """
    if isinstance(model, ContinuumModel):
        return _line(model)
    if model.dimension == 2:
        return path_through(model, _planar(model.lattice))
    for unit, corners, labels in _CUBIC if model.dimension == 3 else ():
        a = float(np.cbrt(model.volume / abs(np.linalg.det(unit))))
        step = model.lattice @ np.linalg.inv(a * unit)
        if abs(step - np.rint(step)).max() < 1e-6:  # two bases of one lattice
            return path_through(model, [(x, model.lattice @ np.array(corners[x]) / a) for x in labels])
    return automatic_path(model)


def _planar(lattice: Real) -> list[tuple[str, Real]]:
    """Stops of a hexagonal, a square or any other lattice in two dimensions."""
    lengths = np.linalg.norm(lattice, axis=1)
    cosine = float(lattice[0] @ lattice[1] / lengths.prod())
    equal = bool(np.ptp(lengths) < 1e-6 * lengths[0])
    places = {"Γ": (0.0, 0.0), "X": (0.5, 0.0), "Y": (0.0, 0.5), "M": (0.5, 0.5)}
    labels = "ΓXMΓ" if equal and abs(cosine) < 1e-6 else "ΓXMYΓ"
    if equal and abs(abs(cosine) - 0.5) < 1e-6:
        # The lattice vectors enclose 60 or 120 degrees.
        corner = (2 / 3, 1 / 3) if cosine > 0 else (1 / 3, 1 / 3)
        places, labels = {"Γ": (0.0, 0.0), "K": corner, "M": (0.5, 0.0)}, "ΓKMΓ"
    return [(x, np.array(places[x])) for x in labels]


def _line(model: ContinuumModel) -> Path:
    """401 points along x, symmetric about k = 0."""
    power = model.powers.sum(axis=1)
    size = np.array([abs(model.H[power == j]).max(initial=0.0) for j in range(model.degree + 1)])
    scales = [(x / size[-1]) ** (1 / (model.degree - j)) for j, x in enumerate(size[:-1]) if x > 0]
    q = float(2 * max(scales, default=REACH / 2))
    k = np.zeros((401, model.dimension))
    k[:, 0] = np.linspace(-q, q, len(k))
    ticks = ((0.0, f"{-q:.3g}"), (q, "0"), (2 * q, f"{q:.3g} Å$^{{-1}}$"))
    return Path(k, k[:, 0] + q, ticks, ())


def draw(
    name: str, parameters: Mapping[str, float] | None = None, output: "os.PathLike[str] | str | None" = None
) -> "Figure":
    """Draw the bands of a built-in model along its path.

    The colour is s_n; where it vanishes in every level, as in degenerate pairs, (Omega^xy s^z)_n; where that vanishes
    too, the dipole d_n; where the model has no operator, the Berry curvature.

    Parameters
    ----------
    name
        One of :func:`solenoidal.models.names`.
    parameters
        Other values than the defaults.
    output
        File to write, by suffix ``.png``, ``.pdf`` or ``.svg``; None to write none.

    Raises
    ------
    InputError
        As :func:`solenoidal.models.build`, :func:`default_path` and :func:`solenoidal.figures.check_figure` do.
    """
    check_figure(output)
    model = models.build(name, **(parameters or {}))
    path = default_path(model)
    window, degeneracy = None if parameters else WINDOWS.get(name), DEGENERACIES.get(name, 1e-3)
    operator = "spin" if "spin" in model.operators else next(iter(model.operators), "charge")
    for quantity, component in _CHOICES if model.operators else (("berry", None),):
        values = abs(levels_at(model, path.k, quantity, component, operator, degeneracy).values)
        if values.max() > ROUNDING:
            break
    logarithmic = quantity in ("berry_spin", "dipole")
    limit = 10.0 ** np.ceil(np.log10(max(ROUNDING, np.quantile(values, COVERED)))) if logarithmic else None
    return plot_bands(
        model,
        path,
        quantity,
        component,
        operator=operator,
        window=window,
        degeneracy=degeneracy,
        limit=limit,
        logarithmic=logarithmic,
        output=output,
    )


def draw_all(folder: "os.PathLike[str] | str") -> list[File]:
    """Draw every built-in model with its defaults into ``folder``, which is made if need be.

    Returns
    -------
    list
        The files, ``NAME.png``.

    Raises
    ------
    InputError
        If the folder cannot be used, or as :func:`draw` does.
    """
    folder = File(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: this is a file, give the name of a folder for the figures.")
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name in models.names():
        figure = draw(name)
        files.append(folder / f"{name}.png")
        replace_file(files[-1], _small(figure))
    return files


def _small(figure: "Figure") -> memoryview:
    """Return the PNG with a palette: half the size, and no eye sees the difference."""
    from PIL import Image

    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png", dpi=RESOLUTION)
    Image.open(full).convert("RGB").quantize(256).save(small, format="png", optimize=True)
    return small.getbuffer()
