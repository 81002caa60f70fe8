"""The sub-command ``solenoidal run``: where a job is computed, what is kept of it on the way, and the result.

Nothing that takes long to import is imported before it is needed.
"""

import argparse
import contextlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from solenoidal.errors import InputError, WorkersLostError
from solenoidal.events import Listener
from solenoidal.terminal import Terminal

if TYPE_CHECKING:
    import xarray as xr

    from solenoidal.engine import Crew
    from solenoidal.job import Job

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``run`` to its parser."""
    parser.add_argument("job", metavar="JOB.toml", type=Path, help="job file")
    parser.add_argument("-o", "--output", metavar="OUT.nc", type=Path, help="result (default: JOB.nc in this folder)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--workers", metavar="N", type=count, help="processes (default: a thread for every core)")
    where.add_argument("--cluster", metavar="ADDRESS", help="scheduler of a Dask cluster, or its file")
    parser.add_argument(
        "--device", metavar="NAME", default="cpu", help="cpu (default), gpu, or gpu:1 for the second GPU"
    )
    parser.add_argument("--tolerance", metavar="X", type=float, help="refine the mesh until errors are below this part")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was broken off")
    parser.add_argument("--events", metavar="FILE", type=Path, help="write progress as lines of JSON, too")


def count(text: str) -> int:
    """Whole number from 1 on."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not possible, give at least 1")
    return number


def run(arguments: argparse.Namespace, terminal: Terminal) -> None:
    """Compute what a job asks for, save it and print a summary.

    Raises
    ------
    InputError
        For a mistake in the job or its files, or an output that would replace one of them.
    """
    from solenoidal import results, table
    from solenoidal.job import Job

    output = arguments.output or Path(arguments.job.stem + ".nc")
    job = Job.from_toml(arguments.job)
    if arguments.tolerance is not None:
        job = job.with_tolerance(arguments.tolerance)
    _check_output(output, arguments.job, job)
    keep = results.state_folder(output)
    with _events(arguments.events, terminal) as listen, _advice(keep, terminal):
        dataset = _compute(job, arguments, listen, keep)
    results.save(dataset, output)
    shutil.rmtree(keep, ignore_errors=True)
    terminal.close()
    print(table.summary(dataset))
    print(f"\nwritten to {output}")


def _check_output(output: Path, path: Path, job: "Job") -> None:
    """Refuse an output that cannot be written or would replace what the job is made of."""
    from solenoidal import calculation, results

    results.check_output(output)
    if output.exists() and output.samefile(path):
        raise InputError(f"{output}: the result would replace the job file, choose another name with -o.")
    if output.exists() and any(output.samefile(file) for file in calculation.inputs(job) if file.exists()):
        raise InputError(f"{output}: the result would replace a file that the job reads, choose another name with -o.")


def _compute(job: "Job", arguments: argparse.Namespace, listen: Listener, keep: Path) -> "xr.Dataset":
    from solenoidal import calculation

    model = calculation.load_model(job, listen)
    crew = _crew(arguments)
    return calculation.compute(
        model,
        job,
        listen,
        arguments.workers,
        executor=crew,
        keep=keep,
        resume=arguments.resume,
        device=arguments.device,
    )


def _crew(arguments: argparse.Namespace) -> "Crew | None":
    """Who computes, None for threads of this process."""
    if arguments.cluster:
        from solenoidal.engine.cluster import Cluster

        return Cluster(arguments.cluster)
    if (arguments.workers or 1) > 1 and arguments.device == "cpu":  # a device is fed by threads
        from solenoidal.engine import Processes

        return Processes(arguments.workers)
    return None


@contextlib.contextmanager
def _events(path: Path | None, terminal: Terminal) -> Iterator[Listener]:
    """Tell the terminal, and a file where one is wanted."""
    if path is None:
        yield terminal
        return
    from solenoidal.event_log import EventLog, both

    with path.open("w", encoding="utf-8") as stream:
        yield both(terminal, EventLog(stream))


@contextlib.contextmanager
def _advice(keep: Path, terminal: Terminal) -> Iterator[None]:
    """Say how to go on with what was broken off."""
    try:
        yield
    except (KeyboardInterrupt, WorkersLostError):
        terminal.close()
        if keep.is_dir():
            print(f"solenoidal: the run so far is kept in {keep}, add --resume to go on with it", file=sys.stderr)
        raise
