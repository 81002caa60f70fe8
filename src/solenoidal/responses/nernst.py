"""Thermal counterpart of the conductivity: current per temperature gradient, from the same spectral functions."""

from solenoidal.responses import Response, Tensor, register
from solenoidal.responses.conductivity import by_definition
from solenoidal.units import Flow, nernst_factor, nernst_unit


def _factor(dimension: int, flow: Flow, volume: float) -> float:
    return nernst_factor(dimension, flow)


# f -> S = -dg/dT and -f' -> -dS/de in any form of a definition: Xiao and Niu (2021), Eq. 11; theory notes, 3.
register(
    Response(
        name="nernst",
        variable="nernst",
        title="Nernst-type response",
        terms=by_definition,
        functions={"sea": "entropy", "surface": "entropy_surface"},
        label="definition",
        dims=("current", "field", "spin"),
        factor=_factor,
        unit=nernst_unit,
        convention="J_i = -sum_l alpha_il d_l T",
        transformation=Tensor(("polar", "polar"), time_reversal=-1),
    )
)
