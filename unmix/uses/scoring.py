"""How good a model is where nobody knows the truth: scores for scikit-learn's searches.

Two things are asked. *Does it predict what it has not seen?* The pixels of the test fold took no
part in learning, and of each of them the codes are read on three quarters of the bands and predict
the other quarter, by turns. Endmembers that are not there make the codes fit noise, which does not
predict: unlike the residual of all bands, this does not fall for ever. *Would it be found again?*
The stability of the endmembers on resampled pixels falls as soon as there are more of them than the
scene tells apart, which the prediction hardly shows.

References
----------
Owen and Perry (2009), doi:10.1214/08-AOAS227: bi-cross-validation, of rows and columns at once.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unmix.abundances import nnls
from unmix.errors import UnmixError
from unmix.inputs import learnable, rows_on_bands

N_BAND_FOLDS = 4
UNSTABLE_DB = 3.0
"""What endmembers that are not found again cost, in decibels: prediction that is half as good."""


def unmixing_score(model: Any, spectra: Tensor | NDArray[Any], y: object = None) -> float:  # noqa: ANN401
    """Held-out prediction in decibels, less what instability costs: higher is better.

    A scorer for ``GridSearchCV(..., scoring=unmixing_score)``, ``cross_val_score`` and the like.

    Parameters
    ----------
    model : Unmixer
        Fitted on other pixels; with ``n_refits=0`` its stability is unknown and costs nothing.
    spectra : Tensor or ndarray of shape (n_pixels, n_bands)
    y : object
        Ignored; there is no truth.

    Returns
    -------
    float
        ``held_out_score - 3 (1 - mean(stability_))``.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV, ShuffleSplit
    >>> from unmix import Unmixer
    >>> rng = np.random.default_rng(0)
    >>> spectra = rng.dirichlet([0.3] * 3, size=900) @ rng.random((3, 30))
    >>> spectra += 0.01 * rng.standard_normal(spectra.shape)
    >>> one_split = ShuffleSplit(1, test_size=0.5, random_state=0)
    >>> search = GridSearchCV(
    ...     Unmixer(), {"n_endmembers": [2, 3]}, scoring=unmixing_score, cv=one_split
    ... )
    >>> search.fit(spectra).best_params_
    {'n_endmembers': 3}
    """
    stability = stability_score(model)
    unstable = 0.0 if np.isnan(stability) else 1 - stability
    return held_out_score(model, spectra) - UNSTABLE_DB * unstable


def stability_score(model: Any, spectra: object = None, y: object = None) -> float:  # noqa: ANN401
    """Mean stability of the endmembers, 0 to 1; NaN where the model has no refits."""
    return float(np.mean(getattr(model, "stability_", np.nan)))


def held_out_score(model: Any, spectra: Tensor | NDArray[Any], y: object = None) -> float:  # noqa: ANN401
    """How well codes that are read on some bands predict the others, in decibels.

    Parameters
    ----------
    model : Unmixer, or anything fitted with `endmembers_`
    spectra : Tensor or ndarray of shape (n_pixels, n_bands)
        Not those that the model was fitted on. Invalid and black ones are left out.
    y : object
        Ignored.

    Returns
    -------
    float
        ``10 log10(sum(spectra^2) / sum(errors^2))``: 20 means errors of a tenth.

    Raises
    ------
    UnmixError
        If the bands are not those of the model, fewer than 8, or no pixel is valid.

    Notes
    -----
    Neighbouring bands must not share their noise: where spectra were smoothed or resampled to more
    bands than were measured, noise is predicted too and the score is too good for large models.
    """
    endmembers = torch.as_tensor(np.asarray(model.endmembers_))
    pixels = rows_on_bands(spectra, endmembers.shape[1]).cpu()
    pixels = pixels[learnable(pixels)]
    n_bands = endmembers.shape[1]
    if n_bands < 2 * N_BAND_FOLDS:
        raise UnmixError(
            f"Bands cannot be held out of {n_bands}; {2 * N_BAND_FOLDS} are needed. Score by "
            "`stability_score` alone."
        )
    if not len(pixels):
        raise UnmixError("No pixel to score on is valid. Check the mask and the nodata value.")
    wavelengths_nm = getattr(model, "wavelengths_nm_", None)
    order = np.arange(n_bands) if wavelengths_nm is None else np.argsort(wavelengths_nm)
    error = 0.0
    for fold in range(N_BAND_FOLDS):
        held = torch.zeros(n_bands, dtype=torch.bool)
        held[torch.from_numpy(order[fold::N_BAND_FOLDS].copy())] = True
        codes = nnls(pixels[:, ~held], endmembers[:, ~held]).double()
        left = pixels[:, held].double() - codes @ endmembers[:, held].double()
        error += float(left.square().sum())
    energy = float(pixels.double().square().sum())
    return 10 * float(np.log10(energy / max(error, 1e-14 * energy)))
