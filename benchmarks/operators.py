"""The operators that every program is given: the reference data where they are, else the shipped example."""

import os
import shutil
import tomllib
from pathlib import Path

import numpy as np

from solenoidal.readers import read_wannier90

ROOT = Path(__file__).resolve().parent.parent
#: eV, of the reference data for platinum.
REFERENCE_FERMI = 18.3823


def provide(folder: Path) -> tuple[Path, float, str]:
    """Write ``operators.npz`` into ``folder``; return its path, the Fermi energy in eV and a name."""
    target = folder / "operators.npz"
    data = Path(os.environ.get("SOLENOIDAL_DATA", ROOT.parent / "shared" / "data"))
    source = data / "Pt" / "operators.npz"
    if source.is_file():
        shutil.copyfile(source, target)
        return target, REFERENCE_FERMI, "reference data Pt/operators.npz"
    print(f"{source} is absent (set SOLENOIDAL_DATA to the folder of the reference data): using examples/pt instead.")
    return target, _export_example(target), "examples/pt"


def _export_example(target: Path) -> float:
    system = tomllib.loads((ROOT / "examples/pt/pt.toml").read_text())["system"]
    model = read_wannier90(ROOT / "examples/pt" / system["wannier90"])
    if model.position is None:
        raise SystemExit("examples/pt has no position matrix: its .mmn file is missing.")
    np.savez(
        target,
        lattice=model.lattice,
        R=model.R,
        H_R=model.H,
        A_R=np.moveaxis(model.position, 1, -1),
        S_R=2.0 * np.moveaxis(model.operator("spin").matrices, 1, -1),
    )
    return float(system["fermi_energy"])
