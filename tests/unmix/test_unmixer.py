"""The estimator."""

import math

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import unmix.learning
from unmix import FitSettings, Unmixer, UnmixError, read_abundances
from unmix.count import choose_n_endmembers
from unmix.readings import READINGS
from unmix.stability import quick_settings

OTHER_BANDS = "the same law holds with our own message, which names bands and the cure"
OWN_MESSAGE = "refused, with a sentence of our own"
NOT_FOR_US = {
    "check_n_features_in_after_fitting": OTHER_BANDS,
    "check_fit2d_1feature": OTHER_BANDS,
    "check_estimators_empty_data_messages": OTHER_BANDS,
    "check_fit2d_1sample": OWN_MESSAGE,
    "check_fit2d_predict1d": OWN_MESSAGE,
    "check_complex_data": OWN_MESSAGE,
    "check_estimator_sparse_tag": OWN_MESSAGE,
    "check_estimator_sparse_array": OWN_MESSAGE,
    "check_estimator_sparse_matrix": OWN_MESSAGE,
    "check_dtype_object": "spectra are numbers; a column of objects is refused, not converted",
    "check_estimators_nan_inf": "pixels with NaN are left out of the fit and stay NaN in the map",
    "check_positive_only_tag_during_fit": "noise makes spectra negative here and there; only an "
    "endmember that is nowhere above zero is refused",
    "check_transformer_preserve_dtypes": "abundances are float32, whatever the spectra are",
}
"""scikit-learn's checks that do not make sense for scenes, and why."""


@parametrize_with_checks(
    [Unmixer(2, settings=FitSettings(n_points=60, n_starts=4, n_steps=20))],
    expected_failed_checks=lambda estimator: NOT_FOR_US,
)
def test_unmixer_keeps_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


# What may go in


def test_arrays_tensors_and_scenes_give_the_same(noisy_mixture, quick, scene_of):
    spectra = noisy_mixture.spectra
    sources = {
        "tensor": spectra,
        "array": spectra.numpy(),
        "float64": spectra.double().numpy(),
        "lists": spectra.tolist(),
        "column-major": np.asfortranarray(spectra.numpy()),
        "scene": scene_of(spectra),
    }
    models = {name: Unmixer(4, settings=quick).fit(s) for name, s in sources.items()}
    expected = models["tensor"].transform(spectra)
    for name, model in models.items():
        assert np.array_equal(model.endmembers_, models["tensor"].endmembers_), name
        found = model.transform(sources[name])
        assert isinstance(found, torch.Tensor) == (name in ("tensor", "scene")), name
        assert torch.equal(torch.as_tensor(found), expected), name


@pytest.mark.parametrize("block", [1, 7, 149, 10_000])
def test_a_scene_read_in_any_blocks_gives_the_same(noisy_mixture, fitted, block, scene_of):
    scene = scene_of(noisy_mixture.spectra[:150], block)
    assert torch.equal(fitted.transform(scene), fitted.transform(noisy_mixture.spectra[:150]))


def test_a_scene_gives_its_wavelengths_name_and_sample(noisy_mixture, quick, scene_of):
    scene = scene_of(noisy_mixture.spectra)
    model = Unmixer(4, settings=quick, max_pixels=500, random_state=9).fit(scene)
    assert scene.asked == [(500, 9)]
    assert np.array_equal(model.wavelengths_nm_, scene.wavelengths_nm)
    assert np.array_equal(model.fwhm_nm_, scene.fwhm_nm)
    assert model.source_ == {"scene": "fläche 7"}
    assert model.unit_ == "radiance"
    model.fit(noisy_mixture.spectra)
    assert model.wavelengths_nm_ is model.fwhm_nm_ is None
    assert model.source_ == {}
    assert model.unit_ == "reflectance"


@pytest.mark.parametrize("max_pixels", [100, 399, 400, 5000])
def test_at_most_max_pixels_are_learned_from(noisy_mixture, quick, monkeypatch, max_pixels):
    seen = []

    def look(pixels, *args, **more):
        seen.append(pixels)
        return fit(pixels, *args, **more)

    fit = unmix.learning.fit_endmembers
    monkeypatch.setattr(unmix.learning, "fit_endmembers", look)
    Unmixer(4, settings=quick, max_pixels=max_pixels).fit(noisy_mixture.spectra)
    rows = {tuple(row): k for k, row in enumerate(noisy_mixture.spectra.tolist())}
    places = [rows[tuple(row)] for row in seen[0].tolist()]
    assert len(set(places)) == min(max_pixels, 400)
    assert places == sorted(places)
    if max_pixels == 100:
        assert max(places) > 350, "they come from all over the scene"


@pytest.mark.parametrize(
    "prepare",
    [
        lambda x: x[::-1],
        lambda x: x.astype(">f4"),
        lambda x: np.broadcast_to(x, x.shape),
        lambda x: np.asfortranarray(x)[::3],
    ],
    ids=["backwards", "big-endian", "read-only", "strided"],
)
def test_an_array_may_lie_in_memory_as_it_likes(
    noisy_mixture, quick, every_warning_of_torch, prepare
):
    array = prepare(noisy_mixture.spectra.numpy())
    plain = np.ascontiguousarray(array, dtype=np.float32).copy()
    model = Unmixer(4, settings=quick).fit(array)
    expected = Unmixer(4, settings=quick).fit(plain)
    assert np.array_equal(model.endmembers_, expected.endmembers_)
    assert np.array_equal(model.transform(array), expected.transform(plain))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int64", "float16", "float64"])
def test_numbers_of_any_type_are_read_as_float32(fitted, dtype):
    values = np.arange(1, 151).reshape(3, 50).astype(dtype)
    expected = fitted.transform(values.astype(np.float32))
    assert expected.dtype == np.float32
    assert np.array_equal(fitted.transform(values), expected)
    found = fitted.transform(torch.from_numpy(values))
    assert found.dtype == torch.float32
    assert np.array_equal(found, expected)


def test_a_tensor_that_wants_gradients_is_read_like_any_other(
    noisy_mixture, quick, every_warning_of_torch
):
    spectra = noisy_mixture.spectra.clone().requires_grad_()
    model = Unmixer(4, settings=quick).fit(spectra)
    expected = Unmixer(4, settings=quick).fit(noisy_mixture.spectra)
    assert np.array_equal(model.endmembers_, expected.endmembers_)
    assert torch.equal(model.transform(spectra), expected.transform(noisy_mixture.spectra))


def test_invalid_and_black_pixels_do_not_matter(noisy_mixture, quick):
    good = noisy_mixture.spectra
    bad = good[:6].clone()
    bad[0, 3], bad[1], bad[2, 0], bad[3], bad[4] = math.nan, math.nan, math.inf, 0, 1e-9
    model = Unmixer(4, settings=quick).fit(torch.cat([bad[:5], good]))
    assert np.array_equal(model.endmembers_, Unmixer(4, settings=quick).fit(good).endmembers_)


def test_invalid_and_black_pixels_are_nan_in_the_map(noisy_mixture, fitted):
    spectra = noisy_mixture.spectra[:6].clone()
    spectra[1, 4], spectra[3], spectra[4, 0] = math.nan, 0, -math.inf
    fractions, brightness = fitted.read(spectra)
    assert fractions.isnan().any(dim=1).tolist() == [False, True, False, True, True, False]
    assert fractions[[1, 3, 4]].isnan().all()
    assert brightness.isnan().tolist() == [False, True, False, False, True, False]
    assert brightness[3] == 0
    expected = fitted.transform(noisy_mixture.spectra[[0, 2, 5]])
    assert torch.equal(fractions[[0, 2, 5]], expected)


def test_no_pixels_give_an_empty_map(fitted, scene_of):
    assert fitted.transform(np.zeros((0, 50))).shape == (0, 4)
    assert fitted.transform(torch.full((2, 50), math.nan)).isnan().all()
    assert fitted.transform(scene_of(torch.zeros(0, 50))).shape == (0, 4)


def test_a_scene_without_blocks_gives_an_empty_map(fitted, scene_of):
    scene = scene_of(torch.zeros(0, 50))
    scene.blocks = lambda: iter(())
    assert fitted.transform(scene).shape == (0, 4)


# What comes out


@pytest.mark.parametrize("reading", READINGS)
def test_transform_reads_by_the_model_s_reading(noisy_mixture, quick, reading):
    spectra = noisy_mixture.spectra
    model = Unmixer(4, settings=quick, reading=reading).fit(spectra)
    endmembers = torch.as_tensor(model.endmembers_)
    expected = read_abundances(spectra, endmembers, reading)
    assert torch.equal(model.transform(spectra), expected.fractions.float())
    assert torch.equal(model.read(spectra).brightness, expected.brightness.float())
    for other in READINGS:
        expected = read_abundances(spectra, endmembers, other)
        assert torch.equal(model.read(spectra, other).fractions, expected.fractions.float())


def test_pixels_are_read_with_what_the_fit_learned_whatever_comes_with_them(mixture_of, quick):
    spectra = mixture_of(0, snr_db=25, shade=0.1).spectra
    model = Unmixer(4, settings=quick).fit(spectra)
    torch.testing.assert_close(model.transform(spectra[:20]), model.transform(spectra)[:20])
    model.brightness_spread_ = 0.0
    read = model.read(spectra)
    torch.testing.assert_close(read.fractions, model.read(spectra, "fcls").fractions)
    torch.testing.assert_close(read.brightness, torch.ones(400))


def test_fractions_lie_on_the_simplex(noisy_mixture, fitted):
    fractions = fitted.transform(noisy_mixture.spectra)
    assert (fractions >= 0).all()
    torch.testing.assert_close(fractions.sum(dim=1), torch.ones(400))


def test_inverse_transform_of_fractions_and_brightness_is_the_spectrum(known_mixture, half):
    model = Unmixer(4, settings=half).fit(known_mixture.spectra)
    light = torch.linspace(0.5, 2, 400)[:, None]
    read = model.read(light * known_mixture.spectra)
    back = model.inverse_transform(read.fractions * read.brightness[:, None])
    torch.testing.assert_close(back, light * known_mixture.spectra, atol=1e-3, rtol=0)
    array = model.inverse_transform(read.fractions.numpy())
    assert isinstance(array, np.ndarray)
    assert array.dtype == np.float32


def test_fit_transform_is_fit_then_transform(noisy_mixture, quick):
    array = noisy_mixture.spectra.numpy()
    model = Unmixer(4, settings=quick)
    assert np.array_equal(
        model.fit_transform(array), Unmixer(4, settings=quick).fit(array).transform(array)
    )


# Manners


def test_parameters_can_be_read_set_and_cloned(noisy_mixture, quick):
    parameters = {"n_refits": 1, "max_pixels": 500, "random_state": 3, "device": "cpu"}
    model = Unmixer(4, reading="fcls", settings=quick, **parameters)
    assert model.get_params() == {
        "n_endmembers": 4,
        "reading": "fcls",
        "settings": quick,
        **parameters,
        "known": None,
        "known_names": None,
        "progress": None,
    }
    copy = clone(model.fit(noisy_mixture.spectra))
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "endmembers_")
    assert copy.set_params(n_endmembers=2).n_endmembers == 2


def test_the_number_of_endmembers_can_be_left_open(mixture_of, quick):
    """Of the pixels that are learned from: black and invalid ones do not count."""
    spectra = mixture_of(3, n_endmembers=3, snr_db=30).spectra.clone()
    spectra[::7], spectra[1::50] = 0, math.nan
    model = Unmixer("auto", settings=quick, n_refits=1).fit(spectra)
    assert model.get_params()["n_endmembers"] == clone(model).n_endmembers == "auto"
    valid = spectra[spectra.sum(dim=1) > 0]
    chosen = choose_n_endmembers(valid, settings=quick_settings(quick))
    assert (model.n_endmembers_, model.n_endmembers_reason_) == chosen
    assert model.n_endmembers_ == 3
    assert model.endmember_names_ == ["endmember 1", "endmember 2", "endmember 3"]
    assert model.transform(spectra).shape == (len(spectra), 3)
    given = Unmixer(3, settings=quick, n_refits=1).fit(spectra)
    assert np.array_equal(given.endmembers_, model.endmembers_)
    assert (given.n_endmembers_, given.n_endmembers_reason_) == (3, None)


def test_repr_shows_what_differs_from_the_defaults():
    assert repr(Unmixer()) == "Unmixer()"
    assert repr(Unmixer(3, reading="peak")) == "Unmixer(n_endmembers=3, reading='peak')"


def test_fit_returns_the_model_and_leaves_parameters_and_spectra_alone(noisy_mixture, quick):
    spectra, model = noisy_mixture.spectra.clone(), Unmixer(4, settings=quick)
    before = model.get_params()
    assert model.fit(spectra) is model
    assert model.get_params() == before
    assert torch.equal(spectra, noisy_mixture.spectra)


def test_a_fit_that_fails_leaves_the_fitted_model_whole(noisy_mixture, quick, scene_of):
    model = Unmixer(4, settings=quick).fit(scene_of(noisy_mixture.spectra))
    expected = model.transform(noisy_mixture.spectra)
    with pytest.raises(UnmixError):
        model.fit(np.ones((30, 7)))
    assert model.n_features_in_ == 50
    assert model.wavelengths_nm_ is not None
    assert torch.equal(model.transform(noisy_mixture.spectra), expected)


def test_a_model_of_the_true_endmembers_reads_the_true_fractions(known_mixture, known_model):
    model = known_model(known_mixture.endmembers)
    torch.testing.assert_close(
        model.transform(known_mixture.spectra), known_mixture.abundances, atol=1e-4, rtol=0
    )
