"""Constants and signs."""

import math

import pytest
from scipy import constants

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


@pytest.mark.parametrize("flow", ["internal", "charge"])
def test_printed_thermal_response_obeys_the_mott_relation(flow):
    """alpha = int (-f')(e - mu) sigma / (e T) with e = -|e|: the entropy for f gives -k_B sigma / |e|."""
    assert units.nernst_factor(3, flow) == pytest.approx(
        -units.KB * 100 * units.conductivity_factor(3, flow), rel=1e-12
    )
    assert units.nernst_factor(2, flow) == -units.conductivity_factor(2, flow)


@pytest.mark.parametrize("flow", ["internal", "charge"])
def test_printed_magnetization_obeys_the_insulator_rule(flow):
    """sigma = e dM/dmu with e = -|e|: M in A/m (or hbar/|e| of it) per eV is -sigma in S/m."""
    bohr_magneton, volume = constants.physical_constants["Bohr magneton"][0], 15.0
    per_cell = volume * 1e-30 / bohr_magneton if flow == "charge" else 1.0
    want = -100 * units.conductivity_factor(3, flow) * per_cell
    assert units.magnetization_factor(3, flow, volume) == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("flow", ["internal", "charge"])
def test_printed_current_is_the_curl_of_the_printed_magnetization(flow):
    """X of a current density is that of M per Angstrom."""
    assert units.current_factor(3, flow, 1.0) == pytest.approx(
        -100 * 1e10 * units.conductivity_factor(3, flow), rel=1e-12
    )
