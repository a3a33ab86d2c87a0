"""A scene of mixtures that a network draws: as likely as those it has learned from.

A pixel depends on the network, the seed, the width of the scene and its place, never on the block
in which it is made: each row is drawn by itself.
"""

from collections.abc import Iterator

import numpy as np
from affine import Affine

from scenes.bands import Bands
from scenes.grid import Grid
from unmix.errors import UnmixError
from unmix.networks.fitted import FittedNetwork
from unmix.networks.sampling import check_prior, sample_spectra
from unmix.simulation import checks
from unmix.simulation.contents import SceneContents
from unmix.simulation.noise import Field, row_generator
from unmix.simulation.simulate import SimulatedBlock

STREAM = 0
"""Of the rows' seeds; see `row_generator`."""


def drawn_contents(model: FittedNetwork, height: int, width: int, seed: int = 0) -> SceneContents:
    """A scene of new mixtures with the noise of the scene that the network learned from.

    Neighbours have nothing to do with each other, and the pixels lie nowhere on the map.

    Parameters
    ----------
    model : NetworkUnmixer
        Fitted on reflectance, with a prior: variational or adversarial.
    height, width : int
        Pixels, at least 4 x 4.
    seed : int
        0 or more. Same network, width and seed, same rows.

    Returns
    -------
    SceneContents
        For `unmix.simulation.write.write_simulated_scene`. ``blocks`` yields single rows; their
        abundances are the codes that were drawn.

    Raises
    ------
    UnmixError
        If the network has no prior or holds radiance, or a size or the seed is out of range.
    """
    check_prior(model)
    checks.check_size(height, width, 0)
    checks.check_number("seed", seed)
    if model.unit_.startswith("radiance"):
        raise UnmixError(
            f"The network was fitted on {model.unit_}, but simulated scenes hold reflectance. Fit "
            "one on the reflectance of the scene."
        )

    def blocks(row: int, n_rows: int) -> Iterator[SimulatedBlock]:
        checks.check_rows(row, n_rows, height)
        for each in range(row, row + n_rows):
            yield _drawn_row(model, each, width, seed)

    n_bands = model.n_features_in_
    noise_sigma = float(model.network_.noise * model.network_.size)
    description = f"spectra drawn from a network ({model.member}), seed {seed}"
    settings = {"height": height, "width": width, "seed": seed, "materials": model.endmember_names_}
    return SceneContents(
        grid=Grid(None, Affine.identity(), height, width),
        bands=Bands(model.wavelengths_nm_, model.fwhm_nm_, np.ones(n_bands, dtype=np.bool_)),
        names=tuple(model.endmember_names_),
        endmembers=model.endmembers_,
        blocks=blocks,
        metadata={"description": description},
        record={
            "settings": settings,
            "model": {"member": model.member, "seed": model.seed_, "fitted_on": model.source_},
            "noise_sigma": noise_sigma,
            "targets": [],
        },
    )


def _drawn_row(model: FittedNetwork, row: int, width: int, seed: int) -> SimulatedBlock:
    """One row of the scene, from a seed of its own."""
    seed_of_row = int(row_generator(seed, STREAM, row).integers(2**62))
    spectra, fractions = sample_spectra(model, width, seed_of_row, noise=True)
    return SimulatedBlock(row, _as_row(spectra), _as_row(fractions))


def _as_row(values: Field) -> Field:
    """Pixels (width, n) as a row (n, 1, width) that may be changed."""
    return np.ascontiguousarray(values.T[:, None])
