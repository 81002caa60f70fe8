"""Groups and representations that several tests use."""

from pathlib import Path

import numpy as np

from solenoidal.model import BlochModel, Operator
from solenoidal.operators.harmonics import expansion
from solenoidal.symmetry import Crystal, Group, Orbitals, crystal_group, from_orbitals

ROOT = Path(__file__).resolve().parents[2]
FCC = 1.96 * np.array([[-1.0, 0, 1], [0, 1, 1], [-1, 1, 0]])
BCC = 1.435 * np.array([[1.0, 1, 1], [-1, 1, 1], [-1, -1, 1]])
DIAMOND = np.array([[0.0, 0, 0], [0.25, 0.25, 0.25]])
SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


def one_atom(lattice, moments=None):
    return crystal_group(Crystal(lattice, np.zeros((1, 3)), ("X",)), moments)


def diamond():
    lattice = 1.8 * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    return crystal_group(Crystal(lattice, DIAMOND, ("C", "C")))


def orbitals(labels, sites=1):
    C = np.concatenate([expansion(label) for label in labels])
    return [Orbitals(site, "1", C) for site in range(sites)]


def random_model(representation, seed=0, reach=1, spin_order="interlaced"):
    """Random Hermitian H, r and spin on the orbitals of a representation, without any symmetry."""
    rng = np.random.default_rng(seed)
    basis, D = representation.basis, len(representation.group.lattice)
    N = basis.size
    R = np.array(list(np.ndindex(*(2 * reach + 1,) * D))) - reach

    def field(n, local):
        X = (rng.normal(size=(len(R), n, N, N)) + 1j * rng.normal(size=(len(R), n, N, N))) * 0.1
        X[len(R) // 2] += local
        return (X + X[::-1].conj().swapaxes(-1, -2)) / 2

    half = np.eye(N // 2)
    s = [np.kron(half, x / 2) if spin_order == "interlaced" else np.kron(x / 2, half) for x in SIGMA]
    r = np.einsum("ai,ab->iab", basis.centres, np.eye(N))
    return BlochModel(
        lattice=representation.group.lattice,
        R=R,
        H=field(1, np.diag(np.linspace(-1, 1, N)))[:, 0],
        position=field(D, r),
        operators={
            "spin": Operator(field(3, s), ("x", "y", "z"), time_reversal=-1, transformation="axial"),
            "number": Operator(field(1, np.eye(N)), ("1",), unit="1", time_reversal=1, transformation="scalar"),
        },
        name="random",
    )


def spinful(group: Group, labels=("s", "p"), sites=None, order="interlaced"):
    sites = np.zeros((1, len(group.lattice))) if sites is None else sites
    return from_orbitals(group, sites, orbitals(labels, len(sites)), order)
