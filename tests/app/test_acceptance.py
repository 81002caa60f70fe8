"""From a job file through the command line to a netCDF file whose numbers other codes give as well."""

import json

import numpy as np
import xarray as xr

from solenoidal import cli

PLATINUM = """
[system]
npz = "{folder}/operators.npz"
[zone]
mesh = 25
offset = 0
[scan]
mu = {mu}
[compute]
definitions = ["conventional"]
degeneracy = 1e-6
"""

IRON = """
[system]
npz = "{folder}/operators.npz"
operator = "charge"
[zone]
mesh = [10, 10, 10]
offset = 0
[scan]
mu = [11.6279]
[compute]
definitions = ["conventional"]
degeneracy = 1e-6
"""


def test_spin_hall_conductivity_of_platinum_is_that_of_wannierberri(data, write_job, tmp_path):
    """25^3 points, T = 0, 21 energies, four components: rounding of 1e-7 of some 1e3 (hbar/e) S/cm."""
    folder = data("Pt")
    reference = json.loads((folder / "reference" / "wannierberri_operators_25.json").read_text())
    job = write_job(text=PLATINUM.format(folder=folder, mu=reference["mu"]))
    assert cli.main(["run", job]) == 0
    with xr.open_dataset(tmp_path / "run.nc") as result:
        sigma = result["conductivity"].sel(definition="conventional", temperature=0)
        for column, (i, l, a) in enumerate(("xyz", "yxz", "yzx", "zxy")):
            ours = sigma.sel(current=i, field=l, spin=a).values
            np.testing.assert_allclose(ours, np.array(reference["shc"])[:, column], rtol=0, atol=1e-6)


def test_anomalous_hall_conductivity_of_iron_from_the_wannier_bands(data, write_job, tmp_path):
    """Kubo sum over the Wannier bands on the same points, 607.05195 S/cm (README of the reference data)."""
    assert cli.main(["run", write_job(text=IRON.format(folder=data("Fe222")))]) == 0
    with xr.open_dataset(tmp_path / "run.nc") as result:
        sigma = result["conductivity"].isel(definition=0, temperature=0, mu=0, spin=0)
        np.testing.assert_allclose(sigma.sel(current="x", field="y"), 607.05195, rtol=0, atol=5e-6)
        np.testing.assert_allclose(sigma.sel(current="y", field="x"), -607.05195, rtol=0, atol=5e-6)
