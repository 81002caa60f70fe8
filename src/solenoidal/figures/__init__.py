"""Figures ready for print: responses over the chemical potential, bands, planes of the zone, convergence.

Each of these functions returns a figure of matplotlib that is independent of pyplot, and writes it if a path is given.
``plot_surface`` makes an interactive page of the Fermi surface with plotly.
"""

from solenoidal.figures.bands import plot_bands
from solenoidal.figures.convergence import ladder, plot_convergence
from solenoidal.figures.page import check_page, plot_surface
from solenoidal.figures.planes import Plane, plot_plane, whole_zone, zone_section
from solenoidal.figures.responses import plot_conductivity, plot_response
from solenoidal.figures.style import SUFFIXES, check_figure

__all__ = [
    "SUFFIXES",
    "Plane",
    "check_figure",
    "check_page",
    "ladder",
    "plot_bands",
    "plot_conductivity",
    "plot_convergence",
    "plot_plane",
    "plot_response",
    "plot_surface",
    "whole_zone",
    "zone_section",
]
