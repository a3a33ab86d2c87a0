"""The estimator: what it refuses, and in which words."""

import math

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError as NotFittedInScikitLearn
from sklearn.utils.validation import check_is_fitted

from unmix import Unmixer, UnmixError
from unmix.fitted_model import NotFittedError


@pytest.mark.parametrize("value", [1, 0, -2, 2.5, 3.0, True, "3", "Auto", None, math.nan])
def test_n_endmembers_must_be_an_integer_of_at_least_2(value):
    message = r"`n_endmembers` must be an integer of at least 2, or 'auto'\. Got"
    with pytest.raises(UnmixError, match=message):
        Unmixer(value).fit(np.random.default_rng(0).random((20, 5)))


def test_n_endmembers_may_not_exceed_the_bands():
    message = r"`n_endmembers` is 6 but the spectra have only 5 bands\. It must be from 2 to 5\."
    with pytest.raises(UnmixError, match=message):
        Unmixer(6).fit(np.random.default_rng(0).random((20, 5)))


@pytest.mark.parametrize(
    ("shape", "what"),
    [((20, 30), "Got 20 valid pixels of 30 bands"), ((50, 3), "at least 4 bands")],
)
def test_too_little_to_choose_a_number_from_asks_for_one(shape, what):
    spectra = np.random.default_rng(0).random(shape)
    with pytest.raises(UnmixError, match=rf"{what}.* how many endmembers to find: `n_endmembers`"):
        Unmixer("auto").fit(spectra)


@pytest.mark.parametrize(
    ("spectra", "what"),
    [
        (np.zeros((9, 5)), r"cannot be learned from 0 valid pixels \(9 were read"),
        (np.ones((30, 5)), "All 30 valid pixels have the same spectrum"),
        (np.random.default_rng(0).random((30, 1)), "auto but the spectra have only 1 band"),
    ],
)
def test_what_cannot_be_unmixed_cannot_be_with_any_number(spectra, what):
    with pytest.raises(UnmixError, match=what):
        Unmixer("auto").fit(spectra)


def test_too_few_valid_pixels_are_counted():
    spectra = np.random.default_rng(0).random((20, 5))
    spectra[3:, 0] = np.nan
    message = r"4 endmembers cannot be learned from 3 valid pixels \(20 were read.*mask"
    with pytest.raises(UnmixError, match=message):
        Unmixer(4).fit(spectra)


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0])
def test_a_scene_without_a_valid_pixel_is_refused(value):
    with pytest.raises(UnmixError, match=r"cannot be learned from 0 valid pixels \(9 were read"):
        Unmixer(3).fit(np.full((9, 5), value))


def test_an_empty_scene_is_refused():
    with pytest.raises(UnmixError, match=r"from 0 valid pixels \(0 were read"):
        Unmixer(3).fit(np.zeros((0, 5)))


def test_a_constant_image_is_refused():
    with pytest.raises(UnmixError, match=r"^All 30 valid pixels have the same spectrum but"):
        Unmixer(2).fit(np.ones((30, 5)))


def test_a_scene_of_one_material_under_changing_light_is_refused():
    light = np.linspace(0.1, 2, 30)[:, None]
    with pytest.raises(UnmixError, match="no materials to tell apart"):
        Unmixer(2).fit(light * np.array([0.3, 0.5, 0.2]))


@pytest.mark.parametrize("shape", [(), (5,), (2, 3, 4)])
def test_spectra_must_be_rows(fitted, shape):
    for call in (Unmixer(2).fit, fitted.transform, fitted.inverse_transform):
        with pytest.raises(
            UnmixError, match=r"must be \(n_pixels, n_bands\)\. Got shape .*reshape"
        ):
            call(np.ones(shape))


@pytest.mark.parametrize(
    "values",
    [[["a", "b"]], None, [[1, 2], [3]], np.ones((9, 5), dtype=complex), [[object()] * 5] * 9],
    ids=["text", "none", "ragged", "complex", "objects"],
)
def test_spectra_must_be_numbers(fitted, every_warning_of_torch, values):
    for call in (Unmixer(2).fit, fitted.transform):
        with pytest.raises(UnmixError, match=r"must be .*numbers"):
            call(values)


def test_complex_tensors_are_no_spectra(fitted, every_warning_of_torch):
    with pytest.raises(UnmixError, match=r"must be .*numbers"):
        fitted.transform(torch.ones(2, 50, dtype=torch.complex64))


def test_an_unfitted_model_says_so(tmp_path, scene_of):
    calls = [
        lambda m: m.transform(np.ones((3, 5))),
        lambda m: m.transform(scene_of(torch.ones(3, 5))),
        lambda m: m.read(torch.ones(3, 5)),
        lambda m: m.inverse_transform(np.ones((3, 2))),
        lambda m: m.save(tmp_path),
    ]
    for call in calls:
        with pytest.raises(UnmixError, match=r"^This Unmixer is not fitted yet\. Call `fit` first"):
            call(Unmixer(2))
    assert list(tmp_path.iterdir()) == []


LEARNED = ("endmembers_", "stability_", "brightness_prior_", "error_sources_", "loss_", "seed_")


@pytest.mark.parametrize("name", LEARNED)
def test_an_unfitted_model_lacks_what_is_learned(fitted, name):
    assert hasattr(fitted, name)
    assert not hasattr(Unmixer(3), name)
    for kind in (UnmixError, AttributeError, NotFittedInScikitLearn, NotFittedError):
        with pytest.raises(kind, match=r"^This Unmixer is not fitted yet\."):
            getattr(Unmixer(3), name)


def test_scikit_learn_knows_which_models_are_fitted(fitted):
    check_is_fitted(fitted)
    with pytest.raises(NotFittedInScikitLearn):
        check_is_fitted(Unmixer(3))


@pytest.mark.parametrize("name", ["nonsense", "nonsense_", "_private_"])
def test_what_no_model_has_is_no_matter_of_fitting(fitted, name):
    with pytest.raises(AttributeError, match=f"'Unmixer' object has no attribute '{name}'"):
        getattr(fitted, name)


def test_spectra_on_other_bands_are_refused(fitted, scene_of):
    message = r"`spectra` has shape \(3, 7\) but the model was fitted on 50 bands\. Pass"
    for spectra in (np.ones((3, 7)), torch.ones(3, 7), scene_of(torch.ones(3, 7))):
        with pytest.raises(UnmixError, match=message):
            fitted.transform(spectra)


def test_abundances_of_other_endmembers_are_refused(fitted):
    message = r"`abundances` has 3 columns but the model has 4 endmembers\."
    with pytest.raises(UnmixError, match=message):
        fitted.inverse_transform(np.ones((2, 3)))


@pytest.mark.parametrize("reading", ["sum", "", None, 3])
def test_an_unknown_reading_is_refused_before_anything_is_computed(reading):
    with pytest.raises(UnmixError, match="`reading` must be one of reflectance, nnls, fcls,"):
        Unmixer(2, reading=reading).fit(None)


def test_an_unknown_reading_of_a_fitted_model_is_refused(fitted):
    with pytest.raises(UnmixError, match=r"`reading` must be one of .* Got 'sum'"):
        fitted.read(torch.ones(1, 50), "sum")


@pytest.mark.parametrize("device", ["cuda:99", "bogus"])
def test_a_device_that_is_not_there_is_refused(device):
    with pytest.raises(UnmixError, match=rf"`device` '{device}' is not available on this machine"):
        Unmixer(2, device=device).fit(np.random.default_rng(0).random((20, 5)))


@pytest.mark.parametrize("seed", [-1, 1.5, "a", 2**63, True, np.random.RandomState(0)])
def test_a_seed_must_be_none_or_an_integer_from_0(seed):
    with pytest.raises(UnmixError, match=r"`random_state` must be None or an integer from 0\. Got"):
        Unmixer(2, random_state=seed).fit(np.random.default_rng(0).random((20, 5)))


@pytest.mark.parametrize("value", [1, 0, -5, 100.5, "many", None])
def test_max_pixels_must_be_an_integer_of_at_least_2(value):
    with pytest.raises(UnmixError, match=r"`max_pixels` must be .*at least 2\. Got"):
        Unmixer(2, max_pixels=value).fit(np.random.default_rng(0).random((20, 5)))


def test_settings_must_be_fit_settings():
    with pytest.raises(UnmixError, match=r"`settings` must be .*FitSettings"):
        Unmixer(2, settings={"n_steps": 3}).fit(np.random.default_rng(0).random((20, 5)))


@pytest.mark.parametrize(("factor", "size"), [(1e-24, "small"), (1e-30, "small"), (1e20, "large")])
def test_numbers_whose_squares_are_lost_are_refused(mixture_of, quick, factor, size):
    spectra = mixture_of(0).spectra * factor
    with pytest.raises(UnmixError, match=rf"values of a usual pixel are about \de.*too {size} for"):
        Unmixer(4, settings=quick).fit(spectra)


@pytest.mark.parametrize("factor", [2.0**-26, 2.0**46])
def test_numbers_whose_squares_are_kept_change_nothing(noisy_mixture, quick, factor):
    spectra = noisy_mixture.spectra
    plain, scaled = (Unmixer(4, settings=quick).fit(f * spectra) for f in (1.0, factor))
    torch.testing.assert_close(
        scaled.transform(factor * spectra), plain.transform(spectra), atol=1e-5, rtol=0
    )
    np.testing.assert_allclose(scaled.stability_, plain.stability_, atol=1e-4)


@pytest.mark.parametrize("spike", [1e8, 1e30, 3e38])
def test_a_pixel_that_was_not_measured_is_left_out(noisy_mixture, quick, spike):
    spectra = noisy_mixture.spectra.clone()
    spectra[7, 3] = spike
    others = torch.cat([spectra[:7], spectra[8:]])
    model = Unmixer(4, settings=quick).fit(spectra)
    assert np.array_equal(model.endmembers_, Unmixer(4, settings=quick).fit(others).endmembers_)
    maps = model.map_pixels(spectra)
    assert all(bool(part[7].isnan().all()) for part in maps)
    assert all(bool(part[:7].isfinite().all()) for part in maps)
