"""Operators of a model that its source does not bring along: spin, orbital angular momentum, projections.

Each function returns an :class:`~solenoidal.model.Operator` on the R vectors of the model; attach it with
``model.with_operators(name=operator)``.  All but ``valley`` are local: matrices at R = 0 that do not depend on k.  They
commute with the position only if the position is diagonal in the same orbitals, ``valley`` never does;
:func:`solenoidal.diagnostics.operator_defect` measures that.

Examples
--------
>>> from solenoidal import models, operators
>>> model = models.kane_mele()
>>> groups = operators.site_groups(model)
>>> model = model.with_operators(sites=operators.projection(model, groups))
>>> model.operator("sites").components
('1', '2')
"""

from solenoidal.operators.angular_momentum import orbital
from solenoidal.operators.local import charge, local, pseudospin, spin
from solenoidal.operators.projections import projection, resolved, site_groups
from solenoidal.operators.valley import valley

__all__ = ["charge", "local", "orbital", "projection", "pseudospin", "resolved", "site_groups", "spin", "valley"]
