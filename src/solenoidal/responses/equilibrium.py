"""Equilibrium current density: conventional part, torque dipole, and their sum, which must vanish."""

from collections.abc import Mapping

from solenoidal.definitions import Term
from solenoidal.responses import Choice, Response, Tensor, register
from solenoidal.units import current_factor, current_unit

_CONVENTIONAL = (Term(1.0, "current", "sea"),)
_TORQUE_DIPOLE = (Term(1.0, "torque_dipole", "sea"), Term(1.0, "torque_curvature", "potential"))


def _terms(choice: Choice) -> Mapping[str, tuple[Term, ...]]:
    """J = int f J_n;  D^tau = int f d^tau_n + g Omega^tau_n.  Xiao and Niu (2021), Eqs. 2-5."""
    return {
        "conventional": _CONVENTIONAL,
        "torque_dipole": _TORQUE_DIPOLE,
        "total": _CONVENTIONAL + _TORQUE_DIPOLE,
    }


register(
    Response(
        name="equilibrium",
        variable="equilibrium_current",
        title="equilibrium current density",
        terms=_terms,
        functions={"sea": "fermi", "potential": "potential"},
        label="part",
        dims=("current", "spin"),
        factor=current_factor,
        unit=current_unit,
        convention="expectation value in the uniform crystal; the total vanishes if s commutes with the position",
        directions=1,
        transformation=Tensor(("polar",), time_reversal=-1),
    )
)
