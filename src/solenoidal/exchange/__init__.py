"""Models of other packages as :class:`~solenoidal.model.BlochModel`, and back.

Reading takes the object of the other package; writing imports that package, which is not a dependency of this one.
Hamiltonian and orbital positions travel; operators do not, except the spin that a PythTB model with ``nspin = 2``
implies.
"""

from solenoidal.exchange.kwant import from_kwant, to_kwant
from solenoidal.exchange.pythtb import from_pythtb, to_pythtb
from solenoidal.exchange.tbmodels import from_tbmodels, to_tbmodels

__all__ = ["from_kwant", "from_pythtb", "from_tbmodels", "to_kwant", "to_pythtb", "to_tbmodels"]
