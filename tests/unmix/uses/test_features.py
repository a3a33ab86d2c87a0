import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from unmix import Unmixer
from unmix.errors import UnmixError
from unmix.uses.features import SpectralFeatures, UnitSpectra


def test_features_are_fractions_brightness_and_residual(fitted, noisy_mixture):
    spectra = noisy_mixture.spectra
    features = SpectralFeatures(fitted, n_residual=2).fit(spectra)
    found = features.transform(spectra)
    read = fitted.read(spectra)
    torch.testing.assert_close(found[:, :4], read.fractions)
    torch.testing.assert_close(found[:, 4], read.brightness.log())
    assert features.get_feature_names_out().tolist() == [
        *fitted.endmember_names_,
        "log brightness",
        "residual 1",
        "residual 2",
    ]
    spread = found[:, 5:].std(dim=0)
    torch.testing.assert_close(spread, torch.ones(2), atol=0.01, rtol=0)


def test_residual_directions_are_those_of_the_principal_components(fitted, noisy_mixture):
    spectra = noisy_mixture.spectra
    features = SpectralFeatures(fitted, n_residual=3).fit(spectra)
    codes = fitted.read(spectra, "nnls")
    left = spectra - codes.fractions * codes.brightness[:, None] @ torch.as_tensor(
        fitted.endmembers_
    )
    slow = torch.linalg.svd(left.double(), full_matrices=False).Vh[:3]
    cosine = torch.nn.functional.cosine_similarity(features.residual_directions_.T.double(), slow)
    torch.testing.assert_close(cosine.abs(), torch.ones(3).double(), atol=1e-3, rtol=0)


def test_arrays_tensors_and_scenes_have_the_same_features(fitted, known_mixture, scene_of):
    spectra = known_mixture.spectra
    features = SpectralFeatures(fitted).fit(spectra)
    tensor = features.transform(spectra)
    assert isinstance(features.transform(spectra.numpy()), np.ndarray)
    assert np.array_equal(features.transform(spectra.numpy()), tensor.numpy())
    assert torch.equal(features.transform(scene_of(spectra)), tensor)


def test_invalid_and_black_pixels_have_no_features(fitted, known_mixture):
    spectra = known_mixture.spectra[:4].clone()
    spectra[1, 0], spectra[2] = torch.nan, 0
    found = SpectralFeatures(fitted).fit(known_mixture.spectra).transform(spectra)
    assert found.isnan().all(dim=1).tolist() == [False, True, True, False]


def test_a_fitted_model_is_used_and_another_is_fitted(fitted, known_mixture, quick):
    assert SpectralFeatures(fitted).fit(known_mixture.spectra).model_ is fitted
    blank = Unmixer(3, n_refits=0, settings=quick)
    features = SpectralFeatures(blank).fit(known_mixture.spectra)
    assert features.model_ is not blank and not hasattr(blank, "endmembers_")
    assert features.transform(known_mixture.spectra).shape == (400, 4)


def test_any_model_with_transform_gives_its_codes(known_mixture):
    from sklearn.decomposition import NMF

    spectra = known_mixture.spectra.numpy()
    model = NMF(3, max_iter=2000, tol=1e-2).fit(spectra)
    features = SpectralFeatures(model).fit(spectra)
    assert np.allclose(features.transform(spectra), model.transform(spectra))
    assert features.get_feature_names_out().tolist() == ["code 1", "code 2", "code 3"]
    with pytest.raises(UnmixError, match="needs an Unmixer"):
        SpectralFeatures(model, n_residual=1).fit(spectra)


def test_a_grid_search_reaches_into_a_pipeline(known_mixture, quick):
    spectra = known_mixture.spectra.numpy()
    classes = known_mixture.abundances.argmax(dim=1).numpy()
    features = SpectralFeatures(Unmixer(n_refits=0, settings=quick))
    pipeline = make_pipeline(features, LogisticRegression())
    grid = {"spectralfeatures__model__n_endmembers": [2, 4]}
    found = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(spectra, classes)
    assert found.best_params_ == {"spectralfeatures__model__n_endmembers": 4}
    assert found.best_score_ > 0.85
    assert found.predict(spectra).shape == (400,)


@pytest.mark.parametrize(
    ("n_pixels", "n_residual", "message"),
    [
        (400, 51, "at most 50 can be learned from the spectra given: 400 are valid and lit"),
        (1, 1, "at most 0 can be learned from the spectra given: 1 are valid"),
        (0, 1, "at most 0 can be learned from the spectra given: 0 are valid"),
    ],
)
def test_more_residuals_than_spectra_show_are_refused(
    fitted, known_mixture, n_pixels, n_residual, message
):
    with pytest.raises(UnmixError, match=message):
        SpectralFeatures(fitted, n_residual=n_residual).fit(known_mixture.spectra[:n_pixels])


def test_two_pixels_show_one_residual(fitted, known_mixture):
    pixels = known_mixture.spectra[:2]
    features = SpectralFeatures(fitted, n_residual=1).fit(pixels).transform(pixels)
    assert features.isfinite().all()


def test_unit_spectra_forget_the_light_and_keep_it_beside(known_mixture, scene_of):
    spectra = known_mixture.spectra
    unit = UnitSpectra().fit(spectra)
    found = unit.transform(spectra)
    dimmed = unit.transform(0.5 * spectra)
    torch.testing.assert_close(found[:, :-1].norm(dim=1), torch.ones(400))
    torch.testing.assert_close(dimmed[:, :-1], found[:, :-1])
    torch.testing.assert_close(found[:, -1] - dimmed[:, -1], torch.full((400,), float(np.log(2))))
    assert torch.equal(UnitSpectra().fit(scene_of(spectra)).transform(spectra), found)
    alone = UnitSpectra(brightness=False).fit(spectra)
    assert np.array_equal(alone.transform(spectra.numpy()), found[:, :-1].numpy())
    assert len(alone.get_feature_names_out()) == sum(block.size for block in alone.blocks())


def test_black_and_invalid_pixels_have_no_unit_spectrum(known_mixture):
    spectra = known_mixture.spectra[:3].clone()
    spectra[0, 2], spectra[1] = torch.nan, 0
    found = UnitSpectra().fit(known_mixture.spectra).transform(spectra)
    assert found.isnan().all(dim=1).tolist() == [True, True, False]
    with pytest.raises(UnmixError, match="No pixel is valid and lit"):
        UnitSpectra().fit(spectra[:2])
