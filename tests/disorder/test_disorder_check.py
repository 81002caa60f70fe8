"""The check "scattering dipole": passes where Eq. 15 = Eq. 11 + J_dp, fails when one of them is broken."""

from dataclasses import replace

import pytest
import random_models as rm

from solenoidal import checks, models, quantities
from solenoidal.checks import context as checks_context
from solenoidal.disorder import currents
from solenoidal.job import Job

NAME = "scattering dipole"


def examine(model, mu, n=96, operator="spin"):
    job = Job({"operator": operator}, {"mesh": [n] * model.dimension}, {"mu": [mu], "temperature": 300.0}, {})
    context = checks_context.prepare(model, job, lambda event: None, 1)
    return checks._judge(checks.get(NAME), checks.get(NAME).examine(context), context)


@pytest.mark.parametrize(
    ("make", "mu"),
    [(lambda: models.rashba(), 2.0), (lambda: models.kane_mele(lambda_v=0.3), 0.9), (lambda: rm.doublets(1), 0.1)],
    ids=["Rashba", "Kane-Mele", "doublets"],
)
def test_passes_in_two_dimensions(make, mu):
    result = examine(make(), mu)
    assert result.status == "pass"
    assert "halving the mesh" in result.sentence
    assert "points, Gaussian scatterer" in result.sentence


def test_the_kinetic_part_decides_where_the_mesh_does_not():
    result = examine(rm.electrons(4, 3, 4), 0.1, 8)
    assert result.status == "pass"
    assert "not decided" in result.sentence
    assert result.residual < 1e-12


@pytest.mark.parametrize(
    ("model", "mu", "operator", "words"),
    [
        (models.kane_mele(lambda_v=0.3), 0.0, "spin", "no Fermi surface"),
        (rm.bosons(7), 1.0, "spin", "electrons only"),
        (models.rashba(B_z=0.0, lambda_R=0.0), 2.0, "charge", "vanish"),
    ],
    ids=["insulator", "bosons", "no dipole"],
)
def test_does_not_apply(model, mu, operator, words):
    result = examine(model, mu, 8, operator)
    assert result.status == "not applicable"
    assert words in result.sentence


def test_a_wrong_surface_term_of_the_engine_is_found(monkeypatch):
    honest = quantities.get("velocity_dipole")
    wrong = replace(honest, rows=lambda states, settings: -honest.rows(states, settings))
    monkeypatch.setitem(quantities._registry._entries, "velocity_dipole", wrong)
    result = examine(models.kane_mele(lambda_v=0.3), 0.9)
    assert result.status == "FAIL"
    assert "eq15" in result.sentence


def test_a_wrong_scattering_dipole_is_found(monkeypatch):
    from solenoidal import disorder

    monkeypatch.setattr(disorder, "scattering_dipole", lambda found: -currents.scattering_dipole(found))
    result = examine(models.kane_mele(lambda_v=0.3), 0.9)
    assert result.status == "FAIL"
    assert result.residual > 0.1


def test_too_many_points_are_not_tried(monkeypatch):
    monkeypatch.setattr("solenoidal.checks.scattering_dipole.MOST", 10)
    result = examine(models.rashba(), 2.0)
    assert result.status == "not applicable"
    assert "320 points" in result.sentence


def test_a_surface_that_no_mesh_resolves_is_not_judged(monkeypatch):
    monkeypatch.setattr("solenoidal.checks.scattering_dipole.MESHES", {3: (8,)})
    result = examine(rm.electrons(4, 3, 4), 0.1, 8)
    assert result.status == "not applicable"
    assert "does not resolve" in result.sentence
