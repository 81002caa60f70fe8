"""The numbers of a result that fit on a screen: entries of a response down, independent components across."""

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.registry import nearest

__all__ = [
    "Component",
    "Layout",
    "energy_index",
    "independent_components",
    "layout",
    "short_name",
    "summary",
    "variables",
]

Real = NDArray[np.float64]

#: Components below this part of the largest are zero for the eye.
NEGLIGIBLE = 1e-3
#: Below this part of the largest of the whole scan there is only rounding.
ROUNDING = 1e-13
#: At most this many columns and temperatures are printed.
COLUMNS, TEMPERATURES = 4, 3
#: Components above this part of the largest share the first rank.
LEADING = 0.8
#: Numbers outside these powers of ten are printed with a common factor.
PLAIN = (-3, 6)
#: What the cells of a table hold.
MEANING = "value +- error [sensitivity to degeneracy]"
#: Ends of the names of variables that go with another one.
COUNTERPARTS = ("_error", "_sensitivity")


@dataclass(frozen=True)
class Layout:
    """How a variable of a result is laid out: ``(label, temperature, mu, *components)``.

    Attributes
    ----------
    variable
        Name of the variable.
    label
        Dimension of its entries, such as ``"definition"`` or ``"part"``; None if there is one entry only.
    components
        Dimensions of a component, such as ``("current", "field", "spin")``.
    """

    variable: str
    label: str | None
    components: tuple[str, ...]


@dataclass(frozen=True)
class Component:
    """A component and those equal to it up to sign.

    Attributes
    ----------
    labels
        One per component dimension: current, field, spin for a conductivity.
    name
        Short name, such as ``"xyz"``.
    size
        Largest magnitude over entries and temperatures.
    partners
        Short names of the others with the same magnitude, a minus in front of opposite ones.
    """

    labels: tuple[str, ...]
    name: str
    size: float
    partners: tuple[str, ...]


def variables(dataset: xr.Dataset) -> tuple[str, ...]:
    """Return the names of the responses in a result: the conductivity first, then as in the file."""
    names = [str(name) for name, x in dataset.data_vars.items() if {"temperature", "mu", "spin"} <= set(x.dims)]
    return tuple(sorted((n for n in names if not n.endswith(COUNTERPARTS)), key=lambda n: n != "conductivity"))


def layout(dataset: xr.Dataset, variable: str | None = None) -> Layout:
    """Return the layout of a response.

    Parameters
    ----------
    dataset
        Result of :func:`solenoidal.compute` or :func:`solenoidal.load`.
    variable
        One of :func:`variables`; None for the first of them.

    Raises
    ------
    InputError
        If the result has no such response, or none at all.
    """
    known = variables(dataset)
    if not known:
        raise InputError("this result holds no response, name some in [compute] responses of the job.")
    name = known[0] if variable is None else variable
    if name not in known:
        raise InputError(f"variable '{name}' is not in this result: {nearest(name, known)}.")
    dims = [str(dim) for dim in dataset[name].dims]
    label = next(iter(dims[: dims.index("temperature")]), None)
    return Layout(name, label, tuple(dim for dim in dims if dim not in (label, "temperature", "mu")))


def short_name(dataset: xr.Dataset, labels: tuple[str, ...]) -> str:
    """Return the short name of a component, such as ``"xyz"``: its labels one after the other.

    The last one is left out where the operator has one component only that is called after it.
    """
    return "".join(labels if labels[-1] != dataset.attrs["operator"] else labels[:-1])


def energy_index(dataset: xr.Dataset) -> int:
    """Index of the chemical potential nearest to the Fermi level, or of the middle if that is unknown.

    A Fermi level outside the scan counts as unknown.
    """
    mu = dataset["mu"].values
    fermi = dataset.attrs.get("fermi_energy")
    if fermi is None or not mu[0] - 1e-9 <= fermi <= mu[-1] + 1e-9:
        return len(mu) // 2
    return int(abs(mu - fermi).argmin())


def independent_components(dataset: xr.Dataset, variable: str | None = None) -> list[Component]:
    """Components that matter at the energy of :func:`energy_index`, the leading one first.

    Those smaller than ``NEGLIGIBLE`` times the largest are left out; those equal up to sign for every
    entry and temperature, to the same part of the largest, appear once, under the first name in
    alphabetical order.  The leading ones, within ``LEADING`` of the largest, come in alphabetical order, so
    that symmetric crystals show the customary ``xyz`` first; the others follow by size.

    Parameters
    ----------
    dataset, variable
        As in :func:`layout`.

    Raises
    ------
    InputError
        As :func:`layout` does.
    """
    form = layout(dataset, variable)
    columns = _columns(dataset.isel(mu=energy_index(dataset)), form)
    largest = max((abs(x).max() for _, x in columns), default=0.0)
    overall = float(abs(dataset[form.variable].values).max(initial=0.0))
    rounding = max(ROUNDING * overall, dataset[form.variable].attrs.get("rounding", 0.0))
    out: list[tuple[Component, Real]] = []
    for labels, x in columns:
        if largest <= rounding or abs(x).max() <= NEGLIGIBLE * largest:
            continue
        name = short_name(dataset, labels)
        for i, (known, y) in enumerate(out):
            sign = _relative_sign(x, y, NEGLIGIBLE * largest)
            if sign:
                partner = name if sign > 0 else "-" + name
                out[i] = (Component(known.labels, known.name, known.size, (*known.partners, partner)), y)
                break
        else:
            out.append((Component(labels, name, float(abs(x).max()), ()), x))
    return sorted((c for c, _ in out), key=lambda c: (-min(c.size, LEADING * largest), c.name))


def _columns(at: xr.Dataset, form: Layout) -> list[tuple[tuple[str, ...], Real]]:
    """Every component with its labels, flattened over entries and temperatures, in alphabetical order."""
    names = [[str(x) for x in at[dim].values] for dim in form.components]
    data = at[form.variable].transpose(*form.components, ...).values
    return [
        (tuple(axis[i] for axis, i in zip(names, index, strict=True)), data[index].ravel())
        for index in np.ndindex(*map(len, names))
    ]


def _relative_sign(x: Real, y: Real, tolerance: float) -> int:
    if abs(x - y).max() <= tolerance:
        return 1
    return -1 if abs(x + y).max() <= tolerance else 0


def summary(dataset: xr.Dataset) -> str:
    """Return a table of every response at the Fermi level, else in the middle of the scan.

    Every number comes with the error bar of the mesh and, in brackets, its change when the degeneracy energy
    is divided by three.

    Raises
    ------
    InputError
        If the result holds no response.
    """
    names = variables(dataset) or (layout(dataset).variable,)
    forms = [layout(dataset, name) for name in names]
    if len(forms) == 1:
        return _table(dataset, forms[0], "{title}, {unit}, {where}: " + MEANING)
    tables = [_table(dataset, form, "{quantity}, {unit}") for form in forms]
    return "\n\n".join([f"{dataset.attrs['title']}, {_where(dataset)}: {MEANING}", *tables])


def _where(dataset: xr.Dataset) -> str:
    index = energy_index(dataset)
    where = f"mu = {float(dataset['mu'].values[index]):.6g} eV"
    if "mu_relative" in dataset.coords:
        where += f" (E_F {float(dataset['mu_relative'].values[index]):+.4g} eV)"
    return where


def _table(dataset: xr.Dataset, form: Layout, heading: str) -> str:
    """One response: heading, a block per temperature, what equals what, what is left out."""
    components = independent_components(dataset, form.variable)
    power = _power(max((c.size for c in components), default=0.0))
    attrs = dataset[form.variable].attrs
    unit = attrs["units"] if power == 0 else f"10^{power} {attrs['units']}"
    quantity = attrs.get("long_name", form.variable)
    lines = [heading.format(title=dataset.attrs["title"], quantity=quantity, unit=unit, where=_where(dataset))]
    if not components:
        return "\n".join([*lines, "  every component is zero"])
    shown, at = components[:COLUMNS], dataset.isel(mu=energy_index(dataset))
    for T in dataset["temperature"].values[:TEMPERATURES]:
        lines += ["", *_block(at.sel(temperature=T), form, shown, float(T), power)]
    lines += ["", *(f"  {c.name} = {' = '.join(c.partners)}" for c in shown if c.partners)]
    return "\n".join([*lines, *_left_out(dataset, components)]).rstrip("\n")


def _block(at: xr.Dataset, form: Layout, components: list[Component], T: float, power: int) -> list[str]:
    rows = [[f"T = {T:g} K", *(c.name for c in components)]]
    digits = _digits(max(c.size for c in components) / 10.0**power)
    for entry in at[form.label].values if form.label else [None]:
        part = at if entry is None else at.sel({form.label: entry})
        name = form.variable if entry is None else str(entry)
        rows.append([name, *(_cell(part, form, c, digits, power) for c in components)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  " + "  ".join(_pad(x, w, i) for i, (x, w) in enumerate(zip(row, widths, strict=True))) for row in rows]


def _pad(text: str, width: int, column: int) -> str:
    return text.ljust(width) if column == 0 else text.rjust(width)


def _cell(at: xr.Dataset, form: Layout, component: Component, digits: int, power: int) -> str:
    where = dict(zip(form.components, component.labels, strict=True))

    def number(suffix: str) -> str:
        return _fixed(float(at[form.variable + suffix].sel(where)) / 10.0**power, digits)

    text = number("")
    if f"{form.variable}_error" in at:
        text += f" +- {number('_error')}"
    return f"{text} [{number('_sensitivity')}]"


def _fixed(x: float, digits: int) -> str:
    """``x`` with so many decimals; adding zero turns a rounded -0 into 0."""
    return f"{round(x, digits) + 0.0:.{digits}f}"


def _power(largest: float) -> int:
    """Power of ten, a multiple of three, that is taken out of a table of very large or very small numbers."""
    low, high = PLAIN
    if largest == 0.0 or 10.0**low <= largest < 10.0**high:
        return 0
    return 3 * math.floor(math.log10(largest) / 3)


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
