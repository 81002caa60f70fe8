"""Symmetry: bands, spins and tensors are those that the operations of the model allow."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solenoidal import responses
from solenoidal.checks import Check, Finding, register
from solenoidal.errors import InputError

if TYPE_CHECKING:
    from solenoidal.checks.context import Context
    from solenoidal.model import Operator
    from solenoidal.symmetry import Operation

Real = NDArray[np.float64]

#: Part of the summed magnitudes at all points below which a response is none; floors are this part of them.
SMALL, ROUNDING = 1e-3, 1e-13
#: Part of its natural size below which a response is none.
TINY = 1e-8


def band_residuals(context: "Context", operations: "list[Operation]", operator: "Operator") -> tuple[float, float]:
    """Largest change of e(k), relative to the band width, and of tr s_N(k), relative to s, from k to g k.

    Traces are compared where the levels form the same multiplets at both points.
    """
    from solenoidal.symmetry.fields import declared

    field = declared(context.job.system.operator, operator, context.model.source)
    here = context.probe.states
    e_gap = s_gap = 0.0
    for g in operations:
        there = context.states(context.probe.k @ g.reciprocal.T)
        e_gap = max(e_gap, float(abs(there.e - here.e).max()))
        same = (there.group == here.group).all(axis=1)
        before, after = (_traces(states.s, states.group)[same] for states in (here, there))
        s_gap = max(s_gap, float(abs(after - before @ np.asarray(field.matrix(g)).T).max(initial=0.0)))
    return e_gap / (context.width or 1.0), s_gap / (context.s_size or 1.0)


def _traces(s: NDArray[np.complex128], group: NDArray[np.int64]) -> Real:
    """``(n_k, N, n_s)`` trace of s over the multiplet of each level."""
    same = group[:, :, None] == group[:, None, :]
    return np.asarray(np.einsum("knm,kmam->kna", same, s).real)


def tensor_residual(context: "Context", operations: "list[Operation]", operator: "Operator") -> tuple[float, str]:
    """Largest forbidden part of a response on the mesh, relative to the largest component, and which response it is."""
    from solenoidal.symmetry.tensors import projector, response_matrices

    worst, where = 0.0, ""
    for name, values in context.outcome.values.items():
        response = responses.get(name)
        P = projector(response_matrices(operations, response, operator, context.model.dimension, context.model.source))
        X = values.reshape(*values.shape[:3], -1)
        scale = float(abs(X).max(initial=0.0))
        # Where every component is forbidden, the rest has to be small against the sum of the magnitudes, or against the
        # size of such a quantity in this crystal.
        magnitudes = context.outcome.floors.get(name, 0.0) / ROUNDING
        scale = max(scale, SMALL * magnitudes, TINY * _natural(context, response))
        if scale > 0.0 and X.size:
            residual = float(abs(X - X @ P.T).max()) / scale
            worst, where = max((worst, where), (residual, name))
    return worst, where


def _natural(context: "Context", response: responses.Response) -> float:
    """Size of s times as many lengths as the response has directions, per volume of the cell, eV or 1."""
    kinds = () if response.transformation is None else response.transformation.indices
    lengths = sum(2 if kind == "axial" else 1 for kind in kinds)
    return context.s_size * context.length**lengths / context.model.volume * min(1.0, context.width)


def _examine(context: "Context") -> Finding:
    from solenoidal import calculation, symmetry
    from solenoidal.bloch import select_axes
    from solenoidal.symmetry.fields import declared
    from solenoidal.symmetry.reduce import keeps_mesh
    from solenoidal.zone import Mesh

    model, name = context.model, context.job.system.operator
    if context.without_integrals:
        return Finding(None, context.without_integrals)
    operator = select_axes(model.operator(name), context.axes, model.source)
    try:
        field = declared(name, operator, model.source)
        observed = symmetry.observe(model, calculation.win_file(context.job))
    except InputError as error:
        return Finding(None, str(error))
    whole = [g for g in observed.group.operations if field.matrix(g) is not None]
    if len(whole) == 1:
        return Finding(None, f"no operation is found that the model has: {observed.sentence()}")
    on_mesh = [g for g in whole if keeps_mesh(g, Mesh(context.mesh, context.offset))]
    e, s = band_residuals(context, whole, operator)
    tensor, where = tensor_residual(context, on_mesh, operator)
    note = (
        f"{observed.sentence()} e(k): {e:.1e} of the band width, s: {s:.1e}, {where or 'tensors'}: {tensor:.1e} of the "
        f"largest component with the {len(on_mesh)} operations that keep the mesh."
    )
    return Finding(max(e, s, tensor), note)


register(
    Check(
        name="symmetry",
        kind="zone",
        says="Bands and spins at equivalent k, and the components of every response, obey the operations that the "
        "model is observed to have.",
        source="symmetry of the Hamiltonian; see solenoidal.symmetry",
        tolerance=1e-3,
        failure="The model has its symmetry only roughly, so that forbidden components do not vanish: set symmetrise = "
        "true in [system].",
        examine=_examine,
    )
)
