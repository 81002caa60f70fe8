"""Linear response of conventional current plus torque dipole, q -> 0 before omega -> 0."""

from solenoidal.definitions import Definition, Term, register

register(
    Definition(
        name="kubo",
        title="linear response of current plus torque dipole (Shi et al.)",
        reference="Shi, Zhang, Xiao, Niu, Phys. Rev. Lett. 96, 076604 (2006), in the closed forms (K), (K gamma)",
        forms={
            "S": (
                Term(0.5, "berry_spin", "sea"),
                Term(1.0, "covariant_spin", "sea"),
                Term(1.0, "kubo_mixing", "sea"),
                Term(1.0, "velocity_dipole", "surface", exchanged=True),
            ),
            "gamma": (Term(1.0, "kubo_broadened_sea", "sea"), Term(1.0, "kubo_broadened_surface", "surface")),
        },
    )
)
