"""The closed-form and published values of continuum models once more, through the package instead of the reference."""

from types import SimpleNamespace

import continuum
import pytest
from test_reference_values import (  # noqa: F401  (collected here, with the fixture below)
    test_cubic_rashba,
    test_massive_dirac_charge,
    test_rashba_annulus,
    test_rashba_gas,
    test_rashba_nonparabolic,
    test_rashba_zeeman_gas,
)

from solenoidal import definitions, quantities
from solenoidal.bloch import Block, solve
from solenoidal.quantities import Settings


def bands(model, k):
    H, dH, s = model(k)
    states = solve(Block(H, dH, None, s.copy()), 1e-9)
    return SimpleNamespace(states=states, v=states.v.transpose(0, 2, 1, 3))


def part(name, weight):
    """Sea or surface of a definition as a function of the bands."""

    def density(b):
        total = 0.0 * quantities.get("berry_spin").rows(b.states, Settings())
        for term in definitions.terms(name):
            q = quantities.get(term.quantity)
            if term.weight == weight:
                x = q.rows(b.states, Settings())
                total = total + term.coefficient * (x.swapaxes(2, 3) if term.exchanged else x)
        return total

    return density


def dipole(b):
    return part("eq11", "surface")(b)


@pytest.fixture(autouse=True)
def _package(monkeypatch):
    responses = {name: (part(name, "sea"), part(name, "surface")) for name in definitions.names()}
    responses["dipole"] = (lambda b: 0.0 * dipole(b), dipole)
    monkeypatch.setattr(continuum, "RESPONSES", responses)
    monkeypatch.setattr(continuum, "bands", bands)
