"""Intrinsic conserved current, Eq. 11 of Xiao and Niu."""

from solenoidal.definitions import Definition, Term, register

register(
    Definition(
        name="eq11",
        title="conserved current, Eq. 11: Berry curvature times s plus s-dipole",
        reference="Xiao and Niu, Phys. Rev. B 104, L241411 (2021), Eq. 11",
        forms={
            "S": (Term(1.0, "berry_spin", "sea"), Term(1.0, "velocity_dipole", "surface")),
            "P": (
                Term(0.5, "berry_spin", "sea"),
                Term(1.0, "covariant_spin", "sea"),
                Term(0.5, "velocity_dipole", "surface"),
                Term(0.5, "velocity_dipole", "surface", exchanged=True),
            ),
        },
    )
)
