"""The chosen mixture of each pixel."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unmix.errors import UnmixError
from unmix.mesma import Mesma, MesmaSettings, search

SETTINGS = {
    "as VIPER": MesmaSettings(),
    "all levels": MesmaSettings(levels=(2, 3, 4), min_gain=0.002),
    "one level": MesmaSettings(levels=(3,), max_rmse=0.1),
    "strict": MesmaSettings(levels=(2, 3), min_fraction=0.1, max_fraction=0.7, max_shade=0.5),
    "free": MesmaSettings((2, 3, 4), -9, 9, -9, 9, np.inf, 0.0),
}


def assert_as_plain(found, plain, tolerance=1e-6):
    """Every number of every pixel is that of the plain way."""
    assert found.level.tolist() == [one.level for one in plain]
    explained = found.level > 0
    kept = [one for one in plain if one.level]
    for name in ("fractions", "shade", "rmse", "members"):
        expected = np.array([getattr(one, name) for one in kept])
        mine = getattr(found, name)[explained].numpy()
        np.testing.assert_allclose(mine, expected.reshape(mine.shape), atol=tolerance, rtol=0)
    assert found.fractions[~explained].isnan().all()
    assert found.shade[~explained].isnan().all()
    assert found.rmse[~explained].isnan().all()
    assert (found.members[~explained] == -1).all()


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("shaded", [False, True])
def test_mesma_is_what_trying_every_model_in_the_bands_gives(
    name, shaded, bundles_and_pixels, plain_mesma
):
    library, class_of, pixels = bundles_and_pixels(3)
    shade = 0.03 * torch.rand(12, generator=torch.Generator().manual_seed(1)).double()
    shade = shade if shaded else torch.zeros_like(shade)
    found = Mesma.of(library, class_of, SETTINGS[name], shade=shade).unmix(pixels)
    numbers = (library.numpy(), class_of, SETTINGS[name], shade.numpy())
    assert_as_plain(found, [plain_mesma(pixel, *numbers) for pixel in pixels.numpy()])
    if name == "as VIPER":
        assert len(found.level.unique()) == 3  # 2, 3 and none: the case is not empty


def test_four_classes_and_shade_are_as_the_plain_way(bundles_and_pixels, plain_mesma):
    library, class_of, pixels = bundles_and_pixels(5, sizes=(2, 2, 3, 2), n_pixels=20)
    chosen = MesmaSettings(levels=(2, 4, 5), min_gain=0.001, max_rmse=0.05)
    found = Mesma.of(library, class_of, chosen).unmix(pixels)
    numbers = (library.numpy(), class_of, chosen, np.zeros(12))
    assert_as_plain(found, [plain_mesma(pixel, *numbers) for pixel in pixels.numpy()])
    assert {4, 5} <= set(found.level.tolist())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), similar=st.sampled_from([1.0, 1e-2, 1e-4]))
def test_similar_spectra_cost_no_accuracy(seed, similar, bundles_and_pixels, plain_mesma):
    library, class_of, pixels = bundles_and_pixels(seed, sizes=(2, 3), n_bands=8, n_pixels=6)
    library = 0.3 + similar * (library - 0.3)
    chosen = MesmaSettings((3,), -1e9, 1e9, -1e9, 1e9, np.inf, 0.0)
    found = Mesma.of(library, class_of, chosen).unmix(pixels)
    for k, pixel in enumerate(pixels.numpy()):
        plain = plain_mesma(pixel, library.numpy(), class_of, chosen, np.zeros(8))
        assert abs(float(found.rmse[k]) - plain.rmse) < 1e-9
        size = max(1.0, float(np.abs(plain.fractions).max()))
        np.testing.assert_allclose(found.fractions[k], plain.fractions, atol=1e-6 * size)


def test_an_exact_mixture_is_found_with_its_spectra(bundles_and_pixels):
    library, class_of, _ = bundles_and_pixels(0)
    truth = torch.tensor([[0.5, 0.2, 0.1], [0.2, 0.4, 0.4]], dtype=torch.float64)
    members = torch.tensor([[1, 3, 8], [0, 4, 5]])
    pixels = torch.einsum("pk,pkb->pb", truth, library[members])
    found = Mesma.of(library, class_of, MesmaSettings(levels=(4,))).unmix(pixels)
    assert torch.equal(found.members, members)
    torch.testing.assert_close(found.fractions, truth, atol=1e-9, rtol=0)
    torch.testing.assert_close(found.shade, 1 - truth.sum(dim=1), atol=1e-9, rtol=0)
    assert (found.rmse < 1e-9).all()
    lit = found.without_shade.sum(dim=1)
    torch.testing.assert_close(lit, torch.ones_like(lit))


def test_a_pixel_of_the_library_is_its_own_class_alone(bundles_and_pixels):
    """Rounding must not push its fraction of 1 over the limit on shade."""
    library, class_of, _ = bundles_and_pixels(1)
    found = Mesma.of(library, class_of).unmix(library)
    assert found.level.tolist() == [2] * len(library)
    own = found.members[torch.arange(len(library)), torch.tensor(class_of)]
    assert own.tolist() == list(range(len(library)))


def test_cutting_pixels_and_models_otherwise_changes_nothing(bundles_and_pixels, monkeypatch):
    library, class_of, pixels = bundles_and_pixels(2, n_pixels=100)
    models = Mesma.of(library, class_of, MesmaSettings(levels=(2, 3, 4)))
    whole = models.unmix(pixels)
    monkeypatch.setattr(search, "TILE", 7)
    monkeypatch.setattr("unmix.mesma.fusion.CHUNK", 12 * 11)
    for one, other in zip(whole, models.unmix(pixels), strict=True):
        torch.testing.assert_close(one, other, atol=1e-12, rtol=0, equal_nan=True)


def test_more_gain_asked_for_never_raises_a_level(bundles_and_pixels):
    library, class_of, pixels = bundles_and_pixels(4, n_pixels=200)
    levels = [
        Mesma.of(library, class_of, MesmaSettings((2, 3, 4), min_gain=gain)).unmix(pixels).level
        for gain in (0.0, 0.003, 0.01, 1.0)
    ]
    for less, more in itertools.pairwise(levels):
        assert (more <= less).all()
    assert not torch.equal(levels[0], levels[-1])


def test_models_of_dependent_spectra_are_not_tried():
    library = torch.tensor([[0.2, 0.4, 0.1], [0.4, 0.8, 0.2], [0.3, 0.1, 0.1], [0.0, 0.0, 0.0]])
    models = Mesma.of(library, [0, 1, 2, 2])
    assert models.n_models == {2: 3, 3: 2}
    found = models.unmix(library[:1])
    assert found.members.tolist() == [[0, -1, -1]]


def test_float32_pixels_are_worked_on_in_float64(bundles_and_pixels):
    library, class_of, pixels = bundles_and_pixels(6)
    models = Mesma.of(library, class_of)
    single = models.unmix(pixels.float())
    torch.testing.assert_close(single, models.unmix(pixels.float().double()), equal_nan=True)
    assert single.fractions.dtype == torch.float64


def test_no_pixels_give_no_mixtures(bundles_and_pixels):
    library, class_of, pixels = bundles_and_pixels(0)
    assert Mesma.of(library, class_of).unmix(pixels[:0]).fractions.shape == (0, 3)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_chooses_the_same_models(bundles_and_pixels):
    library, class_of, pixels = bundles_and_pixels(2, n_pixels=5000)
    settings = MesmaSettings(levels=(2, 3, 4))
    here = Mesma.of(library, class_of, settings).unmix(pixels)
    there = Mesma.of(library, class_of, settings, device="cuda").unmix(pixels)
    for one, other in zip(here, there, strict=True):
        torch.testing.assert_close(one, other, atol=1e-8, rtol=0, equal_nan=True)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"class_of": [0, 1]}, "`class_of` has 2 entries for 9 spectra"),
        ({"settings": MesmaSettings(levels=(5,))}, "level 5 mixes 4 classes and shade"),
        ({"shade": torch.zeros(5)}, "measured on the same bands"),
        ({"spectra": torch.full((9, 12), torch.nan)}, "NaN or infinite"),
        ({"spectra": torch.rand(9, 1)}, "level 3 needs at least 2 bands"),
        ({"spectra": torch.ones(9, 12)}, "no model of level 3 has a solution"),
    ],
)
def test_what_cannot_be_unmixed_is_refused(changed, message, bundles_and_pixels):
    library, class_of, _ = bundles_and_pixels(0)
    arguments = {"spectra": library, "class_of": class_of} | changed
    with pytest.raises(UnmixError, match=message):
        Mesma.of(**arguments)


def test_pixels_of_other_bands_or_without_numbers_are_refused(bundles_and_pixels):
    library, class_of, pixels = bundles_and_pixels(0)
    models = Mesma.of(library, class_of)
    with pytest.raises(UnmixError, match="measured on the same bands"):
        models.unmix(pixels[:, 1:])
    with pytest.raises(UnmixError, match="NaN or infinite"):
        models.unmix(torch.full_like(pixels, torch.nan))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"levels": ()}, "`levels` must be some of 2, 3, 4, 5"),
        ({"levels": (1, 2)}, "`levels` must be some of 2, 3, 4, 5"),
        ({"min_fraction": 2.0}, "`min_fraction` must be less than `max_fraction`"),
        ({"max_shade": -0.1}, "`min_shade` must be less than `max_shade`"),
        ({"max_rmse": 0.0}, "`max_rmse` must be positive"),
        ({"min_gain": -1.0}, "`min_gain` must not be negative"),
    ],
)
def test_settings_that_leave_nothing_are_refused(changed, message):
    with pytest.raises(UnmixError, match=message):
        MesmaSettings(**changed)
