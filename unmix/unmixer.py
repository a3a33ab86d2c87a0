"""The estimator: learns a scene's materials and reads their abundances, as scikit-learn does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from torch import Tensor

from unmix.abundances import Abundances, read_abundances
from unmix.autoencoder import (
    Endmembers,
    FitSettings,
    LinearDecoder,
    SparseAutoencoder,
    SparseCodingEncoder,
    fit_endmembers,
)
from unmix.autoencoder.coreset import bright_pixels
from unmix.device import resolve_device
from unmix.errors import UnmixError
from unmix.inputs import SpectraSource, as_rows, check_enough, check_parameters, seed_of
from unmix.model_file import LEARNED, PARAMETERS, ModelState, read_state, write_state
from unmix.readings import Reading


class Unmixer(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Blind unmixing with a nonnegative sparse autoencoder.

    A pixel is a nonnegative mixture of materials under its own illumination,
    ``y = s * sum_k f_k r_k + noise``. Fitting learns the ``r_k`` (`endmembers_`, the decoder's
    weights) from spectra of unit length, so that the illumination ``s`` does not matter; reading
    finds the fractions ``f_k`` of a pixel exactly, by nonnegative least squares.

    Pixels are rows, ``Y ~= A @ E``: the transpose of most papers' orientation.

    Parameters
    ----------
    n_endmembers : int
        Materials to find, from 2 to the number of bands.
    reading : {"reflectance", "fcls", "peak", "l2"}
        How fractions are read; see `unmix.abundances.read_abundances`.
    settings : FitSettings, optional
        Of the learning. The defaults are meant for every scene.
    max_pixels : int
        Pixels that take part in learning; more are sampled evenly from the scene.
    random_state : int or None
        Seed. The same seed gives the same result, bit for bit, on one device. None draws one,
        which is found in `seed_`.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"``, ...
    progress : callable, optional
        Called with the share of the fit that is done, 0 to 1.

    Attributes
    ----------
    endmembers_ : ndarray of shape (n_endmembers, n_bands), float32
        Endmember spectra in the unit of the input (reflectance), most abundant first.
    endmember_names_ : list of str
    n_members_ : ndarray of shape (n_endmembers,)
        Near-pure pixels that each endmember is the mean of.
    autoencoder_ : SparseAutoencoder
        The learned model on unit spectra: ``encode`` and ``decode``.
    wavelengths_nm_, fwhm_nm_ : ndarray of shape (n_bands,) or None
        Of the scene that was fitted.
    loss_ : float
        Mean length of the residual of unit spectra.
    start_losses_ : ndarray of shape (n_starts,)
        The same for every restart, in ascending order.
    n_features_in_ : int
        Bands.
    unit_ : str
        What the endmembers are measured in.
    source_ : dict
        What the model was fitted on.
    seed_ : int

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> materials = np.array([[0.1, 0.1, 0.5, 0.6], [0.3, 0.4, 0.4, 0.1], [0.1, 0.3, 0.1, 0.2]])
    >>> fractions = rng.dirichlet([0.3, 0.3, 0.3], size=500)
    >>> spectra = fractions @ materials
    >>> model = Unmixer(n_endmembers=3).fit(spectra)
    >>> bool(np.abs(model.inverse_transform(model.transform(spectra)) - spectra).max() < 0.02)
    True
    """

    def __init__(
        self,
        n_endmembers: int = 5,
        *,
        reading: Reading = "reflectance",
        settings: FitSettings | None = None,
        max_pixels: int = 50_000,
        random_state: int | None = 0,
        device: str = "auto",
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self.n_endmembers = n_endmembers
        self.reading = reading
        self.settings = settings
        self.max_pixels = max_pixels
        self.random_state = random_state
        self.device = device
        self.progress = progress

    def fit(self, spectra: SpectraSource | Tensor | NDArray[Any], y: None = None) -> Self:
        """Learn the endmembers.

        Parameters
        ----------
        spectra : Scene, Tensor or ndarray of shape (n_pixels, n_bands)
            Reflectance. Rows with NaN or infinite values, and black ones, are left out.
        y : None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        UnmixError
            If a parameter is out of its range, or the spectra hold nothing to unmix.
        """
        check_parameters(self.n_endmembers, self.reading, self.max_pixels, self.settings)
        device = resolve_device(self.device)
        seed = seed_of(self.random_state)
        given = self._pixels_to_learn_from(spectra, seed).to(device)
        pixels = given[bright_pixels(given)]
        check_enough(pixels, self.n_endmembers, len(given))
        generator = torch.Generator().manual_seed(seed)
        settings = self.settings or FitSettings()
        progress = self.progress or (lambda share: None)
        learned = fit_endmembers(pixels, self.n_endmembers, settings, generator, progress)
        self.seed_ = seed
        self._keep(learned, pixels)
        self._keep_source(spectra)
        return self

    def transform(
        self, spectra: SpectraSource | Tensor | NDArray[Any]
    ) -> Tensor | NDArray[np.float32]:
        """Fractions of each endmember in each pixel, by the model's reading.

        Parameters
        ----------
        spectra : Scene, Tensor or ndarray of shape (n_pixels, n_bands)
            On the bands of the fit.

        Returns
        -------
        ndarray, or Tensor for a Tensor or a Scene, of shape (n_pixels, n_endmembers), float32
            Nonnegative, each row summing to one. Rows of invalid or unexplained (black) pixels
            are NaN. For a Scene: its valid pixels in order, read block by block.

        Raises
        ------
        UnmixError
            If the model is not fitted or the number of bands differs.
        """
        if isinstance(spectra, SpectraSource):
            self._check_fitted()
            none = torch.empty(0, len(self.endmembers_))
            maps = [self.read(block.spectra).fractions for block in spectra.blocks()]
            return torch.cat([none, *maps])
        fractions = self.read(as_rows(spectra)).fractions
        return fractions if isinstance(spectra, Tensor) else fractions.numpy()

    def inverse_transform(self, abundances: Tensor | NDArray[Any]) -> Tensor | NDArray[np.float32]:
        """Spectra of given abundances, ``A @ E``, in the unit of the fit.

        Parameters
        ----------
        abundances : Tensor or ndarray of shape (n_pixels, n_endmembers)
            Fractions, or fractions times brightness.

        Returns
        -------
        Tensor or ndarray of shape (n_pixels, n_bands), float32
        """
        self._check_fitted()
        values = as_rows(abundances)
        if values.shape[1] != len(self.endmembers_):
            raise UnmixError(
                f"`abundances` has {values.shape[1]} columns but the model has "
                f"{len(self.endmembers_)} endmembers."
            )
        spectra = values @ torch.as_tensor(self.endmembers_).to(values.device)
        return spectra if isinstance(abundances, Tensor) else spectra.numpy()

    def read(self, spectra: Tensor, reading: Reading | None = None) -> Abundances:
        """Fractions and brightness of spectra, by the model's reading or another.

        Parameters
        ----------
        spectra : Tensor of shape (n_pixels, n_bands)
        reading : str, optional
            See `unmix.abundances.read_abundances`.

        Returns
        -------
        Abundances
            In float32, on the device of the spectra.

        Raises
        ------
        UnmixError
            If the model is not fitted or the number of bands differs.
        """
        self._check_fitted()
        spectra = as_rows(spectra)
        if spectra.shape[1] != self.n_features_in_:
            raise UnmixError(
                f"`spectra` has shape {tuple(spectra.shape)} but the model was fitted on "
                f"{self.n_features_in_} bands. Pass (n_pixels, {self.n_features_in_})."
            )
        valid = spectra.isfinite().all(dim=1)
        device = resolve_device(self.device)
        endmembers = torch.as_tensor(self.endmembers_).to(device)
        found = read_abundances(spectra[valid].to(device), endmembers, reading or self.reading)
        fractions = spectra.new_full((len(spectra), len(endmembers)), torch.nan)
        brightness = spectra.new_full((len(spectra),), torch.nan)
        fractions[valid] = found.fractions.to(fractions)
        brightness[valid] = found.brightness.to(brightness)
        return Abundances(fractions, brightness)

    def save(self, folder: str | Path) -> None:
        """Write the fitted model as ``model.json`` and ``model.safetensors``.

        Parameters
        ----------
        folder : path
            Made if it is not there.

        Raises
        ------
        UnmixError
            If the model is not fitted.
        OutputError
            If the folder cannot be written.
        """
        self._check_fitted()
        state = ModelState(
            parameters={name: getattr(self, name) for name in PARAMETERS},
            settings=self.settings or FitSettings(),
            **{name: getattr(self, f"{name}_") for name in LEARNED},
        )
        write_state(state, Path(folder))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a model that `save` wrote.

        Parameters
        ----------
        folder : path

        Returns
        -------
        Unmixer
            Fitted.

        Raises
        ------
        ModelFileError
            If the folder does not hold a model of ours.
        """
        state = read_state(Path(folder))
        model = cls(**state.parameters, settings=state.settings)
        for name in LEARNED:
            setattr(model, f"{name}_", getattr(state, name))
        model.set_endmembers_(torch.as_tensor(state.endmembers))
        return model

    def set_endmembers_(self, endmembers: Tensor) -> None:
        """Make these endmembers (n_endmembers, n_bands) the model's, and build its autoencoder."""
        unit = torch.nn.functional.normalize(endmembers, dim=1)
        self.autoencoder_ = SparseAutoencoder(LinearDecoder(unit), SparseCodingEncoder())
        self.endmembers_ = endmembers.cpu().numpy()
        self.n_features_in_ = endmembers.shape[1]

    def _keep(self, learned: Endmembers, pixels: Tensor) -> None:
        """Store what was learned, most abundant endmember first."""
        fractions = read_abundances(pixels, learned.spectra, "reflectance").fractions
        order = fractions.nanmean(dim=0).argsort(descending=True, stable=True)
        self.set_endmembers_(learned.spectra[order])
        self.endmember_names_ = [f"endmember {k + 1}" for k in range(len(order))]
        self.n_members_ = learned.n_members[order].cpu().numpy()
        self.loss_ = learned.loss
        self.start_losses_ = learned.losses.cpu().numpy()

    def _keep_source(self, spectra: SpectraSource | Tensor | NDArray[Any]) -> None:
        """Store what is known of the spectra's origin."""
        self.wavelengths_nm_ = self.fwhm_nm_ = None
        self.source_: dict[str, Any] = {}
        self.unit_ = "reflectance"
        if isinstance(spectra, SpectraSource):
            self.source_ = {"scene": spectra.name}
            self.unit_ = spectra.unit
            self.wavelengths_nm_, self.fwhm_nm_ = spectra.wavelengths_nm, spectra.fwhm_nm

    def _pixels_to_learn_from(
        self, spectra: SpectraSource | Tensor | NDArray[Any], seed: int
    ) -> Tensor:
        """At most `max_pixels` spectra."""
        if isinstance(spectra, SpectraSource):
            return spectra.sample(self.max_pixels, random_state=seed)
        pixels = as_rows(spectra)
        if len(pixels) > self.max_pixels:
            generator = torch.Generator().manual_seed(seed)
            chosen = torch.randperm(len(pixels), generator=generator)[: self.max_pixels]
            pixels = pixels[chosen.sort().values.to(pixels.device)]
        return pixels

    def _check_fitted(self) -> None:
        if not hasattr(self, "endmembers_"):
            raise UnmixError("This Unmixer is not fitted yet. Call `fit` first, or `Unmixer.load`.")
