"""The estimator: how well it learns, and what that depends on."""

import numpy as np
import pytest
import torch

import unmix.learning
from unmix import FitSettings, Unmixer
from unmix.metrics import match_endmembers, rmse, spectral_angle
from unmix.simulation import Simulation, Target


def scores(model, mixture):
    endmembers = torch.as_tensor(model.endmembers_)
    order = match_endmembers(endmembers, mixture.endmembers)
    fractions = model.transform(mixture.spectra)[:, order]
    return (
        spectral_angle(endmembers[order], mixture.endmembers).mean().item(),
        rmse(fractions, mixture.abundances).item(),
    )


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


@pytest.mark.parametrize("shade", [0.0, 0.1, 0.4])
def test_the_fit_learns_how_far_brightness_varies(mixture_of, half, shade):
    mixture = mixture_of(2, n_pixels=1500, snr_db=40, shade=shade)
    model = Unmixer(4, settings=half).fit(mixture.spectra)
    assert model.brightness_spread_ == pytest.approx(shade / 3**0.5, rel=0.2, abs=0.02)
    sigma = float(mixture.spectra.square().mean().sqrt()) / 100
    assert model.noise_ == pytest.approx(sigma, rel=0.2)


def test_fractions_of_learned_materials_mean_area():
    """A dark and two bright materials that are nowhere but in panels of known area."""
    panels = ("water", "snow", "kaolinite")
    scene = Simulation(
        60,
        60,
        ("green vegetation", "dry soil", "dry vegetation"),
        sensor="enmap",
        terrain=0.0,
        targets=tuple(Target(name, area) for name in panels for area in (25, 4, 2, 1)),
    )
    good = scene.sensor_bands.good
    spectra = torch.from_numpy(scene.block().cube[good]).reshape(int(good.sum()), -1).T
    model = Unmixer(6).fit(spectra)
    truth = torch.from_numpy(scene.endmembers[:, good])
    order = match_endmembers(torch.as_tensor(model.endmembers_), truth)
    maps = model.transform(spectra).T[order].reshape(-1, 60, 60)
    for panel in scene.placed_targets:
        covered = torch.from_numpy(panel.cover(np.arange(60), np.arange(60))) > 0
        area = float(maps[scene.names.index(panel.name)][covered].sum())
        assert area == pytest.approx(panel.area_px, rel=0.05 if panel.area_px > 1 else 0.15)


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

    def look(*args, **more):
        learned.append(fit(*args, **more))
        return learned[0]

    fit = unmix.learning.fit_endmembers
    monkeypatch.setattr(unmix.learning, "fit_endmembers", look)
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


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cpu_and_gpu_agree(noisy_mixture, known_model):
    spectra = noisy_mixture.spectra
    cpu, gpu = (Unmixer(4, device=device).fit(spectra) for device in ("cpu", "cuda"))
    assert isinstance(gpu.endmembers_, np.ndarray)
    np.testing.assert_allclose(gpu.endmembers_, cpu.endmembers_, atol=2e-3)
    torch.testing.assert_close(gpu.transform(spectra), cpu.transform(spectra), atol=1e-2, rtol=0)
    gpu = known_model(torch.as_tensor(cpu.endmembers_), cpu.brightness_prior_)
    gpu.device = "cuda"
    torch.testing.assert_close(gpu.transform(spectra), cpu.transform(spectra), atol=1e-6, rtol=0)
    assert gpu.transform(spectra.cuda()).is_cuda
    assert not gpu.transform(spectra).is_cuda
