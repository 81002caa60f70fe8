"""Dipole of the conventional current and quadrupole of the torque: together the magnetization."""

from collections.abc import Mapping

from solenoidal.definitions import Term
from solenoidal.responses import Choice, Response, Tensor, register
from solenoidal.units import magnetization_factor, magnetization_unit

_CURRENT_DIPOLE = (Term(1.0, "current_dipole", "sea"), Term(1.0, "spin_berry", "potential"))
# int f q: q^{il} = (d^i v^l + d^l v^i)/2 - (d^{lis} + d^{ils})/2.
_QUADRUPOLE_MOMENT = (
    Term(0.5, "velocity_dipole", "sea"),
    Term(0.5, "velocity_dipole", "sea", exchanged=True),
    Term(-0.5, "current_dipole", "sea"),
    Term(-0.5, "current_dipole", "sea", exchanged=True),
)
# int g chi: chi^{il} = d_l d^i + Omega^{li} s - Omega^{lis}, the total derivative integrated by parts, - int f v^l d^i.
_POLARIZABILITY = (
    Term(-1.0, "velocity_dipole", "sea"),
    Term(1.0, "berry_spin", "potential"),
    Term(-1.0, "spin_berry", "potential"),
)


def _terms(choice: Choice) -> Mapping[str, tuple[Term, ...]]:
    """D^{lis} and Q^{il tau} of Xiao and Niu (2021), Eqs. 3-6; their sum is antisymmetric although neither is.

    Q in its pieces: the quadrupole moment int f q of the torque and its polarizability int g chi.  At point
    degeneracies in two dimensions d_l d^i has a 1/w^2 that cannot be integrated and a delta function that no mesh
    meets: a sum of g chi over the points is not int g chi there (theory notes, section 2), the form used here is.
    """
    return {
        "current_dipole": _CURRENT_DIPOLE,
        "quadrupole_moment": _QUADRUPOLE_MOMENT,
        "polarizability": _POLARIZABILITY,
        "torque_quadrupole": _QUADRUPOLE_MOMENT + _POLARIZABILITY,
        "total": _CURRENT_DIPOLE + _QUADRUPOLE_MOMENT + _POLARIZABILITY,
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
        convention="D^{lis} with i the current and l the position; torque_quadrupole = quadrupole_moment (int f q) + "
        "polarizability (int g chi, the derivative in chi by parts: it has a non-integrable 1/w^2 at point "
        "degeneracies); total = M^{li} of Eq. 6",
        transformation=Tensor(("polar", "polar"), time_reversal=-1),
    )
)
