"""The convolutional encoder sees its halo and no more."""

import torch

from unmix.networks.convolution import ConvolutionalEncoder

GENERATOR = torch.Generator().manual_seed(0)
ENCODER = ConvolutionalEncoder(3, 2, 8, GENERATOR)
HALO = ENCODER.halo
MAPS = torch.randn(1, 3, 12 + 2 * HALO, 9 + 2 * HALO, generator=GENERATOR)


@torch.no_grad()
def test_a_pixel_depends_on_its_halo_and_on_nothing_else():
    whole = ENCODER(MAPS).reshape(12, 9, 2)
    changed = MAPS.clone()
    changed[:, :, 6 + HALO, 4 + HALO] += 5.0
    moved = (ENCODER(changed).reshape(12, 9, 2) != whole).any(dim=-1).nonzero()
    assert moved.amin(dim=0).tolist() == [6 - HALO, 4 - HALO]
    assert moved.amax(dim=0).tolist() == [6 + HALO, 4 + HALO]


@torch.no_grad()
def test_a_part_with_its_halo_reads_as_it_does_in_the_whole():
    whole = ENCODER(MAPS).reshape(12, 9, 2)
    part = ENCODER(MAPS[:, :, 3 : 3 + 5 + 2 * HALO, 2 : 2 + 4 + 2 * HALO]).reshape(5, 4, 2)
    assert torch.allclose(part, whole[3:8, 2:6], atol=1e-5)
