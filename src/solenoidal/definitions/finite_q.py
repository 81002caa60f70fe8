"""The Kubo formula of Shi et al. as a sum over pairs at finite q, without its closed form: slow, for checking."""

from solenoidal.definitions import Definition, DirectSettings, DirectSum, register
from solenoidal.model import BlochModel, Operator


def _pair_sum(model: BlochModel, operator: Operator, settings: DirectSettings) -> DirectSum:
    # Imported when first used: the sum stands to the right of the definitions.
    from solenoidal.linear_response.pair_sum import PairSum

    return PairSum(model, operator, settings)


register(
    Definition(
        name="finite_q",
        title="linear response of current plus torque dipole (Shi et al.), sum over pairs at finite q",
        reference="Shi, Zhang, Xiao, Niu, Phys. Rev. Lett. 96, 076604 (2006), before any closed form",
        forms={"S": ()},
        direct=_pair_sum,
        default=False,
    )
)
