"""The built-in models are the Hamiltonians their docstrings state, and refuse what they cannot be."""

import doctest
import inspect

import numpy as np
import oracle
import pytest
import random_models as rm

from solenoidal import builders, models
from solenoidal.builders.kane_mele import kane_mele
from solenoidal.builders.rashba import rashba
from solenoidal.errors import InputError

ONE, (SX, SY, SZ) = np.eye(2), rm.PAULI
BUILT_IN = ("bhz", "haldane", "kane_mele", "massive_dirac", "rashba", "wilson_dirac")


def random_k(model, n=5, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, size=(n, model.dimension))


def hamiltonian(model, k):
    return oracle.lattice_sum(model, model.H, k)


def expand(*terms):
    """Sum of ``coefficient (n_k,) x orbital x spin``."""
    return sum(np.einsum("n,ab->nab", np.broadcast_to(c, (5,)), np.kron(t, s)) for c, t, s in terms)


def test_rashba_formula():
    model = models.rashba(t=0.7, lambda_R=0.4, B_z=0.3, a=2.0)
    k = random_k(model)
    x, y = 2 * np.pi * k.T
    one = np.eye(1)
    want = expand(
        (2 * 0.7 * (2 - np.cos(x) - np.cos(y)), one, ONE),
        (0.4 * np.sin(y), one, SX),
        (-0.4 * np.sin(x), one, SY),
        (0.3, one, SZ),
    )
    np.testing.assert_allclose(hamiltonian(model, k), want, atol=1e-14)


def test_massive_dirac_formula():
    model = models.massive_dirac(v=0.7, delta=0.4, r=0.3)
    k = random_k(model)
    x, y = 2 * np.pi * k.T
    one = np.eye(1)
    mass = 0.4 + 0.3 * (2 - np.cos(x) - np.cos(y))
    want = expand((0.7 * np.sin(x), one, SX), (0.7 * np.sin(y), one, SY), (mass, one, SZ))
    np.testing.assert_allclose(hamiltonian(model, k), want, atol=1e-14)


def test_bhz_formula():
    model = models.bhz(A=0.9, B=0.7, D=0.2, M=1.1, lambda_R=0.3, delta=0.15)
    k = random_k(model)
    x, y = 2 * np.pi * k.T
    u = 2 * (2 - np.cos(x) - np.cos(y))
    E = (ONE + SZ) / 2
    want = expand(
        (-0.2 * u, ONE, ONE),
        (1.1 - 0.7 * u, SZ, ONE),
        (0.9 * np.sin(x), SX, SZ),
        (-0.9 * np.sin(y), SY, ONE),
        (0.3 * np.sin(y), E, SX),
        (-0.3 * np.sin(x), E, SY),
        (0.15, SY, SY),
    )
    np.testing.assert_allclose(hamiltonian(model, k), want, atol=1e-14)


def test_wilson_dirac_formula():
    model = models.wilson_dirac(A=0.9, B=0.7, M=1.1, h_x=0.1, h_y=0.2, h_z=0.3)
    k = random_k(model)
    angle = 2 * np.pi * k.T
    mass = 1.1 - 2 * 0.7 * (1 - np.cos(angle)).sum(axis=0)
    want = expand(
        (mass, SZ, ONE),
        *((0.9 * np.sin(q), SX, s) for q, s in zip(angle, (SX, SY, SZ), strict=True)),
        *((h, ONE, s) for h, s in zip((0.1, 0.2, 0.3), (SX, SY, SZ), strict=True)),
    )
    np.testing.assert_allclose(hamiltonian(model, k), want, atol=1e-14)


def honeycomb_sites(model):
    """Sites of a 5 x 5 patch: positions (n, 2), sublattices (n,), cells (n, 2)."""
    cells = np.array([(i, j) for i in range(-2, 3) for j in range(-2, 3)])
    origin = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    tau = np.einsum("iaa->ai", model.position[origin]).real[[0, -1]]
    r = np.concatenate([cells @ model.lattice + tau[x] for x in (0, 1)])
    return r, np.repeat([0, 1], len(cells)), np.concatenate([cells, cells])


def test_kane_mele_formula():
    """Every hopping from the geometry alone: bonds by distance, turns by the site in between."""
    model = models.kane_mele(t=0.9, lambda_so=0.07, lambda_R=0.11, lambda_v=0.3, a=1.7)
    r, kind, cell = honeycomb_sites(model)
    bond = 1.7 / np.sqrt(3)
    index = {tuple(R): j for j, R in enumerate(model.R.tolist())}
    want = np.zeros_like(model.H)
    for i in range(len(r)):
        if any(cell[i]):
            continue
        want[index[0, 0], 2 * kind[i] : 2 * kind[i] + 2, 2 * kind[i] : 2 * kind[i] + 2] += 0.3 * (1 - 2 * kind[i]) * ONE
        for j in range(len(r)):
            path = r[i] - r[j]  # from j to i
            distance = np.linalg.norm(path)
            if distance == pytest.approx(bond):
                d = path / distance
                block = 0.9 * ONE + 0.11j * (SX * d[1] - SY * d[0])
            elif distance == pytest.approx(1.7):
                between = [
                    q for q in r if {round(float(np.linalg.norm(q - x)) / bond, 6) for x in (r[i], r[j])} == {1.0}
                ]
                assert len(between) == 1
                first, second = between[0] - r[j], r[i] - between[0]
                block = 0.07j * np.sign(first[0] * second[1] - first[1] * second[0]) * SZ
            else:
                continue
            R, a, b = tuple(int(x) for x in cell[j]), 2 * kind[i], 2 * kind[j]
            want[index[R], a : a + 2, b : b + 2] += block
    np.testing.assert_allclose(model.H, want, atol=1e-14)


def test_haldane_is_half_of_kane_mele():
    """t2 exp(i phi) = i lambda_so: the spin-up half of Kane-Mele without Rashba coupling."""
    up = models.kane_mele(lambda_so=0.2, lambda_R=0.0, lambda_v=0.3)
    one = models.haldane(t2=0.2, phi=np.pi / 2, M=0.3)
    k = random_k(one)
    np.testing.assert_allclose(hamiltonian(up, k)[:, ::2, ::2], hamiltonian(one, k), atol=1e-14)
    np.testing.assert_allclose(hamiltonian(up, k)[:, 1::2, 1::2], hamiltonian(one, -k).conj(), atol=1e-14)


@pytest.mark.parametrize(
    "model",
    [models.rashba(B_z=0.0), models.kane_mele(), models.bhz(), models.wilson_dirac(h_z=0.0)],
    ids=lambda m: m.name,
)
def test_time_reversal(model):
    """sy H(-k)^* sy = H(k) without field, and the spin is odd."""
    k = random_k(model)
    T = np.kron(np.eye(model.size // 2), 1j * SY)
    np.testing.assert_allclose(T @ hamiltonian(model, -k).conj() @ T.conj().T, hamiltonian(model, k), atol=1e-14)
    s = oracle.lattice_sum(model, model.operator("spin").matrices, k)
    np.testing.assert_allclose(T @ s.conj() @ T.conj().T, -s, atol=1e-14)
    assert model.operator("spin").time_reversal == -1


@pytest.mark.parametrize("name", BUILT_IN)
def test_operators(name):
    model = models.build(name)
    assert model.operator("charge").flow == "charge"
    if name == "haldane":
        with pytest.raises(InputError, match="no operator 'spin'"):
            model.operator("spin")
        return
    op = model.operator("spin")
    assert op.components == ("x", "y", "z")
    assert op.unit == "hbar"
    sx, sy, sz = oracle.lattice_sum(model, op.matrices, np.zeros((1, model.dimension)))[0]
    np.testing.assert_allclose(sx @ sy - sy @ sx, 1j * sz, atol=1e-15)
    np.testing.assert_allclose(sx @ sx + sy @ sy + sz @ sz, 0.75 * np.eye(model.size), atol=1e-15)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_parameter_matters(name):
    """Each parameter changes the bands or the lengths at the default of the others."""
    default = models.build(name)
    for p in models.describe(name).parameters:
        other = models.build(name, **{p.name: p.default + 0.13})
        if p.name == "a":
            np.testing.assert_allclose(other.lattice, default.lattice * (p.default + 0.13) / p.default)
        else:
            assert abs(other.H - default.H).max() > 1e-3, p.name


def test_names_and_descriptions():
    assert set(BUILT_IN) <= set(models.names())
    assert set(models.names()) <= set(dir(models))
    for name in models.names():
        about = models.describe(name)
        assert about.title
        assert about.reference
        assert about.function.__name__ == name
        signature = inspect.signature(about.function).parameters
        assert [p.name for p in about.parameters] == list(signature)
        assert all(p.text for p in about.parameters)
        assert name in str(about)
        assert about.parameters[0].name in str(about)
    fields = {p.name: p.text for p in models.describe("wilson_dirac").parameters}
    assert fields["h_y"] == "Zeeman field, eV."


def test_three_ways_to_build():
    a, b, c = kane_mele(lambda_R=0.2), models.kane_mele(lambda_R=0.2), models.build("kane_mele", lambda_R=0.2)
    assert np.array_equal(a.H, b.H)
    assert np.array_equal(a.H, c.H)
    assert models.rashba.__doc__ == rashba.__doc__
    assert models.build("rashba", t=2).H.dtype == complex


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: models.build("kane_mel"), "unknown model 'kane_mel': did you mean 'kane_mele'"),
        (lambda: models.describe("kan_mele"), "did you mean 'kane_mele'"),
        (lambda: models.build("kane_mele", lambda_Rashba=1), "no parameter 'lambda_Rashba': did you mean 'lambda_R'"),
        (lambda: models.kane_mele(lambda_S=1), "model 'kane_mele' has no parameter 'lambda_S'"),
        (lambda: models.build("rashba", t="1"), "model 'rashba': t = '1' must be a finite number"),
        (lambda: models.build("rashba", t=True), "t = True must be a finite number"),
        (lambda: models.build("rashba", t=float("nan")), "t = nan must be a finite number"),
        (lambda: models.build("bhz", a=-1.0), "model 'bhz': a = -1 must be greater than zero"),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_unknown_attribute():
    with pytest.raises(AttributeError, match=r"no model 'kane_mell'.*did you mean 'kane_mele'"):
        models.kane_mell  # noqa: B018
    assert not hasattr(models, "__wrapped__")


def test_examples_in_docstrings():
    result = doctest.testmod(models)
    assert result.attempted > 0
    assert result.failed == 0


def test_a_model_registers_once():
    with pytest.raises(ValueError, match="registered twice"):
        builders.register(title="again", reference="none")(kane_mele)
