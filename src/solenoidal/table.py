"""The numbers of a result that fit on a screen: definitions down, independent components across."""

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from solenoidal.results import component_name

__all__ = ["Component", "energy_index", "independent_components", "summary"]

Real = NDArray[np.float64]

#: Components below this part of the largest are zero for the eye.
NEGLIGIBLE = 1e-3
#: At most this many columns and temperatures are printed.
COLUMNS, TEMPERATURES = 4, 3
#: Components above this part of the largest share the first rank.
LEADING = 0.8


@dataclass(frozen=True)
class Component:
    """A component and those equal to it up to sign.

    Attributes
    ----------
    labels
        Current, field, spin.
    name
        Short name, such as ``"xyz"``.
    size
        Largest magnitude over definitions and temperatures.
    partners
        Short names of the others with the same magnitude, a minus in front of opposite ones.
    """

    labels: tuple[str, str, str]
    name: str
    size: float
    partners: tuple[str, ...]


def energy_index(dataset: xr.Dataset) -> int:
    """Index of the chemical potential nearest to the Fermi level, or of the middle if that is unknown.

    A Fermi level outside the scan counts as unknown.
    """
    mu = dataset["mu"].values
    fermi = dataset.attrs.get("fermi_energy")
    if fermi is None or not mu[0] - 1e-9 <= fermi <= mu[-1] + 1e-9:
        return len(mu) // 2
    return int(abs(mu - fermi).argmin())


def independent_components(dataset: xr.Dataset) -> list[Component]:
    """Components that matter at the energy of :func:`energy_index`, the leading one first.

    Those smaller than ``NEGLIGIBLE`` times the largest are left out; those equal up to sign for every
    definition and temperature, to the same part of the largest, appear once, under the first name in
    alphabetical order.  The leading ones, within ``LEADING`` of the largest, come in alphabetical order, so
    that symmetric crystals show the customary ``xyz`` first; the others follow by size.
    """
    values = dataset["conductivity"].isel(mu=energy_index(dataset))
    columns = _columns(dataset, values)
    largest = max((abs(x).max() for _, x in columns), default=0.0)
    out: list[tuple[Component, Real]] = []
    for labels, x in columns:
        if largest == 0.0 or abs(x).max() <= NEGLIGIBLE * largest:
            continue
        name = component_name(dataset, *labels)
        for i, (known, y) in enumerate(out):
            sign = _relative_sign(x, y, NEGLIGIBLE * largest)
            if sign:
                partner = name if sign > 0 else "-" + name
                out[i] = (Component(known.labels, known.name, known.size, (*known.partners, partner)), y)
                break
        else:
            out.append((Component(labels, name, float(abs(x).max()), ()), x))
    return sorted((c for c, _ in out), key=lambda c: (-min(c.size, LEADING * largest), c.name))


def _columns(dataset: xr.Dataset, values: xr.DataArray) -> list[tuple[tuple[str, str, str], Real]]:
    """Every component with its labels, flattened over definitions and temperatures, in alphabetical order."""
    names = [[str(x) for x in dataset[dim].values] for dim in ("current", "field", "spin")]
    data = values.transpose("current", "field", "spin", "definition", "temperature").values
    return [
        ((i, l, a), data[m, n, p].ravel())
        for m, i in enumerate(names[0])
        for n, l in enumerate(names[1])
        for p, a in enumerate(names[2])
    ]


def _relative_sign(x: Real, y: Real, tolerance: float) -> int:
    if abs(x - y).max() <= tolerance:
        return 1
    return -1 if abs(x + y).max() <= tolerance else 0


def summary(dataset: xr.Dataset) -> str:
    """Return a table of the conductivity at the Fermi level, else in the middle of the scan.

    Every number comes with the error bar of the mesh and, in brackets, its change when the degeneracy energy
    is divided by three.
    """
    index = energy_index(dataset)
    components = independent_components(dataset)
    lines = [_heading(dataset, index)]
    if not components:
        return "\n".join([*lines, "  every component is zero"])
    shown = components[:COLUMNS]
    for T in dataset["temperature"].values[:TEMPERATURES]:
        lines += ["", *_block(dataset.isel(mu=index).sel(temperature=T), shown, float(T))]
    lines += ["", *(f"  {c.name} = {' = '.join(c.partners)}" for c in shown if c.partners)]
    return "\n".join([*lines, *_left_out(dataset, components)])


def _heading(dataset: xr.Dataset, index: int) -> str:
    mu = float(dataset["mu"].values[index])
    where = f"mu = {mu:.6g} eV"
    if "mu_relative" in dataset.coords:
        where += f" (E_F {float(dataset['mu_relative'].values[index]):+.4g} eV)"
    unit = dataset["conductivity"].attrs["units"]
    return f"{dataset.attrs['title']}, {unit}, {where}: value +- error [sensitivity to degeneracy]"


def _block(at: xr.Dataset, components: list[Component], T: float) -> list[str]:
    rows = [[f"T = {T:g} K", *(c.name for c in components)]]
    digits = _digits(max(c.size for c in components))
    for definition in at["definition"].values:
        cells = [_cell(at.sel(definition=definition), c, digits) for c in components]
        rows.append([str(definition), *cells])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  " + "  ".join(_pad(x, w, i) for i, (x, w) in enumerate(zip(row, widths, strict=True))) for row in rows]


def _pad(text: str, width: int, column: int) -> str:
    return text.ljust(width) if column == 0 else text.rjust(width)


def _cell(at: xr.Dataset, component: Component, digits: int) -> str:
    where = dict(zip(("current", "field", "spin"), component.labels, strict=True))
    text = _fixed(float(at["conductivity"].sel(where)), digits)
    if "conductivity_error" in at:
        text += f" +- {_fixed(float(at['conductivity_error'].sel(where)), digits)}"
    return f"{text} [{_fixed(float(at['conductivity_sensitivity'].sel(where)), digits)}]"


def _fixed(x: float, digits: int) -> str:
    """``x`` with so many decimals; adding zero turns a rounded -0 into 0."""
    return f"{round(x, digits) + 0.0:.{digits}f}"


def _digits(largest: float) -> int:
    """Decimals that show four digits of the largest number; all share them, so that columns compare."""
    return max(0, 3 - math.floor(math.log10(largest)))


def _left_out(dataset: xr.Dataset, components: list[Component]) -> list[str]:
    out = []
    if len(components) > COLUMNS:
        out.append(f"  {len(components) - COLUMNS} smaller independent components are in the file only")
    if (n := len(dataset["temperature"]) - TEMPERATURES) > 0:
        out.append(f"  {n} more temperature{'s are' if n > 1 else ' is'} in the file")
    return out
