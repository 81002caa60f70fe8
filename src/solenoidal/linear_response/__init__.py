"""Linear response at finite wave vector q: what the closed formulas are limits of, computed without them.

* :mod:`solenoidal.linear_response.pair_sum`: the Kubo formula of Shi et al., Phys. Rev. Lett. 96, 076604 (2006), as the
  sum over pairs of states at k - q/2 and k + q/2 that it is; definition ``finite_q`` of a job.
* :mod:`solenoidal.linear_response.static`: response to a static potential exp(iqr) and its expansion in q, which must
  give the dipole and quadrupole densities of Xiao and Niu, Phys. Rev. B 104, L241411 (2021), Eqs. 2-5.
* :mod:`solenoidal.linear_response.ring`: a slowly varying potential of finite strength, diagonalised exactly.

States at different k are compared after a transport along the straight line between them, which holds for any position
matrix of the basis: see :mod:`solenoidal.linear_response.displaced`.
"""
