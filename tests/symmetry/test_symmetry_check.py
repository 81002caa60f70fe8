"""The check of a user's own job against the symmetry of the model."""

from dataclasses import replace

import numpy as np
import pytest

from solenoidal import checks, models
from solenoidal.checks import context as checks_context
from solenoidal.job import Job
from solenoidal.model import partners


def examine(model, mesh=12, **system):
    job = Job({"operator": "spin", **system}, {"mesh": mesh}, {"mu": [0.1], "temperature": 3000.0})
    context = checks_context.prepare(model, job, lambda event: None, 1)
    return checks._judge(checks.get("symmetry"), checks.get("symmetry").examine(context), context)


@pytest.mark.parametrize("name", ["kane_mele", "rashba", "altermagnet", "kagome_antiferromagnet"])
def test_symmetric_models_pass(name):
    found = examine(models.build(name))
    assert found.status == "pass"
    assert found.residual < 1e-8
    assert "operations are symmetries of the model" in found.sentence


def noisy(model, size):
    """A little of everything in H: every symmetry is broken by as much as the others."""
    X = np.random.default_rng(4).normal(size=model.H.shape) * size
    return replace(model, H=model.H + (X + X[partners(model.R)].swapaxes(-1, -2)) / 2)


def test_residual_of_a_noisy_model_is_reported():
    found = examine(noisy(models.rashba(), 0.01))
    assert found.status == "FAIL"
    assert found.residual > 1e-3
    assert "8 of 32 operations" in found.sentence
    assert "symmetrise = true" in found.sentence


def test_axes_that_operations_mix_leave_those_out():
    model = models.rashba(B_z=0.0)
    assert examine(model, axes=["z"]).residual < 1e-8
    assert examine(model, axes=["x"]).residual < 1e-8


def test_an_operator_without_declaration_is_told():
    model = models.rashba()
    model = model.with_operators(spin=replace(model.operators["spin"], transformation=None))
    found = examine(model)
    assert found.status == "not applicable"
    assert "does not declare how it behaves under rotations" in found.sentence


def test_a_wrong_declaration_is_seen():
    """Spin declared as a polar vector: other operations seem to be symmetries."""
    model = models.rashba()
    wrong = replace(model.operators["spin"], transformation="polar")
    found = examine(model.with_operators(spin=wrong))
    right = examine(model)
    assert found.sentence.split(" of ")[0] != right.sentence.split(" of ")[0]
