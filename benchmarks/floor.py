"""Measured program: numpy.linalg.eigh of the same H(k) and nothing else, the floor of any code built on LAPACK."""

import numpy as np
from common import Job, measure, read_job, report

#: Matrices per call: they stay in the cache.
BLOCK = 64


def hamiltonians(job: Job) -> np.ndarray:
    """``(n_k, N, N)`` H on the mesh."""
    operators = np.load(job.operators)
    axis = np.arange(job.mesh) / job.mesh
    k = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.tensordot(np.exp(2j * np.pi * k @ operators["R"].T), operators["H_R"], 1)


def diagonalise(H: np.ndarray) -> None:
    for first in range(0, len(H), BLOCK):
        np.linalg.eigh(H[first : first + BLOCK])


def main() -> None:
    job = read_job()
    H = hamiltonians(job)
    diagonalise(H[:BLOCK])
    _, sample = measure(lambda: diagonalise(H), job)
    report(sample)


if __name__ == "__main__":
    main()
