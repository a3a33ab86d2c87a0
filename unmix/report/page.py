"""The report: one HTML page that needs nothing beside itself, made of a bundle's own files."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from scenes.export.colour import colours_for
from unmix.errors import OutputError
from unmix.report import words
from unmix.report.contents import Contents, read_contents
from unmix.report.facts import card_of, day_of, parameters_of, tiles_of, worst_places
from unmix.report.figures import drawing_code, histogram_item, pixels_item, spectra_item
from unmix.report.panels import endmember_panels, quality_panels, scene_pictures
from unmix.report.place import north_of_up, outline_drawing
from unmix.report.references import read_likenesses
from unmix.report.residuals import summarize_residuals
from unmix.report.scene_spectra import measured_pixels

PAGE_NAME = "report.html"


def write_report(folder: str | Path) -> Path:
    """Write ``report.html`` into a bundle, from the files that are in it.

    Nothing is fitted and no map is computed. The scene is looked at only for the spectra of the
    pixels that are explained worst, and only if its file is still there.

    Parameters
    ----------
    folder : path
        That `unmix.pipeline.Unmixing.save` wrote.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UnmixError
        If the folder is not the result of a run.
    OutputError
        If the page cannot be written.
    """
    contents = read_contents(Path(folder))
    target = contents.folder / PAGE_NAME
    try:
        target.write_text(_rendered(contents), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error}.") from error
    return target


def template(name: str) -> Template:
    """One of the templates of the package, which escape whatever they are given."""
    environment = Environment(
        loader=PackageLoader("unmix.report", "templates"),
        autoescape=True,  # names come from users
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {}  # Bokeh's models refer to those before them
    environment.filters |= {
        "count": words.count_text,
        "short": words.short,
        "with_code": words.with_code,
    }
    return environment.get_template(name)


def _rendered(contents: Contents) -> str:
    colours = colours_for(contents.names)
    residuals = summarize_residuals(contents.folder / "quality.tif")
    pixels, no_spectra = measured_pixels(contents, residuals.worst)
    likenesses = read_likenesses(contents.folder, contents.model.endmembers_)
    items = {
        "spectra": spectra_item(contents.model, colours, likenesses),
        "residuals": histogram_item(residuals, contents.model.unit_),
    }
    if pixels:
        items["pixels"] = pixels_item(contents.model, pixels)
    return template(
        "report.html"
    ).render(
        name=contents.record["input"]["name"],
        software=contents.record.get("software", "unmix"),
        created=day_of(contents.record),
        warnings=contents.record.get("warnings", []),
        tiles=tiles_of(contents),
        card=card_of(contents),
        is_georeferenced=contents.grid.is_georeferenced,
        drawing=outline_drawing(contents.grid),
        north=words.north_text(north_of_up(contents.grid)),
        pictures=scene_pictures(contents, colours),
        columns=min((3, 4), key=lambda n: -len(contents.names) % n),  # few places left empty
        endmembers=endmember_panels(contents, colours),
        likenesses=likenesses,
        n_refits=len(contents.model.endmember_samples_),
        quality=quality_panels(contents),
        residuals=residuals,
        worst=worst_places(contents, residuals),
        no_spectra=no_spectra,
        scores=contents.record.get("scores", {}),
        unit=contents.model.unit_,
        choice=words.choice_text(contents.record["model"]),
        reading=contents.model.reading,
        reading_means=words.READING_MEANS[contents.model.reading],
        parameters=parameters_of(contents),
        seconds={k: words.duration(v) for k, v in contents.record.get("seconds", {}).items()},
        checksum=contents.record["input"].get("checksum"),
        year=str(contents.record.get("created", ""))[:4],
        items=items,
        bokeh=drawing_code(),
    )
