"""Figures ready for print: responses over the chemical potential, bands, planes of the zone, convergence.

Every function returns a figure of matplotlib that is independent of pyplot, and writes it if a path is given.
"""

from solenoidal.figures.bands import plot_bands
from solenoidal.figures.convergence import ladder, plot_convergence
from solenoidal.figures.planes import Plane, plot_plane
from solenoidal.figures.responses import plot_conductivity, plot_response
from solenoidal.figures.style import SUFFIXES, check_figure

__all__ = [
    "SUFFIXES",
    "Plane",
    "check_figure",
    "ladder",
    "plot_bands",
    "plot_conductivity",
    "plot_convergence",
    "plot_plane",
    "plot_response",
]
