"""A crystal with time reversal has no orbital magnetization."""

from typing import TYPE_CHECKING

from solenoidal.bloch import fourier
from solenoidal.checks import Check, Finding, register
from solenoidal.eigen import eigenstates

if TYPE_CHECKING:
    from solenoidal.checks.context import Context

#: Largest relative asymmetry of the spectrum and largest charge Hall response that count as none.
EVEN, NONE = 1e-7, 1e-7


def spectrum_asymmetry(context: "Context") -> float:
    """Largest ``|e_n(k) - e_n(-k)|`` at random k, relative to the band width."""
    k = context.probe.k
    blocks = [fourier(context.model, sign * k, "charge") for sign in (1, -1)]
    e, back = (eigenstates(block.H, block.metric, block.k)[0] for block in blocks)
    return float(abs(e - back).max()) / context.width if context.width else 0.0


def _examine(context: "Context") -> Finding:
    if context.without_integrals:
        return Finding(None, context.without_integrals)
    if context.model.dimension == 1:
        return Finding(None, "there is no orbital magnetization in one dimension.")
    if (asymmetry := spectrum_asymmetry(context)) > EVEN:
        return Finding(None, f"e(k) differs from e(-k) by {asymmetry:.1e} of the band width: no time reversal.")
    out = context.integrate(
        mesh=context.small,
        offset=(0.5,) * context.model.dimension,  # k and -k are on the mesh
        operator="charge",
        axes=None,
        definitions=("eq11",),
        responses=("conductivity", "magnetization"),
    )
    natural = context.length**2 / context.model.volume
    sigma = out.values["conductivity"][0]
    hall = float(abs(sigma - sigma.swapaxes(2, 3)).max()) / natural
    if hall > NONE:
        return Finding(None, f"the charge has a Hall response ({hall:.1e} of 1 / length^(D - 2)): no time reversal.")
    moment = float(abs(out.values["magnetization"]).max()) / (natural * context.width)
    return Finding(moment, "detected by e(k) = e(-k) and by the absence of a charge Hall response, which is no proof.")


register(
    Check(
        name="time reversal",
        kind="zone",
        says="Where e(k) = e(-k) and the charge has no Hall response, it has no orbital magnetization; "
        "relative to band width and cell.",
        source="theory, Definitions; both are axial vectors odd under time reversal",
        tolerance=1e-6,
        failure="Magnetization and Hall conductivity of the charge have different symmetry.",
        examine=_examine,
    )
)
