"""Multiple endmember spectral mixture analysis: the simplest mixture that explains a pixel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from unmix.errors import UnmixError, counted
from unmix.least_squares import check_shapes
from unmix.mesma.models import models_of
from unmix.mesma.search import Systems
from unmix.mesma.settings import MesmaSettings

CHUNK = 2**20
"""Numbers of pixels times bands, or times spectra, that are worked on at a time, in float64."""


class Mixtures(NamedTuple):
    """The chosen mixture of each pixel; NaN, -1 and level 0 where no model is within its limits."""

    fractions: Tensor
    """(n_pixels, n_classes), float64. With shade they sum to one."""
    shade: Tensor
    """(n_pixels,), float64"""
    rmse: Tensor
    """(n_pixels,), float64. Root mean square of the residual, in the unit of the spectra."""
    level: Tensor
    """(n_pixels,), int64. Endmembers of the model, shade among them."""
    members: Tensor
    """(n_pixels, n_classes), int64. Number of the spectrum of each class, -1 where it is absent."""

    @property
    def without_shade(self) -> Tensor:
        """Fractions of what is lit, ``fractions / (1 - shade)``: they sum to one.

        Examples
        --------
        >>> half = torch.tensor([[0.4, 0.1]])
        >>> none = torch.zeros(1, dtype=torch.int64)
        >>> Mixtures(half, torch.tensor([0.5]), none, none, none).without_shade
        tensor([[0.8000, 0.2000]])
        """
        return self.fractions / (1 - self.shade)[:, None]


@dataclass(frozen=True)
class Mesma:
    """All models of a library, ready to be tried on pixels; see `Mesma.of`."""

    library: Tensor
    """(n_spectra, n_bands) Spectra less shade, float64."""
    shade: Tensor
    """(n_bands,) float64"""
    class_of: Tensor
    """(n_spectra,) int64"""
    systems: tuple[Systems, ...]
    """Of each level."""
    settings: MesmaSettings

    @classmethod
    def of(
        cls,
        spectra: Tensor,
        class_of: Sequence[int],
        settings: MesmaSettings | None = None,
        *,
        shade: Tensor | None = None,
        device: str | torch.device = "cpu",
    ) -> "Mesma":
        """Set up the models of a library.

        Parameters
        ----------
        spectra : Tensor of shape (n_spectra, n_bands)
            Bright spectra of all classes.
        class_of : sequence of int of length n_spectra
            Class of each, from 0 on.
        settings : MesmaSettings, optional
        shade : Tensor of shape (n_bands,), optional
            Spectrum of shade; by default zero in all bands, photometric shade.
        device : str or torch.device
            Where pixels are worked on.

        Returns
        -------
        Mesma

        Raises
        ------
        UnmixError
            If shapes do not match, a number is not finite, there are too few classes or bands for
            a level, or too many models.

        Examples
        --------
        >>> models = Mesma.of(torch.eye(2, 4), [0, 1])
        >>> pixels = torch.tensor([[0.5, 0.2, 0.0, 0.0], [0.0, 0.9, 0.0, 0.01]])
        >>> found = models.unmix(pixels)
        >>> found.level.tolist(), found.members.tolist()
        ([3, 2], [[0, 1], [-1, 1]])
        """
        settings = settings or MesmaSettings()
        dark = torch.zeros(spectra.shape[-1]) if shade is None else shade
        check_shapes(spectra, dark[None])
        if len(class_of) != len(spectra):
            found, wanted = counted(len(class_of), "entry"), counted(len(spectra), "spectrum")
            raise UnmixError(f"`class_of` has {found} for {wanted}.")
        if settings.levels[-1] - 1 > spectra.shape[1]:
            raise UnmixError(
                f"level {settings.levels[-1]} needs at least {settings.levels[-1] - 1} bands. "
                f"There are {spectra.shape[1]}."
            )
        dark = dark.to(device, torch.float64)
        library = spectra.to(device, torch.float64) - dark
        _check_finite(library)
        gram = library @ library.T
        systems = []
        for level in settings.levels:
            chosen = models_of(
                class_of, level, max_models=settings.max_models, seed=settings.seed
            ).to(device)
            systems.append(Systems.of(gram, chosen))
            if not len(systems[-1].members):
                raise UnmixError(
                    f"no model of level {level} has a solution: its spectra are multiples of each "
                    "other, or equal to shade. Use lower `levels` or other spectra."
                )
        classes = torch.as_tensor(class_of, device=device, dtype=torch.int64)
        return cls(library, dark, classes, tuple(systems), settings)

    @property
    def n_models(self) -> dict[int, int]:
        """How many models of each level are tried."""
        counts = [len(systems.members) for systems in self.systems]
        return dict(zip(self.settings.levels, counts, strict=True))

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return int(self.class_of.max()) + 1

    def unmix(self, spectra: Tensor) -> Mixtures:
        """Choose a mixture for each pixel.

        Of the models of one level within the limits on fractions and shade, the one with the least
        RMSE is taken, if that is at most `max_rmse`. A higher level takes the place of a lower one
        if it reduces the RMSE by at least `min_gain`, or if the lower one has no model.

        Parameters
        ----------
        spectra : Tensor of shape (n_pixels, n_bands)
            In the unit of the library.

        Returns
        -------
        Mixtures
            On the CPU.

        Raises
        ------
        UnmixError
            If the bands differ, or a number is not finite.

        References
        ----------
        Roberts et al. (1998), doi:10.1016/S0034-4257(98)00037-6, for MESMA; Roberts et al. (2003),
        IEEE Transactions on Geoscience and Remote Sensing 41, 1297-1310, for the fusion of levels.
        """
        check_shapes(spectra, self.library)
        step = max(1, CHUNK // max(self.library.shape))
        parts = [self._unmix(part) for part in spectra.split(step)]
        return Mixtures(*(torch.cat(each).cpu() for each in zip(*parts, strict=True)))

    def _unmix(self, spectra: Tensor) -> Mixtures:
        """The same for as many pixels as fit into memory."""
        bright = spectra.to(self.library.device, torch.float64) - self.shade
        _check_finite(bright)
        cross = bright @ self.library.T
        chosen = self._none(len(bright))
        for level, systems in zip(self.settings.levels, self.systems, strict=True):
            before = chosen.rmse.nan_to_num(torch.inf)
            todo = (before >= self.settings.min_gain).nonzero()[
                :, 0
            ]  # others have not that to gain
            if not len(todo):
                break
            explained, row = systems.best(cross[todo], self.settings)
            some = explained > -torch.inf
            todo, row = todo[some], row[some]
            fractions, rmse = systems.solved(bright[todo], self.library, row)
            taken = rmse <= self.settings.max_rmse
            taken &= before[todo] - rmse >= self.settings.min_gain
            members = systems.members[row[taken]]
            self._put(chosen, level, todo[taken], (fractions[taken], rmse[taken], members))
        return chosen

    def _none(self, n_pixels: int) -> Mixtures:
        """Pixels without a model."""
        nothing = self.library.new_full((n_pixels, self.n_classes), torch.nan)
        level = torch.zeros(n_pixels, dtype=torch.int64, device=nothing.device)
        members = torch.full(nothing.shape, -1, dtype=torch.int64, device=nothing.device)
        return Mixtures(nothing, nothing[:, 0].clone(), nothing[:, 0].clone(), level, members)

    def _put(
        self, chosen: Mixtures, level: int, pixels: Tensor, found: tuple[Tensor, Tensor, Tensor]
    ) -> None:
        """Write down the models (fractions, RMSE, members) of some pixels."""
        fractions, rmse, members = found
        classes = self.class_of[members]
        chosen.fractions[pixels] = 0.0
        chosen.fractions[pixels[:, None], classes] = fractions
        chosen.members[pixels] = -1
        chosen.members[pixels[:, None], classes] = members
        chosen.shade[pixels] = 1 - fractions.sum(dim=1)
        chosen.rmse[pixels] = rmse
        chosen.level[pixels] = level


def _check_finite(values: Tensor) -> None:
    if not values.sum().isfinite():
        raise UnmixError(
            "Spectra contain NaN or infinite values. Leave invalid pixels out (a Scene's blocks "
            "do), and bands that the library does not cover."
        )
