"""In a gap the Hall conductivity is the slope of the magnetization."""

import itertools
from typing import TYPE_CHECKING

import numpy as np

from solenoidal.bloch import fourier
from solenoidal.checks import Check, Finding, register
from solenoidal.checks.compare import TRIVIAL
from solenoidal.eigen import eigenstates

if TYPE_CHECKING:
    from solenoidal.checks.context import Context

#: Smallest gap (eV) that counts.
SMALLEST = 0.02
#: kT in units of the gap: its thermal window ends inside the gap.
COLD = 1 / 200
#: Points per direction of the mesh that looks for one.
SEARCH = {1: 64, 2: 24, 3: 8}


def gaps(context: "Context") -> list[tuple[float, float]]:
    """Energies without levels on a mesh, lower and upper end, eV."""
    D = context.model.dimension
    k = np.array(list(itertools.product((np.arange(SEARCH[D]) + 0.5) / SEARCH[D], repeat=D)))
    block = fourier(context.model, k, "charge")
    e, _, _ = eigenstates(block.H, block.metric, k)
    ends = zip(e[:, :-1].max(axis=0), e[:, 1:].min(axis=0), strict=True)
    return [(float(low), float(high)) for low, high in ends if high - low > SMALLEST]


def _examine(context: "Context") -> Finding:
    if context.without_integrals:
        return Finding(None, context.without_integrals)
    if context.model.dimension == 1:
        return Finding(None, "there is no Hall response in one dimension.")
    found = gaps(context)
    if not found:
        return Finding(None, f"the bands leave no gap above {SMALLEST:g} eV: a metal at every filling.")
    mu = float(context.mu[1])
    low, high = min(found, key=lambda gap: max(gap[0] - mu, mu - gap[1], 0.0))
    return _in_gap(context, low, high)


def _in_gap(context: "Context", low: float, high: float) -> Finding:
    energies = low + (high - low) * np.array([0.4, 0.5, 0.6])
    out = context.integrate(
        mesh=context.small,
        mu=energies,
        kT=np.array([COLD * (high - low)]),  # at T = 0 the Fermi surface is spread over the mesh cell
        definitions=("eq11",),
        responses=("conductivity", "magnetization"),
    )
    if np.ptp(out.carriers) > 1e-9:
        return Finding(None, f"the gap at {energies[1]:.4g} eV closes between the points of the mesh that found it.")
    M, sigma = out.values["magnetization"][0, 0], out.values["conductivity"][0, 0, 1]
    slope = (M[2] - M[0]) / (energies[2] - energies[0])
    pairs = [(0, 1)] if context.model.dimension == 2 else [(1, 2), (2, 0), (0, 1)]
    hall = np.stack([sigma[i, l] for i, l in pairs])
    defect = max(float(abs(hall - slope).max()), float(abs(sigma + sigma.swapaxes(0, 1)).max()))
    scale = max(float(abs(sigma).max()), float(abs(slope).max()))
    if scale <= TRIVIAL * context.s_size * context.length**2 / context.model.volume:
        return Finding(None, f"eq11 and magnetization vanish in the gap at {energies[1]:.4g} eV.")
    return Finding(defect / scale, f"in the gap {low:.4g} .. {high:.4g} eV at kT = {COLD * (high - low):.1g} eV.")


register(
    Check(
        name="insulator",
        kind="zone",
        says="In a gap eq11 is a Hall response, sigma_H = e dM/dmu.",
        source="Xiao and Niu, PRB 104, L241411 (2021), Eqs. 6, 12",
        tolerance=1e-8,
        failure="Conductivity and magnetization of the insulator do not belong together.",
        examine=_examine,
    )
)
