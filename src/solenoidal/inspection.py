"""A report on the files of a calculation: what is in them, and how far their numbers can be trusted."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solenoidal import diagnostics
from solenoidal.errors import InputError
from solenoidal.events import Listener, silent
from solenoidal.model import BlochModel, Operator, partners

__all__ = ["describe", "inspect"]

Real = NDArray[np.float64]

#: Distances (eV) at which neighbouring levels are counted.
DISTANCES = (1e-6, 1e-4, 1e-3, 1e-2, 1e-1)
#: Default of ``degeneracy`` in a job, eV.
DEGENERACY = 1e-3
#: Largest splitting (eV) at which the smaller half of the distances may still be one of imperfect pairs.
SPLIT_PAIRS = 0.2
#: ``||D_i s||`` that counts as zero, in units of the largest element of s times the longest component of the lattice.
COMMUTES = 1e-10


def inspect(path: Path | str, listen: Listener = silent) -> str:
    """Describe the files of a calculation.

    Parameters
    ----------
    path
        Seed name of a Wannier90 calculation, one of its files, or an operator file ``.npz``.
    listen
        Receives what is being read.

    Returns
    -------
    str
        Files, bands, R vectors, lattice, operators, Hermiticity, distances of neighbouring levels,
        ``||D_i s||`` of every operator by direction and component, Fermi level, and the assumptions made while reading.

    Raises
    ------
    InputError
        If there is nothing to read at ``path``, or a file is damaged.
    """
    from solenoidal import readers

    path = Path(path)
    if path.suffix == ".npz":
        if not path.is_file():
            raise InputError(f"{path}: there is no such operator file.")
        return _report([path], readers.read_npz(path, listen=listen))
    if path.is_dir():
        raise InputError(f"{path}: this is a folder, give the seed name of a calculation in it, as in folder/Pt.")
    model = readers.read_wannier90(path, listen=listen)
    return _report(readers.find_wannier90_files(path).values(), model)


def _report(files: Iterable[Path], model: BlochModel) -> str:
    lines = ["files", *(f"  {p.name:<24} {_size(p.stat().st_size)}" for p in files), ""]
    return "\n".join([*lines, describe(model)])


def _size(count: int) -> str:
    power = min(3, max(0, count.bit_length() - 1) // 10)
    return f"{count / 1024**power:.4g} {('B', 'KiB', 'MiB', 'GiB')[power]}"


def describe(model: BlochModel) -> str:
    """Return the part of the report that needs no files."""
    parts = [_crystal(model), _operators(model), _hermiticity(model), _levels(model), _defects(model)]
    notes = [f"  {note}" for note in model.notes]
    return "\n\n".join("\n".join(part) for part in (*parts, ["notes", *notes] if notes else []) if part)


def _crystal(model: BlochModel) -> list[str]:
    low, high = diagnostics.band_range(model)
    reach = " ".join(str(int(n)) for n in abs(model.R).max(axis=0))
    fermi = "not known" if model.fermi_energy is None else f"{model.fermi_energy:.6g} eV"
    position = "none: every orbital sits at the origin of its cell" if model.position is None else "given"
    return [
        f"crystal: {model.name}, from {model.source}",
        f"  dimension          {model.dimension}",
        f"  bands              {model.size}, between {low:.6g} and {high:.6g} eV on a coarse mesh",
        f"  R vectors          {len(model.R)}, up to {reach} cells away",
        f"  position matrix    {position}",
        f"  Fermi level        {fermi}",
        f"  cell volume        {model.volume:.8g} Angstrom^{model.dimension}",
        *_lattice(model),
    ]


def _lattice(model: BlochModel) -> list[str]:
    rows = [" ".join(f"{x:12.7f}" for x in row) for row in model.lattice]
    return [f"  lattice (Angstrom) {row}" if i == 0 else f"{'':21}{row}" for i, row in enumerate(rows)]


def _operators(model: BlochModel) -> list[str]:
    named = {**model.operators, "charge": model.operator("charge")}
    return ["operators", *(f"  {name:<10} {_operator(op)}" for name, op in named.items())]


def _operator(op: Operator) -> str:
    parity = {
        -1: "odd under time reversal",
        1: "even under time reversal",
        None: "sign under time reversal not known",
    }
    components = "one component" if op.components == ("1",) else f"components {', '.join(op.components)}"
    unit = "dimensionless" if op.unit == "1" else f"in units of {op.unit}"
    return f"{components}, {unit}, {parity[op.time_reversal]}"


def _hermiticity(model: BlochModel) -> list[str]:
    arrays = {"H": (model.H, "eV")}
    if model.position is not None:
        arrays["position"] = (model.position, "Angstrom")
    arrays |= {name: (op.matrices, op.unit) for name, op in model.operators.items()}
    partner = partners(model.R, model.source)
    lines = ["Hermiticity, max |X_R - X_-R^+|"]
    for name, (X, unit) in arrays.items():
        gap = float(abs(X[partner].conj().swapaxes(-1, -2) - X).max(initial=0.0))
        lines.append(f"  {name:<10} {gap:.2g} {'' if unit == '1' else unit}".rstrip())
    return lines


def _levels(model: BlochModel) -> list[str]:
    if model.size < 2:
        return []
    splittings = diagnostics.pair_splittings(model)
    total = len(splittings)
    lines = ["distances of neighbouring levels on a coarse mesh"]
    for limit in DISTANCES:
        count = int(np.searchsorted(splittings, limit))
        lines.append(f"  below {limit:<7.0e} eV  {count:>8} of {total}  {100 * count / total:6.2f} %")
    return [*lines, f"  {_doublets(splittings, model.size)}"]


def _doublets(splittings: Real, size: int) -> str:
    """Say whether the bands come in pairs, and how exact the pairs are.

    With a pair for every two bands, ``size / 2`` of the ``size - 1`` distances at a k-point lie inside pairs.
    """
    points = len(splittings) // (size - 1)
    half = float(splittings[points * (size // 2) - 1])
    if size % 2 == 0 and half < DEGENERACY:
        return f"every level has a partner within {half:.1g} eV: the bands are degenerate in pairs"
    close = 100 * float(np.mean(splittings < DEGENERACY))
    text = f"{close:.2g} % of the distances lie below {DEGENERACY:g} eV, the default of degeneracy"
    if size % 2 or half > SPLIT_PAIRS:
        return text
    return (
        f"{text};\n  the smaller half reaches {half:.2g} eV: if this crystal has Kramers pairs at every k, the "
        "model splits\n  them by about that much; choose degeneracy above it and look at the sensitivity"
    )


def _defects(model: BlochModel) -> list[str]:
    lines = []
    for name, op in {**model.operators, "charge": model.operator("charge")}.items():
        table = diagnostics.operator_defect(model, name)
        unit = "Angstrom" if op.unit == "1" else f"{op.unit} Angstrom"
        zero = table.max(initial=0.0) <= COMMUTES * float(abs(op.matrices).max()) * float(abs(model.lattice).max())
        verdict = "zero: s commutes with the position" if zero else "identities that need D_i s = 0 fail by about that"
        lines += ["", f"largest ||D_i s|| for s = {name} ({unit}); {verdict}"]
        lines += _table(table, "xyz"[: model.dimension], op.components)
    return lines[1:]


def _table(values: Real, rows: Sequence[str], columns: Sequence[str]) -> list[str]:
    head = " " * 6 + "".join(f"{c:>12}" for c in columns)
    return [
        head,
        *(f"  D_{r} " + "".join(f"{x:12.3g}" for x in row) for r, row in zip(rows, values, strict=True)),
    ]
