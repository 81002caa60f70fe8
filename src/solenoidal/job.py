"""What a user asks for: the job file and its Python twin, checked before anything is computed.

Every check that needs no model is made here, so that a slip of the pen costs no computing time; those that
need a model (operator, axes, length of the mesh) are in :mod:`solenoidal.calculation`.
"""

import itertools
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar, Literal, NoReturn, TypeVar, get_args

from solenoidal.errors import InputError
from solenoidal.registry import nearest

__all__ = ["FORMS", "METHODS", "PRECISIONS", "Compute", "Job", "MuRange", "Scan", "SpinOrder", "System", "Zone"]

#: Ways to integrate over the zone: sharp levels at the points of the mesh, or spread linearly over its cells.
METHODS = ("plain", "linear", "tetrahedron")
#: Precision of matrix elements and band sums; energies and states are always in double.
PRECISIONS = ("double", "mixed")
#: Forms of Eq. 11 and Eq. 15 (theory notes, section 3): surface form and the one integrated by parts.
FORMS = ("S", "P")
#: Order of the basis in Wannier90 files without ``.spn``: all up then all down, or up and down in turn.
SpinOrder = Literal["blocks", "interlaced"]
#: What the ends of a range of chemical potentials are counted from.
ORIGINS = ("absolute", "fermi")
#: K; the lowest temperature other than 0.
LOWEST_TEMPERATURE = 1e-3
#: Bounds that only a slip of the pen exceeds.
MOST_POINTS = 100_000

Section = TypeVar("Section", "System", "Zone", "Scan", "Compute")


@dataclass(frozen=True)
class MuRange:
    """Evenly spaced chemical potentials.

    Attributes
    ----------
    start, stop
        First and last energy, eV; the keys ``from`` and ``to`` of a job file.
    points
        How many, both ends included.
    relative_to
        ``"absolute"``, or ``"fermi"`` if the ends are counted from the Fermi level.
    """

    start: float
    stop: float
    points: int
    relative_to: str = "absolute"

    KEYS: ClassVar[dict[str, str]] = {
        "from": "start",
        "to": "stop",
        "points": "points",
        "relative_to": "relative_to",
    }

    def __post_init__(self) -> None:
        """Check types and order."""
        key = "[scan] mu"
        _set(self, "start", _number(f"{key}.from", self.start))
        _set(self, "stop", _number(f"{key}.to", self.stop))
        _set(self, "points", _integer(f"{key}.points", self.points, 1, MOST_POINTS))
        _set(self, "relative_to", _choice(f"{key}.relative_to", self.relative_to, ORIGINS))
        if self.stop < self.start:
            _fail(key, f"from = {self.start:g} lies above to = {self.stop:g}, exchange them")
        if (self.points == 1) != (self.start == self.stop):
            _fail(key, "one point needs from = to, and several points need from below to")

    def to_dict(self) -> dict[str, Any]:
        """Return the table of the job file."""
        return {key: getattr(self, name) for key, name in self.KEYS.items()}


@dataclass(frozen=True)
class System:
    """Section ``[system]``: where the crystal comes from and which quantity of it flows.

    Attributes
    ----------
    wannier90, npz, model
        Seed name, operator file, or name of a built-in model: one of them.
    parameters
        Parameters of the built-in model.
    operator
        Name of the internal operator.
    axes
        Components of it, None for all.
    fermi_energy, electrons
        Fermi level in eV, or the number of electrons per cell that it follows from.
    symmetrise
        Whether to impose the symmetry that the model is observed to have, time reversal included where present.
    spin_order
        ``"blocks"`` or ``"interlaced"``: order of the basis, for Wannier90 files without ``.spn``.
    """

    wannier90: str | None = None
    npz: str | None = None
    model: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    operator: str = "spin"
    axes: tuple[str, ...] | None = None
    fermi_energy: float | None = None
    electrons: float | None = None
    symmetrise: bool = False
    spin_order: SpinOrder | None = None

    SOURCES: ClassVar[tuple[str, ...]] = ("wannier90", "npz", "model")

    def __post_init__(self) -> None:
        """Check every key by itself, then those that exclude each other."""
        for name in self.SOURCES:
            _set_unless_none(self, name, _text(f"[system] {name}", getattr(self, name)))
        _set(self, "operator", _required(_text("[system] operator", self.operator), "[system] operator"))
        if self.spin_order is not None:
            _set(self, "spin_order", _choice("[system] spin_order", self.spin_order, get_args(SpinOrder)))
        _set(self, "axes", _words("[system] axes", self.axes))
        if self.fermi_energy is not None:
            _set(self, "fermi_energy", _number("[system] fermi_energy", self.fermi_energy))
        if self.electrons is not None:
            _set(self, "electrons", _number("[system] electrons", self.electrons, low=0.0, open_end=True))
        _set(self, "parameters", _parameters(self.parameters))
        self._check_together()

    def _check_together(self) -> None:
        if len(self.sources) > 1:
            _fail("[system]", f"{' and '.join(self.sources)} exclude each other, keep one")
        if not isinstance(self.symmetrise, bool):
            _fail("[system] symmetrise", f"{_show(self.symmetrise)} is not true or false")
        if self.fermi_energy is not None and self.electrons is not None:
            _fail("[system]", "fermi_energy and electrons exclude each other, keep one")
        if self.parameters and self.model is None:
            _fail("[system] parameters", "only a built-in model has parameters, name it with model")
        if self.spin_order is not None and self.wannier90 is None:
            _fail("[system] spin_order", "only Wannier90 files need it, remove it")

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of the sources given."""
        return tuple(name for name in self.SOURCES if getattr(self, name) is not None)


@dataclass(frozen=True)
class Zone:
    """Section ``[zone]``: the sum over the Brillouin zone.

    Attributes
    ----------
    mesh
        Points per periodic direction; one entry stands for the same number in all of them.  With a tolerance the
        first mesh, which may then be left out.
    offset
        Shift in units of the spacing, likewise; 0 is centred on Gamma.
    second_offset
        Of a second mesh of the same size: numbers are then means of both and errors their differences, instead of
        differences to half the mesh.
    method
        ``"plain"``: the sum over the points with exact Fermi factors; ``"linear"``: every level spread over its mesh
        cell; ``"tetrahedron"``: energies linear in simplices between the points.  None for ``"linear"`` with a
        tolerance and ``"plain"`` without.
    tolerance
        Refine the mesh until every error is below this part of the largest value of its definition and temperature.
    max_points
        k-points that a refined mesh may have.
    memory
        Gigabytes that a run may take.
    precision
        ``"double"``; ``"mixed"``: energies, their differences and states in double, matrix elements and band sums in
        single precision, good to about 1e-5 and faster for many bands.
    cutoff
        1/Angstrom: for models without a zone, the largest |k|; None for infinity, or what the model says.
    symmetry
        Whether to sum over irreducible points only; the model must have its symmetry exactly.
    """

    mesh: tuple[int, ...] | None = None
    offset: tuple[float, ...] = (0.5,)
    second_offset: tuple[float, ...] | None = None
    method: str | None = None
    tolerance: float | None = None
    max_points: int | None = None
    memory: float | None = None
    precision: str = "double"
    cutoff: float | None = None
    symmetry: bool = False

    def __post_init__(self) -> None:
        """Check types and ranges."""
        if self.mesh is not None:
            mesh = [_integer("[zone] mesh", n, 1, MOST_POINTS) for n in _list("[zone] mesh", self.mesh)]
            _set(self, "mesh", tuple(mesh))
        _set(self, "offset", tuple(_number("[zone] offset", x) for x in _list("[zone] offset", self.offset)))
        if self.second_offset is not None:
            key, entries = "[zone] second_offset", self.second_offset
            _set(self, "second_offset", tuple(_number(key, x) for x in _list(key, entries)))
            if self.tolerance is not None:
                _fail(key, "a tolerance has errors of its own, remove one of them")
            if self.method not in (None, "plain"):
                _fail(key, f"meshes of one size share the error of method = {_show(self.method)}, remove one of them")
        for key, entries in (
            ("[zone] mesh", self.mesh or ()),
            ("[zone] offset", self.offset),
            ("[zone] second_offset", self.second_offset or ()),
        ):
            if len(entries) > 3:
                _fail(key, f"{len(entries)} numbers, a crystal has at most 3 periodic directions")
        if self.method is not None:
            _set(self, "method", _choice("[zone] method", self.method, METHODS))
        if self.memory is not None:
            _set(self, "memory", _number("[zone] memory", self.memory, low=0.0, open_end=True))
        _set(self, "precision", _choice("[zone] precision", self.precision, PRECISIONS))
        if not isinstance(self.symmetry, bool):
            _fail("[zone] symmetry", f"{_show(self.symmetry)} is not true or false")
        if self.cutoff is not None:
            _set(self, "cutoff", _number("[zone] cutoff", self.cutoff, low=0.0, open_end=True))
        self._check_tolerance()

    def _check_tolerance(self) -> None:
        if self.tolerance is None:
            if self.mesh is None:
                _fail("[zone]", "mesh is missing, give it or a tolerance")
            if self.max_points is not None:
                _fail("[zone] max_points", "only a tolerance refines the mesh, give one or remove this key")
            return
        number = _number("[zone] tolerance", self.tolerance, low=0.0, open_end=True)
        if number >= 1.0:
            _fail("[zone] tolerance", f"{number:g} is out of range, it must be below 1")
        _set(self, "tolerance", number)
        if self.max_points is not None:
            _set(self, "max_points", _integer("[zone] max_points", self.max_points, 1, 10**12))

    @property
    def integration(self) -> str:
        """Method, with its default filled in."""
        return self.method or ("plain" if self.tolerance is None else "linear")


@dataclass(frozen=True)
class Scan:
    """Section ``[scan]``: the chemical potentials and temperatures.

    Attributes
    ----------
    mu
        A range, or absolute energies in eV, ascending.
    temperature
        K; 0 is exact.
    """

    mu: MuRange | tuple[float, ...]
    temperature: tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        """Check types, signs and order."""
        _set(self, "mu", _mu(self.mu))
        key = "[scan] temperature"
        T = tuple(_number(key, x, low=0.0) for x in _list(key, self.temperature))
        if len(set(T)) < len(T):
            _fail(key, "a temperature is listed twice")
        if any(0.0 < x < LOWEST_TEMPERATURE for x in T):
            _fail(key, f"between 0 and {LOWEST_TEMPERATURE:g} K nothing changes any more, give 0")
        _set(self, "temperature", T)


@dataclass(frozen=True)
class Compute:
    """Section ``[compute]``: which numbers, and how levels are grouped.

    Attributes
    ----------
    responses
        Names of the responses.
    definitions
        Definitions of the current, None for all.
    degeneracy
        eV; levels closer than this form a multiplet.
    form
        Form of Eq. 11 and Eq. 15, ``"S"`` or ``"P"``.
    gamma
        eV; broadening of ``kubo``, None for the closed form without one.
    """

    responses: tuple[str, ...] = ("conductivity",)
    definitions: tuple[str, ...] | None = None
    degeneracy: float = 1e-3
    form: str = "S"
    gamma: float | None = None

    def __post_init__(self) -> None:
        """Check names and signs."""
        from solenoidal import definitions, responses

        for key, valid in (("responses", responses.names()), ("definitions", definitions.names())):
            words = _words(f"[compute] {key}", getattr(self, key))
            _set(self, key, words and tuple(_choice(f"[compute] {key}", w, valid) for w in words))
        _required(self.responses, "[compute] responses")
        from solenoidal.multiplets import RESOLVED
        from solenoidal.quantities import SMALLEST_GAMMA

        degeneracy = _number("[compute] degeneracy", self.degeneracy, low=RESOLVED)
        _set(self, "degeneracy", degeneracy)
        _set(self, "form", _choice("[compute] form", self.form, FORMS))
        if self.gamma is not None:
            _set(self, "gamma", _number("[compute] gamma", self.gamma, low=SMALLEST_GAMMA))


@dataclass(frozen=True, init=False)
class Job:
    """Everything that defines a calculation, in the four sections of a job file.

    Parameters
    ----------
    system, zone, scan, compute
        A section object, or a mapping with the keys of the job file.
    folder
        Folder that relative paths of the job start from.
    origin
        What messages call the job: its file name.

    Raises
    ------
    InputError
        If a key is unknown, missing or has a value that makes no sense; the sentence names it.

    Examples
    --------
    >>> job = Job({"operator": "spin"}, {"mesh": 60}, {"mu": [0.0], "temperature": 300})
    >>> job.zone.mesh
    (60,)
    """

    system: System
    zone: Zone
    scan: Scan
    compute: Compute
    folder: Path = field(compare=False)
    origin: str = field(compare=False)

    def __init__(
        self,
        system: System | Mapping[str, Any],
        zone: Zone | Mapping[str, Any],
        scan: Scan | Mapping[str, Any],
        compute: Compute | Mapping[str, Any] | None = None,
        *,
        folder: Path | str = ".",
        origin: str = "job",
    ) -> None:
        _set(self, "folder", Path(folder))
        _set(self, "origin", origin)
        try:
            _set(self, "system", _section(System, "system", system))
            _set(self, "zone", _section(Zone, "zone", zone))
            _set(self, "scan", _section(Scan, "scan", scan))
            _set(self, "compute", _section(Compute, "compute", {} if compute is None else compute))
        except InputError as error:
            raise InputError(f"{origin}: {error}") from None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, folder: Path | str = ".", origin: str = "job") -> "Job":
        """Read a job from nested mappings with the sections and keys of the job file.

        Raises
        ------
        InputError
            As the class does, and if a section is unknown or missing.
        """
        sections = {f"[{name}]" for name in SECTIONS}
        if not isinstance(data, Mapping):
            raise InputError(f"{origin}: a job is a table with the sections {', '.join(sorted(sections))}.")
        for key in data:
            if key not in SECTIONS:
                hint = nearest(f"[{_show(key, quoted=False)}]", sections)
                raise InputError(f"{origin}: unknown section [{_show(key, quoted=False)}]: {hint}.")
        for name in ("system", "zone", "scan"):
            if name not in data:
                raise InputError(f"{origin}: the section [{name}] is missing, add it.")
        return cls(**data, folder=folder, origin=origin)

    @classmethod
    def from_toml(cls, path: Path | str) -> "Job":
        """Read a job file; relative paths in it start from its folder.

        Raises
        ------
        InputError
            As :meth:`from_dict` does, and if the file is absent, is not TOML (the sentence gives the line)
            or names no crystal.
        """
        path = Path(path)
        job = cls.from_dict(_read_toml(path), folder=path.parent, origin=str(path))
        job.require_source()
        return job

    def with_tolerance(self, tolerance: float) -> "Job":
        """Return the same job with another tolerance.

        Raises
        ------
        InputError
            If it is not between 0 and 1.
        """
        try:
            zone = replace(self.zone, tolerance=tolerance)
        except InputError as error:
            raise InputError(f"{self.origin}: {error}") from None
        return Job(self.system, zone, self.scan, self.compute, folder=self.folder, origin=self.origin)

    def require_source(self) -> str:
        """Return the key of the source of the crystal.

        Raises
        ------
        InputError
            If the job names none.
        """
        if not self.system.sources:
            raise InputError(f"{self.origin}: [system] names no crystal, give wannier90, npz or model.")
        return self.system.sources[0]

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return nested mappings that :meth:`from_dict` reads back to an equal job, without absent keys."""
        out: dict[str, dict[str, Any]] = {}
        for name in SECTIONS:
            section = getattr(self, name)
            values = {f.name: getattr(section, f.name) for f in fields(section)}
            out[name] = {key: _plain(x) for key, x in values.items() if x is not None and x != {}}
        return out

    def resolve(self, path: str) -> Path:
        """Return ``path`` of the job as seen from the current folder."""
        return self.folder / path


SECTIONS = ("system", "zone", "scan", "compute")


def _set(target: object, name: str, value: object) -> None:
    """Store a checked value: the sections are frozen for everyone else."""
    object.__setattr__(target, name, value)


def _set_unless_none(target: object, name: str, value: object) -> None:
    if value is not None:
        _set(target, name, value)


def _fail(key: str, problem: str) -> NoReturn:
    raise InputError(f"{key}: {problem}.")


def _show(value: object, *, quoted: bool = True) -> str:
    """One short line for a value, whatever it is."""
    text = repr(value) if quoted or not isinstance(value, str) else repr(value)[1:-1]
    return text if len(text) <= 60 else text[:57] + "..."


def _plain(value: object) -> object:
    """Value of a job as TOML and JSON have it."""
    if isinstance(value, MuRange):
        return value.to_dict()
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def _number(key: str, value: object, *, low: float | None = None, open_end: bool = False) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        _fail(key, f"{_show(value)} is not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        _fail(key, f"{_show(value)} is not a finite number")
    if low is not None and (number < low or (open_end and number == low)):
        _fail(key, f"{number:g} is out of range, it must be {'above' if open_end else 'at least'} {low:g}")
    return number


def _integer(key: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral):
        _fail(key, f"{_show(value)} is not a whole number")
    number = int(value)
    if not low <= number <= high:
        _fail(key, f"{_show(number)} is out of range, it must be between {low} and {high}")
    return number


def _text(key: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        _fail(key, f"{_show(value)} is not a name")
    if "\0" in value:
        _fail(key, f"{_show(value)} holds a null character")
    return value


Value = TypeVar("Value")


def _required(value: Value | None, key: str) -> Value:
    if value is None:
        _fail(key, "a value is missing")
    return value


def _choice(key: str, value: object, valid: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in valid:
        _fail(key, f"unknown value {_show(value)}: {nearest(str(value)[:60], valid)}")
    return value


def _list(key: str, value: object) -> list[object]:
    """Entries of a list, an array or a lone value; at least one."""
    if not isinstance(value, str) and hasattr(value, "tolist"):
        value = value.tolist()
    entries = list(value) if isinstance(value, (list, tuple)) else [value]
    if not entries:
        _fail(key, "the list is empty, give at least one entry")
    return entries


def _words(key: str, value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    words = tuple(_required(_text(key, x), key) for x in _list(key, value))
    if len(set(words)) < len(words):
        _fail(key, "an entry is listed twice")
    return words


def _parameters(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        _fail("[system] parameters", f"{_show(value)} is not a table of names and values")
    return {key: x.item() if hasattr(x, "item") else x for key, x in value.items()}


def _mu(value: object) -> MuRange | tuple[float, ...]:
    key = "[scan] mu"
    if isinstance(value, MuRange):
        return value
    if isinstance(value, Mapping):
        _check_keys(key, value, MuRange.KEYS)
        for name in ("from", "to", "points"):
            if name not in value:
                _fail(key, f"{name} is missing, as in {{ from = -2.0, to = 2.0, points = 401 }}")
        return MuRange(**{MuRange.KEYS[k]: v for k, v in value.items()})
    energies = tuple(_number(key, x) for x in _list(key, value))
    if len(energies) > MOST_POINTS:
        _fail(key, f"{len(energies)} energies, at most {MOST_POINTS} are possible")
    if any(b <= a for a, b in itertools.pairwise(energies)):
        _fail(key, "the energies must be ascending and distinct, sort them")
    return energies


def _check_keys(where: str, given: Mapping[Any, Any], valid: Mapping[str, Any] | Sequence[str]) -> None:
    for key in given:
        if not isinstance(key, str) or key not in valid:
            name = _show(key, quoted=False)
            _fail(where, f"unknown key '{name}': {nearest(name, valid)}")


def _section(cls: type[Section], name: str, data: Section | Mapping[str, Any]) -> Section:
    if isinstance(data, cls):
        return data
    if not isinstance(data, Mapping):
        _fail(f"[{name}]", f"{_show(data)} is not a section, write its keys below [{name}]")
    _check_keys(f"[{name}]", data, [f.name for f in fields(cls)])
    for key in {"scan": ("mu",)}.get(name, ()):
        if key not in data:
            _fail(f"[{name}]", f"{key} is missing, give it")
    for key, value in data.items():
        # None stands for "absent" in the sections, a file cannot say it and a mapping should not
        if value is None:
            _fail(f"[{name}] {key}", "None is not a value, leave the key out")
    return cls(**data)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such job file.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text file in UTF-8 (byte {error.start}), a job is a TOML file.") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not valid TOML, {str(error).rstrip('.')}.") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from None
