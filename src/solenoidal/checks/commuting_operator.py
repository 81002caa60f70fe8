"""Whether the internal operator commutes with the position."""

from typing import TYPE_CHECKING

from solenoidal.checks import Check, Finding, register

if TYPE_CHECKING:
    from solenoidal.checks.context import Context


def _examine(context: "Context") -> Finding:
    defect, relative = context.operator_defect
    return Finding(relative, f"the largest ||D_i s|| is {defect:.3g} Angstrom.")


register(
    Check(
        name="commuting operator",
        kind="model",
        says="D_i s = d_i s + i [s, A_i] = 0 at random k; relative to s times the size of the cell.",
        source="Xiao and Niu, PRB 104, L241411 (2021); theory, conventions",
        tolerance=1e-8,
        failure="s is not internal: a uniform current -int g <D_i s> remains, and eq11, eq15 and kubo are approximate.",
        examine=_examine,
        complete=True,
    )
)
