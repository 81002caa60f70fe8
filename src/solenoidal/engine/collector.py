"""What is collected from states: quantities deposited in energy, in a form that can be added and stored."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solenoidal import quantities, responses
from solenoidal.bloch import Block, States, solve
from solenoidal.deposits import Levels
from solenoidal.division import Division, divide
from solenoidal.engine.task import Task
from solenoidal.multiplets import RESOLVED, divisible
from solenoidal.quantities import Quantity, Settings
from solenoidal.spectral import Accumulator, Plan
from solenoidal.statistics import FUNCTIONS
from solenoidal.tetrahedra import Shares

__all__ = ["Collector", "Recipe", "functions_wanted"]

Real = NDArray[np.float64]

#: How many points of the mesh each k-point of a block stands for, None for 1.
Weight = NDArray[np.int32] | Real | None
#: Energy functions wanted of the number of levels.
COUNTED = ("fermi", "fermi_surface")
#: Beginning of the names of the arrays of definitions that bring their own sum.
DIRECT = "direct"
#: Points of a block that are taken out of it if they are the only ones that contribute, at most this part.
MOST = 0.75
#: Half the width of a Fermi function in kT, for what only chooses points.
THERMAL = 5.0


@dataclass(frozen=True)
class Recipe:
    """Everything a worker needs besides k-points."""

    task: Task
    plan: Plan
    functions: dict[str, tuple[str, ...]]
    cell: Real

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """Quantities wanted."""
        return tuple(quantities.get(name) for name in self.functions)

    @cached_property
    def settings(self) -> Settings:
        """What they depend on besides the states."""
        return Settings(self.task.gamma or 0.0)

    @cached_property
    def full_below(self) -> float | None:
        """Energy below which levels need not exchange anything; None where its energy moment is wanted too."""
        wanted = [FUNCTIONS[f] for q in self.quantities if q.exchanged for f in self.functions[q.name]]
        return self.plan.lowest if all(f.deep[1] == 0.0 for f in wanted) else None

    @cached_property
    def windowed(self) -> bool:
        """Whether levels below every thermal window contribute nothing to any quantity."""
        return all(FUNCTIONS[f].windowed for names in self.functions.values() for f in names)

    @property
    def counted(self) -> tuple[float, float]:
        """Energies (eV) outside which no level contributes; the lower one may be minus infinity."""
        return self.plan.lowest if self.windowed else -np.inf, self.plan.highest

    @cached_property
    def wide(self) -> bool:
        """Whether cell widths are wanted: always for spread levels, else for a Fermi surface at T = 0 only."""
        surface = any("fermi_surface" in names for names in self.functions.values())
        return self.plan.cells > 0 or (bool((self.plan.kT == 0.0).any()) and surface)

    @cached_property
    def division(self) -> Division:
        """Simplices of the mesh."""
        return divide(self.cell)

    def shares(self, states: States) -> Shares:
        """Weights of the levels of a block that knows its neighbours."""
        n, wanted = states.wanted, {*COUNTED, *(f for names in self.functions.values() for f in names)}
        assert states.around is not None
        return self.plan.shares(states.e[:, n], states.around[:, n], states.group[:, n], self.division, sorted(wanted))

    def solve(self, block: Block, pieces: int = 1) -> States:
        """States of a block, which is used up, as the task groups them; for pieces of a cell in every direction."""
        cell = self.cell / pieces if self.wide else None
        windowed, highest = self.windowed, self.plan.highest
        return solve(block, self.task.degeneracy, highest, cell, self.full_below, windowed=windowed, consume=True)

    def narrowed(self, states: States) -> States:
        """Some of the states of a block with the levels that are wanted of these."""
        return states.narrowed(self.plan.highest, self.full_below, self.windowed)

    @property
    def window(self) -> tuple[float, float]:
        """Energies (eV) at which levels are partly filled."""
        thermal = THERMAL * float(self.plan.kT.max(initial=0.0))
        return float(self.plan.mu[0]) - thermal, float(self.plan.mu[-1]) + thermal


def functions_wanted(task: Task) -> dict[str, tuple[str, ...]]:
    """Energy functions wanted of every quantity, by name."""
    out: dict[str, set[str]] = {}
    for name in task.responses:
        response = responses.get(name)
        for terms in response.terms(task.choice).values():
            for t in terms:
                out.setdefault(t.quantity, set()).add(response.functions[t.weight])
    return {name: tuple(sorted(out[name])) for name in sorted(out)}


@dataclass
class Collector:
    """What one part of the mesh adds up to: accumulators by quantity, and numbers for warnings.

    ``filled``: levels far below every chemical potential that were left out, alone or with all others of their point;
    ``direct``: what definitions that bring their own sum have collected, by definition and name of the array.
    """

    recipe: Recipe
    main: dict[str, list[Accumulator]] = field(default_factory=dict)
    shift: dict[str, list[Accumulator]] = field(default_factory=dict)
    filling: list[Accumulator] = field(default_factory=list)
    bands: tuple[float, float] = (np.inf, -np.inf)
    magnitude: dict[str, float] = field(default_factory=dict)
    joined: float = 0.0
    filled: float = 0.0
    direct: dict[str, dict[str, Real]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.filling = self.recipe.plan.accumulators(1, COUNTED)

    def add(self, states: States, weight: Weight = None) -> None:
        """Add one block; each k-point as often as its weight says."""
        self.bands = (min(self.bands[0], states.e[:, 0].min()), max(self.bands[1], states.e[:, -1].max()))
        if not states.rows:
            return
        joined = states.group[:, -1] == 0
        self.joined += float(joined.sum() if weight is None else weight[joined].sum())
        near = self._near(states, weight)
        if near is None:
            return
        states, weight = near
        count = states.rows - states.first
        self.filled += states.first * float(len(states.e) if weight is None else weight.sum())
        factor = None if weight is None else weight.astype(np.float64)
        where = self._where(states)
        self._add_all(self.main, states, where, factor)
        levels = where if self.recipe.plan.spread else self._levels(states)
        levels.deposit(np.ones((len(states.e), count)), factor, self.filling)
        n = states.wanted
        differs = divisible(states.e[:, n], states.group[:, n], self.recipe.task.degeneracy / 3.0)
        if differs.any():
            finer = states.regroup(self.recipe.task.degeneracy / 3.0)
            some = np.ones(int(differs.sum())) if factor is None else factor[differs]
            for grouped, sign in ((finer.take(differs), 1.0), (states.take(differs), -1.0)):
                self._add_all(self.shift, grouped, self._where(grouped), sign * some)

    def _near(self, states: States, weight: Weight) -> tuple[States, Weight] | None:
        """Points of a block with a level that contributes, if they are few; levels below are counted at the others."""
        far, below = states.outside(self.recipe.counted)
        left = len(far) - int(far.sum())
        if left > MOST * len(far):
            return states, weight
        self.filled += float((below if weight is None else below * weight)[far].sum())
        if not left:
            return None
        return self.recipe.narrowed(states.take(~far)), None if weight is None else weight[~far]

    def skip(self, filled: float, bands: tuple[float, float]) -> None:
        """Count levels far below every chemical potential at points that are left out, and what energies were met."""
        self.filled += filled
        self.bands = (min(self.bands[0], bands[0]), max(self.bands[1], bands[1]))

    def _add_all(self, table: dict[str, list[Accumulator]], states: States, where: Levels, factor: Real | None) -> None:
        for q in self.recipe.quantities:
            if not q.resolved:
                self._add_one(table, q, states, where, factor)
            elif table is self.main:
                apart = states.regroup(RESOLVED)
                self._add_one(table, q, apart, self._where(apart), factor)

    def _levels(self, states: States) -> Levels:
        """Energy of every level, not of its multiplet, and cells of unit width."""
        e = np.ascontiguousarray(states.e[:, states.wanted]).ravel()
        return Levels(e, np.ones((len(e), 1)))

    def _where(self, states: States) -> Levels:
        """Energy of every level and how it is spread, as accumulators want them."""
        n = states.wanted
        e = np.ascontiguousarray(states.e_group[:, n]).ravel()
        if self.recipe.plan.simplices:
            return Levels(e, self.recipe.shares(states))
        if not self.recipe.wide:
            return Levels(e, np.empty((len(e), 0)))
        return Levels(e, np.ascontiguousarray(states.widths[:, n]).reshape(len(e), -1))

    def _add_one(
        self,
        table: dict[str, list[Accumulator]],
        q: Quantity,
        states: States,
        where: Levels,
        factor: Real | None,
    ) -> None:
        x = q.rows(states, self.recipe.settings)
        if q.name not in table:
            columns = math.prod(x.shape[2:])
            table[q.name] = self.recipe.plan.accumulators(columns, self.recipe.functions[q.name])
        size = where.deposit(x, factor, table[q.name])
        if table is self.main:
            self.magnitude[q.name] = self.magnitude.get(q.name, 0.0) + size

    def merge(self, other: "Collector") -> None:
        """Add what another worker gathered."""
        for mine, theirs in ((self.main, other.main), (self.shift, other.shift)):
            for name, accs in theirs.items():
                if name not in mine:
                    mine[name] = accs
                    continue
                for a, b in zip(mine[name], accs, strict=True):
                    a.merge(b)
        for a, b in zip(self.filling, other.filling, strict=True):
            a.merge(b)
        self.bands = (min(self.bands[0], other.bands[0]), max(self.bands[1], other.bands[1]))
        self.joined += other.joined
        self.filled += other.filled
        for definition, arrays in other.direct.items():
            sums = self.direct.setdefault(definition, {key: np.zeros_like(x) for key, x in arrays.items()})
            for key, x in arrays.items():
                sums[key] += x
        for name, size in other.magnitude.items():
            self.magnitude[name] = self.magnitude.get(name, 0.0) + size

    def state(self) -> tuple[dict[str, Any], dict[str, Real]]:
        """Numbers and arrays that :meth:`restore` makes an equal collector from."""
        numbers = {
            "bands": self.bands,
            "magnitude": self.magnitude,
            "joined": self.joined,
            "filled": self.filled,
            "columns": self._columns(),
        }
        return numbers, dict(self._arrays())

    @classmethod
    def restore(cls, recipe: Recipe, numbers: Mapping[str, Any], arrays: Mapping[str, Real]) -> "Collector":
        """Make a collector from what :meth:`state` gave."""
        out = cls(recipe)
        low, high = numbers["bands"]
        out.bands, out.magnitude, out.joined = (low, high), dict(numbers["magnitude"]), float(numbers["joined"])
        out.filled = float(numbers["filled"])
        for kind, table in (("main", out.main), ("shift", out.shift)):
            for name, columns in numbers["columns"][kind].items():
                table[name] = recipe.plan.accumulators(columns, recipe.functions[name])
        for name, array in out._arrays():
            array[...] = arrays[name]
        for name in (name for name in arrays if name.startswith(f"{DIRECT}/")):
            _, definition, key = name.split("/")
            out.direct.setdefault(definition, {})[key] = np.array(arrays[name])
        return out

    def _columns(self) -> dict[str, dict[str, int]]:
        """Components of every quantity collected so far."""
        tables = {"main": self.main, "shift": self.shift}
        return {kind: {name: accs[0].columns for name, accs in t.items()} for kind, t in tables.items()}

    def _arrays(self) -> Iterator[tuple[str, Real]]:
        tables = {"main": self.main, "shift": self.shift, "filling": {"": self.filling}}
        for kind, table in tables.items():
            for name, accumulators in table.items():
                for number, accumulator in enumerate(accumulators):
                    for key, array in accumulator.arrays().items():
                        yield f"{kind}/{name}/{number}/{key}", array
        for definition, collected in self.direct.items():
            for key, array in collected.items():
                yield f"{DIRECT}/{definition}/{key}", array
