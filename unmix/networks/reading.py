"""What a network says of pixels."""

from typing import NamedTuple

import torch
from torch import Tensor

from unmix.networks.batches import Batch


class NetworkReading(NamedTuple):
    """What a network says of pixels; NaN where a pixel is invalid."""

    codes: Tensor
    """(n_pixels, n_codes) From 0; fractions, summing to one, where the code is softmax."""
    brightness: Tensor
    """(n_pixels,) 1: as bright as the endmembers are."""
    deviation: Tensor | None
    """(n_pixels, n_codes) Standard deviations of the codes, for networks with a posterior."""
    reconstruction: Tensor
    """(n_pixels, n_bands) The spectra without what the network does not explain."""

    def of(self, chosen: Tensor) -> "NetworkReading":
        """The same of some pixels, bool (n_pixels,)."""
        deviation = None if self.deviation is None else self.deviation[chosen]
        return NetworkReading(
            self.codes[chosen], self.brightness[chosen], deviation, self.reconstruction[chosen]
        )


def joined(parts: list[NetworkReading]) -> NetworkReading:
    """Readings of some pixels after another as one."""
    deviations = [part.deviation for part in parts if part.deviation is not None]
    return NetworkReading(
        codes=torch.cat([part.codes for part in parts]),
        brightness=torch.cat([part.brightness for part in parts]),
        deviation=torch.cat(deviations) if deviations else None,
        reconstruction=torch.cat([part.reconstruction for part in parts]),
    )


def with_gaps(values: Tensor, batch: Batch) -> Tensor:
    """Values on the CPU, NaN in invalid rows."""
    seen = batch.seen.reshape(-1, *(1,) * (values.ndim - 1))
    return torch.where(seen, values, torch.nan).cpu()
