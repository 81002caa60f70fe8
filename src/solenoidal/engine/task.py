"""What the engine is asked and what it answers, in internal units."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solenoidal.responses import Choice
from solenoidal.symmetry.operations import Operation

if TYPE_CHECKING:
    from solenoidal.symmetry import Operation

__all__ = ["MOST", "Outcome", "Task"]

Real = NDArray[np.float64]


#: k-points that a refined mesh may have unless the user says otherwise.
MOST = 20_000_000


@dataclass(frozen=True)
class Task:
    """What is to be computed, in internal units.

    Attributes
    ----------
    mesh, offset
        One number per periodic direction.
    mu, kT
        eV; mu absolute and ascending; kT = 0 allowed.
    operator, axes
        Name of the operator in the model, its components (None: all).
    definitions
        Names from :mod:`solenoidal.definitions`.
    degeneracy
        eV: levels closer than this form a multiplet.
    form
        ``"S"`` or ``"P"``, for the definitions that have both.
    gamma
        eV: the Kubo formula with this rate, form (K gamma); None for form (K).
    second_offset
        Of a second mesh with as many points: values are means of both, errors differences.  None for one mesh.
    error
        Without a second mesh, also run one with half as many points per direction and give the difference.
    workers
        Threads; None for all cores.
    responses
        Names from :mod:`solenoidal.responses`.
    method
        ``"plain"``: sharp levels; ``"linear"``: every level spread over its mesh cell; ``"tetrahedron"``: energies
        linear in simplices between the points, see :mod:`solenoidal.tetrahedra`.
    tolerance
        Refine the mesh until every error is below this part of the largest value of its response, definition and
        temperature; None for the mesh as it is.
    most
        k-points that a refined mesh may have.
    operations
        Symmetry operations that the model has to rounding: only irreducible points are computed.  Empty for all points.
    memory
        Bytes that the run may take, None for as much as its workers need.
    device
        Name of the device that the crew computes on: results of two devices differ by rounding.
    precision
        ``"double"``, or ``"mixed"``: energies and states in double, their matrix elements and band sums in single.
    """

    mesh: tuple[int, ...]
    offset: tuple[float, ...]
    mu: Real
    kT: Real
    operator: str = "spin"
    axes: tuple[str, ...] | None = None
    definitions: tuple[str, ...] = ("conventional", "eq11", "eq15", "kubo")
    degeneracy: float = 1e-3
    form: str = "S"
    gamma: float | None = None
    error: bool = True
    workers: int | None = None
    responses: tuple[str, ...] = ("conductivity",)
    method: str = "plain"
    tolerance: float | None = None
    most: int = MOST
    operations: tuple[Operation, ...] = ()
    memory: float | None = None
    device: str = "cpu"
    precision: str = "double"
    second_offset: tuple[float, ...] | None = None

    @property
    def choice(self) -> Choice:
        """What responses may depend on."""
        return Choice(self.definitions, self.form, self.gamma)


@dataclass(frozen=True)
class Outcome:
    """Zone integrals ``X`` and what is known about their quality.

    Attributes
    ----------
    values
        By response, ``(label, T, mu, ...)``; the conductivity ``(definition, T, mu, current, field, component)`` in
        Angstrom^(2 - D).
    errors
        The same: absolute difference to the halved mesh or between two offsets, or estimated from growing meshes; empty
        if not asked for.
    shifts
        The same: change when ``degeneracy`` is divided by three.
    carriers
        ``(T, mu)`` electrons per cell.
    k_points
        Points of the mesh.
    bands
        Lowest and highest energy met, eV.
    residuals, warnings
        Numbers that should be small; sentences about those that are not.
    floors
        By response: magnitudes below this are rounding.
    limits
        By response and definition that takes a limit itself (``finite_q``): error of that limit, ``(T, mu, ...)``.
    mesh
        The mesh of the values: that of the task, or the finest one that a tolerance needed.
    """

    values: dict[str, Real]
    errors: dict[str, Real]
    shifts: dict[str, Real]
    carriers: Real
    k_points: int
    bands: tuple[float, float]
    residuals: dict[str, float]
    warnings: tuple[str, ...]
    floors: dict[str, float] = field(default_factory=dict)
    limits: dict[str, dict[str, Real]] = field(default_factory=dict)
    mesh: tuple[int, ...] = ()

    @property
    def conductivity(self) -> Real:
        """Values of the conductivity."""
        return self.values["conductivity"]

    @property
    def error(self) -> Real | None:
        """Errors of the conductivity, or None."""
        return self.errors.get("conductivity")

    @property
    def sensitivity(self) -> Real:
        """Shifts of the conductivity."""
        return self.shifts["conductivity"]
