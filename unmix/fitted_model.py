"""A fitted model: what was learned, how it reads pixels, and its files."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Never, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn import exceptions as sklearn_exceptions
from torch import Tensor

from unmix.abundances import Abundances, nonnegative, read_codes
from unmix.autoencoder import FitSettings, LinearDecoder, SparseAutoencoder, SparseCodingEncoder
from unmix.brightness import BrightnessPrior
from unmix.device import resolve_device
from unmix.endmembers.signal import GLARING
from unmix.error_sources import ErrorSources, Residuals, extrapolation_of, shifts_of
from unmix.errors import UnmixError
from unmix.inputs import rows_on_bands
from unmix.known import places_of_known
from unmix.model_file import LEARNED, PARAMETERS, ModelState, read_state, write_state
from unmix.products import Products, products
from unmix.quality import pixel_quality
from unmix.readings import Reading
from unmix.stability import doubts, stability_scores
from unmix.uncertainty import fraction_deviation


class NotFittedError(UnmixError, sklearn_exceptions.NotFittedError):  # type: ignore[misc]
    """A model was asked for what only a fitted one has; also an ``AttributeError``."""


class PixelMaps(NamedTuple):
    """All that is mapped of pixels; NaN where a pixel is invalid or no endmember explains it."""

    fractions: Tensor
    """(n_pixels, n_endmembers)"""
    uncertainty: Tensor
    """(n_pixels, n_endmembers) Of the fractions; see `unmix.uncertainty`."""
    quality: Tensor
    """(n_pixels, 4) See `unmix.quality`."""


class FittedModel:
    """The half of `unmix.unmixer.Unmixer` that needs no fitting; see there for the attributes."""

    reading: Reading
    settings: FitSettings | None
    device: str
    known: Any
    known_names: Any
    autoencoder_: SparseAutoencoder
    endmembers_: NDArray[np.float32]
    endmember_names_: list[str]
    n_endmembers_: int
    n_endmembers_reason_: str | None
    endmember_samples_: NDArray[np.float32]
    mean_fractions_: NDArray[np.float64]
    n_members_: NDArray[np.int64]
    brightness_spread_: float
    noise_: float
    residuals_: Residuals
    known_: NDArray[np.int64]
    loss_: float
    seed_: int
    source_: dict[str, Any]
    unit_: str
    wavelengths_nm_: NDArray[np.float64] | None
    fwhm_nm_: NDArray[np.float64] | None
    n_features_in_: int

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
        NotFittedError
            If the model is not fitted.
        UnmixError
            If the number of bands differs.
        """
        _, _, read, valid = self._read_valid(spectra, reading)
        return Abundances(*(_with_gaps(values, valid) for values in read))

    def uncertainty(self, spectra: Tensor, reading: Reading | None = None) -> Tensor:
        """Standard deviation of the fractions that `read` gives.

        Strictly the root mean square deviation of the true fraction from the one that is read.

        Parameters
        ----------
        spectra : Tensor of shape (n_pixels, n_bands)
        reading : str, optional
            See `unmix.abundances.read_abundances`.

        Returns
        -------
        Tensor of shape (n_pixels, n_endmembers), float32
            0 to 1, NaN where the fractions are; see `unmix.uncertainty` for what counts. On the
            device of the spectra.

        Raises
        ------
        NotFittedError
            If the model is not fitted.
        UnmixError
            If the number of bands differs.
        """
        found, _, read, valid = self._read_valid(spectra, reading)
        deviation = fraction_deviation(found, read, reading or self.reading, self.error_sources_)
        return _with_gaps(deviation, valid)

    def map_pixels(self, spectra: Tensor) -> PixelMaps:
        """Fractions of spectra by the model's reading, their uncertainty, and their quality.

        Parameters
        ----------
        spectra : Tensor of shape (n_pixels, n_bands)

        Returns
        -------
        PixelMaps
            In float32, on the device of the spectra.

        Raises
        ------
        NotFittedError
            If the model is not fitted.
        UnmixError
            If the number of bands differs.
        """
        found, codes, read, valid = self._read_valid(spectra, None)
        deviation = fraction_deviation(found, read, self.reading, self.error_sources_)
        quality = pixel_quality(found, codes, read.brightness)
        maps = (read.fractions, deviation, quality)
        return PixelMaps(*(_with_gaps(values, valid) for values in maps))

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write the fitted model as ``model.json`` and ``model.safetensors``.

        Parameters
        ----------
        folder : path
            New or empty, or with ``overwrite`` one that holds a model.
        overwrite : bool

        Raises
        ------
        NotFittedError
            If the model is not fitted.
        OutputError
            If the folder is in use, or cannot be written.
        """
        given = {name: getattr(self, name) for name in PARAMETERS}
        state = ModelState(
            parameters=given | {"n_endmembers": self.n_endmembers_},
            settings=self.settings or FitSettings(),
            **{name: getattr(self, f"{name}_") for name in LEARNED},
        )
        write_state(state, Path(folder), overwrite=overwrite)

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
        model = cls(**{**state.parameters, "settings": state.settings})
        model._keep({name: getattr(state, name) for name in LEARNED})
        places = places_of_known(state.known)
        if len(places):
            model.known = state.endmembers[places]
            model.known_names = [state.endmember_names[place] for place in places]
        return model

    @property
    def brightness_prior_(self) -> BrightnessPrior:
        """What the fit learned of the brightness and the noise of pixels."""
        return BrightnessPrior(self.brightness_spread_, self.noise_)

    @property
    def stability_(self) -> NDArray[np.float32]:
        """How surely each endmember is found again; see `unmix.stability`. 1 for a known one."""
        samples = torch.as_tensor(self.endmember_samples_)
        found = stability_scores(torch.as_tensor(self.endmembers_), samples).numpy()
        return np.where(self.known_, np.float32(1), found)

    @property
    def doubts_(self) -> list[str]:
        """What is to be said of endmembers that are not found again, or found twice."""
        endmembers = torch.as_tensor(self.endmembers_)
        return doubts(self.endmember_names_, self.stability_.tolist(), endmembers)

    @property
    def error_sources_(self) -> ErrorSources:
        """What the fit learned of the errors of fractions."""
        endmembers = torch.as_tensor(self.endmembers_)
        means = torch.as_tensor(self.mean_fractions_)
        n_members = torch.as_tensor(np.where(self.known_, 1, self.n_members_))  # none is outside
        return ErrorSources(
            prior=self.brightness_prior_,
            residuals=self.residuals_,
            shifts=shifts_of(endmembers, torch.as_tensor(self.endmember_samples_)),
            extrapolation=extrapolation_of(endmembers, n_members, means),
        )

    def _keep(self, learned: dict[str, Any]) -> None:
        """Take over what was learned, and build the autoencoder."""
        for name, value in learned.items():
            setattr(self, f"{name}_", value)
        unit = torch.nn.functional.normalize(torch.as_tensor(self.endmembers_), dim=1)
        self.autoencoder_ = SparseAutoencoder(LinearDecoder(unit), SparseCodingEncoder())
        self.n_endmembers_, self.n_features_in_ = unit.shape

    def _read_valid(
        self, spectra: Tensor, reading: Reading | None
    ) -> tuple[Products, Tensor, Abundances, Tensor]:
        """Products, codes and abundances of the measured spectra, and which those are."""
        spectra = rows_on_bands(spectra, self.n_features_in_)
        device = resolve_device(self.device)
        endmembers = torch.as_tensor(self.endmembers_)
        length = spectra.norm(dim=1)  # NaN or infinite where a value is, or its square
        valid = length <= GLARING * float(endmembers.double().norm(dim=1).max())
        measured = spectra if valid.all() else spectra[valid]
        found = products(measured.to(device), endmembers.to(device))
        codes = nonnegative(found)
        read = read_codes(found, codes, reading or self.reading, self.brightness_prior_)
        return found, codes, read, valid

    if not TYPE_CHECKING:  # a checker should know the attributes from their declarations

        def __getattr__(self, name: str) -> Never:
            """Say of a learned attribute that is not there why it is not."""
            learned = name.endswith("_") and not name.startswith("_")
            if learned and "endmembers_" not in vars(self):
                raise NotFittedError(
                    "This Unmixer is not fitted yet. Call `fit` first, or `Unmixer.load`."
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def _with_gaps(values: Tensor, valid: Tensor) -> Tensor:
    """Values of the valid rows among all rows, float32, NaN in the others."""
    if valid.all():
        return values.to(valid.device, torch.float32)
    whole = torch.full((len(valid), *values.shape[1:]), torch.nan, device=valid.device)
    whole[valid] = values.to(whole)
    return whole
