"""Anomalous Hall and Nernst effect with the curvature of the Wannier subspace, as other codes print it."""

from solenoidal.definitions import Definition, Term, register

register(
    Definition(
        name="subspace",
        title="sum over Wannier bands plus the curvature of the Wannier subspace",
        reference="Wang, Yates, Souza, Vanderbilt, Phys. Rev. B 74, 195118 (2006); postw90, WannierBerri",
        forms={"S": (Term(1.0, "berry_spin", "sea"), Term(1.0, "basis_curvature", "sea"))},
        flows=("charge",),
    )
)
