"""Sparse regression from a sample to any pixels."""

import numpy as np
import pytest
import torch

from unmix.errors import UnmixError
from unmix.sparse_regression import learn_sparse


def full(model, codes, n):
    whole = torch.zeros(len(codes), n, dtype=torch.float64)
    whole[:, model.members] = codes.double()
    return whole


@pytest.mark.parametrize("method", ["sunsal", "collaborative", "topk"])
def test_planted_members_and_fractions_are_found(planted, method):
    model = learn_sparse(planted.spectra, planted.library, method)
    read = model.read(planted.spectra)
    assert model.members.tolist() == planted.members
    off = full(model, read.fractions, len(planted.library)) - planted.abundances
    assert off.square().mean().sqrt() < 0.005
    assert (read.fractions.sum(dim=1) - 1).abs().max() < 1e-5
    assert read.residual.mean() < 0.0025
    assert read.n_materials.max() <= 4


def test_brightness_is_the_sum_of_abundances_and_residuals_are_those_of_the_spectra(planted):
    model = learn_sparse(1.7 * planted.spectra, planted.library)
    read = model.read(1.7 * planted.spectra)
    codes = read.fractions * read.brightness[:, None]
    rest = 1.7 * planted.spectra - codes.double() @ model.spectra
    assert torch.allclose(read.residual.double(), rest.square().mean(dim=1).sqrt(), atol=1e-6)
    assert abs(float(read.brightness.mean()) - 1.7) < 0.02


def test_a_sum_of_one_is_kept_whatever_the_light(planted):
    model = learn_sparse(1.2 * planted.spectra, planted.library, sum_to_one=True)
    assert (model.read(1.2 * planted.spectra).brightness - 1).abs().max() < 1e-5


def test_without_pruning_every_member_stays(planted):
    model = learn_sparse(planted.spectra[:50], planted.library, sparsity=1.0, prune=False)
    assert model.members.tolist() == list(range(len(planted.library)))
    assert model.gap is not None
    assert model.gap < 1e-9


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"method": "lasso"}, "method"),
        ({"sparsity": -1.0}, "sparsity"),
        ({"sparsity": "much"}, "sparsity"),
        ({"k": 0}, "`k`"),
    ],
)
def test_wrong_parameters_are_refused_by_name(planted, wrong, said):
    with pytest.raises(UnmixError, match=said):
        learn_sparse(planted.spectra, planted.library, **wrong)


def test_a_black_member_and_no_pixels_are_refused(planted):
    black = planted.library.clone()
    black[3] = 0
    with pytest.raises(UnmixError, match="Spectrum 4"):
        learn_sparse(planted.spectra, black)
    with pytest.raises(UnmixError, match="no valid pixel"):
        learn_sparse(planted.spectra[:0], planted.library)


def test_dc1_is_read_as_well_as_with_its_true_members(shared_data):
    truth = np.load(shared_data / "scenes" / "dc1" / "truth.npz")
    endmembers = torch.from_numpy(truth["endmembers"])
    abundances = torch.from_numpy(truth["abundances"]).flatten(1).T
    library = torch.from_numpy(np.load(shared_data / "libraries" / "usgs1995.npz")["spectra"])
    clean = abundances @ endmembers
    sigma = clean.square().mean().sqrt() / 10**1.5  # 30 dB
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0)).double()
    model = learn_sparse((clean + sigma * noise)[::5], library)
    read = model.read(clean + sigma * noise)
    members = [int((library - e).abs().amax(dim=1).argmin()) for e in endmembers]
    codes, wanted = full(model, read.fractions, 498), torch.zeros(len(clean), 498).double()
    wanted[:, members] = abundances
    sre = 10 * torch.log10(wanted.square().sum() / (codes - wanted).square().sum())
    assert sre > 15
