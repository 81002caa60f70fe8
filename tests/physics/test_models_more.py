"""Exact results of the models with competing spin-orbit couplings, higher spin, magnetic order and several shells."""

import itertools

import numpy as np
import oracle
import pytest

from solenoidal import models
from solenoidal.builders.two_centre import scaled, two_centre
from solenoidal.errors import InputError

SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
NAMES = (
    "altermagnet",
    "cubic_rashba",
    "kagome_antiferromagnet",
    "luttinger",
    "rashba_dresselhaus",
    "slater_koster_bcc",
    "slater_koster_fcc",
)
DEFINITIONS = (oracle.conventional, oracle.eq11, oracle.eq15, oracle.kubo)


def random_k(model, n=5, seed=1):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, size=(n, model.dimension))


def hamiltonian(model, k):
    return oracle.lattice_sum(model, model.H, k)


def centred(model, k):
    """The Hamiltonian with the phases of the orbital positions: the one written in the docstrings."""
    home = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    tau = np.einsum("iaa->ai", model.position[home]).real @ np.linalg.inv(model.lattice)
    phase = np.exp(2j * np.pi * k @ tau.T)
    return phase.conj()[:, :, None] * hamiltonian(model, k) * phase[:, None, :]


def energies(model, k):
    return np.linalg.eigvalsh(hamiltonian(model, np.asarray(k, dtype=float)))


def expand(*terms):
    return sum(np.einsum("n,ab->nab", np.asarray(c) * np.ones(5), X) for c, X in terms)


# ------------------------------------------------------------------------------------------------------------
# all of them


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_matters(name):
    """Each parameter changes H or the lengths; the others stand where nothing else hides it."""
    others = {"kagome_antiferromagnet": {"canting": 0.2}, "altermagnet": {"theta": 0.3}}.get(name, {})
    default = models.build(name, **others)
    for p in models.describe(name).parameters:
        value = -1.0 if p.name == "chirality" else others.get(p.name, p.default) + 0.13
        other = models.build(name, **{**others, p.name: value})
        if p.name == "a":
            np.testing.assert_allclose(other.lattice, default.lattice * value / p.default)
        else:
            assert abs(other.H - default.H).max() > 1e-3, p.name


@pytest.mark.parametrize("name", NAMES)
def test_lattice_constant_must_be_positive(name):
    with pytest.raises(InputError, match=f"model '{name}': a = 0 must be greater than zero"):
        models.build(name, a=0)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("rashba_dresselhaus", {"B_z": 0.0}),
        ("cubic_rashba", {}),
        ("luttinger", {}),
        ("altermagnet", {"J": 0.0, "lambda_R": 0.3}),
        ("kagome_antiferromagnet", {"J": 0.0, "lambda_R": 0.3, "lambda_so": 0.2}),
        ("slater_koster_fcc", {"xi_p": 0.4}),
        ("slater_koster_bcc", {"xi_p": 0.4}),
    ],
)
def test_time_reversal(name, fields):
    """Without fields T H(-k)^* T^+ = H(k), and every operator called odd is odd."""
    model = models.build(name, **fields)
    k = random_k(model)
    pairs = np.kron(np.eye(model.size // 2), 1j * SIGMA[1])
    T = np.fliplr(np.diag([1, -1, 1, -1])) if name == "luttinger" else pairs
    np.testing.assert_allclose(T @ hamiltonian(model, -k).conj() @ T.T, hamiltonian(model, k), atol=1e-13)
    for op in model.operators.values():
        s = oracle.lattice_sum(model, op.matrices, k)
        np.testing.assert_allclose(T @ s.conj() @ T.T, op.time_reversal * s, atol=1e-13)


# ------------------------------------------------------------------------------------------------------------
# Rashba and Dresselhaus


def test_rashba_dresselhaus_formula():
    model = models.rashba_dresselhaus(t=0.7, alpha=0.4, beta=0.3, B_x=0.1, B_y=0.2, B_z=0.5, a=2.0)
    k = random_k(model)
    x, y = 2 * np.pi * k.T
    want = expand(
        (1.4 * (2 - np.cos(x) - np.cos(y)), np.eye(2)),
        (0.4 * np.sin(y) + 0.3 * np.sin(x) + 0.1, SIGMA[0]),
        (-0.4 * np.sin(x) - 0.3 * np.sin(y) + 0.2, SIGMA[1]),
        (0.5, SIGMA[2]),
    )
    np.testing.assert_allclose(hamiltonian(model, k), want, atol=1e-14)


def test_dresselhaus_leaves_the_rashba_model():
    one, other = models.rashba_dresselhaus(beta=0.0), models.rashba()
    k = random_k(one)
    np.testing.assert_allclose(hamiltonian(one, k), hamiltonian(other, k), atol=1e-14)


@pytest.mark.parametrize("sign", [1, -1])
def test_conserved_spin(sign):
    """Alpha = +-beta: sx -+ sy commutes with H(k)."""
    model = models.rashba_dresselhaus(alpha=0.4, beta=0.4 * sign, B_z=0.0)
    H, s = hamiltonian(model, random_k(model)), SIGMA[0] - sign * SIGMA[1]
    np.testing.assert_allclose(H @ s, s @ H, atol=1e-14)
    assert abs(H @ SIGMA[2] - SIGMA[2] @ H).max() > 0.1


def test_persistent_spin_helix():
    """Alpha = beta: the bands of the two spins are one cosine band at k -+ q (1, 1), tan q = alpha / (sqrt(2) t)."""
    t, alpha = 0.7, 0.4
    model = models.rashba_dresselhaus(t=t, alpha=alpha, beta=alpha, B_z=0.0)
    down, up = np.linalg.eigh((SIGMA[0] - SIGMA[1]) / np.sqrt(2))[1].T
    q = np.arctan(alpha / (np.sqrt(2) * t)) / (2 * np.pi)
    k = random_k(model)
    band = 4 * t - 2 * np.hypot(t, alpha / np.sqrt(2)) * np.cos(2 * np.pi * k).sum(axis=1)
    for spinor, shift in ((up, -q), (down, q)):
        H = hamiltonian(model, k + shift)
        np.testing.assert_allclose(H @ spinor, band[:, None] * spinor, atol=1e-13)


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_exchange_of_rashba_and_dresselhaus(definition):
    """sx <-> sy, sz -> -sz exchanges alpha and beta and turns B_z: the current of sz changes sign."""

    def spin_hall(alpha, beta, B_z):
        model = models.rashba_dresselhaus(alpha=alpha, beta=beta, B_z=B_z)
        F = oracle.Fermi(1.2, 0.2)
        return oracle.integrate(model, lambda b: definition(b, F), (24, 24), axes=("z",))[:, :, 0]

    one = spin_hall(0.5, 0.2, 0.3)
    assert abs(one).max() > 1e-3
    np.testing.assert_allclose(spin_hall(0.2, 0.5, -0.3), -one, atol=1e-10)


# ------------------------------------------------------------------------------------------------------------
# cubic Rashba


def test_cubic_rashba_formula():
    model = models.cubic_rashba(t=0.7, lambda_3=0.4, B_z=0.3)
    k = random_k(model)
    x, y = 2 * np.pi * k.T
    u, v = 1 - np.cos(x), 1 - np.cos(y)
    want = expand(
        (1.4 * (u + v), np.eye(2)),
        (0.8 * np.sin(x) * (u - 3 * v), SIGMA[0]),
        (0.8 * np.sin(y) * (3 * u - v), SIGMA[1]),
        (0.3, SIGMA[2]),
    )
    np.testing.assert_allclose(hamiltonian(model, k), want, atol=1e-14)
    np.testing.assert_allclose(model.operator("spin").matrices[(model.R == 0).all(axis=1)][0, 0], 1.5 * SIGMA[2])


def test_cubic_rashba_winds_three_times():
    model = models.cubic_rashba()
    angle = np.linspace(0, 2 * np.pi, 241)
    off = hamiltonian(model, 0.05 * np.stack([np.cos(angle), np.sin(angle)], axis=1))[:, 1, 0]
    assert np.unwrap(np.angle(off))[-1] - np.angle(off[0]) == pytest.approx(6 * np.pi, abs=1e-9)
    small = 1e-3 * np.exp(1j * angle)
    off = hamiltonian(model, np.stack([small.real, small.imag], axis=1) / (2 * np.pi))[:, 1, 0]
    np.testing.assert_allclose(off, 0.1 * small**3, rtol=0, atol=0.1 * 1e-15)


def near_the_centre(model, definition, mu, kT, half, points):
    """The zone integral where every occupied state has |k_i| < ``half`` (fractional); 2D."""
    x = half * (2 * (np.arange(points) + 0.5) / points - 1)
    k = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    F = oracle.Fermi(mu, kT)
    total = sum(definition(oracle.solve(model, part), F).sum(axis=0) for part in np.array_split(k, 32))
    return total[:, :, 0] * (2 * half / points) ** 2 / model.volume


def test_cubic_rashba_at_low_density():
    """eq11 = -9/8 pi of the continuum for every lambda_3.

    The lattice adds a fourfold anisotropy of order mu, whose first order averages to zero: the error falls as mu^2.
    """
    model = models.cubic_rashba(lambda_3=0.5)
    defects = []
    for mu, half in ((0.04, 0.1), (0.02, 0.07)):
        X = near_the_centre(model, oracle.eq11, mu, mu / 12, half, 120)
        np.testing.assert_allclose(X, X[0, 1] * np.array([[0, 1], [-1, 0]]), atol=1e-8)
        defects.append(X[0, 1] / (9 / (8 * np.pi)) + 1)
    assert abs(defects[0]) < 0.05
    assert defects[1] / defects[0] == pytest.approx(0.25, abs=0.01)


# ------------------------------------------------------------------------------------------------------------
# Luttinger


def angular(model, name="spin"):
    return model.operator(name).matrices[(model.R == 0).all(axis=1)][0]


def test_luttinger_operator():
    J = angular(models.luttinger())
    for i, j, l in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        np.testing.assert_allclose(J[i] @ J[j] - J[j] @ J[i], 1j * J[l], atol=1e-14)
    np.testing.assert_allclose(sum(X @ X for X in J), 3.75 * np.eye(4), atol=1e-14)


def test_luttinger_formula():
    g1, g2, g3, h = 1.1, 0.3, 0.45, 0.2
    model = models.luttinger(gamma_1=g1, gamma_2=g2, gamma_3=g3, h_z=h)
    J, k = angular(model), random_k(model)
    q = 2 * np.pi * k
    u = 2 * (1 - np.cos(q))
    terms = [(u[:, i], (g1 + 2.5 * g2) * np.eye(4) - 2 * g2 * J[i] @ J[i]) for i in range(3)]
    for i, j in itertools.combinations(range(3), 2):
        terms.append((-2 * g3 * np.sin(q[:, i]) * np.sin(q[:, j]), J[i] @ J[j] + J[j] @ J[i]))
    np.testing.assert_allclose(hamiltonian(model, k), expand(*terms, (h, J[2])), atol=1e-14)


def test_luttinger_bands():
    g1, g2, g3 = 1.1, 0.3, 0.45
    model = models.luttinger(gamma_1=g1, gamma_2=g2, gamma_3=g3)
    k = random_k(model)
    u, s = 2 * (1 - np.cos(2 * np.pi * k)), np.sin(2 * np.pi * k)
    cyclic = [(0, 1), (1, 2), (2, 0)]
    split = g2**2 * ((u**2).sum(axis=1) - sum(u[:, i] * u[:, j] for i, j in cyclic))
    split = 2 * np.sqrt(split + 3 * g3**2 * sum((s[:, i] * s[:, j]) ** 2 for i, j in cyclic))
    mean = g1 * u.sum(axis=1)
    np.testing.assert_allclose(
        energies(model, k), np.stack([mean - split] * 2 + [mean + split] * 2, axis=1), atol=1e-13
    )


def test_luttinger_masses():
    """Along (001): gamma_1 -+ 2 gamma_2; along (111): gamma_1 -+ 2 gamma_3; heavy holes have J.k = 3/2."""
    model = models.luttinger(gamma_1=1.0, gamma_2=0.2, gamma_3=0.3)
    for direction, gamma in (((0, 0, 1), 0.2), ((1, 1, 1), 0.3)):
        n = np.array(direction) / np.linalg.norm(direction)
        H = hamiltonian(model, 1e-3 * n[None] / (2 * np.pi))[0] * 1e6
        np.testing.assert_allclose(np.linalg.eigvalsh(H), 1 + 2 * gamma * np.array([-1, -1, 1, 1]), atol=1e-6)
        U = np.linalg.eigh(H)[1][:, :2]
        Jn = np.tensordot(n, angular(model), axes=1)
        np.testing.assert_allclose(np.linalg.eigvalsh(U.conj().T @ Jn @ U), [-1.5, 1.5], atol=1e-6)


def test_luttinger_is_cubic():
    """exp(-i pi/2 Jz) turns H(kx, ky, kz) into H(-ky, kx, kz)."""
    model = models.luttinger()
    k = random_k(model)
    U = np.diag(np.exp(-0.5j * np.pi * np.diag(angular(model)[2])))
    turned = k @ np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    np.testing.assert_allclose(U @ hamiltonian(model, k) @ U.conj().T, hamiltonian(model, turned), atol=1e-13)


# ------------------------------------------------------------------------------------------------------------
# altermagnet


def test_altermagnet_formula():
    model = models.altermagnet(t1=0.9, t2=0.2, t_d=0.3, J=0.7, theta=0.4, a=1.7)
    k = random_k(model)
    x, y = 2 * np.pi * k.T
    n = np.sin(0.4) * SIGMA[0] + np.cos(0.4) * SIGMA[2]
    want = expand(
        (3.6 * np.cos(x / 2) * np.cos(y / 2), np.kron(SIGMA[0], np.eye(2))),
        (0.4 * (np.cos(x) + np.cos(y)), np.eye(4)),
        (0.6 * (np.cos(x) - np.cos(y)), np.kron(SIGMA[2], np.eye(2))),
        (0.7, np.kron(SIGMA[2], n)),
    )
    np.testing.assert_allclose(centred(model, k), want, atol=1e-14)


def test_altermagnet_rashba_bonds():
    """d is the unit vector from j to i: A at the origin, B at the four corners around it."""
    bare, model = models.altermagnet(), models.altermagnet(lambda_R=0.3)
    k = random_k(model)
    x, y = np.pi * k.T
    difference = centred(model, k) - centred(bare, k)
    r = np.sqrt(0.5)
    want = np.zeros_like(difference)
    for i, j in itertools.product((1, -1), repeat=2):
        bond = 0.3j * (SIGMA[0] * (-j * r) - SIGMA[1] * (-i * r))
        want[:, :2, 2:] += np.exp(1j * (i * x + j * y))[:, None, None] * bond
    want[:, 2:, :2] = want[:, :2, 2:].conj().swapaxes(1, 2)
    np.testing.assert_allclose(difference, want, atol=1e-14)


def spin_bands(model, k):
    """Bands of spin up and of spin down, (n_k, 2) each."""
    H = hamiltonian(model, k)
    np.testing.assert_allclose(H[:, ::2, 1::2], 0, atol=1e-14)
    return np.linalg.eigvalsh(H[:, ::2, ::2]), np.linalg.eigvalsh(H[:, 1::2, 1::2])


def test_altermagnet_splitting():
    """E_up(kx, ky) = E_down(ky, kx); they differ at a general point and agree on the diagonal, closed form."""
    model = models.altermagnet(t1=0.9, t2=0.2, t_d=0.3, J=0.7)
    k = random_k(model)
    up, down = spin_bands(model, k)
    np.testing.assert_allclose(spin_bands(model, k[:, ::-1])[1], up, atol=1e-13)
    x, y = 2 * np.pi * k.T
    root = np.hypot(3.6 * np.cos(x / 2) * np.cos(y / 2), 0.6 * (np.cos(x) - np.cos(y)) + 0.7)
    mean = 0.4 * (np.cos(x) + np.cos(y))
    np.testing.assert_allclose(up, np.stack([mean - root, mean + root], axis=1), atol=1e-13)
    assert abs(up - down).max() > 0.1
    diagonal = np.repeat(k[:, :1], 2, axis=1)
    np.testing.assert_allclose(*spin_bands(model, diagonal), atol=1e-13)
    np.testing.assert_allclose(*spin_bands(models.altermagnet(t_d=0.0), k), atol=1e-13)


def test_altermagnet_spin_current():
    """sum of -f' v^i v^l s_z (times a lifetime the magnetic spin current) is diag(c, -c), zero for t_d = 0."""

    def current(**parameters):
        F = oracle.Fermi(-1.0, 0.2)

        def integrand(b):
            v = np.einsum("kinn->kin", b.v).real
            s = np.einsum("kcnn->kcn", b.s).real
            return np.einsum("kin,kln,kcn,kn->kilc", v, v, s, -F.df(b.e))

        return oracle.integrate(models.altermagnet(**parameters), integrand, (24, 24), axes=("z",), degeneracy=0.0)[
            :, :, 0
        ]

    X = current()
    assert abs(X[0, 0]) > 0.01
    np.testing.assert_allclose(X, X[0, 0] * np.diag([1, -1]), atol=1e-12)
    np.testing.assert_allclose(current(t_d=0.0), 0, atol=1e-12)


def test_altermagnet_spin_space():
    """The direction of the moments matters to the energies with spin-orbit coupling only."""
    k = random_k(models.altermagnet())

    def change(**parameters):
        e, turned = (energies(models.altermagnet(theta=theta, **parameters), k) for theta in (0.0, 0.9))
        return abs(turned - e).max()

    assert change() < 1e-12
    assert change(lambda_R=0.3) > 1e-3


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_altermagnet_definitions_agree(definition):
    """A conserved spin has one current; in the basis of sz every level is resolved by spin."""
    model = models.altermagnet(theta=0.0)
    F = oracle.Fermi(-1.0, 0.2)
    X, conventional = (
        oracle.integrate(model, lambda b, f=f: f(b, F), (16, 16), axes=("z",))
        for f in (definition, oracle.conventional)
    )
    np.testing.assert_allclose(X, conventional, atol=1e-9)


# ------------------------------------------------------------------------------------------------------------
# kagome


def kagome_from_geometry(t, J, phi, canting, chirality, lambda_so, lambda_R, a):
    """Matrix elements from distances alone: neighbours at a / 2, turns from the centre of their triangle."""
    lattice = a * np.array([[1, 0], [0.5, np.sqrt(3) / 2]])
    sites = np.vstack([[0, 0], lattice / 2])
    centre = sites.mean(axis=0)
    table = {}
    for i, j in itertools.product(range(3), repeat=2):
        for R in itertools.product((-1, 0, 1), repeat=2):
            path = sites[i] - sites[j] - np.array(R) @ lattice  # from j to i
            block = np.zeros((2, 2), dtype=complex)
            if np.linalg.norm(path) < 1e-9:
                b = np.arctan2(*(sites[i] - centre)[::-1])
                f = phi + chirality * b
                n = (np.cos(canting) * np.cos(f), np.cos(canting) * np.sin(f), np.sin(canting))
                block = J * np.tensordot(n, SIGMA, axes=1)
            elif abs(np.linalg.norm(path) - a / 2) < 1e-9:
                third = ({0, 1, 2} - {i, j}).pop()
                cells = [np.array(c) @ lattice + sites[third] for c in itertools.product((-2, -1, 0, 1, 2), repeat=2)]
                corner = min(cells, key=lambda r, i=i, path=path: np.linalg.norm(r - sites[i] + path / 2))
                arm = (sites[i] - path + corner + sites[i]) / 3  # centre of the triangle
                first, second = sites[i] - path - arm, sites[i] - arm
                nu = np.sign(first[0] * second[1] - first[1] * second[0])
                d = path / np.linalg.norm(path)
                block = t * np.eye(2) + 1j * lambda_so * nu * SIGMA[2]
                block = block + 1j * lambda_R * (SIGMA[0] * d[1] - SIGMA[1] * d[0])
            table[i, j, R] = block
    return table


def test_kagome_formula():
    values = {"t": 0.9, "J": 1.3, "phi": 0.4, "canting": 0.2, "lambda_so": 0.1, "lambda_R": 0.15, "a": 1.7}
    for chirality in (1.0, -1.0):
        model = models.kagome_antiferromagnet(chirality=chirality, **values)
        index = {tuple(R): n for n, R in enumerate(model.R.tolist())}
        for (i, j, R), block in kagome_from_geometry(chirality=chirality, **values).items():
            have = model.H[index[R]][2 * i : 2 * i + 2, 2 * j : 2 * j + 2] if R in index else np.zeros((2, 2))
            np.testing.assert_allclose(have, block, atol=1e-13)


def test_kagome_flat_band():
    """J = 0: a flat band at -2 t and t +- sqrt(t^2 (3 + 2 sum cos k.a_i)) from the honeycomb, twice each."""
    e = energies(models.kagome_antiferromagnet(t=0.8, J=0.0), k := random_k(models.kagome_antiferromagnet()))
    x, y = 2 * np.pi * k.T
    root = 0.8 * np.sqrt(3 + 2 * (np.cos(x) + np.cos(y) + np.cos(x - y)))
    want = np.stack([np.full(5, -1.6), 0.8 - root, 0.8 + root], axis=1)
    np.testing.assert_allclose(e, np.repeat(want, 2, axis=1), atol=1e-12)


def test_kagome_zone_centre():
    """Plane waves of angular momentum m couple m up to m + 1 down: -2 t +- J and twice t +- sqrt(9 t^2 + J^2)."""
    t, J = 0.8, 1.3
    root = np.sqrt(9 * t**2 + J**2)
    want = np.sort([-2 * t + J, -2 * t - J, t + root, t + root, t - root, t - root])
    for chirality in (1, -1):
        model = models.kagome_antiferromagnet(t=t, J=J, phi=0.3, chirality=chirality)
        np.testing.assert_allclose(energies(model, [[0, 0]])[0], want, atol=1e-13)


def test_kagome_spin_space():
    """Without spin-orbit coupling the energies know neither phi nor the chirality; with Rashba coupling they do."""
    k = random_k(models.kagome_antiferromagnet())
    e = energies(models.kagome_antiferromagnet(), k)
    for other in ({"phi": 0.7}, {"chirality": -1.0}, {"chirality": -1.0, "phi": 2.0}):
        np.testing.assert_allclose(energies(models.kagome_antiferromagnet(**other), k), e, atol=1e-12)
    tilted = energies(models.kagome_antiferromagnet(lambda_R=0.2), k)
    assert abs(energies(models.kagome_antiferromagnet(lambda_R=0.2, phi=0.7), k) - tilted).max() > 1e-2


def charge_hall(**parameters):
    model = models.kagome_antiferromagnet(**parameters)
    F = oracle.Fermi(0.4, 0.25)
    X = oracle.integrate(model, lambda b: oracle.conventional(b, F), (18, 18), operator="charge")[:, :, 0]
    np.testing.assert_allclose(X, -X.T, atol=1e-12)
    return X[0, 1]


def test_kagome_charge_hall():
    """Coplanar: a half turn about a site times time reversal leaves H and turns the sign; canted: it does not."""
    for phi in (0.0, 0.4, np.pi / 2):
        assert charge_hall(phi=phi, lambda_R=0.4, lambda_so=0.2) == pytest.approx(0, abs=1e-12)
    assert charge_hall() == pytest.approx(0, abs=1e-12)
    assert abs(charge_hall(canting=0.4)) > 1e-3
    assert charge_hall(canting=-0.4) == pytest.approx(-charge_hall(canting=0.4), abs=1e-12)


def test_kagome_chirality_is_a_sign():
    with pytest.raises(InputError, match=r"model 'kagome_antiferromagnet': chirality = 0\.5 must be 1 or -1"):
        models.kagome_antiferromagnet(chirality=0.5)


# ------------------------------------------------------------------------------------------------------------
# two-centre integrals

V = {(0, 0, 0): -0.9, (0, 1, 0): 1.3, (1, 1, 0): 2.0, (1, 1, 1): -0.1, (0, 2, 0): -0.8}
V |= {(1, 2, 0): -1.2, (1, 2, 1): 0.3, (2, 2, 0): -0.9, (2, 2, 1): 0.6, (2, 2, 2): -0.15}
ORDER = ("s", "z", "x", "y", "3z2-r2", "xz", "yz", "x2-y2", "xy")


def table(l, m, n):
    """Rows of table I of Slater and Koster, typed from it."""
    r3 = np.sqrt(3)
    sp, pps, ppp = V[0, 1, 0], V[1, 1, 0], V[1, 1, 1]
    sd, pds, pdp = V[0, 2, 0], V[1, 2, 0], V[1, 2, 1]
    dds, ddp, ddd = V[2, 2, 0], V[2, 2, 1], V[2, 2, 2]
    z2 = n**2 - (l**2 + m**2) / 2
    x2y2 = l**2 - m**2
    return {
        ("s", "s"): V[0, 0, 0],
        ("s", "x"): l * sp,
        ("x", "x"): l**2 * pps + (1 - l**2) * ppp,
        ("x", "y"): l * m * (pps - ppp),
        ("x", "z"): l * n * (pps - ppp),
        ("s", "xy"): r3 * l * m * sd,
        ("s", "x2-y2"): r3 / 2 * x2y2 * sd,
        ("s", "3z2-r2"): z2 * sd,
        ("x", "xy"): r3 * l**2 * m * pds + m * (1 - 2 * l**2) * pdp,
        ("x", "yz"): r3 * l * m * n * pds - 2 * l * m * n * pdp,
        ("x", "xz"): r3 * l**2 * n * pds + n * (1 - 2 * l**2) * pdp,
        ("x", "x2-y2"): r3 / 2 * l * x2y2 * pds + l * (1 - x2y2) * pdp,
        ("y", "x2-y2"): r3 / 2 * m * x2y2 * pds - m * (1 + x2y2) * pdp,
        ("z", "x2-y2"): r3 / 2 * n * x2y2 * pds - n * x2y2 * pdp,
        ("x", "3z2-r2"): l * z2 * pds - r3 * l * n**2 * pdp,
        ("y", "3z2-r2"): m * z2 * pds - r3 * m * n**2 * pdp,
        ("z", "3z2-r2"): n * z2 * pds + r3 * n * (l**2 + m**2) * pdp,
        ("xy", "xy"): 3 * l**2 * m**2 * dds + (l**2 + m**2 - 4 * l**2 * m**2) * ddp + (n**2 + l**2 * m**2) * ddd,
        ("xy", "yz"): 3 * l * m**2 * n * dds + l * n * (1 - 4 * m**2) * ddp + l * n * (m**2 - 1) * ddd,
        ("xy", "xz"): 3 * l**2 * m * n * dds + m * n * (1 - 4 * l**2) * ddp + m * n * (l**2 - 1) * ddd,
        ("xy", "x2-y2"): l * m * x2y2 * (1.5 * dds - 2 * ddp + 0.5 * ddd),
        ("yz", "x2-y2"): m * n * (1.5 * x2y2 * dds - (1 + 2 * x2y2) * ddp + (1 + x2y2 / 2) * ddd),
        ("xz", "x2-y2"): n * l * (1.5 * x2y2 * dds + (1 - 2 * x2y2) * ddp - (1 - x2y2 / 2) * ddd),
        ("xy", "3z2-r2"): r3 * l * m * (z2 * dds - 2 * n**2 * ddp + (1 + n**2) / 2 * ddd),
        ("yz", "3z2-r2"): r3 * m * n * (z2 * dds + (l**2 + m**2 - n**2) * ddp - (l**2 + m**2) / 2 * ddd),
        ("x2-y2", "x2-y2"): 0.75 * x2y2**2 * dds + (l**2 + m**2 - x2y2**2) * ddp + (n**2 + x2y2**2 / 4) * ddd,
        ("x2-y2", "3z2-r2"): r3 * x2y2 * (z2 / 2 * dds - n**2 * ddp + (1 + n**2) / 4 * ddd),
        ("3z2-r2", "3z2-r2"): z2**2 * dds + 3 * n**2 * (l**2 + m**2) * ddp + 0.75 * (l**2 + m**2) ** 2 * ddd,
    }


@pytest.mark.parametrize("path", [(0.3, -0.7, 1.1), (1, 1, 0), (0, 0, -2), (0, 0, 1), (-1, 0, 0)])
def test_two_centre_matrix(path):
    X = two_centre(V, np.array(path, dtype=float))
    cosines = np.array(path) / np.linalg.norm(path)
    for (a, b), value in table(*cosines).items():
        i, j = ORDER.index(a), ORDER.index(b)
        sign = (-1) ** ((i > 0) + (i > 3) + (j > 0) + (j > 3))
        assert X[i, j] == pytest.approx(value, abs=1e-13), (a, b)
        assert X[j, i] == pytest.approx(sign * value, abs=1e-13), (b, a)
    np.testing.assert_allclose(two_centre(V, -np.array(path, dtype=float)), X.T, atol=1e-13)


def centre_levels(model):
    """Levels at k = 0 without spin-orbit coupling, one per orbital."""
    return np.diag(hamiltonian(model, np.zeros((1, 3)))[0]).real[::2]


def test_fcc_zone_centre():
    """Nearest plus second neighbours (6 along the axes, scaled by 2^-(l+l'+1)/2)."""
    e = centre_levels(models.slater_koster_fcc(xi_d=0.0))
    far = scaled(V, np.sqrt(2))
    (dds, ddp, ddd), (fs, fp, fd) = ([X[2, 2, m] for m in range(3)] for X in (V, far))
    t2g = 3 * dds + 4 * ddp + 5 * ddd + 4 * fp + 2 * fd
    eg = 1.5 * dds + 6 * ddp + 4.5 * ddd + 3 * fs + 3 * fd
    assert far[2, 2, 0] == pytest.approx(V[2, 2, 0] / 2**2.5)
    s = 2 + 12 * V[0, 0, 0] + 6 * far[0, 0, 0]
    p = 9 + 4 * V[1, 1, 0] + 8 * V[1, 1, 1] + 2 * far[1, 1, 0] + 4 * far[1, 1, 1]
    np.testing.assert_allclose(e, [s, p, p, p, eg, t2g, t2g, eg, t2g], atol=1e-12)


def test_bcc_zone_centre():
    """8 neighbours along (111): t2g 8/9 (3 dds + 2 ddp + 4 ddd), eg 8/3 (2 ddp + ddd); 6 along the axes."""
    e = centre_levels(models.slater_koster_bcc(xi_d=0.0))
    far = scaled(V, np.sqrt(4 / 3))
    (dds, ddp, ddd), (fs, fp, fd) = ([X[2, 2, m] for m in range(3)] for X in (V, far))
    t2g = 8 / 9 * (3 * dds + 2 * ddp + 4 * ddd) + 4 * fp + 2 * fd
    eg = 8 / 3 * (2 * ddp + ddd) + 3 * fs + 3 * fd
    s = 2 + 8 * V[0, 0, 0] + 6 * far[0, 0, 0]
    p = 9 + 8 / 3 * (V[1, 1, 0] + 2 * V[1, 1, 1]) + 2 * far[1, 1, 0] + 4 * far[1, 1, 1]
    np.testing.assert_allclose(e, [s, p, p, p, eg, t2g, t2g, eg, t2g], atol=1e-12)


@pytest.mark.parametrize("name", ["slater_koster_fcc", "slater_koster_bcc"])
def test_atomic_limit(name):
    """Without hopping: j = l +- 1/2 at xi l / 2 and -xi (l + 1) / 2."""
    integrals = [p.name for p in models.describe(name).parameters if "_" in p.name and p.name[0] in "spd"]
    assert len(integrals) == 10
    model = models.build(name, E_s=1.0, E_p=5.0, E_d=-3.0, xi_p=0.4, xi_d=0.6, **dict.fromkeys(integrals, 0.0))
    want = [-3.9] * 4 + [-2.4] * 6 + [1.0] * 2 + [4.6] * 2 + [5.2] * 4
    np.testing.assert_allclose(energies(model, random_k(model)), np.tile(want, (5, 1)), atol=1e-12)


@pytest.mark.parametrize("name", ["slater_koster_fcc", "slater_koster_bcc"])
def test_slater_koster_symmetry(name):
    """Inversion with time reversal pairs all levels; cubic axes are equivalent; 12 + 6 and 8 + 6 neighbours."""
    model = models.build(name)
    e = energies(model, k := random_k(model))
    np.testing.assert_allclose(e[:, ::2], e[:, 1::2], atol=1e-12)
    cartesian = k @ np.linalg.inv(model.lattice).T
    for turn in ([[0, 1, 0], [0, 0, 1], [1, 0, 0]], [[0, 1, 0], [-1, 0, 0], [0, 0, 1]]):
        np.testing.assert_allclose(energies(model, cartesian @ np.array(turn) @ model.lattice.T), e, atol=1e-12)
    neighbours = len(model.R) - 1
    assert neighbours == {"slater_koster_fcc": 18, "slater_koster_bcc": 14}[name]
