"""The sub-command ``solenoidal plot``: its options, which of them fit what is drawn, and the call that draws it.

Nothing that takes long to import is imported before it is needed.
"""

import argparse
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solenoidal.errors import InputError
from solenoidal.events import Listener

if TYPE_CHECKING:
    from solenoidal.job import Job
    from solenoidal.model import BlochModel

__all__ = ["add_options", "draw"]

#: What can be drawn of a job, with the end of the name of its file.
KINDS = {"bands": "-bands.png", "plane": "-plane.png", "surface": "-surface.html"}
#: Options that do not go with every figure, and those that they go with; ``result`` is a figure of OUT.nc.
FITTING = {
    "variable": ("result",),
    "quantity": ("bands", "plane", "surface"),
    "mu": ("bands", "plane", "surface"),
    "limit": ("bands", "plane", "surface"),
    "logarithmic": ("bands", "plane"),
    "path": ("bands",),
    "window": ("bands",),
    "normal": ("plane",),
    "centre": ("plane",),
    "band": ("plane",),
    "mesh": ("surface",),
}
#: Most k-points per direction that a Fermi surface takes from the mesh of a job.
DENSEST = 60
GAMMA = ("g", "gamma", "γ")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``plot`` to its parser."""
    parser.description = "Draw a result, or bands, a plane of the zone or the Fermi surface of the crystal of a job."
    parser.add_argument("source", metavar="OUT.nc|JOB.toml", type=Path, help="result of 'solenoidal run', or job file")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FIG",
        type=Path,
        help=".png, .pdf or .svg; for --surface .html or .frmsf",
    )
    parser.add_argument(
        "--component", metavar="XYZ", help="labels, such as current, field, spin; default: the leading one"
    )
    result = parser.add_argument_group("result")
    result.add_argument("--variable", metavar="NAME", help="response; default: conductivity, else the first one")
    kinds = parser.add_argument_group("job (one of the first three)")
    one = kinds.add_mutually_exclusive_group()
    one.add_argument("--bands", action="store_true", help="bands along a path")
    one.add_argument("--plane", action="store_true", help="sum over the filled levels on a plane, with Fermi lines")
    one.add_argument("--surface", action="store_true", help="Fermi surface: interactive page or file for FermiSurfer")
    kinds.add_argument("--quantity", metavar="NAME", help="colour: spin, berry, berry_spin, dipole, ... (see docs)")
    kinds.add_argument("--mu", metavar="E", type=float, help="absolute energy, eV; default: Fermi level of the job")
    kinds.add_argument("--limit", metavar="X", type=float, help="where the colours end")
    kinds.add_argument("--logarithmic", action="store_true", help="logarithmic colours (bands, plane)")
    stops = 'bands: "G 0 0 0, X .5 0 .5 | K 3/8 3/8 3/4, G 0 0 0"; default: that of .win, or of the lattice'
    kinds.add_argument("--path", metavar="STOPS", help=stops)
    kinds.add_argument("--window", metavar=("LOW", "HIGH"), nargs=2, type=float, help="bands: energies shown, eV")
    kinds.add_argument("--normal", metavar='"X Y Z"', help="plane: Cartesian direction across it; default: 0 0 1")
    kinds.add_argument("--centre", metavar='"A B C"', help="plane: a point of it, reciprocal lattice units; default: G")
    kinds.add_argument("--band", metavar="N", type=int, help="plane: this band, from 0, not the sum")
    kinds.add_argument(
        "--mesh", metavar="N", type=int, help=f"surface: k-points per direction; default: job, up to {DENSEST}"
    )


def draw(arguments: argparse.Namespace, listen: Listener) -> Path:
    """Draw what the command line asks for.

    Returns
    -------
    pathlib.Path
        File that was written.

    Raises
    ------
    InputError
        If options do not fit each other, the result or the job.
    OSError
        If writing fails.
    """
    kind = next((name for name in KINDS if getattr(arguments, name)), "result")
    _check_fit(arguments, kind)
    return _draw_result(arguments) if kind == "result" else _draw_job(arguments, kind, listen)


def _check_fit(arguments: argparse.Namespace, kind: str) -> None:
    """Refuse options that mean nothing for this figure."""
    name = "the figure of a result" if kind == "result" else f"--{kind}"
    for option, kinds in FITTING.items():
        if getattr(arguments, option) not in (None, False) and kind not in kinds:
            fitting = "a result" if kinds == ("result",) else " or ".join(f"--{x}" for x in kinds)
            raise InputError(f"--{option} goes with {fitting}, not with {name}: leave it out.")
    if kind == "result" and arguments.source.suffix == ".toml":
        raise InputError(f"{arguments.source}: of a job file give --bands, --plane or --surface; else give a result.")
    if kind != "result" and arguments.source.suffix == ".nc":
        raise InputError(f"{arguments.source}: {name} needs a job file (JOB.toml), this is the name of a result.")


def _draw_result(arguments: argparse.Namespace) -> Path:
    from solenoidal.figures import check_figure, plot_response
    from solenoidal.results import load

    output: Path = arguments.output or arguments.source.with_suffix(".png")
    check_figure(output)
    plot_response(load(arguments.source), output, arguments.variable, arguments.component)
    return output


def _draw_job(arguments: argparse.Namespace, kind: str, listen: Listener) -> Path:
    """Everything that can be wrong without the model is looked at before it is read."""
    output: Path = arguments.output or Path(arguments.source.stem + KINDS[kind])
    options = _options(arguments, kind)
    _check_output(output, kind, arguments.limit)
    from solenoidal import calculation
    from solenoidal.compiled import announced_compilation
    from solenoidal.job import Job

    job = Job.from_toml(arguments.source)
    model = calculation.load_crystal(job, f"--{kind}", listen)
    calculation.check_operator(model, job)
    options["quantity"] = arguments.quantity or _quantity(kind, job)
    options |= {"operator": job.system.operator, "degeneracy": job.compute.degeneracy, "output": output}
    with announced_compilation(listen):
        _DRAW[kind](model, job, _level(arguments, model, job, listen), options)
    return output


def _options(arguments: argparse.Namespace, kind: str) -> dict[str, Any]:
    """Options given for this figure, by the names of its function."""
    names = ("component", *(name for name, kinds in FITTING.items() if kind in kinds and name != "mu"))
    given = {name: getattr(arguments, name) for name in names if getattr(arguments, name) not in (None, False)}
    parsers: dict[str, Callable[..., Any]] = {
        "path": _stops,
        "normal": _numbers,
        "centre": _numbers,
        "mesh": _mesh,
        "window": _window,
    }
    return given | {name: parse(f"--{name}", given[name]) for name, parse in parsers.items() if name in given}


def _check_output(output: Path, kind: str, limit: float | None) -> None:
    from solenoidal.figures import check_figure, check_page
    from solenoidal.results import check_output

    if kind != "surface":
        check_figure(output)
    elif output.suffix.lower() != ".frmsf":
        check_page(output)
    elif limit is not None:
        raise InputError("--limit goes with a page (.html), FermiSurfer chooses its own colours: leave it out.")
    else:
        check_output(output)


def _quantity(kind: str, job: "Job") -> str:
    """Colour by default: the operator itself, or the Berry curvature where that says nothing."""
    return "berry" if kind == "plane" or job.system.operator == "charge" else "spin"


def _level(arguments: argparse.Namespace, model: "BlochModel", job: "Job", listen: Listener) -> float | None:
    """Energy asked for, else the Fermi level as for a run, eV."""
    from solenoidal import calculation

    if arguments.mu is not None:
        return float(arguments.mu)
    mesh = tuple(int(n) for n in calculation.per_direction(model, job, "mesh"))
    return calculation.fermi_energy(model, job, mesh, calculation.per_direction(model, job, "offset"), listen)


def _stops(option: str, text: str) -> list[tuple[str, list[float]] | None]:
    """Stops of a path: labels with coordinates between commas, a bar instead of a comma where the path jumps."""
    out: list[tuple[str, list[float]] | None] = []
    for line in text.split("|"):
        for stop in line.split(","):
            label, *numbers = stop.split() or [""]
            if not numbers:
                raise InputError(f"{option}: '{stop.strip()}' is no point, write a label and coordinates: X .5 0 .5.")
            out.append(("Γ" if label.lower() in GAMMA else label, _numbers(option, " ".join(numbers))))
        out.append(None)
    return out[:-1]


def _numbers(option: str, text: str) -> list[float]:
    try:
        return [float(Fraction(word)) for word in text.split()]
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{option}: '{text}' is no list of numbers, write them as 0.5, .5 or 1/2.") from None


def _mesh(option: str, number: int) -> int:
    if number < 2:
        raise InputError(f"{option} {number}: a Fermi surface needs at least 2 k-points per direction.")
    return number


def _window(option: str, ends: list[float]) -> tuple[float, ...]:
    if not ends[0] < ends[1]:
        raise InputError(f"{option} {ends[0]:g} {ends[1]:g}: give the lowest energy first, then the highest.")
    return tuple(ends)


def _draw_bands(model: "BlochModel", job: "Job", level: float | None, options: dict[str, Any]) -> None:
    from solenoidal import calculation
    from solenoidal.figures import plot_bands
    from solenoidal.readers.win import read_kpoint_path

    win = calculation.win_file(job)
    if "path" not in options and win is not None:
        options["path"] = [_greek(stop) for stop in read_kpoint_path(win)] or None
    plot_bands(model, fermi_energy=level, **options)


def _greek(stop: "tuple[str, Any] | None") -> "tuple[str, Any] | None":
    return stop and ("Γ" if stop[0].lower() in GAMMA else stop[0], stop[1])


def _draw_plane(model: "BlochModel", job: "Job", level: float | None, options: dict[str, Any]) -> None:
    from solenoidal.figures import plot_plane, zone_section

    section = {name: options.pop(name) for name in ("normal", "centre") if name in options}
    plot_plane(model, mu=level, plane=zone_section(model, **section) if section else None, **options)


def _draw_surface(model: "BlochModel", job: "Job", level: float | None, options: dict[str, Any]) -> None:
    from solenoidal import calculation
    from solenoidal.figures import plot_surface
    from solenoidal.surfaces import write_frmsf

    of_job = [min(DENSEST, int(n)) for n in calculation.per_direction(model, job, "mesh")]
    asked = options.pop("mesh", None)
    options["mesh"] = tuple(of_job if asked is None else [asked] * model.dimension)
    if options["output"].suffix.lower() == ".html":
        plot_surface(model, mu=level, **options)
    else:
        write_frmsf(options.pop("output"), model, mu=level, **options)


_DRAW = {"bands": _draw_bands, "plane": _draw_plane, "surface": _draw_surface}
