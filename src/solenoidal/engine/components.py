"""Which components of an operator are computed: those asked for, or more where symmetry then saves k-points.

An operation that turns a component asked for into others is of use only if those are known, too.  For s_z of a cubic
crystal a third of the operations remain; with all three components a k-point costs a sixth more and a third of the
points will do.
"""

import itertools
from collections.abc import Callable

from solenoidal.bloch import select_axes
from solenoidal.model import Operator

__all__ = ["cheapest", "cost"]

#: Cost of a k-point without operator in units of the cost of a component: diagonalising, velocities and what is made of
#: them.  One, two and three components take 1 : 1.2 : 1.4 in the measure of benchmarks/kernel.py, whatever is computed.
ALONE = 4.0


def cost(components: int, maps: int) -> float:
    """Relative cost of a sum over irreducible points: points of a mesh times cost of a point."""
    return (ALONE + components) / maps


def cheapest(operator: Operator, wanted: Operator, maps: Callable[[Operator], int]) -> Operator:
    """Operator with the components wanted and those others that make the sum over irreducible points cheapest.

    Parameters
    ----------
    operator
        With all its components.
    wanted
        With those asked for.
    maps
        Number of different maps of k to itself that symmetry gives for an operator: about so many points of a mesh are
        one.

    Returns
    -------
    Operator
        ``wanted`` itself where nothing is saved.
    """
    if operator.transformation not in ("polar", "axial"):
        return wanted
    others = [c for c in operator.components if c not in wanted.components]
    best, least = wanted, cost(len(wanted.components), maps(wanted))
    for n in range(1, len(others) + 1):
        for more in itertools.combinations(others, n):
            axes = tuple(c for c in operator.components if c in wanted.components or c in more)
            candidate = select_axes(operator, axes)
            if (price := cost(len(axes), maps(candidate))) < least:
                best, least = candidate, price
    return best
