"""Where the zone is swept: blocks of k-points on threads, quantities collected in energy, one pass for everything."""

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from solenoidal import definitions, quantities, responses
from solenoidal.bloch import Block, States, select_axes, solve
from solenoidal.compiled import one_blas_thread, run_announced
from solenoidal.diagnostics import band_range, hermiticity, operator_defect
from solenoidal.errors import InputError
from solenoidal.events import Counter, Listener, silent
from solenoidal.model import BlochModel
from solenoidal.multiplets import RESOLVED
from solenoidal.quantities import SMALLEST_GAMMA, Quantity, Settings
from solenoidal.responses import Choice
from solenoidal.spectral import Accumulator, Plan, plan
from solenoidal.zone import Interpolator, Mesh

__all__ = ["Outcome", "Task", "cores", "run"]

#: Levels within kT of mu that a Fermi surface needs at least.
FEW = 20

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """What is to be computed, in internal units.

    Attributes
    ----------
    mesh, offset
        One number per periodic direction.
    mu, kT
        eV; mu absolute and ascending; kT = 0 allowed.
    operator, axes
        Name of the operator in the model, its components (None: all).
    definitions
        Names from :mod:`solenoidal.definitions`.
    degeneracy
        eV: levels closer than this form a multiplet.
    form
        ``"S"`` or ``"P"``, for the definitions that have both.
    gamma
        eV: the Kubo formula with this rate, form (K gamma); None for form (K).
    error
        Also run the mesh with half as many points per direction and give the difference.
    workers
        Threads; None for all cores.
    responses
        Names from :mod:`solenoidal.responses`.
    """

    mesh: tuple[int, ...]
    offset: tuple[float, ...]
    mu: Real
    kT: Real
    operator: str = "spin"
    axes: tuple[str, ...] | None = None
    definitions: tuple[str, ...] = ("conventional", "eq11", "eq15", "kubo")
    degeneracy: float = 1e-3
    form: str = "S"
    gamma: float | None = None
    error: bool = True
    workers: int | None = None
    responses: tuple[str, ...] = ("conductivity",)

    @property
    def choice(self) -> Choice:
        """What responses may depend on."""
        return Choice(self.definitions, self.form, self.gamma)


@dataclass(frozen=True)
class Outcome:
    """Zone integrals ``X`` and what is known about their quality.

    Attributes
    ----------
    values
        By response, ``(label, T, mu, ...)``; the conductivity ``(definition, T, mu, current, field, component)`` in
        Angstrom^(2 - D).
    errors
        The same: absolute difference to the halved mesh; empty if not asked for.
    shifts
        The same: change when ``degeneracy`` is divided by three.
    carriers
        ``(T, mu)`` electrons per cell.
    k_points
        Points of the mesh.
    bands
        Lowest and highest energy met, eV.
    residuals, warnings
        Numbers that should be small; sentences about those that are not.
    floors
        By response: magnitudes below this are rounding.
    """

    values: dict[str, Real]
    errors: dict[str, Real]
    shifts: dict[str, Real]
    carriers: Real
    k_points: int
    bands: tuple[float, float]
    residuals: dict[str, float]
    warnings: tuple[str, ...]
    floors: dict[str, float] = field(default_factory=dict)

    @property
    def conductivity(self) -> Real:
        """Values of the conductivity."""
        return self.values["conductivity"]

    @property
    def error(self) -> Real | None:
        """Errors of the conductivity, or None."""
        return self.errors.get("conductivity")

    @property
    def sensitivity(self) -> Real:
        """Shifts of the conductivity."""
        return self.shifts["conductivity"]


@dataclass
class _Sweep:
    """Integrals of one mesh by response, ``(label, T, mu, ...)``, per Angstrom^D, and what warnings need.

    ``thermal (T, mu)``: levels of the mesh within kT of mu; ``joined``: part of the k-points where all bands are one
    multiplet.
    """

    values: dict[str, Real]
    shifts: dict[str, Real]
    carriers: Real
    bands: tuple[float, float]
    floors: dict[str, float]
    thermal: Real
    joined: float


@dataclass
class _Collector:
    """What one worker gathers."""

    recipe: "_Recipe"
    main: dict[str, list[Accumulator]] = field(default_factory=dict)
    shift: dict[str, list[Accumulator]] = field(default_factory=dict)
    filling: list[Accumulator] = field(default_factory=list)
    bands: tuple[float, float] = (np.inf, -np.inf)
    magnitude: dict[str, float] = field(default_factory=dict)
    joined: int = 0

    def __post_init__(self) -> None:
        self.filling = self.recipe.plan.accumulators(1, ("fermi", "fermi_surface"))

    def add(self, states: States) -> None:
        """Add one block."""
        self.bands = (min(self.bands[0], states.e.min()), max(self.bands[1], states.e.max()))
        if not states.rows:
            return
        self._add_all(self.main, states, 1.0)
        self.joined += int((states.group[:, -1] == 0).sum())
        e = np.ascontiguousarray(states.e[:, : states.rows]).ravel()
        for acc in self.filling:
            acc.add(e, np.ones((len(e), 1)), np.ones((len(e), 1)))
        finer = states.regroup(self.recipe.task.degeneracy / 3.0)
        differs = (finer.group != states.group).any(axis=1)
        if differs.any():
            self._add_all(self.shift, finer.take(differs), 1.0)
            self._add_all(self.shift, states.take(differs), -1.0)

    def _add_all(self, table: dict[str, list[Accumulator]], states: States, factor: float) -> None:
        for q in self.recipe.quantities:
            if q.resolved:
                if table is self.main:
                    self._add_one(table, q, states.regroup(RESOLVED), factor)
            else:
                self._add_one(table, q, states, factor)

    def _add_one(self, table: dict[str, list[Accumulator]], q: Quantity, states: States, factor: float) -> None:
        x = q.rows(states, self.recipe.settings)
        n_k, n = x.shape[:2]
        x = np.ascontiguousarray(x).reshape(n_k * n, -1)
        if factor != 1.0:
            x = x * factor
        e = np.ascontiguousarray(states.e_group[:, :n]).ravel()
        widths = np.ascontiguousarray(abs(states.v_group[:, :n] @ self.recipe.cell.T)).reshape(n_k * n, -1)
        if table is self.main:
            self.magnitude[q.name] = self.magnitude.get(q.name, 0.0) + float(abs(x).max(axis=1, initial=0.0).sum())
        if q.name not in table:
            table[q.name] = self.recipe.plan.accumulators(x.shape[1], self.recipe.functions[q.name])
        for acc in table[q.name]:
            acc.add(e, x, widths)

    def merge(self, other: "_Collector") -> None:
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
        for name, size in other.magnitude.items():
            self.magnitude[name] = self.magnitude.get(name, 0.0) + size


@dataclass(frozen=True)
class _Recipe:
    """Everything a worker needs besides k-points."""

    task: Task
    plan: Plan
    functions: dict[str, tuple[str, ...]]
    cell: Real

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        return tuple(quantities.get(name) for name in self.functions)

    @property
    def settings(self) -> Settings:
        return Settings(self.task.gamma or 0.0)

    def solve(self, block: Block) -> States:
        return solve(block, self.task.degeneracy, self.plan.highest)


@one_blas_thread
def run(model: BlochModel, task: Task, listen: Listener = silent) -> Outcome:
    """Compute every definition of the conductivity on one mesh.

    Parameters
    ----------
    model, task
        See the classes.
    listen
        Receives progress and messages.

    Raises
    ------
    InputError
        For an unknown definition, operator or component, or a mesh that does not fit the model.
    UnstableModelError
        For a bosonic model that is not positive definite on the mesh.
    """
    _check(model, task)
    operator = select_axes(model.operator(task.operator), task.axes, model.source)
    mesh = Mesh(tuple(task.mesh), tuple(task.offset))
    coarse = mesh.halved()
    functions = _functions(task)
    source = Interpolator(model, operator, any(quantities.get(name).curvature for name in functions))
    run_announced(lambda: _warm_up(source, task, functions), listen)
    counter = Counter(listen, mesh.size + (coarse.size if task.error else 0))
    fine = _sweep(source, task, functions, mesh, counter)
    errors = {}
    if task.error:
        half = _sweep(source, task, functions, coarse, counter)
        errors = {name: abs(fine.values[name] - half.values[name]) for name in fine.values}
    residuals = _residuals(model, task)
    return Outcome(
        fine.values,
        errors,
        fine.shifts,
        fine.carriers,
        mesh.size,
        fine.bands,
        residuals,
        _warnings(task, fine, errors, residuals),
        fine.floors,
    )


def _functions(task: Task) -> dict[str, tuple[str, ...]]:
    """Energy functions wanted of every quantity, by name."""
    out: dict[str, set[str]] = {}
    for name in task.responses:
        response = responses.get(name)
        for terms in response.terms(task.choice).values():
            for t in terms:
                out.setdefault(t.quantity, set()).add(response.functions[t.weight])
    return {name: tuple(sorted(out[name])) for name in sorted(out)}


def _check(model: BlochModel, task: Task) -> None:
    if len(task.mesh) != model.dimension:
        raise InputError(f"mesh {list(task.mesh)}: {model.source} has {model.dimension} periodic directions.")
    if model.statistics != "fermi":
        raise InputError(f"{model.source}: a conductivity needs fermions, this model obeys Bose statistics.")
    flow = model.operator(task.operator).flow
    for name in task.definitions:
        if flow not in definitions.get(name).flows:
            kinds = "the charge" if flow == "internal" else "internal operators such as spin"
            raise InputError(f"definition '{name}' is for {kinds}, not for operator '{task.operator}'.")
    low, high = band_range(model)
    if 0.0 < high - low <= task.degeneracy:
        raise InputError(
            f"degeneracy = {task.degeneracy:g} eV is wider than all bands of {model.source} ({high - low:.3g} eV): "
            f"every level would be one multiplet, give a smaller energy."
        )
    if task.degeneracy < RESOLVED:
        raise InputError(
            f"degeneracy = {task.degeneracy:g} eV: levels closer than {RESOLVED:g} eV are equal to rounding."
        )
    if task.gamma is not None and not task.gamma >= SMALLEST_GAMMA:
        raise InputError(
            f"gamma = {task.gamma:g} eV: form (K gamma) loses its digits below {SMALLEST_GAMMA:g} eV, "
            f"give a larger rate or none for form (K)."
        )
    if not len(task.mu) or np.any(np.diff(task.mu) < 0.0):
        raise InputError("mu: the chemical potentials must be ascending and at least one.")


def _sweep(
    source: Interpolator, task: Task, functions: dict[str, tuple[str, ...]], mesh: Mesh, counter: Counter
) -> _Sweep:
    model = source.model
    recipe = _Recipe(task, plan(task.mu, task.kT), functions, mesh.cell(model.lattice))
    chunks = source.chunks(mesh)

    def work(part: Iterable[tuple[Real, Real]], stop: threading.Event) -> _Collector:
        mine = _Collector(recipe)
        for chunk in part:
            for block in source.blocks(mesh, chunk):
                if stop.is_set():
                    return mine
                mine.add(recipe.solve(block))
                counter.add(len(block.H))
        return mine

    gathered = _on_threads(work, chunks, task.workers)
    density = 1.0 / (mesh.size * model.volume)
    filling = recipe.plan.collect(gathered.filling, "fermi")[:, :, 0] / mesh.size
    values = {name: density * _combine(recipe, source, name, gathered.main) for name in task.responses}
    shifts = {name: density * _combine(recipe, source, name, gathered.shift) for name in task.responses}
    floors = {name: density * _rounding(recipe, name, gathered.magnitude) for name in task.responses}
    thermal = recipe.plan.collect(gathered.filling, "fermi_surface")[:, :, 0] * recipe.plan.kT[:, None]
    return _Sweep(values, shifts, filling, gathered.bands, floors, thermal, gathered.joined / mesh.size)


def _rounding(recipe: _Recipe, name: str, magnitude: dict[str, float]) -> float:
    """Size below which a response is rounding: the summed magnitudes of its quantities times 1e-13."""
    response = responses.get(name)
    warm = recipe.plan.kT[recipe.plan.kT > 0.0]
    steep = 1.0 / float(warm.min(initial=1.0))
    worst = 0.0
    for terms in response.terms(recipe.task.choice).values():
        sizes = (
            abs(t.coefficient) * magnitude.get(t.quantity, 0.0) * (steep if t.weight == "surface" else 1.0)
            for t in terms
        )
        worst = max(worst, sum(sizes))
    return 1e-13 * worst


def _combine(recipe: _Recipe, source: Interpolator, name: str, table: dict[str, list[Accumulator]]) -> Real:
    """A response from its quantities, ``(label, T, mu, ...)``; a quantity nothing was added to is zero."""
    response = responses.get(name)
    directions = (source.D,) * response.directions
    shape = (len(recipe.plan.kT), len(recipe.plan.mu), *directions, source.counts[0])
    out = []
    for terms in response.terms(recipe.task.choice).values():
        total = np.zeros(shape)
        for t in terms:
            if t.quantity in table:
                x = recipe.plan.collect(table[t.quantity], response.functions[t.weight]).reshape(shape)
                total += t.coefficient * (x.swapaxes(2, 3) if t.exchanged else x)
        out.append(response.finish(total))
    return np.array(out)


def cores() -> int:
    """Number of processors this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _on_threads(
    work: Callable[[Iterable[tuple[Real, Real]], threading.Event], _Collector],
    chunks: list[tuple[Real, Real]],
    workers: int | None,
) -> _Collector:
    """Deal chunks to threads in a fixed order, so that a result depends on the number of workers by rounding only.

    An exception in a worker or here (Ctrl-C among them) stops all workers at their next block.
    """
    count = max(1, min(workers or cores(), len(chunks)))
    stop = threading.Event()

    def guarded(part: Iterable[tuple[Real, Real]]) -> _Collector:
        try:
            return work(part, stop)
        except BaseException:
            stop.set()
            raise

    with ThreadPoolExecutor(count) as pool:
        try:
            running = [pool.submit(guarded, chunks[w::count]) for w in range(count)]
            # A wait without an end would miss a Ctrl-C that comes just before it begins.
            while wait(running, timeout=0.2, return_when=FIRST_EXCEPTION).not_done and not stop.is_set():
                pass
            parts = [worker.result() for worker in running]
        except BaseException:
            stop.set()
            raise
    for other in parts[1:]:
        parts[0].merge(other)
    return parts[0]


def _warm_up(source: Interpolator, task: Task, functions: dict[str, tuple[str, ...]]) -> None:
    """Call every compiled loop once on one k-point of the real problem, at finite and at zero temperature."""
    mu = np.array([float(task.mu[0])])
    mesh = Mesh((1,) * source.D, (0.37,) * source.D)
    block = next(source.blocks(mesh, source.chunks(mesh)[0]))
    H, dH, s = (np.repeat(x, 16, axis=0) for x in (block.H, block.dH, block.s))
    A, curl = (None if x is None else np.repeat(x, 16, axis=0) for x in (block.A, block.curl))
    many = Block(H, dH, A, s, block.metric, None, curl)
    for kT in (np.array([1.0]), np.array([1e-9]), np.array([0.0])):
        recipe = _Recipe(task, plan(mu, kT), functions, mesh.cell(source.model.lattice))
        _Collector(recipe).add(solve(many, task.degeneracy))


def _residuals(model: BlochModel, task: Task) -> dict[str, float]:
    defect = operator_defect(model, task.operator, task.axes)
    return {"operator_defect": float(defect.max(initial=0.0)), "hermiticity": hermiticity(model)}


def _warnings(task: Task, sweep: _Sweep, errors: dict[str, Real], residuals: dict[str, float]) -> tuple[str, ...]:
    out = []
    if residuals["operator_defect"] > 0.1:
        out.append(
            f"the operator does not commute with the position: max ||D_i s|| = {residuals['operator_defect']:.3g} "
            f"Angstrom, so the identities behind eq11, eq15 and kubo hold only approximately."
        )
    if sweep.joined > 0.5:
        out.append(
            f"degeneracy = {task.degeneracy:g} eV joins all bands into one multiplet at {100 * sweep.joined:.0f} % of the "
            f"k-points, where every definition then vanishes: give a smaller energy."
        )
    for name in task.responses:
        out += _quality(task, name, sweep, errors.get(name))
    return (*out, *_surface_warnings(task, sweep))


def _surface_warnings(task: Task, sweep: _Sweep) -> list[str]:
    """Sentences about Fermi-surface terms that the mesh does not resolve."""
    choices = [responses.get(name) for name in task.responses]
    if not any(t.weight == "surface" for r in choices for terms in r.terms(task.choice).values() for t in terms):
        return []
    out = []
    few = [(float(kT), float(n.max())) for kT, n in zip(task.kT, sweep.thermal, strict=True) if 0.0 < n.max() < FEW]
    if few := [x for x in few if x[0] > 0.0]:
        kT, n = min(few)
        out.append(
            f"kT = {kT:.3g} eV: at most {n:.2g} levels of this mesh lie within kT of any mu, which does not resolve a "
            f"Fermi surface and which the error bar does not show: use a denser mesh, a higher temperature or T = 0."
        )
    if (task.kT == 0.0).any():
        out.append(
            "T = 0: Fermi-surface terms are averaged over the mesh cell, they converge more slowly than at finite "
            "temperature."
        )
    return out


def _quality(task: Task, name: str, sweep: _Sweep, errors: Real | None) -> list[str]:
    """Sentences about entries of a response that move by more than 5 %."""
    out = []
    values, shifts, floor = sweep.values[name], sweep.shifts[name], sweep.floors[name]
    for d, label in enumerate(responses.get(name).terms(task.choice)):
        who = label if name == "conductivity" else f"{name} {label}"
        size = float(abs(values[d] if name in ("conductivity", "nernst") else values).max(initial=0.0))
        if size <= floor:
            continue
        if errors is not None and (ratio := float(errors[d].max(initial=0.0)) / size) > 0.05:
            out.append(
                f"{who}: half the mesh moves the numbers by up to {100 * ratio:.0f} % of the largest: use a denser mesh."
            )
        if (ratio := float(abs(shifts[d]).max(initial=0.0)) / size) > 0.05:
            out.append(
                f"{who}: a three times smaller degeneracy energy moves the numbers by up to {100 * ratio:.0f} % of "
                f"the largest, say which levels count as degenerate."
            )
    return out
