"""The estimator: what every member keeps, by seed, by shape and by file."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from unmix import NotFittedError, UnmixError
from unmix.networks import MEMBERS, NetworkSettings, NetworkUnmixer, Penalties, Training


@pytest.mark.parametrize("member", MEMBERS)
def test_codes_and_reconstruction_have_the_shape_of_the_pixels(patchy, fitted_network, member):
    model = fitted_network(member)
    codes, spectra = model.transform(patchy[0]), model.reconstruct(patchy[0])
    assert codes.shape == (3, 36, 44)
    assert codes.dtype == spectra.dtype == np.float32
    assert spectra.shape == patchy[0].shape
    assert (codes >= 0).all()
    assert model.endmembers_.shape == (3, 100)
    if model.network_.settings.code == "softmax":
        assert np.allclose(codes.sum(axis=0), 1, atol=1e-5)


@pytest.mark.parametrize("member", [name for name in MEMBERS if name != "convolutional"])
def test_rows_and_cubes_are_read_alike(patchy, rows_of_patchy, fitted_network, member):
    model = fitted_network(member)
    cube = torch.as_tensor(model.transform(patchy[0])).reshape(3, -1).T
    assert torch.allclose(model.transform(rows_of_patchy), cube, atol=1e-6)


@pytest.mark.parametrize("member", MEMBERS)
def test_the_same_seed_gives_the_same_bits(patchy, default, quick_settings, member):
    def fit(seed):
        settings = quick_settings(member, 10)
        model = NetworkUnmixer(3, settings=settings, unmixer=default, random_state=seed)
        return model.fit(patchy[0]).network_.state_dict()

    first, again, other = fit(1), fit(1), fit(2)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_inverse_transform_mixes_the_endmembers(fitted_network):
    model = fitted_network("variational")
    found = model.inverse_transform(np.eye(3, dtype=np.float32))
    basis = model.network_.basis.numpy()
    assert np.allclose(found, model.endmembers_ @ basis @ basis.T, atol=1e-5)


def test_invalid_pixels_are_nan_and_harm_no_other(patchy, fitted_network):
    cube = patchy[0].copy()
    cube[5, 10, 10] = np.nan
    for member, reach in (("variational", 0), ("convolutional", 3)):
        model = fitted_network(member)
        codes, whole = model.transform(cube), model.transform(patchy[0])
        assert np.isnan(codes[:, 10, 10]).all()
        assert np.isfinite(codes).all(axis=0).sum() == 36 * 44 - 1
        far = np.ones((36, 44), bool)
        far[10 - reach : 11 + reach, 10 - reach : 11 + reach] = False
        assert np.allclose(codes[:, far], whole[:, far], atol=1e-6)


def test_blocks_of_any_size_give_the_same_codes(patchy, fitted_network):
    model = fitted_network("convolutional")
    cube, halo = patchy[0], model.halo_
    whole = model.transform(cube)
    padded = np.pad(cube, ((0, 0), (halo, halo), (halo, halo)), constant_values=np.nan)
    for size in (5, 16, 36):
        for row in range(0, 36, size):
            height = min(size, 36 - row)
            for column in range(0, 44, size):
                width = min(size, 44 - column)
                block = padded[:, row : row + height + 2 * halo, column : column + width + 2 * halo]
                codes = model.read(block, halo=halo).codes.T.reshape(3, height, width).numpy()
                expected = whole[:, row : row + height, column : column + width]
                assert np.allclose(codes, expected, atol=1e-6)


def test_learning_from_a_coreset_explains_the_pixels_too(rows_of_patchy, default, quick_settings):
    settings = quick_settings("variational", 100)
    settings = replace(settings, training=replace(settings.training, learn_from="coreset"))
    model = NetworkUnmixer(3, settings=settings, unmixer=default).fit(rows_of_patchy)
    assert model.loss_ < 2


@pytest.mark.parametrize("encoder", ["linear", "mlp"])
@pytest.mark.parametrize("decoder", ["archetypal", "nonnegative", "fixed", "signed"])
@pytest.mark.parametrize("code", ["softmax", "relu"])
def test_every_encoder_learns_with_every_decoder(
    rows_of_patchy, default, few_steps, encoder, decoder, code
):
    settings = NetworkSettings(encoder=encoder, decoder=decoder, code=code, training=few_steps)
    model = NetworkUnmixer(3, settings=settings, unmixer=default).fit(rows_of_patchy)
    longer = replace(settings, training=replace(few_steps, n_steps=240))
    better = NetworkUnmixer(3, settings=longer, unmixer=default).fit(rows_of_patchy)
    assert better.loss_ < 1.05 * model.loss_
    if decoder != "signed":
        assert (model.endmembers_ >= 0).all()


@pytest.mark.parametrize("member", MEMBERS)
def test_a_scene_without_noise_does_no_harm(patchy, quick_settings, member):
    model = NetworkUnmixer(3, settings=quick_settings(member, 20)).fit(patchy[2])
    assert np.isfinite(model.transform(patchy[2])).all()
    assert np.isfinite(model.loss_)


def test_filters_along_the_bands_take_part(patchy, default, quick_settings):
    for member in ("convolutional", "variational"):
        settings = quick_settings(member, 20, spectral_filters=2)
        model = NetworkUnmixer(3, settings=settings, unmixer=default).fit(patchy[0])
        weights = model.network_.filters.weights
        assert weights.shape == (2, 1, 9)
        assert np.isfinite(model.transform(patchy[0])).all()


def test_a_network_that_is_not_fitted_says_so():
    with pytest.raises(NotFittedError, match="Call `fit` first"):
        NetworkUnmixer().transform(np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"n_endmembers": 1}, "`n_endmembers` must be an integer of at least 2"),
        ({"n_endmembers": "auto"}, "must be a number for a network"),
        ({"member": "loud"}, "`member` must be one of"),
        ({"n_endmembers": 2}, "`n_active` is 3, but there are only 2 codes"),
        ({"member": "convolutional"}, "looks at the neighbourhood"),
    ],
)
def test_what_cannot_be_fitted_is_refused(rows_of_patchy, parameters, said):
    with pytest.raises(UnmixError, match=said):
        NetworkUnmixer(**parameters).fit(rows_of_patchy)


def test_what_does_not_fit_the_network_is_refused(patchy, rows_of_patchy, fitted_network):
    model, around = fitted_network("variational"), fitted_network("convolutional")
    with pytest.raises(UnmixError, match="fitted on 100 bands"):
        model.transform(rows_of_patchy[:, 1:])
    with pytest.raises(UnmixError, match="The cube has 99 bands"):
        model.transform(patchy[0][1:])
    with pytest.raises(UnmixError, match="fitted with 0"):
        model.transform(rows_of_patchy, side=np.ones((36 * 44, 2)))
    with pytest.raises(UnmixError, match="looks at the neighbourhood"):
        around.transform(rows_of_patchy)
    with pytest.raises(UnmixError, match="`halo` must be 0 or 3"):
        around.read(patchy[0], halo=2)
    with pytest.raises(UnmixError, match="the network has 3 codes"):
        model.inverse_transform(np.zeros((2, 4)))


def test_settings_of_scikit_learn_survive_a_clone():
    from sklearn.base import clone

    settings = NetworkSettings(penalties=Penalties(l1=0.1), training=Training(n_steps=3))
    copied = clone(NetworkUnmixer(4, settings=settings, random_state=7))
    assert copied.get_params()["settings"] == settings
    assert copied.random_state == 7
