"""Coordinates: as many as stand out of the noise, and its size."""

import pytest
import torch

from unmix.networks.coordinates import find_coordinates


@pytest.mark.parametrize("snr_db", [15, 30])
def test_as_many_coordinates_as_materials_stand_out(mixture_of, snr_db):
    mixture = mixture_of(2, n_endmembers=4, n_bands=60, n_pixels=3000, snr_db=snr_db)
    found = find_coordinates(mixture.spectra, 2)
    clean = mixture.abundances @ mixture.endmembers
    sigma = float((mixture.spectra - clean).std())
    assert found.basis.shape == (60, 4)
    assert found.noise * found.size == pytest.approx(sigma, rel=0.03)


def test_coordinates_are_orthonormal_and_keep_what_they_span(known_mixture):
    found = find_coordinates(known_mixture.spectra, 3)
    rank = found.basis.shape[1]
    assert torch.allclose(found.basis.T @ found.basis, torch.eye(rank), atol=1e-5)
    back = found.spectra(found.of(known_mixture.spectra))
    assert torch.allclose(back, known_mixture.spectra, atol=1e-4)
    assert float(known_mixture.spectra.norm(dim=1).median()) == pytest.approx(found.size, rel=1e-5)
