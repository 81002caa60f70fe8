"""Allowed tensors against textbooks, and against what the engine computes."""

from dataclasses import replace

import numpy as np
import pytest
from symmetry_helpers import BCC, FCC, one_atom

from solenoidal import models, responses, symmetry
from solenoidal.engine import Task, run
from solenoidal.errors import InputError
from solenoidal.model import Operator
from solenoidal.symmetry.reduce import keeps_mesh
from solenoidal.symmetry.tensors import labels
from solenoidal.zone import Mesh

EMPTY = np.zeros((1, 3, 1, 1))
SPIN = Operator(EMPTY, ("x", "y", "z"), time_reversal=-1, transformation="axial")
CHARGE = Operator(EMPTY[:, :1], ("1",), unit="1", time_reversal=1, transformation="scalar")
LEVI_CIVITA = np.array([[[(i - j) * (j - k) * (k - i) / 2 for k in range(3)] for j in range(3)] for i in range(3)])


def shape(group, response, operator, dimension=3):
    r = responses.get(response)
    P = symmetry.projector(symmetry.response_matrices(group.operations, r, operator, dimension))
    return P, labels(r, operator, dimension)


def components(P, names):
    return {name for name, may in zip(names, symmetry.allowed(P), strict=True) if may}


@pytest.mark.parametrize("response", ["conductivity", "nernst", "dipole_density"])
def test_cubic_crystal_has_one_spin_hall_component(response):
    """m-3m1': sigma^k_ij = sigma epsilon_ijk; Kleiner, Phys. Rev. 142, 318 (1966); Seemann et al., PRB 92, 155138."""
    P, names = shape(one_atom(FCC), response, SPIN)
    assert round(np.trace(P)) == 1
    unit = LEVI_CIVITA.ravel() / np.sqrt(6)
    assert abs(P - np.outer(unit, unit)).max() < 1e-12
    # the first pair is the sign of a component, the rest follow
    assert symmetry.relations(P, names) == ("xyz = -xzy = -yxz = yzx = zxy = -zyx",)


def test_nonmagnetic_crystal_has_no_anomalous_hall_effect_and_no_magnetization():
    for response in ("conductivity", "magnetization"):
        P, _ = shape(one_atom(FCC), response, CHARGE)
        assert not symmetry.allowed(P).any()
    P, _ = shape(one_atom(FCC), "equilibrium", SPIN)
    assert not symmetry.allowed(P).any()  # inversion


def test_iron_along_z():
    """4/mm'm': of the odd charge conductivity only sigma_xy = -sigma_yx, magnetization along z."""
    group = one_atom(BCC, [[0, 0, 1.0]])
    P, names = shape(group, "conductivity", CHARGE)
    assert symmetry.relations(P, names) == ("xy 1 = -yx 1",) or symmetry.relations(P, names) == ("xy1 = -yx1",)
    P, names = shape(group, "magnetization", CHARGE)
    assert components(P, names) == {"z1"}
    # even spin conductivity: three independent pairs, as in the nonmagnetic 4/mmm
    P, names = shape(group, "conductivity", SPIN)
    assert round(np.trace(P)) == 3
    assert symmetry.relations(P, names) == ("xyz = -yxz", "xzy = -yzx", "zxy = -zyx")


def test_polar_magnet_has_an_equilibrium_spin_current():
    """4mm1' (Rashba): J^y_x = -J^x_y, Rashba, PRB 68, 241315 (2003)."""
    group = symmetry.observe(models.rashba(B_z=0.0)).group
    P, names = shape(group, "equilibrium", SPIN, 2)
    assert symmetry.relations(P, names) == ("xy = -yx",)


def test_quantum_spin_hall_components():
    group = symmetry.observe(models.kane_mele()).group
    P, names = shape(group, "conductivity", SPIN, 2)
    assert symmetry.relations(P, names)[-1] == "xyz = -yxz"
    # 3m: the threefold axis allows in-plane spins, bound to one number
    assert round(np.trace(P)) == 2


def test_projector_is_a_projector():
    for group in (one_atom(FCC), one_atom(BCC, [[1.0, 1, 1]])):
        for name in responses.names():
            P, _ = shape(group, name, SPIN)
            assert abs(P @ P - P).max() < 1e-12
            assert abs(P - P.T).max() < 1e-12


@pytest.mark.parametrize("name", ["rashba", "kane_mele", "altermagnet", "kagome_antiferromagnet", "haldane", "bhz"])
def test_engine_obeys_every_declared_transformation(name):
    """All responses and definitions on a mesh centred on Gamma, which every operation keeps."""
    model = models.build(name)
    operator = "spin" if "spin" in model.operators else "charge"
    group = symmetry.observe(model).group
    mesh = Mesh((10, 10), (0.0, 0.0))
    assert all(keeps_mesh(g, mesh) for g in group.operations)
    wanted = ("conductivity", "nernst", "equilibrium", "magnetization", "dipole_density")
    task = Task(
        mesh.n,
        mesh.offset,
        np.array([0.3]),
        np.array([0.1]),
        operator=operator,
        definitions=("conventional", "eq11", "eq15", "kubo") if operator == "spin" else ("eq11", "kubo"),
        responses=wanted,
        error=False,
        workers=1,
    )
    out = run(model, task)
    for response in wanted:
        P, _ = shape(group, response, model.operator(operator), 2)
        X = out.values[response].reshape(*out.values[response].shape[:3], -1)
        # a response that symmetry forbids altogether is small against its summed magnitudes
        scale = max(abs(X).max(initial=0.0), out.floors[response] * 1e10)
        assert abs(X - X @ P.T).max(initial=0.0) < 1e-9 * scale


def test_wrong_parity_would_be_seen():
    """The engine's anomalous Hall effect does not obey the shape of a response that is even under time reversal."""
    model = models.haldane()
    group = symmetry.observe(model).group
    r = responses.get("conductivity")
    even = replace(r, transformation=replace(r.transformation, time_reversal=+1))
    P = symmetry.projector(symmetry.response_matrices(group.operations, even, model.operator("charge"), 2))
    task = Task(
        (8, 8), (0.0, 0.0), np.array([0.0]), np.array([0.1]), operator="charge", definitions=("eq11",), error=False
    )
    X = run(model, task).values["conductivity"].reshape(-1)
    assert abs(X - P @ X).max() > 0.5 * abs(X).max() > 0


def test_undeclared_transformations_are_refused():
    group = one_atom(FCC)
    r = replace(responses.get("conductivity"), transformation=None)
    with pytest.raises(InputError, match="response 'conductivity' does not declare"):
        symmetry.response_matrices(group.operations, r, SPIN, 3)
    with pytest.raises(InputError, match="does not declare"):
        symmetry.response_matrices(group.operations, responses.get("nernst"), replace(SPIN, transformation=None), 3)
    one = Operator(EMPTY[:, :1], ("z",), time_reversal=-1, transformation="axial")
    with pytest.raises(InputError, match="ask for all components"):
        symmetry.response_matrices(group.operations, responses.get("nernst"), one, 3)


def test_every_response_declares_its_transformation():
    for name in responses.names():
        r = responses.get(name)
        assert r.transformation is not None, name
        assert len(r.transformation.indices) == len(r.dims) - 1, name
