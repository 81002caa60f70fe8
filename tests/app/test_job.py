"""A job is either valid or refused in one sentence that names the key."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solenoidal.errors import InputError
from solenoidal.job import Job, MuRange

MINIMAL = {"system": {"model": "kane_mele"}, "zone": {"mesh": 6}, "scan": {"mu": [0.0]}}


def with_entry(section, key, value):
    data = {name: dict(entries) for name, entries in MINIMAL.items()}
    data.setdefault(section, {})[key] = value
    return data


def test_defaults_are_those_of_the_contract():
    job = Job.from_dict(MINIMAL)
    assert job.zone.offset == (0.5,)
    assert job.compute.definitions is None
    assert job.compute.degeneracy == 1e-3
    assert job.compute.responses == ("conductivity",)
    assert job.scan.temperature == (0.0,)
    assert job.system.operator == "spin"


def test_job_file_of_the_contract_is_read(tmp_path):
    path = tmp_path / "pt.toml"
    path.write_text(
        """
        [system]
        wannier90 = "examples/pt/Pt"
        operator  = "spin"
        axes      = ["z"]
        fermi_energy = 17.6251
        symmetrise = false
        [zone]
        mesh = [60, 60, 60]
        offset = 0.5
        [scan]
        mu = { from = -2.0, to = 2.0, points = 401, relative_to = "fermi" }
        temperature = [0, 300]
        [compute]
        responses   = ["conductivity"]
        definitions = ["conventional", "eq11", "eq15", "kubo"]
        degeneracy  = 1e-3
        """
    )
    job = Job.from_toml(path)
    assert job.system.axes == ("z",)
    assert job.zone.mesh == (60, 60, 60)
    assert job.scan.mu == MuRange(-2.0, 2.0, 401, "fermi")
    assert job.resolve(job.system.wannier90) == tmp_path / "examples/pt/Pt"


def test_dictionary_form_is_read_back_to_an_equal_job():
    job = Job(
        {"model": "rashba", "parameters": {"alpha": 0.1}, "electrons": 1},
        {"mesh": [4, 5], "offset": [0.0, 0.25]},
        {"mu": {"from": 0, "to": 1, "points": 3}, "temperature": 10},
        {"definitions": ["kubo"], "gamma": 0.01, "form": "P"},
    )
    assert Job.from_dict(job.to_dict()) == job


def test_arrays_and_numpy_numbers_are_accepted():
    job = Job({}, {"mesh": np.array([4, 4])}, {"mu": np.linspace(0, 1, 3), "temperature": np.float64(3.0)})
    assert job.zone.mesh == (4, 4)
    assert job.scan.mu == (0.0, 0.5, 1.0)
    assert all(type(n) is int for n in job.zone.mesh)


@pytest.mark.parametrize(
    ("section", "key", "value", "words"),
    [
        ("zone", "mesh", 0, ["[zone] mesh", "between 1 and"]),
        ("zone", "mesh", [4, -4], ["[zone] mesh", "-4"]),
        ("zone", "mesh", 4.0, ["[zone] mesh", "not a whole number"]),
        ("zone", "mesh", True, ["[zone] mesh", "not a whole number"]),
        ("zone", "mesh", "dense", ["[zone] mesh", "'dense'"]),
        ("zone", "mesh", [], ["[zone] mesh", "empty"]),
        ("zone", "mesh", [2, 2, 2, 2], ["[zone] mesh", "at most 3"]),
        ("zone", "offset", math.inf, ["[zone] offset", "not a finite number"]),
        ("zone", "method", "cubic", ["[zone] method", "'cubic'", "valid: linear, plain"]),
        ("zone", "mash", 4, ["[zone]", "'mash'", "did you mean 'mesh'?"]),
        ("scan", "temperature", -1, ["[scan] temperature", "-1", "at least 0"]),
        ("scan", "temperature", math.nan, ["[scan] temperature", "nan"]),
        ("scan", "temperature", [300, 300.0], ["[scan] temperature", "twice"]),
        ("scan", "temperature", "cold", ["[scan] temperature", "'cold'"]),
        ("scan", "mu", [], ["[scan] mu", "empty"]),
        ("scan", "mu", [1.0, 0.0], ["[scan] mu", "ascending"]),
        ("scan", "mu", {"from": 0, "to": 1, "points": 0}, ["[scan] mu.points", "between 1 and"]),
        ("scan", "mu", {"from": 0, "to": 1, "points": 1}, ["[scan] mu", "one point"]),
        ("scan", "mu", {"from": 1, "to": 0, "points": 3}, ["[scan] mu", "exchange"]),
        ("scan", "mu", {"from": 0, "to": math.nan, "points": 3}, ["[scan] mu.to", "nan"]),
        ("scan", "mu", {"from": 0, "points": 3}, ["[scan] mu", "to is missing"]),
        ("scan", "mu", {"from": 0, "to": 1, "number": 3}, ["[scan] mu", "'number'", "valid"]),
        (
            "scan",
            "mu",
            {"from": 0, "to": 1, "points": 3, "relative_to": "Fermi"},
            ["relative_to", "did you mean 'fermi'?"],
        ),
        ("compute", "responses", ["nernts"], ["[compute] responses", "'nernts'", "did you mean 'nernst'?"]),
        ("compute", "definitions", ["kubbo"], ["[compute] definitions", "'kubbo'", "did you mean 'kubo'?"]),
        ("compute", "definitions", ["kubo", "kubo"], ["[compute] definitions", "twice"]),
        ("compute", "degeneracy", 0, ["[compute] degeneracy", "at least 1e-06"]),
        ("compute", "gamma", -0.1, ["[compute] gamma", "at least 0.0001"]),
        ("compute", "form", "s", ["[compute] form", "valid: P, S"]),
        ("system", "npz", "a.npz", ["[system]", "npz and model exclude each other"]),
        ("system", "symmetrise", "yes", ["[system] symmetrise", "true or false"]),
        ("system", "operator", 3, ["[system] operator", "not a name"]),
        ("system", "axes", [], ["[system] axes", "empty"]),
        ("system", "electrons", 0, ["[system] electrons", "above 0"]),
        ("system", "fermi_energy", "mid", ["[system] fermi_energy", "not a number"]),
        ("system", "spin_order", "interlaced", ["[system] spin_order", "Wannier90"]),
        ("system", "spin_order", "up-down", ["[system] spin_order", "valid: blocks, interlaced"]),
        ("system", "parameters", [1], ["[system] parameters", "table"]),
        ("zones", "mesh", 4, ["unknown section [zones]", "did you mean '[zone]'?"]),
    ],
)
def test_mistakes_are_named(section, key, value, words):
    with pytest.raises(InputError) as error:
        Job.from_dict(with_entry(section, key, value), origin="run.toml")
    sentence = str(error.value)
    assert sentence.startswith("run.toml: ")
    assert "\n" not in sentence
    for word in words:
        assert word in sentence


@pytest.mark.parametrize("section", ["system", "zone", "scan"])
def test_missing_section_is_named(section):
    data = {name: entries for name, entries in MINIMAL.items() if name != section}
    with pytest.raises(InputError, match=rf"\[{section}\] is missing"):
        Job.from_dict(data)


@pytest.mark.parametrize(("section", "key"), [("zone", "mesh"), ("scan", "mu")])
def test_missing_key_is_named(section, key):
    with pytest.raises(InputError, match=rf"\[{section}\]: {key} is missing"):
        Job.from_dict({**MINIMAL, section: {}})


def test_fermi_energy_and_electrons_exclude_each_other():
    system = {"model": "kane_mele", "fermi_energy": 0.0, "electrons": 2}
    with pytest.raises(InputError, match="fermi_energy and electrons exclude each other"):
        Job.from_dict({**MINIMAL, "system": system})


def test_job_file_without_crystal_is_refused(write_job):
    name = write_job(('model = "kane_mele"', ""))
    with pytest.raises(InputError, match="names no crystal, give wannier90, npz or model"):
        Job.from_toml(name)


SECTIONS = ["system", "zone", "scan", "compute"]
PLACES = ["mesh", "offset", "method", "mu", "from", "to", "points", "relative_to", "temperature"]
CHOICES = ["operator", "axes", "model", "npz", "parameters", "responses", "definitions", "degeneracy"]
WORDS = st.sampled_from([*SECTIONS, *PLACES, *CHOICES, "kubo", "plain", "fermi", "S", "spin", "z"])
KEYS = WORDS | st.text(max_size=5) | st.integers()
ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS
VALUES = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


def accepted(data):
    """The job, or None if it is refused as it should be."""
    sentence = ""
    try:
        job = Job.from_dict(data)
    except InputError as error:
        job, sentence = None, str(error)
    assert "\n" not in sentence
    return job


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_dictionary_is_a_job_or_an_input_error(data):
    if (job := accepted(data)) is not None:
        assert Job.from_dict(job.to_dict()) == job


@given(section=st.sampled_from(SECTIONS), key=WORDS, value=VALUES)
def test_any_value_of_a_key_gives_a_job_or_an_input_error(section, key, value):
    if (job := accepted(with_entry(section, key, value))) is not None:
        assert Job.from_dict(job.to_dict()) == job


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ({}, ["mesh is missing", "tolerance"]),
        ({"tolerance": 0}, ["[zone] tolerance", "above 0"]),
        ({"tolerance": 2.0}, ["[zone] tolerance", "below 1"]),
        ({"tolerance": "small"}, ["[zone] tolerance", "not a number"]),
        ({"mesh": 8, "max_points": 100}, ["[zone] max_points", "tolerance"]),
        ({"tolerance": 0.01, "max_points": 0}, ["[zone] max_points", "between 1 and"]),
    ],
)
def test_impossible_tolerances_are_refused(zone, words):
    with pytest.raises(InputError) as refused:
        Job.from_dict({"system": {"model": "rashba"}, "zone": zone, "scan": {"mu": [0.0]}})
    for word in words:
        assert word in str(refused.value)


def test_tolerance_spreads_levels_over_cells_unless_told_otherwise():
    common = {"system": {"model": "rashba"}, "scan": {"mu": [0.0]}}
    assert Job.from_dict({**common, "zone": {"tolerance": 0.01}}).zone.integration == "linear"
    assert Job.from_dict({**common, "zone": {"tolerance": 0.01, "method": "plain"}}).zone.integration == "plain"
    assert Job.from_dict({**common, "zone": {"mesh": 8}}).zone.integration == "plain"
    job = Job.from_dict({**common, "zone": {"mesh": 8}}).with_tolerance(0.02)
    assert Job.from_dict(job.to_dict()) == job
    assert job.zone.tolerance == 0.02
    with pytest.raises(InputError, match=r"job: .*tolerance"):
        job.with_tolerance(-1.0)
