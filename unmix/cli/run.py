"""``unmix run``: one scene in, its bundle out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from unmix.cli.options import (
    device_option,
    known_option,
    memory_option,
    n_endmembers_option,
    out_option,
    overwrite_option,
    reading_option,
    refits_option,
    say_json,
    scene_argument,
    seed_option,
)
from unmix.cli.save_options import with_save_options
from unmix.cli.scene_options import SceneOptions, with_scene_options
from unmix.cli.talk import at_work
from unmix.save_options import SaveOptions

if TYPE_CHECKING:
    from scenes import Scene, SpectralLibrary
    from unmix.pipeline import Unmixing
    from unmix.resuming import Kept
    from unmix.unmixer import Unmixer


@click.command("run")
@scene_argument
@out_option
@n_endmembers_option
@known_option
@reading_option
@refits_option
@seed_option
@device_option
@with_scene_options
@click.option(
    "--library",
    type=click.Path(path_type=Path),
    help="Spectral library (file, or folder of spectra) to name learned materials after.",
)
@with_save_options
@overwrite_option
@click.option(
    "--resume",
    is_flag=True,
    help="Go on where a run with --resume was interrupted, if the file and all options are the "
    "same. Until it is done, a hidden folder beside OUT keeps the model and the maps so far.",
)
@memory_option
def command(
    scene: Path,
    out: Path,
    scene_options: SceneOptions,
    save_options: SaveOptions,
    library: Path | None,
    known: Path | None,
    overwrite: bool,
    resume: bool,
    memory: int,
    **model_parameters: Any,  # noqa: ANN401  # options of one name with Unmixer's parameters
) -> None:
    """Learn the materials of SCENE and map them.

    With --endmembers, materials that are known are not learned.

    SCENE is a raster file (ENVI header or data file, GeoTIFF). The folder OUT gets abundances.tif,
    uncertainty.tif, quality.tif, dominant.tif, pictures, styles for QGIS, endmember spectra, a
    preview, the model, a STAC item and a record of the run.
    """
    from unmix.staging import check_free

    check_free(out, overwrite=overwrite or resume)
    with at_work() as talk:
        from scenes import SpectralLibrary
        from unmix.bundle.envi_copies import check_format
        from unmix.mapping import limited_memory
        from unmix.pipeline import unmix_scene
        from unmix.unmixer import Unmixer

        opened = scene_options.open(scene)
        check_format(opened, save_options)
        references = None if library is None else SpectralLibrary.read(library)
        seed = model_parameters.pop("seed")
        model = Unmixer(random_state=seed, **model_parameters)
        if known is not None:
            opened = take_known(model, known, opened)
        with resumed(out, opened, model, wanted=resume, overwrite=overwrite) as (kept, done):
            if not done:
                result = unmix_scene(opened, model, kept=kept, progress=talk.progress)
                talk.close()
                _tell(result, references)
                result.notes.extend(talk.warnings)
                with limited_memory(memory):
                    result.save(
                        out,
                        overwrite=overwrite or resume,
                        options=save_options,
                        progress=talk.progress,
                    )
    say_json(summary_of(out))


def _tell(result: "Unmixing", references: "SpectralLibrary | None") -> None:
    """Say how many endmembers there are, what they are called, and what is doubtful."""
    model = result.model
    if model.n_endmembers_reason_ is not None:
        click.echo(f"{model.n_endmembers_} materials, {model.n_endmembers_reason_}.", err=True)
    if references is not None:
        name_learned(result, references)
    for note in result.notes:
        click.echo(f"Warning: {note}", err=True)


@contextmanager
def resumed(
    out: Path, scene: "Scene", model: "Unmixer", *, wanted: bool, overwrite: bool = False
) -> Iterator["tuple[Kept | None, bool]"]:
    """What an interrupted run kept, and whether all is done; nothing is kept once it is.

    Parameters
    ----------
    out : Path
    scene : Scene
    model : Unmixer
        Not fitted yet.
    wanted : bool
        Whether to resume at all.
    overwrite : bool
        Whether results of other options, or of another file, may be replaced.

    Raises
    ------
    OutputError
        If they may not, and are there.
    """
    from unmix.resuming import (
        Kept,
        is_done,
        paths_in,
        read_request,
        remove_left_overs,
        request_of,
        write_request,
    )
    from unmix.staging import check_free

    if not wanted:
        yield None, False
        return
    remove_left_overs(out)
    said = click.get_current_context().params
    said = {name: said[name] for name in said if name not in ("out", "overwrite", "resume")}
    files = {*paths_in(said), *([] if scene.path is None else [scene.path])}
    request = request_of(files, parameters=said, n_endmembers=model.n_endmembers)
    done = is_done(out, request)
    if not done:  # a run that was killed just before it said so may have put its results there
        own = read_request(Kept.folder_of(out)) == request
        check_free(out, overwrite=overwrite or own)
    kept = Kept.beside(out, request)
    yield kept, done
    if not done:
        write_request(out, request)
    kept.remove()


def take_known(model: "Unmixer", path: Path, scene: "Scene") -> "Scene":
    """Give a model the spectra of a library as known endmembers, and no others unless asked.

    The scene comes back on the bands that they have.
    """
    from unmix.cli.library_bands import on_common_bands
    from unmix.known import told_apart

    scene, library = on_common_bands(path, scene)
    model.known, model.known_names = library.spectra, told_apart(library.names)
    source = click.get_current_context().get_parameter_source("n_endmembers")
    if source is ParameterSource.DEFAULT:
        model.n_endmembers = len(library)
    return scene


def name_learned(result: "Unmixing", references: "SpectralLibrary") -> None:
    """Name endmembers after a library, but for those that came with a name."""
    from unmix.bundle import name_after

    model = result.model
    before = list(model.endmember_names_)
    matches = name_after(result, references)
    for k, match in enumerate(matches):
        if model.known_[k] or (model.known_.any() and model.endmember_names_[k] in before):
            model.endmember_names_[k] = before[k]
        else:
            click.echo(f"{model.endmember_names_[k]}: {match.reason}", err=True)


def summary_of(out: Path) -> dict[str, Any]:
    """What a finished run has to say, from its record."""
    import json

    from unmix.staging import RECORD_NAME

    record = json.loads((out / RECORD_NAME).read_text(encoding="utf-8"))
    return {
        "maps": str(out / "abundances.tif"),
        "preview": str(out / "preview.png"),
        "report": str(out / "report.html"),
        "n_endmembers": record["model"]["n_endmembers"],
        "n_endmembers_auto": record["model"]["n_endmembers_auto"],
        "endmembers": record["model"]["endmember_names"],
        "stability": record["model"]["stability"],
        **record["scores"],
        "seconds": record["seconds"],
    }
