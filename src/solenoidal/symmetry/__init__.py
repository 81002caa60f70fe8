"""Symmetry of crystals: which operations a model has, imposing them, allowed tensors, the irreducible zone.

Examples
--------
>>> from solenoidal import models, symmetry
>>> observed = symmetry.observe(models.haldane())
>>> len(observed.group), sum(g.time_reversal for g in observed.group.operations)
(12, 6)
"""

from solenoidal.symmetry.basis import Basis
from solenoidal.symmetry.candidates import (
    Crystal,
    crystal_group,
    lattice_rotations,
    site_operations,
    with_time_reversal,
)
from solenoidal.symmetry.finder import accepted, exact_representation
from solenoidal.symmetry.impose import Observed, exact_operations, impose, observe, representation_of
from solenoidal.symmetry.operations import Group, Operation, identity
from solenoidal.symmetry.projections import Projections, read_atoms, read_projections
from solenoidal.symmetry.reduce import Irreducible, irreducible_points
from solenoidal.symmetry.representation import Orbitals, Representation, from_matrices, from_orbitals
from solenoidal.symmetry.symmetrise import Change, SymmetryReport, symmetrise
from solenoidal.symmetry.tensors import allowed, projector, relations, response_matrices

__all__ = [
    "Basis",
    "Change",
    "Crystal",
    "Group",
    "Irreducible",
    "Observed",
    "Operation",
    "Orbitals",
    "Projections",
    "Representation",
    "SymmetryReport",
    "accepted",
    "allowed",
    "crystal_group",
    "exact_operations",
    "exact_representation",
    "from_matrices",
    "from_orbitals",
    "identity",
    "impose",
    "irreducible_points",
    "lattice_rotations",
    "observe",
    "projector",
    "read_atoms",
    "read_projections",
    "relations",
    "representation_of",
    "response_matrices",
    "site_operations",
    "symmetrise",
    "with_time_reversal",
]
