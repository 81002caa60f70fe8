"""What generators say about a whole group: residuals of products, and means over all operations.

An operation acts on the arrays of a model (matrices on R vectors, for every component) as an isometry A(g): it permutes
R vectors, changes orbitals by a unitary matrix and turns components by an orthogonal one.  With ``A(g) A(h) = A(h g)``

    |A(h g) X - X| = |A(g) (A(h) X - X) + A(g) X - X| <= |A(h) X - X| + |A(g) X - X|:

the residual of a product is at most the sum of the residuals of its factors, and a group is as exact as its generators.
The list of R vectors has to be closed under the group, as that of a symmetrised model is.  Elements that an operation
takes off a list count where their orbit leaves it; where it enters, they are missing: at most the residual times the
length of the orbit.
"""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["coset_representatives", "generated", "residual_bounds"]

Real = NDArray[np.float64]
Index = NDArray[np.int64]


def residual_bounds(
    table: Index, measure: Callable[[int], float], limit: float, wanted: Iterable[int] | None = None
) -> Real:
    """Upper bounds of the residuals of the operations of a group, measured for as few of them as will do.

    Parameters
    ----------
    table
        ``(n, n)`` number of the product of every pair; operation 0 is the identity.
    measure
        Residual of one operation, at most the sum of those of two of which it is the product.
    limit
        An operation is measured if no product of those measured before it keeps it at or below this number.
    wanted
        Numbers of the operations asked for, None for all.

    Returns
    -------
    NDArray
        ``(n,)``: for every operation asked for a bound at or below the limit, or else its residual itself.
    """
    out = np.full(len(table), np.inf)
    out[0] = 0.0
    # quotient[h, g] is the number of h^-1 g, so that g = h (h^-1 g).
    quotient = table[np.argmax(table == 0, axis=1)]
    for i in range(len(table)) if wanted is None else wanted:
        if not out[i] <= limit:
            out[i] = measure(i)
            out = _of_products(out, quotient)
    return out


def _of_products(bounds: Real, quotient: Index) -> Real:
    """Bounds of all products of operations whose bounds are known."""
    while True:
        new: Real = np.minimum(bounds, (bounds[:, None] + bounds[quotient]).min(axis=0))
        if np.array_equal(new, bounds):
            return new
        bounds = new


def generated(table: Index, numbers: Iterable[int]) -> Index:
    """Numbers of the subgroup that operations generate, ascending."""
    members = np.unique([0, *numbers])
    while len(larger := np.unique(table[np.ix_(members, members)])) > len(members):
        members = larger
    return np.asarray(members)


def coset_representatives(table: Index) -> list[list[int]]:
    """Steps from the identity to a whole group through subgroups.

    With ``G_0 = {1}`` and ``G_k`` the union of ``G_(k-1)`` and its cosets ``G_(k-1) t`` the mean over a group is a
    product of short means, ``mean over G_k = (1 + sum over t of A(t)) / n  (mean over G_(k-1))``.

    Parameters
    ----------
    table
        ``(n, n)`` number of the product of every pair; operation 0 is the identity.

    Returns
    -------
    list
        For every step the numbers t, one for each coset other than ``G_(k-1)`` itself.
    """
    members, out = np.array([0]), []
    while len(members) < len(table):
        new = int(np.setdiff1d(np.arange(len(table)), members)[0])
        larger = generated(table, [*members, new])
        step, left = [], np.setdiff1d(larger, members)
        while len(left):
            step.append(int(left[0]))
            left = np.setdiff1d(left, table[members, left[0]])
        out.append(step)
        members = larger
    return out
