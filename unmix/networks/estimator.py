"""The estimator: fits a network of chosen parts to a scene, as scikit-learn does."""

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import torch
from sklearn.base import BaseEstimator, TransformerMixin

from unmix.device import resolve_device
from unmix.errors import UnmixError
from unmix.inputs import (
    SpectraSource,
    check_enough,
    check_parameters,
    learnable,
    origin_of,
    seed_of,
)
from unmix.networks.assembly import Coreset, Known, assemble
from unmix.networks.batches import PatchBatches, PixelBatches
from unmix.networks.calibration import deviation_scale
from unmix.networks.coordinates import Coordinates, find_coordinates
from unmix.networks.dead import active
from unmix.networks.dropping import without
from unmix.networks.fitted import FittedNetwork
from unmix.networks.gathering import Rows, Side, Spectra, gather, is_cube, patches_of
from unmix.networks.members import member
from unmix.networks.network import Network, Pixels
from unmix.networks.settings import NetworkSettings
from unmix.networks.training import one_thread, train
from unmix.unmixer import Unmixer

LOOKED_AT = 8192
"""Pixels in which thresholds, dead units and deviations are looked at after training ..."""
PATCHES_LOOKED_AT = 48
"""... and patches."""

FEWEST = 4
"""Coordinates at least, however few stand out of the noise."""
ALIKE, LEAST_ALIKE = 0.25, 1000
"""Share of the pixels whose side information is taken for the same, and how many at least."""


class NetworkUnmixer(FittedNetwork, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """An autoencoder whose encoder, code, decoder, penalties and prior are chosen by name.

    For plain unmixing, `unmix.Unmixer` is the better choice; see docs/family.md for what each
    member of this family is good for.

    Parameters
    ----------
    n_endmembers : int
        Codes, 2 or more. More than materials are an overcomplete dictionary.
    member : str
        A named choice of settings; see `unmix.networks.MEMBERS`.
    settings : NetworkSettings, optional
        Instead of the member's.
    unmixer : Unmixer, optional
        Fitted; its endmembers are the decoder ``fixed``. By default one is fitted first.
    max_pixels : int
        Pixels that take part in learning; more are sampled evenly from the scene.
    random_state : int or None
        Seed. The same seed gives the same network, bit for bit, on one device.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"``, ...
    progress : callable, optional
        Called with the share of the fit that is done, 0 to 1.

    Attributes
    ----------
    network_ : Network
    endmembers_ : ndarray of shape (n_codes, n_bands), float32
    n_endmembers_ : int
        Codes; fewer than asked for where dead units were dropped.
    endmember_names_ : list of str
    n_dead_ : int
        Units that no pixel uses, dropped ones included.
    mean_codes_ : list of float
        Mean of each code over the pixels learned from.
    deviation_scale_ : float
        What posterior deviations are multiplied by; see `unmix.networks.calibration`.
    loss_ : float
        Mean squared residual in a coordinate, in variances of the noise.
    halo_ : int
        Pixels around a pixel that its codes depend on.
    wavelengths_nm_, fwhm_nm_, unit_, source_, seed_, n_features_in_
        As of `unmix.Unmixer`.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> materials = np.array([[0.1, 0.1, 0.5, 0.6], [0.3, 0.4, 0.4, 0.1], [0.1, 0.3, 0.1, 0.2]])
    >>> spectra = rng.dirichlet([0.3, 0.3, 0.3], size=500) @ materials
    >>> from unmix.networks import NetworkSettings, Training
    >>> settings = NetworkSettings(training=Training(n_steps=50))
    >>> NetworkUnmixer(3, settings=settings).fit(spectra).transform(spectra).shape
    (500, 3)
    """

    def __init__(
        self,
        n_endmembers: int = 5,
        *,
        member: str = "sparse",
        settings: NetworkSettings | None = None,
        unmixer: Unmixer | None = None,
        max_pixels: int = 50_000,
        random_state: int | None = 0,
        device: str = "auto",
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self.n_endmembers = n_endmembers
        self.member = member
        self.settings = settings
        self.unmixer = unmixer
        self.max_pixels = max_pixels
        self.random_state = random_state
        self.device = device
        self.progress = progress

    def fit(self, spectra: Spectra, y: None = None, side: Side = None) -> Self:
        """Learn a network.

        Parameters
        ----------
        spectra : Scene, or array of shape (n_pixels, n_bands) or (n_bands, height, width)
            Convolutional networks need a scene or a cube; in a cube NaN is no pixel.
        y : None
            Ignored.
        side : array of shape (n_pixels, n_side) or (n_side, height, width), optional
            What is known of each pixel beside its spectrum: encoder and decoder see it.

        Returns
        -------
        self

        Raises
        ------
        UnmixError
            If a parameter is out of its range, or does not fit the spectra.
        """
        settings = self.settings or member(self.member)
        if isinstance(self.n_endmembers, str):
            raise UnmixError("`n_endmembers` must be a number for a network; see `unmix count`.")
        check_parameters(self.n_endmembers, "reflectance", self.max_pixels, None, 0)
        _check_shape(settings, spectra, self.n_endmembers)
        seed = seed_of(self.random_state)
        device = resolve_device(self.device)
        rows = gather(spectra, side, self.max_pixels, seed)
        rows = Rows(rows.spectra.to(device), rows.side.to(device))
        usable = learnable(rows.spectra) & rows.side.isfinite().all(dim=1)
        n_given = len(usable)
        rows = Rows(rows.spectra[usable], rows.side[usable])
        check_enough(rows.spectra, 2, n_given)
        with one_thread():
            fitted = self._learn(settings, spectra, side, rows, seed)
        origin = origin_of(spectra)
        names = [f"endmember {k + 1}" for k in range(fitted.network.sizes.n_codes)]
        learned = {**fitted.found, **origin, "endmember_names": names, "seed": seed}
        self._keep(fitted.network, learned)
        return self

    def _learn(
        self, settings: NetworkSettings, spectra: Spectra, side: Side, rows: Rows, seed: int
    ) -> "_Learned":
        """From pixels to a trained network and what is known of it."""
        generator = torch.Generator().manual_seed(seed)
        known = self._known(rows, seed) if settings.decoder == "fixed" else None
        n_codes = self.n_endmembers if known is None else len(known.endmembers)
        least = FEWEST if known is None else n_codes
        coordinates = find_coordinates(rows.spectra, least)
        network, coreset = assemble(settings, n_codes, rows, coordinates, known, generator)
        batches = _batches(settings, network, coreset, spectra, side, rows, coordinates, generator)
        train(network, batches, generator, self.progress or (lambda share: None))
        return _finished(network, _some(batches.everything), generator)

    def _known(self, rows: Rows, seed: int) -> Known:
        """What the default model says of the pixels."""
        model = self.unmixer
        if model is None:
            model = Unmixer(
                self.n_endmembers, n_refits=0, random_state=seed, device=self.device
            ).fit(_alike(rows))
        if model.n_features_in_ != rows.spectra.shape[1]:
            raise UnmixError(
                f"`unmixer` was fitted on {model.n_features_in_} bands, but the spectra have "
                f"{rows.spectra.shape[1]}. Fit it on the same bands."
            )
        residuals = model.residuals_
        noise = (residuals.level / max(residuals.n_dimensions, 1.0)) ** 0.5
        endmembers = torch.as_tensor(model.endmembers_).to(rows.spectra)
        return Known(endmembers, max(noise, model.noise_), model.brightness_spread_)


def _alike(rows: Rows) -> torch.Tensor:
    """Spectra to learn endmembers from: those whose side information is near its median.

    What it changes in spectra is not taken for a material there.
    """
    if rows.side.shape[1] == 0:
        return rows.spectra
    apart = (rows.side - rows.side.median(dim=0).values) / rows.side.std(dim=0).clamp(min=1e-9)
    n_kept = max(LEAST_ALIKE, int(ALIKE * len(apart)))
    return rows.spectra[apart.norm(dim=1).argsort(stable=True)[:n_kept].sort().values]


class _Learned(NamedTuple):
    """A trained network and what is known of it."""

    network: Network
    found: dict[str, Any]


@torch.no_grad()
def _finished(network: Network, pixels: Pixels, generator: torch.Generator) -> _Learned:
    """Set thresholds, leave dead units out, and look at the result."""
    from unmix.networks.batches import batch_of

    batch = batch_of(pixels, network.halo)
    raw = network.raw(pixels)
    network.code.set_threshold_(raw[batch.seen])
    codes = network.code(raw[:, : network.sizes.n_codes])[batch.seen]
    used = active(codes).any(dim=0)
    n_dead = int((~used).sum())
    droppable = network.settings.decoder != "fixed" and int(used.sum()) >= 2
    if network.settings.training.dead == "drop" and n_dead and droppable:
        network = without(network, ~used)
        codes = codes[:, used]
    mixture = network.mix(codes, batch.side[batch.seen])
    target = batch.target[batch.seen]
    residual = network.light(target, mixture) * mixture - target
    scale = 1.0
    if network.prior is not None:
        scale = deviation_scale(network, pixels, generator)
    found = {
        "n_dead": n_dead,
        "mean_codes": codes.mean(dim=0).tolist(),
        "loss": float(residual.square().mean()) / network.noise**2,
        "deviation_scale": scale,
    }
    return _Learned(network, found)


def _batches(
    settings: NetworkSettings,
    network: Network,
    coreset: Coreset,
    spectra: Spectra,
    side: Side,
    rows: Rows,
    coordinates: Coordinates,
    generator: torch.Generator,
) -> PixelBatches | PatchBatches:
    """What the network learns from."""
    steps = settings.training
    if network.halo:
        size = (steps.patch, network.halo)
        patches = patches_of(spectra, side, coordinates, size, generator)
        return PatchBatches(patches, network.halo, steps.batch_size)
    if steps.learn_from == "coreset":
        return PixelBatches(coreset.coordinates, coreset.side, coreset.weights, steps.batch_size)
    return PixelBatches(coordinates.of(rows.spectra), rows.side, None, steps.batch_size)


def _some(everything: Pixels) -> Pixels:
    """Some of the pixels or patches, evenly spread."""
    most = LOOKED_AT if everything.coordinates.ndim == 2 else PATCHES_LOOKED_AT
    step = max(1, len(everything.coordinates) // most)
    return Pixels(*(part[::step][:most] for part in everything))


def _check_shape(settings: NetworkSettings, spectra: Spectra, n_codes: int) -> None:
    if settings.n_active is not None and settings.n_active > n_codes:
        raise UnmixError(
            f"`n_active` is {settings.n_active}, but there are only {n_codes} codes. "
            "Ask for fewer active ones, or for more endmembers."
        )
    flat = not isinstance(spectra, SpectraSource) and not is_cube(spectra)
    if settings.encoder == "convolutional" and flat:
        raise UnmixError(
            "The encoder 'convolutional' looks at the neighbourhood of a pixel. Fit it to a scene "
            "or a cube (n_bands, height, width), not to rows of pixels."
        )
