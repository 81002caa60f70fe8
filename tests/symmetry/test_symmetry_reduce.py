"""The irreducible zone gives the sums of the whole zone."""

from dataclasses import replace

import numpy as np
import pytest
from symmetry_helpers import FCC, ROOT, one_atom

from solenoidal import calculation, models, quantities, read_wannier90, responses, statistics, symmetry
from solenoidal.bloch import fourier, solve
from solenoidal.engine import Task, run
from solenoidal.errors import InputError
from solenoidal.job import Job
from solenoidal.quantities import Settings
from solenoidal.zone import Mesh

KT = 0.1


def full(mesh):
    return np.stack(np.meshgrid(*(mesh.points(i) for i in range(len(mesh.n))), indexing="ij"), -1).reshape(
        -1, len(mesh.n)
    )


@pytest.mark.parametrize(
    ("mesh", "kept"),
    [
        (Mesh((8,) * 3, (0.0,) * 3), 96),
        (Mesh((8,) * 3, (0.5,) * 3), 24),
        (Mesh((7,) * 3, (0.5,) * 3), 24),
        (Mesh((8, 8, 4), (0.0,) * 3), 16),
        (Mesh((6,) * 3, (0.3, 0.3, 0.3)), 12),  # 3m, with and without inversion of space and time,
    ],
)
def test_stars_cover_the_mesh(mesh, kept):
    reduced = symmetry.irreducible_points(mesh, one_atom(FCC))
    assert reduced.weights.sum() == mesh.size
    assert len(reduced.operations) == kept
    seen = np.zeros(mesh.n, dtype=int)
    for i in reduced.k:
        images = np.array([g.reciprocal @ i for g in reduced.operations]) * mesh.n - mesh.offset
        assert abs(images - np.rint(images)).max() < 1e-9
        star = np.unique(np.rint(images).astype(int) % mesh.n, axis=0)
        seen[tuple(star.T)] += 1
    assert (seen == 1).all()


def test_number_of_irreducible_points_of_fcc():
    """8 x 8 x 8 centred on Gamma: 29 points; Monkhorst and Pack, PRB 13, 5188 (1976), count in the same way."""
    reduced = symmetry.irreducible_points(Mesh((8,) * 3, (0.0,) * 3), one_atom(FCC))
    assert len(reduced.k) == 29


def test_other_dimension_is_refused():
    with pytest.raises(InputError, match="operations are for 3 directions"):
        symmetry.irreducible_points(Mesh((4, 4), (0.0, 0.0)), one_atom(FCC))


def band_sums(model, k, weights, mu, degeneracy=1e-3):
    """Weighted sums over k of every definition and response: ``{(response, label): (tensor, sum of magnitudes)}``."""
    functions = {"sea": statistics.fermi, "surface": statistics.fermi_surface, "potential": statistics.potential}
    states = solve(fourier(model, k, "spin", curvature=False), degeneracy)
    values = {}
    for name in ("conductivity", "equilibrium", "magnetization", "dipole_density"):
        response = responses.get(name)
        choice = responses.Choice(("conventional", "eq11", "eq15", "kubo"))
        for label, terms in response.terms(choice).items():
            total, size = 0.0, 0.0
            for t in terms:
                q = quantities.get(t.quantity)
                if q.derivatives:
                    break
                group = states.regroup(1e-6) if q.resolved else states
                x = np.asarray(q.rows(group, Settings()))
                F = functions[t.weight](group.e_group[:, : x.shape[1]] - mu, KT)
                size += abs(t.coefficient) * float(
                    (weights[:, None] * abs(F) * abs(x).reshape(*F.shape, -1).sum(-1)).sum()
                )
                x = np.einsum("k,kn,kn...->...", weights, F, x)
                total = total + t.coefficient * (x.swapaxes(0, 1) if t.exchanged else x)
            else:
                values[name, label] = response.finish(np.asarray(total)[None])[0].ravel(), size
    return values


def compare(model, group, mesh, mu):
    reduced = symmetry.irreducible_points(mesh, group)
    k = full(mesh)
    whole = band_sums(model, k, np.ones(len(k)), mu)
    part = band_sums(model, reduced.k, reduced.weights.astype(float), mu)
    worst = 0.0
    assert {label for name, label in whole if name == "conductivity"} == {"conventional", "eq11", "eq15", "kubo"}
    for key, (x, _) in whole.items():
        matrices = symmetry.response_matrices(
            reduced.operations, responses.get(key[0]), model.operator("spin"), model.dimension
        )
        gap = abs(symmetry.projector(matrices) @ part[key][0] - x).max(initial=0.0)
        # what symmetry forbids altogether is compared with the magnitudes that cancel, and with the whole response
        scale = max(
            max(abs(y).max(initial=0.0), 1e-3 * size) for other, (y, size) in whole.items() if other[0] == key[0]
        )
        worst = max(worst, gap / scale)
    return worst, len(k) / len(reduced.k)


@pytest.fixture(scope="module")
def platinum():
    folder = ROOT / "examples" / "pt"
    model = read_wannier90(folder / "Pt")
    observed = symmetry.observe(model, folder / "Pt.win")
    done, _ = symmetry.symmetrise(model, symmetry.representation_of(observed))
    return done, observed.group


@pytest.mark.parametrize(("offset", "gain"), [(0.0, 17), (0.5, 8)])
def test_platinum_in_every_definition(platinum, offset, gain):
    model, group = platinum
    worst, saved = compare(model, group, Mesh((8,) * 3, (offset,) * 3), 17.6251)
    assert worst < 1e-10
    assert saved > gain


@pytest.mark.slow
def test_platinum_on_a_denser_mesh(platinum):
    model, group = platinum
    worst, saved = compare(model, group, Mesh((12,) * 3, (0.0,) * 3), 17.6251)
    assert worst < 1e-10
    assert saved > 20


@pytest.mark.parametrize("name", ["kane_mele", "altermagnet", "kagome_antiferromagnet"])
@pytest.mark.parametrize("offset", [0.0, 0.5])
def test_models_in_every_definition(name, offset):
    model = models.build(name)
    worst, _ = compare(model, symmetry.observe(model).group, Mesh((12, 12), (offset, offset)), 0.4)
    assert worst < 1e-10


def engine_task(mesh, **options):
    return Task(
        mesh.n,
        mesh.offset,
        np.array([17.5, 17.6251]),
        np.array([KT]),
        workers=1,
        responses=("conductivity", "nernst", "magnetization", "dipole_density"),
        **options,
    )


@pytest.mark.parametrize("offset", [0.0, 0.5])
@pytest.mark.parametrize("axes", [None, ("z",)])
def test_engine_on_irreducible_points(platinum, offset, axes):
    """Values, mesh errors, sensitivities and fillings of the whole mesh, from a part of its points."""
    model, group = platinum
    mesh = Mesh((6,) * 3, (offset,) * 3)
    task = engine_task(mesh, axes=axes)
    whole, part = run(model, task), run(model, replace(task, operations=group.operations))
    assert part.k_points == whole.k_points
    assert abs(part.carriers - whole.carriers).max() < 1e-12
    for name, x in whole.values.items():
        assert abs(part.values[name] - x).max() < 1e-10 * abs(x).max()
        assert abs(part.errors[name] - whole.errors[name]).max() < 1e-9 * max(whole.errors[name].max(), abs(x).max())
        assert abs(part.shifts[name] - whole.shifts[name]).max() <= 1e-9 * abs(x).max()


def test_job_with_symmetry_of_the_zone():
    def result(symmetry, **more):
        job = Job(
            {"model": "kane_mele"},
            {"mesh": 18, "offset": 0.0, "symmetry": symmetry},
            {"mu": [0.2], "temperature": 300.0} | more,
            {"responses": ["conductivity", "magnetization"]},
        )
        return calculation.compute(calculation.load_model(job), job)

    whole, part = result(False), result(True)
    for name in ("conductivity", "magnetization", "conductivity_error", "carriers"):
        assert abs(part[name] - whole[name]).max() < 1e-10 * abs(whole[name]).max()
    # At T = 0 Fermi surfaces are averaged over cells that are less symmetric than the crystal.
    whole, part = result(False, temperature=[0]), result(True, temperature=[0])
    gap = abs(part.conductivity - whole.conductivity)
    assert gap.max() < 0.2 * abs(whole.conductivity).max()
    assert abs(part.conductivity.sel(current="x", field="x", spin="z")).max() == 0.0
    with pytest.raises(InputError, match=r"\[zone\] symmetry: 'yes' is not true or false"):
        result("yes")


def test_a_model_that_is_only_roughly_symmetric_is_refused():
    folder = ROOT / "examples" / "pt"
    job = Job(
        {"wannier90": str(folder / "Pt")},
        {"mesh": 4, "symmetry": True},
        {"mu": [17.6], "temperature": 300.0},
    )
    with pytest.raises(InputError, match=r"\[zone\] symmetry: .* set symmetrise = true in \[system\]"):
        calculation.compute(calculation.load_model(job), job)
