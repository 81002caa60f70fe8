"""Arrays of a model with the way in which each transforms."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import Analytic
from solenoidal.errors import InputError
from solenoidal.model import BlochModel, Operator, Transformation
from solenoidal.symmetry.basis import Basis
from solenoidal.symmetry.operations import AXES, Operation, component_matrix

__all__ = ["Field", "about_sites", "fields_of", "operator_matrix", "refuse_other_models", "turned"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Field:
    """An operator in real space.

    Attributes
    ----------
    name
        ``"H"``, ``"position"`` or the name of an operator.
    X
        ``(n_R, n, N, N)``.
    kind
        How its components turn.
    components
        Positions of the components among x, y, z; None for those that do not turn.
    parity
        Sign under time reversal.
    """

    name: str
    X: Complex
    kind: Transformation
    components: tuple[int, ...] | None
    parity: int

    def matrix(self, g: Operation) -> Real | None:
        """``(n, n)`` M with ``g^-1 X g = M X``; None if the operation mixes in a component that is not there."""
        return operator_matrix(self.kind, self.components, self.parity, self.X.shape[1], g)


def refuse_other_models(model: BlochModel) -> None:
    """Refuse a model that is not one of electrons in localised orbitals.

    Raises
    ------
    InputError
        If it has a metric or gives its matrices at k only.
    """
    if model.metric is not None:
        raise InputError(f"{model.source}: symmetry is for electrons only, not for a model with a metric.")
    if isinstance(model, Analytic):
        raise InputError(f"{model.source}: symmetry needs hopping matrices, this model is defined at k only.")


def operator_matrix(
    kind: Transformation, components: tuple[int, ...] | None, parity: int, count: int, g: Operation
) -> Real | None:
    """``(count, count)`` M with ``g^-1 X g = M X``, or None if a component is missing."""
    sign = parity if g.time_reversal else 1
    M = component_matrix(kind, g)
    if components is None:
        return np.asarray(sign * M[0, 0] * np.eye(count))
    inside = list(components)
    outside = [i for i in range(3) if i not in components]
    if outside and abs(M[np.ix_(inside, outside)]).max() > 1e-6:
        return None
    return np.asarray(sign * M[np.ix_(inside, inside)])


def turned(M: Real, X: Complex) -> Complex:
    """``M X`` on the components of matrices ``(n_R, n, N, N)``."""
    return np.asarray(M @ X.reshape(*X.shape[:2], -1)).reshape(X.shape)


def about_sites(model: BlochModel, basis: Basis, sign: int = -1) -> Complex:
    """Position matrix with the sites of the orbitals taken off (``sign = -1``) or put back on its diagonal."""
    if model.position is None:
        raise ValueError("the model has no position matrix")
    X = model.position.copy()
    home = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    a = np.arange(model.size)
    X[home][:, a, a] += sign * basis.centres.T
    return X


def declared(name: str, op: Operator, source: str) -> Field:
    """Operator with its transformation.

    Raises
    ------
    InputError
        If the operator does not say how it transforms.
    """
    if op.transformation is None or op.time_reversal is None:
        what = "rotations" if op.transformation is None else "time reversal"
        raise InputError(
            f"{source}: operator '{name}' does not declare how it behaves under {what}, give it a transformation "
            f"(scalar, pseudoscalar, polar or axial) and a sign under time reversal."
        )
    components = None
    if op.transformation in ("polar", "axial"):
        if not set(op.components) <= set(AXES):
            raise InputError(
                f"{source}: operator '{name}' is declared as a vector, its components must be among x, y, z, "
                f"not {', '.join(op.components)}."
            )
        components = tuple(AXES.index(c) for c in op.components)
    return Field(name, op.matrices, op.transformation, components, op.time_reversal)


def fields_of(model: BlochModel, basis: Basis, undeclared: Literal["refuse", "skip"] = "refuse") -> list[Field]:
    """H, the position about the sites, and every operator of a model.

    Raises
    ------
    InputError
        If an operator does not declare how it transforms, unless such operators are to be skipped.
    """
    out = [Field("H", model.H[:, None], "scalar", None, +1)]
    if model.position is not None:
        out.append(Field("position", about_sites(model, basis), "polar", tuple(range(model.dimension)), +1))
    for name, op in model.operators.items():
        if undeclared == "skip" and (op.transformation is None or op.time_reversal is None):
            continue
        out.append(declared(name, op, model.source))
    return out
