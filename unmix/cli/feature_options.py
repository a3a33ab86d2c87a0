"""Options of the commands that make features of pixels: which kinds, and from which network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from unmix.cli.model_options import ModelOptions, with_model_options
from unmix.cli.scene_options import SceneOptions, with_scene_options
from unmix.cli.talk import Talk

if TYPE_CHECKING:
    from scenes import Scene
    from unmix.bundle.scene_features import FeaturePart, SceneFeatures
    from unmix.networks import NetworkUnmixer
    from unmix.unmixer import Unmixer

Command = Callable[..., Any]

NETWORK_KINDS = ("pixel", "convolutional")
KINDS = ("fractions", "unit", *NETWORK_KINDS)


class MadeFeatures(NamedTuple):
    """Features of a scene, and what they come from."""

    scene: Scene
    """On their bands."""
    features: SceneFeatures
    record: dict[str, Any]


@dataclass(frozen=True)
class FeatureOptions:
    """What the user said about features, and about the scene and the model that they need."""

    kinds: tuple[str, ...]
    network_folder: Path | None
    """Of a network that was fitted before."""
    n_steps: int | None
    """Of the training of one that is fitted here."""
    brightness: bool
    n_residual: int
    scene_options: SceneOptions
    model_options: ModelOptions

    @property
    def network_kind(self) -> str | None:
        """Of the kinds, the one that comes from a network."""
        return next((kind for kind in self.kinds if kind in NETWORK_KINDS), None)

    def of_scene(
        self, command: str, path: Path, talk: Talk, parameters: dict[str, Any]
    ) -> MadeFeatures:
        """Open a scene, and load or learn what its features need.

        Parameters
        ----------
        command : str
            For the record.
        path : Path
        talk : Talk
        parameters : dict
            What else the record says.

        Raises
        ------
        SceneError
            If the scene cannot be read.
        UnmixError
            If a model or network does not fit the scene, or cannot be learned.
        """
        from unmix.bundle.scene_features import NetworkPart, PixelPart, SceneFeatures
        from unmix.bundle.use_records import use_record
        from unmix.uses.features import SpectralFeatures, UnitSpectra

        scene, model = self._scene_and_model(path, talk)
        network = self._network(scene, talk)
        parts: dict[str, FeaturePart] = {}
        if model is not None:
            spectral = SpectralFeatures(
                model, brightness=self.brightness, n_residual=self.n_residual
            )
            parts["fractions"] = PixelPart(spectral.fit(scene))
        if "unit" in self.kinds:
            parts["unit"] = PixelPart(UnitSpectra(brightness=self.brightness).fit(scene))
        if network is not None:
            parts[str(self.network_kind)] = NetworkPart(network)
        record = use_record(
            command,
            scene,
            None if model is None else (model, self.model_options.folder),
            None if network is None else (network, self.network_folder),
            {
                "kinds": list(self.kinds),
                "brightness": self.brightness,
                "n_residual": self.n_residual,
                **parameters,
            },
        )
        return MadeFeatures(scene, SceneFeatures([parts[kind] for kind in self.kinds]), record)

    def _scene_and_model(self, path: Path, talk: Talk) -> tuple[Scene, Unmixer | None]:
        from unmix.networks import NetworkUnmixer
        from unmix.pipeline import on_bands_of

        if "fractions" in self.kinds:
            return self.model_options.of_scene(path, self.scene_options, talk)
        if self.network_folder is None:
            return self.scene_options.open(path), None
        scene = self.scene_options.open_for_model(path)
        network = NetworkUnmixer.load(self.network_folder)
        return on_bands_of(network, scene), None

    def _network(self, scene: Scene, talk: Talk) -> NetworkUnmixer | None:
        """The network of the kind that needs one, read or fitted."""
        from unmix.networks import NetworkUnmixer
        from unmix.uses.network_features import check_sees_spectra_alone, feature_network

        kind = self.network_kind
        if kind is None:
            return None
        if self.network_folder is not None:
            model = NetworkUnmixer.load(self.network_folder)
            model.device = self.model_options.device
            check_sees_spectra_alone(model.network_)
            return model
        blank = feature_network(
            kind,  # type: ignore[arg-type]  # one of NETWORK_KINDS
            n_steps=self.n_steps,
            random_state=self.model_options.seed,
            device=self.model_options.device,
            progress=lambda share: talk.progress("learning", share),
        )
        return blank.fit(scene)


def _kinds(context: click.Context, option: click.Parameter, value: str) -> tuple[str, ...]:
    """Names of kinds, each once."""
    kinds = tuple(dict.fromkeys(word.strip() for word in value.split(",")))
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(KINDS)}.")
    if set(NETWORK_KINDS) <= set(kinds):
        raise click.BadParameter("pixel and convolutional are two networks; take one of them.")
    return kinds


def _check(said: FeatureOptions) -> None:
    """Refuse options that have nothing to act on."""
    if said.n_residual and "fractions" not in said.kinds:
        raise click.UsageError("--residual is what the fractions leave; add them to --kind.")
    if said.model_options.folder is not None and "fractions" not in said.kinds:
        raise click.UsageError("--model is of the fractions; add them to --kind.")
    for option, value in (("--network", said.network_folder), ("--steps", said.n_steps)):
        if value is not None and said.network_kind is None:
            raise click.UsageError(f"{option} needs convolutional or pixel in --kind.")
    if said.network_folder is not None and said.n_steps is not None:
        raise click.UsageError("--steps are of learning, but --network has been learned already.")


def with_feature_options(default: str) -> Callable[[Command], Command]:
    """Give a command all options of features, scene and model, as one argument `said`."""
    options = (
        click.option(
            "--kind",
            "kinds",
            default=default,
            show_default=True,
            callback=_kinds,
            metavar="KIND,...",
            help=f"Features of a pixel, of {', '.join(KINDS)}; see docs/uses.md.",
        ),
        click.option(
            "--network",
            "network_folder",
            type=click.Path(path_type=Path),
            help="A network for pixel or convolutional that was learned before, such as "
            "out/network.",
        ),
        click.option(
            "--steps",
            "n_steps",
            type=click.IntRange(min=1),
            help="Steps of the network's training, if not its own.",
        ),
        click.option(
            "--brightness/--no-brightness",
            default=True,
            show_default=True,
            help="Whether the logarithm of the brightness is a feature, of fractions and unit.",
        ),
        click.option(
            "--residual",
            "n_residual",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="Leading components of what the materials leave, as further features.",
        ),
    )

    def decorate(command: Command) -> Command:
        @wraps(command)
        def collected(**arguments: Any) -> Any:  # noqa: ANN401
            names = ("kinds", "network_folder", "n_steps", "brightness", "n_residual",
                     "scene_options", "model_options")  # fmt: skip
            said = FeatureOptions(**{name: arguments.pop(name) for name in names})
            _check(said)
            return command(said=said, **arguments)

        decorated: Command = with_scene_options(collected)
        for option in reversed(options):
            decorated = option(decorated)
        return with_model_options(decorated)

    return decorate
