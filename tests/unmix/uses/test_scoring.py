import numpy as np
import pytest
import scipy.optimize
import torch
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from unmix import Unmixer
from unmix.errors import UnmixError
from unmix.uses.scoring import held_out_score, stability_score, unmixing_score


def test_held_out_score_is_that_of_pixels_one_by_one(fitted, noisy_mixture):
    spectra = noisy_mixture.spectra[:30].double().numpy()
    endmembers = fitted.endmembers_.astype(float)
    error = 0.0
    for pixel in spectra:
        for fold in range(4):
            held = np.arange(50) % 4 == fold
            codes, _ = scipy.optimize.nnls(endmembers[:, ~held].T, pixel[~held])
            error += np.sum((pixel[held] - codes @ endmembers[:, held]) ** 2)
    slow = 10 * np.log10(np.sum(spectra**2) / error)
    assert held_out_score(fitted, noisy_mixture.spectra[:30]) == pytest.approx(slow, abs=1e-3)


def test_true_endmembers_predict_up_to_the_noise_and_more_do_not_help(known_model, mixture_of):
    mixture = mixture_of(3, snr_db=30)
    other = torch.rand(3, 50, generator=torch.Generator().manual_seed(0))
    scores = [
        held_out_score(known_model(endmembers), mixture.spectra)
        for endmembers in (
            mixture.endmembers[:3],
            mixture.endmembers,
            torch.cat([mixture.endmembers, other]),
        )
    ]
    assert scores[1] == pytest.approx(30, abs=1)
    assert scores[0] < scores[1] - 3
    assert scores[2] < scores[1] - 0.05


def test_invalid_pixels_do_not_count(fitted, noisy_mixture):
    spectra = noisy_mixture.spectra
    extra = torch.zeros(3, 50)
    extra[0, 2] = torch.nan
    expected = held_out_score(fitted, spectra)
    assert held_out_score(fitted, torch.cat([spectra, extra])) == pytest.approx(expected)
    with pytest.raises(UnmixError, match="No pixel to score on"):
        held_out_score(fitted, extra)


def test_scores_refuse_what_does_not_fit(fitted, known_model):
    with pytest.raises(UnmixError, match="50 bands"):
        held_out_score(fitted, torch.ones(3, 9))
    with pytest.raises(UnmixError, match="cannot be held out of 6; 8 are needed"):
        held_out_score(known_model(torch.eye(6)[:2]), torch.ones(3, 6))


def test_without_refits_stability_costs_nothing(fitted, known_model, known_mixture):
    spectra = known_mixture.spectra
    unknown = known_model(known_mixture.endmembers)
    assert np.isnan(stability_score(unknown))
    assert unmixing_score(unknown, spectra) == held_out_score(unknown, spectra)
    assert 0 < stability_score(fitted) <= 1
    assert unmixing_score(fitted, spectra) <= held_out_score(fitted, spectra)


@pytest.mark.parametrize("kind", ["grid", "random"])
def test_searches_of_scikit_learn_find_the_number(kind, noisy_mixture, quick):
    model = Unmixer(n_refits=1, settings=quick)
    grid = {"n_endmembers": [3, 4]}
    options = {"scoring": unmixing_score, "cv": 2, "error_score": "raise"}
    if kind == "grid":
        search = GridSearchCV(model, grid, **options)
    else:
        search = RandomizedSearchCV(model, grid, n_iter=2, random_state=0, **options)
    search.fit(noisy_mixture.spectra.numpy())
    assert search.best_params_ == {"n_endmembers": 4}
    assert search.best_estimator_.endmembers_.shape == (4, 50)
    assert search.transform(noisy_mixture.spectra.numpy()).shape == (400, 4)


def test_unmixer_is_a_step_of_a_pipeline(noisy_mixture, quick):
    from sklearn.preprocessing import FunctionTransformer

    spectra = noisy_mixture.spectra.numpy()
    pipeline = make_pipeline(FunctionTransformer(np.abs), Unmixer(4, n_refits=0, settings=quick))
    codes = pipeline.fit_transform(spectra)
    alone = Unmixer(4, n_refits=0, settings=quick).fit(np.abs(spectra))
    assert np.array_equal(codes, alone.transform(np.abs(spectra)))
    pipeline.set_params(unmixer__n_endmembers=3, unmixer__reading="nnls")
    assert pipeline.fit(spectra).transform(spectra).shape == (400, 3)


def test_a_scorer_serves_cross_validation(noisy_mixture, quick):
    model = Unmixer(4, n_refits=0, settings=quick)
    scores = cross_val_score(model, noisy_mixture.spectra.numpy(), scoring=held_out_score, cv=2)
    assert (scores > 25).all()
