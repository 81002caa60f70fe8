"""A virtual environment of its own for the peer, so that neither package decides the other's versions."""

import subprocess
import sys
from pathlib import Path

PINS = Path(__file__).with_name("peer-requirements.txt")


def provide(folder: Path) -> Path:
    """Return the interpreter of an environment under ``folder`` that has exactly the pinned packages."""
    environment = folder / "peer"
    python, stamp = environment / "bin" / "python", environment / "installed.txt"
    if not (stamp.is_file() and stamp.read_text() == PINS.read_text()):
        print("installing WannierBerri into .bench/peer", flush=True)
        _call([sys.executable, "-m", "venv", "--clear", str(environment)])
        _call([str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--requirement", str(PINS)])
        stamp.write_text(PINS.read_text())
    return python


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr.strip()]
        raise SystemExit(
            f"WannierBerri could not be installed ({reasons[-1]}): give pip access to a package index that has the "
            f"versions in benchmarks/{PINS.name}, or measure the rest with 'make bench BENCH_ARGS=--without-peer'."
        )
