"""What all extractors of endmembers have in common."""

import pytest
import torch

from unmix.endmembers import edaa, nfindr, sisal, vca

PICKING = (vca, nfindr)
EXTRACTORS = (*PICKING, sisal, edaa)


@pytest.mark.parametrize("extract", EXTRACTORS)
@pytest.mark.parametrize("n", [2, 4])
def test_extractor_gives_as_many_endmembers_as_asked_and_leaves_the_pixels_alone(
    planted, extract, n
):
    spectra = planted(0, n, n_pixels=200, purity=0.9, snr_db=30).spectra
    before = spectra.clone()
    found = extract(spectra, n)
    assert found.shape == ((n,) if extract in PICKING else (n, 30))
    assert torch.equal(spectra, before)


@pytest.mark.parametrize("extract", EXTRACTORS)
def test_single_precision_gives_what_double_does(planted, extract):
    scene = planted(1, 3, n_pixels=200, purity=0.9, snr_db=30)
    double, single = (extract(scene.spectra.to(t), 3, 0) for t in (torch.float64, torch.float32))
    if extract in PICKING:
        assert torch.equal(double, single)
    else:
        assert scene._replace(endmembers=double).angle(single) < 1e-3


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("extract", EXTRACTORS)
def test_extractor_gives_the_same_on_a_gpu(planted, extract):
    scene = planted(2, 3, n_pixels=200, purity=0.9, snr_db=30)
    here, there = (extract(scene.spectra.to(device), 3, 0) for device in ("cpu", "cuda"))
    assert there.device.type == "cuda"
    if extract in PICKING:
        assert torch.equal(here, there.cpu())
    else:
        assert scene._replace(endmembers=here).angle(there.cpu()) < 1e-3
