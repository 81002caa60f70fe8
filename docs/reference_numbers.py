"""Every reference number of the theory beside the number that the package obtains, as a Markdown page.

    python docs/reference_numbers.py > docs/reference-numbers.md

Only public calls are used.  The exit status is 1 if a number differs by more than its stated accuracy.  Numbers of
other codes need their data: the folder that SOLENOIDAL_DATA names, else ``../shared/data`` beside the project.
"""

import math
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import constants

import solenoidal as sol
from solenoidal import bands, disorder, models, units
from solenoidal.bloch import solve
from solenoidal.continuum import ContinuumModel, Superlattice

Real = NDArray[np.float64]
Model = sol.BlochModel | ContinuumModel

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("SOLENOIDAL_DATA", ROOT.parent / "shared" / "data"))
#: Mass (electron masses) for which hbar^2/2m = 1/2 eV Angstrom^2: m = 1 in the units of the notes.
UNIT_MASS = constants.hbar**2 / constants.m_e / constants.e * 1e20
#: X times these is in units of e/2pi, e/4pi, e/8pi.
TWO, FOUR, EIGHT = 2 * np.pi, 4 * np.pi, 8 * np.pi

INTRODUCTION = """# Reference numbers

Every number of the theory notes that belongs to a definite system, beside the number that this package obtains for it;
`python docs/reference_numbers.py > docs/reference-numbers.md` makes this page, and its exit status is 1 if a number
differs by more than its accuracy: half a unit of the last digit that the notes print, or what they state. "Notes" are
those on Bloch electrons. Conductivities are sigma/e with the sign of the notes (first index current, second field; e is
the signed charge) in the unit that is named; in three dimensions (hbar/e) S/cm or S/cm with the sign of postw90. Where
the notes are wrong or only representative the row says so, and a closed form takes the place of the number; a row
without accuracy is not compared. Differences below 1e-9 of the number (or of 1) are rounding and shown as 0. The last
column names the public call: `compute` is `solenoidal.compute`.
"""

LEFT_OUT = """## Left out

* Random crystals (sections 2 to 6 of the notes) and metals whose parameters are not printed (Kane-Mele, BHZ, Rashba
  lattice in sections 3 and 5) are not definite systems; the tests verify the laws on others.
* Numbers of postw90 and WannierBerri in the approximations of Qiao and of Ryoo, or from another position matrix, are
  not what any definition here computes. The frequency scan and the spin moment of the data folders belong to no
  response of a job, and for the orbital magnetization of iron there is no reference value.
"""


@dataclass(frozen=True)
class Row:
    """One number.

    Attributes
    ----------
    system, quantity
        What it belongs to and what it is.
    stated
        The number as the source prints it.
    value
        The number obtained.
    how
        Public call that gave it, and remarks.
    reference
        What ``value`` is compared with.
    accuracy
        Largest difference, None where nothing is compared.
    """

    system: str
    quantity: str
    stated: str
    value: float
    how: str
    reference: float
    accuracy: float | None

    @property
    def difference(self) -> float:
        """Number obtained less its reference."""
        return self.value - self.reference

    @property
    def ok(self) -> bool:
        """Whether the number agrees within its accuracy."""
        return self.accuracy is None or abs(self.difference) <= self.accuracy

    def line(self) -> str:
        """Row of the table."""
        scale = max(1.0, abs(self.reference))
        difference = "0" if abs(self.difference) < 1e-9 * scale else f"{self.difference:.1e}"
        accuracy = "" if self.accuracy is None else f"{self.accuracy:.2g}"
        if not self.ok:
            accuracy += " **exceeded**"
        decimals = 6 if self.accuracy is None else 1 + max(0, math.ceil(-math.log10(self.accuracy)))
        value = f"{round(self.value, min(decimals, 9)) + 0.0:.12g}"
        cells = (self.system, self.quantity, self.stated, value, "" if self.accuracy is None else difference, accuracy)
        return "| " + " | ".join((*cells, self.how)) + " |"


def row(
    system: str,
    quantity: str,
    stated: str,
    value: float,
    how: str,
    accuracy: float | None = None,
    *,
    exact: float | None = None,
) -> Row:
    """Row whose accuracy is half a unit of the last digit of ``stated`` unless given.

    ``exact`` takes the place of a stated number that is rounded or wrong.
    """
    reference = float(stated) if exact is None else exact
    text = stated if exact is None else f"{stated} (closed form {exact:.7g})"
    return Row(system, quantity, text, float(value), how, reference, rounding(stated) if accuracy is None else accuracy)


def formula(system: str, quantity: str, exact: float, value: float, how: str, accuracy: float) -> Row:
    """Row of a number that the notes give as a formula."""
    return Row(system, quantity, f"{exact:.7g} (formula)", float(value), how, exact, accuracy)


def rounding(stated: str) -> float:
    """Half a unit of the last digit."""
    return 0.5 * 10.0 ** -len(stated.partition(".")[2])


def not_compared(system: str, quantity: str, stated: str, value: float, how: str) -> Row:
    """Row that shows a number without judging it."""
    return Row(system, quantity, stated, float(value), how, float(value), None)


def crystal(name: str, **parameters: float) -> sol.BlochModel:
    """Built-in model with a Brillouin zone."""
    model = models.build(name, **parameters)
    assert isinstance(model, sol.BlochModel)
    return model


def gas(name: str, **parameters: float) -> ContinuumModel:
    """Built-in model without a Brillouin zone."""
    model = models.build(name, **parameters)
    assert isinstance(model, ContinuumModel)
    return model


def compute(
    model: Model,
    mu: float | list[float],
    kT: float = 0.0,
    *,
    mesh: int = 24,
    offset: float = 0.5,
    operator: str = "spin",
    axes: tuple[str, ...] | None = ("z",),
    **options: object,
) -> xr.Dataset:
    """Result of ``solenoidal.compute``; energies in eV."""
    dimension = model.dimension if isinstance(model, sol.BlochModel) else 1  # rays have directions only
    job = sol.Job.from_dict(
        {
            "system": {"operator": operator} | ({"axes": axes} if operator == "spin" and axes else {}),
            "zone": {"mesh": [mesh] * dimension, "offset": offset},
            "scan": {"mu": np.atleast_1d(mu).tolist(), "temperature": [kT / units.KB]},
            "compute": options,
        }
    )
    return sol.compute(model, job, workers=1)


def sigma(model: Model, result: xr.Dataset, definition: str, unit: float = 1.0, operator: str = "spin") -> Real:
    """``unit sigma/e`` of the notes at the last mu, ``(current, field)``."""
    X = result.conductivity.sel(definition=definition).values[0, -1, :, :, 0]
    return np.asarray(unit * X / units.conductivity_factor(model.dimension, model.operator(operator).flow))


def hall(model: Model, result: xr.Dataset, definition: str, unit: float = 1.0, operator: str = "spin") -> float:
    """The xy element of :func:`sigma`."""
    return float(sigma(model, result, definition, unit, operator)[0, 1])


# Section 3


def insulator_rule() -> Iterator[Row]:
    """sigma_H = e dM/dmu in a gap, without symmetric part."""
    systems = (
        ("Kane-Mele, lambda_so = 0.12, lambda_R = 0.1, lambda_v = 0.1", {"lambda_so": 0.12, "lambda_R": 0.1}, 1e-3),
        ("Kane-Mele, lambda_so = 0.06, lambda_R = 0.05, lambda_v = 0.5", {"lambda_v": 0.5}, 1e-3),
        ("BHZ, M = 1, lambda_R = 0.2, delta = 0.1, D = 0.1", {"D": 0.1}, 0.5),
        ("BHZ, M = 1, lambda_R = 0.4, delta = 0.2", {"lambda_R": 0.4, "delta": 0.2}, 0.5),
    )
    for name, parameters, degeneracy in systems:
        model = crystal("bhz" if name.startswith("BHZ") else "kane_mele", **parameters)
        step = 1e-2
        found = compute(
            model,
            [-step, 0.0, step],
            5e-3,
            mesh=96,
            responses=["conductivity", "magnetization"],
            definitions=["eq11"],
            degeneracy=degeneracy,
        )
        M = found.magnetization.values[0, :, 0, 0] / units.magnetization_factor(2, "internal", model.volume)
        slope = TWO * float(M[2] - M[0]) / (2 * step)
        how = f"compute, 96^2 points, degeneracy {degeneracy:g}, dM/dmu by differences"
        X = hall(model, found, "eq11", TWO)
        yield Row(name, "sigma^xy (eq11, e/2pi)", f"{round(slope, 6) + 0.0:g} (e dM_z/dmu)", X, how, slope, 1e-6)
        yield row(name, "sigma^xx (eq11, e/2pi)", "0", sigma(model, found, "eq11", TWO)[0, 0], how, 1e-12)


def two_bands() -> Iterator[Row]:
    """No Hall part of eq11 for a gapped two-band model with traceless s."""
    for B_z, mu in ((0.2, 2.0), (0.5, 1.5)):
        model = crystal("rashba", B_z=B_z)
        for form, kT, accuracy in (("P", 0.0, 1e-12), ("S", 0.25, 1e-8)):
            found = compute(model, mu, kT, mesh=128, definitions=["eq11"], form=form)
            X = sigma(model, found, "eq11", TWO)
            system = f"Rashba lattice, B_z = {B_z:g}, mu = {mu:g}, kT = {kT:g}"
            how = f"compute, form ({form}), 128^2 points"
            yield row(system, "antisymmetric part of eq11 (e/2pi)", "0", 0.5 * (X[0, 1] - X[1, 0]), how, accuracy)


# Section 6


KANE_MELE = (  # lambda_R, resolved Eq. 12, (K), conventional, trace over the occupied bands
    (0.1, "0.36", "0.95655", "1.028", "0.99103"),
    (0.03, "0.56", "0.99609", "1.002", "0.99918"),
    (0.01, "0.67", "0.99957", "1.0003", "0.99991"),
    (0.001, "0.74", "1.00000", "1.0000", "1.00000"),
)


def kane_mele_to_zero_rashba() -> Iterator[Row]:
    """Kane-Mele insulator as lambda_R -> 0."""
    how = "compute, 96^2 points"
    for lambda_R, eq12, kubo, conventional, trace in KANE_MELE:
        model = crystal("kane_mele", lambda_so=0.12, lambda_R=lambda_R, lambda_v=0.1)
        system = f"Kane-Mele, lambda_so = 0.12, lambda_v = 0.1, lambda_R = {lambda_R:g}, mu = 0"
        found = compute(model, 0.0, mesh=96, degeneracy=1e-6)
        whole = compute(model, 0.0, mesh=96, degeneracy=0.5, definitions=["eq11"])
        resolved = how + ", degeneracy 1e-6; representative"
        yield row(system, "(K)", kubo, hall(model, found, "kubo", TWO), how)
        yield row(system, "conventional", conventional, hall(model, found, "conventional", TWO), how)
        yield row(system, "Eq. 12, every level by itself", eq12, hall(model, found, "eq11", TWO), resolved)
        one = how + ", degeneracy 0.5: the filled bands are one multiplet"
        yield row(system, "trace over the filled bands", trace, hall(model, whole, "eq11", TWO), one)
    model = crystal("kane_mele", lambda_so=0.12, lambda_R=0.1, lambda_v=0.0)
    found = compute(model, 0.0, mesh=96, degeneracy=1e-6)
    system = "Kane-Mele, lambda_so = 0.12, lambda_v = 0, lambda_R = 0.1, mu = 0"
    yield row(system, "(K)", "0.956", hall(model, found, "kubo", TWO), how)
    yield row(system, "Eq. 12, every level by itself", "0", hall(model, found, "eq11", TWO), how, 1e-9)


def bhz_with_rashba() -> Iterator[Row]:
    """Eq. 12 vanishes where (K) is nearly quantised."""
    model = crystal("bhz")
    found = compute(model, 0.0, mesh=96, degeneracy=1e-6)
    system, how = "BHZ, A = B = M = 1, lambda_R = 0.2, delta = 0.1, mu = 0", "compute, 96^2 points"
    yield row(system, "Eq. 12, every level by itself", "0", hall(model, found, "eq11", TWO), how, 1e-9)
    remark = how + "; the parameters of the notes are not stated"
    yield not_compared(system, "(K)", "0.954", hall(model, found, "kubo", TWO), remark)


def full_filling() -> Iterator[Row]:
    """All bands filled."""
    model = crystal("kane_mele", lambda_so=0.12, lambda_R=0.1, lambda_v=0.1)
    found = compute(model, [0.0, 4.0], mesh=96, degeneracy=1e-6)
    system = "Kane-Mele, lambda_so = 0.12, lambda_R = lambda_v = 0.1, every band filled"
    how = "compute, 96^2 points"
    yield row(system, "(K) (e)", "0", hall(model, found, "kubo"), how, 1e-10)
    yield row(system, "conventional (e)", "0", hall(model, found, "conventional"), how, 1e-10)
    remark = how + "; not zero, the parameters of the notes are not stated"
    yield not_compared(system, "eq11 (e)", "0.069", hall(model, found, "eq11"), remark)


def rashba_and_zeeman() -> Iterator[Row]:
    """(K) is continuous in h, eq11 and Eq. 15 jump at h = 0."""
    how = "compute, T = 0"
    for h, kubo in ((0.3, "-0.880"), (0.1, "-0.9852"), (0.03, "-0.99865"), (0.01, "-0.99985"), (0.0, "-1")):
        model = gas("rashba_gas", m=UNIT_MASS, alpha=0.5, B_z=h)
        found = compute(model, 1.0)
        system = f"Rashba gas, m = 1, alpha = 0.5, mu = 1, h = {h:g}"
        accuracy = None if h else 1e-6
        yield row(system, "(K) (e/8pi)", kubo, hall(model, found, "kubo", EIGHT), how, accuracy)
        jump = "0" if h else "-1"
        yield row(system, "eq11 (e/8pi)", jump, hall(model, found, "eq11", EIGHT), how, 1e-6)
    for h, eq15 in ((0.001, "1"), (0.0, "0")):
        model = gas("rashba_gas", m=UNIT_MASS, alpha=0.5, B_z=h)
        value = hall(model, compute(model, 1.0, definitions=["eq15"]), "eq15", EIGHT)
        remark = how + ("; 1 - 2.5 h^2 for small h" if h else "")
        yield row(f"Rashba gas, m = 1, alpha = 0.5, mu = 1, h = {h:g}", "eq15 (e/8pi)", eq15, value, remark, 5e-6)


# Section 7


def unit_factors() -> Iterator[Row]:
    """Factors between X and printed units."""
    yield row(
        "three dimensions", "e^2/hbar in S/cm Angstrom", "24341.348", units.CONDUCTANCE_3D, "units.CONDUCTANCE_3D"
    )
    factor = abs(units.conductivity_factor(2, "internal"))
    yield row("two dimensions", "X = 1/2pi in e/2pi", "1", factor / TWO, "units.conductivity_factor", 1e-12)
    model = gas("rashba_gas", m=UNIT_MASS, alpha=0.5)
    X = hall(model, compute(model, 1.0, definitions=["conventional"]), "conventional")
    yield row("Rashba gas, both bands", "X of e/8pi (conventional)", "0.03978874", X, "compute")
    remark = "units.MOMENT; the last digit moves with the CODATA constants"
    yield row("orbital moment", "mu_B per eV Angstrom^2", "0.262468424", units.MOMENT, remark, 1e-9)
    yield row("heat", "k_B e/hbar in 1e-8 A/K", "2.0976", 1e-2 * units.NERNST_3D, "units.NERNST_3D")


# Section 8


def circles(model: ContinuumModel, mu: float, radii: Real, operator: str = "spin") -> disorder.FermiSurface:
    """Fermi surface of an isotropic gas from its radii."""
    phi = 2 * np.pi * (np.arange(24) + 0.37) / 24
    circle = np.stack([np.cos(phi), np.sin(phi)], axis=1)
    k = np.concatenate([r * circle for r in radii])
    block = model.block(k, model.operator(operator))
    area = np.repeat(2 * np.pi * radii / 24, 24)
    return disorder.surface_points(k, area, block.H, block.dH, block.s, mu)


def point_scatterers() -> disorder.Impurity:
    """Scalar scatterers of zero range."""
    form = disorder.Smooth(lambda q: np.ones(q.shape[:-1]))
    return disorder.Impurity(0.01, (disorder.Term(form, 0.3 * np.eye(2, dtype=np.complex128)),))


def rashba_radii(mu: float, h: float, alpha: float = 0.5) -> Real:
    """Fermi wave numbers of ``k^2/2 +- sqrt(alpha^2 k^2 + h^2)``, two for mu > h."""
    root = np.sqrt((mu + alpha**2) ** 2 - mu**2 + h**2)
    return np.sqrt(2 * (mu + alpha**2 + np.array([-root, root])))


DISORDER = (  # h, eq11, (15), (K), J_dp, J_sj, (K) + dp + sj + c, (15) + sj + c
    (0.0, "-1", "0", "-1", "1", "0", "0", "0"),
    (0.1, "0", "0.97559", "-0.98520", "0.97559", "0.00961", "0", "0.98520"),
    (0.3, "0", "0.81514", "-0.87978", "0.81514", "0.06464", "0", "0.87978"),
)


def disordered_rashba() -> Iterator[Row]:
    """Table of the disordered Rashba gas with Zeeman field."""
    quantities = ("eq11", "eq15", "(K)", "J_dp", "J_sj", "(K) + J_dp + J_sj + J_c", "eq15 + J_sj + J_c")
    for h, *stated in DISORDER:
        model = gas("rashba_gas", m=UNIT_MASS, alpha=0.5, B_z=h)
        found = compute(model, 1.0, definitions=["eq11", "eq15", "kubo"])
        eq11, eq15, kubo = (hall(model, found, name, EIGHT) for name in ("eq11", "eq15", "kubo"))
        distribution = disorder.solve(circles(model, 1.0, rashba_radii(1.0, h)), point_scatterers())
        parts = (disorder.scattering_dipole, disorder.side_jump, disorder.drift)
        dp, sj, c = (EIGHT * part(distribution)[0, 1, -1] for part in parts)
        values = (eq11, eq15, kubo, dp, sj, kubo + dp + sj + c, eq15 + sj + c)
        calls = ("compute",) * 3 + ("disorder.scattering_dipole", "disorder.side_jump") + ("compute and disorder",) * 2
        system = f"Rashba gas, m = 1, alpha = 0.5, mu = 1, h = {h:g}, scalar point scatterers"
        for name, text, value, call in zip(quantities, stated, values, calls, strict=True):
            yield row(system, f"{name} (e/8pi)", text, value, call, None if "." in text else 1e-6)
        if not h:
            yield row(system, "J_c (e/8pi)", "0", c, "disorder.drift", 1e-10)


def side_jump_of_dirac_electrons() -> Iterator[Row]:
    """Charge: half of the full side jump of Sinitsyn et al., PRB 75, 045315 (2007)."""
    for delta in (0.2, 0.6):
        model = gas("massive_dirac_cone", v=1.0, delta=delta)
        vk = 1.0 - delta**2
        surface = circles(model, 1.0, np.array([np.sqrt(vk)]), "charge")
        value = FOUR * disorder.side_jump(disorder.solve(surface, point_scatterers()))[0, 1, 0]
        exact = -delta * 2 * vk / (4 * delta**2 + vk)
        system = f"massive Dirac cone, v = 1, delta = {delta:g}, mu = 1, s = 1, scalar point scatterers"
        yield formula(system, "J_sj^xy (e/4pi)", exact, value, "disorder.side_jump", 1e-8)


def scattering_dipole() -> Iterator[Row]:
    """J_dp cancels the Fermi-surface term of Eq. 11 for every scatterer."""
    for name, model, mu in (
        ("Rashba lattice", crystal("rashba"), 2.0),
        ("Kane-Mele", crystal("kane_mele", lambda_v=0.3), 0.9),
    ):
        surface = disorder.fermi_surface(model, mu, 24)
        for kind, scatterer in (
            ("point", disorder.short_range(model, 0.3, 0.01)),
            ("Gaussian", disorder.gaussian(model, 0.2, 0.02, 1.1)),
        ):
            gap = disorder.scattering_dipole(disorder.solve(surface, scatterer)) + disorder.dipole_surface(surface)
            how = "disorder.scattering_dipole + disorder.dipole_surface, largest element"
            yield row(f"{name}, mu = {mu:g}, {kind} scatterers", "J_dp + dipole term", "0", abs(gap).max(), how, 1e-12)


# Section 9


def rashba_gas() -> Iterator[Row]:
    """Both bands, one band, another dispersion."""
    how = "compute, T = 0"
    model = gas("rashba_gas", m=UNIT_MASS, alpha=0.5)
    found = compute(model, 1.0)
    system = "Rashba gas, m = 1, alpha = 0.5, mu = 1"
    for name, stated in (("conventional", "1"), ("eq11", "-1"), ("kubo", "-1")):
        X = sigma(model, found, name, EIGHT)
        yield row(system, f"{name} xy (e/8pi)", stated, X[0, 1], how, 1e-6)
        yield row(system, f"{name} xy + yx (e/8pi)", "0", X[0, 1] + X[1, 0], how, 1e-6)
        yield row(system, f"{name} xx (e/8pi)", "0", X[0, 0], how, 1e-6)
    found, exact = compute(model, -0.05), math.sqrt(0.6)
    system = "Rashba gas, m = 1, alpha = 0.5, mu = -0.05 (ring)"
    wrong = how + "; the fourth digit of the notes is wrong"
    yield row(
        system, "conventional (e/8pi)", "0.7744", hall(model, found, "conventional", EIGHT), wrong, 1e-6, exact=exact
    )
    yield row(system, "eq11 (e/8pi)", "0", hall(model, found, "eq11", EIGHT), how, 1e-6)
    yield row(system, "(K) (e/8pi)", "-1.5487", hall(model, found, "kubo", EIGHT), wrong, 1e-6, exact=-2 * exact)
    model = gas("rashba_gas", m=UNIT_MASS, alpha=0.5, q=0.1)
    found = compute(model, 1.0)
    system = "Rashba gas, k^2/2 + 0.1 k^4, alpha = 0.5, mu = 1"
    for name, stated in (("conventional", "0.985387"), ("eq11", "-1"), ("kubo", "-0.970773")):
        yield row(system, f"{name} (e/8pi)", stated, hall(model, found, name, EIGHT), how, 1e-6)


def cubic_rashba() -> Iterator[Row]:
    """Winding number 3, pseudospin 3/2."""
    for beta, conventional in ((0.1, "1.1092"), (0.05, "1.0213"), (0.02, "1.0032")):
        model = gas("cubic_rashba_gas", m=UNIT_MASS, beta=beta)
        found = compute(model, 1.0)
        system, how = f"cubic Rashba gas, m = 1, beta = {beta:g}, mu = 1", "compute, T = 0"
        roots = np.concatenate([np.roots([sign * beta, 0.5, 0.0, -1.0]) for sign in (1, -1)])
        inner, outer = np.sort(roots[(abs(roots.imag) < 1e-9) & (roots.real > 0)].real)[:2]
        exact = (1 / inner - 1 / outer) / (2 * beta)
        yield row(system, "eq11 (9 e/8pi)", "-1.000000", hall(model, found, "eq11", EIGHT) / 9, how, 1e-6)
        value = hall(model, found, "conventional", EIGHT) / 9
        yield row(system, "conventional (9 e/8pi)", conventional, value, how, 1e-6, exact=exact)


def conserved_spin() -> Iterator[Row]:
    """s_z conserved: quantised gaps, and metals in which all definitions agree."""
    flat = crystal("bhz", lambda_R=0.0, delta=0.0)
    for system, model in (
        (
            "Kane-Mele, lambda_so = 0.12, lambda_R = 0, lambda_v = 0.1, mu = 0",
            crystal("kane_mele", lambda_so=0.12, lambda_R=0.0, lambda_v=0.1),
        ),
        ("BHZ, M = 1, lambda_R = delta = 0, mu = 0", flat),
    ):
        found = compute(model, 0.0, 2e-3, mesh=96)
        for name in ("conventional", "eq11", "eq15", "kubo"):
            yield row(system, f"{name} (e/2pi)", "1", hall(model, found, name, TWO), "compute, 96^2 points", 1e-6)
    metals: tuple[tuple[str, sol.BlochModel, float, str], ...] = (
        ("BHZ, M = 1, lambda_R = delta = 0, mu = 1.5, kT = 0.1", flat, 1.5, "spin"),
        ("Haldane, t2 = 0.2, M = 0.3, mu = 1.5, kT = 0.1, s = 1", crystal("haldane", t2=0.2, M=0.3), 1.5, "charge"),
    )
    for system, model, mu, operator in metals:
        found = compute(model, mu, 0.1, mesh=96, operator=operator)
        conventional = sigma(model, found, "conventional", TWO, operator)
        for name in ("eq11", "kubo"):
            gap = abs(sigma(model, found, name, TWO, operator) - conventional).max()
            yield row(
                system, f"{name} - conventional (e/2pi)", "0", gap, "compute, 96^2 points, largest element", 1e-12
            )


def massive_dirac() -> Iterator[Row]:
    """Charge: one lower band that is filled for ever."""
    model = gas("massive_dirac_cone", v=1.0, delta=0.2)
    for mu in (0.0, 0.1, 0.5, 1.0):
        found = compute(model, mu, operator="charge")
        exact = -0.2 / max(mu, 0.2)
        system, how = f"massive Dirac cone, v = 1, delta = 0.2, mu = {mu:g}, s = 1", "compute, no cutoff"
        for name in ("conventional", "eq11", "kubo"):
            value = hall(model, found, name, FOUR, "charge")
            yield formula(system, f"{name} xy (e/4pi)", exact, value, how, 1e-8)
    other = gas("massive_dirac_cone", v=1.7, delta=0.3)
    k = np.random.default_rng(0).normal(size=(20, 2))
    states = solve(other.block(k, other.operator("charge")), 1e-9)
    ratio = bands.charge_moment(states)[:, :, 0, 1] * 2 * states.e**2 / (0.3 * 1.7**2)
    how = "bands.charge_moment, farthest of 20 random k"
    value = ratio.flat[abs(ratio - 1).argmax()]
    yield row("massive Dirac cone, v = 1.7, delta = 0.3", "m_n 2 e^2/(delta v^2), both bands", "1", value, how, 1e-12)


HALDANE = (  # mu, kT, zone, flakes
    (-0.3, 0.08, "-0.0146694", "-0.0146607"),
    (-1.5, 0.12, "-0.0501006", "-0.0501012"),
    (1.2, 0.12, "0.0358895", "0.0358799"),
)
FLAKES = (8, 12, 16, 20)


def haldane_magnetization() -> Iterator[Row]:
    """Zone integral against finite flakes made of the same hoppings."""
    model = crystal("haldane", t1=1.0, t2=0.2, phi=np.pi / 3, M=0.3)
    flakes = [_flake(model, L) for L in FLAKES]
    for mu, kT, zone, flake in HALDANE:
        found = compute(model, mu, kT, mesh=96, operator="charge", responses=["magnetization"])
        M = found.magnetization.values[0, 0, 0, 0] / units.magnetization_factor(2, "charge", model.volume)
        system = f"Haldane, t1 = 1, t2 = 0.2, phi = pi/3, M = 0.3, mu = {mu:g}, kT = {kT:g}"
        yield row(system, "M_z per area, zone", zone, M, "compute, 96^2 points")
        sizes = [_circulation(*parts, mu, kT) / (L**2 * model.volume) for L, parts in zip(FLAKES, flakes, strict=True)]
        limit = np.polyfit(1 / np.array(FLAKES), sizes, 3)[-1]
        how = "flakes of 8, 12, 16, 20 cells from the matrices of the model, cubic in 1/L"
        yield row(system, "M_z per area, flakes", flake, limit, how)


def _flake(model: sol.BlochModel, L: int) -> tuple[Real, NDArray[np.complex128]]:
    """Levels and ``<n|(x v_y - y v_x)|n>`` of L x L cells, eV and eV Angstrom^2."""
    cells = np.stack(np.meshgrid(np.arange(L), np.arange(L), indexing="ij"), axis=-1).reshape(-1, 2)
    number = {tuple(cell): j for j, cell in enumerate(cells.tolist())}
    H = np.zeros((len(cells), model.size, len(cells), model.size), dtype=np.complex128)
    for R, h in zip(model.R, model.H, strict=True):
        for j, cell in enumerate(cells):
            to = number.get(tuple((cell + R).tolist()))
            if to is not None:
                H[j, :, to] += h
    H = np.reshape(H, (len(cells) * model.size, -1))
    assert model.position is not None
    home = model.position[(model.R == 0).all(axis=1)][0]
    r = ((cells @ model.lattice)[:, None] + np.einsum("iaa->ai", home).real).reshape(-1, 2)
    r = r - r.mean(axis=0)
    e, U = np.linalg.eigh(H)
    v = [1j * H * (r[None, :, i] - r[:, None, i]) for i in (0, 1)]
    turn = r[:, :1] * v[1] - r[:, 1:] * v[0]
    return e, np.einsum("an,an->n", U.conj(), turn @ U)


def _circulation(e: Real, turn: NDArray[np.complex128], mu: float, kT: float) -> float:
    """``Tr f(H) (x v_y - y v_x) / 2``."""
    f = 0.5 * (1 - np.tanh((e - mu) / (2 * kT)))
    return float(0.5 * (f @ turn).real)


# Notes on bosons, section 8


BILAYER = (  # V_z, gap, its accuracy, <s>, conserved, its accuracy, conventional
    (0.0, "0.593", 5e-3, "0", "0", 2e-4, "0"),
    (2.0, "1.156", 5e-3, "0.791", "-0.01237", 5e-5, "-0.1417"),
    (5.0, "3.644", 5e-3, "0.912", "-0.00118", 2e-5, "-0.0333"),
    (10.0, "7.14", 1e-2, "0.948", "-0.00008", 1e-5, "-0.01257"),
)


def twisted_bilayer() -> Iterator[Row]:
    """Lowest moire band of holes filled, 62 plane waves as in the notes."""
    for V_z, gap, width, s, conserved, accuracy, conventional in BILAYER:
        model = crystal("twisted_bilayer", V_z=V_z, cutoff=2.7)
        lowest, mu, pseudospin = _lowest_band(model, 24)
        eq11, conv = (_moire_hall(model, mu, 24, name, "layer") for name in ("eq11", "conventional"))
        system = f"twisted bilayer, V_z = {V_z:g} meV, 62 plane waves"
        bands_of, how = "block of the model, 24^2 points", "compute, 24^2 points"
        yield row(system, "gap (meV)", gap, 1e3 * lowest, bands_of, width)
        yield row(system, "mean s of band 1", s, pseudospin, bands_of, 5e-4)
        yield row(system, "eq11 (e/2pi)", conserved, eq11, how, accuracy)
        yield row(system, "conventional (e/2pi)", conventional, conv, how, 1e-4)


def more_plane_waves() -> Iterator[Row]:
    """What the cutoff changes."""
    for cutoff, waves, stated in ((2.7, 62, "-0.961"), (3.5, 86, "-0.9955")):
        model = crystal("twisted_bilayer", cutoff=cutoff)
        value = -_moire_hall(model, _lowest_band(model, 24)[1], 24, "conventional", "charge")
        how = "compute, 24^2 points, minus sigma^xy of the charge"
        yield row(f"twisted bilayer, V_z = 0, {waves} plane waves", "Chern number of band 1", stated, value, how, 2e-3)
    model = crystal("twisted_bilayer", V_z=2.0, cutoff=5.0)
    mu = _lowest_band(model, 12)[1]
    for name, stated in (("eq11", "-0.01237 (62 waves)"), ("conventional", "-0.1417 (62 waves)")):
        value = _moire_hall(model, mu, 12, name, "layer")
        system = "twisted bilayer, V_z = 2 meV, 182 plane waves"
        yield not_compared(system, f"{name} (e/2pi)", stated, value, "compute, 12^2 points")


def _moire_hall(model: sol.BlochModel, mu: float, n: int, definition: str, operator: str) -> float:
    """``2 pi sigma^xy/e`` with kT = 0.05 meV."""
    found = compute(model, mu, 5e-5, mesh=n, operator=operator, degeneracy=1e-5, definitions=[definition])
    return hall(model, found, definition, TWO, operator)


def _lowest_band(model: sol.BlochModel, n: int) -> tuple[float, float, float]:
    """Gap above the lowest band, its middle (eV), mean layer pseudospin of the band."""
    k = (np.stack(np.meshgrid(np.arange(n), np.arange(n), indexing="ij"), axis=-1).reshape(-1, 2) + 0.5) / n
    assert isinstance(model, Superlattice)
    e, s = np.empty((len(k), 2)), np.empty(len(k))
    for part in np.array_split(np.arange(len(k)), 1 + len(k) // 100):
        block = model.block(k[part], model.operator("layer"))
        levels, U = np.linalg.eigh(block.H)
        e[part] = levels[:, :2]
        s[part] = np.einsum("ka,kab,kb->k", U[:, :, 0].conj(), block.s[:, 0], U[:, :, 0], optimize=True).real
    below, above = e[:, 0].max(), e[:, 1].min()
    return float(above - below), float(above + below) / 2, float(s.mean())


# Platinum and data of other codes


PLATINUM = (  # points per direction, conventional, kubo, eq15, eq11
    (10, "1991", "1489", "806", "766"),
    (16, "2006", "1525", "2031", "1953"),
    (24, "2009", "1529", "1378", "1296"),
    (32, "2009", "1529", "1415", "1333"),
)


def platinum() -> Iterator[Row]:
    """sigma^z_xy of the example at E_F, kT = 0.1 eV, half-shifted meshes."""
    model = sol.read_wannier90(ROOT / "examples" / "pt" / "Pt")
    for n, *stated in PLATINUM:
        found = compute(model, 17.6251, 0.1, mesh=n)
        for name, text in zip(("conventional", "kubo", "eq15", "eq11"), stated, strict=True):
            value = found.conductivity.sel(definition=name).values[0, 0, 0, 1, 0]
            yield row(f"platinum of examples/pt, {n}^3 points, kT = 0.1 eV", f"{name} xyz", text, value, "compute")


#: Folders of the reference data that rows are made from.
FOLDERS = ("Fe222", "Fe", "Pt", "fe-qe", "fe-qe-6x6x6")


def available(*folders: str) -> bool:
    """Whether the reference data are there."""
    return all((DATA / name).is_dir() for name in folders)


COMPONENTS = {"xyz": (0, 1, 2), "yxz": (1, 0, 2), "yzx": (1, 2, 0), "zxy": (2, 0, 1)}
SPIN_HALL = (  # folder, mesh, {mu: {component: value}}
    ("Fe222", 10, {11.6279: {"xyz": "207.335722"}, 12.6279: {"xyz": "41.779040"}, 13.6279: {"xyz": "-7.975101"}}),
    ("Fe", 20, {16.6255: {"xyz": "-114.174249"}, 17.6255: {"xyz": "61.672664"}, 18.6255: {"xyz": "-179.207108"}}),
    (
        "Pt",
        25,
        {
            17.3823: {"xyz": "844.520059"},
            18.3823: {"xyz": "1887.152782", "yxz": "-2414.377998", "yzx": "2671.775080", "zxy": "1871.765937"},
            19.3823: {"xyz": "627.504342"},
        },
    ),
)


def wannierberri() -> Iterator[Row]:
    """Spin Hall conductivity, {v, sigma}/2 inside the Wannier subspace, of WannierBerri 26.10 on the same operators."""
    for folder, n, levels in SPIN_HALL:
        if not available(folder):
            continue
        model = sol.read_npz(DATA / folder / "operators.npz")
        found = compute(
            model, list(levels), mesh=n, offset=0.0, axes=None, degeneracy=1e-6, definitions=["conventional"]
        )
        values = found.conductivity.values[0, 0]
        largest = max(abs(float(x)) for parts in levels.values() for x in parts.values())
        for m, (mu, parts) in enumerate(levels.items()):
            for name, stated in parts.items():
                value = values[m][COMPONENTS[name]]
                system = f"{folder}, {n}^3 points, mu = {mu:g}"
                yield row(system, f"spin Hall {name}", stated, value, "compute, read_npz", 1e-7 * largest)


AXES = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}
ANOMALOUS = (  # folder, mesh, use_ws_distance, {mu: {axis: value}}
    ("Fe222", 10, True, {11.6279: {"z": "597.226605"}, 12.6279: {"z": "-289.853707"}, 13.6279: {"z": "163.253782"}}),
    ("Fe222", 10, False, {12.6279: {"x": "0.0334", "y": "0.0572", "z": "1222.1510"}}),
    (
        "Fe",
        20,
        True,
        {
            16.6255: {"x": "141.297876", "y": "-1137.197725", "z": "215.207524"},
            17.6255: {"x": "3.352959", "y": "-836.616957", "z": "329.519587"},
            18.6255: {"x": "-223.243278", "y": "257.450401", "z": "682.975559"},
        },
    ),
    ("fe-qe", 10, True, {13.2234: {"z": "-765.678"}}),
    ("fe-qe", 25, True, {13.2234: {"z": "-1829.291"}}),
    ("fe-qe-6x6x6", 25, True, {13.2234: {"z": "76.136"}}),
    ("fe-qe-6x6x6", 50, True, {13.2234: {"z": "-508.700"}}),
)


def postw90() -> Iterator[Row]:
    """Anomalous Hall conductivity of postw90 3.1.0 from the raw files."""
    for folder, n, nearest, levels in ANOMALOUS:
        if not available(folder):
            continue
        model = sol.read_wannier90(DATA / folder / "Fe", use_ws_distance=nearest)
        values = _anomalous(model, n, list(levels), "subspace")
        largest = max(abs(float(x)) for parts in levels.values() for x in parts.values())
        for m, (mu, parts) in enumerate(levels.items()):
            for axis, stated in parts.items():
                system = f"{folder}, {n}^3 points, mu = {mu:g}" + ("" if nearest else ", use_ws_distance = false")
                how = "compute, read_wannier90, definition subspace"
                value = values[m][AXES[axis]]
                yield row(system, f"anomalous Hall {axis}", stated, value, how, rounding(stated) + 1e-7 * largest)


def kubo_sum() -> Iterator[Row]:
    """Three anomalous Hall conductivities of the same files."""
    if not available("Fe222"):
        return
    model = sol.read_npz(DATA / "Fe222" / "operators.npz")
    levels = (11.6279, 12.6279, 13.6279)
    values = _anomalous(model, 10, list(levels), "conventional")[:, 0, 1]
    for mu, stated, value in zip(levels, ("607.051953", "-293.031091", "157.457753"), values, strict=True):
        how = "compute, read_npz, definition conventional"
        yield row(f"Fe222, 10^3 points, mu = {mu:g}", "anomalous Hall z, Kubo sum", stated, value, how, 1e-7 * 607)
    bare = _anomalous(replace(model, position=None), 10, [11.6279], "conventional")[0, 0, 1]
    how = "compute, position matrix left out"
    yield row("Fe222, 10^3 points, mu = 11.6279", "anomalous Hall z without position matrix", "599.08", bare, how)


def _anomalous(model: sol.BlochModel, n: int, mu: list[float], definition: str) -> Real:
    """S/cm, ``(mu, current, field)``, T = 0 on a mesh centred on Gamma."""
    found = compute(model, mu, mesh=n, offset=0.0, operator="charge", degeneracy=1e-6, definitions=[definition])
    return np.asarray(found.conductivity.values[0, 0, ..., 0])


@dataclass(frozen=True)
class Table:
    """Rows under a heading.

    Attributes
    ----------
    heading, makers
        Title, and what makes the rows.
    note
        Remark on all of them.
    """

    heading: str
    makers: tuple[Callable[[], Iterator[Row]], ...]
    note: str = ""

    def rows(self) -> list[Row]:
        """All rows."""
        return [row for maker in self.makers for row in maker()]


#: Tables of a few seconds.
QUICK = (
    Table("Notes, section 3: insulators, two bands", (insulator_rule, two_bands)),
    Table(
        "Notes, section 6: degenerate and nearly degenerate bands (e/2pi unless named)",
        (kane_mele_to_zero_rashba, bhz_with_rashba, full_filling, rashba_and_zeeman),
        "The notes do not print lambda_so of the Kane-Mele insulator: 0.12 gives all their numbers. Eq. 12 with every "
        "level by itself depends on crossings of filled bands at the Kramers points, so that its numbers are "
        "representative, not sharp. BHZ and full filling: the notes do not print the parameters.",
    ),
    Table("Notes, section 7: units", (unit_factors,)),
    Table("Notes, section 8: disorder", (disordered_rashba, side_jump_of_dirac_electrons, scattering_dipole)),
    Table(
        "Notes, section 9: analytic and reference tests",
        (rashba_gas, cubic_rashba, conserved_spin, massive_dirac),
        "The ring: (k_out - k_in)/(2 alpha m) is the square root of 0.6; the fourth digit in the notes is wrong.",
    ),
)
#: Tables of a minute together.
LONG = (
    Table("Notes, section 9: orbital magnetization", (haldane_magnetization,)),
    Table(
        "Notes on bosons, section 8: layer pseudospin",
        (twisted_bilayer, more_plane_waves),
        "mu in the gap, kT = 0.05 meV. With so few plane waves the bands jump at the edge of the zone, so that the "
        "numbers depend on the mesh, which the notes do not print. The last two rows show the converged "
        "conductivities: with 62 plane waves the conserved one is 40 per cent too large.",
    ),
    Table(
        "Design notes, section 6: platinum ((hbar/e) S/cm)",
        (platinum,),
        "eq15 and eq11 do not converge on such meshes: the numbers verify the plain sum over these very points.",
    ),
)
#: Tables that need the reference data.
OTHER_CODES = (
    Table("Data: spin Hall conductivity of WannierBerri 26.10 ((hbar/e) S/cm)", (wannierberri,)),
    Table("Data: anomalous Hall conductivity of postw90 3.1.0 and others (S/cm)", (postw90, kubo_sum)),
)
HEAD = "| system | quantity | source | obtained | difference | accuracy | how |\n|---|---|---|---|---|---|---|\n"


def main(write: Callable[[str], object] = sys.stdout.write) -> int:
    """Write the page; 1 if a number differs by more than its accuracy."""
    write(INTRODUCTION)
    good = True
    for table in (*QUICK, *LONG, *OTHER_CODES):
        write(f"\n## {table.heading}\n\n")
        rows = table.rows()
        if table.note:
            write(table.note + "\n\n")
        if rows:
            write(HEAD + "".join(row.line() + "\n" for row in rows))
        good &= all(row.ok for row in rows)
    write("\n" + LEFT_OUT)
    if missing := [name for name in FOLDERS if not available(name)]:
        write(f"* No reference data (SOLENOIDAL_DATA) for {', '.join(missing)}.\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
