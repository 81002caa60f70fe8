"""Conserved currents of nonconserved quantities: every definition of the spin conductivity, side by side.

Nothing heavy is imported before it is used, so that a command line starts at once.
"""

import importlib
from typing import TYPE_CHECKING

from solenoidal._version import __version__

if TYPE_CHECKING:
    from solenoidal import models
    from solenoidal.calculation import compute, load_model
    from solenoidal.errors import InputError
    from solenoidal.figures import plot_bands, plot_conductivity, plot_convergence, plot_plane, plot_response, plot_surface
    from solenoidal.inspection import inspect
    from solenoidal.job import Job
    from solenoidal.model import BlochModel, Operator
    from solenoidal.readers import read_npz, read_wannier90
    from solenoidal.results import load, save
    from solenoidal.surfaces import write_frmsf

__all__ = [
    "BlochModel",
    "InputError",
    "Job",
    "Operator",
    "__version__",
    "compute",
    "inspect",
    "load",
    "load_model",
    "models",
    "plot_bands",
    "plot_conductivity",
    "plot_convergence",
    "plot_plane",
    "plot_response",
    "plot_surface",
    "read_npz",
    "read_wannier90",
    "save",
    "write_frmsf",
]

#: Module that defines each public name.  No function is called like a module: importing that would hide it.
_HOMES = {
    "BlochModel": "model",
    "InputError": "errors",
    "Job": "job",
    "Operator": "model",
    "compute": "calculation",
    "inspect": "inspection",
    "load": "results",
    "load_model": "calculation",
    "models": "models",
    "plot_bands": "figures",
    "plot_conductivity": "figures",
    "plot_convergence": "figures",
    "plot_plane": "figures",
    "plot_response": "figures",
    "plot_surface": "figures",
    "read_npz": "readers",
    "read_wannier90": "readers",
    "save": "results",
    "write_frmsf": "surfaces",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'solenoidal' has no attribute '{name}'")
    module = importlib.import_module(f"solenoidal.{_HOMES[name]}")
    value: object = module if name == _HOMES[name] else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
