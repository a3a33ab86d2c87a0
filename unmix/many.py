"""One model for many scenes: learned from pixels of all of them."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from scenes import Scene, SceneError
from scenes.blocks import Block
from unmix.errors import UnmixError
from unmix.unmixer import Unmixer

logger = logging.getLogger(__name__)

LOOK_BYTES, N_LOOKS = 2**22, 64
"""How much of a scene is read to tell the share of its valid pixels: 64 blocks of 4 MiB."""
MOST_READERS = 8
"""Scenes that pixels are drawn from at a time: more than processors, since disks are waited for."""


class ManyScenes:
    """Several scenes of the same bands, to be learned from as if they were one.

    Parameters
    ----------
    scenes : sequence of Scene
        At least one.

    Raises
    ------
    UnmixError
        If their bands or units differ, or none of their bands is in use in all of them.

    Attributes
    ----------
    scenes : list of Scene
        On the bands that are in use in all of them.
    """

    def __init__(self, scenes: Sequence[Scene]) -> None:
        if not scenes:
            raise UnmixError("`scenes` is empty. Give at least one scene to learn from.")
        units = {scene.unit for scene in scenes}
        if len(units) > 1:
            found = ", ".join(f"{scene.name} ({scene.unit})" for scene in scenes)
            raise UnmixError(f"The scenes are not in one unit: {found}. Convert them first.")
        self.scenes = on_common_bands(scenes)
        more = f" and {len(scenes) - 1} more" if len(scenes) > 1 else ""
        self.name = scenes[0].name + more
        self.unit = scenes[0].unit

    @property
    def n_bands(self) -> int:
        """Bands of every spectrum."""
        return self.scenes[0].n_bands

    @property
    def wavelengths_nm(self) -> NDArray[np.float64] | None:
        """(n_bands,) Their centres in the first scene."""
        return self.scenes[0].wavelengths_nm

    @property
    def fwhm_nm(self) -> NDArray[np.float64] | None:
        """(n_bands,) Their widths in the first scene."""
        return self.scenes[0].fwhm_nm

    def sample(self, n_pixels: int, random_state: int | None) -> torch.Tensor:
        """Draw valid pixels evenly from all scenes: from each by the number that it has.

        A few scenes are read at a time; what is drawn does not depend on it.

        Parameters
        ----------
        n_pixels : int
        random_state : int or None
            Seed; see `scenes.Scene.sample`.

        Returns
        -------
        Tensor of shape (at most n_pixels, n_bands), float32
        """

        def draw(scene: Scene, count: int) -> torch.Tensor:
            logger.info("%s gives %d pixels", scene.name, count)
            return scene.sample(count, random_state) if count else torch.empty(0, self.n_bands)

        with warnings.catch_warnings(), ThreadPoolExecutor(MOST_READERS, "reading") as pool:
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # threads set it back late
            counts = shares(n_pixels, list(pool.map(n_valid_pixels, self.scenes)))
            return torch.cat(list(pool.map(draw, self.scenes, counts)))

    def blocks(self) -> Iterator[Block]:
        """All pixels of all scenes, scene after scene."""
        return chain.from_iterable(scene.blocks() for scene in self.scenes)


def fit_scenes(scenes: Sequence[Scene], model: Unmixer | None = None) -> Unmixer:
    """Learn one model from many scenes, to be applied to each of them.

    Parameters
    ----------
    scenes : sequence of Scene
        With the same bands, matched by wavelength; those that any scene does not use are left out.
    model : Unmixer, optional
        To be fitted; by default a new one.

    Returns
    -------
    Unmixer
        The same, fitted.

    Raises
    ------
    UnmixError
        If the scenes do not belong together, or cannot be learned from.
    """
    model = Unmixer() if model is None else model
    many = ManyScenes(scenes)
    model.fit(many)
    model.source_ = {"scenes": [scene.name for scene in many.scenes]}
    return model


def on_common_bands(scenes: Sequence[Scene]) -> list[Scene]:
    """The scenes on the bands of the first that are in use in all of them.

    Raises
    ------
    UnmixError
        If a scene was not measured on the bands of the first, or none is in use in all.
    """
    first = scenes[0]
    if any(scene.wavelengths_nm is None for scene in scenes):
        for scene in scenes:
            known = scene.wavelengths_nm is not None or first.wavelengths_nm is not None
            if known or not np.array_equal(scene.bands_used, first.bands_used):
                raise UnmixError(
                    f"{scene.name} has {scene.n_bands} bands and {first.name} {first.n_bands}, and "
                    "without wavelengths in both they cannot be matched. Add them to the headers, "
                    "or learn from scenes of one band list."
                )
        return list(scenes)
    found = np.array([_partners(scene, first) for scene in scenes])  # (n_scenes, n_bands)
    used = [np.isin(row, scene.bands_used) for row, scene in zip(found, scenes, strict=True)]
    common = np.all(used, axis=0)
    if not common.any():
        raise UnmixError(
            f"None of the {first.n_bands} bands of {first.name} is in use in all {len(scenes)} "
            "scenes. Check their lists of bad bands."
        )
    if not common.all():
        logger.info("%d of %d bands are in use in all scenes", common.sum(), common.size)
    return [scene.with_bands(row[common]) for row, scene in zip(found, scenes, strict=True)]


def _partners(scene: Scene, first: Scene) -> NDArray[np.intp]:
    """Numbers of the bands of a scene, good or not, that the first scene uses."""
    every = replace(scene.bands, good=np.ones(len(scene.bands), dtype=np.bool_))
    if scene is first:
        return scene.bands_used
    wanted = first.wavelengths_nm
    assert wanted is not None
    try:
        return every.nearest(wanted)
    except SceneError as error:
        raise UnmixError(
            f"{scene.name} was not measured on the bands of {first.name} ({len(wanted)} bands, "
            f"{wanted.min():.0f}-{wanted.max():.0f} nm): {error} Learn from scenes of one sensor."
        ) from error


def n_valid_pixels(scene: Scene) -> int:
    """About how many pixels of a scene are valid, from blocks all over it; exact in a small one."""
    n_blocks = sum(1 for _ in scene.source.windows(scene.n_bands, LOOK_BYTES))
    seen = valid = 0
    for block in scene.blocks(LOOK_BYTES, (0, -(-n_blocks // N_LOOKS))):
        seen += block.valid.size
        valid += int(block.valid.sum())
    return round(valid / seen * scene.height * scene.width)


def shares(total: int, sizes: Sequence[int]) -> list[int]:
    """Share out a number in proportion to sizes, by largest remainders (Hamilton's method).

    Returns
    -------
    list of int
        Their sum is `total`, unless all sizes are zero.

    Examples
    --------
    >>> shares(10, [1, 1, 1])
    [4, 3, 3]
    """
    whole = sum(sizes)
    if whole == 0:
        return [0] * len(sizes)
    found = [total * size // whole for size in sizes]
    order = sorted(range(len(sizes)), key=lambda k: -(total * sizes[k] % whole))
    for k in order[: total - sum(found)]:
        found[k] += 1
    return found
