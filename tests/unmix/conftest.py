"""Mixtures whose truth is known, and models that are quick to learn."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
import torch
from torch import Tensor

from scenes import open_scene
from unmix import FitSettings, Unmixer
from unmix.brightness import ANY_BRIGHTNESS, BrightnessPrior
from unmix.error_sources import Residuals
from unmix.inputs import origin_of
from unmix.learning import FitResult
from unmix.many import fit_scenes
from unmix.simulation import Simulation
from unmix.simulation.write import write_simulated_scene


@dataclass(frozen=True)
class Mixture:
    """Spectra = brightness x abundances @ endmembers + noise, with the truth beside them."""

    spectra: Tensor
    endmembers: Tensor
    abundances: Tensor
    brightness: Tensor


class FakeScene:
    """As little of a scene as an Unmixer needs; remembers what it was asked for."""

    def __init__(self, spectra: Tensor, block: int = 100) -> None:
        self.name = "fläche 7"
        self.unit = "radiance"
        self.n_bands = spectra.shape[1]
        self.wavelengths_nm = np.linspace(400, 2500, self.n_bands) + 1 / 3
        self.fwhm_nm = np.full(self.n_bands, 10.1)
        self.asked: list[tuple[int, int | None]] = []
        self._spectra, self._block = spectra, block

    def sample(self, n_pixels: int, random_state: int | None) -> Tensor:
        self.asked.append((n_pixels, random_state))
        return self._spectra[:n_pixels]

    def blocks(self) -> Iterator[SimpleNamespace]:
        return (SimpleNamespace(spectra=part) for part in self._spectra.split(self._block))


MixtureMaker = Callable[..., Mixture]


def make_mixture(
    seed: int = 0,
    *,
    n_endmembers: int = 4,
    n_bands: int = 50,
    n_pixels: int = 400,
    n_pure: int = 12,
    snr_db: float | None = None,
    shade: float = 0.0,
) -> Mixture:
    """Smooth materials, Dirichlet abundances, `n_pure` pure pixels of each, in random order."""
    rng = np.random.default_rng(seed)
    axis = np.linspace(0, 1, n_bands)

    def material() -> np.ndarray:
        bumps = zip(rng.random(3), rng.uniform(0.06, 0.3, 3), rng.uniform(0.1, 0.5, 3), strict=True)
        return 0.08 + sum(
            height * np.exp(-(((axis - at) / wide) ** 2)) for at, wide, height in bumps
        )

    endmembers = np.array([material() for _ in range(n_endmembers)])
    pure = np.repeat(np.eye(n_endmembers), n_pure, axis=0)
    mixed = rng.dirichlet([0.5] * n_endmembers, n_pixels - len(pure))
    abundances = rng.permutation(np.concatenate([pure, mixed]))
    brightness = rng.uniform(1 - shade, 1 + shade, n_pixels)
    spectra = brightness[:, None] * (abundances @ endmembers)
    if snr_db is not None:
        sigma = np.sqrt((spectra**2).mean() / 10 ** (snr_db / 10))
        spectra = spectra + sigma * rng.standard_normal(spectra.shape)
    arrays = (spectra, endmembers, abundances, brightness)
    return Mixture(*(torch.as_tensor(array, dtype=torch.float32) for array in arrays))


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """The tensors here are small: a second thread only waits for the first."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="session")
def mixture_of() -> MixtureMaker:
    return make_mixture


@pytest.fixture(scope="session")
def scene_of() -> type[FakeScene]:
    return FakeScene


@pytest.fixture(scope="session")
def known_mixture() -> Mixture:
    """Noise free, with pure pixels of each of its 4 materials, all equally bright."""
    return make_mixture(0)


@pytest.fixture(scope="session")
def noisy_mixture() -> Mixture:
    """The same at 30 dB."""
    return make_mixture(0, snr_db=30)


@pytest.fixture(scope="session")
def quick() -> FitSettings:
    """A tenth of the work, for laws that do not depend on how well the learning went."""
    return FitSettings(n_points=100, n_starts=4, n_steps=60)


@pytest.fixture(scope="session")
def half() -> FitSettings:
    """About half of the work, which loses nothing on mixtures as small as these."""
    return FitSettings(n_points=400, n_starts=8, n_steps=150)


@pytest.fixture(scope="session")
def fitted(known_mixture: Mixture, quick: FitSettings) -> Unmixer:
    """A fitted model, to be looked at only."""
    return Unmixer(4, settings=quick).fit(known_mixture.spectra)


@pytest.fixture(scope="session")
def known_model() -> Callable[..., Unmixer]:
    """A fitted model of given endmembers, as if they had been learned."""

    def model(endmembers: Tensor, prior: BrightnessPrior = ANY_BRIGHTNESS) -> Unmixer:
        n, n_bands = endmembers.shape
        result = FitResult(
            endmembers=endmembers.numpy(),
            n_members=np.ones(n, np.int64),
            start_losses=np.zeros(1, np.float32),
            loss=0.0,
            brightness_spread=prior.spread,
            noise=prior.noise,
            residuals=Residuals(0.0, n_bands),
            mean_fractions=np.full(n, 1 / n),
            endmember_samples=np.empty((0, n, n_bands), np.float32),
            n_endmembers_reason=None,
            known=np.zeros(n, np.int64),
        )
        names = [f"endmember {k + 1}" for k in range(n)]
        made = Unmixer(n)
        made._keep({**vars(result), **origin_of(endmembers), "endmember_names": names, "seed": 0})
        return made

    return model


def problem(kind: str, n: int, n_bands: int, seed: int) -> tuple[Tensor, Tensor]:
    """Pixels of every kind, and endmembers of one, both float64."""
    rng = np.random.default_rng(seed)
    endmembers = rng.random((n, n_bands)) + 0.05
    if kind == "similar":
        endmembers = 0.5 + 1e-2 * rng.standard_normal((n, n_bands))
    elif kind == "duplicate":
        endmembers[-1] = endmembers[0]
    elif kind == "black":
        endmembers[-1] = 0
    elif kind == "collinear":
        endmembers[-1] = 0.3 * endmembers[0] + 0.7 * endmembers[n // 2]
    elif kind == "more endmembers than bands":
        endmembers = endmembers[:, : max(2, n // 2)]
    elif kind == "all the same":
        endmembers[:] = endmembers[0]
    mixed = rng.dirichlet([0.4] * n, 8) @ endmembers
    noise = rng.standard_normal((4, endmembers.shape[1]))
    pixels = [
        mixed,
        mixed + 0.05 * rng.standard_normal(mixed.shape),
        noise,
        -endmembers[:1],
        endmembers[:2],
        endmembers.mean(axis=0, keepdims=True),
        1000 * mixed[:1],
        1e-6 * mixed[:1],
        np.zeros((1, endmembers.shape[1])),
    ]
    return torch.from_numpy(np.concatenate(pixels)), torch.from_numpy(endmembers)


def assert_optimal(
    spectra: Tensor, endmembers: Tensor, abundances: Tensor, sum_to_one: bool, tolerance: float
) -> None:
    """The Karush-Kuhn-Tucker conditions, in the unit of each pixel's products."""
    assert (abundances >= 0).all()
    gradient = abundances @ (endmembers @ endmembers.T) - spectra @ endmembers.T
    size = (spectra @ endmembers.T).abs().amax(dim=1)
    if sum_to_one:
        torch.testing.assert_close(
            abundances.sum(dim=1), torch.ones(len(spectra)).double(), atol=1e-8, rtol=0
        )
        size = size + endmembers.square().sum(dim=1).max()
        gradient = gradient - (gradient * abundances).sum(dim=1, keepdim=True)
    bound = (tolerance * size + 1e-300)[:, None]
    assert (gradient >= -bound).all(), "an abundance at zero wants to grow"
    on_support = gradient * (abundances > 0)
    assert (on_support.abs() <= bound).all(), "a positive abundance wants to change"


@pytest.fixture(scope="session", name="problem")
def _problem() -> Callable[[str, int, int, int], tuple[Tensor, Tensor]]:
    """Pixels and endmembers whose abundances are asked for."""
    return problem


@pytest.fixture(scope="session", name="assert_optimal")
def _assert_optimal() -> Callable[[Tensor, Tensor, Tensor, bool, float], None]:
    """The check that abundances are those with the least squares."""
    return assert_optimal


@pytest.fixture
def every_warning_of_torch() -> Iterator[None]:
    """Torch gives most of its warnings only once in a program."""
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)


@pytest.fixture(scope="session")
def flight_lines(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three small scenes of one sensor and the same materials, on disk."""
    folder = tmp_path_factory.mktemp("lines")
    return [
        write_simulated_scene(
            Simulation(
                height=24 + 4 * k,
                width=30,
                materials=("sand", "water", "green vegetation"),
                sensor="enmap",
                nodata_border=2 * k,
                seed=k,
            ),
            folder / f"line{k}.hdr",
        ).scene
        for k in range(3)
    ]


@pytest.fixture(scope="session")
def line_model(flight_lines: list[Path], quick: FitSettings) -> Unmixer:
    """A model of all of them, to be looked at only."""
    model = Unmixer(3, settings=quick, n_refits=1)
    return fit_scenes([open_scene(path) for path in flight_lines], model)


@pytest.fixture(scope="session")
def rasters_of() -> Callable[[Path], dict[str, np.ndarray]]:
    """The pixels of all rasters of a folder, by their names."""

    def rasters(folder: Path) -> dict[str, np.ndarray]:
        found = {}
        for path in sorted(folder.rglob("*.tif")):
            with rasterio.open(path) as dataset:
                found[path.name] = dataset.read()
        return found

    return rasters


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out pictures and pages, which take longest; other processes draw them all the same."""
    for module in ("unmix.report.preview.draw_preview", "unmix.report.page.write_report"):
        monkeypatch.setattr(module, lambda *_, **__: None)


WAYS = {
    "all supports": {},
    "exchanges": {"support_table.TRIED_PIXELS": 1, "support_table.EXCHANGES": 100},
    "own systems": {"supports.TABLE_SIZE": 0},
}


@pytest.fixture(scope="module", params=WAYS)
def each_way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each way of the solver to the right support, also where it would take another."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in WAYS[request.param].items():
            patch.setattr(f"unmix.{name}", value)
        yield
