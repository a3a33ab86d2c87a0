"""Even light: where brightness is a property of the material, a constant band says so.

If light does not vary, fractions that sum to one mix the spectra themselves. A constant band,
which every material and so every mixture shows alike, turns that into a property of the cone:
mixtures are then recognised by their brightness too, an asphalt is told from a bright soil of the
same shape, and the spectra of dark pixels are no noisier than others. Nothing else changes in the
learning, and the band is dropped at its end.
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from unmix.abundances import nnls
from unmix.autoencoder.chart import SPARE_BANDS, Chart
from unmix.autoencoder.refine import Refined, with_known

CERTAIN = 3.0
"""A shade lies outside the cone of the others by fewer standard errors than this."""


@dataclass(frozen=True)
class EvenLight:
    """The constant band of a scene in even light."""

    chart: Chart
    """Of (some of) the spectra, without the band."""
    level: float
    """Value of the band, in the unit of the spectra: as long as a usual spectrum."""

    @classmethod
    def of(cls, spectra: Tensor, n: int) -> Self | None:
        """Even light of spectra that mix ``n`` materials; None where it varies."""
        if spectra.shape[1] < n + SPARE_BANDS:
            return None
        chart = Chart.in_even_light(spectra, n)
        if chart is None:
            return None
        return cls(chart, float(spectra.square().sum(dim=1).mean().sqrt()))

    def with_band(self, spectra: Tensor) -> Tensor:
        """Spectra (n_pixels, n_bands + 1) with the constant band, the last."""
        return torch.cat([spectra, spectra.new_full((len(spectra), 1), self.level)], dim=1)

    def without_band(self, refined: Refined) -> Refined:
        """Endmembers as bright as the constant band says, without it."""
        spectra = refined.endmembers
        return refined._replace(endmembers=spectra[:, :-1] * (self.level / spectra[:, -1:]))

    def has_shade(self, refined: Refined, known: Tensor | None = None) -> bool:
        """Whether a learned endmember is a darker or brighter version of a mixture of others.

        Then light varies after all: materials in varying light, fewer by one than endmembers, fill
        a simplex as well, with black for a corner.
        """
        seen = self.chart.in_signal(with_known(refined.endmembers, known).cpu())
        error = self.chart.sd[0] * (seen.shape[1] / refined.n_members.cpu().double()).sqrt()
        for k in range(len(error)):
            others = torch.cat([seen[:k], seen[k + 1 :]])
            outside = seen[k] - nnls(seen[k : k + 1], others)[0] @ others
            if outside.norm() < CERTAIN * error[k]:
                return True
        return False
