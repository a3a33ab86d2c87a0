"""A fitted network: how it reads pixels, and its files."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Never, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unmix.device import resolve_device
from unmix.errors import UnmixError
from unmix.fitted_model import NotFittedError
from unmix.inputs import as_rows, rows_on_bands
from unmix.networks.batches import batch_of
from unmix.networks.calibration import LEAST, quiet_noise
from unmix.networks.coordinates import Coordinates
from unmix.networks.gathering import Side, cube_rows, is_cube, maps_of, side_rows
from unmix.networks.model_file import NetworkState, read_network, write_network
from unmix.networks.network import Network, Pixels
from unmix.networks.posterior import moments, split
from unmix.networks.reading import NetworkReading, joined, with_gaps

CHUNK = 2**16
"""Rows that go through the network at a time."""


class FittedNetwork:
    """The half of `unmix.networks.NetworkUnmixer` that needs no fitting; see there."""

    member: str
    device: str
    network_: Network
    n_features_in_: int
    n_endmembers_: int
    endmember_names_: list[str]
    n_dead_: int
    mean_codes_: list[float]
    deviation_scale_: float
    loss_: float
    seed_: int
    unit_: str
    source_: dict[str, Any]
    wavelengths_nm_: NDArray[np.float64] | None
    fwhm_nm_: NDArray[np.float64] | None

    def read(self, spectra: Any, side: Side = None, *, halo: int = 0) -> NetworkReading:  # noqa: ANN401
        """Codes, brightness, uncertainty and reconstruction of pixels.

        Parameters
        ----------
        spectra : array of shape (n_pixels, n_bands) or (n_bands, height, width)
            Networks that see a neighbourhood need the cube.
        side : array of shape (n_pixels, n_side) or (n_side, height, width), optional
            What the network was fitted with beside the spectra.
        halo : int
            Pixels on every side of the cube that are only looked at: 0 if it ends where the scene
            does, `halo_` if it is a block of a larger one with its surroundings.

        Returns
        -------
        NetworkReading
            Rows in the order of the (inner) pixels, float32, on the CPU.

        Raises
        ------
        NotFittedError
            If the model is not fitted.
        UnmixError
            If something does not fit the network.
        """
        device = resolve_device(self.device)
        network = self.network_.to(device)
        coordinates = Coordinates(network.basis, network.size, network.noise)
        if halo not in (0, network.halo):
            raise UnmixError(
                f"`halo` must be 0 or {network.halo}, what the network sees. Got {halo}."
            )
        if is_cube(spectra):
            _check_bands(len(spectra), self.n_features_in_)
            if network.halo:
                pad = network.halo - halo
                return self._read(maps_of(spectra, side, coordinates, pad))
            rows, beside = cube_rows(spectra), None if side is None else cube_rows(side)
        else:
            if network.halo:
                raise UnmixError(
                    "This network looks at the neighbourhood of a pixel. Pass a cube "
                    f"(n_bands, height, width), not an array of shape {tuple(np.shape(spectra))}."
                )
            rows = rows_on_bands(spectra, self.n_features_in_)
            beside = None if side is None else as_rows(side)
        seen = side_rows(rows, beside)
        valid = seen.spectra.isfinite().all(dim=1) & seen.side.isfinite().all(dim=1)
        parts = []
        for k in range(0, max(len(rows), 1), CHUNK):
            some = slice(k, k + CHUNK)
            known = torch.where(valid[some, None], seen.spectra[some], 0).to(device)
            beside = torch.where(valid[some, None], seen.side[some], 0).to(device)
            pixels = Pixels(coordinates.of(known), beside, valid[some].to(device))
            parts.append(self._read(pixels))
        return joined(parts)

    @torch.no_grad()
    def _read(self, pixels: Pixels) -> NetworkReading:
        """The same of pixels in coordinates."""
        network = self.network_
        if pixels.side.shape[1] != network.sizes.n_side:
            raise UnmixError(
                f"`side` has {pixels.side.shape[1]} numbers for each pixel, but the network was "
                f"fitted with {network.sizes.n_side}. Give the same."
            )
        batch = batch_of(pixels, network.halo)
        raw, deviation = network.raw(pixels), None
        if network.prior is None:
            codes = network.code(raw)
        else:
            noise = quiet_noise(network.sizes.n_codes).to(raw)
            codes, deviation = moments(*split(raw), noise)
            deviation = self.deviation_scale_ * (deviation + LEAST)
        mixture = network.mix(codes, batch.side)
        factor = network.light(batch.target, mixture)
        spectra = factor * mixture @ network.basis.T * network.size
        return NetworkReading(
            codes=with_gaps(codes, batch),
            brightness=with_gaps(factor[:, 0], batch),
            deviation=None if deviation is None else with_gaps(deviation, batch),
            reconstruction=with_gaps(spectra, batch),
        )

    def transform(self, spectra: Any, side: Side = None) -> Tensor | NDArray[np.float32]:  # noqa: ANN401
        """Codes of each pixel; see `read`.

        Parameters
        ----------
        spectra : array of shape (n_pixels, n_bands) or (n_bands, height, width)
        side : array, optional

        Returns
        -------
        Tensor or ndarray of shape (n_pixels, n_codes) or (n_codes, height, width)
            Like the input; NaN where a pixel is invalid.

        Raises
        ------
        NotFittedError, UnmixError
        """
        return _like(self.read(spectra, side).codes, spectra)

    def reconstruct(self, spectra: Any, side: Side = None) -> Tensor | NDArray[np.float32]:  # noqa: ANN401
        """The spectra as the network explains them: without noise, where it was taught so.

        Parameters
        ----------
        spectra : array of shape (n_pixels, n_bands) or (n_bands, height, width)
        side : array, optional

        Returns
        -------
        Tensor or ndarray of the same shape
            NaN where a pixel is invalid.

        Raises
        ------
        NotFittedError, UnmixError
        """
        return _like(self.read(spectra, side).reconstruction, spectra)

    @torch.no_grad()
    def inverse_transform(
        self, codes: Tensor | NDArray[Any], side: Side = None
    ) -> Tensor | NDArray[np.float32]:
        """Spectra (n_pixels, n_bands) of codes (n_pixels, n_codes), as bright as the endmembers.

        Raises
        ------
        NotFittedError, UnmixError
        """
        network = self.network_
        rows = as_rows(codes)
        _check_codes(rows, network.sizes.n_codes)
        beside = side_rows(rows, None if side is None else as_rows(side)).side
        if beside.shape[1] != network.sizes.n_side:  # at its mean
            mean = network.centre[network.sizes.rank :]
            beside = mean.cpu().expand(len(rows), -1)
        mixture = network.mix(rows.to(network.basis), beside.to(network.basis))
        return _like((mixture @ network.basis.T * network.size).cpu(), codes)

    @property
    def endmembers_(self) -> NDArray[np.float32]:
        """(n_codes, n_bands) The decoder's spectra, in the unit of the input."""
        endmembers: NDArray[np.float32] = self.network_.endmembers.detach().cpu().numpy()
        return endmembers

    @property
    def halo_(self) -> int:
        """Pixels around a pixel that its codes depend on."""
        return self.network_.halo

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write the fitted network as ``model.json`` and ``model.safetensors``.

        Parameters
        ----------
        folder : path
            New or empty, or with ``overwrite`` one that holds a model.
        overwrite : bool

        Raises
        ------
        NotFittedError
            If the network is not fitted.
        OutputError
            If the folder is in use, or cannot be written.
        """
        network = self.network_
        learned = {name: getattr(self, f"{name}_") for name in NetworkState.LEARNED}
        state = NetworkState(network=network, member=self.member, **learned)
        write_network(state, Path(folder), overwrite=overwrite)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a network that `save` wrote.

        Parameters
        ----------
        folder : path

        Returns
        -------
        NetworkUnmixer
            Fitted.

        Raises
        ------
        ModelFileError
            If the folder does not hold a network of ours.
        """
        state = read_network(Path(folder))
        network = state.network
        model = cls(  # type: ignore[call-arg]
            network.sizes.n_codes,
            member=state.member,
            settings=network.settings,
            random_state=state.seed,
        )
        model._keep(network, {name: getattr(state, name) for name in NetworkState.LEARNED})
        return model

    def _keep(self, network: Network, learned: dict[str, Any]) -> None:
        """Take over what was learned."""
        self.network_ = network.eval()
        self.n_features_in_ = network.sizes.n_bands
        self.n_endmembers_ = network.sizes.n_codes
        for name, value in learned.items():
            setattr(self, f"{name}_", value)

    if not TYPE_CHECKING:  # a checker should know the attributes from their declarations

        def __getattr__(self, name: str) -> Never:
            """Say of a learned attribute that is not there why it is not."""
            learned = name.endswith("_") and not name.startswith("_")
            if learned and "network_" not in vars(self):
                raise NotFittedError(
                    "This NetworkUnmixer is not fitted yet. Call `fit` first, or "
                    "`NetworkUnmixer.load`."
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def _like(rows: Tensor, given: Any) -> Tensor | NDArray[np.float32]:  # noqa: ANN401
    """Rows as a tensor or array, and as a cube where one was given."""
    if np.ndim(given) == 3:
        rows = rows.T.reshape(-1, *np.shape(given)[1:]).contiguous()
    return rows.to(given.device) if isinstance(given, Tensor) else rows.numpy()


def _check_bands(found: int, wanted: int) -> None:
    if found != wanted:
        raise UnmixError(
            f"The cube has {found} bands but the network was fitted on {wanted}. Pass "
            f"({wanted}, height, width)."
        )


def _check_codes(codes: Tensor, wanted: int) -> None:
    if codes.shape[1] != wanted:
        raise UnmixError(
            f"`codes` has shape {tuple(codes.shape)} but the network has {wanted} codes. Pass "
            f"(n_pixels, {wanted})."
        )
