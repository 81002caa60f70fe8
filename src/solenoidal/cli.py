"""The command line: ``solenoidal run | inspect | check | plot | models``.

Nothing that takes long to import is imported before it is needed: ``solenoidal --help`` answers at once.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from solenoidal import cli_plot, cli_run
from solenoidal._version import __version__
from solenoidal.errors import InputError
from solenoidal.terminal import Terminal

__all__ = ["main"]

#: Exit status of a failed check, of a mistake that the user can mend, and of an interrupt (128 + SIGINT).
FAILED, MISTAKE, INTERRUPTED = 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv
        Arguments without the name of the program; those of the process if None.

    Returns
    -------
    int
        0; 1 if a check fails; 2 after a mistake of the user or an error of the disk; 130 after Ctrl-C.
    """
    arguments = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace, Terminal], int | None] = arguments.command
    terminal = Terminal(sys.stderr)
    try:
        status = command(arguments, terminal)
    except InputError as error:
        return _stop(terminal, str(error), MISTAKE)
    except KeyboardInterrupt:
        return _stop(terminal, "interrupted.", INTERRUPTED)
    except BrokenPipeError:
        return _broken_pipe()
    except OSError as error:
        return _stop(terminal, _disk(error), MISTAKE)
    terminal.close()
    return status or 0


def _stop(terminal: Terminal, sentence: str, status: int) -> int:
    terminal.close()
    print(f"solenoidal: {' '.join(sentence.split())}", file=sys.stderr)
    return status


def _disk(error: OSError) -> str:
    """One sentence for what the operating system refused."""
    reason = error.strerror or str(error) or type(error).__name__
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}the file system refused ({reason}), an earlier result is left as it was."


def _broken_pipe() -> int:
    """Whoever read the output has left: end quietly, with nothing more written to the closed pipe."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115  stays open until the process ends
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="solenoidal",
        description="Conductivity of spin and other nonconserved quantities, every definition side by side.",
    )
    parser.add_argument("--version", action="version", version=f"solenoidal {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_run(commands.add_parser("run", help="compute what a job file asks for"))
    _add_inspect(commands.add_parser("inspect", help="say what is in the files of a calculation"))
    _add_check(commands.add_parser("check", help="test every identity that applies to a job file"))
    _add_plot(commands.add_parser("plot", help="draw a result, or bands, planes and Fermi surfaces of a job"))
    _add_models(commands.add_parser("models", help="list, describe and draw the built-in models"))
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    cli_run.add_options(parser)
    parser.set_defaults(command=cli_run.run)


def _add_inspect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", type=Path, help="seed name, one of its files, or an operator file .npz")
    parser.set_defaults(command=_inspect)


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB.toml", type=Path, help="job file")
    parser.add_argument("--workers", metavar="N", type=cli_run.count, help="threads (default: all cores)")
    parser.set_defaults(command=_check)


def _add_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="model (default: all)")
    parser.add_argument("-o", "--output", metavar="FIG.png", type=Path, help="draw its bands: .png, .pdf or .svg")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", nargs="+", action="extend", default=[], type=_setting, help="parameters to draw"
    )
    parser.add_argument("--figures", metavar="DIR", type=Path, help="draw the bands of all models into this folder")
    parser.set_defaults(command=_models)


def _setting(text: str) -> tuple[str, float]:
    key, equals, value = text.partition("=")
    try:
        return key, float(value)
    except ValueError:
        wrong = f"'{value}' is not a number" if equals else "give it as key=value"
        raise argparse.ArgumentTypeError(f"'{text}': {wrong}") from None


def _add_plot(parser: argparse.ArgumentParser) -> None:
    cli_plot.add_options(parser)
    parser.set_defaults(command=_plot)


def _inspect(arguments: argparse.Namespace, terminal: Terminal) -> None:
    from solenoidal.inspection import inspect

    print(inspect(arguments.path, terminal))


def _check(arguments: argparse.Namespace, terminal: Terminal) -> int:
    from solenoidal import calculation, checks
    from solenoidal.checks import report
    from solenoidal.job import Job

    job = Job.from_toml(arguments.job)
    found = checks.run(calculation.load_crystal(job, "checking identities", terminal), job, terminal, arguments.workers)
    terminal.close()
    print(report.table(found))
    return FAILED if report.failed(found) else 0


def _plot(arguments: argparse.Namespace, terminal: Terminal) -> None:
    output = cli_plot.draw(arguments, terminal)
    terminal.close()
    print(f"written to {output}")


def _models(arguments: argparse.Namespace, terminal: Terminal) -> None:
    from solenoidal import models

    name, output = arguments.name, arguments.output
    if name is None and (output or arguments.set):
        raise InputError("models: -o and --set concern one model, name it, or draw all with --figures.")
    if name is not None and arguments.figures:
        raise InputError("models: --figures draws all models, leave the name out or draw one with -o.")
    if arguments.set and not output:
        raise InputError("models: --set concerns a figure, name its file with -o.")
    if arguments.figures or output:
        from solenoidal import gallery

        if output:
            gallery.draw(name, dict(arguments.set), output)
        for path in [output] if output else gallery.draw_all(arguments.figures):
            print(f"written to {path}")
        return
    print("\n\n".join(str(models.describe(x)) for x in ([name] if name else models.names())))


if __name__ == "__main__":
    sys.exit(main())
