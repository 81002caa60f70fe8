"""Conductivity of the charge or of an internal quantity in every definition."""

from collections.abc import Mapping

from solenoidal.definitions import Term, terms
from solenoidal.responses import Choice, Response, Tensor, register
from solenoidal.units import Flow, conductivity_factor, conductivity_unit


def by_definition(choice: Choice) -> Mapping[str, tuple[Term, ...]]:
    """Terms of every definition wanted."""
    return {name: terms(name, choice.form, choice.gamma) for name in choice.definitions}


def _factor(dimension: int, flow: Flow, volume: float) -> float:
    return conductivity_factor(dimension, flow)


register(
    Response(
        name="conductivity",
        variable="conductivity",
        title="conductivity",
        terms=by_definition,
        functions={"sea": "fermi", "surface": "fermi_surface"},
        label="definition",
        dims=("current", "field", "spin"),
        factor=_factor,
        unit=conductivity_unit,
        convention="J_i = sum_l sigma_il E_l",
        # the part that does not dissipate: even for spin, odd for the charge
        transformation=Tensor(("polar", "polar"), time_reversal=-1),
    )
)
