"""Complete a list of bonds to a Hermitian set of hopping matrices."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Vector", "plus_conjugate"]

Complex = NDArray[np.complex128]
Vector = tuple[int, ...]


def plus_conjugate(onsite: Complex, bonds: Iterable[tuple[Vector, Complex]]) -> dict[tuple[int, ...], Complex]:
    """Return ``{R: H_R}`` of ``onsite + sum_bonds (|0> X <R| + h.c.)``.

    Parameters
    ----------
    onsite
        ``(N, N)`` Hermitian.
    bonds
        Pairs ``(R, X)``, each physical bond once; R may occur several times, also with both signs.
    """
    table: dict[tuple[int, ...], Complex] = {}
    for R, X in bonds:
        back = tuple(-x for x in R)
        table[R] = table.get(R, np.zeros_like(onsite)) + X
        table[back] = table.get(back, np.zeros_like(onsite)) + X.conj().T
    home = (0,) * len(next(iter(table)))
    table[home] = table.get(home, np.zeros_like(onsite)) + onsite
    return table
