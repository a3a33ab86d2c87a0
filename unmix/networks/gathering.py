"""From rows, a cube or a scene to what a network learns from."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unmix.errors import UnmixError
from unmix.inputs import SpectraSource, as_rows, pixels_to_learn_from
from unmix.networks.coordinates import Coordinates
from unmix.networks.network import Pixels

MOST_PATCHES = 2048
"""Patches that are kept to learn from; more are thinned out at random."""
OVERLAP = 2
"""How often a pixel is in a patch, on average, before they are thinned out."""

Spectra = SpectraSource | Tensor | NDArray[Any]
Side = Tensor | NDArray[Any] | None


class Rows(NamedTuple):
    """Pixels with what is known of them."""

    spectra: Tensor
    """(n_pixels, n_bands) float32."""
    side: Tensor
    """(n_pixels, n_side) float32."""


def is_cube(spectra: Spectra) -> bool:
    """Whether something is an array (n_bands, height, width)."""
    return not isinstance(spectra, SpectraSource) and np.ndim(spectra) == 3


def cube_rows(cube: Tensor | NDArray[Any]) -> Tensor:
    """All pixels (height * width, n) of a cube (n, height, width), float32."""
    tensor = torch.as_tensor(cube)
    return as_rows(tensor.reshape(len(tensor), -1).T)


def gather(spectra: Spectra, side: Side, max_pixels: int, seed: int) -> Rows:
    """At most `max_pixels` pixels from all over a scene.

    Parameters
    ----------
    spectra : Scene, rows (n_pixels, n_bands) or cube (n_bands, height, width)
    side : rows (n_pixels, n_side), or cube (n_side, height, width) for cubes and scenes, or None
    max_pixels : int
    seed : int

    Returns
    -------
    Rows

    Raises
    ------
    UnmixError
        If the two do not fit together.
    """
    if isinstance(spectra, SpectraSource):
        if side is None:
            sample = spectra.sample(max_pixels, random_state=seed)
            return Rows(sample, sample.new_zeros(len(sample), 0))
        return _of_blocks(spectra, side, max_pixels, seed)
    if is_cube(spectra):
        rows = side_rows(cube_rows(spectra), None if side is None else cube_rows(side))
        valid = rows.spectra.isfinite().all(dim=1) & rows.side.isfinite().all(dim=1)
        return _thinned(Rows(rows.spectra[valid], rows.side[valid]), max_pixels, seed)
    if side is None:
        chosen = pixels_to_learn_from(spectra, max_pixels, seed)
        return Rows(chosen, chosen.new_zeros(len(chosen), 0))
    return _thinned(side_rows(as_rows(spectra), as_rows(side)), max_pixels, seed)


def side_rows(spectra: Tensor, side: Tensor | None) -> Rows:
    """Pixels with their side information, or with none.

    Raises
    ------
    UnmixError
        If there are not as many rows of one as of the other.
    """
    if side is None:
        return Rows(spectra, spectra.new_zeros(len(spectra), 0))
    if len(side) != len(spectra):
        raise UnmixError(
            f"`side` has {len(side)} pixels but the spectra have {len(spectra)}. Give one row of "
            "side information for each pixel, or a raster on the same grid."
        )
    return Rows(spectra, side.to(spectra))


def _of_blocks(scene: Any, side: Tensor | NDArray[Any], most: int, seed: int) -> Rows:  # noqa: ANN401
    """At most so many valid pixels of a scene, drawn evenly, with the side information there."""
    tensor, generator = torch.as_tensor(side).float(), torch.Generator().manual_seed(seed)
    kept, chances = Rows(torch.empty(0, scene.n_bands), torch.empty(0, len(tensor))), torch.empty(0)
    for block in scene.blocks():
        part = cube_rows(window_of(tensor, block))[torch.from_numpy(block.valid).reshape(-1)]
        chances = torch.cat([chances, torch.rand(len(part), generator=generator)])
        order = chances.argsort(stable=True)[:most]
        chances = chances[order]
        pairs = zip(kept, (block.spectra, part), strict=True)
        kept = Rows(*(torch.cat([old, new])[order] for old, new in pairs))
    return kept


def window_of(side: Tensor, block: Any) -> Tensor:  # noqa: ANN401  # a block of a scene
    """The part of a raster (n_side, height, width) that a block of the scene covers."""
    row, column = int(block.window.row_off), int(block.window.col_off)
    height, width = block.valid.shape
    part = side[:, row : row + height, column : column + width]
    if part.shape[1:] != block.valid.shape:
        raise UnmixError(
            f"`side` is a raster of shape {tuple(side.shape)}, which ends before the scene does. "
            "Give (n_side, height, width) on the grid of the scene."
        )
    return part


def _thinned(rows: Rows, most: int, seed: int) -> Rows:
    if len(rows.spectra) <= most:
        return rows
    order = torch.randperm(len(rows.spectra), generator=torch.Generator().manual_seed(seed))
    chosen = order[:most].sort().values.to(rows.spectra.device)
    return Rows(rows.spectra[chosen], rows.side[chosen])


def patches_of(
    spectra: Spectra,
    side: Side,
    coordinates: Coordinates,
    size: tuple[int, int],
    generator: torch.Generator,
) -> Pixels:
    """Patches from all over a scene, in coordinates, block by block in bounded memory.

    Parameters
    ----------
    spectra : Scene, or cube (n_bands, height, width)
    side : cube (n_side, height, width) or None
    coordinates : Coordinates
    size : (int, int)
        Inner side of a patch, and halo on every side of it.
    generator : torch.Generator

    Returns
    -------
    Pixels
        (n_patches, ..., inner + 2 halo, inner + 2 halo)
    """
    kept: list[Pixels] = []
    chances = torch.empty(0)
    for maps in _maps(spectra, side, coordinates):
        fresh = _cut(maps, *size, generator)
        kept.extend(fresh)
        chances = torch.cat([chances, torch.rand(len(fresh), generator=generator)])
        if len(kept) > MOST_PATCHES:
            order = chances.argsort(stable=True)[:MOST_PATCHES]
            kept, chances = [kept[int(k)] for k in order], chances[order]
    if not kept:
        raise UnmixError("No patch of the scene has a valid pixel. Check the mask and nodata.")
    return Pixels(*(torch.stack(parts) for parts in zip(*kept, strict=True)))


def maps_of(
    cube: Tensor | NDArray[Any], side: Side, coordinates: Coordinates, pad: int = 0
) -> Pixels:
    """A cube in coordinates, one patch of all of it; what is invalid is zero.

    Parameters
    ----------
    cube : array of shape (n_bands, height, width)
        NaN where a pixel is invalid.
    side : array of shape (n_side, height, width) or None
    coordinates : Coordinates
    pad : int
        Invalid pixels to put around it.

    Returns
    -------
    Pixels
        (1, ..., height + 2 pad, width + 2 pad)
    """
    shape = tuple(np.shape(cube)[1:])
    rows = side_rows(cube_rows(cube), None if side is None else cube_rows(side))
    device = coordinates.basis.device
    return _as_maps(rows.spectra.to(device), rows.side.to(device), coordinates, shape, pad)


def _as_maps(
    spectra: Tensor, side: Tensor, coordinates: Coordinates, shape: tuple[int, ...], pad: int
) -> Pixels:
    """Rows of all pixels of a rectangle, as maps."""
    valid = spectra.isfinite().all(dim=1) & side.isfinite().all(dim=1)
    parts = (
        coordinates.of(torch.where(valid[:, None], spectra, 0)),
        torch.where(valid[:, None], side, 0),
        valid[:, None].float(),
    )
    maps = [each.T.reshape(1, -1, *shape) for each in parts]
    padded = [torch.nn.functional.pad(each, (pad,) * 4) for each in maps]
    return Pixels(padded[0], padded[1], padded[2][:, 0] > 0)


def _maps(spectra: Spectra, side: Side, coordinates: Coordinates) -> Iterator[Pixels]:
    """A cube, or the blocks of a scene, in coordinates."""
    if not isinstance(spectra, SpectraSource):
        yield maps_of(spectra, side, coordinates)
        return
    raster = None if side is None else torch.as_tensor(side).float()
    device = coordinates.basis.device
    for block in spectra.blocks():
        valid = torch.from_numpy(block.valid).reshape(-1)  # type: ignore[attr-defined]
        whole = torch.full((len(valid), spectra.n_bands), torch.nan)
        whole[valid] = block.spectra
        beside = whole.new_zeros(len(whole), 0)
        if raster is not None:
            beside = cube_rows(window_of(raster, block))
        shape = block.valid.shape  # type: ignore[attr-defined]
        yield _as_maps(whole.to(device), beside.to(device), coordinates, shape, 0)


def _cut(maps: Pixels, inner: int, halo: int, generator: torch.Generator) -> list[Pixels]:
    """Patches at random places of a map; those without a valid inner pixel are left out."""
    padded = Pixels(
        *(
            torch.nn.functional.pad(each.float(), (halo, halo + inner, halo, halo + inner))
            for each in maps
        )
    )
    _, height, width = maps.valid.shape
    n_patches = max(1, -(-OVERLAP * height * width // inner**2))
    last_row, last_column = max(1, height - inner + 1), max(1, width - inner + 1)
    rows = torch.randint(last_row, (n_patches,), generator=generator).tolist()
    columns = torch.randint(last_column, (n_patches,), generator=generator).tolist()
    side, core, found = inner + 2 * halo, slice(halo, halo + inner), []
    for row, column in zip(rows, columns, strict=True):
        window = (slice(row, row + side), slice(column, column + side))
        cut = [each[0][..., *window].clone() for each in padded]
        if cut[2][core, core].any():
            found.append(Pixels(cut[0], cut[1], cut[2] > 0))
    return found
