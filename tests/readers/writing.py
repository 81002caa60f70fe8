"""A tiny Wannier90 calculation made from a tight-binding model, and writers of its files."""

import struct
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

LATTICE = np.diag([3.0, 3.5, 4.0])
RECIPROCAL = 2 * np.pi * np.linalg.inv(LATTICE).T
GRID = (2, 2, 1)
#: The orbitals are spin partners: 1, 2 up, 3, 4 down.
TAU = np.array([[0.1, 0.2, 0.3], [0.4, -0.3, 0.2], [0.1, 0.2, 0.3], [0.4, -0.3, 0.2]])
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
FERMI = 0.25


@dataclass
class Calculation:
    """What the files hold; V as a reader must find it, U_opt and U as the checkpoint stores them."""

    kpoints: np.ndarray
    E: np.ndarray
    c: np.ndarray
    neighbours: list  # of (k, k2, G, M)
    sigma: np.ndarray
    V: np.ndarray
    U: np.ndarray
    window: np.ndarray | None = None
    U_opt: np.ndarray | None = None

    @property
    def num_wann(self):
        return self.U.shape[-1]

    def on_mesh(self, X):
        """X between Bloch states (NK, .., NB, NB) to the Wannier gauge."""
        V = self.V.reshape(len(self.V), *[1] * (X.ndim - 3), *self.V.shape[1:])
        return V.conj().swapaxes(-1, -2) @ X @ V

    def hamiltonian(self):
        return self.on_mesh(self.E[:, :, None] * np.eye(self.E.shape[1]))


def hamiltonian(k):
    """H(k) of the model, (4, 4), with spin-orbit coupling, and without any symmetry."""
    rng = np.random.default_rng(7)
    out = np.zeros((4, 4), dtype=complex)
    for R in [(0, 0, 0), (1, 0, 0), (0, 1, 0)]:
        h = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
        out += h * np.exp(2j * np.pi * np.dot(k, R))
    return (out + out.conj().T) / 2


def calculation(disentangled=False):
    kpoints = np.array([[i / GRID[0], j / GRID[1], 0.0] for i, j in product(range(GRID[0]), range(GRID[1]))])
    solved = [np.linalg.eigh(hamiltonian(k)) for k in kpoints]
    E, c = np.array([s[0] for s in solved]), np.array([s[1] for s in solved])
    spin = np.array([np.kron(s, np.eye(2)) for s in PAULI])
    sigma = c.conj().swapaxes(1, 2)[:, None] @ spin @ c[:, None]
    calc = Calculation(kpoints, E, c, _overlaps(kpoints, c), sigma, c.conj().swapaxes(1, 2), c.conj().swapaxes(1, 2))
    if disentangled:
        _disentangle(calc)
    return calc


def _overlaps(kpoints, c):
    steps = [s * e for e in np.eye(3) / GRID for s in (1, -1)]
    out = []
    for k, kpoint in enumerate(kpoints):
        # The order of neighbours may differ from k to k, as real files may have it.
        for step in steps if k % 2 else steps[::-1]:
            target = kpoint + step
            k2 = int(np.argmin([abs((target - q) - np.round(target - q)).max() for q in kpoints]))
            G = np.round(target - kpoints[k2]).astype(int)
            phase = np.exp(-1j * TAU @ (step @ RECIPROCAL))
            out.append((k, k2, G, c[k].conj().T @ (phase[:, None] * c[k2])))
    return out


def _disentangle(calc):
    """Two Wannier functions from windows that begin above the first band at some k-points."""
    rng = np.random.default_rng(3)
    nk, nb = calc.E.shape
    calc.window = np.zeros((nk, nb), dtype=bool)
    calc.U_opt = np.full((nk, nb, 2), 7.0 + 0j)  # rows behind the window are padding
    calc.U = np.empty((nk, 2, 2), dtype=complex)
    calc.V = np.zeros((nk, nb, 2), dtype=complex)
    for k, (first, last) in enumerate([(0, 4), (1, 4), (2, 4), (1, 3)]):
        calc.window[k, first:last] = True
        calc.U_opt[k, : last - first] = np.linalg.qr(_random(rng, last - first, 2))[0]
        calc.U[k] = np.linalg.qr(_random(rng, 2, 2))[0]
        calc.V[k, first:last] = calc.U_opt[k, : last - first] @ calc.U[k]


def _random(rng, *shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def write_all(folder: Path, calc, *, seed="tiny", chk="chk", spn="unformatted"):
    """Write .win, .eig, .mmn, .spn and the checkpoint; return the seed name."""
    name = folder / seed
    write_win(f"{name}.win", calc)
    write_eig(f"{name}.eig", calc)
    write_mmn(f"{name}.mmn", calc)
    (write_spn if spn == "unformatted" else write_spn_text)(f"{name}.spn", calc.sigma)
    (write_chk if chk == "chk" else write_chk_text)(f"{name}.{chk}", calc)
    return name


def write_win(path, calc):
    rows = "\n".join(" ".join(f"{x:.8f}" for x in k) for k in calc.kpoints)
    cell = "\n".join(" ".join(f"{x:.8f}" for x in a) for a in LATTICE)
    Path(path).write_text(
        f"! tiny\nnum_wann = {calc.num_wann}\nNUM_BANDS : {calc.E.shape[1]}\nmp_grid 2 2 1 # mesh\n"
        f"fermi_energy = 2.5d-1\n"
        f"begin unit_cell_cart\nAng\n{cell}\nend unit_cell_cart\nbegin kpoints\n{rows}\nend kpoints"
    )


def write_eig(path, calc):
    lines = [f"{n + 1:5d}{k + 1:5d}{e:22.15f}\n" for k, row in enumerate(calc.E) for n, e in enumerate(row)]
    Path(path).write_text("".join(lines))


def write_mmn(path, calc):
    nk, nb = calc.E.shape
    lines = [f" made for a test\n{nb:12d}{nk:12d}{len(calc.neighbours) // nk:12d}\n"]
    for k, k2, G, M in calc.neighbours:
        lines.append("".join(f"{x:5d}" for x in (k + 1, k2 + 1, *G)) + "\n")
        lines += [f"{z.real:25.16E}{z.imag:25.16E}\n" for z in M.T.ravel()]
    Path(path).write_text("".join(lines))


def spn_values(sigma):
    """(NK, NB(NB+1)/2, 3): <n|s|m>, n <= m, the component fastest."""
    m, n = np.tril_indices(sigma.shape[-1])
    return sigma[:, :, n, m].swapaxes(1, 2)


def write_spn_text(path, sigma):
    lines = [f" made for a test\n{sigma.shape[-1]:12d}{len(sigma):12d}\n"]
    lines += [f"{z.real:26.16E}{z.imag:26.16E}\n" for z in spn_values(sigma).ravel()]
    Path(path).write_text("".join(lines))


def record(payload, order="<"):
    mark = struct.pack(f"{order}i", len(payload))
    return mark + payload + mark


def split_record(payload, longest):
    """A record in parts, as written when it is longer than a signed 4-byte count allows."""
    parts = [payload[i : i + longest] for i in range(0, len(payload), longest)]
    out = b""
    for i, part in enumerate(parts):
        head = -len(part) if i < len(parts) - 1 else len(part)
        tail = -len(part) if i > 0 else len(part)
        out += struct.pack("<i", head) + part + struct.pack("<i", tail)
    return out


def write_spn(path, sigma, order="<"):
    out = record(b"made for a test".ljust(60), order)
    out += record(struct.pack(f"{order}2i", sigma.shape[-1], len(sigma)), order)
    for values in spn_values(sigma):
        out += record(values.astype(f"{order}c16").tobytes(), order)
    Path(path).write_bytes(out)


def chk_items(calc, stage="postwann", lattice=LATTICE, reciprocal=RECIPROCAL):
    """(kind, values) of the records in file order; arrays already in Fortran order, first index fastest."""
    nk, nb = calc.E.shape
    nw, nn = calc.num_wann, len(calc.neighbours) // nk
    items = [("i", [nb]), ("i", [0]), ("column", []), ("r", lattice.T.ravel()), ("r", reciprocal.T.ravel())]
    items += [("i", [nk]), ("i", GRID), ("kpoints", calc.kpoints.ravel()), ("i", [nn]), ("i", [nw])]
    items += [("stage", stage), ("i", [int(calc.window is not None)])]
    if calc.window is not None:
        items += [("r", [1.0]), ("column", calc.window.ravel()), ("column", calc.window.sum(axis=1))]
        items += [("c", calc.U_opt.swapaxes(1, 2).ravel())]
    items += [("c", calc.U.swapaxes(1, 2).ravel()), ("c", np.zeros(nw * nw * nn * nk))]
    items += [("kpoints", TAU[:nw].ravel()), ("r", np.ones(nw))]
    return items


def write_chk(path, calc, order="<", **changes):
    kinds = {"i": "i4", "column": "i4", "r": "f8", "kpoints": "f8", "c": "c16"}
    out = record(b"written for a test".ljust(33), order)
    for kind, values in chk_items(calc, **changes):
        payload = values.ljust(20).encode() if kind == "stage" else np.asarray(values, order + kinds[kind]).tobytes()
        out += record(payload, order)
    Path(path).write_bytes(out)


def write_chk_text(path, calc, **changes):
    lines = ["written for a test"]
    for kind, values in chk_items(calc, **changes):
        if kind == "stage":
            lines.append(values)
        elif kind == "i":
            lines.append(" ".join(str(int(x)) for x in values))
        elif kind == "column":
            lines += [str(int(x)) for x in values]
        elif kind == "c":
            lines += [f"{z.real:25.17E}{z.imag:25.17E}" for z in np.asarray(values, dtype=complex)]
        elif kind == "kpoints":
            lines += ["".join(f"{x:25.17f}" for x in row) for row in np.reshape(values, (-1, 3))]
        else:
            lines.append("".join(f"{x:25.17G}" for x in values))
    Path(path).write_text("\n".join(lines) + "\n")


@dataclass
class Tables:
    """The same operators on the Wigner-Seitz vectors of the 2 x 2 x 1 mesh."""

    R: np.ndarray
    ndegen: np.ndarray
    H: np.ndarray
    r: np.ndarray


def tables(calc):
    """H_R and a position matrix with the orbital positions on its diagonal, by the plain sum over k-points."""
    R = np.array(list(product((-1, 0, 1), (-1, 0, 1), (0,))))
    phase = np.exp(-2j * np.pi * R @ calc.kpoints.T) / len(calc.kpoints)
    r = np.zeros((len(R), 3, calc.num_wann, calc.num_wann), dtype=complex)
    a = np.arange(calc.num_wann)
    r[4][:, a, a] = TAU[: calc.num_wann].T
    return Tables(R, 2 ** abs(R).sum(axis=1), np.einsum("rk,kab->rab", phase, calc.hamiltonian()), r)


def _degeneracies(t):
    return "".join("".join(f"{x:5d}" for x in t.ndegen[i : i + 15]) + "\n" for i in range(0, len(t.ndegen), 15))


def write_tb(path, t):
    N = t.H.shape[-1]
    out = " made for a test\n" + "".join("".join(f"{x:24.16f}" for x in a) + "\n" for a in LATTICE)
    out += f"{N:12d}\n{len(t.R):12d}\n" + _degeneracies(t)
    for X in (t.H[:, None], t.r):
        for R, x in zip(t.R, X, strict=True):
            out += "\n" + "".join(f"{i:5d}" for i in R) + "\n"
            for b, a in product(range(N), range(N)):
                numbers = "".join(f"{z.real:16.8E}{z.imag:16.8E}" for z in x[:, a, b])
                out += f"{a + 1:5d}{b + 1:5d}   {numbers}\n"
    Path(path).write_text(out)


def write_flat(path, t, X, *, count=True, ndegen=True):
    """_hr.dat, or with ndegen = False _r.dat; ``X`` is (n_R, C, N, N)."""
    N = X.shape[-1]
    out = f" made for a test\n{N:12d}\n" + f"{len(t.R):12d}\n" * count + _degeneracies(t) * ndegen
    for R, x in zip(t.R, X, strict=True):
        for b, a in product(range(N), range(N)):
            out += "".join(f"{i:5d}" for i in (*R, a + 1, b + 1))
            out += "".join(f"{z.real:12.6f}{z.imag:12.6f}" for z in x[:, a, b]) + "\n"
    Path(path).write_text(out)


def write_wsvec(path, t, *, used=False):
    """Every N = 1, T = 0."""
    N = t.H.shape[-1]
    out = f"## written for a test  with use_ws_distance=.{str(used).lower()}.\n"
    for R in t.R:
        for a, b in product(range(N), range(N)):
            out += "".join(f"{i:5d}" for i in (*R, a + 1, b + 1)) + "\n    1\n    0    0    0\n"
    Path(path).write_text(out)


def write_tables(folder: Path, calc, *, seed="tiny"):
    """Write _tb.dat, _hr.dat, _r.dat, _wsvec.dat and .win; return the seed name."""
    t, name = tables(calc), folder / seed
    write_win(f"{name}.win", calc)
    write_tb(f"{name}_tb.dat", t)
    write_flat(f"{name}_hr.dat", t, t.H[:, None])
    write_flat(f"{name}_r.dat", t, t.r, ndegen=False)
    write_wsvec(f"{name}_wsvec.dat", t)
    return name


def at(model, X, k):
    """Sum over R of exp(2 pi i k.R) X_R."""
    return np.tensordot(np.exp(2j * np.pi * model.R @ np.asarray(k)), X, axes=1)
