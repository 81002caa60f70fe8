"""Conventional current {v, s} / 2."""

from solenoidal.definitions import Definition, Term, register

register(
    Definition(
        name="conventional",
        title="response of the current {v, s}/2",
        reference="Sinova et al., Phys. Rev. Lett. 92, 126603 (2004); interband Fermi-sea term",
        forms={"S": (Term(1.0, "spin_berry", "sea"),)},
    )
)
