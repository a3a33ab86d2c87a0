import pytest

from unmix import FitSettings, Unmixer
from unmix.errors import UnmixError
from unmix.uses.tuning import tune


def test_trials_are_ranked_and_the_best_is_handed_out(noisy_mixture, quick):
    shares = []
    found = tune(
        Unmixer(settings=quick, reading="nnls", n_refits=0),
        noisy_mixture.spectra,
        {"n_endmembers": [3, 4]},
        progress=shares.append,
    )
    assert [trial.parameters["n_endmembers"] for trial in found.trials] == [4, 3]
    scores = [trial.score for trial in found.trials]
    assert scores == sorted(scores, reverse=True)
    for trial in found.trials:
        assert trial.score == pytest.approx(trial.held_out_db - 3 * (1 - trial.stability))
    best = found.best_model
    assert (best.n_endmembers, best.reading, best.n_refits) == (4, "nnls", 0)
    assert not hasattr(best, "endmembers_")
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1


def test_fields_of_the_settings_are_combined(noisy_mixture, quick):
    found = tune(
        Unmixer(4, settings=quick),
        noisy_mixture.spectra,
        {"n_starts": [2, 4], "spread": [0.02, 0.5]},
        search="random",
        n_trials=3,
    )
    assert len(found.trials) == 3
    assert isinstance(found.best_model.settings, FitSettings)
    assert found.best_model.settings.n_points == quick.n_points
    said = [trial.parameters for trial in found.trials]
    assert len({tuple(sorted(parameters.items())) for parameters in said}) == 3
    assert set().union(*said) == {"n_starts", "spread"}


def test_what_cannot_be_learned_comes_last(noisy_mixture, quick):
    model = Unmixer(settings=quick)
    found = tune(model, noisy_mixture.spectra, {"n_endmembers": [60, 4]})
    assert [trial.parameters["n_endmembers"] for trial in found.trials] == [4, 60]
    assert found.trials[1].score is None and found.trials[1].held_out_db is None
    with pytest.raises(UnmixError, match=r"with any of the 1 combinations: `n_endmembers` is 60"):
        tune(model, noisy_mixture.spectra, {"n_endmembers": [60]})
    with pytest.raises(UnmixError, match=r"1 pixels cannot be dealt to 2 folds"):
        tune(model, noisy_mixture.spectra[:1], {"n_endmembers": [4]})


def test_names_and_values_are_checked(noisy_mixture, quick):
    with pytest.raises(UnmixError, match="no parameter 'depth' to tune"):
        tune(Unmixer(), noisy_mixture.spectra, {"depth": [1]})
    with pytest.raises(UnmixError, match="nothing to tune"):
        tune(Unmixer(), noisy_mixture.spectra, {"n_endmembers": []})
    with pytest.raises(UnmixError, match="`n_points` must be at least 1"):
        tune(Unmixer(), noisy_mixture.spectra, {"n_points": [0]})
