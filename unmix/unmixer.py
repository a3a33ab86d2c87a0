"""The estimator: learns a scene's materials and reads their abundances, as scikit-learn does."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from torch import Tensor

from unmix.autoencoder import FitSettings
from unmix.device import resolve_device
from unmix.errors import UnmixError
from unmix.fitted_model import FittedModel
from unmix.inputs import (
    Number,
    SpectraSource,
    as_rows,
    check_enough,
    check_parameters,
    learnable,
    origin_of,
    pixels_to_learn_from,
    seed_of,
)
from unmix.known import endmember_names, known_spectra, places_of_known
from unmix.learning import learn
from unmix.readings import Reading


class Unmixer(FittedModel, TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Unmixing with a nonnegative sparse autoencoder: blind, or beside materials that are known.

    A pixel is a nonnegative mixture of materials under its own illumination,
    ``y = s * sum_k f_k r_k + noise``. Fitting learns the ``r_k`` (`endmembers_`, the decoder's
    weights) from spectra of unit length, so that the illumination ``s`` does not matter; reading
    finds the fractions ``f_k`` of a pixel exactly, by constrained least squares. How far ``s``
    varies is learned too.

    Pixels are rows, ``Y ~= A @ E``: the transpose of most papers' orientation.

    Parameters
    ----------
    n_endmembers : int or "auto"
        Materials to find, from 2 to the number of bands. ``"auto"`` chooses the number from the
        pixels that take part in learning, more of them than bands; see `unmix.count`.
    known : array of shape (n_known, n_bands), optional
        Spectra of materials that are there, in the unit and on the bands of the scene: a library's
        ``resampled(scene.wavelengths_nm, scene.fwhm_nm).spectra``, for example. They become
        endmembers bit for bit; the others are learned beside them, none if `n_endmembers` are
        known.
    known_names : sequence of str, optional
        Their names; by default they are numbered.
    reading : {"reflectance", "nnls", "fcls", "peak", "l2"}
        How fractions are read; see `unmix.abundances.read_abundances`.
    n_refits : int
        Times that learning is repeated on resampled pixels, for the stability of the endmembers
        and the uncertainty of the fractions, 0 to 100. Three of them take about as long as the fit;
        0 leaves the stability unknown and the uncertainty without its share. Nothing else changes.
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
    known_ : ndarray of shape (n_endmembers,)
        Which of the known spectra each endmember is, from 1; 0 for a learned one.
    n_endmembers_ : int
        How many there are.
    n_endmembers_reason_ : str or None
        Why so many, where the number was chosen.
    n_members_ : ndarray of shape (n_endmembers,)
        Near-pure pixels that each endmember is the mean of; 0 for one outside the data, or known.
    mean_fractions_ : ndarray of shape (n_endmembers,)
        Of the pixels that were learned from.
    stability_ : ndarray of shape (n_endmembers,), float32
        How surely each is found again, 0 to 1; NaN without refits, 1 if known. See
        `unmix.stability`.
    endmember_samples_ : ndarray of shape (n_refits, n_endmembers, n_bands), float32
        What the refits found.
    autoencoder_ : SparseAutoencoder
        The learned model on unit spectra: ``encode`` and ``decode``.
    brightness_prior_ : BrightnessPrior
        What is expected of a pixel's brightness and noise; see `unmix.brightness`.
    error_sources_ : ErrorSources
        What the uncertainty of fractions comes from; see `unmix.error_sources`.
    brightness_spread_ : float
        Standard deviation of the pixels' brightness about 1; see `unmix.brightness`.
    noise_ : float
        Standard deviation of what endmembers leave unexplained in a band, in the unit of the input.
    residuals_ : Residuals
        Size and dimensions of what they leave; see `unmix.error_sources`.
    wavelengths_nm_, fwhm_nm_ : ndarray of shape (n_bands,) or None
        Of the scene that was fitted.
    loss_ : float
        Mean length of what the endmembers leave of the unit spectra they were learned from.
    start_losses_ : ndarray of shape (n_starts,)
        The same of the archetypes that every restart led to, before their refinement, on the
        coreset; in ascending order.
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
        n_endmembers: Number = 5,
        *,
        known: ArrayLike | None = None,
        known_names: Sequence[str] | None = None,
        reading: Reading = "reflectance",
        n_refits: int = 3,
        settings: FitSettings | None = None,
        max_pixels: int = 50_000,
        random_state: int | None = 0,
        device: str = "auto",
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self.n_endmembers = n_endmembers
        self.known = known
        self.known_names = known_names
        self.reading = reading
        self.n_refits = n_refits
        self.settings = settings
        self.max_pixels = max_pixels
        self.random_state = random_state
        self.device = device
        self.progress = progress

    def __sklearn_tags__(self) -> Tags:
        """What scikit-learn should know: spectra are not negative, but for their noise."""
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags

    def fit(self, spectra: SpectraSource | Tensor | NDArray[Any], y: None = None) -> Self:
        """Learn the endmembers.

        Parameters
        ----------
        spectra : Scene, Tensor or ndarray of shape (n_pixels, n_bands)
            Reflectance. Rows with NaN or infinite values, black ones, and those a thousand times as
            bright as the median one are left out.
        y : None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        UnmixError
            If a parameter is out of its range, or the spectra are too few, or hold fewer materials
            than asked for, or are not in a unit that can be computed with.
        """
        check_parameters(
            self.n_endmembers, self.reading, self.max_pixels, self.settings, self.n_refits
        )
        device = resolve_device(self.device)
        seed = seed_of(self.random_state)
        given = pixels_to_learn_from(spectra, self.max_pixels, seed).to(device)
        pixels = given[learnable(given)]
        check_enough(pixels, self.n_endmembers, len(given))
        generator = torch.Generator().manual_seed(seed)
        settings = self.settings or FitSettings()
        progress = self.progress or (lambda share: None)
        origin = origin_of(spectra)
        learned = learn(
            pixels,
            self.n_endmembers,
            settings,
            self.n_refits,
            generator,
            progress,
            origin["wavelengths_nm"],
            known=self._known_on(pixels),
        )
        names = endmember_names(learned.known, self.known_names)
        if learned.known.any():
            origin["source"]["known"] = [names[k] for k in places_of_known(learned.known)]
        self._keep({**vars(learned), "endmember_names": names, "seed": seed, **origin})
        return self

    def _known_on(self, pixels: Tensor) -> Tensor | None:
        """The known endmembers, where the pixels are."""
        if self.known is None:
            return None
        known = known_spectra(self.known, self.known_names, self.n_endmembers, pixels.shape[1])
        return known.to(pixels.device)

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
        NotFittedError
            If the model is not fitted.
        UnmixError
            If the number of bands differs.
        """
        if isinstance(spectra, SpectraSource):
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

        Raises
        ------
        NotFittedError
            If the model is not fitted.
        UnmixError
            If the number of endmembers differs.
        """
        values = as_rows(abundances)
        if values.shape[1] != len(self.endmembers_):
            raise UnmixError(
                f"`abundances` has {values.shape[1]} columns but the model has "
                f"{len(self.endmembers_)} endmembers."
            )
        spectra = values @ torch.as_tensor(self.endmembers_).to(values.device)
        return spectra if isinstance(abundances, Tensor) else spectra.numpy()
