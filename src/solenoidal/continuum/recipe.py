"""What a worker needs to know to sum along rays."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from solenoidal.continuum.channels import Channel
from solenoidal.continuum.model import ContinuumModel
from solenoidal.continuum.rays import PER_DECADE
from solenoidal.engine.task import Task
from solenoidal.model import Operator
from solenoidal.spectral import WINDOW, Plan, plan

__all__ = ["Recipe"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]

#: Distance (kT) of the energies at which panels end around a chemical potential: exact to 1e-10 with these rules.
STEP = 4.0
#: Ratio of the ends of panels where nothing happens.
RATIO = 4.0


@dataclass(frozen=True)
class Recipe:
    """Everything a worker needs besides directions.

    Attributes
    ----------
    model, operator, task, plan
        The operator with the components wanted.
    channels
        What is summed.
    degeneracy
        eV: levels closer than this form a multiplet.
    span
        Smallest and largest radius of the grid on which bands are followed, 1/Angstrom.
    cutoff
        Whether the largest radius is an end given by the user; else bands go on to infinity.
    beyond
        ``(n_mu,)`` bands that are filled at the largest radius.
    """

    model: ContinuumModel
    operator: Operator
    task: Task
    plan: Plan
    channels: tuple[Channel, ...]
    degeneracy: float
    span: tuple[float, float]
    cutoff: bool
    beyond: Index

    def narrowed(self, mu: Index, kT: Index) -> "Recipe":
        """The same for some of the chemical potentials and temperatures."""
        task = replace(self.task, mu=self.plan.mu[mu], kT=self.plan.kT[kT])
        return replace(self, task=task, plan=plan(task.mu, task.kT), beyond=self.beyond[mu])

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Numbers of the channels that carry the same functions of the same energies."""
        out: dict[tuple[bool, frozenset[str]], list[int]] = {}
        for n, c in enumerate(self.channels):
            out.setdefault((c.resolved, c.functions), []).append(n)
        return tuple(map(tuple, out.values()))

    @property
    def radii(self) -> Real:
        """``(n,)`` radii on which bands are followed, from 0."""
        low, high = self.span
        return np.concatenate([[0.0], np.geomspace(low, high, 2 + int(PER_DECADE * np.log10(high / low)))])

    @property
    def ends(self) -> Real:
        """``(n,)`` ends of panels where nothing happens."""
        low, high = self.span
        count = 2 + int(np.log(high / low) / np.log(RATIO))
        return np.concatenate([[0.0], np.geomspace(low, high, count)])

    def levels(self) -> tuple[Real, Index]:
        """``(n,)`` energies (eV) at which panels end; ``(n_mu,)`` numbers of mu among them, -1 without T = 0."""
        mu, kT = self.plan.mu, self.plan.kT
        warm = np.unique(kT[kT > 0.0])
        marks: list[Real] = []
        if warm.size:
            steps = _graded(float(warm[0]), float(warm[-1]))
            marks.append(_thinned((mu[:, None] + steps).ravel(), STEP / 2 * float(warm[0])))
        if not (kT == 0.0).any():
            return np.concatenate(marks), np.full(len(mu), -1)
        return np.concatenate([mu, *marks]), np.arange(len(mu))


def _graded(low: float, high: float) -> Real:
    """Distances from mu: equal steps as far as the lowest kT needs them, then growing to the window of the highest."""
    out = list(STEP * low * np.arange(1, 4))
    while out[-1] < (WINDOW + 1.0) * high:
        out.append(min(1.8 * out[-1], out[-1] + 10 * STEP * high))
    return np.array([*(-x for x in out), 0.0, *out])


def _thinned(x: Real, distance: float) -> Real:
    """Sorted, without those closer than ``distance`` to their neighbour below that stays."""
    cell = np.floor(np.sort(x) / distance)
    return np.asarray(np.sort(x)[np.concatenate([[True], np.diff(cell) > 0])])
