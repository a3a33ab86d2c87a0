"""A scene goes in, abundance maps come out: block by block, so that size does not matter."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenes import Preparation, Scene, SceneError, open_scene
from unmix.bundle import Run, write_bundle
from unmix.errors import UnmixError
from unmix.inputs import Number
from unmix.mapping import Progress, UnmixedBlock, silent, unmixed_blocks
from unmix.quality import QUALITY_BANDS
from unmix.readings import Reading
from unmix.resuming import Kept
from unmix.save_options import SaveOptions
from unmix.unmixer import Unmixer

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unmixing(Run):
    """A scene and the model that unmixes it. Maps are computed when they are asked for."""

    def blocks(self) -> Iterator[UnmixedBlock]:
        """Unmix the scene block by block, in bounded memory."""
        return unmixed_blocks(self.scene, self.model, self.kept)

    def abundances(self) -> NDArray[np.float32]:
        """All abundance maps in memory, (n_endmembers, height, width); NaN where invalid."""
        return self._whole(self.model.n_endmembers_, lambda block: block.abundances)

    def uncertainty(self) -> NDArray[np.float32]:
        """Standard deviations of the abundances, in the same shape; see `unmix.uncertainty`.

        Strictly root mean square deviations from the abundances reported.
        """
        return self._whole(self.model.n_endmembers_, lambda block: block.uncertainty)

    def quality(self) -> NDArray[np.float32]:
        """All quality maps in memory, (4, height, width); see `unmix.quality`."""
        return self._whole(len(QUALITY_BANDS), lambda block: block.quality)

    def save(
        self,
        folder: str | Path,
        *,
        overwrite: bool = False,
        options: SaveOptions | None = None,
        progress: Progress = silent,
    ) -> Path:
        """Write the bundle: maps and their styles, spectra, preview, model, record of the run.

        Everything is written beside the folder and moved into place when it is whole.

        Parameters
        ----------
        folder : path
            New or empty, or with ``overwrite`` one that an earlier run wrote.
        overwrite : bool
        options : SaveOptions, optional
            What to write beside the maps that every bundle has.
        progress : callable

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        UnmixError
            If no pixel of the scene can be mapped, or ENVI files are asked for and cannot express
            where the maps lie.
        OutputError
            If the folder is in use, or the disk is full.
        SceneError
            If the scene cannot be read to its end.
        """
        return write_bundle(
            self,
            Path(folder),
            overwrite=overwrite,
            options=options or SaveOptions(),
            progress=progress,
        )

    def _repr_html_(self) -> str:
        """A card for notebooks, with maps if the scene is small."""
        from unmix.report.notebook import notebook_card  # here, since it loads matplotlib

        return notebook_card(self)

    def _whole(
        self, n_maps: int, of_block: Callable[[UnmixedBlock], NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        maps = np.full((n_maps, *self.scene.grid.shape), np.nan, dtype=np.float32)
        for block in self.blocks():
            rows, columns = block.window.toslices()
            maps[:, rows, columns] = of_block(block)
        return maps


def unmix_scene(
    scene: Scene | str | Path,
    model: Unmixer | None = None,
    *,
    n_endmembers: Number = 5,
    reading: Reading = "reflectance",
    random_state: int | None = 0,
    kept: Kept | None = None,
    progress: Progress = silent,
) -> Unmixing:
    """Unmix a scene: learn its materials, unless the model knows them, and map them.

    Parameters
    ----------
    scene : Scene or path
        A path is opened and prepared as `unmix run` does (see `scenes.Preparation`); a scene is
        taken as it is.
    model : Unmixer, optional
        Fitted, or to be fitted here. By default a new one with the parameters that follow,
        which are ignored when a model is given.
    n_endmembers, reading, random_state
        See `Unmixer`.
    kept : Kept, optional
        What an interrupted run left of the same scene and model; see `unmix.resuming`.
    progress : callable
        Called with the stage and the share of it that is done.

    Returns
    -------
    Unmixing
        Call its `save`, or `abundances` for arrays. Its `notes` name endmembers that are in doubt.

    Raises
    ------
    SceneError
        If the scene cannot be read.
    UnmixError
        If it cannot be unmixed, or was not measured on the model's bands.
    """
    if model is None:
        model = Unmixer(n_endmembers, reading=reading, random_state=random_state)
    fitted = hasattr(model, "endmembers_")
    if not isinstance(scene, Scene):
        prepare = Preparation().apply_to_pixels if fitted else Preparation().apply
        scene = prepare(open_scene(scene))
    if fitted:
        own = on_bands_of(model, scene)
        return Unmixing(own, model, notes=model.doubts_, kept=kept, command="apply")
    began = time.perf_counter()
    learned = partial(_fit, scene, model, progress)
    model = learned() if kept is None else kept.model(learned)
    seconds = {"learning": time.perf_counter() - began}
    logger.info("learned %d endmembers in %.1f s", model.n_endmembers_, seconds["learning"])
    return Unmixing(scene, model, seconds, model.doubts_, kept=kept)


def on_bands_of(model: Unmixer, scene: Scene) -> Scene:
    """The scene with the bands that the model was fitted on.

    Parameters
    ----------
    model : Unmixer
        Fitted.
    scene : Scene

    Returns
    -------
    Scene
        The same scene where the bands already agree.

    Raises
    ------
    UnmixError
        If the scene lacks some of the model's bands.
    """
    wanted, found = model.wavelengths_nm_, scene.wavelengths_nm
    if wanted is None or found is None:
        if scene.n_bands != model.n_features_in_:
            raise UnmixError(
                f"The model was fitted on {model.n_features_in_} bands but {scene.name} has "
                f"{scene.n_bands}, and without wavelengths they cannot be matched. "
                "Apply the model to scenes of the same sensor and band list."
            )
        return scene
    if np.array_equal(wanted, found):
        return scene
    try:
        return scene.with_bands(scene.bands.nearest(wanted))
    except SceneError as error:
        raise UnmixError(
            f"{scene.name} was not measured on the bands of the model "
            f"({len(wanted)} bands, {wanted.min():.0f}-{wanted.max():.0f} nm): {error} "
            "Fit a model of its own with `unmix run`."
        ) from error


def _fit(scene: Scene, model: Unmixer, progress: Progress) -> Unmixer:
    progress("learning", 0.0)
    shown = model.progress
    model.progress = lambda share: progress("learning", share)
    try:
        model.fit(scene)
    finally:
        model.progress = shown
    return model
