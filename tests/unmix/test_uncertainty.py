"""Standard deviations of abundances, held to Monte Carlo and to scenes with known truth."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from unmix import Unmixer
from unmix.abundances import Abundances, nonnegative, read_codes
from unmix.autoencoder.settings import FitSettings
from unmix.brightness import BrightnessPrior
from unmix.error_sources import (
    ErrorSources,
    Residuals,
    extrapolation_of,
    shifts_of,
)
from unmix.metrics import match_endmembers
from unmix.products import products
from unmix.readings import READINGS, Reading
from unmix.simulation import Sensor, Simulation
from unmix.uncertainty import (
    _second_moment_beyond,
    _within_unit_interval,
    fraction_deviation,
)

N_BANDS = 60
EVEN_LIGHT = BrightnessPrior(0.0, 0.01)


def _endmembers(n: int = 3, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, N_BANDS, generator=generator).double() * 0.8 + 0.1


def _noisy(fractions: Tensor, noise: float, endmembers: Tensor, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    pixels = fractions.double() @ endmembers
    return pixels + noise * torch.randn(pixels.shape, generator=generator).double()


def _sources(
    noise: float, prior: BrightnessPrior = EVEN_LIGHT, shifts: Tensor | None = None
) -> ErrorSources:
    """White noise of a known standard deviation per band."""
    shifts = torch.zeros(0, 3, 3, dtype=torch.float64) if shifts is None else shifts
    residuals = Residuals(noise**2 * N_BANDS, N_BANDS)
    return ErrorSources(prior, residuals, shifts, torch.zeros_like(shifts[:1].sum(dim=0)))


def _deviation(
    spectra: Tensor, endmembers: Tensor, sources: ErrorSources, reading: Reading = "reflectance"
) -> tuple[Abundances, Tensor]:
    found = products(spectra, endmembers)
    read = read_codes(found, nonnegative(found), reading, sources.prior)
    return read, fraction_deviation(found, read, reading, sources)


@pytest.mark.parametrize("reading", ["reflectance", "nnls", "fcls", "peak", "l2"])
def test_deviation_is_the_spread_over_repeated_noise(reading: Reading) -> None:
    endmembers, noise = _endmembers(), 0.02
    fractions = torch.tensor([[0.5, 0.3, 0.2]]).expand(4000, 3)
    read, deviation = _deviation(
        _noisy(fractions, noise, endmembers), endmembers, _sources(noise), reading
    )
    torch.testing.assert_close(deviation.mean(dim=0), read.fractions.std(dim=0), rtol=0.06, atol=0)


def test_deviation_is_the_spread_over_repeated_noise_and_light(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("unmix.uncertainty.OWN_SHARE", 0.0)
    endmembers, noise, spread = _endmembers(), 0.02, 0.05
    light = 1 + spread * torch.randn(4000, 1, generator=torch.Generator().manual_seed(3))
    spectra = _noisy(light * torch.tensor([[0.5, 0.3, 0.2]]), noise, endmembers)
    sources = _sources(noise, BrightnessPrior(spread, noise))
    read, deviation = _deviation(spectra, endmembers, sources)
    torch.testing.assert_close(deviation.mean(dim=0), read.fractions.std(dim=0), rtol=0.06, atol=0)


def test_deviation_of_varying_materials_is_their_spread() -> None:
    endmembers, spread = _endmembers(), 0.1
    own = 1 + spread * math.sqrt(0.5) * torch.randn(
        4000, 3, generator=torch.Generator().manual_seed(3)
    )
    spectra = (own * torch.tensor([0.5, 0.3, 0.2])).double() @ endmembers
    sources = _sources(1e-6, BrightnessPrior(spread, 1e-6))
    read, deviation = _deviation(spectra, endmembers, sources)
    torch.testing.assert_close(deviation.mean(dim=0), read.fractions.std(dim=0), rtol=0.06, atol=0)


def test_deviation_grows_with_the_noise_and_vanishes_without() -> None:
    endmembers = _endmembers()
    fractions = torch.tensor([[0.6, 0.4, 0.0], [0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    sizes = []
    for noise in (0.0, 0.001, 0.01, 0.1):
        _, deviation = _deviation(_noisy(fractions, noise, endmembers), endmembers, _sources(noise))
        sizes.append(deviation.mean(dim=1))
    assert bool((sizes[0] < 1e-6).all())
    assert all(bool((low < high).all()) for low, high in itertools.pairwise(sizes))


def test_deviation_of_an_absent_endmember_is_its_spread_at_the_boundary() -> None:
    endmembers, noise = _endmembers(2), 0.02
    generator = torch.Generator().manual_seed(2)
    fractions = torch.rand(20_000, 1, generator=generator) * 0.1
    fractions = torch.cat([1 - fractions, fractions], dim=1)
    spectra = _noisy(fractions, noise, endmembers)
    none = torch.zeros(0, 2, 2, dtype=torch.float64)
    read, deviation = _deviation(spectra, endmembers, _sources(noise, shifts=none))
    at_zero = read.fractions[:, 1] == 0
    error = (read.fractions - fractions)[at_zero, 1].square().mean().sqrt()
    predicted = deviation[at_zero, 1].square().mean().sqrt()
    assert at_zero.sum() > 500
    assert float(predicted / error) == pytest.approx(1, abs=0.1)


def test_deviation_follows_shifted_endmembers_as_a_new_reading_does() -> None:
    endmembers = _endmembers()
    fractions = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.4, 0.4, 0.2]])
    spectra = fractions.double() @ endmembers
    moved = endmembers + 1e-4 * torch.randn(
        3, N_BANDS, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    for reading in READINGS:
        sources = _sources(0.0, shifts=shifts_of(endmembers, moved[None]))
        read, deviation = _deviation(spectra, endmembers, sources, reading)
        again, _ = _deviation(spectra, moved, sources, reading)
        if reading != "peak":  # its shifts keep the length, not the peak
            change = (again.fractions - read.fractions).abs()
            expected = math.sqrt(math.pi / 2) * change  # of a Gaussian with this mean size
            torch.testing.assert_close(deviation, expected, rtol=0.05, atol=2e-6)


def test_deviation_adds_what_lies_outside_the_data_one_by_one() -> None:
    endmembers, means = _endmembers(), torch.full((3,), 1 / 3).double()
    outside = extrapolation_of(endmembers, torch.tensor([0, 5, 0]), means)
    sources = _sources(0.0)._replace(extrapolation=outside)
    spectra = torch.tensor([[0.5, 0.3, 0.2]]).double() @ endmembers
    _, deviation = _deviation(spectra, endmembers, sources)
    change = []
    for k in (0, 2):
        other = endmembers.clone()
        other[k] += 1e-4 * (endmembers[k] - means @ endmembers)
        read, _ = _deviation(spectra, other, sources)
        change.append((read.fractions - torch.tensor([0.5, 0.3, 0.2])) / 1e-3)
    expected = torch.stack(change).square().sum(dim=0).sqrt()
    torch.testing.assert_close(deviation, expected, rtol=0.01, atol=1e-5)


def test_deviation_is_permuted_with_the_endmembers() -> None:
    endmembers, order = _endmembers(), [2, 0, 1]
    spectra = _noisy(torch.tensor([[0.5, 0.5, 0.0], [0.9, 0.0, 0.1]]), 0.02, endmembers)
    _, deviation = _deviation(spectra, endmembers, _sources(0.02))
    _, permuted = _deviation(spectra, endmembers[order], _sources(0.02))
    torch.testing.assert_close(permuted, deviation[:, order])


@pytest.mark.parametrize("reading", READINGS)
def test_deviation_is_permuted_though_endmembers_are_all_but_the_same(reading: Reading) -> None:
    generator = torch.Generator().manual_seed(4)
    endmembers = _endmembers()[[0, 1, 1]]
    endmembers[2] += 2e-4 * torch.rand(N_BANDS, generator=generator)
    spectra = _noisy(torch.tensor([[0.7, 0.3, 0.0]]).expand(50, 3), 0.01, endmembers)
    _, deviation = _deviation(spectra, endmembers, _sources(0.01), reading)
    _, permuted = _deviation(spectra, endmembers[[1, 0, 2]], _sources(0.01), reading)
    torch.testing.assert_close(permuted, deviation[:, [1, 0, 2]], rtol=1e-3, atol=1e-7)


def test_deviation_of_duplicates_says_that_the_split_is_unknown() -> None:
    endmembers = _endmembers()[[0, 0, 1]]
    spectra = _noisy(torch.tensor([[0.3, 0.3, 0.4]]).expand(50, 3), 0.01, endmembers)
    _, deviation = _deviation(spectra, endmembers, _sources(0.01))
    assert bool(deviation.isfinite().all())
    assert float(deviation.max()) <= 1
    assert bool((deviation[:, :2].amax(dim=1) > 10 * deviation[:, 2]).all())


def test_deviation_is_nan_exactly_where_nothing_is_explained() -> None:
    endmembers = _endmembers()
    spectra = torch.cat([torch.zeros(1, N_BANDS).double(), endmembers[:1]])
    read, deviation = _deviation(spectra, endmembers, _sources(0.01))
    assert bool(read.fractions[0].isnan().all())
    assert torch.equal(deviation.isnan(), read.fractions.isnan())


@pytest.mark.parametrize("reading", READINGS)
def test_deviation_is_finite_beside_a_black_endmember(reading: Reading) -> None:
    endmembers = _endmembers()
    spectra = _noisy(torch.tensor([[0.5, 0.3, 0.2]]), 0.01, endmembers)
    for black in (endmembers * torch.tensor([[1.0], [1.0], [0.0]]), torch.zeros_like(endmembers)):
        shifts = shifts_of(black, 1.01 * endmembers[None])
        read, deviation = _deviation(spectra, black, _sources(0.01, shifts=shifts), reading)
        assert torch.equal(deviation.isnan(), read.fractions.isnan())


def test_deviation_of_no_pixels_is_empty() -> None:
    found = products(torch.zeros(0, N_BANDS), _endmembers())
    read = Abundances(torch.zeros(0, 3).double(), torch.zeros(0).double())
    assert fraction_deviation(found, read, "nnls", _sources(0.01)).shape == (0, 3)


def test_deviation_does_not_depend_on_its_neighbours() -> None:
    endmembers = _endmembers()
    spectra = _noisy(
        torch.rand(30, 3, generator=torch.Generator().manual_seed(1)), 0.05, endmembers
    )
    _, whole = _deviation(spectra, endmembers, _sources(0.05))
    _, part = _deviation(spectra[7:9], endmembers, _sources(0.05))
    torch.testing.assert_close(whole[7:9], part)


def test_deviation_stays_what_it_is_in_another_unit() -> None:
    endmembers = _endmembers()
    spectra = _noisy(
        torch.rand(20, 3, generator=torch.Generator().manual_seed(1)), 0.05, endmembers
    )
    _, reflectance = _deviation(spectra, endmembers, _sources(0.05, BrightnessPrior(0.1, 0.05)))
    counts = _sources(50.0, BrightnessPrior(0.1, 50.0))
    _, numbers = _deviation(1000 * spectra, 1000 * endmembers, counts)
    torch.testing.assert_close(reflectance, numbers)


def test_the_moment_of_a_tail_is_right_however_far_out_it_is() -> None:
    z = torch.logspace(-4, 2, 500, dtype=torch.float64)
    hazard = math.sqrt(2 / math.pi) / torch.special.erfcx(z / math.sqrt(2))
    series = 2 / z**2 - 10 / z**4 + 74 / z**6 - 706 / z**8 + 8162 / z**10
    exact = torch.where(z < 20, z * (z - hazard) + 1, series)
    torch.testing.assert_close(_second_moment_beyond(z), exact, rtol=2e-5, atol=0)
    single = _second_moment_beyond(z.float())
    torch.testing.assert_close(single, exact.float(), rtol=3e-5, atol=0)
    far = torch.tensor([0.0, 1e4, 1e9, 1e20])
    expected = torch.tensor([1.0, 2e-8, 2e-18, 0.0])
    torch.testing.assert_close(_second_moment_beyond(far), expected, rtol=3e-4, atol=1e-30)


def test_a_cut_gaussian_has_the_moments_of_its_samples() -> None:
    draws = torch.randn(200_000, generator=torch.Generator().manual_seed(0)).double()
    for centre, sd in ((0.0, 0.1), (0.05, 0.1), (0.5, 0.1), (1.0, 0.4), (0.3, 5.0)):
        values = centre + sd * draws
        values = values[(values >= 0) & (values <= 1)]
        slow = float((values - centre).square().mean())
        fast = float(
            _within_unit_interval(torch.tensor(centre).double(), torch.tensor(sd**2).double())
        )
        assert fast == pytest.approx(slow, rel=0.03)


def _coverage(simulation: Simulation) -> tuple[float, float]:
    """Share of the truth within two standard deviations, where there is something to find, and the
    mean standard deviation in units of the error."""
    block = simulation.block()
    good = simulation.sensor_bands.good
    spectra = torch.from_numpy(block.cube[good].reshape(int(good.sum()), -1).T.copy())
    truth = torch.from_numpy(block.abundances.reshape(len(block.abundances), -1).T.copy())
    reference = torch.from_numpy(simulation.endmembers[:, good]).float()
    model = Unmixer(len(reference), settings=FitSettings(n_starts=4, n_steps=150)).fit(spectra)
    order = match_endmembers(torch.as_tensor(model.endmembers_), reference)
    fractions = model.transform(spectra)[:, order]
    deviation = model.uncertainty(spectra)[:, order]
    error = (fractions - truth).abs()
    there = (truth > 0.01) | (fractions > 0.01)
    within = (error <= 2 * deviation)[there].double().mean()
    return float(within), float(deviation.mean() / error.square().mean().sqrt())


@pytest.mark.parametrize("terrain, variability", [(0.0, 0.0), (0.3, 0.0), (0.2, 0.1)])
def test_the_truth_lies_within_two_deviations_of_simulated_scenes(
    terrain: float, variability: float
) -> None:
    simulation = Simulation(
        50,
        60,
        ("green vegetation", "dry soil", "sand"),
        sensor=Sensor.evenly_spaced(60),
        snr_db=30.0,
        terrain=terrain,
        variability=variability,
        seed=3,
    )
    within, sharpness = _coverage(simulation)
    assert 0.90 <= within <= 0.985
    assert sharpness < 1.5


@pytest.mark.gpu
def test_deviation_is_the_same_on_the_gpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    endmembers = _endmembers()
    spectra = _noisy(
        torch.rand(30, 3, generator=torch.Generator().manual_seed(1)), 0.05, endmembers
    )
    shifts = shifts_of(endmembers, 1.01 * endmembers[None])
    _, here = _deviation(spectra, endmembers, _sources(0.05, shifts=shifts))
    _, there = _deviation(spectra.cuda(), endmembers.cuda(), _sources(0.05, shifts=shifts))
    torch.testing.assert_close(there.cpu(), here)
