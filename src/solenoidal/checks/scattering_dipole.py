"""Scattering changes the dipole by as much as Eq. 11 has of it: Eq. 11 + J_dp = Eq. 15."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import TRIVIAL, on_mesh
from solenoidal.errors import InputError

if TYPE_CHECKING:
    from solenoidal.checks.context import Context
    from solenoidal.disorder import Distribution, FermiSurface

Real = NDArray[np.float64]

EXACT = 1e-8
FLOOR = 1e-6
#: Meshes for the points of the kinetic equation, by dimension; the first that resolves the surface is taken.
MESHES = {1: (48, 96, 192), 2: (24, 36, 48, 72, 96), 3: (8, 10, 12, 14, 16)}
#: Most points of it; Gauss points per direction of a facet.
MOST, ORDER = 6000, {1: 1, 2: 2, 3: 1}
#: Points of the sums over the zone in units of the mesh of the checks: at T = 0 they converge slowly.
FINER = {1: 8, 2: 2, 3: 1}
#: Range of the scatterer in units of the size of the cell.
RANGE = 0.6


def _examine(context: "Context") -> Finding:
    if context.without_integrals or context.model.metric is not None:
        return Finding(None, "the kinetic equation is solved for electrons only.")
    try:
        return _in_metal(context)
    except InputError as error:
        return Finding(None, str(error))


def _in_metal(context: "Context") -> Finding:
    from solenoidal.disorder import gaussian, scattering_dipole, solve

    surface = _surface(context, MESHES[context.model.dimension], ORDER[context.model.dimension])
    if len(surface) > MOST:
        return Finding(None, f"not decided: {len(surface)} points on the Fermi surface are more than {MOST}.")
    distribution = solve(surface, gaussian(context.model, 0.1, 0.01, RANGE * context.length))
    J_dp = scattering_dipole(distribution)
    mesh = tuple(FINER[context.model.dimension] * n for n in context.mesh)
    eq11, eq15 = _intrinsic(context, mesh)
    scale = max(float(abs(x).max()) for x in (eq11, eq15, J_dp))
    if scale <= TRIVIAL * context.s_size * context.length**2 / context.model.volume:
        return Finding(None, "eq11, eq15 and J_dp vanish here, by symmetry or because s is conserved.")
    kinetic = float(abs(J_dp + _expected(distribution)).max()) / scale
    points = f"{len(surface)} points, Gaussian scatterer; J_dp of the Boltzmann equation is off by {kinetic:.0e}"
    if kinetic > EXACT:
        return Finding(kinetic, f"{points}.", EXACT)
    moved = _moved(context, mesh, J_dp, eq15 - eq11)
    found = on_mesh(float(abs(eq11 + J_dp - eq15).max()), moved, scale, FLOOR)
    if found.residual is None:
        return Finding(kinetic, f"{points}, the sums over the zone are {found.note}", EXACT)
    return Finding(found.residual, f"{points}; {found.note}", found.tolerance)


def _surface(context: "Context", meshes: tuple[int, ...], order: int) -> "FermiSurface":
    """Fermi surface on the first mesh that resolves it."""
    from solenoidal.disorder import fermi_surface

    operator, mu = context.job.system.operator, float(context.mu[1])
    for n in meshes:
        try:
            return fermi_surface(
                context.model, mu, n, operator, context.axes, order=order, degeneracy=context.degeneracy
            )
        except InputError:
            if n == meshes[-1]:
                raise
    raise AssertionError("there is no mesh")


def _expected(distribution: "Distribution") -> Real:
    """``int (-f') v_l d^i`` on the same points, with the force that the distribution answers to."""
    p = distribution.surface
    return p.integral(np.einsum("nl,nia->nila", distribution.drive, p.dipole / p.count[:, None, None]))


def _intrinsic(context: "Context", mesh: tuple[int, ...]) -> Real:
    """eq11 and eq15 at T = 0."""
    from solenoidal.disorder import intrinsic

    operator = context.job.system.operator
    return intrinsic(
        context.model, float(context.mu[1]), mesh, 0.5, operator, context.axes, context.degeneracy, context.workers
    )


def _moved(context: "Context", mesh: tuple[int, ...], J_dp: Real, difference: Real) -> float:
    """Change of either side by a mesh half as dense, or by a denser surface."""
    from solenoidal.disorder import dipole_surface

    D = context.model.dimension
    eq11, eq15 = _intrinsic(context, tuple((n + 1) // 2 for n in mesh))
    fine = dipole_surface(_surface(context, (MESHES[D][-1] * 3 // 2,), ORDER[D]))
    return max(float(abs(eq15 - eq11 - difference).max()), float(abs(J_dp + fine).max()))


register(
    Check(
        name="scattering dipole",
        kind="zone",
        says="eq11 + J_dp = eq15 with J_dp from the Boltzmann equation at T = 0; relative to the largest of them.",
        source="Xiao and Niu, PRB 104, L241411 (2021), Eqs. 11, 14, 15",
        tolerance=FLOOR,
        failure="eq15 is not what collisions leave of eq11: do not use one for the other.",
        examine=_examine,
    )
)
