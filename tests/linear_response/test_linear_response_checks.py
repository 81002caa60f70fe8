"""Checks of a job by linear response: they pass where the identity holds and fail where a kernel is wrong."""

from dataclasses import replace

import numpy as np
import pytest
import random_models as rm

from solenoidal import checks, models, quantities
from solenoidal.checks import context as checks_context
from solenoidal.job import Job
from solenoidal.model import Operator

NAMES = ("Kubo at finite q", "static dipoles", "static quadrupole")


def examine(model, name, operator="spin", mu=0.1):
    job = Job({"operator": operator}, {"mesh": 12}, {"mu": [mu], "temperature": 300})
    context = checks_context.prepare(model, job, lambda event: None, 1)
    return checks._judge(checks.get(name), checks.get(name).examine(context), context)


CRYSTALS = {
    "1D": lambda: rm.electrons(2, 1, 3),
    "2D": lambda: rm.electrons(2),
    "doublets": lambda: rm.doublets(1),
    "3D with positions": lambda: rm.electrons(4, 3, 4, positions=True),
    "Kane-Mele": lambda: models.kane_mele(lambda_v=0.1),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("crystal", CRYSTALS)
def test_identities_hold(crystal, name):
    result = examine(CRYSTALS[crystal](), name)
    assert result.status == "pass"
    assert result.residual < 1e-7


#: check -> quantities whose sign matters to it.
KERNEL = [
    ("Kubo at finite q", "kubo_mixing"),
    ("Kubo at finite q", "velocity_dipole"),
    ("Kubo at finite q", "berry_spin"),
    ("static dipoles", "current"),
    ("static dipoles", "torque_curvature"),
    ("static dipoles", "torque_dipole"),
    ("static dipoles", "spin_berry"),
    ("static dipoles", "current_dipole"),
    ("static quadrupole", "current_dipole"),
    ("static quadrupole", "spin_berry"),
]


@pytest.mark.parametrize(("name", "quantity"), KERNEL)
def test_a_wrong_kernel_is_found(monkeypatch, name, quantity):
    honest = quantities.get(quantity)
    monkeypatch.setitem(
        quantities._registry._entries, quantity, replace(honest, rows=lambda states, more: -honest.rows(states, more))
    )
    result = examine(CRYSTALS["2D"](), name)
    assert result.status == "FAIL"
    assert checks.get(name).failure in result.sentence


def test_spin_that_does_not_commute_with_the_position():
    """Only the order q^2 differentiates s; the rest holds in any basis."""
    model = rm.electrons(3, 2, 4, positions=True)
    s = np.zeros((len(model.R), 1, 4, 4), dtype=complex)
    s[np.flatnonzero(~model.R.any(axis=1))[0], 0] = rm.hermitian(np.random.default_rng(0), 4)
    model = model.with_operators(spin=Operator(s, ("x",)))
    found = {name: examine(model, name) for name in NAMES}
    assert [found[name].status for name in NAMES] == ["pass", "pass", "FAIL"]
    assert found["static quadrupole"].residual > 1e-2
    assert "truncated" in found["static quadrupole"].sentence


def test_what_does_not_apply():
    assert examine(models.haldane(), "static quadrupole", "charge").status == "not applicable"  # no torque
    assert examine(models.haldane(), "static dipoles", "charge").status == "pass"
    for name in NAMES:
        bosons = examine(rm.bosons(7), name, mu=1.0)
        assert bosons.status == "not applicable"
        assert "fermions" in bosons.sentence
        turned = replace(rm.electrons(2), metric=np.diag([1.0, 1.0, -1.0]).astype(complex))
        context = checks_context.prepare(rm.electrons(2), Job({}, {"mesh": 4}, {"mu": [0.1]}), lambda event: None, 1)
        assert "metric" in checks.get(name).examine(replace(context, model=turned)).note
