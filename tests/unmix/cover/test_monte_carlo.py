"""Fractional cover and its standard deviation, beside slow ways to the same."""

import numpy as np
import pytest
import scipy.optimize
import torch

from scenes import SpectralLibrary, open_scene
from unmix.cover import Cover, CoverSettings
from unmix.errors import UnmixError
from unmix.mesma import bundles_of

AXIS = np.linspace(450.0, 2400.0, 30)
CLASS_OF = [0] * 5 + [1] * 3 + [2] * 4


def spectra_of(seed=0):
    """A library of three classes, pixels that mix one of each, and their uncertainty."""
    rng = np.random.default_rng(seed)
    means = 0.1 + 0.5 * rng.random((3, AXIS.size))
    library = means[CLASS_OF] * (1 + 0.1 * rng.standard_normal((12, AXIS.size)))
    library *= rng.uniform(0.6, 1.4, (12, 1))
    fractions = rng.dirichlet([0.6] * 3, 25) * rng.uniform(0.2, 1, (25, 1))
    pixels = fractions @ library[[0, 5, 8]]
    spread = 0.004 + 0.01 * rng.random(pixels.shape)
    return tuple(torch.from_numpy(each) for each in (library, pixels, spread))


def slow_draw(pixel, endmembers, classes, length_of):
    """One pixel and one draw, by SciPy."""
    scaled = endmembers / np.array([length_of(e) for e in endmembers])[:, None]
    x, cost = scipy.optimize.nnls(scaled.T, pixel / length_of(pixel))
    shares = np.array([x[classes == k].sum() for k in range(3)])
    return shares / x.sum(), cost


@pytest.mark.parametrize("rule", ["none", "brightness", "1500"])
@pytest.mark.parametrize("best", [False, True])
def test_cover_is_what_scipy_gives_draw_by_draw(rule, best):
    library, pixels, spread = spectra_of()
    settings = CoverSettings(n_draws=6, per_class=2, normalization=rule, best=best, seed=3)
    cover = Cover.of(library, CLASS_OF, AXIS, settings)
    found = cover.estimate(pixels, spread)
    dry = ~(((AXIS >= 1300) & (AXIS <= 1500)) | ((AXIS >= 1800) & (AXIS <= 2000)))
    length_of = {
        "none": lambda y: 1.0,
        "brightness": lambda y: np.sqrt((y[dry] ** 2).mean()),
        "1500": lambda y: y[np.abs(AXIS - 1500).argmin()],
    }[rule]
    for k, (pixel, sd) in enumerate(zip(pixels.numpy(), spread.numpy(), strict=True)):
        shares, costs = [], []
        for draw in cover.draws:
            noisy = pixel + sd * draw.noise.numpy()
            scale = length_of(pixel) / length_of(noisy)  # the pixel's length is that before noise
            members = draw.members.numpy()
            classes = np.array(CLASS_OF)[members]
            share, cost = slow_draw(noisy, library.numpy()[members], classes, length_of)
            shares.append(share)
            costs.append(cost / scale)
        expected = shares[int(np.argmin(costs))] if best else np.mean(shares, axis=0)
        np.testing.assert_allclose(found.fractions[k], expected, atol=1e-8)
        np.testing.assert_allclose(found.uncertainty[k], np.std(shares, axis=0, ddof=1), atol=1e-8)


def test_an_exact_mixture_is_found_with_its_brightness():
    library, _, _ = spectra_of()
    fractions = torch.tensor([[0.5, 0.25, 0.05]], dtype=torch.float64)
    members = [0, 5, 8]
    chosen, pixel = library[members], fractions @ library[members]
    for rule in ("none", "brightness"):
        cover = Cover.of(chosen, [0, 1, 2], AXIS, CoverSettings(normalization=rule))
        assert cover.takes_all
        found = cover.estimate(pixel)
        assert found.rmse[0] < 1e-9
        assert found.brightness[0, 0] == pytest.approx(0.8)
        assert (found.uncertainty < 1e-9).all()
        if rule == "none":
            torch.testing.assert_close(found.fractions, fractions / 0.8)


@pytest.mark.parametrize("constraint", ["nnls", "box", "fcls"])
def test_fractions_lie_on_the_simplex(constraint):
    library, pixels, spread = spectra_of(1)
    settings = CoverSettings(n_draws=4, per_class=2, constraint=constraint)
    found = Cover.of(library, CLASS_OF, AXIS, settings).estimate(pixels, spread)
    assert (found.fractions >= 0).all()
    torch.testing.assert_close(found.fractions.sum(dim=1), torch.ones(25).double())


def test_cover_does_not_depend_on_the_brightness_of_a_pixel():
    library, pixels, _ = spectra_of()
    cover = Cover.of(library, CLASS_OF, AXIS, CoverSettings(n_draws=3, per_class=1))
    one, other = cover.estimate(pixels), cover.estimate(0.3 * pixels)
    torch.testing.assert_close(one.fractions, other.fractions)
    torch.testing.assert_close(0.3 * one.brightness, other.brightness)
    torch.testing.assert_close(0.3 * one.rmse, other.rmse)


def test_cover_is_the_same_however_pixels_are_cut(monkeypatch):
    library, pixels, spread = spectra_of()
    settings = CoverSettings(n_draws=5, per_class=2, seed=1)
    whole = Cover.of(library, CLASS_OF, AXIS, settings).estimate(pixels, spread)
    cover = Cover.of(library, CLASS_OF, AXIS, settings)
    parts = [cover.estimate(pixels[a:b], spread[a:b]) for a, b in ((0, 3), (3, 17), (17, 25))]
    monkeypatch.setattr("unmix.cover.monte_carlo.CHUNK", 4 * AXIS.size)
    for k, value in enumerate(cover.estimate(pixels, spread)):
        torch.testing.assert_close(value, whole[k], atol=1e-12, rtol=0)
        joined = torch.cat([part[k] for part in parts])
        torch.testing.assert_close(joined, whole[k], atol=1e-12, rtol=0)
    other = Cover.of(library, CLASS_OF, AXIS, CoverSettings(n_draws=5, per_class=2, seed=2))
    assert not torch.allclose(other.estimate(pixels, spread).fractions, whole.fractions)


def test_pixels_without_light_or_uncertainty_have_no_cover():
    library, pixels, spread = spectra_of()
    pixels[0], pixels[1] = 0.0, -pixels[1]
    spread[2, 3], spread[3, 0] = torch.nan, -1.0
    cover = Cover.of(library, CLASS_OF, AXIS, CoverSettings(n_draws=3, per_class=2))
    found = cover.estimate(pixels, spread)
    for values in (found.fractions[:, 0], found.uncertainty[:, 1], found.brightness[:, 0]):
        assert values.isnan().tolist() == [True] * 4 + [False] * 21
    alone = cover.estimate(pixels[4:], spread[4:])
    torch.testing.assert_close(found.fractions[4:], alone.fractions)


def test_no_pixels_give_no_cover():
    library, pixels, _ = spectra_of()
    found = Cover.of(library, CLASS_OF, AXIS).estimate(pixels[:0])
    assert found.fractions.shape == (0, 3)
    assert found.rmse.shape == (0,)


def test_more_noise_is_more_uncertain():
    library, pixels, spread = spectra_of()
    settings = CoverSettings(n_draws=30, n_endmembers=12)
    cover = Cover.of(library, CLASS_OF, AXIS, settings)
    little, much = (cover.estimate(pixels, spread * k).uncertainty.mean() for k in (0.1, 3.0))
    assert little < much / 3


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_emit_is_as_a_slow_monte_carlo_gives_it(noise, shared_data):
    """Means within the error of the two Monte Carlo runs, standard deviations within theirs."""
    with pytest.warns(match="taken as"):
        path = shared_data / "scenes/emit_crop/emit20250324t221005_jpl_unmix_ex.hdr"
        scene = open_scene(path)
        library = SpectralLibrary.read(shared_data / "libraries/basic_endmember_library.csv")
    bundles = bundles_of(library, "Class", scene.wavelengths_nm, scene.fwhm_nm)
    pixels = scene.spectra()[::17, bundles.bands]
    spread = noise * pixels.abs()
    n_draws, axis = 200, scene.wavelengths_nm[bundles.bands]
    settings = CoverSettings(n_draws=n_draws, per_class=1)
    cover = Cover.of(bundles.spectra, bundles.class_of, axis, settings)
    found = cover.estimate(pixels, spread)

    rng = np.random.default_rng(1)
    dry = ~(((axis >= 1300) & (axis <= 1500)) | ((axis >= 1800) & (axis <= 2000)))
    classes, endmembers = np.array(bundles.class_of), bundles.spectra.numpy()
    for k, (pixel, sd) in enumerate(zip(pixels.numpy(), spread.numpy(), strict=True)):
        shares = []
        for _ in range(n_draws):
            members = np.array([rng.choice(np.flatnonzero(classes == c)) for c in range(3)])
            noisy = pixel + sd * rng.standard_normal(sd.size)
            shares.append(
                slow_draw(
                    noisy,
                    endmembers[members],
                    np.arange(3),
                    lambda y: np.sqrt((y[dry] ** 2).mean()),
                )[0]
            )
        deviation = np.std(shares, axis=0, ddof=1)
        error = np.sqrt(2 / n_draws) * deviation
        mine = found.fractions[k].numpy()
        assert (np.abs(mine - np.mean(shares, axis=0)) <= 4 * error + 1e-9).all()
        np.testing.assert_allclose(found.uncertainty[k], deviation, rtol=0.3, atol=2e-3)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_the_same_cover():
    library, pixels, spread = spectra_of()
    settings = CoverSettings(n_draws=5, per_class=2)
    found = [
        Cover.of(library, CLASS_OF, AXIS, settings, device=device).estimate(pixels, spread)
        for device in ("cpu", "cuda")
    ]
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-8, rtol=0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"class_of": [0, 1]}, "`class_of` has 2 entries for 12 spectra"),
        ({"settings": CoverSettings(n_endmembers=2)}, "at least the number of classes, 3"),
        ({"spectra": torch.zeros(12, 30)}, "12 of 12 are not: use another"),
    ],
)
def test_what_gives_no_cover_is_refused(changed, message):
    arguments = {"spectra": spectra_of()[0], "class_of": CLASS_OF, "wavelengths_nm": AXIS}
    with pytest.raises(UnmixError, match=message):
        Cover.of(**(arguments | changed))


def test_one_draw_and_uncertainty_of_other_pixels_are_refused():
    with pytest.raises(UnmixError, match="`n_draws` must be at least 2"):
        CoverSettings(n_draws=1)
    library, pixels, spread = spectra_of()
    with pytest.raises(UnmixError, match="`uncertainty` has shape"):
        Cover.of(library, CLASS_OF, AXIS).estimate(pixels, spread[1:])
