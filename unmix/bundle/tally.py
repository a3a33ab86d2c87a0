"""Counts and means over all pixels of a scene, gathered block by block for its record."""

from typing import NoReturn

import torch
from torch import Tensor

from scenes import Scene
from unmix.errors import UnmixError, counted


class Tally:
    """Pixels that were looked at, those that are mapped, and the means over these."""

    def __init__(self) -> None:
        self.n_pixels = 0
        self.n_mapped = 0
        self._sums = torch.zeros((), dtype=torch.float64)

    def add(self, *columns: Tensor) -> None:
        """Count the pixels of a block; those are mapped whose numbers are all finite.

        Parameters
        ----------
        *columns : Tensor of shape (n_pixels,) or (n_pixels, n_numbers)
            The same numbers for every block.
        """
        values = torch.column_stack(columns).double().cpu()
        mapped = values.isfinite().all(dim=1)
        self._sums = self._sums + values[mapped].sum(dim=0)
        self.n_pixels += len(values)
        self.n_mapped += int(mapped.sum())

    def means(self, scene: Scene, why: str) -> list[float]:
        """Mean of every number over the mapped pixels.

        Parameters
        ----------
        scene : Scene
            That the pixels are of.
        why : str
            What is said of its valid pixels if none is mapped, such as "is lit. Check the scale."

        Raises
        ------
        UnmixError
            If no pixel is mapped.
        """
        if not self.n_mapped:
            refuse_unmapped(scene, self.n_pixels, why)
        found: list[float] = (self._sums / self.n_mapped).tolist()
        return found


def refuse_unmapped(scene: Scene, n_valid: int, why: str) -> NoReturn:
    """Say why no pixel of a scene could be mapped: it has no valid one, or else `why`.

    Raises
    ------
    UnmixError
        Always.
    """
    if not n_valid:
        raise UnmixError(f"{scene.name} has no valid pixel. Check its mask and its nodata value.")
    raise UnmixError(f"of {counted(n_valid, 'valid pixel')} of {scene.name} none {why}")
