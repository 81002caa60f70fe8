"""Constants and signs."""

import math

import pytest

from solenoidal import units


def test_conductance_quantum_of_the_notes():
    assert pytest.approx(24341.348, abs=1e-3) == units.CONDUCTANCE_3D


def test_signs_follow_postw90():
    assert units.conductivity_factor(3, "internal") == -units.CONDUCTANCE_3D
    assert units.conductivity_factor(3, "charge") == +units.CONDUCTANCE_3D


def test_two_dimensional_quantum():
    """X = 1 / 2 pi is one quantum e / 2 pi."""
    assert abs(units.conductivity_factor(2, "internal")) / (2 * math.pi) == pytest.approx(1.0)


def test_names():
    assert units.conductivity_unit(3, "internal") == "(hbar/e) S/cm"
    assert units.conductivity_unit(3, "charge") == "S/cm"
    assert units.conductivity_unit(2, "internal") == "e/(2 pi)"
    assert units.conductivity_unit(2, "charge") == "e^2/h"


def test_thermal_energy_at_room_temperature():
    assert pytest.approx(0.025852, abs=1e-6) == 300 * units.KB
