"""Thermal and electric response are moments of one spectral function."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import TRIVIAL

if TYPE_CHECKING:
    from solenoidal.checks.context import Context

Real = NDArray[np.float64]

#: Step of the derivatives in units of kT; offsets and weights of a sixth-order difference.
STEP = 0.05
OFFSETS = np.arange(-3.0, 4.0)
WEIGHTS = np.array([-1.0, 9.0, -45.0, 0.0, 45.0, -9.0, 1.0]) / 60.0


def _examine(context: "Context") -> Finding:
    if context.without_integrals:
        return Finding(None, context.without_integrals)
    choice, step = context.job.compute, STEP * context.kT
    values = context.integrate(
        mesh=context.small,
        mu=context.mu[1] + step * OFFSETS,
        kT=context.kT + step * OFFSETS,
        responses=("conductivity", "nernst"),
        definitions=context.definitions,
        form=choice.form,
        gamma=choice.gamma,
    ).values
    by_mu = np.einsum("m,dm...->d...", WEIGHTS, values["nernst"][:, 3]) / step
    by_temperature = np.einsum("t,dt...->d...", WEIGHTS, values["conductivity"][:, :, 3]) / step
    scale = float(abs(values["conductivity"]).max())
    if scale <= TRIVIAL * context.s_size * context.length**2 / context.model.volume:
        return Finding(None, "there is no response on the mesh of this check.")
    note = f"{', '.join(context.definitions)}; exact on any mesh."
    return Finding(float(abs(by_mu - by_temperature).max()) * context.kT / scale, note)


register(
    Check(
        name="Mott relation",
        kind="zone",
        says="d alpha / d mu = d sigma / d (k_B T): the Mott integral at every T; relative to sigma / (k_B T).",
        source="Xiao and Niu, PRB 104, L241411 (2021), Eq. 11 and following; dS/dmu = df/dT",
        tolerance=1e-5,
        failure="The thermal response does not belong to the conductivity: do not use nernst.",
        examine=_examine,
    )
)
