"""Dipole of the conventional current and quadrupole of the torque: together the magnetization."""

from collections.abc import Mapping

from solenoidal.definitions import Term
from solenoidal.responses import Choice, Response, register
from solenoidal.units import magnetization_factor, magnetization_unit

_CURRENT_DIPOLE = (Term(1.0, "current_dipole", "sea"), Term(1.0, "spin_berry", "potential"))
# q^{il} = (d^i v^l + d^l v^i)/2 - (d^{lis} + d^{ils})/2;  chi^{il} = d_l d^i + Omega^{li} s - Omega^{lis}, whose total
# derivative is integrated by parts onto g: - int f v^l d^i.
_TORQUE_QUADRUPOLE = (
    Term(-0.5, "velocity_dipole", "sea"),
    Term(0.5, "velocity_dipole", "sea", exchanged=True),
    Term(-0.5, "current_dipole", "sea"),
    Term(-0.5, "current_dipole", "sea", exchanged=True),
    Term(1.0, "berry_spin", "potential"),
    Term(-1.0, "spin_berry", "potential"),
)


def _terms(choice: Choice) -> Mapping[str, tuple[Term, ...]]:
    """D^{lis} and Q^{il tau} of Xiao and Niu (2021), Eqs. 3-6; their sum is antisymmetric although neither is."""
    return {
        "current_dipole": _CURRENT_DIPOLE,
        "torque_quadrupole": _TORQUE_QUADRUPOLE,
        "total": _CURRENT_DIPOLE + _TORQUE_QUADRUPOLE,
    }


register(
    Response(
        name="dipole_density",
        variable="dipole_density",
        title="dipole density of the current and quadrupole density of the torque",
        terms=_terms,
        functions={"sea": "fermi", "potential": "potential"},
        label="moment_part",
        dims=("current", "position", "spin"),
        factor=magnetization_factor,
        unit=magnetization_unit,
        convention="D^{lis} with i the current and l the position; total = M^{li} of Eq. 6",
    )
)
