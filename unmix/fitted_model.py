"""A fitted model: what was learned, how it reads pixels, and its files."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unmix.abundances import Abundances, nonnegative, read_codes
from unmix.autoencoder import FitSettings, LinearDecoder, SparseAutoencoder, SparseCodingEncoder
from unmix.brightness import ANY_BRIGHTNESS, BrightnessPrior
from unmix.device import resolve_device
from unmix.error_sources import ErrorSources, Residuals, extrapolation_of, shifts_of
from unmix.errors import UnmixError
from unmix.inputs import rows_on_bands
from unmix.model_file import LEARNED, PARAMETERS, ModelState, read_state, write_state
from unmix.products import Products, products
from unmix.readings import Reading
from unmix.stability import stability_scores
from unmix.uncertainty import fraction_deviation


class FittedModel:
    """The half of `unmix.unmixer.Unmixer` that needs no fitting; see there for the attributes."""

    reading: Reading
    settings: FitSettings | None
    device: str
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
        UnmixError
            If the model is not fitted or the number of bands differs.
        """
        _, read, valid = self._read_valid(spectra, reading)
        return Abundances(*(_with_gaps(values, valid) for values in read))

    def uncertainty(self, spectra: Tensor, reading: Reading | None = None) -> Tensor:
        """Standard deviation of the fractions that `read` gives.

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
        UnmixError
            If the model is not fitted or the number of bands differs.
        """
        found, read, valid = self._read_valid(spectra, reading)
        deviation = fraction_deviation(found, read, reading or self.reading, self.error_sources)
        return _with_gaps(deviation, valid)

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
        given = {name: getattr(self, name) for name in PARAMETERS}
        state = ModelState(
            parameters=given | {"n_endmembers": self.n_endmembers_},
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
        model = cls(**{**state.parameters, "settings": state.settings})
        model._keep({name: getattr(state, name) for name in LEARNED})
        return model

    @property
    def brightness_prior(self) -> BrightnessPrior:
        """What the fit learned of the brightness and the noise of pixels."""
        return BrightnessPrior(self.brightness_spread_, self.noise_)

    @property
    def stability_(self) -> NDArray[np.float32]:
        """How surely each endmember is found again; see `unmix.stability`."""
        self._check_fitted()
        samples = torch.as_tensor(self.endmember_samples_)
        return stability_scores(torch.as_tensor(self.endmembers_), samples).numpy()

    @property
    def error_sources(self) -> ErrorSources:
        """What the fit learned of the errors of fractions."""
        self._check_fitted()
        endmembers = torch.as_tensor(self.endmembers_)
        n_members, means = torch.as_tensor(self.n_members_), torch.as_tensor(self.mean_fractions_)
        return ErrorSources(
            prior=self.brightness_prior,
            residuals=self.residuals_,
            shifts=shifts_of(endmembers, torch.as_tensor(self.endmember_samples_)),
            extrapolation=extrapolation_of(endmembers, n_members, means),
        )

    def set_endmembers_(self, endmembers: Tensor, prior: BrightnessPrior = ANY_BRIGHTNESS) -> None:
        """Make these endmembers (n_endmembers, n_bands) the model's, as surely known."""
        n, n_bands = endmembers.shape
        known = {
            "endmembers": endmembers.cpu().numpy(),
            "brightness_spread": prior.spread,
            "noise": prior.noise,
            "residuals": Residuals(0.0, n_bands),
            "mean_fractions": np.full(n, 1 / n),
            "n_members": np.ones(n, np.int64),
            "endmember_samples": np.empty((0, n, n_bands), np.float32),
        }
        self._keep(known)

    def _keep(self, learned: dict[str, Any]) -> None:
        """Take over what was learned, and build the autoencoder."""
        for name, value in learned.items():
            setattr(self, f"{name}_", value)
        unit = torch.nn.functional.normalize(torch.as_tensor(self.endmembers_), dim=1)
        self.autoencoder_ = SparseAutoencoder(LinearDecoder(unit), SparseCodingEncoder())
        self.n_endmembers_, self.n_features_in_ = unit.shape

    def _read_valid(
        self, spectra: Tensor, reading: Reading | None
    ) -> tuple[Products, Abundances, Tensor]:
        """Products and abundances of the finite spectra, and which those are."""
        self._check_fitted()
        spectra = rows_on_bands(spectra, self.n_features_in_)
        valid = spectra.isfinite().all(dim=1)
        device = resolve_device(self.device)
        endmembers = torch.as_tensor(self.endmembers_).to(device)
        found = products(spectra[valid].to(device), endmembers)
        read = read_codes(found, nonnegative(found), reading or self.reading, self.brightness_prior)
        return found, read, valid

    def _check_fitted(self) -> None:
        if not hasattr(self, "endmembers_"):
            raise UnmixError("This Unmixer is not fitted yet. Call `fit` first, or `Unmixer.load`.")


def _with_gaps(values: Tensor, valid: Tensor) -> Tensor:
    """Values of the valid rows among all rows, float32, NaN in the others."""
    whole = torch.full((len(valid), *values.shape[1:]), torch.nan, device=valid.device)
    whole[valid] = values.to(whole)
    return whole
