"""Limits q -> 0 of functions that are even in q, from three lengths."""

import numpy as np

__all__ = ["FOURTH", "LENGTHS", "SIXTH"]

#: Lengths in units of the shortest; weights of the limit with an error O(q^6), and with O(q^4).
LENGTHS = (1.0, 2.0, 4.0)
SIXTH = np.array([64.0, -20.0, 1.0]) / 45.0
FOURTH = np.array([4.0, -1.0, 0.0]) / 3.0
