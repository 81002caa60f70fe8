"""What operations do to orbitals: representation property, projections of .win files, given matrices."""

import numpy as np
import pytest
from symmetry_helpers import BCC, DIAMOND, FCC, diamond, one_atom, orbitals, spinful

from solenoidal.errors import InputError
from solenoidal.symmetry import Basis, from_matrices, from_orbitals, read_atoms, read_projections
from solenoidal.symmetry.representation import partners_of, projective_defect


@pytest.mark.parametrize("labels", [("s", "p", "d"), ("sp3d2", "dxz", "dyz", "dxy"), ("d",), ("f",)])
@pytest.mark.parametrize("order", ["interlaced", "blocks"])
def test_products_of_matrices_are_matrices_of_products_up_to_a_sign(labels, order):
    r = spinful(one_atom(FCC), labels, order=order)
    for i in range(0, 96, 7):
        found, want = partners_of(r.group, r.D, i), r.D[r.group.table[i]]
        sign = np.sign(np.einsum("hab,hab->h", want.conj(), found).real)
        assert abs(found - sign[:, None, None] * want).max() < 1e-12


def test_without_spin_there_are_no_signs():
    group = one_atom(FCC)
    r = from_orbitals(group, np.zeros((1, 3)), orbitals(["sp3d2"]), None)
    for i in range(96):
        assert abs(partners_of(group, r.D, i) - r.D[group.table[i]]).max() < 1e-12
    # the six hybrids are permuted
    assert set(np.unique(abs(r.D).round(12))) == {0.0, 1.0}


def test_screw_and_glide_operations_exchange_the_atoms_of_diamond():
    r = spinful(diamond(), ("s", "p"), DIAMOND)
    assert projective_defect(r.group, r.D) < 1e-12
    assert any(abs(D[:8, :8]).max() < 1e-12 for D in r.D)


def test_orbitals_that_the_group_turns_out_of_the_basis_are_refused():
    with pytest.raises(InputError, match=r"turns orbital 1 .* into one that the basis does not have"):
        spinful(one_atom(FCC), ("dxy",))
    with pytest.raises(InputError, match="does not take every centre"):
        spinful(one_atom(FCC), ("s",), np.array([[0.1, 0.0, 0.0]]) + np.array([[0.0, 0, 0], [0.3, 0.1, 0]]))


def test_matrices_of_the_user_are_checked():
    good = spinful(one_atom(BCC, [[0, 0, 1.0]]))
    basis = Basis(good.group.lattice, good.basis.sites, good.basis.site)
    phases = np.exp(1j * np.arange(len(good.group)))[:, None, None]
    assert from_matrices(good.group, basis, good.D * phases).origin == "given matrices"
    with pytest.raises(InputError, match="shape"):
        from_matrices(good.group, basis, good.D[:3])
    with pytest.raises(InputError, match=r"operation 3 .* is not unitary"):
        from_matrices(good.group, basis, good.D * (1 + (np.arange(16) == 2))[:, None, None])
    with pytest.raises(InputError, match="do not multiply"):
        from_matrices(good.group, basis, good.D[[0, 2, 1, *range(3, 16)]])


WIN = """num_wann = {n}
begin unit_cell_cart
2 0 0
0 2 0
0 0 2
end unit_cell_cart
begin {block}
{atoms}
end {block}
begin projections
{projections}
end projections
"""


def write(path, projections, atoms="Pt 0 0 0\nO 0.5 0.5 0.5\nPt 0.5 0 0", block="atoms_frac", n=1):
    path.write_text(WIN.format(n=n, block=block, atoms=atoms, projections=projections))
    return path


def test_orbitals_are_listed_by_site_then_l_then_m(tmp_path):
    first, second = read_projections(write(tmp_path / "a.win", "pt: dxy;dxz;sp3d2\nO:l=1,mr=3,1"), 2 * np.eye(3))
    assert (first.by_l, second.by_l) == (True, False)
    assert first.count == 18
    assert [o.site for o in first.orbitals] == [0, 1, 2]
    names = ["s", "pz", "px", "py", "dz2", "dxz", "dyz", "dx2-y2", "dxy"]
    C = first.orbitals[0].coefficients[:, :9]
    assert C.shape == (8, 9)
    assert C[6, names.index("dxz")] == pytest.approx(1)
    assert C[7, names.index("dxy")] == pytest.approx(1)
    assert second.orbitals[0].coefficients[0, names.index("dxy")] == pytest.approx(1)
    assert first.orbitals[2].coefficients[0, names.index("pz")] == pytest.approx(1)
    assert second.orbitals[2].coefficients[0, names.index("py")] == pytest.approx(1)


def test_local_axes_turn_the_orbitals(tmp_path):
    (p,) = read_projections(write(tmp_path / "a.win", "f=0.25,0,0:pz:z=1,0,0:x=0,1,0\nc=1,1,0:s"), 2 * np.eye(3))
    assert p.orbitals[0].coefficients[0, 2] == pytest.approx(1)  # along x
    assert np.allclose(p.sites, [[0.25, 0, 0], [0.5, 0.5, 0]])


def test_atoms_in_cartesian_coordinates(tmp_path):
    atoms = read_atoms(write(tmp_path / "a.win", "Pt:s", "bohr\nPt 0 0 3.7794522", "atoms_cart"), 2 * np.eye(3))
    assert atoms.positions[0] == pytest.approx([0, 0, 1], abs=1e-6)
    assert read_atoms(write(tmp_path / "b.win", "Pt:s", "", "kpoint_path"), np.eye(3)) is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("random", "names no site"),
        ("Au:s", "no atom 'Au'"),
        ("Pt:q", "unknown orbital 'q'"),
        ("Pt:l=7", "no orbital with l = 7"),
        ("Pt:l=1,mr=4", "mr between 1 and 3"),
        ("Pt:s:z=0,1", "is not an axis"),
        ("Pt:s:z=1,0,0", "must be perpendicular"),
        ("Pt:s(u)", "chooses a spin"),
        ("f=0,0:s", "three numbers"),
    ],
)
def test_projections_that_cannot_be_used_are_refused_with_their_line(tmp_path, line, words):
    with pytest.raises(InputError, match=words) as caught:
        read_projections(write(tmp_path / "a.win", line), 2 * np.eye(3))
    assert "line 13" in str(caught.value)


def test_no_projections_at_all(tmp_path):
    with pytest.raises(InputError, match="lists no orbitals"):
        read_projections(write(tmp_path / "a.win", ""), 2 * np.eye(3))
