"""Convergence with the mesh: values, bars and places are read back from the artists."""

import numpy as np
import pytest

import solenoidal as sol
from solenoidal.errors import InputError
from solenoidal.figures import ladder, plot_convergence

MESHES = (6, 8, (12, 12))


@pytest.fixture(scope="module")
def job():
    return sol.Job(
        {"model": "kane_mele", "fermi_energy": 0.0, "axes": ["z"]},
        {"mesh": 4, "offset": 0.25},
        {"mu": {"from": -0.8, "to": 0.8, "points": 3, "relative_to": "fermi"}, "temperature": [300, 600]},
        {"responses": ["conductivity", "magnetization"]},
    )


@pytest.fixture(scope="module")
def steps(job):
    return ladder(sol.load_model(job), job, MESHES, workers=1)


def test_ladder_is_the_job_on_every_mesh(job, steps):
    assert [x.attrs["mesh"] for x in steps] == ["[6, 6]", "[8, 8]", "[12, 12]"]
    assert {x.attrs["offset"] for x in steps} == {"[0.25, 0.25]"}
    alone = sol.Job(job.system, {"mesh": 8, "offset": 0.25}, job.scan, job.compute)
    again = sol.compute(sol.load_model(job), alone, workers=1)
    np.testing.assert_allclose(steps[1]["conductivity"], again["conductivity"], rtol=1e-12, atol=1e-12)


def test_points_and_bars_are_those_of_the_results(steps):
    figure = plot_convergence(list(reversed(steps)), component="yxz", temperature=600, mu=-0.8)
    axes = figure.axes[0]
    at = [x.sel(temperature=600, mu=-0.8, current="y", field="x", spin="z") for x in steps]
    assert len(axes.containers) == 4
    for container, name in zip(axes.containers, steps[0]["definition"].values, strict=True):
        line, _, bars = container
        y = [float(x["conductivity"].sel(definition=name)) for x in at]
        error = [float(x["conductivity_error"].sel(definition=name)) for x in at]
        np.testing.assert_array_equal(line.get_ydata(), y)
        heights = [float(high - low) for (_, low), (_, high) in bars[0].get_segments()]
        np.testing.assert_allclose(heights, 2 * np.array(error), atol=1e-12)
        np.testing.assert_allclose(np.array(line.get_xdata(), dtype=float), [6, 8, 12], atol=0.5)
    assert [t.get_text() for t in axes.get_xticklabels()] == ["6", "8", "12"]


def test_the_legend_says_what_the_bars_are(job, steps):
    zone = {"mesh": 4, "offset": 0.25, "second_offset": 0.75}
    shifted = ladder(sol.load_model(job), sol.Job(job.system, zone, job.scan, job.compute), (6, 8), workers=1)
    both = [steps[2], *shifted]
    for some, words in ((steps, ["half of it"]), (shifted, ["shifted"]), (both, ["half of it", "shifted"])):
        texts = [t.get_text() for t in plot_convergence(some).legends[0].get_texts()]
        for text, word in zip(texts[-len(words) :], words, strict=True):
            assert word in text


def test_defaults_are_lowest_temperature_and_fermi_level(steps):
    axes = plot_convergence(steps).axes[0]
    assert axes.get_title() == r"$T$ = 300 K, $\mu - E_\mathrm{F}$ = 0 eV"
    assert r"\sigma^{z}_{" in axes.get_ylabel()
    without = [x.drop_vars("mu_relative") for x in steps]
    assert plot_convergence(without).axes[0].get_title() == r"$T$ = 300 K, $\mu$ = 0 eV"


def test_other_responses_can_be_followed(steps, tmp_path):
    figure = plot_convergence(steps, "magnetization", mu=0.8, output=tmp_path / "a.svg")
    (container,) = figure.axes[0].containers
    expected = [float(x["magnetization"].sel(temperature=300, mu=0.8, axis="z", spin="z")) for x in steps]
    np.testing.assert_array_equal(container[0].get_ydata(), expected)
    assert (tmp_path / "a.svg").read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize(
    ("change", "arguments", "words"),
    [
        (lambda s: s[:1], {}, "at least two different meshes"),
        (lambda s: [s[0], s[0]], {}, "at least two different meshes"),
        (lambda s: s, {"temperature": 77}, "temperature = 77 K is not in every result"),
        (lambda s: s, {"mu": 0.1}, "mu = 0.1 eV is not in every result"),
        (lambda s: s, {"component": "xyx"}, "component 'xyx' is not in this result"),
        (lambda s: [s[0][["magnetization", "carriers"]], s[1]], {}, "variable 'conductivity' is not in this result"),
        (lambda s: [s[0].isel(current=[0]), s[1]], {"component": "yxz"}, "component 'yxz' is not in this result"),
    ],
)
def test_mistakes_are_one_sentence(change, arguments, words, steps):
    with pytest.raises(InputError, match=words):
        plot_convergence(change(steps), **arguments)
