"""What the estimator learns of the errors of its maps, and that it tells them."""

import numpy as np
import pytest
import torch

from unmix import Unmixer, UnmixError
from unmix.abundances import nnls, nonnegative, read_codes
from unmix.autoencoder.fit import fit_endmembers
from unmix.brightness import BrightnessPrior
from unmix.learning import learn
from unmix.products import products
from unmix.readings import READINGS
from unmix.stability import stability_scores
from unmix.uncertainty import fraction_deviation


@pytest.fixture(scope="module")
def surveyed(noisy_mixture, quick):
    """A fitted model with two refits."""
    return Unmixer(4, settings=quick, n_refits=2).fit(noisy_mixture.spectra)


def test_refits_change_nothing_but_what_they_tell(noisy_mixture, quick, surveyed):
    alone = Unmixer(4, settings=quick, n_refits=0).fit(noisy_mixture.spectra)
    assert np.array_equal(alone.endmembers_, surveyed.endmembers_)
    assert torch.equal(
        alone.transform(noisy_mixture.spectra), surveyed.transform(noisy_mixture.spectra)
    )
    assert alone.endmember_samples_.shape == (0, 4, 50)
    assert np.isnan(alone.stability_).all()


def test_refits_stand_in_the_order_of_the_endmembers(surveyed):
    assert surveyed.endmember_samples_.shape == (2, 4, 50)
    assert surveyed.endmember_samples_.dtype == np.float32
    distances = np.linalg.norm(
        surveyed.endmember_samples_[:, :, None] - surveyed.endmembers_[None, None], axis=3
    )
    assert (distances.argmin(axis=2) == np.arange(4)).all()
    expected = stability_scores(
        torch.as_tensor(surveyed.endmembers_), torch.as_tensor(surveyed.endmember_samples_)
    )
    assert np.array_equal(surveyed.stability_, expected.numpy())
    assert (surveyed.stability_ > 0.8).all()


def test_stability_is_low_where_there_are_more_endmembers_than_materials(mixture_of, quick):
    spectra = mixture_of(1, n_endmembers=3, snr_db=25).spectra
    right, excess = (Unmixer(n, settings=quick).fit(spectra) for n in (3, 6))
    assert right.stability_.min() > excess.stability_.min() + 0.1


def test_refits_are_the_same_for_the_same_seed(noisy_mixture, quick, surveyed):
    again = Unmixer(4, settings=quick, n_refits=2).fit(noisy_mixture.spectra)
    assert np.array_equal(again.endmember_samples_, surveyed.endmember_samples_)
    other = Unmixer(4, settings=quick, n_refits=2, random_state=1).fit(noisy_mixture.spectra)
    assert not np.array_equal(other.endmember_samples_, surveyed.endmember_samples_)


@pytest.mark.parametrize("n_refits", [0, 1, 5])
def test_progress_of_fit_and_refits_rises_to_one(noisy_mixture, quick, n_refits):
    shares: list[float] = []
    generator = torch.Generator().manual_seed(0)
    learn(noisy_mixture.spectra, 4, quick, n_refits, generator, shares.append)
    assert shares == sorted(shares)
    assert shares[0] > 0
    assert shares[-1] == 1


@pytest.mark.parametrize("n_refits", [0, 2])
def test_progress_of_choosing_and_learning_rises_to_one(noisy_mixture, quick, n_refits):
    shares: list[float] = []
    generator = torch.Generator().manual_seed(0)
    learn(noisy_mixture.spectra, "auto", quick, n_refits, generator, shares.append)
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.7 < shares[-2] < shares[-1] == 1


def test_choosing_the_number_changes_nothing_else(noisy_mixture, quick):
    def learned(n):
        generator = torch.Generator().manual_seed(3)
        return learn(noisy_mixture.spectra, n, quick, 1, generator, lambda share: None)

    chosen = learned("auto")
    given = learned(len(chosen.endmembers))
    assert given.n_endmembers_reason is None
    assert chosen.n_endmembers_reason
    for name, value in vars(given).items():
        if name != "n_endmembers_reason":
            assert np.array_equal(getattr(chosen, name), value), name


def test_facts_about_endmembers_follow_their_order(mixture_of, quick):
    spectra = mixture_of(2, snr_db=30).spectra
    generator = torch.Generator().manual_seed(0)
    fit = fit_endmembers(spectra, 4, quick, generator)
    learned = learn(spectra, 4, quick, 0, torch.Generator().manual_seed(0), lambda share: None)
    places = [fit.spectra.tolist().index(row) for row in learned.endmembers.tolist()]
    assert places != sorted(places), "no order to keep"
    assert learned.n_members.tolist() == fit.n_members[places].tolist()
    assert (np.diff(learned.mean_fractions) <= 0).all()
    assert learned.mean_fractions.sum() == pytest.approx(1, abs=1e-6)


# Uncertainty


@pytest.mark.parametrize("reading", READINGS)
def test_uncertainty_is_the_deviation_of_what_is_read(noisy_mixture, surveyed, reading):
    spectra = noisy_mixture.spectra
    sources = surveyed.error_sources_
    found = products(spectra, torch.as_tensor(surveyed.endmembers_))
    read = read_codes(found, nonnegative(found), reading, sources.prior)
    expected = fraction_deviation(found, read, reading, sources).float()
    assert torch.equal(surveyed.uncertainty(spectra, reading), expected)
    assert expected.dtype == torch.float32


def test_uncertainty_is_unknown_exactly_where_the_fractions_are(noisy_mixture, surveyed):
    spectra = noisy_mixture.spectra[:6].clone()
    spectra[1, 3] = torch.nan
    spectra[4] = 0
    found = surveyed.uncertainty(spectra)
    assert torch.equal(found.isnan(), surveyed.read(spectra).fractions.isnan())
    assert found.isnan().all(dim=1).tolist() == [False, True, False, False, True, False]
    torch.testing.assert_close(found[5:], surveyed.uncertainty(spectra[5:]))


def test_uncertainty_holds_the_truth(noisy_mixture, surveyed, half):
    model = Unmixer(4, settings=half).fit(noisy_mixture.spectra)
    fractions = model.transform(noisy_mixture.spectra)
    distances = torch.cdist(fractions.T, noisy_mixture.abundances.T)
    truth = noisy_mixture.abundances[:, distances.argmin(dim=1)]
    within = (fractions - truth).abs() <= 2 * model.uncertainty(noisy_mixture.spectra)
    assert 0.85 < float(within.float().mean()) <= 1


def test_uncertainty_grows_with_the_noise(mixture_of, quick):
    means = []
    for snr_db in (40, 30, 20):
        spectra = mixture_of(0, snr_db=snr_db).spectra
        means.append(float(Unmixer(4, settings=quick).fit(spectra).uncertainty(spectra).mean()))
    assert means == sorted(means)
    assert means[-1] > 3 * means[0]


def test_uncertainty_of_known_endmembers_is_that_of_the_pixels(
    known_mixture, noisy_mixture, known_model
):
    model = known_model(known_mixture.endmembers, BrightnessPrior(spread=0.0, noise=0.01))
    assert np.isnan(model.stability_).all()
    assert float(model.uncertainty(known_mixture.spectra).max()) < 1e-3
    assert float(model.uncertainty(noisy_mixture.spectra).mean()) > 1e-3


def test_uncertainty_needs_a_fitted_model_and_its_bands(surveyed):
    with pytest.raises(UnmixError, match="not fitted yet"):
        Unmixer(3).uncertainty(torch.ones(2, 5))
    with pytest.raises(UnmixError, match="not fitted yet"):
        _ = Unmixer(3).stability_
    with pytest.raises(UnmixError, match="fitted on 50 bands"):
        surveyed.uncertainty(torch.ones(2, 5))


@pytest.mark.parametrize("value", [-1, 2.0, "3", None, True, 101, 10**9])
def test_n_refits_must_be_an_integer_from_0_to_100(value):
    with pytest.raises(UnmixError, match=r"`n_refits` must be an integer from 0 .* to 100\. Got"):
        Unmixer(2, n_refits=value).fit(np.random.default_rng(0).random((20, 5)))


@pytest.mark.parametrize("n_pixels", [20, 30])
def test_a_handful_of_pixels_can_be_drawn_again(mixture_of, quick, n_pixels):
    spectra = mixture_of(0).spectra[:n_pixels]
    model = Unmixer(4, settings=quick).fit(spectra)
    assert np.isfinite(model.endmember_samples_).all()
    assert ((model.stability_ >= 0) & (model.stability_ <= 1)).all()
    assert bool(model.uncertainty(spectra).isfinite().all())


# Endmembers that cannot be used


def test_the_loss_is_what_the_endmembers_leave_of_unit_spectra(noisy_mixture, quick):
    spectra = noisy_mixture.spectra
    model = Unmixer(4, settings=quick, n_refits=0).fit(spectra)
    unit = torch.nn.functional.normalize(spectra, dim=1)
    endmembers = torch.as_tensor(model.endmembers_)
    rest = unit - nnls(unit, endmembers).float() @ endmembers
    assert model.loss_ == pytest.approx(float(rest.norm(dim=1).mean()), rel=1e-4)


def test_a_scene_below_zero_has_no_endmembers(noisy_mixture, quick):
    with pytest.raises(UnmixError, match=r"^Endmembers 1, 2, 3, 4 are nowhere above zero.*offset"):
        Unmixer(4, settings=quick).fit(-noisy_mixture.spectra)


@pytest.mark.parametrize("n_pixels", [2, 3, 11])
def test_every_endmember_needs_three_pixels_of_its_own(mixture_of, quick, n_pixels):
    spectra = mixture_of(0).spectra[:n_pixels]
    message = rf"4 endmembers cannot be learned from {n_pixels} valid pixels .* 12 are needed"
    with pytest.raises(UnmixError, match=message):
        Unmixer(4, settings=quick).fit(spectra)


def test_endmembers_that_coincide_are_refused(quick):
    two = torch.rand(2, 20, generator=torch.Generator().manual_seed(0)) + 0.1
    with pytest.raises(UnmixError, match=r"Of the 3 endmembers, \d and \d are the same spectrum"):
        Unmixer(3, settings=quick).fit(two.repeat(50, 1))
