"""The first Brillouin zone: its faces, edges and corners, points folded into it, triangles cut at its faces.

It is the Wigner-Seitz cell of the reciprocal lattice, the points nearer to Gamma than to any other vector G of it:
``k.G <= G^2 / 2``.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FirstZone", "directions", "first_zone", "reciprocal_vectors"]

Real = NDArray[np.float64]

#: Part of the length of a reciprocal lattice vector that counts as rounding.
ROUNDING = 1e-9


@dataclass(frozen=True)
class FirstZone:
    """Wigner-Seitz cell of a reciprocal lattice; every vector in 1/Angstrom, Cartesian.

    Attributes
    ----------
    basis
        ``(D, D)`` short reciprocal lattice vectors as rows.
    faces
        ``(n, D)`` reciprocal lattice vectors G whose faces ``k.G = G^2 / 2`` bound the zone.
    corners
        ``(m, D)``, in no particular order.
    """

    basis: Real
    faces: Real
    corners: Real

    @property
    def edges(self) -> Real:
        """Ends of the edges of a zone in space, ``(n, 2, 3)``: corners that share two faces."""
        on = self._touching(self.corners)
        pairs = [(i, j) for i, j in itertools.combinations(range(len(on)), 2) if (on[i] & on[j]).sum() >= 2]
        return np.asarray(self.corners[np.array(pairs)])

    def holds(self, k: Real) -> bool:
        """Whether a point ``(D,)`` lies in the zone or on its surface."""
        return bool((self._heights(k) <= 0.0).all())

    def fold(self, k: Real) -> Real:
        """Equivalent of every point ``(..., D)`` in the zone; one of several on its surface."""
        k = k - np.rint(k @ np.linalg.inv(self.basis)) @ self.basis
        choices = k[..., None, :] - _combinations(self.basis, 1)
        # Equal lengths differ by rounding: the first of the nearly shortest is the same for equal points.
        size = np.linalg.norm(choices, axis=-1)
        near = size <= size.min(axis=-1, keepdims=True) + ROUNDING * np.linalg.norm(self.basis[0])
        return np.asarray(np.take_along_axis(choices, near.argmax(axis=-1)[..., None, None], axis=-2)[..., 0, :])

    def section(self, normal: Real, centre: Real) -> Real:
        """Corners ``(n, 3)``, in turn, of the polygon that a plane cuts out of a zone in space; none if it misses it.

        Parameters
        ----------
        normal, centre
            ``(3,)`` direction across the plane and a point of it.
        """
        u, v = directions(normal)
        size = 4 * np.linalg.norm(self.corners, axis=1).max() + np.linalg.norm(centre)
        polygon = np.array([centre + size * (x * u + y * v) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
        for G in self.faces:
            d = polygon @ G - 0.5 * (G @ G)
            polygon = np.array(list(_cut_polygon(polygon, d))).reshape(-1, 3)
        return polygon

    def clip(self, triangles: Real, values: Real) -> tuple[Real, Real]:
        """Take triangles of the periodic zone into the first zone, cut where they leave it.

        Parameters
        ----------
        triangles
            ``(F, 3, 3)`` corners.
        values
            ``(F, 3)`` something linear in each triangle.

        Returns
        -------
        triangles, values
            ``(F', 3, 3)`` and ``(F', 3)`` with the same total area.
        """
        middle = triangles.mean(axis=1)
        triangles = triangles + (self.fold(middle) - middle)[:, None]
        across = (self._heights(triangles) > 0.0).any(axis=(1, 2))
        inside = triangles[~across], values[~across]
        triangles, values, middle = triangles[across], values[across], triangles[across].mean(axis=1)
        # Only images whose circle around the middle reaches the zone can have a part in it.
        reach = np.linalg.norm(triangles - middle[:, None], axis=2).max(axis=1)
        reach = reach + np.linalg.norm(self.corners, axis=1).max()
        cut = []
        for G in _within(self.basis, float((reach + np.linalg.norm(middle, axis=1)).max(initial=0.0))):
            near = np.linalg.norm(middle - G, axis=1) <= reach * (1 + ROUNDING)
            cut.append(_cut(self, triangles[near] - G, values[near]))
        kept = [inside, *cut]
        return np.concatenate([x for x, _ in kept]), np.concatenate([x for _, x in kept])

    def _heights(self, k: Real) -> Real:
        """Distance of points beyond every face, ``(..., n)``."""
        return np.stack([_height(k, G) for G in self.faces], axis=-1)

    def _touching(self, k: Real) -> NDArray[np.bool_]:
        return np.asarray(self._heights(k) == 0.0)


def reciprocal_vectors(lattice: Real) -> Real:
    """Reciprocal lattice vectors as rows, 1/Angstrom, for primitive vectors as rows (Angstrom)."""
    return np.asarray(2 * np.pi * np.linalg.inv(lattice).T)


def first_zone(lattice: Real) -> FirstZone:
    """First Brillouin zone of a crystal.

    Parameters
    ----------
    lattice
        ``(D, D)`` primitive vectors as rows, Angstrom.
    """
    basis = _reduced(reciprocal_vectors(lattice))
    D = len(basis)
    G = _combinations(basis, 2)
    half, squares = 0.5 * G, (G**2).sum(axis=1)
    # A face whose middle is nearer to a third vector than to Gamma does not bound the zone.
    distance = half @ G.T / squares - 0.5
    np.fill_diagonal(distance, -1.0)
    faces = G[(distance < -ROUNDING).all(axis=1)]
    planes = [faces[list(chosen)] for chosen in itertools.combinations(range(len(faces)), D)]
    crossing = [A for A in planes if abs(np.linalg.det(A)) > ROUNDING * np.prod(np.linalg.norm(A, axis=1))]
    points = np.array([np.linalg.solve(A, 0.5 * (A**2).sum(axis=1)) for A in crossing])
    zone = FirstZone(basis, faces, points)
    points = points[(zone._heights(points) <= 0.0).all(axis=1)]
    return FirstZone(basis, faces, _distinct(points, ROUNDING * float(abs(basis).max())))


def directions(normal: Real) -> tuple[Real, Real]:
    """Two Cartesian unit vectors across ``normal``: the first has no z if it can, and they are right-handed with it."""
    w = normal / np.linalg.norm(normal)
    u = np.cross([0.0, 0.0, 1.0], w)
    u = np.array([1.0, 0.0, 0.0]) if np.linalg.norm(u) < ROUNDING else u / np.linalg.norm(u)
    return u, np.cross(w, u)


def _reduced(basis: Real) -> Real:
    """Vectors of the same lattice, as short as subtracting combinations of the others makes them."""
    basis, D = basis.copy(), len(basis)
    others = [np.array(c) for c in itertools.product((-1, 0, 1), repeat=D)]
    shorter = True
    while shorter:
        shorter = False
        for i, c in itertools.product(range(D), others):
            trial = basis[i] + np.where(np.arange(D) == i, 0, c) @ basis
            if np.linalg.norm(trial) < np.linalg.norm(basis[i]) * (1 - ROUNDING):
                basis[i], shorter = trial, True
    return basis


def _combinations(basis: Real, reach: int) -> Real:
    """Lattice vectors with coefficients up to ``reach``, the shortest first; zero only for ``reach`` 1."""
    steps = np.array(list(itertools.product(range(-reach, reach + 1), repeat=len(basis))))
    G = steps @ basis
    G = G[np.argsort(np.linalg.norm(G, axis=1), kind="stable")]
    return np.asarray(G if reach == 1 else G[1:])


def _within(basis: Real, length: float) -> Real:
    """Lattice vectors not longer than ``length``."""
    # |c_i| = |G . a_i| with the dual vectors a_i.
    most = np.floor(length * np.linalg.norm(np.linalg.inv(basis), axis=0) + ROUNDING).astype(int)
    steps = np.array(list(itertools.product(*(range(-n, n + 1) for n in most))))
    G = steps @ basis
    return np.asarray(G[np.linalg.norm(G, axis=1) <= length * (1 + ROUNDING)])


def _distinct(points: Real, tolerance: float) -> Real:
    kept: list[Real] = []
    for p in points:
        if all(np.linalg.norm(p - q) > 10 * tolerance for q in kept):
            kept.append(p)
    return np.array(kept)


def _height(k: Real, G: Real) -> Real:
    """Distance of points beyond a face, in lengths of G; rounding counts as none."""
    d = k @ G / (G @ G) - 0.5
    return np.where(abs(d) < ROUNDING, 0.0, d)


def _cut_polygon(polygon: Real, d: Real) -> "itertools.chain[Real]":
    """Part of a polygon where the linear function ``d`` of its corners is not positive."""
    out: list[list[Real]] = []
    for i in range(len(polygon)):
        j = (i + 1) % len(polygon)
        out.append([polygon[i]] if d[i] <= 0.0 else [])
        if (d[i] <= 0.0) != (d[j] <= 0.0):
            t = d[i] / (d[i] - d[j])
            out.append([polygon[i] + t * (polygon[j] - polygon[i])])
    return itertools.chain.from_iterable(out)


def _cut(zone: FirstZone, triangles: Real, values: Real) -> tuple[Real, Real]:
    """Part of triangles inside the zone, face by face; the values are carried along as a fourth coordinate."""
    x = np.concatenate([triangles, values[:, :, None]], axis=2)
    for G in zone.faces:
        x = _below(x, _height(x[:, :, :3], G))
    return x[:, :, :3], x[:, :, 3]


def _below(x: Real, d: Real) -> Real:
    """Part of triangles ``(F, 3, 4)`` where the linear function with the values ``d`` ``(F, 3)`` is not positive."""
    out = d > 0.0
    count = out.sum(axis=1)
    # The corner that is alone on its side comes first; the order around the triangle stays.
    alone = np.where(count == 1, out.argmax(axis=1), (~out).argmax(axis=1))
    turn = (alone[:, None] + np.arange(3)) % 3
    x, d = np.take_along_axis(x, turn[:, :, None], axis=1), np.take_along_axis(d, turn, axis=1)
    tip, rest = (count == 2), (count == 1)
    p, q = (_crossing(x, d, j) for j in (1, 2))
    tips = np.stack([x[tip, 0], p[tip], q[tip]], axis=1)
    first = np.stack([p[rest], x[rest, 1], x[rest, 2]], axis=1)
    second = np.stack([p[rest], x[rest, 2], q[rest]], axis=1)
    return np.concatenate([x[count == 0], tips, first, second])


def _crossing(x: Real, d: Real, j: int) -> Real:
    """Points where ``d`` vanishes between the first corner and corner ``j``; unused where it does not."""
    step = d[:, 0] - d[:, j]
    t = np.divide(d[:, 0], step, out=np.zeros_like(step), where=step != 0.0)
    return np.asarray(x[:, 0] + t[:, None] * (x[:, j] - x[:, 0]))
