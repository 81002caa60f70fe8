"""Labelled results with units and provenance, built from zone integrals, saved as netCDF 4 and read back."""

import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from solenoidal import definitions, responses
from solenoidal._version import __version__
from solenoidal.continuum import ContinuumModel
from solenoidal.engine import Outcome, Task
from solenoidal.errors import InputError
from solenoidal.files import replace_file
from solenoidal.job import Job
from solenoidal.model import BlochModel, Operator
from solenoidal.responses import Response
from solenoidal.units import KB

__all__ = ["build", "check_output", "load", "replace_file", "save", "state_folder"]

DIRECTIONS = ("x", "y", "z")
#: Cartesian dimensions and what they mean.
_AXES = {
    "current": "direction of the current",
    "field": "direction of the electric field or of the temperature gradient",
    "position": "direction of the position",
    "axis": "component of the axial vector",
}
DIMS = ("definition", "temperature", "mu", "current", "field", "spin")

#: What a result contains, by the sign of the operator under time reversal.
PARITY = {
    -1: "intrinsic part: even under time reversal, because the operator is odd",
    +1: "intrinsic part: odd under time reversal, because the operator is even",
    None: "intrinsic part; the sign of the operator under time reversal is not known",
}


def build(
    model: BlochModel | ContinuumModel,
    job: Job,
    task: Task,
    outcome: Outcome,
    fermi_energy: float | None = None,
    warnings: tuple[str, ...] = (),
) -> xr.Dataset:
    """Label what the engine computed and turn it into the units users read.

    Parameters
    ----------
    model, job, task, outcome
        What was asked, in the terms of the user and of the engine, and what came out.
    fermi_energy
        eV, or None if it is not known.
    warnings
        Sentences to keep in the result, besides those of ``outcome``.

    Returns
    -------
    xarray.Dataset
        ``conductivity(definition, temperature, mu, current, field, spin)`` with the counterparts ``_error``
        (difference to half the mesh) and ``_sensitivity`` (degeneracy energy / 3 minus degeneracy energy),
        and ``carriers(temperature, mu)``.  Units and signs: :mod:`solenoidal.units`.
    """
    operator = model.operator(task.operator)
    unbounded = isinstance(model, ContinuumModel)
    variables: dict[str, Any] = {}
    for name in task.responses:
        variables |= _variables(model, operator, task, outcome, name)
    variables["carriers"] = (DIMS[1:3], outcome.carriers, _density(model) if unbounded else _CARRIERS)
    return xr.Dataset(
        variables,
        coords=_coordinates(model, operator, task, fermi_energy),
        attrs=_provenance(model, job, task, outcome, fermi_energy, (*outcome.warnings, *warnings)),
    )


#: What an error bar is: for a mesh, for a tolerance, and for a model without a zone.
_ERRORS = {
    "mesh": "error bar: absolute difference to half the mesh in every direction",
    "offsets": "error bar: absolute difference between two meshes that are shifted against each other",
    "tolerance": "error bar: estimated from the last changes of a growing mesh",
    "rays": "error bar: change with the last doubling of directions of k, of the rule along rays, and of the cutoff",
}
_CARRIERS = {
    "long_name": "electrons per cell",
    "units": "1",
    "convention": "number of occupied states per primitive cell on the mesh of the calculation",
}


def _kind(model: BlochModel | ContinuumModel, task: Task) -> str:
    """Key of what an error bar is."""
    if isinstance(model, ContinuumModel):
        return "rays"
    if task.second_offset is not None:
        return "offsets"
    return "mesh" if task.tolerance is None else "tolerance"


def _variables(
    model: BlochModel | ContinuumModel, operator: Operator, task: Task, outcome: Outcome, name: str
) -> dict[str, Any]:
    """Values, errors and sensitivities of one response."""
    response = responses.get(name)
    factor = response.factor(model.dimension, operator.flow, model.volume)
    dims = (response.label, *DIMS[1:3], *response.dims) if response.label else (*DIMS[1:3], *response.dims)
    floor = abs(factor) * outcome.floors.get(name, 0.0)
    common = {
        "rounding": floor,
        "units": _unit(model, operator, response),
        "convention": _convention(operator, response),
    }

    def entry(x: Any, long_name: str) -> tuple[tuple[str, ...], Any, dict[str, Any]]:
        return dims, x if response.label else x[0], {"long_name": long_name, **common}

    out = {
        response.variable: entry(factor * outcome.values[name], f"{task.operator} {response.title}"),
        f"{response.variable}_sensitivity": entry(
            factor * outcome.shifts[name], "change when the degeneracy energy is divided by three"
        ),
    }
    if name in outcome.errors:
        out[f"{response.variable}_error"] = entry(abs(factor) * outcome.errors[name], _ERRORS[_kind(model, task)])
    for definition, error in outcome.limits.get(name, {}).items():
        long_name = f"{definition}: difference to the next lower order of its extrapolation"
        attributes = {"long_name": long_name, **common}
        out[f"{response.variable}_{definition}_error"] = (dims[1:], abs(factor) * error, attributes)
    return out


def _density(model: BlochModel | ContinuumModel) -> dict[str, str]:
    unit = f"1/Angstrom^{model.dimension}" if model.dimension > 1 else "1/Angstrom"
    convention = "electrons, less those of the bands that are filled at every large k"
    return {"long_name": "density of electrons", "units": unit, "convention": convention}


def _unit(model: BlochModel | ContinuumModel, operator: Operator, response: Response) -> str:
    """Unit of a response; those of :mod:`solenoidal.units` are for a flow measured in hbar."""
    unit = response.unit(model.dimension, operator.flow)
    if isinstance(model, ContinuumModel):
        unit = unit.replace("per cell", f"per Angstrom^{model.dimension}")
    if operator.flow == "charge" or operator.unit == "hbar":
        return unit
    # e/(2 pi) for s in hbar is e/h times the unit of s.
    for known, general in (("e/(2 pi)", f"{operator.unit} e/h"), ("k_B/(2 pi)", f"{operator.unit} k_B/h")):
        if unit.startswith(known):
            return unit.replace(known, general)
    return unit.replace("hbar", operator.unit) if "hbar" in unit else f"{operator.unit} {unit}/hbar"


def _convention(operator: Operator, response: Response) -> str:
    if operator.flow == "charge":
        return f"{response.convention}; signed charge, as postw90 and WannierBerri print it"
    return (
        f"{response.convention}; for the flow of s in units of {operator.unit} (spin = sigma/2), with the sign of "
        "postw90 and WannierBerri: electrons of charge -|e|, quoted in hbar/|e|"
    )


def _coordinates(
    model: BlochModel | ContinuumModel, operator: Operator, task: Task, fermi_energy: float | None
) -> dict[str, Any]:
    directions = list(DIRECTIONS[: model.dimension])
    mu = np.asarray(task.mu, dtype=np.float64)
    out: dict[str, Any] = {
        "temperature": ("temperature", _kelvin(task.kT), {"units": "K", "long_name": "temperature"}),
        "mu": ("mu", mu, {"units": "eV", "long_name": "chemical potential"}),
        "spin": (
            "spin",
            _components(operator, task),
            {"long_name": f"component of the operator '{task.operator}'"},
        ),
    }
    for name in task.responses:
        response = responses.get(name)
        if response.label:
            out[response.label] = list(response.terms(task.choice))
        for dim in set(response.dims) & set(_AXES):
            axes = directions if dim != "axis" else {1: [], 2: ["z"], 3: directions}[model.dimension]
            out[dim] = (dim, axes, {"long_name": _AXES[dim]})
    if fermi_energy is not None:
        label = {"units": "eV", "long_name": "chemical potential from the Fermi level"}
        # The difference undoes an addition: rounding keeps the round numbers of a job round.
        out["mu_relative"] = ("mu", np.round(mu - fermi_energy, 9), label)
    return out


def _kelvin(kT: NDArray[np.float64]) -> NDArray[np.float64]:
    """Temperatures as a user wrote them: kT went through a multiplication and back."""
    return np.round(np.asarray(kT, dtype=np.float64) / KB, 9)


def _components(operator: Operator, task: Task) -> list[str]:
    """Names of the components; a lone unnamed one is called after the operator."""
    names = task.axes or operator.components
    return [task.operator if name == "1" else name for name in names]


def _provenance(
    model: BlochModel | ContinuumModel,
    job: Job,
    task: Task,
    outcome: Outcome,
    fermi_energy: float | None,
    warnings: tuple[str, ...],
) -> dict[str, Any]:
    operator = model.operator(task.operator)
    texts = [definitions.get(name) for name in task.definitions]
    out = {
        "title": f"{task.operator} {', '.join(responses.get(name).title for name in task.responses)} of {model.name}",
        "source": model.source,
        "solenoidal_version": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "job": json.dumps(job.to_dict(), default=str),
        "operator": task.operator,
        "operator_unit": operator.unit,
        "time_reversal": PARITY[operator.time_reversal],
        "dimension": model.dimension,
        "mesh": json.dumps(outcome.mesh or task.mesh),
        "method": task.method,
        "device": task.device,
        "precision": task.precision,
        "offset": json.dumps(task.offset),
        "k_points": outcome.k_points,
        "degeneracy": task.degeneracy,
        "form": task.form,
        "band_minimum": outcome.bands[0],
        "band_maximum": outcome.bands[1],
        "residuals": json.dumps(outcome.residuals),
        "titles": json.dumps({d.name: d.title for d in texts}),
        "references": json.dumps({d.name: d.reference for d in texts}),
        "notes": json.dumps(model.notes),
        "warnings": json.dumps(warnings),
    }
    if isinstance(model, BlochModel):
        out["cell_volume"] = model.volume
    optional = {"fermi_energy": fermi_energy, "gamma": task.gamma, "tolerance": task.tolerance}
    if task.second_offset is not None:
        out["second_offset"] = json.dumps(task.second_offset)
    return out | {key: value for key, value in optional.items() if value is not None}


def check_output(path: Path | str) -> None:
    """Refuse a place that no file can be written to, before any time is spent on computing it.

    Raises
    ------
    InputError
        If the folder does not exist or is not writable, or ``path`` is itself a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: this is a folder, give the name of a file in it.")
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist, create it.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(f"{path}: the folder {path.parent} is not writable, choose another with -o.")


def state_folder(path: Path | str) -> Path:
    """Where the run that will write ``path`` keeps its state."""
    path = Path(path)
    return path.with_name(f"{path.name}.resume")


def save(dataset: xr.Dataset, path: Path | str) -> Path:
    """Write a result as netCDF 4, all or nothing.

    The file is written beside its place and moved there at the end, so that an earlier result survives a full
    disk, a missing permission or an interrupt.

    Parameters
    ----------
    dataset
        As :func:`build` returns it.
    path
        File to write.

    Returns
    -------
    pathlib.Path
        ``path``.

    Raises
    ------
    InputError
        As :func:`check_output` does.
    OSError
        If writing fails.
    """
    path = Path(path)
    check_output(path)
    # HDF5 crashes the interpreter at its end if a write failed for lack of space: it writes to memory only.
    content = io.BytesIO()
    dataset.to_netcdf(content, engine="h5netcdf", format="NETCDF4")
    replace_file(path, content.getbuffer())
    return path


def load(path: Path | str) -> xr.Dataset:
    """Read a result that :func:`save` wrote, completely into memory.

    Raises
    ------
    InputError
        If the file is absent, is not netCDF 4, or does not hold a result of this package.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such result file.")
    try:
        dataset = xr.load_dataset(path, engine="h5netcdf")
    except (OSError, ValueError, KeyError, RuntimeError):
        raise InputError(
            f"{path}: not a netCDF 4 file, or a damaged one; a result of 'solenoidal run' is needed."
        ) from None
    if "solenoidal_version" not in dataset.attrs or "carriers" not in dataset:
        raise InputError(f"{path}: this netCDF file is not a result of solenoidal.")
    return dataset
