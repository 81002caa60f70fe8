"""Averaging over a group: a projection, exact symmetry afterwards, real Wannier models."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import random_models as rm
from symmetry_helpers import BCC, DIAMOND, FCC, ROOT, diamond, one_atom, random_model, spinful

from solenoidal import calculation, diagnostics, models, read_npz, read_wannier90, symmetry
from solenoidal.bloch import fourier, solve
from solenoidal.errors import InputError
from solenoidal.job import Job
from solenoidal.model import Operator


def levels(model, k):
    return np.linalg.eigvalsh(fourier(model, k, "charge").H)


CASES = {
    "fcc": lambda: spinful(one_atom(FCC)),
    "ferromagnet": lambda: spinful(one_atom(BCC, [[0, 0, 1.0]]), ("s", "d")),
    "diamond": lambda: spinful(diamond(), ("s", "p"), DIAMOND),
    "blocks": lambda: spinful(one_atom(FCC), order="blocks"),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    r = CASES[request.param]()
    order = "blocks" if request.param == "blocks" else "interlaced"
    model = random_model(r, spin_order=order)
    return r, model, *symmetry.symmetrise(model, r)


def test_bands_and_spins_at_equivalent_points(case):
    r, _, model, _ = case
    k = np.random.default_rng(3).uniform(size=(4, 3))
    e, s = spins(model, k)
    for g in r.group.operations:
        there, s_there = spins(model, k @ g.reciprocal.T)
        assert abs(there - e).max() < 1e-12
        sign = -g.determinant if g.time_reversal else g.determinant
        assert abs(s_there - s @ (sign * g.cartesian).T).max() < 1e-10


def spins(model, k):
    """Levels, and the sum over pairs of neighbouring levels of the spin."""
    block = fourier(model, k, "spin")
    e, U = np.linalg.eigh(block.H)
    s = np.einsum("kan,kcab,kbn->knc", U.conj(), block.s, U).real
    return e, s[:, ::2] + s[:, 1::2]


def test_velocities_turn_as_vectors(case):
    """D_i H holds the position matrix: its elements between eigenstates turn as vectors, odd under time reversal."""
    r, _, model, _ = case
    k = np.random.default_rng(4).uniform(size=(3, 3))
    here = velocity_product(model, k)
    for g in r.group.operations[::5]:
        assert abs(velocity_product(model, k @ g.reciprocal.T) - g.cartesian @ here @ g.cartesian.T).max() < 1e-10


def velocity_product(model, k):
    """``Re sum_nm v^i_nm v^j_mn (e_n + 2) (e_m + 3)``."""
    states = solve(fourier(model, k, "charge"))
    return np.einsum("knim,kmjn,kn,km->kij", states.v, states.v, states.e + 2, states.e + 3).real


def test_idempotent_and_a_symmetric_model_stays(case):
    r, _, model, _ = case
    again, report = symmetry.symmetrise(model, r)
    assert np.array_equal(again.R, model.R)
    assert abs(again.H - model.H).max() < 1e-14
    assert abs(again.position - model.position).max() < 1e-14
    assert abs(again.operators["spin"].matrices - model.operators["spin"].matrices).max() < 1e-14
    assert report.bands.largest < 1e-13


def test_mean_is_an_orthogonal_projection(case):
    """What it takes off is orthogonal to what it leaves, so that no symmetric model is nearer."""
    _, model, done, _ = case
    given = dict(zip(map(tuple, model.R.tolist()), model.H, strict=True))
    before = np.array([given.get(tuple(R), np.zeros_like(model.H[0])) for R in done.R.tolist()])
    assert abs(np.vdot(done.H, before - done.H)) < 1e-12 * np.linalg.norm(done.H) ** 2
    assert np.linalg.norm(before - done.H) > 0.1


def test_kramers_pairs_are_exact(case):
    r, _, done, report = case
    if not r.group.has_kramers_pairs:
        assert report.pairs_after is None
        return
    assert report.pairs_before > 1e-2
    assert report.pairs_after < 1e-12
    k = np.random.default_rng(6).uniform(size=(20, 3))
    e = levels(done, k)
    assert abs(e[:, ::2] - e[:, 1::2]).max() < 1e-12


def scrambled(model, basis, rng):
    """The same crystal in other orbitals on each site."""
    U = np.zeros((model.size,) * 2, dtype=complex)
    for members in basis.members:
        X = rng.normal(size=(len(members),) * 2) + 1j * rng.normal(size=(len(members),) * 2)
        U[np.ix_(members, members)] = np.linalg.qr(X)[0]

    def turn(X):
        return U.conj().T @ X @ U

    ops = {name: replace(op, matrices=turn(op.matrices)) for name, op in model.operators.items()}
    return replace(model, H=turn(model.H), position=turn(model.position), operators=ops)


@pytest.mark.parametrize("name", ["fcc", "ferromagnet", "diamond"])
def test_group_and_action_are_found_in_any_basis(name):
    """Screws and glides, magnetic groups: from H, centres and spin alone."""
    r = CASES[name]()
    model = random_model(r)
    local = np.einsum("ai,ab->iab", r.basis.centres, np.eye(model.size))
    model = replace(model, position=local * (model.R == 0).all(axis=1)[:, None, None, None])
    model = scrambled(symmetry.symmetrise(model, r)[0], r.basis, np.random.default_rng(9))
    observed = symmetry.observe(model)
    assert len(observed.group) == len(r.group)
    found = symmetry.representation_of(observed)
    _, report = symmetry.symmetrise(model, found)
    assert report.matrices["H"].largest < 1e-12
    assert report.matrices["spin"].largest < 1e-12
    # a disturbed model comes back with the symmetry, through the action found before
    rough = replace(
        model, H=model.H + 0.1 * np.diag(np.linspace(-1, 1, model.size)) * (model.R == 0).all(1)[:, None, None]
    )
    k = np.random.default_rng(1).uniform(size=(3, 3))
    done, _ = symmetry.symmetrise(rough, found)
    assert max(abs(levels(done, k @ g.reciprocal.T) - levels(done, k)).max() for g in found.group.operations) < 1e-12
    assert max(abs(levels(rough, k @ g.reciprocal.T) - levels(rough, k)).max() for g in found.group.operations) > 1e-3


def test_report_is_among_the_notes(case):
    _, _, done, report = case
    assert done.notes[-len(report.sentences()) :] == report.sentences()
    assert "operations" in report.sentences()[0]


def test_an_operator_without_a_declared_transformation_is_refused():
    r = CASES["fcc"]()
    model = random_model(r)
    spin = model.operators["spin"]
    with pytest.raises(InputError, match="operator 'spin' does not declare how it behaves under rotations"):
        symmetry.symmetrise(model.with_operators(spin=replace(spin, transformation=None)), r)
    with pytest.raises(InputError, match="operator 'spin' does not declare how it behaves under time reversal"):
        symmetry.symmetrise(model.with_operators(spin=replace(spin, time_reversal=None)), r)
    one = Operator(spin.matrices[:, :1], ("x",), time_reversal=-1, transformation="axial")
    with pytest.raises(InputError, match="mixes components of operator 'spin'"):
        symmetry.symmetrise(model.with_operators(spin=one), r)
    odd = replace(one, components=("up",))
    with pytest.raises(InputError, match="must be among x, y, z, not up"):
        symmetry.symmetrise(model.with_operators(spin=odd), r)


# Unitary and antiunitary operations of each model in a plane, mirrors of the third direction included.
KNOWN = {
    "haldane": (6, 6),  # -6, and m' through the bonds: with the staggered potential no twofold axis
    "kane_mele": (6, 6),  # 3m1'
    "rashba": (4, 4),  # 4m'm'
    "altermagnet": (8, 8),  # 4'/mm'm
    "kagome_antiferromagnet": (12, 12),
    "luttinger": (48, 48),  # m-3m1'
}


@pytest.mark.parametrize("name", KNOWN)
def test_groups_of_built_in_models(name):
    model = models.build(name)
    observed = symmetry.observe(model)
    reverse = sum(g.time_reversal for g in observed.group.operations)
    assert (len(observed.group) - reverse, reverse) == KNOWN[name]
    assert observed.changes.max() < 1e-12
    k = np.random.default_rng(2).uniform(size=(5, model.dimension))
    for g in observed.group.operations:
        assert abs(levels(model, k @ g.reciprocal.T) - levels(model, k)).max() < 1e-12
    done, report = symmetry.symmetrise(model, symmetry.representation_of(observed))
    assert report.matrices["H"].largest < 1e-12
    assert abs(levels(done, k) - levels(model, k)).max() < 1e-12


@pytest.mark.parametrize(
    ("name", "parameters", "count"),
    [
        ("haldane", {"M": 0.0}, 24),
        ("haldane", {"phi": 0.0}, 24),
        ("haldane", {"phi": 0.0, "M": 0.0}, 48),
        ("kane_mele", {"lambda_v": 0.0}, 24),
        ("kane_mele", {"lambda_v": 0.0, "lambda_R": 0.0}, 48),
        ("rashba", {"B_z": 0.0}, 16),
        ("altermagnet", {"lambda_R": 0.1}, 8),
        ("altermagnet", {"theta": 0.7}, 4),
    ],
)
def test_parameters_that_make_or_break_symmetry(name, parameters, count):
    assert len(symmetry.observe(models.build(name, **parameters)).group) == count


def test_a_weakly_broken_symmetry_of_a_built_model_is_not_taken_for_noise():
    assert len(symmetry.observe(models.rashba(B_z=0.02)).group) == 8


def seed(folder: Path) -> tuple[Path, str]:
    name = "Pt" if (folder / "Pt.win").exists() else "Fe"
    return folder / f"{name}.win", str(folder / name)


def test_platinum_of_the_example_is_nearly_symmetric():
    win, name = seed(ROOT / "examples" / "pt")
    model = read_wannier90(name)
    observed = symmetry.observe(model, win)
    assert len(observed.group) == 96
    assert "sorted by l, spins interlaced" in observed.representation.origin
    assert observed.changes.max() < 1e-3
    done, report = symmetry.symmetrise(model, symmetry.representation_of(observed))
    assert report.bands.largest < 1e-4
    assert report.pairs_after < 1e-12
    assert (done.R == model.R).all()


def test_platinum_whose_functions_are_no_projections(data):
    """The maximally localised functions are hybrids in any direction: the action is found from the model."""
    win, name = seed(data("Pt"))
    model = read_wannier90(name)
    observed = symmetry.observe(model, win)
    assert len(observed.group) == 96
    assert observed.representation.origin == "found from the model itself"
    done, report = symmetry.symmetrise(model, symmetry.representation_of(observed))
    assert 0.01 < report.pairs_before < 0.3
    assert report.pairs_after < 1e-10
    assert report.bands_near_fermi.rms < 0.05
    # pairs below 1e-10 eV at half of all distances
    split = diagnostics.pair_splittings(done)
    assert split[len(split) * 9 // 17 - 1] < 1e-10
    home = [int(np.flatnonzero((m.R == 0).all(axis=1))[0]) for m in (model, done)]
    assert abs(done.position[home[1]] - model.position[home[0]]).max() < 0.02


def test_iron_has_the_magnetic_group(data):
    """Two functions per direction and spin, projections sorted by l; moments along z."""
    win, name = seed(data("Fe222"))
    model = read_wannier90(name)
    observed = symmetry.observe(model, win)
    assert len(observed.group) == 16
    assert sum(g.time_reversal for g in observed.group.operations) == 8
    assert all(abs(abs(g.cartesian[2, 2]) - 1) < 1e-9 for g in observed.group.operations)
    assert observed.changes.max() < 1e-4 < 1.0 < observed.broken
    assert len(symmetry.observe(model, win, moments=[[0, 0, 2.2]]).group) == 16
    with pytest.raises(InputError, match="does not have the symmetry of these moments"):
        symmetry.observe(model, win, moments=[[2.2, 0, 0]])


@pytest.mark.slow
def test_iron_on_a_denser_mesh(data):
    win, name = seed(data("fe-qe"))
    observed = symmetry.observe(read_wannier90(name), win)
    assert len(observed.group) == 16
    assert observed.changes.max() < 1e-5 < 1.0 < observed.broken


@pytest.mark.slow
def test_functions_without_symmetry_are_refused(data):
    folder = data("Fe")
    job = Job({"wannier90": str(folder / "Fe"), "symmetrise": True}, {"mesh": 4}, {"mu": [17.6]})
    with pytest.raises(InputError, match=r"job: \[system\] symmetrise: .* cannot be symmetrised: none of the 96 oper"):
        calculation.load_model(job)


def test_operators_of_a_file_without_atoms(data):
    """One atom at the origin, found as the single site of all orbitals."""
    model = read_npz(data("Fe222") / "operators.npz")
    assert len(symmetry.observe(model).group) == 16


def test_job_symmetrises_and_says_so(tmp_path):
    seen = []
    job = Job(
        {"wannier90": str(ROOT / "examples" / "pt" / "Pt"), "fermi_energy": 17.6251, "symmetrise": True},
        {"mesh": 4},
        {"mu": [17.6251], "temperature": 1000},
    )
    model = calculation.load_model(job, seen.append)
    texts = [getattr(event, "text", "") for event in seen]
    assert any("Symmetrised with space group Fm-3m" in text for text in texts)
    assert any("within 2 eV of the Fermi level" in note for note in model.notes)
    result = calculation.compute(model, job)
    assert "Symmetrised with space group Fm-3m" in str(result.attrs)
    sigma = result.conductivity.sel(definition="conventional").values[0, 0]
    # operations that keep the half-shifted mesh: threefold axis 111 and inversion
    assert sigma[0, 1, 2] == pytest.approx(sigma[1, 2, 0], rel=1e-9)
    assert sigma[0, 1, 2] == pytest.approx(-sigma[1, 0, 2], rel=1e-9)


def test_job_says_why_a_model_cannot_be_symmetrised():
    job = Job({"model": "rashba_dresselhaus", "symmetrise": True}, {"mesh": 4}, {"mu": [0.0]})
    assert "4 of 32 operations" in str(calculation.load_model(job).notes)
    model = random_model(CASES["ferromagnet"]())
    with pytest.raises(InputError, match="the model cannot be symmetrised: none of the 2 operations"):
        symmetry.impose(model)


def test_models_without_hoppings_or_with_a_metric_are_refused():
    with pytest.raises(InputError, match="not for a model with a metric"):
        symmetry.observe(rm.bosons(1))
    with pytest.raises(InputError, match="not for a model with a metric"):
        symmetry.symmetrise(rm.bosons(1), CASES["fcc"]())
    with pytest.raises(InputError, match="the representation is for 8 orbitals, the model has 2"):
        symmetry.symmetrise(models.rashba(), CASES["fcc"]())
