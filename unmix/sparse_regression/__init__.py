"""Sparse regression with a wide library: which of hundreds of spectra a scene shows, and where.

Tensors in, tensors out. Start with `learn_sparse` in `model`: `pruning` leaves out what the scene
does not need, then `active_set` (SUnSAL), `collaborative` (CLSUnSAL) or `top_k` reads the pixels;
`certificate` says how far a solution may be from the optimum.
"""

from unmix.sparse_regression.active_set import solve_active_set
from unmix.sparse_regression.certificate import duality_gap
from unmix.sparse_regression.collaborative import collaborate, solve_with_ridge
from unmix.sparse_regression.model import Method, SparseModel, SparseReading, learn_sparse
from unmix.sparse_regression.pruning import nearest_members, needed_members
from unmix.sparse_regression.top_k import top_k

__all__ = [
    "Method",
    "SparseModel",
    "SparseReading",
    "collaborate",
    "duality_gap",
    "learn_sparse",
    "nearest_members",
    "needed_members",
    "solve_active_set",
    "solve_with_ridge",
    "top_k",
]
