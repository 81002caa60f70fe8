"""Conserved currents of nonconserved quantities: every definition of the spin conductivity, side by side."""
