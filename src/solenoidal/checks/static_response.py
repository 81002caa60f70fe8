"""Dipole and quadrupole densities against the response to a static potential."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solenoidal import responses
from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import compare
from solenoidal.linear_response.static import Expansion, expansion
from solenoidal.multiplets import RESOLVED
from solenoidal.responses import Choice
from solenoidal.zone import Mesh

if TYPE_CHECKING:
    from solenoidal.checks.context import Context

Real = NDArray[np.float64]


def _without(context: "Context") -> str:
    """Why there is no static response, or nothing."""
    metric = "a static response is computed for models without a metric." if context.model.metric is not None else ""
    return context.without_integrals or metric


def _expansion(context: "Context") -> Expansion:
    mesh, kT = Mesh(context.small, context.offset), np.array([context.kT])
    return expansion(context.model, context.mu, kT, mesh, context.job.system.operator, context.axes)


def _integrals(context: "Context", response: str) -> dict[str, Real]:
    """Parts of a response on the small mesh by name, ``(T, mu, ...)``."""
    rows = context.integrate(mesh=context.small, responses=(response,), definitions=(), degeneracy=RESOLVED)
    return dict(zip(responses.get(response).terms(Choice(())), rows.values[response], strict=True))


def _dipoles(context: "Context") -> Finding:
    if _without(context):
        return Finding(None, _without(context))
    found, cell = _expansion(context), context.length
    uniform, local = _integrals(context, "equilibrium"), _integrals(context, "dipole_density")
    left = [found.J, found.D_tau, found.D / cell]
    right = [uniform["conventional"], uniform["torque_dipole"], local["current_dipole"] / cell]
    natural = context.width * context.s_size * cell / context.model.volume
    both = [np.concatenate([x.ravel() for x in side]) for side in (left, right)]
    return compare(both[0], both[1], natural, "int f J, D^{i tau} and D^{lis} per cell length; exact on any mesh.")


def _quadrupole(context: "Context") -> Finding:
    if _without(context):
        return Finding(None, _without(context))
    Q = _integrals(context, "dipole_density")["torque_quadrupole"]
    natural = context.width * context.s_size * context.length**2 / context.model.volume
    return compare(_expansion(context).Q, 0.5 * (Q + Q.swapaxes(2, 3)), natural, "exact on any mesh.")


register(
    Check(
        name="static dipoles",
        kind="zone",
        says="The response of current and torque to exp(iqr), expanded to order q, gives int f J, D^{i tau}, D^{lis}.",
        source="Xiao and Niu, PRB 104, L241411 (2021), Eqs. 1-5",
        tolerance=1e-6,
        failure="The dipoles are not what a static potential induces: equilibrium and dipole_density are wrong.",
        examine=_dipoles,
    )
)

register(
    Check(
        name="static quadrupole",
        kind="zone",
        says="The response of the torque to exp(iqr), expanded to order q^2, gives (Q^{il tau} + Q^{li tau}) / 2.",
        source="Xiao and Niu, PRB 104, L241411 (2021), Eq. 5",
        tolerance=1e-6,
        failure="The quadrupole density of the torque is not what a static potential induces: do not use it.",
        examine=_quadrupole,
        complete=True,
    )
)
