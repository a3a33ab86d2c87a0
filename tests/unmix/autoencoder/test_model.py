"""Encoder and decoder as one autoencoder."""

import torch

from unmix.abundances import nnls
from unmix.autoencoder import (
    ArchetypalDecoder,
    LinearDecoder,
    SparseAutoencoder,
    SparseCodingEncoder,
)


def test_an_autoencoder_gives_back_mixtures_of_its_endmembers(known_mixture):
    model = SparseAutoencoder(LinearDecoder(known_mixture.endmembers), SparseCodingEncoder(5000))
    coded = model(known_mixture.spectra)
    torch.testing.assert_close(coded.reconstruction, known_mixture.spectra, atol=1e-4, rtol=0)
    torch.testing.assert_close(coded.codes, known_mixture.abundances, atol=2e-3, rtol=0)


def test_forward_is_encode_then_decode(known_mixture):
    spectra, warm = known_mixture.spectra, 2 * known_mixture.abundances
    model = SparseAutoencoder(LinearDecoder(known_mixture.endmembers), SparseCodingEncoder(3))
    coded = model(spectra, warm)
    assert torch.equal(coded.codes, model.encode(spectra, warm))
    assert torch.equal(coded.reconstruction, model.decode(coded.codes))
    assert not torch.equal(coded.codes, model.encode(spectra)), "the warm start was forgotten"


def test_codes_and_reconstruction_share_the_decoder_s_weights():
    generator = torch.Generator().manual_seed(0)
    candidates = torch.rand(9, 6, generator=generator)
    decoder = ArchetypalDecoder(candidates, torch.randn(2, 3, 9, generator=generator))
    model = SparseAutoencoder(decoder, SparseCodingEncoder(3000))
    assert torch.equal(model.endmembers, decoder.endmembers)
    coded = model(candidates)
    for k, endmembers in enumerate(model.endmembers.detach()):
        exact = nnls(candidates, endmembers).float()
        torch.testing.assert_close(coded.reconstruction[k], exact @ endmembers, atol=1e-3, rtol=0)
