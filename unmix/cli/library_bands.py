"""A library on the bands of a scene: what several commands do with the file they are given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
import numpy as np

from unmix.errors import UnmixError, counted

if TYPE_CHECKING:
    from scenes import Scene, SpectralLibrary

USUAL = 0.5
"""A band stays if at least this share of the spectra has a value in it."""


class OnBands(NamedTuple):
    """A scene and a library on the same bands."""

    scene: Scene
    """Without the bands that the library lacks."""
    library: SpectralLibrary
    """With a value from zero in every band."""


def on_common_bands(
    path: Path, scene: Scene, *, scale: float | None = None, leave_out: bool = False
) -> OnBands:
    """Read a library and resample it to the bands in use of a scene.

    Bands that most of its spectra lack, usually at the ends of the sensor's range, are left out of
    the scene. What is said of this and of the spectra goes to stderr.

    Parameters
    ----------
    path : Path
        Any file or folder that `scenes.SpectralLibrary.read` takes.
    scene : Scene
        As it would be unmixed.
    scale : float, optional
        Number of the library that means reflectance 1.
    leave_out : bool
        Whether spectra that lack some of the other bands are left out; else they are refused.

    Returns
    -------
    OnBands

    Raises
    ------
    UnmixError
        If spectra and scene cannot be brought together, or a spectrum lacks bands that others have.
    """
    from scenes import SpectralLibrary

    library = SpectralLibrary.read(path, scale)
    if scene.wavelengths_nm is not None and library.wavelengths_nm is not None:
        library = library.resampled(scene.wavelengths_nm, scene.fwhm_nm)
    elif library.spectra.shape[1] != scene.n_bands:
        found = counted(library.spectra.shape[1], "band")
        lacking = scene.name if scene.wavelengths_nm is None else path.name
        raise UnmixError(
            f"{lacking} has no wavelengths, and {path.name} has {found} where {scene.n_bands} of "
            f"{scene.name} are used, so they cannot be matched. Add the wavelengths to its header."
        )
    scene, library = _on_usual_bands(scene, library)
    return OnBands(scene, _whole(library, path, leave_out))


def _on_usual_bands(scene: Scene, library: SpectralLibrary) -> tuple[Scene, SpectralLibrary]:
    """Both on the bands that most spectra have."""
    kept = np.isfinite(library.spectra).mean(axis=0) >= USUAL
    if kept.all():
        return scene, library
    click.echo(
        f"{int((~kept).sum())} of {kept.size} bands left out, where the library has no values.",
        err=True,
    )
    if not kept.any():
        raise UnmixError(f"The spectra of the library share no band with each other: {library}.")
    places = np.flatnonzero(kept)
    part = replace(
        library,
        spectra=library.spectra[:, places],
        wavelengths_nm=None if library.wavelengths_nm is None else library.wavelengths_nm[places],
        fwhm_nm=None if library.fwhm_nm is None else library.fwhm_nm[places],
    )
    return scene.with_bands(scene.bands_used[places]), part


def _whole(library: SpectralLibrary, path: Path, leave_out: bool) -> SpectralLibrary:
    """The spectra that have a value in every band and are not black, from zero up."""
    whole = np.isfinite(library.spectra).all(axis=1) & (np.nan_to_num(library.spectra) > 0).any(1)
    if not whole.all() and not (leave_out and whole.any()):
        first = int(np.flatnonzero(~whole)[0])
        n_lacking = int(np.isnan(library.spectra[first]).sum())
        raise UnmixError(
            f"{library.names[first]} in {path.name} lacks {n_lacking} of the "
            f"{library.spectra.shape[1]} bands used, or is black. Leave those bands out (--bands, "
            "--drop), or take a spectrum that has them."
        )
    if not whole.all():
        n_left = int((~whole).sum())
        click.echo(f"{n_left} of {len(library)} spectra left out, for lack of bands.", err=True)
        library = library.take(whole)
    if (library.spectra < 0).any():
        n_negative = int((library.spectra < 0).any(axis=1).sum())
        click.echo(
            f"{counted(n_negative, 'spectrum')} with values below zero, now set to zero.", err=True
        )
        library = replace(library, spectra=np.clip(library.spectra, 0, None))
    return library
