"""The table that a user reads."""

import textwrap
from collections.abc import Sequence

from solenoidal.checks import CheckResult

__all__ = ["failed", "table"]

WIDTH, INDENT = 118, "    "


def failed(results: Sequence[CheckResult]) -> list[str]:
    """Names of the checks that fail."""
    return [result.name for result in results if result.status == "FAIL"]


def table(results: Sequence[CheckResult]) -> str:
    """Aligned table: name, residual, tolerance, status and below each row what it says and what was found.

    Parameters
    ----------
    results
        From :func:`solenoidal.checks.run`.

    Returns
    -------
    str
        Ends with a line that counts passes and failures.
    """
    width = max([len("check"), *(len(r.name) for r in results)])
    lines = [f"{'check':<{width}}  residual  tolerance  result"]
    for kind in dict.fromkeys(r.kind for r in results):
        lines.append(f"-- {kind} ".ljust(width + 37, "-"))
        for r in results:
            if r.kind == kind:
                lines += _row(r, width)
    return "\n".join([*lines, "", _count(results)])


def _row(r: CheckResult, width: int) -> list[str]:
    numbers = f"{_number(r.residual):>8}  {_number(r.tolerance):>9}"
    lines = [f"{r.name:<{width}}  {numbers}  {r.status}"]
    for text in (f"{r.says} [{r.source}]", f"-> {r.sentence}" if r.sentence else ""):
        lines += textwrap.wrap(text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)
    return lines


def _number(x: float | None) -> str:
    return "-" if x is None else f"{x:.1e}"


def _count(results: Sequence[CheckResult]) -> str:
    count = {status: sum(r.status == status for r in results) for status in ("pass", "FAIL", "not applicable")}
    line = f"{count['pass']} pass, {count['FAIL']} fail, {count['not applicable']} not applicable"
    return line + (f": {', '.join(failed(results))}" if failed(results) else "")
