"""Random crystals without any symmetry but the one asked for: what a law of the theory has to survive."""

import itertools

import numpy as np

from solenoidal.model import BlochModel, Operator

PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=complex)


def hermitian(rng, n):
    X = rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n))
    return (X + X.conj().T) / 2


def skewed_lattice(rng, dimension):
    return np.eye(dimension) + 0.25 * rng.uniform(-1, 1, size=(dimension, dimension))


def half_star(dimension):
    """First and second neighbours, one of each pair R, -R."""
    R = [r for r in itertools.product((-1, 0, 1), repeat=dimension) if 0 < sum(abs(x) for x in r) <= 2]
    return [r for r in R if r > tuple(-x for x in r)]


def random_hoppings(rng, dimension, n, scale=0.35):
    """On-site levels spread over the band width plus decaying complex hoppings."""
    table = {(0,) * dimension: hermitian(rng, n) * 0.5 + np.diag(np.linspace(-1.2, 1.2, n))}
    for r in half_star(dimension):
        X = rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n))
        table[r] = X * scale / np.sqrt(n) / sum(abs(x) for x in r)
    return table


def electrons(seed, dimension=2, n=3, components=2, positions=False, gap=0.0):
    """Random tight-binding model with a random local Hermitian ``s`` ("spin", named x, y, ..).

    With ``positions`` the orbitals sit in pairs on sites at random places and s is block-diagonal over the
    sites, so that it commutes with the position.  ``gap`` adds diag(0, gap, 2 gap, ..) on site.
    """
    rng = np.random.default_rng(seed)
    table = random_hoppings(rng, dimension, n)
    origin = (0,) * dimension
    table[origin] = table[origin] + gap * np.diag(np.arange(n))
    s = np.stack([hermitian(rng, n) for _ in range(components)])
    tau = None
    if positions:
        site = np.arange(n) // 2
        tau = rng.uniform(-0.4, 0.4, size=(n, dimension))[site]
        s = s * (site[:, None] == site[None, :])
    return BlochModel.from_hoppings(
        skewed_lattice(rng, dimension),
        table,
        orbital_positions=tau,
        local_operators={"spin": (s, ("x", "y", "z")[:components])},
        name=f"random electrons {seed}",
    )


def doublets(seed, dimension=2, splitting=0.0, split_seed=0, gap=1.5):
    """Three orbitals x spin with the local antiunitary i sigma_y K at every k: twofold degenerate bands.

    ``H = h_0 x 1 + sum_i h_i x sigma_i`` with h_0(k) real symmetric and h_i(k) imaginary antisymmetric, hence
    symmetric complex hoppings for h_0 and antisymmetric ones for h_i.  ``splitting`` adds a random smooth
    term that breaks the symmetry; s is random and does not respect it.
    """
    rng = np.random.default_rng(seed)
    table = {}
    for r in [(0,) * dimension, *half_star(dimension)]:
        onsite = not any(r)
        X = [rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)) * (not onsite) for _ in range(4)]
        scale = 0.5 if onsite else 0.25 / sum(abs(x) for x in r)
        h = np.kron((X[0] + X[0].T) / 2, np.eye(2)) * scale
        for x, sigma in zip(X[1:], PAULI, strict=True):
            h = h + np.kron((x - x.T) / 2 * (1j if onsite else 1), sigma) * scale
        table[r] = h
    origin = (0,) * dimension
    table[origin] = table[origin] + np.kron(np.diag([-gap, 0.0, gap]), np.eye(2))
    s = np.stack([hermitian(rng, 6) for _ in range(2)])
    lattice = skewed_lattice(rng, dimension)
    noise = random_hoppings(np.random.default_rng(split_seed), dimension, 6)
    for r, h in noise.items():
        table[r] = table[r] + splitting * h
    return BlochModel.from_hoppings(
        lattice, table, local_operators={"spin": (s, ("x", "y"))}, name=f"random doublets {seed}"
    )


SIGMA_X = np.kron(PAULI[0], np.eye(2))
METRICS = {
    "diagonal": np.diag([1.0, 1.0, -1.0, -1.0]).astype(complex),
    "particle-hole": np.diag([1.0, 1.0, -1.0, -1.0]).astype(complex),
    "symplectic": np.kron(-PAULI[1], np.eye(2)),
}


def bosons(seed, kind="diagonal", dimension=2, k_dependent_s=False, positions=False):
    """Four branches with a metric and positive definite H(k); ``kind`` is a key of METRICS.

    "particle-hole": X(k) = Sigma_x X(-k)^* Sigma_x for H and s; "symplectic": real fields (u, p).  With
    ``positions`` the two bosons sit at random places and s does not connect them.
    """
    rng = np.random.default_rng(seed)
    reality = {"diagonal": None, "particle-hole": SIGMA_X, "symplectic": np.eye(4)}[kind]

    def real(X):
        return X if reality is None else (X + reality @ X.conj() @ reality) / 2

    table = {r: real(h) for r, h in random_hoppings(rng, dimension, 4, 0.25).items()}
    origin = (0,) * dimension
    table[origin] = table[origin] + np.diag([0.0, 0.9, 0.0, 0.9])
    table[origin] = table[origin] + (0.4 - lowest_level(table)) * np.eye(4)
    s = {origin: real(hermitian(rng, 4))}
    if k_dependent_s:
        s |= {r: 0.2 * h for r, h in random_hoppings(rng, dimension, 4).items() if r != origin}
    model = BlochModel.from_hoppings(
        skewed_lattice(rng, dimension),
        table,
        metric=METRICS[kind],
        statistics="bose",
        name=f"bosons {kind} {seed}",
    )
    return model.with_operators(spin=Operator(_on_vectors(model, s), ("x",), unit="1"))


def lowest_level(table, n=24):
    """Lowest eigenvalue of H(k) on an n^D mesh; R = 0 counts once, every other R with its partner."""
    dimension = len(next(iter(table)))
    k = np.array(list(itertools.product(np.arange(n) / n, repeat=dimension)))
    half = sum(np.exp(2j * np.pi * k @ np.array(r))[:, None, None] * (h if any(r) else h / 2) for r, h in table.items())
    return float(np.linalg.eigvalsh(half + half.conj().swapaxes(1, 2)).min())


def _on_vectors(model, table):
    S = np.zeros((len(model.R), 1, model.size, model.size), dtype=complex)
    index = {tuple(r): j for j, r in enumerate(model.R.tolist())}
    for r, X in table.items():
        S[index[r], 0] += X / 2 if not any(r) else X
        S[index[tuple(-x for x in r)], 0] += X.conj().T / 2 if not any(r) else X.conj().T
    return S


def transformed(model, hopping, spin, lattice=None):
    """Partner crystal: ``hopping(R, H_R) -> (R', H')`` for H and ``spin(s)`` for the local operator."""
    table = dict(hopping(tuple(r), h) for r, h in zip(model.R.tolist(), model.H, strict=True))
    origin = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    op = model.operators["spin"]
    local = np.stack([spin(s) for s in op.matrices[origin]])
    return BlochModel.from_hoppings(
        model.lattice if lattice is None else lattice,
        table,
        local_operators={"spin": (local, op.components)},
        name=model.name + " (partner)",
    )


def doubled_cell(model, axis=0):
    """The same crystal described with a cell twice as long along ``axis``; both halves keep their places."""
    n, D = model.size, model.dimension
    lattice = model.lattice.copy()
    lattice[axis] *= 2
    index: dict[tuple[int, ...], int] = {}
    blocks = []
    for j, R in enumerate(model.R):
        for a in (0, 1):  # <a, cell 0| X |b, cell R'>: the small cell a + R[axis] = b + 2 R'[axis]
            b, far = (a + R[axis]) % 2, (a + R[axis]) // 2
            r = R.copy()
            r[axis] = far
            blocks.append((index.setdefault(tuple(int(x) for x in r), len(index)), a, b, j))
    vectors = np.array(list(index), dtype=np.int64)

    def widen(X):
        out = np.zeros((len(vectors), *X.shape[1:-2], 2 * n, 2 * n), dtype=complex)
        for r, a, b, j in blocks:
            out[r, ..., a * n : (a + 1) * n, b * n : (b + 1) * n] = X[j]
        return out

    position = np.zeros((len(model.R), D, n, n), dtype=complex) if model.position is None else model.position
    position = widen(position)
    origin = index[(0,) * D]
    for i in range(D):
        position[origin, i, n:, n:] += model.lattice[axis, i] * np.eye(n)
    return BlochModel(
        lattice=lattice,
        R=vectors,
        H=widen(model.H),
        position=position,
        operators={
            name: Operator(widen(op.matrices), op.components, op.unit, op.flow, op.time_reversal)
            for name, op in model.operators.items()
        },
        name=model.name + " doubled",
    )
