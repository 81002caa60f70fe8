"""Every check passes where its identity holds and fails when the piece it speaks about is broken."""

from dataclasses import replace

import numpy as np
import pytest
import random_models as rm

from solenoidal import bands, checks, models, quantities, statistics
from solenoidal.checks import context as checks_context
from solenoidal.checks import report
from solenoidal.checks.compare import on_mesh
from solenoidal.errors import InputError
from solenoidal.events import Message, Progress
from solenoidal.job import Job
from solenoidal.model import BlochModel, Operator

BANDS = {
    "band sum",
    "dipole curl",
    "dipole slope",
    "moment",
    "polarizability",
    "quadrupole",
    "torque average",
    "torque curvature",
    "torque dipole",
    "velocity",
}
MODEL = {"Hermiticity", "commuting operator", "flat connection"}
ZONE = {
    "Einstein relation",
    "Kubo at finite q",
    "scattering dipole",
    "static dipoles",
    "static quadrupole",
    "Mott relation",
    "dipole and quadrupole",
    "equilibrium current",
    "forms of eq11",
    "full filling",
    "insulator",
    "symmetric parts",
    "symmetry",
    "time reversal",
}


def job(dimension=2, mesh=None, operator="spin", T=3000.0, **compute):
    n = mesh or {2: 64, 3: 16}[dimension]
    return Job({"operator": operator}, {"mesh": [n] * dimension}, {"mu": [0.1], "temperature": T}, compute)


def run(model, mine=None):
    found = checks.run(model, mine or job(model.dimension), workers=1)
    return {result.name: result for result in found}


def examine(model, name, mine=None):
    """One check alone."""
    context = checks_context.prepare(model, mine or job(model.dimension, 24), lambda event: None, 1)
    return checks._judge(checks.get(name), checks.get(name).examine(context), context)


def statuses(found, status):
    return {name for name, result in found.items() if result.status == status}


def gapped():
    return rm.electrons(2, 2, 3, gap=1.5)


@pytest.fixture(name="electrons", scope="module")
def _electrons():
    return run(gapped())


@pytest.fixture(name="doublets", scope="module")
def _doublets():
    return run(rm.doublets(1))


def test_the_checks_there_are():
    assert set(checks.names()) == MODEL | BANDS | ZONE


def test_every_identity_holds_for_single_bands(electrons):
    assert statuses(electrons, "FAIL") == set()
    assert statuses(electrons, "not applicable") == {
        "flat connection",
        "scattering dipole",
        "symmetry",
        "time reversal",
    }
    assert "single bands" in report.table(list(electrons.values()))


def test_every_identity_holds_for_multiplets(doublets):
    assert statuses(doublets, "FAIL") == set()
    assert statuses(doublets, "pass") >= BANDS
    for name in BANDS - {"torque dipole"}:
        assert "multiplets" in doublets[name].sentence


def test_every_identity_holds_in_three_dimensions_with_positions():
    found = run(rm.electrons(4, 3, 4, positions=True))
    assert statuses(found, "FAIL") == set()
    assert statuses(found, "pass") >= MODEL | BANDS


@pytest.mark.parametrize("kind", ["diagonal", "particle-hole", "symplectic"])
def test_bosons_have_checks_of_the_bands_only(kind):
    model = rm.bosons(7, kind)
    mine = Job({"operator": "spin"}, {"mesh": [8, 8]}, {"mu": [1.0], "temperature": 300}, {})
    found = run(model, mine)
    assert statuses(found, "FAIL") == set()
    assert statuses(found, "not applicable") >= ZONE
    assert statuses(found, "pass") >= BANDS - {"band sum"}


def test_residuals_are_finite_and_below_their_tolerance(electrons):
    for result in electrons.values():
        if result.status == "pass":
            assert 0.0 <= result.residual <= result.tolerance < 0.2


def test_torque_curvature_of_exact_time_reversal_and_inversion_is_not_trivial():
    """Tr s_N = 0 there; the square of s still tests the identity."""
    model = symmetric_doublets()
    context = checks_context.prepare(model, job(2, 8), lambda event: None, 1)
    spin = np.einsum("knan->kna", context.probe.states.s).real
    same = context.probe.states.group[:, :, None] == context.probe.states.group[:, None, :]
    assert abs(np.einsum("knm,kma->kna", same, spin)).max() < 1e-12
    result = examine(model, "torque curvature")
    assert result.status == "pass"
    assert 0.0 < result.residual < 1e-7


def symmetric_doublets():
    """Random doublets with the physical spin, which is odd under the antiunitary of the pairs."""
    model = rm.doublets(1)
    origin = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    s = np.zeros((len(model.R), 3, 6, 6), dtype=complex)
    s[origin] = [np.kron(np.eye(3), sigma / 2) for sigma in rm.PAULI]
    return model.with_operators(spin=Operator(s, ("x", "y", "z"), time_reversal=-1))


# What breaks


def spread_spin(seed=3):
    """s connects orbitals at different places: it does not commute with the position."""
    model = rm.electrons(seed, 2, 4, positions=True)
    origin = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    s = np.zeros((len(model.R), 1, 4, 4), dtype=complex)
    s[origin, 0] = rm.hermitian(np.random.default_rng(0), 4)
    return model.with_operators(spin=Operator(s, ("x",)))


def curved():
    """Positions that do not commute with each other, but with s = 1."""
    model = rm.electrons(3, 2, 4, positions=True)
    origin = int(np.flatnonzero((model.R == 0).all(axis=1))[0])
    position = model.position.copy()
    position[origin] += 0.3 * np.stack([rm.hermitian(np.random.default_rng(i), 4) for i in range(2)])
    return replace(model, position=position)


def test_spin_that_does_not_commute_with_the_position():
    found = run(spread_spin())
    broken = {"commuting operator", "dipole curl", "torque curvature", "polarizability", "equilibrium current"}
    assert broken <= statuses(found, "FAIL")
    assert not statuses(found, "FAIL") & {"torque dipole", "torque average", "velocity", "quadrupole", "moment"}
    assert not statuses(found, "FAIL") & {"dipole slope", "Einstein relation", "dipole and quadrupole"}
    assert not statuses(found, "FAIL") & {"band sum", "symmetric parts", "full filling", "Mott relation"}
    for name in broken:
        assert "truncated" in found[name].sentence
    assert found["torque curvature"].residual > 0.05


def test_curved_connection():
    model = curved()
    result = examine(model, "flat connection")
    assert result.status == "FAIL"
    assert result.residual > 1e-2
    assert examine(model, "velocity").status == "pass"
    assert examine(model, "dipole curl").status == "FAIL"


def test_forms_differ_without_a_complete_basis():
    complete, mine = rm.electrons(4, 2, 4, positions=True), job(2, 64, T=6000.0)
    assert examine(complete, "forms of eq11", mine).status == "pass"
    result = examine(spread_spin(4), "forms of eq11", mine)
    assert result.status == "FAIL"
    assert result.residual > 0.1
    assert "truncated" in result.sentence


def test_files_with_few_digits():
    model = rm.electrons(2, 2, 3)
    H = model.H.copy()
    H[0, 0, 1] += 5e-7
    assert examine(replace(model, H=H), "Hermiticity").status == "FAIL"
    assert examine(model, "Hermiticity").residual < 1e-15


def wrong(monkeypatch, name, change):
    """Replace a quantity of the kernel."""
    honest = quantities.get(name)

    def rows(states, settings):
        return change(honest.rows(states, settings))

    monkeypatch.setitem(quantities._registry._entries, name, replace(honest, rows=rows))


def negative(x):
    return -x


def skewed(x):
    """Spoil one pair of directions."""
    out = x.copy()
    out[:, :, 0, 1] += 0.1 * abs(x).max()
    return out


#: check -> (quantity, what is done to it).
KERNEL = {
    "torque dipole": ("torque_dipole", negative),
    "torque curvature": ("torque_curvature", negative),
    "dipole curl": ("covariant_spin", negative),
    "band sum": ("kubo_mixing", negative),
    "full filling": ("spin_berry", skewed),
    "symmetric parts": ("kubo_mixing", skewed),
    "equilibrium current": ("torque_curvature", negative),
    "forms of eq11": ("berry_spin", negative),
    "insulator": ("berry_spin", skewed),
    "dipole and quadrupole": ("berry_spin", skewed),
    "quadrupole": ("torque_quadrupole", negative),
    "moment": ("torque_quadrupole", skewed),
    "polarizability": ("torque_polarizability", negative),
    "dipole slope": ("dipole_slope", skewed),
    "Einstein relation": ("torque_quadrupole", negative),
}


@pytest.mark.parametrize("name", KERNEL)
@pytest.mark.parametrize("make", [gapped, lambda: rm.doublets(1)], ids=["single", "multiplets"])
def test_a_wrong_kernel_is_found(monkeypatch, make, name):
    mine = job(2, 64 if name in ("equilibrium current", "forms of eq11") else 12)
    assert examine(make(), name, mine).status == "pass"
    wrong(monkeypatch, *KERNEL[name])
    result = examine(make(), name, mine)
    assert result.status == "FAIL"
    assert checks.get(name).failure in result.sentence


#: check -> function of :mod:`solenoidal.bands` that is made wrong.
GEOMETRY = {
    "torque dipole": "current",
    "polarizability": "polarizability_interband",
    "quadrupole": "torque_quadrupole",
    "moment": "moment",
    "dipole curl": "s_dipole",
}


@pytest.mark.parametrize("name", GEOMETRY)
def test_wrong_geometry_is_found(monkeypatch, name):
    honest = getattr(bands, GEOMETRY[name])
    monkeypatch.setattr(bands, GEOMETRY[name], lambda states: -honest(states))
    assert examine(gapped(), name).status == "FAIL"


@pytest.mark.parametrize("quantity", ["velocity_dipole", "current_dipole"])
def test_einstein_relation_fixes_every_sign(monkeypatch, quantity):
    """The surface term of eq11 and both terms of the moment; that of the curvature is fixed by the insulator rule."""
    wrong(monkeypatch, quantity, negative)
    assert examine(gapped(), "Einstein relation").status == "FAIL"


def test_wrong_velocity_is_found(monkeypatch):
    honest = checks_context.solve
    monkeypatch.setattr(checks_context, "solve", lambda *arguments: replace((st := honest(*arguments)), v=1.001 * st.v))
    assert examine(gapped(), "velocity").status == "FAIL"


def test_wrong_states_are_found(monkeypatch):
    from solenoidal.checks import torque_average

    honest = torque_average.eigenstates

    def tilted(*arguments):
        e, U, sign = honest(*arguments)
        turn = np.eye(U.shape[-1], dtype=complex)
        turn[:2, :2] = [[np.cos(1e-4), -np.sin(1e-4)], [np.sin(1e-4), np.cos(1e-4)]]
        return e, U @ turn, sign

    assert examine(gapped(), "torque average").status == "pass"
    monkeypatch.setattr(torque_average, "eigenstates", tilted)
    assert examine(gapped(), "torque average").status == "FAIL"


@pytest.mark.parametrize("function", ["entropy", "entropy_surface"])
def test_wrong_entropy_is_found(monkeypatch, function):
    honest = statistics.FUNCTIONS[function]
    assert examine(gapped(), "Mott relation").residual < 1e-6
    monkeypatch.setitem(statistics.FUNCTIONS, function, replace(honest, at=lambda x, kT: 1.001 * honest.at(x, kT)))
    assert examine(gapped(), "Mott relation").status == "FAIL"


def test_mott_relation_of_the_definitions_of_the_user():
    result = examine(gapped(), "Mott relation", job(definitions=["kubo"], gamma=0.1))
    assert result.status == "pass"
    assert result.sentence.startswith("kubo;")


def test_time_reversal():
    model = models.kane_mele(lambda_v=0.3)
    assert examine(model, "time reversal").status == "pass"
    magnet = models.haldane()
    result = examine(magnet, "time reversal", job(operator="charge"))
    assert result.status == "not applicable"
    assert "Hall response" in result.sentence or "no time reversal" in result.sentence


def test_moment_of_a_crystal_with_time_reversal_is_found(monkeypatch):
    wrong(monkeypatch, "current_dipole", skewed)
    assert examine(models.kane_mele(lambda_v=0.3), "time reversal").status == "FAIL"


# What does not apply


def test_point_degeneracies_in_two_dimensions():
    result = examine(models.rashba(B_z=0.0), "forms of eq11")
    assert result.status == "not applicable"
    assert "touch" in result.sentence


def test_conserved_operator():
    found = run(models.haldane(), job(operator="charge"))
    assert statuses(found, "FAIL") == set()
    assert found["torque average"].status == "not applicable"
    assert found["insulator"].status == "pass"


def test_metal_has_no_insulator_rule():
    assert examine(rm.electrons(1, 2, 3), "insulator").status == "not applicable"


def test_coarse_mesh_decides_nothing():
    assert on_mesh(0.05, 0.04, 1.0, 1e-6).residual is None
    assert on_mesh(0.5, 0.2, 1.0, 1e-6).residual is None
    fine = on_mesh(1e-4, 1e-5, 1.0, 1e-6)
    assert fine.residual > fine.tolerance
    assert fine.tolerance == pytest.approx(4e-5)


def test_slow_convergence_at_a_point_degeneracy_is_not_called_a_failure():
    """Four bands meet at Gamma: the surface form converges as 1 / N and halving 16 points understates the error."""
    result = examine(models.luttinger(), "forms of eq11", job(3, 16))
    assert result.status == "not applicable"
    assert "not decided" in result.sentence


def test_cold_job_is_checked_warm():
    context = checks_context.prepare(gapped(), job(2, 500, T=0.0), lambda event: None, 1)
    assert context.kT == checks_context.WARM
    assert context.mesh == (96, 96)


def test_events():
    seen = []
    checks.run(models.haldane(), job(mesh=8, operator="charge"), seen.append, workers=1)
    assert any(isinstance(event, Message) and "random k-points" in event.text for event in seen)
    progress = [event for event in seen if isinstance(event, Progress)]
    assert [event.done for event in progress] == list(range(len(checks.names()) + 1))


def test_one_dimension():
    found = run(rm.electrons(1, 1, 3), job(1, 64))
    assert statuses(found, "FAIL") == set()
    assert {"dipole curl", "insulator", "time reversal"} <= statuses(found, "not applicable")
    assert {"torque curvature", "equilibrium current", "Mott relation"} <= statuses(found, "pass")


def test_atoms_without_hopping():
    """Nothing moves: nothing fails and nothing is divided by zero."""
    local = {"spin": ([np.diag([0.5, -0.5])], ("z",))}
    model = BlochModel.from_hoppings(np.eye(2), {(0, 0): np.diag([1.0, 2.0])}, local_operators=local)
    mine = Job({}, {"mesh": 8}, {"mu": [1.1], "temperature": 300})
    assert statuses(run(model, mine), "FAIL") == set()


@pytest.mark.parametrize(
    ("mine", "words"),
    [
        ({"mesh": 8}, "Job.from_dict"),
        (job(operator="spine"), "did you mean 'spin'"),
        (Job({}, {"mesh": [8, 8, 8]}, {"mu": [0.0]}), "2 periodic directions"),
        (Job({}, {"mesh": 8}, {"mu": [500.0]}), "leaves the bands"),
    ],
    ids=["no job", "operator", "mesh", "mu"],
)
def test_mistakes(mine, words):
    with pytest.raises(InputError, match=words):
        checks.run(gapped(), mine, workers=1)


def test_table_is_aligned(electrons):
    text = report.table(list(electrons.values()))
    rows = [line for line in text.splitlines() if line.split("  ")[0].strip() in electrons]
    assert len(rows) == len(electrons)
    assert len({max(row.find("pass"), row.find("not applicable")) for row in rows}) == 1
    assert max(map(len, text.splitlines())) <= 118
