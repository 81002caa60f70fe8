"""The same crystal in a smooth gauge that depends on k: a position matrix with every R and no zeros."""

import itertools

import numpy as np
import oracle
import random_models as rm
from scipy import linalg

from solenoidal.model import BlochModel, Operator


def turned(model, n=21, seed=4):
    """``H -> U^+ H U``, ``A -> U^+ A U + i U^+ dU`` with U = exp(i X phi(k)), sampled on n^2 points; n is odd."""
    rng = np.random.default_rng(seed)
    X = rm.hermitian(rng, model.size) / 2
    X /= np.linalg.norm(X, 2)
    k = oracle.mesh_points((n, n), 0.0)
    angle = 2 * np.pi * k @ np.array([[1, 0], [1, 1], [0, -1]]).T + rng.uniform(0, 6, 3)
    weight = np.array([0.3, 0.2, 0.25])
    phi = np.sin(angle) @ weight
    dphi = (np.cos(angle) * weight) @ np.array([[1, 0], [1, 1], [0, -1]]) @ model.lattice
    U = np.stack([linalg.expm(1j * p * X) for p in phi])
    bra = U.conj().swapaxes(1, 2)

    def turn(O):
        return bra[:, None] @ O @ U[:, None]

    A = -dphi[:, :, None, None] * X
    if model.position is not None:
        A = A + turn(oracle.lattice_sum(model, model.position, k))
    R = np.array(list(itertools.product(range(-(n // 2), n // 2 + 1), repeat=2)))
    back = np.exp(-2j * np.pi * R @ k.T) / len(k)

    def real_space(O):
        Y = np.tensordot(back, O, axes=1)
        partner = Y[::-1].conj().swapaxes(-1, -2)  # the list of R is symmetric
        return (Y + partner) / 2

    op = model.operators["spin"]
    s = real_space(turn(oracle.lattice_sum(model, op.matrices, k)))
    return BlochModel(
        lattice=model.lattice,
        R=R,
        H=real_space(turn(oracle.lattice_sum(model, model.H, k)[:, None]))[:, 0],
        position=real_space(A),
        operators={"spin": Operator(s, op.components, time_reversal=-1)},
        name=model.name + " turned",
        source=model.name + " turned",
    )
