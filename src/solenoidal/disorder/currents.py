"""Parts of the conserved current that disorder makes, from a solution of the Boltzmann equation.

All functions return the response X of the theory (hbar = e = 1), J_i = e X_il E_l, as arrays (current, field,
component) in Angstrom^(2 - D) times the unit of s; :mod:`solenoidal.units` turns X into printed units, where the sign
of e enters.  Source: Xiao and Niu, Phys. Rev. B 104, L241411 (2021), Eqs. 13-15.
"""

import numpy as np
from numpy.typing import NDArray

from solenoidal.disorder.boltzmann import Distribution
from solenoidal.disorder.fermi_surface import FermiSurface
from solenoidal.disorder.impurities import Impurity, amplitude, element
from solenoidal.errors import InputError

__all__ = ["dipole_surface", "drift", "scattering_dipole", "side_jump"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


def scattering_dipole(distribution: Distribution) -> Real:
    """J_dp of Eq. 14, from the distribution and the rates of the scatterers, of which the result is independent.

    ``J_dp^i = sum_kk' P_{k'k} delta f_k (d^i_k' - d^i_k)``: what every collision changes of the s-dipole.  Boltzmann's
    equation makes it ``-e E_l int (-f') v_l d^i``, the negative of the Fermi-surface term of Eq. 11
    (:func:`dipole_surface`), so that Eq. 15 = Eq. 11 + J_dp.

    Parameters
    ----------
    distribution
        From :func:`solenoidal.disorder.solve`.

    Returns
    -------
    ndarray
        ``(current, field, component)``, Angstrom^(2 - D) times the unit of s.
    """
    p = distribution.surface
    d = p.dipole / p.count[:, None, None]
    change = distribution.collision(d.reshape(len(p), -1)).reshape(d.shape)
    return p.integral(np.einsum("nl,nia->nila", distribution.g, change))


def dipole_surface(surface: FermiSurface) -> Real:
    """``int (-f') v^l d^i``, the Fermi-surface term of Eq. 11 in form (S), by the quadrature of the surface.

    Returns
    -------
    ndarray
        ``(current, field, component)``, Angstrom^(2 - D) times the unit of s.  Multiplets enter as ``v_N Tr d_N``.
    """
    return surface.integral(np.einsum("nl,nia->nila", surface.v, surface.dipole))


def drift(distribution: Distribution) -> Real:
    """J_c of Eq. 13, ``int delta f v^i s``: the current of the states that the field has displaced.

    Returns
    -------
    ndarray
        ``(current, field, component)``, Angstrom^(2 - D) times the unit of s; inversely proportional to the density of
        the scatterers.
    """
    p = distribution.surface
    return p.integral(np.einsum("nl,nia->nila", distribution.g, p.flow))


def side_jump(distribution: Distribution) -> Real:
    """J_sj, ``sum_kk' delta f_k P_{k'k} delta r^s_{k'k}``: s times the displacement of a state in a collision.

    Gauge-invariant form, without a division by V = <k'|V|k>::

        |V|^2 delta r^{s,i} = -s_k' Im[<D_i k'|V|k> V*] - s_k Im[<k'|V|D_i k> V*] - (s_k' - s_k) Im[(dV/dq_i) V*]

    where dV/dq acts on the form factors only and the last term vanishes for a single real one (theory notes,
    section 8).  The origin is the centre of the scatterer.

    Returns
    -------
    ndarray
        ``(current, field, component)``, Angstrom^(2 - D) times the unit of s; independent of the density and, for one
        kind of scatterer, of its strength.

    Raises
    ------
    InputError
        For degenerate levels at the chemical potential, for which no form is known.
    """
    p = distribution.surface
    if p.covariant is None:
        raise InputError(
            f"{p.name}: levels at mu = {p.mu:g} eV are degenerate, the side jump is known for nondegenerate bands only."
        )
    total = np.zeros((p.dimension, p.dimension, p.s.shape[1]))
    for rows in distribution.collision.rows():
        for impurity in distribution.collision.impurities:
            total += _side_jump(p, distribution.g, impurity, rows)
    return total


def _side_jump(p: FermiSurface, g: Real, impurity: Impurity, rows: slice) -> Real:
    """Collisions from every k into the points k' of ``rows``."""
    bra, ket, Dbra, Dket = p.amplitude[rows], p.amplitude, _columns(p, rows), _columns(p, slice(None))
    k = (p.k[rows], p.k)
    V = amplitude(impurity, bra, ket, *k)[0, :, 0].conj()
    after = (amplitude(impurity, Dbra, ket, *k)[:, :, 0] * V).imag  # [i, k', k]
    before = (amplitude(impurity, bra, Dket, *k)[0].swapaxes(0, 1) * V).imag
    if len(impurity.terms) > 1 or not impurity.terms[0].form.real:
        for term in impurity.terms:
            form = (term.form.slopes(*k) * element(term.matrix, bra, ket)[0, :, 0] * V).imag
            after, before = after + form, before - form
    W = 2 * np.pi * impurity.density * p.weight
    gW = g * W[:, None]
    jump = -np.einsum("ixk,xa,kl,x->ila", after, p.s[rows], gW, p.weight[rows], optimize=True)
    return np.asarray(jump - np.einsum("ixk,ka,kl,x->ila", before, p.s, gW, p.weight[rows], optimize=True))


def _columns(p: FermiSurface, rows: slice) -> Complex:
    """Covariant derivatives as columns, ``(n, N, D)``."""
    assert p.covariant is not None
    return np.ascontiguousarray(p.covariant[rows].swapaxes(1, 2))
