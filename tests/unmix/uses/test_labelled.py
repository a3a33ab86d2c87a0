import numpy as np
import pytest
import torch

from unmix.errors import UnmixError
from unmix.uses.labelled import labelled_bundle


@pytest.fixture
def labelled():
    """Three classes on arcs of 10 degrees, of varying brightness, and two pixels that are none."""
    rng = np.random.default_rng(0)
    classes = np.repeat([0, 2, 5], 200)
    angles = np.deg2rad(np.tile(np.linspace(0, 10, 200), 3) + 30 * np.repeat([0, 1, 2], 200))
    spectra = np.stack([np.cos(angles), np.sin(angles)], axis=1) * rng.uniform(0.5, 2, (600, 1))
    spectra[3], spectra[7, 0] = 0, np.nan
    return torch.as_tensor(spectra, dtype=torch.float32), classes


def test_spectra_of_each_class_span_it(labelled):
    spectra, classes = labelled
    bundle = labelled_bundle(spectra, classes, most_per_class=3)
    assert bundle.classes.tolist() == [0] * 3 + [2] * 3 + [5] * 3
    assert torch.equal(bundle.spectra, spectra[bundle.pixels])
    angles = torch.rad2deg(torch.atan2(bundle.spectra[:, 1], bundle.spectra[:, 0])).reshape(3, 3)
    spans = angles.amax(dim=1) - angles.amin(dim=1)
    assert (spans > 9).all()
    middle = angles[:, 0] - torch.tensor([0.0, 30.0, 60.0])
    torch.testing.assert_close(middle, torch.full((3,), 5.0), atol=0.3, rtol=0)


def test_no_pixel_is_taken_twice_or_invalid(labelled):
    bundle = labelled_bundle(*labelled, most_per_class=1000)
    assert len(set(bundle.pixels)) == len(bundle.pixels)
    assert {3, 7}.isdisjoint(bundle.pixels)


def test_equal_pixels_give_one_spectrum():
    bundle = labelled_bundle(torch.ones(50, 4), np.zeros(50, int), most_per_class=5)
    assert len(bundle.spectra) == 1


def test_what_does_not_fit_is_refused(labelled):
    spectra, classes = labelled
    with pytest.raises(UnmixError, match="`most_per_class` must be at least 1"):
        labelled_bundle(spectra, classes, most_per_class=0)
    with pytest.raises(UnmixError, match="one number for each of 600 pixels"):
        labelled_bundle(spectra, classes[:5])
    with pytest.raises(UnmixError, match="None of the labelled pixels is valid"):
        labelled_bundle(torch.zeros(4, 3), np.zeros(4, int))
