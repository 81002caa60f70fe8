"""Runs postw90 for ``equal_error.py``: what one k-point costs, and what it prints.

It reads the files of Wannier90 and sums sharp levels over a mesh centred on Gamma, without symmetry.
"""

import lzma
import resource
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import LEVELS

PROGRAM = "postw90.x"
#: Points per direction of its two runs.
MESHES = (6, 10)
#: Lines of its input, by response.
TASKS = {
    "spin": (
        "berry_task = eval_shc\nshc_alpha = 1\nshc_beta = 2\nshc_gamma = 3\n"
        "kubo_adpt_smr = .false.\nkubo_smr_fixed_en_width = 0.0"
    ),
    "charge": "berry_task = ahc",
}
#: Its output, and the column of the conductivity in it.
OUTPUT = {"spin": ("shc-fermiscan.dat", 2), "charge": ("ahc-fermiscan.dat", 3)}
#: Lines of the input of Wannier90 that it would act on.
OTHERS = ("berry", "shc_", "kubo_", "fermi_energy", "bands_plot")


@dataclass(frozen=True)
class Cost:
    """Seconds of processor time to start, and per k-point; the conductivity on the larger of :data:`MESHES`."""

    start_up: float
    point: float
    values: np.ndarray

    def time(self, mesh: int) -> float:
        """Seconds for a mesh, without start-up."""
        return mesh**3 * self.point


def available() -> bool:
    """Whether it is installed."""
    return shutil.which(PROGRAM) is not None


def measure(seed: Path, folder: Path, response: str, fermi: float) -> Cost:
    """Run it on two meshes."""
    folder.mkdir(exist_ok=True)
    for kind in ("chk", "eig", "mmn", "spn"):
        _unpack(seed.with_suffix("." + kind), folder / f"x.{kind}")
    lines = [x for x in seed.with_suffix(".win").read_text().splitlines() if not x.strip().startswith(OTHERS)]
    ends = fermi + LEVELS[[0, -1]]
    task = (
        f"berry = .true.\n{TASKS[response]}\nfermi_energy_min = {ends[0]}\nfermi_energy_max = {ends[1]}\n"
        f"fermi_energy_step = {LEVELS[1] - LEVELS[0]:.6f}"
    )
    times = []
    for mesh in MESHES:
        (folder / "x.win").write_text("\n".join([*lines, task, f"berry_kmesh = {mesh}", ""]))
        times.append(_run(folder))
    name, column = OUTPUT[response]
    values = np.array([[float(x.replace("D", "E")) for x in row.split()] for row in _rows(folder / f"x-{name}")])
    points = [mesh**3 for mesh in MESHES]
    point = (times[1] - times[0]) / (points[1] - points[0])
    return Cost(times[0] - points[0] * point, point, values[:, column])


def _unpack(source: Path, target: Path) -> None:
    packed = source.with_name(source.name + ".xz")
    target.write_bytes(lzma.decompress(packed.read_bytes()) if packed.is_file() else source.read_bytes())


def _rows(path: Path) -> list[str]:
    return [row for row in path.read_text().splitlines() if row.strip() and not row.startswith("#")]


def _run(folder: Path) -> float:
    """Processor time of one run, s."""
    before = _children()
    done = subprocess.run([PROGRAM, "x"], cwd=folder, capture_output=True, text=True)
    if done.returncode or "All done" not in (folder / "x.wpout").read_text():
        raise SystemExit(f"{PROGRAM} failed in {folder}: {done.stdout.strip()[-300:]}")
    return _children() - before


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
