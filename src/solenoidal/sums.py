"""The two sums that every band-resolved quantity is made of, compiled.

Rows are states n of the outer sum, ``(n_k, n, p, m)`` arrays hold the matrix elements <n|X^p|m> of several
operators with m contiguous.  Metric signs eta_n eta_m enter here and nowhere else.
"""

import numpy as np
from numpy.typing import NDArray

from solenoidal.compiled import jit
from solenoidal.placement import placed

__all__ = ["diagonal", "imag_sum", "inverse_differences", "multiplet_trace"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Index = NDArray[np.int64]


@placed
def imag_sum(L: Complex, R: Complex, sign: Real | None = None, first: int = 0) -> Real:
    """Band sum ``out[k, n, p, q] = eta_n Im sum_m eta_m L^p_nm conj(R^q_nm)``.

    For Hermitian R this is ``eta_n Im sum_m eta_m L_nm R_mn``; L carries 1/w where an equation has it.

    Parameters
    ----------
    L, R
        ``(n_k, n, P, N)`` and ``(n_k, n, Q, N)``; the same n of N levels as rows.
    sign
        ``(n_k, N)`` norms, or None where all are 1.
    first
        Level of the first row.
    """
    L = _signed(L, sign, first)
    out = np.empty((*L.shape[:3], R.shape[2]))
    _imag_sum(_real(L), _real(R), out)
    return out


@placed
def multiplet_trace(L: Complex, R: Complex, Z: Complex, group: Index, sign: Real | None = None, first: int = 0) -> Real:
    """Rows x of a multiplet trace, ``out[k, x, p, q, r]``.

    ``eta_x Im sum_y~x (sum_m eta_m L^p_xm conj(R^q_ym)) eta_y Z^r_yx``: the sum over y runs over the multiplet of x,
    that over m over all levels (L or R vanish inside the multiplet where an equation excludes it).
    Summed over x it is a trace, which no unitary inside the multiplet changes.

    Parameters
    ----------
    L, R, Z
        ``(n_k, n, P, N)``, ``(n_k, n, Q, N)``, ``(n_k, n, S, N)``.
    group
        ``(n_k, N)`` from :func:`solenoidal.multiplets.group_levels`.
    first
        Level of the first row.
    """
    L = _signed(L, sign, first)
    Z = Z if sign is None else Z * sign[:, first : first + Z.shape[1], None, None]
    out = np.empty((*L.shape[:3], R.shape[2], Z.shape[2]))
    _multiplet_trace(_real(L), _real(R), np.ascontiguousarray(Z), group, first, out)
    return out


@placed
def diagonal(X: Complex) -> Real:
    """Real parts of the diagonal elements ``(n_k, n, p)`` of ``X (n_k, n, p, N)``."""
    return np.asarray(np.einsum("knpn->knp", X[..., : X.shape[1]]).real)


def inverse_differences(e: Real, group: Index) -> Real:
    """``1 / (e_n - e_m)`` between different multiplets, 0 inside one, ``(n_k, N, N)``."""
    out = np.empty((*e.shape, e.shape[1]))
    _inverse_differences(e, group, out)
    return out


def _signed(L: Complex, sign: Real | None, first: int) -> Complex:
    """``eta_n L_nm eta_m`` of rows from ``first`` on."""
    if sign is None:
        return L
    return np.asarray(L * (sign[:, first : first + L.shape[1], None, None] * sign[:, None, None, :]))


def _real(X: Complex) -> Real:
    return np.ascontiguousarray(X).view(np.float64)


@jit
def _imag_sum(L: Real, R: Real, out: Real) -> None:
    n_k, n, P, M = L.shape
    Q = R.shape[2]
    turned = np.empty(M)
    for k in range(n_k):
        for x in range(n):
            for p in range(P):
                for m in range(0, M, 2):  # (re, im) -> (im, -re): then Im L conj(R) is a plain dot product
                    turned[m] = L[k, x, p, m + 1]
                    turned[m + 1] = -L[k, x, p, m]
                for q in range(Q):
                    total = 0.0
                    for m in range(M):
                        total += turned[m] * R[k, x, q, m]
                    out[k, x, p, q] = total


@jit
def _multiplet_trace(L: Real, R: Real, Z: Complex, group: Index, first: int, out: Real) -> None:
    n_k, n, P, M = L.shape
    Q = R.shape[2]
    S = Z.shape[2]
    turned = np.empty(M)
    for k in range(n_k):
        for x in range(n):
            for p in range(P):
                for m in range(0, M, 2):
                    turned[m] = L[k, x, p, m + 1]
                    turned[m + 1] = -L[k, x, p, m]
                for q in range(Q):
                    for r in range(S):
                        out[k, x, p, q, r] = 0.0
                for y in range(n):
                    if group[k, first + y] != group[k, first + x]:
                        continue
                    for q in range(Q):
                        re = 0.0
                        im = 0.0
                        for m in range(M):
                            re += L[k, x, p, m] * R[k, y, q, m]
                            im += turned[m] * R[k, y, q, m]
                        for r in range(S):
                            z = Z[k, y, r, first + x]
                            out[k, x, p, q, r] += re * z.imag + im * z.real


@jit
def _inverse_differences(e: Real, group: Index, out: Real) -> None:
    n_k, N = e.shape
    for k in range(n_k):
        for n in range(N):
            for m in range(N):
                out[k, n, m] = 0.0 if group[k, n] == group[k, m] else 1.0 / (e[k, n] - e[k, m])
