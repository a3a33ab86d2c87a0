"""The estimator."""

import math

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import unmix.unmixer
from unmix import FitSettings, Unmixer, UnmixError, read_abundances
from unmix.metrics import match_endmembers, rmse, spectral_angle
from unmix.readings import READINGS

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
    "check_transformer_preserve_dtypes": "abundances are float32, whatever the spectra are",
}
"""scikit-learn's checks that do not make sense for scenes, and why."""


@parametrize_with_checks(
    [Unmixer(2, settings=FitSettings(n_points=60, n_starts=4, n_steps=20))],
    expected_failed_checks=lambda estimator: NOT_FOR_US,
)
def test_unmixer_keeps_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture
def every_warning_of_torch():
    """Torch gives most of its warnings only once in a program."""
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)


def scores(model, mixture):
    endmembers = torch.as_tensor(model.endmembers_)
    order = match_endmembers(endmembers, mixture.endmembers)
    fractions = model.transform(mixture.spectra)[:, order]
    return (
        spectral_angle(endmembers[order], mixture.endmembers).mean().item(),
        rmse(fractions, mixture.abundances).item(),
    )


# Learning


@pytest.mark.parametrize(("seed", "n"), [(0, 4), (1, 4), (2, 4), (3, 3)])
def test_pure_pixels_without_noise_are_learned_exactly(mixture_of, seed, n):
    """Measured: 0.00002 rad and 0.00001 on every seed."""
    mixture = mixture_of(seed, n_endmembers=n)
    sad, error = scores(Unmixer(n, random_state=seed).fit(mixture.spectra), mixture)
    assert sad < 0.001
    assert error < 0.001


@pytest.mark.parametrize("seed", range(3))
def test_a_mixture_at_30_db_is_learned_to_a_hundredth(mixture_of, half, seed):
    """Measured: up to 0.011 rad and 0.018; a single pure pixel is off by 0.03 rad."""
    mixture = mixture_of(seed, snr_db=30)
    model = Unmixer(4, settings=half, random_state=seed)
    sad, error = scores(model.fit(mixture.spectra), mixture)
    assert sad < 0.015
    assert error < 0.025


def test_fractions_are_learned_under_changing_illumination(mixture_of, half):
    """The shapes stay exact; fractions lose what the members' mean brightness is off."""
    mixture = mixture_of(2, shade=0.5)
    sad, error = scores(Unmixer(4, settings=half).fit(mixture.spectra), mixture)
    assert sad < 0.001
    assert error < 0.03


def test_the_same_seed_gives_the_same_result_bit_for_bit(noisy_mixture, quick):
    first, second = (
        Unmixer(4, settings=quick, random_state=5).fit(noisy_mixture.spectra) for _ in range(2)
    )
    assert np.array_equal(first.endmembers_, second.endmembers_)
    assert np.array_equal(first.start_losses_, second.start_losses_)
    assert torch.equal(
        first.transform(noisy_mixture.spectra), second.transform(noisy_mixture.spectra)
    )


def test_another_seed_gives_another_result(noisy_mixture, quick):
    first, second = (
        Unmixer(4, settings=quick, random_state=s).fit(noisy_mixture.spectra) for s in (0, 1)
    )
    assert not np.array_equal(first.endmembers_, second.endmembers_)


def test_without_a_seed_one_is_drawn_and_can_be_used_again(noisy_mixture, quick):
    first, second = (
        Unmixer(4, settings=quick, random_state=None).fit(noisy_mixture.spectra) for _ in range(2)
    )
    assert first.seed_ != second.seed_
    again = Unmixer(4, settings=quick, random_state=first.seed_).fit(noisy_mixture.spectra)
    assert np.array_equal(first.endmembers_, again.endmembers_)


@pytest.mark.parametrize(("scale", "reading"), [(2.0**-10, "fcls"), (2.0**12, "reflectance")])
def test_the_unit_of_the_spectra_does_not_matter(noisy_mixture, quick, scale, reading):
    """Powers of two leave every digit as it is, so that the results must agree exactly."""
    spectra = noisy_mixture.spectra
    plain = Unmixer(4, settings=quick, reading=reading).fit(spectra)
    scaled = Unmixer(4, settings=quick, reading=reading).fit(scale * spectra)
    assert np.array_equal(scaled.endmembers_, np.float32(scale) * plain.endmembers_)
    torch.testing.assert_close(
        scaled.transform(scale * spectra), plain.transform(spectra), atol=1e-6, rtol=0
    )
    assert scaled.loss_ == plain.loss_


def test_raw_numbers_and_reflectance_give_the_same_fractions(noisy_mixture, half):
    spectra = noisy_mixture.spectra
    plain, scaled = (Unmixer(4, settings=half).fit(s * spectra) for s in (1, 10_000))
    np.testing.assert_allclose(scaled.endmembers_ / 10_000, plain.endmembers_, atol=1e-4)
    torch.testing.assert_close(
        scaled.transform(10_000 * spectra), plain.transform(spectra), atol=1e-3, rtol=0
    )


def test_the_order_of_the_pixels_does_not_matter(noisy_mixture, half):
    """As long as every pixel takes part; see `max_pixels` and `n_points`."""
    order = torch.randperm(400, generator=torch.Generator().manual_seed(0))
    plain = Unmixer(4, settings=half).fit(noisy_mixture.spectra)
    shuffled = Unmixer(4, settings=half).fit(noisy_mixture.spectra[order])
    np.testing.assert_allclose(shuffled.endmembers_, plain.endmembers_, atol=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_endmembers_come_most_abundant_first(mixture_of, quick, seed):
    mixture = mixture_of(seed, snr_db=40)
    model = Unmixer(4, settings=quick, random_state=seed).fit(mixture.spectra)
    mean = model.transform(mixture.spectra).mean(dim=0)
    assert (mean.diff() <= 0).all()
    assert model.endmember_names_ == [f"endmember {k}" for k in (1, 2, 3, 4)]


def test_counts_of_members_follow_their_endmembers(mixture_of, quick, monkeypatch):
    mixture = mixture_of(0, snr_db=20)
    learned = []

    def look(*args):
        learned.append(fit(*args))
        return learned[0]

    fit = unmix.unmixer.fit_endmembers
    monkeypatch.setattr(unmix.unmixer, "fit_endmembers", look)
    model = Unmixer(4, settings=quick).fit(mixture.spectra)
    expected = {
        tuple(e): int(n)
        for e, n in zip(learned[0].spectra.tolist(), learned[0].n_members, strict=True)
    }
    found = dict(
        zip(map(tuple, model.endmembers_.tolist()), model.n_members_.tolist(), strict=True)
    )
    assert found == expected
    assert model.n_members_.tolist() != learned[0].n_members.tolist(), "no order to keep"


@pytest.mark.parametrize("n_starts", [1, 3, 8])
def test_every_start_has_its_loss(noisy_mixture, n_starts):
    settings = FitSettings(n_points=100, n_starts=n_starts, n_steps=40)
    model = Unmixer(4, settings=settings).fit(noisy_mixture.spectra)
    assert model.start_losses_.shape == (n_starts,)
    assert (np.diff(model.start_losses_) >= 0).all()


def test_the_learned_autoencoder_encodes_and_decodes_unit_spectra(known_mixture, half):
    model = Unmixer(4, settings=half).fit(known_mixture.spectra)
    unit = torch.nn.functional.normalize(known_mixture.spectra, dim=1)
    coded = model.autoencoder_(unit)
    assert (coded.codes >= 0).all()
    assert (coded.reconstruction - unit).norm(dim=1).max() < 0.01
    torch.testing.assert_close(model.autoencoder_.endmembers.norm(dim=1), torch.ones(4))


def test_progress_ends_with_one(noisy_mixture, quick):
    shares = []
    Unmixer(4, settings=quick, progress=shares.append).fit(noisy_mixture.spectra)
    assert shares == sorted(shares)
    assert shares[-1] == 1


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

    def look(pixels, *args):
        seen.append(pixels)
        return fit(pixels, *args)

    fit = unmix.unmixer.fit_endmembers
    monkeypatch.setattr(unmix.unmixer, "fit_endmembers", look)
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
    model = Unmixer(4, reading="fcls", settings=quick, max_pixels=500, random_state=3, device="cpu")
    assert model.get_params() == {
        "n_endmembers": 4,
        "reading": "fcls",
        "settings": quick,
        "max_pixels": 500,
        "random_state": 3,
        "device": "cpu",
        "progress": None,
    }
    copy = clone(model.fit(noisy_mixture.spectra))
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "endmembers_")
    assert copy.set_params(n_endmembers=2).n_endmembers == 2


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


def test_set_endmembers_makes_a_model_of_known_spectra(known_mixture):
    model = Unmixer(4)
    model.set_endmembers_(known_mixture.endmembers)
    torch.testing.assert_close(
        model.transform(known_mixture.spectra), known_mixture.abundances, atol=1e-4, rtol=0
    )


# What is refused


@pytest.mark.parametrize("value", [1, 0, -2, 2.5, 3.0, True, "3", None, math.nan])
def test_n_endmembers_must_be_an_integer_of_at_least_2(value):
    with pytest.raises(UnmixError, match=r"`n_endmembers` must be an integer of at least 2\. Got"):
        Unmixer(value).fit(np.random.default_rng(0).random((20, 5)))


def test_n_endmembers_may_not_exceed_the_bands():
    message = r"`n_endmembers` is 6 but there are only 5 bands\. It must be from 2 to 5\."
    with pytest.raises(UnmixError, match=message):
        Unmixer(6).fit(np.random.default_rng(0).random((20, 5)))


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
    with pytest.raises(UnmixError, match=r"`reading` must be one of reflectance, fcls, peak, l2"):
        Unmixer(2, reading=reading).fit(None)


def test_an_unknown_reading_of_a_fitted_model_is_refused(fitted):
    with pytest.raises(UnmixError, match=r"`reading` must be one of .* Got 'sum'"):
        fitted.read(torch.ones(1, 50), "sum")


@pytest.mark.parametrize("device", ["cuda:99", "bogus"])
def test_a_device_that_is_not_there_is_refused(device):
    with pytest.raises(UnmixError, match=rf"`device` '{device}' is not available on this machine"):
        Unmixer(2, device=device).fit(np.random.default_rng(0).random((20, 5)))


@pytest.mark.parametrize("seed", [-1, 1.5, "a", 2**63, True, np.random.RandomState(0)], ids=repr)
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


# On a GPU


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cpu_and_gpu_agree(noisy_mixture):
    spectra = noisy_mixture.spectra
    cpu, gpu = (Unmixer(4, device=device).fit(spectra) for device in ("cpu", "cuda"))
    assert isinstance(gpu.endmembers_, np.ndarray)
    np.testing.assert_allclose(gpu.endmembers_, cpu.endmembers_, atol=2e-3)
    torch.testing.assert_close(gpu.transform(spectra), cpu.transform(spectra), atol=1e-2, rtol=0)
    gpu.set_endmembers_(torch.as_tensor(cpu.endmembers_))
    torch.testing.assert_close(gpu.transform(spectra), cpu.transform(spectra), atol=1e-6, rtol=0)
    assert gpu.transform(spectra.cuda()).is_cuda
    assert not gpu.transform(spectra).is_cuda
