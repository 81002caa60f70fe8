"""What is left of Eq. 11 after the scattering dipole cancels, Eq. 15 of Xiao and Niu."""

from solenoidal.definitions import Definition, Term, register

# Eq. 15 is Eq. 11 minus the surface term of form (S); form (P) rewrites its sea by partial integration.
register(
    Definition(
        name="eq15",
        title="conserved current with weak disorder, Eq. 15: Berry curvature times s",
        reference="Xiao and Niu, Phys. Rev. B 104, L241411 (2021), Eq. 15",
        forms={
            "S": (Term(1.0, "berry_spin", "sea"),),
            "P": (
                Term(0.5, "berry_spin", "sea"),
                Term(1.0, "covariant_spin", "sea"),
                Term(-0.5, "velocity_dipole", "surface"),
                Term(0.5, "velocity_dipole", "surface", exchanged=True),
            ),
        },
    )
)
