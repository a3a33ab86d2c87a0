import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from unmix import Unmixer
from unmix.errors import UnmixError
from unmix.uses.anomalies import AnomalyDetector

N_BANDS = 60
AXIS = np.linspace(0, 1, N_BANDS)


def smooth(rng, n):
    bumps = np.exp(-(((AXIS - rng.random((n, 4, 1))) / rng.uniform(0.05, 0.3, (n, 4, 1))) ** 2))
    return 0.05 + (rng.random((n, 4, 1)) * bumps).sum(axis=1) / 3


@pytest.fixture(scope="module")
def planted():
    """Spectra of 3 materials, of which 8 hold a fourth; and which do."""
    rng = np.random.default_rng(0)
    materials = smooth(rng, 4)
    spectra = rng.dirichlet([0.4] * 3, 6000) @ materials[:3]
    odd = np.zeros(6000, dtype=bool)
    odd[rng.choice(6000, 8, replace=False)] = True
    share = rng.uniform(0.2, 0.5, (8, 1))
    spectra[odd] = (1 - share) * spectra[odd] + share * materials[3]
    spectra *= rng.uniform(0.7, 1.3, (6000, 1))
    spectra += 0.004 * rng.standard_normal(spectra.shape)
    return torch.as_tensor(spectra, dtype=torch.float32), odd


@pytest.fixture(scope="module")
def model(planted, half):
    return Unmixer(3, n_refits=0, settings=half).fit(planted[0])


@pytest.fixture(scope="module")
def detector(planted, model):
    return AnomalyDetector(model).fit(planted[0])


def test_planted_pixels_are_found_and_few_others(planted, detector):
    spectra, odd = planted
    scores = detector.scores(spectra)
    assert roc_auc_score(odd, scores[:, 0]) > 0.99
    found = detector.predict(spectra)
    assert found[odd].all()
    assert found[~odd].mean() < 3e-3


def test_score_and_distance_rank_alike_and_meet_at_the_limit(planted, detector):
    score, distance = detector.scores(planted[0]).double().T.numpy()
    order = np.argsort(distance)
    assert (np.diff(score[order]) >= -1e-6).all()
    over = distance > detector.distance_limit_
    assert np.array_equal(over, detector.predict(planted[0]))


def test_the_rate_is_kept_on_fresh_pixels_without_anomalies(model, planted):
    spectra, odd = planted
    usual = spectra[torch.from_numpy(~odd)]
    detector = AnomalyDetector(model, false_alarm=0.01).fit(usual[::2])
    assert 0.5 < detector.predict(usual[1::2]).mean() / 0.01 < 2


def test_the_light_that_the_scene_shows_is_no_anomaly(model, detector):
    endmembers = torch.as_tensor(model.endmembers_)
    lit = torch.cat([0.7 * endmembers, endmembers, 1.3 * endmembers])
    assert (detector.scores(lit)[:, 1] < detector.distance_limit_).all()
    assert (detector.scores(5 * endmembers)[:, 1] > detector.distance_limit_).all()


def test_rare_materials_explain_nothing(planted, model):
    everything = AnomalyDetector(model, rare=0).fit(planted[0])
    assert everything.explained_by_ == model.endmember_names_
    rare = float(np.sort(model.mean_fractions_)[1])
    assert len(AnomalyDetector(model, rare=rare).fit(planted[0]).explained_by_) == 2
    assert len(AnomalyDetector(model, rare=0.99).fit(planted[0]).explained_by_) == 1


def test_bands_in_any_order_give_the_same_scores(planted, model, detector):
    shuffled = torch.randperm(N_BANDS, generator=torch.Generator().manual_seed(0))
    other = Unmixer(3)
    state = {name: value for name, value in vars(model).items() if name not in vars(other)}
    vars(other).update(state)
    other.endmembers_ = model.endmembers_[:, shuffled.numpy()]
    other.wavelengths_nm_ = (400 + 10 * AXIS)[shuffled.numpy()]
    found = AnomalyDetector(other).fit(planted[0][:, shuffled]).scores(planted[0][:, shuffled])
    torch.testing.assert_close(found, detector.scores(planted[0]), rtol=1e-4, atol=1e-4)


def test_invalid_pixels_have_no_score(planted, detector):
    spectra = planted[0][:5].clone()
    spectra[1, 3] = torch.nan
    assert detector.scores(spectra)[:, 0].isnan().tolist() == [False, True, False, False, False]
    assert not detector.predict(spectra)[1]


def test_a_model_that_only_reproduces_will_do(planted):
    spectra, odd = planted

    class Subspace:
        def __init__(self, rows):
            self.basis = np.linalg.svd(rows, full_matrices=False)[2][:3]

        def transform(self, rows):
            return rows @ self.basis.T

        def inverse_transform(self, codes):
            return codes @ self.basis

    detector = AnomalyDetector(Subspace(spectra.numpy()[~odd])).fit(spectra)
    assert roc_auc_score(odd, detector.scores(spectra)[:, 0]) > 0.99
    assert detector.explained_by_ == []


def test_an_anomaly_in_the_span_of_the_materials_is_found_all_the_same(planted, known_model):
    spectra, odd = planted
    typical = spectra[torch.from_numpy(~odd)][:3]
    absorbed = known_model(torch.cat([typical, spectra[torch.from_numpy(odd)][:1]]))
    detector = AnomalyDetector(absorbed).fit(spectra)
    assert len(detector.explained_by_) == 4
    assert roc_auc_score(odd, detector.scores(spectra)[:, 0]) > 0.99


def test_a_detector_can_be_cloned(detector):
    again = clone(detector)
    assert again.false_alarm == detector.false_alarm
    assert not hasattr(again, "residual_background_")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"false_alarm": 0.5}, "`false_alarm` must be from 1e-6 to 0.1"),
        ({"n_patterns": 0}, "`n_patterns` must be from 1"),
        ({"rare": 1.0}, "`rare` must be from 0"),
    ],
)
def test_parameters_out_of_range_are_refused(planted, model, change, message):
    with pytest.raises(UnmixError, match=message):
        AnomalyDetector(model, **change).fit(planted[0])


def test_scenes_that_do_not_fit_are_refused(planted, model):
    with pytest.raises(UnmixError, match="have 50 bands but the model was fitted on 60"):
        AnomalyDetector(model).fit(planted[0][:, :50])
    with pytest.raises(UnmixError, match="30 valid pixels are too few"):
        AnomalyDetector(model).fit(planted[0][:30])
