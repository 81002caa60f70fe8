"""A slow, independent reference for every zone integral of the package.

Plain numpy and explicit band sums; the package is used for the matrices ``X_R`` of a model only.  Units hbar
= e = 1; an integral is ``(1 / (n_k V)) sum_k``; a conductivity has the indices (current i, field l, component
of s).

One remark replaces all bookkeeping of a metric ``eta``: with the first-quantised operators ``eta X`` and the
right eigenvectors U of ``eta H``, the matrices ``U^-1 (eta X) U`` obey the formulas of electrons with
ordinary products and traces.  The reference therefore knows no signs eta_n at all, apart from the choice of
the positive branch.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from solenoidal.model import BlochModel

# ------------------------------------------------------------------------------------------------------------
# matrices at k


@dataclass(frozen=True)
class Matrices:
    """First-quantised matrices at n_k points: operators ``eta X`` and their covariant derivatives.

    H (n_k, N, N); v (n_k, D, N, N) with v^i = D_i H; dv (n_k, D, D, N, N) with dv[:, l, i] = D_l v^i;
    s (n_k, n_s, N, N); ds (n_k, D, n_s, N, N) with D_i s; metric (N, N).
    """

    H: np.ndarray
    v: np.ndarray
    dv: np.ndarray
    s: np.ndarray
    ds: np.ndarray
    metric: np.ndarray


def lattice_sum(model, X, k, directions=()):
    """``sum_R (prod_i i R_i) exp(2 pi i k.R) X_R``, Cartesian R, for each direction i of a derivative."""
    k = np.asarray(k, dtype=float)
    weight = np.exp(2j * np.pi * (k @ model.R.T))
    R = model.R @ model.lattice
    for i in directions:
        weight = weight * 1j * R[:, i]
    return np.tensordot(weight, X, axes=(1, 0))


def commutator(a, b):
    return a @ b - b @ a


def from_arrays(H, dH, ddH, A, dA, s, ds, metric=None):
    """Covariant matrices from plain derivatives; ddH[:, l, i], dA[:, l, i] = d_l A_i, ds[:, l, c]; A may be
    None.

    All arguments are observables X; what is stored are the operators eta X.
    """
    N, D = H.shape[-1], dH.shape[1]
    eta = np.eye(N) if metric is None else metric
    H, dH, ddH, s, ds = (eta @ X for X in (H, dH, ddH, s, ds))
    if A is None:
        return Matrices(H, dH, ddH, s, ds, eta)
    A, dA = eta @ A, eta @ dA
    v = np.stack([dH[:, i] + 1j * commutator(H, A[:, i]) for i in range(D)], axis=1)
    dv = np.zeros_like(ddH)
    Ds = np.zeros_like(ds)
    for l in range(D):
        for i in range(D):
            plain = ddH[:, l, i] + 1j * commutator(dH[:, l], A[:, i]) + 1j * commutator(H, dA[:, l, i])
            dv[:, l, i] = plain + 1j * commutator(v[:, i], A[:, l])
        for c in range(s.shape[1]):
            Ds[:, l, c] = ds[:, l, c] + 1j * commutator(s[:, c], A[:, l])
    return Matrices(H, v, dv, s, Ds, eta)


def matrices(model: BlochModel, k, operator="spin", axes=None):
    """Matrices of the model at fractional k ``(n_k, D)``."""
    D, op = model.dimension, model.operator(operator)
    chosen = range(len(op.components)) if axes is None else [op.components.index(a) for a in axes]
    S = op.matrices[:, list(chosen)]
    first = [(i,) for i in range(D)]
    dd = [[(l, i) for i in range(D)] for l in range(D)]
    H = lattice_sum(model, model.H, k)
    dH = np.stack([lattice_sum(model, model.H, k, i) for i in first], axis=1)
    ddH = np.stack([np.stack([lattice_sum(model, model.H, k, li) for li in row], axis=1) for row in dd], axis=1)
    s = lattice_sum(model, S, k)
    ds = np.stack([lattice_sum(model, S, k, i) for i in first], axis=1)
    A = dA = None
    if model.position is not None:
        A = lattice_sum(model, model.position, k)
        dA = np.stack([lattice_sum(model, model.position, k, i) for i in first], axis=1)
    return from_arrays(H, dH, ddH, A, dA, s, ds, model.metric)


# ------------------------------------------------------------------------------------------------------------
# eigenstates and multiplets


@dataclass(frozen=True)
class Bands:
    """The eigenbasis: e (n_k, N), operators as in `Matrices`, same[n, m] = n and m in one multiplet."""

    e: np.ndarray
    sign: np.ndarray
    v: np.ndarray
    dv: np.ndarray
    s: np.ndarray
    same: np.ndarray

    @property
    def w(self):
        return self.e[:, :, None] - self.e[:, None, :]

    @property
    def G(self):
        """1 / (e_n - e_m) between multiplets, zero inside."""
        w = np.where(self.same, 1.0, self.w)
        return np.where(self.same, 0.0, 1.0 / w)

    @property
    def A(self):
        """Interband connection -i v_nm / w_nm, zero inside a multiplet; (n_k, D, N, N)."""
        return -1j * self.v * self.G[:, None]

    @property
    def J(self):
        """(n_k, D, n_s, N, N)."""
        v, s = self.v[:, :, None], self.s[:, None]
        return (v @ s + s @ v) / 2

    @property
    def tau(self):
        """i [H, s], (n_k, n_s, N, N)."""
        return 1j * self.w[:, None] * self.s

    @property
    def dtau(self):
        """D_i tau = i [v^i, s] for D_i s = 0, (n_k, D, n_s, N, N)."""
        return 1j * commutator(self.v[:, :, None], self.s[:, None])


def chains(e, degeneracy):
    """same (n_k, N, N): levels connected by steps smaller than ``degeneracy``."""
    order = np.argsort(e, axis=1)
    step = np.diff(np.take_along_axis(e, order, 1), axis=1) >= degeneracy
    label = np.concatenate([np.zeros((len(e), 1), int), np.cumsum(step, axis=1)], axis=1)
    out = np.empty_like(label)
    np.put_along_axis(out, order, label, 1)
    return out[:, :, None] == out[:, None, :]


def diagonalise(m: Matrices, degeneracy=1e-6, rotate=None):
    """Bands of ``eta H``; ``rotate`` (a random generator) mixes the states inside every multiplet."""
    if np.array_equal(m.metric, np.eye(m.H.shape[-1])):
        e, U = np.linalg.eigh(m.H)
        inverse = U.conj().swapaxes(1, 2)
    else:
        e, U = np.linalg.eig(m.H)
        assert abs(e.imag).max() < 1e-8 * max(1.0, abs(e.real).max()), "a complex frequency"
        e = e.real
        order = np.argsort(e, axis=1)
        e, U = np.take_along_axis(e, order, 1), np.take_along_axis(U, order[:, None, :], 2)
        inverse = np.linalg.inv(U)
    same = chains(e, degeneracy)
    if rotate is not None:
        X = rotate.normal(size=U.shape) + 1j * rotate.normal(size=U.shape)
        Q = np.linalg.qr(np.where(same, X, 0))[0]
        U, inverse = U @ Q, Q.conj().swapaxes(1, 2) @ inverse
    norm = np.einsum("kan,ab,kbn->kn", U.conj(), m.metric, U).real

    def basis(X):
        extra = (slice(None),) + (None,) * (X.ndim - 3)
        return inverse[extra] @ X @ U[extra]

    return Bands(e, np.sign(norm), basis(m.v), basis(m.dv), basis(m.s), same)


def solve(model, k, operator="spin", axes=None, degeneracy=1e-6, rotate=None):
    return diagonalise(matrices(model, k, operator, axes), degeneracy, rotate)


# ------------------------------------------------------------------------------------------------------------
# one nondegenerate band (or, summed over its members, one multiplet): theory notes, sections 1 and 2


def velocity(b):
    return np.einsum("kinn->kni", b.v).real


def spin(b):
    return np.einsum("kcnn->knc", b.s).real


def current(b):
    return np.einsum("kicnn->knic", b.J).real


def berry(b):
    """Omega^{il}_n, (n_k, N, i, l)."""
    return -2 * np.einsum("kinm,klmn,knm->knil", b.v, b.v, b.G**2).imag


def spin_berry(b):
    """Omega^{lis}_n, stored (n_k, N, i, l, c): current i, field l."""
    return -2 * np.einsum("klnm,kicmn,knm->knilc", b.v, b.J, b.G**2).imag


def dipole(b):
    """d^i_n, (n_k, N, i, c)."""
    return np.einsum("kinm,kcmn,knm->knic", b.v, b.s, b.G).imag


def torque_dipole(b):
    return np.einsum("kinm,kcmn,knm->knic", b.v, b.tau, b.G).imag


def torque_berry(b):
    """Omega^{i tau}_n, which is d_i s_n; (n_k, N, i, c)."""
    return -2 * np.einsum("kinm,kcmn,knm->knic", b.v, b.tau, b.G**2).imag


def current_dipole(b):
    """d^{lis}_n = d^l_n[J^i], stored (n_k, N, l, i, c)."""
    return np.einsum("klnm,kicmn,knm->knlic", b.v, b.J, b.G).imag


def moment(b):
    """m^{il}_n = d^i_n[v^l], (n_k, N, i, l)."""
    return np.einsum("kinm,klmn,knm->knil", b.v, b.v, b.G).imag


def dipole_gradient(b):
    """d_l d^i_n from the projector derivative, stored (n_k, N, l, i, c)."""
    G, v, dv, s, P = b.G, b.v, b.dv, b.s, b.same.astype(float)
    vn = velocity(b)
    terms = (
        np.einsum("klnm,knm,kimp,knp,kcpn->knlic", v, G, v, G, s)
        + np.einsum("klinm,knm,kcmn->knlic", dv, G, s)
        + np.einsum("kinm,knm,klmp,knp,kcpn->knlic", v, G, v, G, s)
        - np.einsum("knl,kinm,knm,kcmn->knlic", vn, v, G**2, s)
        - np.einsum("kinp,knp,klpm,knm,kcmn->knlic", v, P, v, G**2, s)
        - np.einsum("kinm,knm,klmp,knp,kcpn->knlic", v, G**2, v, P, s)
        + np.einsum("kinm,knm,kcmp,knp,klpn->knlic", v, G, s, G, v)
    )
    return terms.imag


def interband_torque_dipole(b):
    """d^{i tau}_{mn} of note [33] of the Letter in covariant form, m != n; (n_k, i, c, m, n)."""
    vn = np.einsum("kinn->kin", b.v)[:, :, None, None, :]
    tau, A = b.tau[:, None], b.A[:, :, None]
    return b.dtau * 0.5j + tau @ A + 1j * tau * vn * b.G[:, None, None]


def polarizability_interband(b):
    """-2 Im sum_m v^l_nm d^{i tau}_mn / w^2: what chi has beside d_i d^l_n; (n_k, N, i, l, c)."""
    return -2 * np.einsum("klnm,kicmn,knm->knilc", b.v, interband_torque_dipole(b), b.G**2).imag


def polarizability(b):
    """chi^{il tau}_n = d_i d^l_n - 2 Im sum_m v^l_nm d^{i tau}_mn / w^2, (n_k, N, i, l, c)."""
    return dipole_gradient(b) + polarizability_interband(b)


def quadrupole(b):
    """q^{il tau}_n from its own definition (bosons, section 2), (n_k, N, i, l, c)."""
    A = b.A
    first = np.einsum("kinm,kcmp,klpn->knilc", A, b.tau, A).real / 2
    cross = np.einsum("kinm,klcmn->knilc", A, b.dtau).imag
    return first - (cross + cross.swapaxes(2, 3)) / 4


def dipole_antisymmetry(b):
    """2 Im <D_i n|s|D_l n>, (n_k, N, i, l, c)."""
    return 2 * np.einsum("kinm,knm,kcmp,knp,klpn->knilc", b.v, b.G, b.s, b.G, b.v).imag


# ------------------------------------------------------------------------------------------------------------
# multiplets: block matrices


def berry_block(b):
    """Omega^{il}_N as a matrix inside the multiplet, (n_k, i, l, N, N)."""
    A = b.A
    product = A[:, :, None] @ A[:, None, :]
    return 1j * (product - product.swapaxes(1, 2)) * b.same[:, None, None]


def dipole_block(b):
    """d^i_N, (n_k, i, c, N, N)."""
    A, s = b.A[:, :, None], b.s[:, None]
    return (A @ s + s @ A) / 2 * b.same[:, None, None]


def moment_block(b):
    """m^{il}_N, (n_k, i, l, N, N)."""
    A, v = b.A[:, :, None], b.v[:, None]
    return (A @ v + v @ A) / 2 * b.same[:, None, None]


def berry_spin(b):
    """Diagonal of Omega^{li}_N s_N, stored (n_k, N, i, l, c)."""
    s = b.s * b.same[:, None]
    return np.einsum("klinm,kcmn->knilc", berry_block(b), s).real


def velocity_dipole(b):
    """Diagonal of v^l_N d^i_N, stored (n_k, N, i, l, c)."""
    v = b.v * b.same[:, None]
    return np.einsum("klnm,kicmn->knilc", v, dipole_block(b)).real


def spin_moment(b):
    """Diagonal of s_N m^{il}_N, stored (n_k, N, i, l, c)."""
    s = b.s * b.same[:, None]
    return np.einsum("kcnm,kilmn->knilc", s, moment_block(b)).real


# ------------------------------------------------------------------------------------------------------------
# functions of energy


@dataclass(frozen=True)
class Fermi:
    """Fermi function, its integral g (dg/de = f) and stable divided differences, in units of kT = T."""

    mu: float
    T: float

    def x(self, e):
        return (np.asarray(e) - self.mu) / self.T

    def f(self, e):
        return 0.5 * (1 - np.tanh(self.x(e) / 2))

    def df(self, e):
        return -0.25 / np.cosh(np.clip(self.x(e) / 2, -300, 300)) ** 2 / self.T

    def ddf(self, e):
        return -self.df(e) * np.tanh(self.x(e) / 2) / self.T

    def g(self, e):
        return -self.T * np.logaddexp(0.0, -self.x(e))

    def f2(self, a, b):
        """f[a, b]."""
        x, y = np.maximum(a, b), np.minimum(a, b)
        u = (x - y) / self.T
        ratio = np.where(u > 0, -np.expm1(-u) / np.where(u > 0, u, 1), 1)
        return -self.f(y) * (1 - self.f(x)) * ratio / self.T

    def f3(self, a, b, c):
        """f[a, b, c]: divide the difference of the two first ones by the largest gap."""
        lo, mid, hi = np.sort(np.stack(np.broadcast_arrays(a, b, c)), axis=0)
        gap = hi - lo
        close = gap < 2e-4 * self.T
        safe = np.where(close, 1.0, gap)
        return np.where(close, self.ddf((a + b + c) / 3) / 2, (self.f2(mid, hi) - self.f2(lo, mid)) / safe)


@dataclass(frozen=True)
class Entropy(Fermi):
    """Entropy of a level S = -dg/dT in the place of f: conductivity -> Nernst coefficient alpha."""

    def f(self, e):
        return self.x(e) * super().f(e) - super().g(e) / self.T

    def df(self, e):
        return self.x(e) * super().df(e)


# ------------------------------------------------------------------------------------------------------------
# integrands over the zone, (n_k, i, l, c); F is a function of energy with .f and .df


def conventional(b, F):
    """f_n Omega^{lis}_n as differences of occupations, Im(J^i_nm v^l_mn) (f_n - f_m) / w^2."""
    f = F.f(b.e)
    return np.einsum("knm,knm,kicnm,klmn->kilc", f[:, :, None] - f[:, None, :], b.G**2, b.J, b.v).imag


def eq11(b, F, form="S"):
    """Eq. (11) of the Letter: surface form (S), degeneracy-safe form (P) or the Fermi sea."""
    f, surface = F.f(b.e), -F.df(b.e)
    Omega_s, vd = berry_spin(b), velocity_dipole(b)
    if form == "S":
        return np.einsum("kn,knilc->kilc", f, Omega_s) + np.einsum("kn,knilc->kilc", surface, vd)
    if form == "P":
        sea = Omega_s / 2 + dipole_antisymmetry(b) / 2
        shell = (vd + vd.swapaxes(2, 3)) / 2
        return np.einsum("kn,knilc->kilc", f, sea) + np.einsum("kn,knilc->kilc", surface, shell)
    if form == "sea":
        gradient = np.einsum("knlic->knilc", dipole_gradient(b))
        return np.einsum("kn,knilc->kilc", f, Omega_s + gradient)
    raise ValueError(form)


def eq15(b, F, form="S"):
    """Eq. (15): Eq. (11) without the surface term v^l d^i of form (S), whatever the form of the rest."""
    return eq11(b, F, form) - np.einsum("kn,knilc->kilc", -F.df(b.e), velocity_dipole(b))


def kubo_sea(b, F):
    """First term of (K): the explicit triple sum, antisymmetric in (i, l).

    Triples inside one multiplet are the intra-multiplet pairs that the q -> 0 response leaves out
    (tests/test_kubo_form.py); they contribute where velocities do not commute, as at a Kramers point.
    """
    e = b.e
    f3 = F.f3(e[:, :, None, None], e[:, None, :, None], e[:, None, None, :])
    f3 = np.where(b.same[:, :, :, None] & b.same[:, :, None, :], 0.0, f3)
    return -np.einsum("knmp,kcnm,kimp,klpn->kilc", f3, b.s, b.v, b.v).imag


def kubo(b, F):
    """(K): triple sum plus the Fermi-surface term with traces over multiplets."""
    shell = velocity_dipole(b) - spin_moment(b)
    return kubo_sea(b, F) + np.einsum("kn,knilc->kilc", -F.df(b.e), shell)


def broadened(F, gamma, x, y):
    """Phi(x, y) = f[x, y] (x - y)^2 / ((x - y)^2 + gamma^2)."""
    u2 = (x - y) ** 2
    return F.f2(x, y) * u2 / (u2 + gamma**2)


def broadened_quotient(F, gamma, x, y, z):
    """[Phi(x, y) - Phi(x, z)] / (y - z), in a form that holds for y = z as well."""
    u, w = x - y, x - z
    return F.f3(x, y, z) * u**2 / (u**2 + gamma**2) - F.f2(x, z) * gamma**2 * (u + w) / (
        (u**2 + gamma**2) * (w**2 + gamma**2)
    )


def kubo_gamma(b, F, gamma):
    """(K gamma): every pair of levels, nothing grouped."""
    e = b.e
    Q = broadened_quotient(F, gamma, e[:, :, None, None], e[:, None, :, None], e[:, None, None, :])
    return -np.einsum("knmp,kcnm,kimp,klpn->kilc", Q, b.s, b.v, b.v).imag


def conventional_gamma(b, F, gamma):
    f = F.f(b.e)
    weight = (f[:, :, None] - f[:, None, :]) / (b.w**2 + gamma**2)
    return np.einsum("knm,kicnm,klmn->kilc", weight, b.J, b.v).imag


def kubo_vertex(b):
    """X^{il}_n of section 5, (n_k, N, i, l, c); levels or exactly degenerate multiplets."""
    G, v, s = b.G, b.v, b.s
    inside = b.v * b.same[:, None]
    X = np.einsum("klnm,knm,kimp,knp,kcpn->knilc", v, G, v, G, s).imag
    X -= np.einsum("klnp,kipm,knm,kcmn->knilc", inside, v, G**2, s).imag
    return X - X.swapaxes(2, 3)


def kubo_minus_eq11(b, F):
    """Closed form of section 5."""
    vd = velocity_dipole(b)
    shell = -(vd - vd.swapaxes(2, 3)) / 2
    return np.einsum("kn,knilc->kilc", F.f(b.e), kubo_vertex(b)) + np.einsum("kn,knilc->kilc", -F.df(b.e), shell)


# equilibrium


def magnetization(b, F):
    """M^{li} of Eq. (6), stored (n_k, i, l, c) -> M^{li} = out[:, l, i]; F needs .f and .g."""
    f, g = F.f(b.e), F.g(b.e)
    d2 = current_dipole(b)
    vd = velocity_dipole(b)  # [i, l] = v^l d^i
    shell = (d2 - d2.swapaxes(2, 3)) / 2 + (vd - vd.swapaxes(2, 3)) / 2
    curvature = np.einsum("knilc->knlic", berry_spin(b))
    return np.einsum("kn,knlic->klic", f, shell) + np.einsum("kn,knlic->klic", g, curvature)


def equilibrium_current(b, F):
    """(conventional, torque dipole): their zone integrals cancel; each (n_k, i, c)."""
    f, g = F.f(b.e), F.g(b.e)
    conv = np.einsum("kn,knic->kic", f, current(b))
    torque = np.einsum("kn,knic->kic", f, torque_dipole(b)) + np.einsum("kn,knic->kic", g, torque_berry(b))
    return conv, torque


def torque_dipole_density(b, F):
    """The same torque dipole as a double sum with g[a, a, b], safe at degeneracies."""
    a, c = b.e[:, :, None], b.e[:, None, :]
    gap = a - c
    close = abs(gap) < 1e-6 * F.T
    safe = np.where(close, 1.0, gap)
    g2 = np.where(close, F.f(a) + 0 * c, (F.g(a) - F.g(c)) / safe)
    g3 = np.where(close, F.df(a) / 2 + 0 * c, (F.f(a) - g2) / safe)
    return np.einsum("kinm,kcmn,knm->kic", b.v, b.tau, g3).imag


# ------------------------------------------------------------------------------------------------------------
# the zone


def mesh_points(mesh, offset=0.5):
    """Fractional points (j + offset) / n along every axis; offset a number or one per axis."""
    shift = np.broadcast_to(np.asarray(offset, dtype=float), (len(mesh),))
    axes = [(np.arange(n) + o) / n for n, o in zip(mesh, shift, strict=True)]
    return np.array(list(itertools.product(*axes)))


def integrate(model, integrand, mesh, offset=0.5, operator="spin", axes=None, degeneracy=1e-6, block=400):
    """``(1 / (n_k V)) sum_k integrand(bands)`` on the mesh."""
    k = mesh_points(mesh, offset)
    total = 0.0
    for start in range(0, len(k), block):
        b = solve(model, k[start : start + block], operator, axes, degeneracy)
        total = total + integrand(b).sum(axis=0)
    return total / (len(k) * model.volume)


def conductivity(model, definition, mu, kT, mesh, form="S", gamma=None, **options):
    """X (i, l, c) of one definition at one chemical potential and temperature."""
    F = Fermi(mu, kT)
    table = {
        "conventional": lambda b: conventional(b, F) if gamma is None else conventional_gamma(b, F, gamma),
        "eq11": lambda b: eq11(b, F, form),
        "eq15": lambda b: eq15(b, F, form),
        "kubo": lambda b: kubo(b, F) if gamma is None else kubo_gamma(b, F, gamma),
    }
    return integrate(model, table[definition], mesh, **options)


# ------------------------------------------------------------------------------------------------------------
# finite wave vector: section 4


def phase_matrices(model, k_cartesian, operator="spin"):
    """H, v (n_k, D, N, N) and s with the orbital positions in the phases, where A^W = 0.

    Only for positions that are diagonal and on-site.
    """
    tau = np.zeros((model.size, model.dimension))
    if model.position is not None:
        origin = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
        on_site = model.position[origin]
        tau = np.einsum("iaa->ai", on_site).real
        rest = model.position.copy()
        rest[origin] -= np.stack([np.diag(t) for t in tau.T])
        assert abs(rest).max() < 1e-12, "positions must be diagonal"
    bond = (model.R @ model.lattice)[:, None, None, :] + tau[None, None, :, :] - tau[None, :, None, :]
    phase = np.exp(1j * np.einsum("rabi,ki->krab", bond, k_cartesian))
    H = np.einsum("krab,rab->kab", phase, model.H)
    v = np.einsum("krab,rabi,rab->kiab", phase, 1j * bond, model.H)
    s = np.einsum("krab,rcab->kcab", phase, model.operator(operator).matrices)
    return H, v, s


def finite_q(model, i, q, mu, kT, mesh, operator="spin", degeneracy=1e-6, offset=0.5):
    """Torque part (1 / q) Re sum <n-|tau(q)|m+><m+|v^l(q)|n-> (f_n- - f_m+) / (e_n- - e_m+)^2, (l, c).

    q is along the Cartesian direction i; pairs inside one multiplet are left out, i.e. those that come closer
    than ``degeneracy`` at q = 0.
    """
    k = mesh_points(mesh, offset) @ (2 * np.pi * np.linalg.inv(model.lattice).T)
    half = np.zeros(model.dimension)
    half[i] = q / 2
    F = Fermi(mu, kT)
    (Hm, vm, sm), (Hp, vp, sp) = (phase_matrices(model, k + shift, operator) for shift in (-half, half))
    em, Um = np.linalg.eigh(Hm)
    ep, Up = np.linalg.eigh(Hp)
    tau = 0.5j * (commutator(Hp[:, None], sp) + commutator(Hm[:, None], sm))
    left, right = Um.conj().swapaxes(1, 2)[:, None], Up[:, None]
    T = left @ tau @ right
    V = left @ ((vm + vp) / 2) @ right
    same = chains(np.linalg.eigvalsh(phase_matrices(model, k, operator)[0]), degeneracy)
    w = em[:, :, None] - ep[:, None, :]
    weight = (F.f(em)[:, :, None] - F.f(ep)[:, None, :]) / np.where(same, 1.0, w) ** 2
    weight = np.where(same, 0.0, weight)
    total = np.einsum("knm,kcnm,klnm->lc", weight, T, V.conj()).real
    return total / q / (len(k) * model.volume)


def richardson(function, q):
    """Limit q -> 0 of an even function of q from q and 2 q, error O(q^4)."""
    return (4 * function(q) - function(2 * q)) / 3
