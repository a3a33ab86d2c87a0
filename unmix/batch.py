"""A model applied to many scenes, each into a folder of its own, and resumed after a kill."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TextIO

from scenes import Scene, SceneError, open_scene
from scenes.errors import SceneWarning
from unmix.errors import UnmixError, UnmixWarning
from unmix.fingerprint import fingerprint
from unmix.mapping import DEFAULT_MEMORY, Progress, limited_memory, silent
from unmix.pipeline import unmix_scene
from unmix.resuming import (
    Kept,
    is_done,
    paths_in,
    remove_left_overs,
    request_of,
    write_request,
)
from unmix.save_options import SaveOptions
from unmix.unmixer import Unmixer


@dataclass(frozen=True)
class Order:
    """What is to be done to every scene. It can be pickled."""

    model: Unmixer
    """Fitted."""
    opened: Callable[[Path], Scene] = open_scene
    """Opens a scene; a function that can be pickled."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What `opened` was told, for the record; files among it are known by their content."""
    options: SaveOptions = field(default_factory=SaveOptions)
    memory: int = DEFAULT_MEMORY
    """Bytes for blocks; see `unmix.mapping.limited_memory`."""
    overwrite: bool = False
    resume: bool = False
    """Skip what is done already: made of the same scene and model with the same parameters."""
    alone: bool = True
    """Whether nobody else maps the same scenes: then what was done of one that was interrupted is
    gone on from, and kept while it is mapped."""


class Job(NamedTuple):
    """One scene, and the folder for its results."""

    scene: Path
    target: Path


class Outcome(NamedTuple):
    """What became of one scene."""

    job: Job
    warnings: list[str]
    error: UnmixError | SceneError | None = None
    skipped: bool = False
    """Whether its results were there already."""


def map_scenes(order: Order, jobs: Sequence[Job], progress: Progress = silent) -> Iterator[Outcome]:
    """Map scenes one after the other; one that fails does not hold up the others.

    Parameters
    ----------
    order : Order
    jobs : sequence of Job
        No two with one folder.
    progress : callable

    Yields
    ------
    Outcome
        Of each scene, as soon as it is done.
    """
    for job in jobs:
        name = f"{job.scene.stem}: " if len(jobs) > 1 else ""
        yield map_scene(order, job, partial(_named, progress, name))


def _named(progress: Progress, name: str, stage: str, share: float) -> None:
    progress(f"{name}{stage}", share)


def map_scene(order: Order, job: Job, progress: Progress = silent) -> Outcome:
    """Map one scene, unless that is done; its errors come back in the outcome.

    With ``resume``, what a killed run left beside the folder is removed first, but for the maps of
    whole blocks, if nobody else may be using them: from those it goes on.

    Parameters
    ----------
    order : Order
    job : Job
    progress : callable

    Returns
    -------
    Outcome
    """
    with _heard() as said:
        try:
            if order.resume:
                remove_left_overs(job.target)
            scene = order.opened(job.scene)
            request = request_for(order, job.scene, scene)
            done = order.resume and is_done(job.target, request)
            kept = Kept.beside(job.target, request) if order.resume and order.alone else None
            if done:
                _forget(kept)
                return Outcome(job, said, skipped=True)
            result = unmix_scene(scene, order.model, kept=kept)
            result.notes.extend(said)
            with limited_memory(order.memory):
                result.save(
                    job.target,
                    overwrite=order.overwrite or order.resume,
                    options=order.options,
                    progress=progress,
                )
            write_request(job.target, request)
            _forget(kept)
        except (UnmixError, SceneError) as error:
            return Outcome(job, said, error)
    return Outcome(job, said)


def _forget(kept: Kept | None) -> None:
    if kept is not None:
        kept.remove()


@contextmanager
def _heard() -> Iterator[list[str]]:
    """A list that fills with the warnings that are given inside, each once."""
    said: list[str] = []

    def hear(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if str(message) not in said:
            said.append(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always", SceneWarning)
        warnings.simplefilter("always", UnmixWarning)
        warnings.showwarning = hear
        yield said


def request_for(order: Order, path: Path, scene: Scene) -> dict[str, Any]:
    """All that the maps of a scene depend on; see `unmix.resuming.request_of`.

    Parameters
    ----------
    order : Order
    path : Path
        As it was given.
    scene : Scene
        Opened from there.

    Returns
    -------
    dict
        Fingerprints of all files, the model's among them, and all parameters.
    """
    files = {path, *([] if scene.path is None else [scene.path]), *paths_in(order.parameters)}
    with TemporaryDirectory() as folder:
        order.model.save(folder)
        model = {part.name: fingerprint(part) for part in sorted(Path(folder).iterdir())}
    return request_of(
        files,
        model=model,
        device=order.model.device,
        parameters=dict(order.parameters),
        options=asdict(order.options),
    )


def without_callbacks(order: Order) -> Order:
    """The same order with a model that reports to nobody, to be sent to another process."""
    model = copy(order.model)
    model.progress = None
    return replace(order, model=model)


def check_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Raise if any scene failed: its own error if it was the only one asked for.

    Raises
    ------
    UnmixError or SceneError
    """
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if len(outcomes) == 1 and failed:
        error = failed[0].error
        assert error is not None
        raise error
    if failed:
        reasons = " ".join(f"{outcome.job.scene.name}: {outcome.error}" for outcome in failed)
        raise UnmixError(
            f"{len(failed)} of {len(outcomes)} scenes could not be mapped, the others were. "
            f"{reasons}"
        )
