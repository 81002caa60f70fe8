"""Identities that must hold for the crystal and the job of a user, one file each; they register themselves.

A check compares two sides of an identity through the same kernel that computes the results and gives a relative
residual with a fixed tolerance.  Three kinds: of the model (Hermiticity, completeness of the basis), of the bands
at random k-points, and of integrals over the zone.

Examples
--------
>>> from solenoidal import Job, checks, load_model
>>> job = Job({"model": "haldane", "operator": "charge"}, {"mesh": 24}, {"mu": [0.0], "temperature": 2000})
>>> all(result.status != "FAIL" for result in checks.run(load_model(job), job))
True
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from solenoidal.events import Listener, Message, Progress, silent
from solenoidal.registry import Registry

if TYPE_CHECKING:
    from solenoidal.checks.context import Context
    from solenoidal.job import Job
    from solenoidal.model import BlochModel

__all__ = ["Check", "CheckResult", "Finding", "get", "names", "register", "run"]

Kind = Literal["model", "bands", "zone"]
Status = Literal["pass", "FAIL", "not applicable"]
KINDS: tuple[Kind, ...] = ("model", "bands", "zone")


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes
    ----------
    residual
        Relative difference of the two sides, or None where the identity says nothing about this job.
    note
        A few words on how it was tested; why it does not apply, as a whole clause, where ``residual`` is None.
    tolerance
        In place of that of the check, where an integral is only as good as its mesh.
    """

    residual: float | None
    note: str = ""
    tolerance: float | None = None


@dataclass(frozen=True)
class Check:
    """An identity with everything that a user needs to know about it.

    Attributes
    ----------
    name
        Name in the table.
    kind
        ``"model"``, ``"bands"`` or ``"zone"``.
    says
        The identity in one sentence.
    source
        Equation or theory note.
    tolerance
        Largest relative residual that passes.
    failure
        One sentence: what a failure means for the numbers of the user.
    examine
        ``examine(context) -> Finding``.
    complete
        True if the identity needs a complete basis (D_i s = 0 and a flat connection): a truncated Wannier basis
        breaks it.
    """

    name: str
    kind: Kind
    says: str
    source: str
    tolerance: float
    failure: str
    examine: "Callable[[Context], Finding]"
    complete: bool = False


@dataclass(frozen=True)
class CheckResult:
    """Outcome of one check on one job.

    Attributes
    ----------
    name, kind, says, source
        As in :class:`Check`.
    residual, tolerance
        Relative and dimensionless; None where the check does not apply.
    status
        ``"pass"``, ``"FAIL"`` or ``"not applicable"``.
    sentence
        How it was tested; what a failure means; why it does not apply.
    """

    name: str
    kind: Kind
    says: str
    source: str
    residual: float | None
    tolerance: float | None
    status: Status
    sentence: str


_registry: Registry[Check] = Registry("check", __name__)
get = _registry.get
names = _registry.names


def register(check: Check) -> Check:
    """Add a check under its name."""
    return _registry.add(check.name, check)


def run(model: "BlochModel", job: "Job", listen: Listener = silent, workers: int | None = None) -> list[CheckResult]:
    """Run every check that applies to a job.

    Parameters
    ----------
    model
        The crystal, from :func:`solenoidal.load_model` or a reader.
    job
        Operator, axes, mesh, chemical potentials and temperatures; meshes are reduced to a moderate size.
    listen
        Receives progress and what was chosen.
    workers
        Threads, None for all cores.

    Returns
    -------
    list of CheckResult
        Those of the model, of the bands, of the zone; by name within each kind.

    Raises
    ------
    InputError
        If the job does not fit the model, as :func:`solenoidal.compute` does.
    """
    from solenoidal.checks.context import prepare

    context = prepare(model, job, listen, workers)
    listen(Message(context.describe()))
    checks = sorted(map(get, names()), key=lambda check: (KINDS.index(check.kind), check.name))
    results = []
    for done, check in enumerate(checks):
        listen(Progress("checks", done, len(checks), "checks"))
        results.append(_judge(check, check.examine(context), context))
    listen(Progress("checks", len(checks), len(checks), "checks"))
    return results


def _judge(check: Check, finding: Finding, context: "Context") -> CheckResult:
    tolerance = finding.tolerance or check.tolerance
    status: Status
    if finding.residual is None:
        status, sentence = "not applicable", finding.note
    elif finding.residual <= tolerance:
        status, sentence = "pass", finding.note
    else:
        reason = context.truncation if check.complete else ""
        status, sentence = "FAIL", " ".join(part for part in (finding.note, check.failure, reason) if part)
    shown = None if finding.residual is None else tolerance
    return CheckResult(check.name, check.kind, check.says, check.source, finding.residual, shown, status, sentence)
