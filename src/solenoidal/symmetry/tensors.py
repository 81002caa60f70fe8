"""Which tensors a crystal allows: the projector on those that every operation leaves as they are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from solenoidal.errors import InputError
from solenoidal.model import Operator
from solenoidal.responses import Response
from solenoidal.symmetry.fields import declared
from solenoidal.symmetry.operations import AXES, Operation, component_matrix

__all__ = ["allowed", "projector", "relations", "response_matrices"]

Real = NDArray[np.float64]

#: Size below which an entry of a projector is rounding.
SMALL = 1e-9


def projector(matrices: Real) -> Real:
    """Projector on the invariant vectors of a group of matrices: their mean.

    Parameters
    ----------
    matrices
        ``(n, m, m)``, one for each operation of a group.

    Returns
    -------
    NDArray
        ``(m, m)``.
    """
    return np.asarray(np.mean(matrices, axis=0))


def response_matrices(
    operations: Sequence[Operation], response: Response, operator: Operator, dimension: int, source: str = "model"
) -> Real:
    """What operations do to the tensor of a response, flattened.

    Parameters
    ----------
    operations
        Of a group; translations do not matter.
    response
        Declares how its indices and its sign under time reversal transform.
    operator
        Declares how its components transform: they are the last index.
    dimension
        Number of periodic directions D.
    source
        What messages call the model.

    Returns
    -------
    NDArray
        ``(n_operations, m, m)`` with m the product of the lengths of the indices.

    Raises
    ------
    InputError
        If response or operator do not declare it, or an operation mixes in a component that the operator does not have.
    """
    if response.transformation is None:
        raise InputError(f"response '{response.name}' does not declare how it transforms, so symmetry cannot be used.")
    field = declared("of the response", operator, source)
    out = []
    for g in operations:
        s = field.matrix(g)
        if s is None:
            raise InputError(
                f"{source}: the operation {g} mixes components {', '.join(operator.components)} of the operator with "
                f"others, ask for all components."
            )
        total: Real = np.eye(1)
        for kind in response.transformation.indices:
            total = np.asarray(np.kron(total, _index(kind, g, dimension)), dtype=np.float64)
        sign = response.transformation.time_reversal if g.time_reversal else 1
        out.append(sign * np.kron(total, s))
    return np.array(out)


def _index(kind: str, g: Operation, dimension: int) -> Real:
    """Matrix of one index: polar ones run over the D periodic directions, axial ones over their pairs."""
    if kind == "polar":
        return component_matrix("polar", g)[:dimension, :dimension]
    axes = {1: [], 2: [2], 3: [0, 1, 2]}[dimension]
    return component_matrix("axial", g)[np.ix_(axes, axes)]


def allowed(P: Real) -> NDArray[np.bool_]:
    """Return ``(m,)``: which components of the flattened tensor may differ from zero."""
    return np.asarray(abs(P).max(axis=1, initial=0.0) > SMALL)


def relations(P: Real, labels: Sequence[str]) -> tuple[str, ...]:
    """Components that are zero, and those that are equal up to sign, in words: ``"xyz = -yxz"``.

    Parameters
    ----------
    P
        ``(m, m)`` projector.
    labels
        Name of each component.

    Returns
    -------
    tuple of str
        One entry for each set of equal components, the largest set first; independent components alone.
    """
    may = allowed(P)
    left = [i for i in range(len(P)) if may[i]]
    out: list[tuple[int, str]] = []
    while left:
        first, *rest = left
        same = [(first, "")]
        for j in rest:
            for sign, mark in ((1.0, ""), (-1.0, "-")):
                if abs(P[j] - sign * P[first]).max() < SMALL:
                    same.append((j, mark))
        left = [i for i in left if i not in {j for j, _ in same}]
        out.append((len(same), " = ".join(mark + labels[j] for j, mark in same)))
    return tuple(text for _, text in sorted(out, key=lambda entry: -entry[0]))


def labels(response: Response, operator: Operator, dimension: int) -> tuple[str, ...]:
    """Names of the components of a response in the order of :func:`response_matrices`."""
    if response.transformation is None:
        raise InputError(f"response '{response.name}' does not declare how it transforms, so symmetry cannot be used.")
    names = [""]
    for kind in response.transformation.indices:
        axes = AXES[:dimension] if kind == "polar" else {1: "", 2: "z", 3: AXES}[dimension]
        names = [name + axis for name in names for axis in axes]
    return tuple(name + (c if len(c) == 1 else f" {c}") for name in names for c in operator.components)
