"""Kubo formula with a rate gamma, form (K gamma): finite at any degeneracy, nothing is grouped.

With ``K(w) = w / (w^2 + gamma^2)``, ``L(w) = 1 / (w^2 + gamma^2)`` and ``Phi(x, y) = (f(x) - f(y)) K(x - y)``:

``sigma^{il} = - sum_nmp Im(s_nm v^i_mp v^l_pn) [Phi(e_n, e_m) - Phi(e_n, e_p)] / (e_m - e_p)``.

Collected by the level whose f it carries: as n the quotient is ``K_nm K_np - gamma^2 L_nm L_np``; as m or p it is
``-+ K / w_mp``, with limit ``K'`` and a Fermi-surface term where m and p coincide.  Theory notes, section 6.
"""

import numpy as np
from numpy.typing import NDArray

from solenoidal.bloch import States
from solenoidal.products import row_product
from solenoidal.quantities import Settings, resolved_quantity
from solenoidal.sums import imag_sum, multiplet_trace

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


@resolved_quantity
def kubo_broadened_sea(states: States, settings: Settings) -> Real:
    """Coefficient of f(e_n), Angstrom^2; see the module."""
    K, L, dK = _kernels(states, settings.gamma)
    some, sign, first, g2 = states.wanted, states.sign, states.first, settings.gamma**2
    s, v, B = states.s, states.v, states.B[:, some]
    sKv = _flat(row_product((s * K)[:, some], v, sign))
    sLv = _flat(row_product((s * L)[:, some], v, sign))
    vKs = _flat(row_product((v * K)[:, some], s, sign))
    n = sKv.shape[1]
    shape = (len(s), n, s.shape[2], v.shape[2], v.shape[2])
    vK, vL = (v * K)[:, some], (v * L)[:, some]
    as_n = -imag_sum(sKv, vK, sign, first) + g2 * imag_sum(sLv, vL, sign, first)  # [a i, l]
    as_m = imag_sum(sKv, B, sign, first)  # [a l, i]
    as_p = -imag_sum(vKs, B, sign, first)  # [l a, i]
    both = multiplet_trace((s * dK)[:, some], v[:, some], v[:, some], states.group, sign, first)  # [a, l, i]
    out = as_n.reshape(shape).transpose(0, 1, 3, 4, 2)
    out = out + as_m.reshape(shape).transpose(0, 1, 4, 3, 2)
    out = out + as_p.reshape(len(s), n, v.shape[2], s.shape[2], v.shape[2]).transpose(0, 1, 4, 2, 3)
    return np.ascontiguousarray(out + both.transpose(0, 1, 4, 3, 2))


@resolved_quantity
def kubo_broadened_surface(states: States, settings: Settings) -> Real:
    """Coefficient of -f'(e_n), eV Angstrom^2: ``v^i d^l`` with K in place of 1/w."""
    K, _, _ = _kernels(states, settings.gamma)
    some = states.wanted
    v = states.v[:, some]
    sKv = multiplet_trace((states.s * K)[:, some], v, v, states.group, states.sign, states.first)
    return np.asarray(-sKv.transpose(0, 1, 4, 3, 2))


def _kernels(states: States, gamma: float) -> tuple[Real, Real, Real]:
    """K, L and K' of w_nm as ``(n_k, N, 1, N)``."""
    w = states.w[:, :, None, :]
    L = 1.0 / (w * w + gamma * gamma)
    return w * L, L, (gamma * gamma - w * w) * L * L


def _flat(X: Complex) -> Complex:
    return X.reshape(*X.shape[:2], -1, X.shape[-1])
