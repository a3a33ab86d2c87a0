"""What stands for the bands once pixels and endmembers have met."""

import pytest
import torch

import unmix.products
from unmix.errors import UnmixError
from unmix.products import products


@pytest.mark.parametrize("chunk", [1, 90, 2**21])
def test_products_are_sums_over_bands_in_float64(monkeypatch, chunk):
    monkeypatch.setattr(unmix.products, "CHUNK_ELEMENTS", chunk)
    spectra, endmembers = torch.rand(50, 30), torch.rand(4, 30)
    found = products(spectra, endmembers)
    pixels, materials = spectra.double(), endmembers.double()
    expected = {
        "gram": torch.einsum("ib,jb->ij", materials, materials),
        "cross": torch.einsum("pb,jb->pj", pixels, materials),
        "energy": pixels.square().sum(dim=1),
        "peaks": materials.max(dim=1).values,
    }
    for name, values in expected.items():
        torch.testing.assert_close(getattr(found, name), values, msg=name)
    assert found.n_bands == 30


def test_products_of_no_pixels_are_empty():
    found = products(torch.zeros(0, 30), torch.rand(4, 30))
    assert found.cross.shape == (0, 4)
    assert found.energy.shape == (0,)


@pytest.mark.parametrize("shapes", [((5, 3), (2, 4)), ((5,), (2, 5)), ((5, 3), (0, 3))], ids=str)
def test_what_cannot_be_multiplied_is_refused(shapes):
    with pytest.raises(UnmixError, match="endmember"):
        products(*(torch.ones(shape) for shape in shapes))
